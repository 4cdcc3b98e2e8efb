"""What a hall's caretaker gets: the week on one sheet, a page by a secret link, a calendar."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _, ngettext
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import calendar_view, links, queries
from buchbar.booking.claims import LONGEST
from buchbar.booking.closed import in_words
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import state_of
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local_date
from buchbar.doors.models import Door
from buchbar.resources.halls import Hall
from buchbar.resources.models import Closure, Feed

PURPOSE = "hausmeister"
NOTE = N_("Hausmeister")


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of the week: a booking, or (without ``who``) a closure with its reason as ``note``. ``coach`` is who is
    in the hall, and how to reach them: ``called`` and ``phone``."""

    time: str
    who: str
    parts: str
    persons: str
    coach: str
    note: str
    doors: str
    start: datetime
    called: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the week: when the hall is open to all, whether it is a holiday, and what takes place."""

    day: date
    opened: str
    off: str
    lines: tuple[Line, ...]


def path(session: Session, hall: Hall) -> str:
    """The secret address of the caretaker's page."""
    return f"/{PURPOSE}/{link_token(links.settings(session).secret, PURPOSE, hall.id, hall.generation)}"


def hall_by(session: Session, token: str) -> Hall:
    """The hall that a link names. Raises NotFound for anything that isn't a valid link."""
    named = named_by(token)
    hall = session.scalar(select(Hall).where(Hall.id == named)) if named else None
    if hall is None or not genuine(token, links.settings(session).secret, PURPOSE, hall.id, hall.generation):
        raise NotFound
    return hall


def feed_of(session: Session, hall: Hall) -> Feed | None:
    """The caretaker's calendar, where there is one; the newest, where a clerk has made more under this name."""
    return session.scalars(_feeds(hall).limit(1)).first()


def _feeds(hall: Hall) -> Select[Feed]:
    theirs = select(Feed).where(
        Feed.municipality_id == hall.municipality_id,
        Feed.resource_id == hall.id,
        Feed.note == NOTE,
        Feed.revoked_at.is_(None),
    )
    return theirs.order_by(Feed.created_at.desc(), Feed.id)


def make_feed(session: Session, hall: Hall, at: datetime, by: str) -> Feed:
    """A calendar of the hall for the caretaker, with the names of who is there; the one there is stays."""
    feed = feed_of(session, hall)
    if feed is None:
        feed = Feed(id=uuid4(), municipality_id=hall.municipality_id, resource_id=hall.id, details="names", note=NOTE)
        feed.created_by, feed.created_at = by, at
        session.add(feed)
        session.flush()
    return feed


def revoke(session: Session, hall: Hall, at: datetime) -> None:
    """Take back the link and all calendars: whoever has them sees nothing any more. There is a new link at once."""
    hall.generation += 1
    for feed in session.scalars(_feeds(hall)):
        feed.revoked_at = at


def week(session: Session, town: Municipality, hall_id: UUID, monday: date, now: datetime) -> list[Day]:
    """The seven days of a hall from a Monday on, in a number of queries that doesn't grow."""
    rules = plan(session, town)
    hall = rules.halls.get(hall_id)
    if hall is None:
        return []
    days = [monday + timedelta(days=n) for n in range(7)]
    span = days_span(days[0], days[-1], rules.zone)
    lines: dict[date, list[Line]] = defaultdict(list)
    for line in (*_bookings(session, town, rules, hall, span, now), *_closures(session, rules, hall, span)):
        lines[max(local_date(line.start, rules.zone), monday)].append(line)
    return [
        Day(
            day,
            calendar_view.hours(rules.opening(hall, day, "office"), rules.zone),
            holiday_name(day, rules.land, texts.language.get()) or rules.school_holiday(day) or "",
            tuple(sorted(lines[day], key=lambda line: (line.start, line.parts))),
        )
        for day in days
    ]


