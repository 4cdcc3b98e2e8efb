"""The caretaker's week: printed at the desk, on a page of his own by a secret link, in his calendar."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_
from buchbar.base.web import get, page, redirect, settings_of
from buchbar.booking import feeds
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import caretaker
from buchbar.booking.halls.desk_halls import PAGE, hall_of
from buchbar.calendar.months import monday_of
from buchbar.calendar.walls import local_date
from buchbar.resources.halls import Hall

WEEK = timedelta(days=7)


@at_desk.get("/hallen/{slug:str}/wochenplan.pdf", LOOK, N_("Wochenplan einer Halle gedruckt"))
def plan_at_desk(request: Request, session: Session, now: datetime, clerk: Clerk, slug: FromPath[str]) -> Response[Any]:
    ours = select(Hall).where(Hall.municipality_id == clerk.town.id, Hall.slug == slug)
    hall = session.scalar(ours)
    if hall is None:
        raise NotFound
    return _sheet(session, clerk.town, hall, _monday(request, clerk.town, now), now)


@at_desk.get(f"/{PAGE}/{{hall_id:uuid}}/hausmeister", WORK, N_("Zugang des Hausmeisters angesehen"))
def access(request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]) -> Response[Any]:
    hall, base_url = hall_of(session, clerk, hall_id), settings_of(request).base_url
    feed = caretaker.feed_of(session, hall)
    return show(
        request,
        clerk,
        "desk/halls/caretaker.html",
        now,
        hall=hall,
        page=f"{clerk.desk}/{PAGE}/{hall.id}",
        link=base_url + caretaker.path(session, hall),
        calendar=base_url + feeds.path(session, feed) if feed else "",
    )


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/hausmeister/kalender", WORK, N_("Kalender für den Hausmeister angelegt"))
def make_calendar(
    request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]
) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id, lock=True)
    caretaker.make_feed(session, hall, now, clerk.name)
    return redirect(request, f"{clerk.desk}/{PAGE}/{hall.id}/hausmeister?erledigt=ja")


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/hausmeister/widerruf", WORK, N_("Zugang des Hausmeisters widerrufen"))
def revoke(request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id, lock=True)
    caretaker.revoke(session, hall, now)
    return redirect(request, f"{clerk.desk}/{PAGE}/{hall.id}/hausmeister?erledigt=ja")


@get("/hausmeister/{token:str}")
def own_page(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """This week and the next."""
    hall = caretaker.hall_by(session, token)
    town = session.get_one(Municipality, hall.municipality_id)
    monday, base_url = monday_of(local_date(now, town.zone)), settings_of(request).base_url
    weeks = [(start, caretaker.week(session, town, hall.id, start, now)) for start in (monday, monday + WEEK)]
    feed = caretaker.feed_of(session, hall)
    return page(
        request,
        "halls/caretaker.html",
        town=town,
        zone=town.zone,
        hall=hall,
        today=local_date(now, town.zone),
        weeks=weeks,
        doors=caretaker.door_names(session, hall),
        token=token,
        calendar=base_url + feeds.path(session, feed) if feed else "",
    )


@get("/hausmeister/{token:str}/wochenplan.pdf")
def own_plan(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """``?woche=naechste`` is the next one."""
    hall = caretaker.hall_by(session, token)
    town = session.get_one(Municipality, hall.municipality_id)
    monday = monday_of(local_date(now, town.zone))
    return _sheet(session, town, hall, monday + WEEK if request.query_params.get("woche") else monday, now)


def _sheet(session: Session, town: Municipality, hall: Hall, monday: date, now: datetime) -> Response[Any]:
    days = caretaker.week(session, town, hall.id, monday, now)
    return pdf_answer(f"{hall.slug}-{monday}", pdf("hall_week", caretaker.sheet(town, hall, monday, days, now)))


def _monday(request: Request, town: Municipality, now: datetime) -> date:
    """The week with the day that the address names; this week for what can't be read."""
    try:
        return monday_of(forms.day(request.query_params.get("tag", "")))
    except ValueError:
        return monday_of(local_date(now, town.zone))


routes = [plan_at_desk, access, make_calendar, revoke, own_page, own_plan]
