"""What a couple sees before it has a booking: the question, the answer, the year, the venues, a slot."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.tokens import fingerprint
from buchbar.base.web import Form, get, is_htmx, limited, page, post, redirect, settings_of
from buchbar.booking import links
from buchbar.booking.events import CITIZEN
from buchbar.booking.instants import instant, read_instant
from buchbar.booking.models import Booking
from buchbar.booking.refund_words import cancelling
from buchbar.booking.weddings import words
from buchbar.booking.weddings.fees import CODES, Answers
from buchbar.booking.weddings.question import (
    AHEAD,
    answer,
    asked,
    by_venue,
    glance,
    months_with_weddings,
    year_from,
)
from buchbar.booking.weddings.reservation import SlotTaken, busy_between, hold, offered, price_of
from buchbar.booking.weddings.shelf import FOR_EVERYBODY
from buchbar.booking.weddings.slots import Wish, look
from buchbar.booking.weddings.timetable import JOURNEY, Timetable, timetable
from buchbar.calendar.deadlines import last_day, registration_window
from buchbar.calendar.months import add_months, month_weeks, months_from, parse_month
from buchbar.calendar.walls import local_date
from buchbar.payments.tariffs import in_force
from buchbar.resources.models import Venue


@get("/{town_slug:str}/hochzeit", **FOR_EVERYBODY)
def ask(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    times = timetable(session, town)
    question = asked(request.query_params, times)
    context = _common(times, now) | {
        "town": town,
        "question": question,
        "answer": answer(session, times, question, now),
    }
    this_month = local_date(now, times.zone).replace(day=1)
    first = year_from(request.query_params.get("ab", ""), local_date(now, times.zone))
    context |= {
        "venues": _venues(session, town),
        "months": glance(session, times, question.wish, first, 12, now),
        "first": first,
        "month_choices": [(f"{each:%Y-%m}", texts.month(each)) for each in months_from(this_month, AHEAD)],
        "weekday_choices": [(each.weekday(), texts.weekday(each)) for each in month_weeks(2027, 2)[0]],
        "earlier": max(add_months(first, -12), this_month),
        "later": add_months(first, 12),
        "last_month": add_months(this_month, AHEAD),
    }
    return page(request, "weddings/ask.html", status=422 if question.faults else 200, **context)


@get("/{town_slug:str}/hochzeit/monat/{month:str}", **FOR_EVERYBODY)
def one_month(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], month: FromPath[str]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    times = timetable(session, town)
    try:
        first = parse_month(month)
    except ValueError:
        raise NotFound from None
    if not local_date(now, times.zone).replace(day=1) <= first <= add_months(local_date(now, times.zone), AHEAD + 12):
        raise NotFound
    question = asked(request.query_params, times)
    months = glance(session, times, question.wish, first, 1, now)
    context = _common(times, now) | {"town": town, "question": question, "months": months}
    context |= {"earlier": add_months(first, -1), "later": add_months(first, 1), "first": first}
    return page(request, "weddings/_year.html" if is_htmx(request) else "weddings/month.html", **context)


@get("/{town_slug:str}/hochzeit/trauort/{slug:str}")
def venue_page(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    times = timetable(session, town)
    venue = next((each for each in _venues(session, town) if each.slug == slug), None)
    if venue is None:
        raise NotFound
    today = local_date(now, times.zone)
    wish = Wish(venues=frozenset({slug}))
    question = asked(request.query_params, times)
    tariff = in_force(session, town.id, JOURNEY, today)
    context = _common(times, now) | {
        "town": town,
        "venue": venue,
        "question": question,
        "wish": wish,
        "months": months_with_weddings(glance(session, times, wish, today, 18, now))[:6],
        "due_words": CODES,
        "prices": [item for item in tariff.items if item.resource_id in (None, venue.id)] if tariff else [],
    }
    return page(request, "weddings/venue.html", **context)


@get("/{town_slug:str}/hochzeit/termin")
def slot_page(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    times = timetable(session, town)
    rules = times.venue(request.query_params.get("trauort", ""))
    slot = offered(times, rules.id, read_instant(request.query_params.get("zeit", "")), now)
    day = local_date(slot.span.start, times.zone)
    busy = busy_between(session, times, day, day, now)
    today = look(times, busy, [day], now, Wish())[0]
    tariff_id = times.tariff_id(local_date(now, times.zone))
    terms = times.policy(local_date(now, times.zone)).terms
    limit = terms.deadline_at(now, slot.span.start, times.zone)
    context = _common(times, now) | {
        "deadline_day": limit and last_day(limit, times.zone),
        "cancelling": cancelling(terms, day, local_date(now, times.zone)),
        "town": town,
        "slot": slot,
        "venue": session.get_one(Venue, rules.id),
        "free": busy.free(slot),
        "today": today,
        "terms": terms,
        "lines": price_of(session, tariff_id, town, rules.id, slot.span.start, Answers()),
        "window": registration_window(day),
    }
    return page(request, "weddings/slot.html", **context)


@post("/{town_slug:str}/hochzeit/vormerkung")
@limited("hold", most=30, per=timedelta(minutes=10))
def hold_slot(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    rules = timetable(session, town).venue(form.get("trauort", ""))
    start = read_instant(form.get("zeit", ""))
    visitor = _visitor(request, form)
    try:
        booking = hold(session, town, rules.id, start, now, CITIZEN, visitor)
    except SlotTaken:  # by a double click?
        mine = _held_already(session, rules.id, start, now, visitor)
        if mine is None:
            raise
        booking = mine
    return redirect(request, links.path(session, booking))


def _visitor(request: Request, form: Form) -> str:
    """Who posts this form, as a fingerprint that says nothing elsewhere: of the browser's token and the slot."""
    token = request.cookies.get("csrftoken", "")
    slot = f"{form.get('trauort')} {form.get('zeit')}"
    return fingerprint(settings_of(request).secret, f"hold {token} {slot}") if token else ""


def _held_already(session: Session, venue_id: UUID, start: datetime, now: datetime, visitor: str) -> Booking | None:
    """The hold that this visitor has on a slot, as long as nothing was typed into it yet."""
    held = session.scalars(
        select(Booking)
        .where(Booking.resource_id == venue_id, Booking.starts_at == start)
        .where(Booking.state == "held", Booking.hold_until > now)
        .options(selectinload(Booking.events))
    )
    mine = (each for each in held if visitor in (event.data.get("visitor") for event in each.events))
    return next(mine, None) if visitor else None


def _venues(session: Session, town: Municipality) -> list[Venue]:
    chosen = select(Venue).where(Venue.municipality_id == town.id, Venue.active)
    loaded = selectinload(Venue.site), selectinload(Venue.pictures)
    return list(session.scalars(chosen.order_by(Venue.position, Venue.name).options(*loaded)))


def _common(times: Timetable, now: datetime) -> dict[str, Any]:
    """What the templates of slots and days need."""
    in_cell: Callable[..., str] = words.in_a_cell
    return {
        "zone": times.zone,
        "today_is": local_date(now, times.zone),
        "weeks": month_weeks,
        "in_a_cell": in_cell,
        "in_full": words.in_full,
        "by_venue": by_venue,
        "instant": instant,
    }


routes = [ask, one_month, venue_page, slot_page, hold_slot]