def _bookings(
    session: Session, town: Municipality, rules: HallPlan, hall: HallRules, span: Span, now: datetime
) -> list[Line]:
    wanted = queries.bookings(town).where(
        Booking.resource_id == hall.id,
        Booking.state.in_(queries.STANDING),
        Booking.starts_at < span.end,
        Booking.starts_at > span.start - LONGEST,
        Booking.ends_at > span.start,
    )
    found = session.scalars(wanted).all()
    used = select(HallUse).where(HallUse.booking_id.in_([booking.id for booking in found]))
    uses = {use.booking_id: use for use in session.scalars(used)}
    doors = _doors(session, hall.id)
    return [_line(rules, hall, booking, uses[booking.id], doors, now) for booking in found if booking.id in uses]


def _line(
    rules: HallPlan, hall: HallRules, booking: Booking, use: HallUse, doors: Sequence[Door], now: datetime
) -> Line:
    notes = [use.conditions, "" if booking.state == "confirmed" else _("Noch nicht fest: %s") % state_of(booking, now)]
    needed = [door.name for door in doors if not door.parts or {*door.parts} & {*use.parts}]
    return Line(
        time=calendar_view.hours([Span(booking.starts_at, booking.ends_at)], rules.zone),
        who=", ".join(word for word in (use.organiser, use.title or use.sport) if word) or booking.number,
        parts=hall.named(use.parts),
        persons=ngettext("%(num)d Person", "%(num)d Personen", use.persons) % {"num": use.persons}
        if use.persons
        else "",
        coach=", ".join(word for word in (use.coach or use.contact, use.coach_phone or booking.phone) if word),
        note="\n".join(note for note in notes if note),
        doors=", ".join(needed),
        start=booking.starts_at,
        called=use.coach or use.contact,
        phone=use.coach_phone or booking.phone,
    )


def door_names(session: Session, hall: Hall) -> list[str]:
    """The doors of a hall that are in use."""
    return [door.name for door in _doors(session, hall.id)]


def _doors(session: Session, hall_id: UUID) -> Sequence[Door]:
    return session.scalars(select(Door).where(Door.hall_id == hall_id, Door.active).order_by(Door.position)).all()


def _closures(session: Session, rules: HallPlan, hall: HallRules, span: Span) -> list[Line]:
    """Those of the same while and reason in one line."""
    found = session.scalars(
        select(Closure).where(
            Closure.municipality_id == rules.town_id,
            Closure.resource_id.in_(hall.part_ids),
            Closure.starts_at < span.end,
            Closure.ends_at > span.start,
        )
    )
    numbers = {part.id: part.number for part in hall.parts.values()}
    parts: dict[tuple[datetime, datetime, str], list[int]] = defaultdict(list)
    for closure in found:
        parts[closure.starts_at, closure.ends_at, closure.reason].append(numbers[closure.resource_id])
    return [
        Line(in_words(start, end, rules.zone), "", hall.named(closed), "", "", reason, "", start)
        for (start, end, reason), closed in parts.items()
    ]


def sheet(town: Municipality, hall: Hall, monday: date, days: Sequence[Day], now: datetime) -> dict[str, Any]:
    """The plan of a week, for ``documents/hall_week.typ``."""
    sunday = monday + timedelta(days=6)
    span = {"first": texts.day(monday, "short"), "last": texts.day(sunday, "short")}
    when = _("Woche %(number)d: %(first)s bis %(last)s") % {"number": monday.isocalendar().week, **span}
    made = {"day": texts.day(local_date(now, town.zone), "short"), "time": texts.clock(now, town.zone)}
    return {
        "title": f"{hall.name}, {when}",
        "kind": hall.name,
        "when": when,
        "town": town.name,
        "office": town.office_for(JOURNEY).name,
        "made": _("Stand: %(day)s, %(time)s") % made,
        "note": _("Vertraulich: mit Namen und Telefonnummern, nicht aushängen."),
        "empty": _("Nichts eingetragen"),
        "closed": _("Gesperrt"),
        "head": [_("Zeit"), _("Wer und was"), _("Teil"), _("Personen"), _("In der Halle"), _("Auflagen"), _("Türen")],
        "days": [
            {
                "title": ", ".join(word for word in (texts.day(each.day), each.off, each.opened) if word),
                "rows": [
                    [line.time, line.who or _("Gesperrt"), line.parts, line.persons, line.coach, line.note, line.doors]
                    for line in each.lines
                ],
            }
            for each in days
        ],
    }
