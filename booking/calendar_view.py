"""What the desk's calendar shows: who is where and when, on which venues and with whom on duty.

``entries`` reads it, in a number of queries that doesn't grow. The rest is pure: a day cut into pieces for the table
of a day, the hours of a day in words, the bookings of a month by day.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.booking import claims, queries
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.rules import opening
from buchbar.calendar.spans import Span, intersect, subtract
from buchbar.calendar.walls import at, day_span, local_date, wall_minutes
from buchbar.resources.models import Closure, Resource

HOUR = timedelta(hours=1)
# What a day shows at least, where nothing is open: from hour to hour.
FIRST, LAST = 9, 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking or, without one, a closure, on one resource. ``claim`` is the event with what is done before and after
    it, ``way`` the same with the way there and back; ``others`` are who or what else is on the booking."""

    resource_id: UUID
    span: Span
    claim: Span
    way: Span
    booking: Booking | None = None
    names: str = ""
    others: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A while of one resource's day: "event", what is done "before" and "after" it, the "way", "closure", "open" or
    "shut"."""

    kind: str
    span: Span
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece in the table of a day: in the column of this number, ``rows`` high."""

    piece: Piece
    column: int
    rows: int


@dataclass(frozen=True, slots=True)
class Row:
    """A while in which nothing begins and nothing ends; a cell for each column in which something begins with it."""

    span: Span
    minute: int
    cells: tuple[Cell, ...]

    @property
    def minutes(self) -> int:
        """How long it is."""
        return int(self.span.length.total_seconds()) // 60


def entries(session: Session, resources: Iterable[Resource], span: Span, now: datetime) -> list[Entry]:
    """All that takes up the resources in the span, in order; holds that have run out take up nothing."""
    found = session.execute(_standing([each.id for each in resources], span, now)).all()
    bookings = {row.Booking.id: row.Booking for row in found if row.Booking}
    names = queries.names_of(session, bookings.values())
    others = _others(session, bookings)
    return [_entry(row, names, others) for row in found]


def _standing(ids: Collection[UUID], span: Span, now: datetime) -> Select[Claim, Booking, Closure]:
    return (
        select(Claim, Booking, Closure)
        .outerjoin(Booking, Booking.id == Claim.booking_id)
        .outerjoin(Closure, Closure.id == Claim.closure_id)
        .where(*claims.overlapping(ids, span), or_(Claim.expires_at.is_(None), Claim.expires_at > now))
        .order_by(Claim.starts_at, Claim.id)
    )


