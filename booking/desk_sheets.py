"""Sheets to print: the day for the office and for the door, and the week."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK
from buchbar.base import forms
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.texts import N_
from buchbar.booking import day_sheet, queries
from buchbar.calendar.months import monday_of
from buchbar.calendar.walls import local_date


@at_desk.get("/tagesblatt", LOOK, N_("Tagesblatt gedruckt"), journey="weddings")
def sheet_of_day(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    asked = _asked(request, clerk, now)
    kind = asked["blatt"] if asked["blatt"] in day_sheet.KINDS else ""
    day, venue_id = asked["tag"], _venue(session, clerk, asked["ort"])
    found = day_sheet.lines(session, clerk.town, day, day, venue_id)
    if kind:
        content = pdf("door_sheet", day_sheet.for_door(clerk.town, day, found, kind, now))
    else:
        content = pdf("day_sheet", day_sheet.for_office(clerk.town, day, found, now))
    return pdf_answer(f"tagesblatt-{day}", content)


@at_desk.get("/wochenplan", LOOK, N_("Wochenplan gedruckt"), journey="weddings")
def plan_of_week(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    asked = _asked(request, clerk, now)
    monday = monday_of(asked["tag"])
    found = day_sheet.lines(
        session, clerk.town, monday, monday + timedelta(days=6), _venue(session, clerk, asked["ort"])
    )
    content = pdf("week_plan", day_sheet.for_week(clerk.town, monday, found, now))
    return pdf_answer(f"wochenplan-{monday}", content)


def _asked(request: Request, clerk: Clerk, now: datetime) -> Mapping[str, Any]:
    """Which sheet of which day: today's, where the address names none. Raises Invalid for what is no day."""
    today = local_date(now, clerk.town.zone)

    def day(typed: str) -> date:
        return forms.day(typed) if typed else today

    return vars(forms.read(request.query_params, tag=day, blatt=str, ort=str))


def _venue(session: Session, clerk: Clerk, typed: str) -> UUID | None:
    """The venue that is asked for, None for all. Raises NotFound for one of another town's."""
    try:
        return queries.resource_of(session, clerk.town, UUID(typed)).id if typed else None
    except ValueError:
        return None


routes = [sheet_of_day, plan_of_week]
