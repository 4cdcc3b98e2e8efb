"""Closures at the desk: what is closed and until when, and the rules by which venues and registrars are open."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import RULES, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import closures, queries
from buchbar.booking.closed import together
from buchbar.booking.desk_frame import by, show
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at
from buchbar.resources.models import Resource
from buchbar.resources.opening_words import exception_in_words, in_words

ALL_VENUES = "trauorte"  # in the form, beside the ids of the resources


@at_desk.get("/sperrzeiten", RULES)
def all_closures(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/sperrzeiten", WORK, N_("Sperrzeit eingetragen"))
def close(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        wanted, span, reason = _read(form, clerk)
        closures.close_all(session, _wanted(session, clerk, wanted), span, reason, now, by(clerk))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    except closures.InTheWay as refusal:
        return _show(request, session, clerk, now, 409, refusal=refusal, typed=dict(form))
    except Refused as refusal:
        faults = {"bis_tag": refusal.sentence}
        return _show(request, session, clerk, now, 422, faults=faults, typed=dict(form))
    return redirect(request, f"{clerk.desk}/sperrzeiten")


@at_desk.post("/sperrzeiten/{closure_id:uuid}/aufhebung", WORK, N_("Sperrzeit aufgehoben"))
def reopen(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    closure_id: FromPath[UUID],
) -> Response[Any]:
    """``alle`` lifts those that belong together with it too."""
    closure = queries.closure_of(session, clerk.town, closure_id)
    for each in queries.closures_like(session, closure) if form.get("alle") else [closure]:
        closures.reopen(session, each)
    return redirect(request, f"{clerk.desk}/sperrzeiten")


def _read(form: Form, clerk: Clerk) -> tuple[UUID | str, Span, str]:
    """Which resource, when, why. Without times whole days are closed, the last one included."""
    typed = forms.read(
        form,
        ressource=_known,
        von_tag=forms.day,
        bis_tag=forms.optional(forms.day),
        von_zeit=forms.optional(forms.minute),
        bis_zeit=forms.optional(forms.minute),
        grund=forms.text(200),
    )
    zone = clerk.town.zone
    last: date = typed.bis_tag or typed.von_tag
    until = MINUTES_A_DAY if typed.bis_zeit is None else typed.bis_zeit
    start, end = at(typed.von_tag, typed.von_zeit or 0, zone), at(last, until, zone)
    if end <= start:
        field = "bis_tag" if last < typed.von_tag else "bis_zeit"
        raise Invalid({field: _("Das Ende liegt vor dem Anfang.")}, dict(form))
    return typed.ressource, Span(start, end), typed.grund


def _known(typed: str) -> UUID | str:
    if typed == ALL_VENUES:
        return typed
    try:
        return UUID(typed)
    except ValueError:
        raise ValueError(_("Bitte wählen Sie, was gesperrt wird.")) from None


def _wanted(session: Session, clerk: Clerk, wanted: UUID | str) -> list[Resource]:
    if isinstance(wanted, UUID):
        return [queries.resource_of(session, clerk.town, wanted)]
    venues = [each for each in queries.resources(session, clerk.town) if each.kind == "venue"]
    if not venues:
        raise Invalid({"ressource": _("Es gibt keinen Trauort.")})
    return venues


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    resources = queries.resources(session, clerk.town)
    shown: dict[str, Any] = {"typed": {}, "refusal": None} | context
    return show(
        request,
        clerk,
        "desk/closures.html",
        now,
        status,
        groups=together(queries.closures(session, clerk.town, now), clerk.town.zone),
        resources=resources,
        choices=[
            ("", _("Bitte wählen")),
            (ALL_VENUES, _("Alle Trauorte")),
            *((str(each.id), each.name) for each in resources),
        ],
        in_words=in_words,
        exception_in_words=exception_in_words,
        **shown,
    )


routes = [all_closures, close, reopen]
