"""The question a couple asks, as it stands in the address, and the answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from litestar.datastructures import MultiDict
from sqlalchemy.orm import Session

from buchbar.base import forms
from buchbar.base.texts import _
from buchbar.booking.weddings.reservation import busy_between
from buchbar.booking.weddings.slots import Busy, Day, Wish, look, look_at_day, nearest_days
from buchbar.booking.weddings.timetable import Slot, Timetable, VenueRules
from buchbar.calendar.months import add_months, month_days, months_from, parse_month
from buchbar.calendar.release import latest_open_day
from buchbar.calendar.walls import local_date

AHEAD = 24  # months that can be leafed through


@dataclass(frozen=True, slots=True)
class Question:
    """A date, or a month (perhaps one weekday of it), and what the venue must offer. Nothing asked: no date."""

    day: date | None = None
    month: date | None = None
    weekday: int | None = None
    wish: Wish = Wish()
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    anything: bool = False

    def address(self, **changes: object) -> str:
        """The query string of this question, or of a changed one (None takes a field out)."""
        fields: dict[str, object] = {
            "tag": self.day,
            "monat": self.month and f"{self.month:%Y-%m}",
            "wochentag": self.weekday,
            "gaeste": self.wish.guests or None,
            "stufenlos": "ja" if self.wish.step_free else None,
        }
        pairs = [(name, str(value)) for name, value in (fields | changes).items() if value not in (None, "")]
        return urlencode([*pairs, *(("trauort", slug) for slug in sorted(self.wish.venues))])


def asked(query: MultiDict[Any], known: Timetable) -> Question:
    """Read the question from an address. What can't be read becomes a fault beside its field, and isn't asked."""
    faults: dict[str, str] = {}
    typed = {name: query.get(name) or "" for name in ("tag", "monat", "wochentag", "gaeste")}

    def read(name: str, convert: forms.Field) -> Any:
        try:
            return convert(typed[name].strip()) if typed[name].strip() else None
        except ValueError as fault:
            faults[name] = str(fault)
            return None

    slugs = {venue.slug for venue in known.venues.values()}
    return Question(
        day=read("tag", forms.day),
        month=read("monat", _month),
        weekday=read("wochentag", forms.whole(0, 6)),
        wish=Wish(
            guests=read("gaeste", forms.whole(0, 500)) or 0,
            step_free=query.get("stufenlos") == "ja",
            venues=frozenset(query.getall("trauort", [])) & slugs,
        ),
        typed=typed,
        faults=faults,
        anything=not faults and any(name in query for name in (*typed, "stufenlos", "trauort")),
    )


def _month(typed: str) -> date:
    try:
        return parse_month(typed)
    except ValueError:
        raise ValueError(_("Bitte einen Monat wie 2027-05 wählen.")) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is free on the day or in the month that was asked for; else the nearest days around it.

    ``suiting`` are the venues that could be had at all; without any, the wishes contradict what there is.
    ``open_until`` is the last day that can be booked today, where later ones were asked for.
    """

    days: list[Day]
    before: list[Day]
    after: list[Day]
    suiting: list[VenueRules]
    open_until: date | None = None

    @property
    def free(self) -> list[Day]:
        return [day for day in self.days if day.state == "free"]


def answer(session: Session, times: Timetable, question: Question, now: datetime) -> Answer | None:
    """Answer the question; None where nothing was asked. Without a date: the next days that suit the wishes."""
    suiting = [
        venue for venue in times.venues.values() if question.wish.suits(venue) and venue.visibility != "information"
    ]
    if question.anything and not (question.day or question.month):
        return Answer([], [], _next_days(session, times, question, now) if suiting else [], suiting)
    if question.day:
        days = [question.day]
    elif question.month:
        every = month_days(question.month.year, question.month.month)
        days = [day for day in every if question.weekday in (None, day.weekday())]
    else:
        return None
    first, last = days[0] - timedelta(days=62), days[-1] + timedelta(days=62)
    busy = busy_between(session, times, first, last, now)
    looked = look(times, busy, days, now, question.wish)
    if any(day.state == "free" for day in looked):
        return Answer(looked, [], [], suiting)
    before, _after = nearest_days(times, busy, days[0], now, question.wish)
    _before, after = nearest_days(times, busy, days[-1], now, question.wish)
    early = any(day.state == "early" for day in looked)
    release = times.policy(local_date(now, times.zone)).terms.release
    return Answer(
        looked, before, after, suiting, latest_open_day(release, now, times.zone, times.land) if early else None
    )


def _next_days(session: Session, times: Timetable, question: Question, now: datetime) -> list[Day]:
    """The next free days that suit the wishes, within half a year."""
    today = local_date(now, times.zone)
    days = [today + timedelta(days=distance) for distance in range(184)]
    busy = busy_between(session, times, days[0], days[-1], now)
    chosen = (day for day in days if question.weekday in (None, day.weekday()))
    free = (seen for day in chosen if (seen := look_at_day(times, busy, day, now, question.wish)).state == "free")
    return list(islice(free, 6))


def by_venue(day: Day) -> list[tuple[VenueRules, list[Slot]]]:
    """A day's free slots, venue by venue."""
    groups: dict[object, tuple[VenueRules, list[Slot]]] = {}
    for slot in day.slots:
        groups.setdefault(slot.venue.id, (slot.venue, []))[1].append(slot)
    return list(groups.values())


def year_from(text: str, today: date) -> date:
    """The month with which the year at a glance begins: as asked, but neither past nor too far ahead."""
    this_month = today.replace(day=1)
    try:
        return min(max(parse_month(text), this_month), add_months(this_month, AHEAD))
    except ValueError:
        return this_month


def glance(
    session: Session, times: Timetable, wish: Wish, first: date, count: int, now: datetime
) -> list[tuple[date, dict[date, Day]]]:
    """Month by month, what each day has to offer."""
    months = months_from(first, count)
    last = add_months(months[-1], 1) - timedelta(days=1)
    busy = busy_between(session, times, months[0], last, now)
    return [(month, _month_at_a_glance(times, busy, wish, month, now)) for month in months]


def months_with_weddings(months: list[tuple[date, dict[date, Day]]]) -> list[tuple[date, dict[date, Day]]]:
    """Only the months in which there are weddings at all: a venue may have a season."""
    return [
        (month, days) for month, days in months if any(day.state in ("free", "full", "early") for day in days.values())
    ]


def _month_at_a_glance(times: Timetable, busy: Busy, wish: Wish, month: date, now: datetime) -> dict[date, Day]:
    days = look(times, busy, month_days(month.year, month.month), now, wish)
    return {seen.day: seen for seen in days}
