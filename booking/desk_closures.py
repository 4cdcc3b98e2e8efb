"""Closures at the desk: what is closed and until when, and the rules by which venues and registrars are open."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import sign_in
from buchbar.accounts.models import Clerk
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import _
from buchbar.base.web import Form, get, post, redirect
from buchbar.booking import closures, queries
from buchbar.booking.desk_frame import by, show
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at, local_date, wall_minutes
from buchbar.resources.models import Closure
from buchbar.resources.opening_words import exception_in_words, in_words


@get("/{town_slug:str}/amt/sperrzeiten")
def all_closures(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    clerk = sign_in.signed_in(request, session, now, town_slug)
    return _show(request, session, clerk, now)


@post("/{town_slug:str}/amt/sperrzeiten")
def close(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    clerk = sign_in.changing(request, session, now, town_slug)
    try:
        resource_id, span, reason = _read(form, clerk)
        resource = queries.resource_of(session, clerk.municipality, resource_id)
        with session.begin_nested():
            closures.close(session, resource, span, reason, now, by(clerk))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    except closures.InTheWay as refusal:
        return _show(request, session, clerk, now, 409, refusal=refusal, typed=dict(form))
    except Refused as refusal:
        faults = {"bis_tag": refusal.sentence}
        return _show(request, session, clerk, now, 422, faults=faults, typed=dict(form))
    return redirect(request, f"/{town_slug}/amt/sperrzeiten")


@post("/{town_slug:str}/amt/sperrzeiten/{closure_id:uuid}/aufhebung")
def reopen(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], closure_id: FromPath[UUID]
) -> Response[Any]:
    clerk = sign_in.changing(request, session, now, town_slug)
    closures.reopen(session, queries.closure_of(session, clerk.municipality, closure_id))
    return redirect(request, f"/{town_slug}/amt/sperrzeiten")


def _read(form: Form, clerk: Clerk) -> tuple[UUID, Span, str]:
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
    zone = clerk.municipality.zone
    last: date = typed.bis_tag or typed.von_tag
    until = MINUTES_A_DAY if typed.bis_zeit is None else typed.bis_zeit
    start, end = at(typed.von_tag, typed.von_zeit or 0, zone), at(last, until, zone)
    if end <= start:
        field = "bis_tag" if last < typed.von_tag else "bis_zeit"
        raise Invalid({field: _("Das Ende liegt vor dem Anfang.")}, dict(form))
    return typed.ressource, Span(start, end), typed.grund


def _known(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise ValueError(_("Bitte wählen Sie, was gesperrt wird.")) from None


def _until(closure: Closure, zone: ZoneInfo) -> str:
    """When it ends, in words: a midnight is the end of the day before."""
    if wall_minutes(closure.ends_at, zone) == 0:
        return _("%s, ganzer Tag") % texts.day(local_date(closure.ends_at - timedelta(minutes=1), zone))
    return texts.moment(closure.ends_at, zone)


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    resources = queries.resources(session, clerk.municipality)
    shown: dict[str, Any] = {"typed": {}, "refusal": None} | context
    return show(
        request,
        clerk,
        "desk/closures.html",
        now,
        status,
        closures=queries.closures(session, clerk.municipality, now),
        resources=resources,
        choices=[("", _("Bitte wählen")), *((str(each.id), each.name) for each in resources)],
        until=lambda closure: _until(closure, clerk.municipality.zone),
        in_words=in_words,
        exception_in_words=exception_in_words,
        **shown,
    )


routes = [all_closures, close, reopen]
