"""The calendar at the desk: a day, a week or a month of the venues and registrars that a clerk has chosen.

``?ansicht=tag|woche|monat&tag=2027-05-15&was=<id>&was=<id>``: the address keeps the choice; none chosen is all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK, may
from buchbar.base import forms, texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.booking import before, calendar_view, queries
from buchbar.booking.calendar_view import Entry
from buchbar.booking.closed import in_words
from buchbar.booking.desk_frame import show, what
from buchbar.booking.models import BookingEvent
from buchbar.booking.steps import STEPS
from buchbar.calendar.months import add_months, monday_of, month_end, month_weeks
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local_date, wall_minutes
from buchbar.resources.models import Closure, Resource

VIEWS = {"tag": N_("Tag"), "woche": N_("Woche"), "monat": N_("Monat")}
WEEK = timedelta(days=7)
MOST_A_DAY = 4  # as many stand in a cell of the month


@dataclass(frozen=True, slots=True)
class Look:
    """What the address asks for: the view, a day in it, and which resources (none: all)."""

    view: str
    day: date
    only: tuple[UUID, ...]

    @property
    def query(self) -> str:
        """As it stands in addresses."""
        return f"ansicht={self.view}&tag={self.day}{self.choice}"

    @property
    def choice(self) -> str:
        """The choice of resources, to be kept on the way to a form and back."""
        return "".join(f"&was={each}" for each in self.only)

    @property
    def days(self) -> list[date]:
        """The days that the view shows."""
        if self.view == "monat":
            first, last = self.day.replace(day=1), month_end(self.day)
        elif self.view == "woche":
            first = monday_of(self.day)
            last = first + timedelta(days=6)
        else:
            first = last = self.day
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def beside(self, step: int) -> date:
        """A day in the view after (1) or before (-1) this one."""
        if self.view == "monat":
            return add_months(self.day.replace(day=1), step)
        return self.day + step * (WEEK if self.view == "woche" else timedelta(days=1))


@at_desk.get("/kalender", LOOK, N_("Kalender angesehen"), journey="weddings")
def calendar_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    look, town = asked(request, now, clerk), clerk.town
    resources = queries.resources(session, town)
    chosen = [each for each in resources if each.id in look.only] or resources
    look = replace(look, only=tuple(each.id for each in chosen) if len(chosen) < len(resources) else ())
    days = look.days
    entries = calendar_view.entries(session, chosen, days_span(days[0], days[-1], town.zone), now)
    shown: dict[str, Any] = {
        "tag": _day,
        "woche": _week,
        "monat": _month,
    }[look.view](clerk, look, chosen, entries)
    return show(
        request,
        clerk,
        "desk/calendar.html",
        now,
        look=look,
        title=_title(look),
        today=local_date(now, town.zone),
        views=[(key, _(words)) for key, words in VIEWS.items()],
        resources=resources,
        chosen=chosen,
        address=lambda **other: f"{clerk.desk}/kalender?{replace(look, **other).query}",
        holiday=lambda day: holiday_name(day, town.land, texts.language.get()) or "",
        done=_done(request, session, clerk),
        places={each.id: each.name for each in resources},
        closing=f"{clerk.desk}/kalender/sperrung?tag={look.day}{look.choice}",
        count=len({each.booking.id for each in entries if each.booking}),
        **_words(clerk, look, now),
        **shown,
    )


def _words(clerk: Clerk, look: Look, now: datetime) -> dict[str, Any]:
    """How the templates say times, and what they may offer."""
    zone, works = clerk.town.zone, may(clerk.role, WORK)

    def changeable(entry: Entry) -> bool:
        it = entry.booking
        return works and it is not None and it.state in STEPS["move"] and it.starts_at > now

    def around(entry: Entry) -> str:
        return _("mit allem davor und danach %s") % calendar_view.hours([entry.way], zone)

    return {
        "when": lambda entry: calendar_view.hours([entry.span], zone),
        "clock_of": lambda moment: f"{moment.astimezone(zone):%H:%M}",
        "minute_of": lambda entry: wall_minutes(entry.span.start, zone),
        "minutes_of": lambda entry: int(entry.span.length.total_seconds()) // 60,
        "around": around,
        "changeable": changeable,
        "change": lambda booking: f"{clerk.desk}/kalender/buchung/{booking.id}{look.choice.replace('&', '?', 1)}",
        "most": MOST_A_DAY,
    }


def asked(request: Request, now: datetime, clerk: Clerk) -> Look:
    """What the address asks for; what can't be read is today's day, of everything."""
    query = request.query_params
    view = query.get("ansicht", "")
    try:
        day = forms.day(query.get("tag", ""))
    except ValueError:
        day = local_date(now, clerk.town.zone)
    return Look(view if view in VIEWS else "tag", day, ids(query.getall("was", [])))


def ids(typed: Sequence[str]) -> tuple[UUID, ...]:
    """Those that are ids, each once."""
    found: dict[UUID, None] = {}
    for each in typed:
        try:
            found[UUID(each)] = None
        except ValueError:
            continue
    return tuple(found)


def _title(look: Look) -> str:
    if look.view == "monat":
        return texts.month(look.day)
    if look.view == "woche":
        first, last = look.days[0], look.days[-1]
        words = {"week": first.isocalendar().week, "first": texts.day(first, "short"), "last": texts.day(last, "short")}
        return _("Woche %(week)d: %(first)s bis %(last)s") % words
    return texts.day(look.day)


def _day(clerk: Clerk, look: Look, chosen: list[Resource], entries: list[Entry]) -> dict[str, Any]:
    """A column for each resource, a row from each moment at which something begins."""
    town, own = clerk.town, _by_resource(entries)
    opened = {each.id: calendar_view.open_on(each, look.day, town) for each in chosen}
    bookings = [each.way for each in entries if each.booking]
    shown = calendar_view.window(
        look.day, [*bookings, *(span for spans in opened.values() for span in spans)], town.zone
    )
    columns = [calendar_view.pieces(own[each.id], opened[each.id], shown) for each in chosen]
    rows = calendar_view.table(columns, shown, town.zone)
    return {"rows": rows} | _week(clerk, look, chosen, entries)


def _week(clerk: Clerk, look: Look, chosen: list[Resource], entries: list[Entry]) -> dict[str, Any]:
    """A row for each resource, a column for each day."""
    zone = clerk.town.zone
    cells: dict[tuple[UUID, date], list[Entry]] = defaultdict(list)
    for each in entries:
        cells[each.resource_id, local_date(each.span.start, zone)].append(each)

    def hours(resource: Resource, day: date) -> str:
        return calendar_view.hours(calendar_view.open_on(resource, day, clerk.town), zone)

    return {"days": look.days, "cells": cells, "hours": hours}


def _month(clerk: Clerk, look: Look, chosen: list[Resource], entries: list[Entry]) -> dict[str, Any]:
    """Weeks of days, with what takes place on each."""
    by_day = calendar_view.by_day(entries, clerk.town.zone)
    return {"weeks": month_weeks(look.day.year, look.day.month), "by_day": by_day}


def _by_resource(entries: list[Entry]) -> dict[UUID, list[Entry]]:
    own: dict[UUID, list[Entry]] = defaultdict(list)
    for each in entries:
        own[each.resource_id].append(each)
    return own


def _done(request: Request, session: Session, clerk: Clerk) -> dict[str, str] | None:
    """What has just been done (``getan``: an event, ``gesperrt``: a closure), as long as it can be taken back."""
    query = request.query_params
    closures = ids([query.get("gesperrt", "")])
    try:
        if closures:
            return _closed(clerk, queries.closure_of(session, clerk.town, closures[0]))
        return _changed(session, clerk, query.get("getan", ""))
    except NotFound:
        return None


def _closed(clerk: Clerk, closure: Closure) -> dict[str, str]:
    when = in_words(closure.starts_at, closure.ends_at, clerk.town.zone)
    words = {"what": closure.resource.name, "when": when}
    undo = f"{clerk.desk}/kalender/sperrung/{closure.id}/ruecknahme"
    return {"said": _("Gesperrt: %(what)s, %(when)s.") % words, "undo": undo, "event": ""}


def _changed(session: Session, clerk: Clerk, number: str) -> dict[str, str] | None:
    event = event_of(session, number)
    if event is None:
        return None
    booking = queries.booking_of(session, clerk.town, event.booking_id)
    later = queries.events_since(session, booking, event.id)
    if not before.can_be_taken_back(event, later):
        return None
    name = queries.names_of(session, [booking]).get(booking.id, "") or booking.number
    span = Span(booking.starts_at, booking.ends_at)
    words = {"what": what(event), "who": name, "place": booking.resource.name}
    words["when"] = (
        f"{texts.day(local_date(span.start, clerk.town.zone))}, {calendar_view.hours([span], clerk.town.zone)}"
    )
    undo = f"{clerk.desk}/kalender/buchung/{booking.id}/{before.undo_address(event, later)}"
    said = _("%(what)s: %(who)s, %(when)s Uhr, %(place)s.") % words
    if "undoes" in event.data:
        said = _("Zurückgenommen. Es gilt wieder: %(who)s, %(when)s Uhr, %(place)s.") % words
    return {"said": said, "undo": undo, "event": str(event.id)}


def event_of(session: Session, number: str) -> BookingEvent | None:
    """The event of this number, if it is one."""
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return session.get(BookingEvent, int(number))


routes = [calendar_page]