def _others(session: Session, ids: Collection[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """All resources of the bookings, by booking: places first."""
    all_of = (
        select(Claim.booking_id, Resource.id, Resource.name)
        .join(Resource, Resource.id == Claim.resource_id)
        .where(Claim.booking_id.in_(ids))
        .order_by(Resource.kind.desc(), Resource.name)
    )
    by_booking: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    for booking_id, resource_id, name in session.execute(all_of):
        if booking_id:
            by_booking[booking_id].append((resource_id, name))
    return by_booking


def _entry(row: Any, names: dict[UUID, str], others: dict[UUID, list[tuple[UUID, str]]]) -> Entry:
    claim, booking, closure = row
    used = Span(claim.starts_at, claim.ends_at)
    way = Span(claim.leaves_at or used.start, claim.returns_at or used.end)
    if booking is None:
        return Entry(claim.resource_id, used, used, way, reason=closure.reason)
    with_it = tuple(name for resource_id, name in others[booking.id] if resource_id != claim.resource_id)
    event = Span(booking.starts_at, booking.ends_at)
    return Entry(claim.resource_id, event, used, way, booking, names.get(booking.id, ""), with_it)


def open_on(resource: Resource, day: date, town: Municipality) -> list[Span]:
    """When the resource is open (a registrar: on duty) on a day."""
    rules = [each.rule for each in resource.openings]
    exceptions = [each.exception for each in resource.exceptions]
    return opening(rules, exceptions, day, town.zone, town.land)


def hours(spans: Sequence[Span], zone: ZoneInfo) -> str:
    """Hours of one day in words: "9:00–12:00, 14:00–18:00"; empty for none."""
    return ", ".join(f"{_clock(each.start, zone)}–{_clock(each.end, zone, ends=True)}" for each in spans)


def _clock(moment: datetime, zone: ZoneInfo, ends: bool = False) -> str:
    bare = f"{moment.astimezone(zone):%H:%M}"
    return "24:00" if ends and bare == "00:00" else bare


def window(day: date, shown: Iterable[Span], zone: ZoneInfo) -> Span:
    """What a day's table shows: whole hours around all that is open or takes place."""
    whole = day_span(day, zone)
    inside = intersect(shown, [whole])
    first = min([FIRST * 60, *(wall_minutes(each.start, zone) for each in inside)]) // 60
    ends = [each.end for each in inside]
    last = max([LAST * 60, *(1440 if end == whole.end else wall_minutes(end, zone) for end in ends)])
    return Span(at(day, first * 60, zone), at(day, min(1440, -(-last // 60) * 60), zone))


def pieces(own: Sequence[Entry], opened: Sequence[Span], shown: Span) -> list[Piece]:
    """A resource's day, cut so that each moment lies in one piece."""
    made: list[Piece] = []
    busy = [each.claim for each in own]
    for each in own:
        kind = "event" if each.booking else "closure"
        made += _within(kind, [each.span], shown, each)
        if each.booking:
            made += _within("before", _between(each.claim.start, each.span.start), shown, each)
            made += _within("after", _between(each.span.end, each.claim.end), shown, each)
    for each in own:  # the way is needed only where nothing else is: who stays at a place doesn't drive in between
        ways = subtract([*_between(each.way.start, each.claim.start), *_between(each.claim.end, each.way.end)], busy)
        made += _within("way", ways, shown, each)
        busy += ways
    left = subtract([shown], busy)
    made += [Piece("open", span) for span in intersect(left, opened)]
    made += [Piece("shut", span) for span in subtract(left, opened)]
    return sorted(made, key=lambda piece: piece.span.start)


def _between(start: datetime, end: datetime) -> list[Span]:
    return [Span(start, end)] if start < end else []


def _within(kind: str, spans: Iterable[Span], shown: Span, entry: Entry) -> list[Piece]:
    return [Piece(kind, span, entry) for span in intersect(spans, [shown])]


def table(columns: Sequence[Sequence[Piece]], shown: Span, zone: ZoneInfo) -> list[Row]:
    """Columns of pieces as rows: one from each moment at which anything begins, and from each full hour."""
    moments = {shown.end, *(piece.span.start for column in columns for piece in column)}
    moments |= {shown.start + n * HOUR for n in range(int(shown.length / HOUR) + 1)}
    ordered = sorted(moment for moment in moments if shown.start <= moment <= shown.end)
    place = {moment: number for number, moment in enumerate(ordered)}
    starts = [{piece.span.start: piece for piece in column} for column in columns]
    rows = []
    for start, end in zip(ordered, ordered[1:], strict=False):
        begun = [(number, column[start]) for number, column in enumerate(starts) if start in column]
        cells = tuple(Cell(piece, number, place[piece.span.end] - place[start]) for number, piece in begun)
        rows.append(Row(Span(start, end), wall_minutes(start, zone), cells))
    return rows


def by_day(found: Iterable[Entry], zone: ZoneInfo) -> dict[date, list[Entry]]:
    """What takes place on each day: a booking once, however many of the chosen resources it takes; closures each."""
    days: dict[date, list[Entry]] = defaultdict(list)
    seen: set[tuple[date, UUID]] = set()
    for each in found:
        day = local_date(each.span.start, zone)
        if each.booking and (day, each.booking.id) in seen:
            continue
        if each.booking:
            seen.add((day, each.booking.id))
        days[day].append(each)
    for those in days.values():
        those.sort(key=lambda each: each.span.start)
    return days
