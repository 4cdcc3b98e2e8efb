"""Closing from the calendar: a while of one day, first with what stands in its way, then with a way back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import closures, queries
from buchbar.booking.claims import Wanted
from buchbar.booking.closed import in_words
from buchbar.booking.desk_adjust import an_id, moment
from buchbar.booking.desk_calendar import Look, ids
from buchbar.booking.desk_frame import by, show
from buchbar.booking.obstacles import in_the_way
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, local_date
from buchbar.resources.models import Resource

FIELDS = ("ressource", "tag", "von", "bis", "grund")


@at_desk.get("/kalender/sperrung", WORK, N_("Sperrung im Kalender vorbereitet"), journey="weddings")
def closing_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    """With ``vorschau`` it says what stands in the way."""
    query = request.query_params
    typed = {name: query.get(name, "") for name in FIELDS}
    was = ids(query.getall("was", []))
    return _show(request, session, clerk, now, was, typed, preview="vorschau" in query)


@at_desk.post("/kalender/sperrung", WORK, N_("Im Kalender gesperrt"), journey="weddings")
def close(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    typed, was = dict(form), ids(form.all("was"))
    try:
        resource, span, reason = _read(session, form, clerk, now)
        closure = closures.close(session, resource, span, reason, now, by(clerk))
    except Invalid as fault:
        return _show(request, session, clerk, now, was, typed, 422, preview=True, faults=fault.fields)
    except closures.InTheWay as refusal:
        return _show(request, session, clerk, now, was, typed, 409, preview=True, refusal=refusal.sentence)
    except Refused as refusal:
        return _show(request, session, clerk, now, was, typed, 422, faults={"bis": refusal.sentence})
    look = Look("tag", local_date(span.start, clerk.town.zone), was)
    return redirect(request, f"{clerk.desk}/kalender?{look.query}&gesperrt={closure.id}")


@at_desk.post(
    "/kalender/sperrung/{closure_id:uuid}/ruecknahme", WORK, N_("Sperrung zurückgenommen"), journey="weddings"
)
def reopen(request: Request, session: Session, form: Form, clerk: Clerk, closure_id: FromPath[UUID]) -> Response[Any]:
    closure = queries.closure_of(session, clerk.town, closure_id)
    look = Look("tag", local_date(closure.starts_at, clerk.town.zone), ids(form.all("was")))
    closures.reopen(session, closure)
    return redirect(request, f"{clerk.desk}/kalender?{look.query}&erledigt=ja")


def _read(
    session: Session, typed: Mapping[str, str], clerk: Clerk, now: datetime, *, reason: bool = True
) -> tuple[Resource, Span, str]:
    """What, when, why. Without times it is the whole day. Raises Invalid; a stranger's resource is NotFound."""
    read = forms.read(
        typed,
        ressource=an_id,
        tag=forms.day,
        von=forms.optional(forms.minute),
        bis=forms.optional(forms.minute),
        grund=forms.text(200, required=reason),
    )
    until = MINUTES_A_DAY if read.bis is None else read.bis
    start, end = moment(read.tag, read.von or 0, "von", clerk), moment(read.tag, until, "bis", clerk)
    if end <= start:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")})
    if end <= now:
        raise Invalid({"bis": _("Diese Zeit ist schon vorbei.")})
    return queries.resource_of(session, clerk.town, read.ressource), Span(start, end), read.grund


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    was: tuple[UUID, ...],
    typed: dict[str, str],
    status: int = 200,
    *,
    preview: bool = False,
    **context: Any,
) -> Response[Any]:
    faults: dict[str, str] = context.pop("faults", {})
    plan: dict[str, Any] | None = None
    if preview:
        try:
            resource, span, _reason = _read(session, typed, clerk, now, reason=False)
            parts = [Wanted(resource.id, part) for part in closures.day_by_day(span, clerk.town.zone)]
            when = in_words(span.start, span.end, clerk.town.zone)
            obstacles = in_the_way(session, clerk.town, parts, now)
            plan = {"what": resource.name, "when": when, "obstacles": obstacles}
        except Invalid as fault:
            faults = faults | fault.fields
    day = typed.get("tag", "")
    shown: dict[str, Any] = {"refusal": ""} | context
    return show(
        request,
        clerk,
        "desk/calendar_closing.html",
        now,
        status,
        plan=plan,
        typed=typed,
        faults=faults,
        resources=[
            ("", _("Bitte wählen")),
            *((str(each.id), each.name) for each in queries.resources(session, clerk.town)),
        ],
        was=was,
        back=f"{clerk.desk}/kalender?{Look('tag', _day_or(day, now, clerk), was).query}",
        **shown,
    )


def _day_or(typed: str, now: datetime, clerk: Clerk) -> Any:
    """The day that was typed, or today."""
    try:
        return forms.day(typed)
    except ValueError:
        return local_date(now, clerk.town.zone)


routes = [closing_page, close, reopen]
