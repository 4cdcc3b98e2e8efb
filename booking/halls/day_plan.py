"""What the desk's plans of halls show: who is where and when, of all parts on one day, of one hall in a week.

Read in a number of queries that grows neither with the bookings nor with the halls.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking import calendar_view
from buchbar.booking.calendar_view import Entry, Piece
from buchbar.booking.halls.plan import HallPlan, HallRules, PartRules
from buchbar.calendar.spans import Span, intersect, subtract
from buchbar.calendar.walls import MINUTES_A_DAY, at, days_span, local_date, wall_minutes
from buchbar.resources.halls import HallPart

QUARTER, FINEST = timedelta(minutes=15), timedelta(minutes=5)
HOUR = timedelta(hours=1)
# In minutes on the wall: when the table begins for what is open by night, and what it shows where nothing is open.
MORNING, FIRST, LAST = 6 * 60, 8 * 60, 22 * 60


@dataclass(frozen=True, slots=True)
class Cell:
    """A while of a part's day: a piece as of a calendar, or "school", as many columns wide."""

    kind: str
    span: Span
    entry: Entry | None
    columns: int


@dataclass(frozen=True, slots=True)
class Row:
    """A part's day in the table."""

    part: PartRules
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class HallDay:
    """A hall's day: rows for the table, and for narrow screens each entry once, with the parts that it takes."""

    hall: HallRules
    rows: tuple[Row, ...]
    listed: tuple[tuple[Entry, str], ...]
    opened: str


@dataclass(frozen=True, slots=True)
class DayTable:
    """The day of several halls: full hours as (the hour on the wall, columns)."""

    hours: tuple[tuple[str, int], ...]
    halls: tuple[HallDay, ...]


def entries(
    session: Session, plan: HallPlan, halls: Iterable[HallRules], first: date, last: date, now: datetime
) -> list[Entry]:
    """All that takes up parts of these halls from one day to another, in order."""
    ids = [part_id for hall in halls for part_id in hall.part_ids]
    parts = session.scalars(select(HallPart).where(HallPart.municipality_id == plan.town_id, HallPart.id.in_(ids)))
    return calendar_view.entries(session, parts.all(), days_span(first, last, plan.zone), now)


def of_day(plan: HallPlan, halls: Sequence[HallRules], day: date, found: Sequence[Entry]) -> DayTable:
    """The table of a day."""
    own: dict[UUID, list[Entry]] = defaultdict(list)
    for each in found:
        own[each.resource_id].append(each)
    opened = {hall.id: plan.opening(hall, day, "office") for hall in halls}
    booked = [each.claim for each in found if each.booking]
    shown = _window(plan, day, booked, [span for spans in opened.values() for span in spans])
    cut = {
        part.id: _with_school(plan, hall, day, calendar_view.pieces(own[part.id], opened[hall.id], shown))
        for hall in halls
        for part in hall.parts.values()
    }
    unit = _unit(shown, cut.values())
    return DayTable(
        _hours(plan, shown, unit),
        tuple(
            HallDay(
                hall,
                tuple(Row(part, _cells(cut[part.id], shown, unit)) for part in _in_order(hall)),
                tuple(_once(hall, own)),
                calendar_view.hours(plan.opening(hall, day, ""), plan.zone),
            )
            for hall in halls
        ),
    )


def by_part_and_day(plan: HallPlan, found: Iterable[Entry]) -> dict[tuple[UUID, date], list[Entry]]:
    """The entries of a week, by part and by the day on which they begin."""
    cells: dict[tuple[UUID, date], list[Entry]] = defaultdict(list)
    for each in found:
        cells[each.resource_id, local_date(each.span.start, plan.zone)].append(each)
    return cells


def _window(plan: HallPlan, day: date, booked: Sequence[Span], opened: Sequence[Span]) -> Span:
    """Whole hours from when the first hall opens until the last one closes, and around all that is booked. A hall that
    is open by night begins with the morning: a day stays wide enough to be read."""
    whole = days_span(day, day, plan.zone)
    shown = intersect(booked, [whole]) + intersect(opened, [Span(at(day, MORNING, plan.zone), whole.end)])
    if not shown:
        return Span(at(day, FIRST, plan.zone), at(day, LAST, plan.zone))
    first = wall_minutes(min(span.start for span in shown), plan.zone)
    end = max(span.end for span in shown)
    last = MINUTES_A_DAY if end == whole.end else wall_minutes(end, plan.zone)
    return Span(at(day, first // 60 * 60, plan.zone), at(day, min(-(-last // 60) * 60, MINUTES_A_DAY), plan.zone))


def _in_order(hall: HallRules) -> list[PartRules]:
    """The fields, then the side rooms."""
    return sorted(hall.parts.values(), key=lambda part: (part.side, part.number))


def _with_school(plan: HallPlan, hall: HallRules, day: date, pieces: Sequence[Piece]) -> list[Piece]:
    """What is free for schools only is told apart."""
    for_all = plan.opening(hall, day, "")
    made = []
    for piece in pieces:
        if piece.kind != "open":
            made.append(piece)
            continue
        made += [Piece("open", span) for span in intersect([piece.span], for_all)]
        made += [Piece("school", span) for span in subtract([piece.span], for_all)]
    return sorted(made, key=lambda piece: piece.span.start)


def _unit(shown: Span, cut: Iterable[Sequence[Piece]]) -> timedelta:
    """A column is a quarter of an hour, or five minutes where something begins in between."""
    moments = (piece.span.start - shown.start for pieces in cut for piece in pieces)
    return FINEST if any(moment % QUARTER for moment in moments) else QUARTER


def _cells(pieces: Sequence[Piece], shown: Span, unit: timedelta) -> tuple[Cell, ...]:
    """Pieces as wide as they last; what is shorter than a column has one, and the next one begins later."""
    cells, column = [], 0
    for piece in pieces:
        end = max(round((piece.span.end - shown.start) / unit), column + (1 if piece.entry else 0))
        if end > column:
            cells.append(Cell(piece.kind, piece.span, piece.entry, end - column))
            column = end
    return tuple(cells)


def _hours(plan: HallPlan, shown: Span, unit: timedelta) -> tuple[tuple[str, int], ...]:
    starts = [shown.start + n * HOUR for n in range(-(-int(shown.length.total_seconds()) // 3600))]
    return tuple(
        (f"{start.astimezone(plan.zone):%H:%M}", round((min(start + HOUR, shown.end) - start) / unit))
        for start in starts
    )


def _once(hall: HallRules, own: dict[UUID, list[Entry]]) -> list[tuple[Entry, str]]:
    """Each booking, and each closure of the same time and reason, once, with its parts in words."""
    numbers: dict[object, list[int]] = defaultdict(list)
    first: dict[object, Entry] = {}
    for part in _in_order(hall):
        for each in own.get(part.id, []):
            key = each.booking.id if each.booking else (each.span, each.reason)
            numbers[key].append(part.number)
            first.setdefault(key, each)
    ordered = sorted(first.items(), key=lambda item: (item[1].span.start, numbers[item[0]]))
    return [(entry, hall.named(numbers[key])) for key, entry in ordered]
