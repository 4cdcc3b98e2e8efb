"""The school holidays at the desk: those of the Land, taken over, and the town's own days."""

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.calendar.school_holidays import SOURCES
from buchbar.calendar.walls import local_date
from buchbar.resources import school_holidays
from buchbar.resources.halls import SchoolHoliday

PAGE = "hallen/ferien"
LONGEST = timedelta(days=100)


@at_desk.get(f"/{PAGE}", RULES)
def all_holidays(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, now, clerk)


@at_desk.post(f"/{PAGE}", LEAD, N_("Schulfreie Tage eingetragen"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        read = _read(form)
    except Invalid as fault:
        return _show(request, session, now, clerk, 422, faults=fault.fields, typed=dict(form))
    session.add(
        SchoolHoliday(id=uuid4(), municipality_id=clerk.town.id, name=read.name, first=read.erster, last=read.letzter)
    )
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.post(f"/{PAGE}/uebernahme", LEAD, N_("Schulferien des Landes übernommen"))
def take_over(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    school_holidays.take_over(session, clerk.town, now)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.post(f"/{PAGE}/{{holiday_id:uuid}}", LEAD, N_("Schulfreie Tage geändert"))
def change(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, holiday_id: FromPath[UUID]
) -> Response[Any]:
    holiday = school_holidays.one_of(session, clerk.town, holiday_id)
    try:
        read = _read(form)
    except Invalid as fault:
        return _show(request, session, now, clerk, 422, faults=fault.fields, typed=dict(form), edited=holiday)
    holiday.name, holiday.first, holiday.last = read.name, read.erster, read.letzter
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.post(f"/{PAGE}/{{holiday_id:uuid}}/streichung", LEAD, N_("Schulfreie Tage gestrichen"))
def strike(request: Request, session: Session, clerk: Clerk, holiday_id: FromPath[UUID]) -> Response[Any]:
    session.delete(school_holidays.one_of(session, clerk.town, holiday_id))
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


def _read(form: Form) -> SimpleNamespace:
    """A name, the first and the last day; without a last day it is one day. Raises Invalid."""
    read = forms.read(form, name=forms.text(80), erster=forms.day, letzter=forms.optional(forms.day))
    read.letzter = read.letzter or read.erster
    if read.letzter < read.erster:
        raise Invalid({"letzter": _("Das Ende liegt vor dem Anfang.")})
    if read.letzter - read.erster > LONGEST:
        raise Invalid({"letzter": _("Bitte höchstens 100 Tage auf einmal.")})
    return read


def _show(
    request: Request,
    session: Session,
    now: datetime,
    clerk: Clerk,
    status: int = 200,
    edited: SchoolHoliday | None = None,
    **context: Any,
) -> Response[Any]:
    """The page; ``?aendern=`` an id opens the form with these days."""
    today = local_date(now, clerk.town.zone)
    found = school_holidays.of(session, clerk.town, since=date(today.year, 1, 1))
    if edited is None:
        asked = request.query_params.get("aendern", "")
        edited = next((each for each in found if str(each.id) == asked), None)
    if edited and "typed" not in context:
        context["typed"] = {
            "name": edited.name,
            "erster": edited.first.isoformat(),
            "letzter": edited.last.isoformat(),
        }
    return show(
        request,
        clerk,
        "desk/halls/holidays.html",
        now,
        status,
        holidays=found,
        today=today,
        edited=edited,
        missing=school_holidays.missing(session, clerk.town, now),
        source=SOURCES.get(clerk.town.land.partition("-")[0], ""),
        page=f"{clerk.desk}/{PAGE}",
        **context,
    )


routes = [all_holidays, put_in, take_over, change, strike]
