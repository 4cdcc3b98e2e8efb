"""How much of the halls is used: hours that are open, booked and closed, by hall and part, in time, by time of day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.sheets import Cell
from buchbar.base.texts import _
from buchbar.booking import queries
from buchbar.booking.claims import LONGEST
from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.models import Booking, Claim
from buchbar.booking.statistics_tables import Table
from buchbar.calendar.months import monday_of
from buchbar.calendar.spans import Span, intersect, merge
from buchbar.calendar.walls import days_span, local, local_date

BAND = 2  # hours
WEEKS = 92  # up to so many days are told by weeks, longer periods by months
_NOTHING = timedelta(0)


@dataclass(slots=True)
class Hours:
    """Hours of one or several parts: open to all, booked within that, closed by the office within that; ``school``:
    booked in the hours that belong to schools."""

    opened: timedelta = _NOTHING
    booked: timedelta = _NOTHING
    closed: timedelta = _NOTHING
    school: timedelta = _NOTHING

    def add(self, other: "Hours") -> None:
        self.opened += other.opened
        self.booked += other.booked
        self.closed += other.closed
        self.school += other.school

    @property
    def percent(self) -> float | None:
        """What share of what is open, and not closed, is booked."""
        left = self.opened - self.closed
        return round(100 * min(self.booked / left, 1.0), 1) if left > _NOTHING else None


@dataclass(slots=True)
class Used:
    """The figures of a period. ``by_band``: by weekday and the hour on the wall at which a band begins."""

    first: date
    last: date
    halls: Sequence[HallRules]
    by_part: dict[UUID, Hours] = field(default_factory=lambda: defaultdict(Hours))
    by_time: dict[date, Hours] = field(default_factory=lambda: defaultdict(Hours))
    by_band: dict[tuple[int, int], Hours] = field(default_factory=lambda: defaultdict(Hours))

    @property
    def by_weeks(self) -> bool:
        return (self.last - self.first).days <= WEEKS

    def time_of(self, day: date) -> date:
        """The first day of the week or month by which a day is counted."""
        return monday_of(day) if self.by_weeks else day.replace(day=1)


def of_period(session: Session, plan: HallPlan, halls: Sequence[HallRules], first: date, last: date) -> Used:
    """The figures from one day to another, both included, with one question to the database."""
    used = Used(first, last, halls)
    booked, closed = _taken(session, plan, halls, first, last)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for hall in halls:
        for day in days:
            opened = plan.opening(hall, day, "")
            _open(used, plan, hall, day, opened)
            for part_id in hall.part_ids:
                theirs, shut = booked.get((part_id, day), []), closed.get((part_id, day), [])
                if theirs or shut:
                    _busy(used, plan, part_id, day, opened, theirs, shut)
    return used


def _open(used: Used, plan: HallPlan, hall: HallRules, day: date, opened: Iterable[Span]) -> None:
    bands = _bands(plan, opened)
    many, length = len(hall.parts), sum((span.length for span in opened), _NOTHING)
    for part_id in hall.part_ids:
        used.by_part[part_id].opened += length
    used.by_time[used.time_of(day)].opened += many * length
    for band, part in bands.items():
        used.by_band[band].opened += many * part


def _busy(
    used: Used,
    plan: HallPlan,
    part_id: UUID,
    day: date,
    opened: Sequence[Span],
    booked: list[Span],
    closed: list[Span],
) -> None:
    inside, shut = intersect(booked, opened), intersect(closed, opened)
    hours = Hours(booked=_length(inside), closed=_length(shut))
    hours.school = _length(merge(booked)) - hours.booked
    used.by_part[part_id].add(hours)
    used.by_time[used.time_of(day)].add(hours)
    for band, part in _bands(plan, inside).items():
        used.by_band[band].booked += part
    for band, part in _bands(plan, shut).items():
        used.by_band[band].closed += part


def _taken(
    session: Session, plan: HallPlan, halls: Sequence[HallRules], first: date, last: date
) -> tuple[dict[tuple[UUID, date], list[Span]], dict[tuple[UUID, date], list[Span]]]:
    """What is booked and what is closed, by part and day."""
    ids = [part_id for hall in halls for part_id in hall.part_ids]
    whole = days_span(first, last, plan.zone)
    rows = session.execute(
        select(Claim.resource_id, Claim.starts_at, Claim.ends_at, Booking.starts_at, Booking.ends_at)
        .outerjoin(Booking, Booking.id == Claim.booking_id)
        .where(
            Claim.resource_id.in_(ids),
            Claim.starts_at > whole.start - LONGEST,
            Claim.starts_at < whole.end,
            Claim.ends_at > whole.start,
            Claim.closure_id.is_not(None) | Booking.state.in_(queries.STANDING),
        )
    )
    booked: dict[tuple[UUID, date], list[Span]] = defaultdict(list)
    closed: dict[tuple[UUID, date], list[Span]] = defaultdict(list)
    for part_id, claim_start, claim_end, start, end in rows:
        into = closed if start is None else booked
        span = Span(claim_start, claim_end) if start is None else Span(start, end)
        for day, piece in _by_day(plan, span):
            into[part_id, day].append(piece)
    return booked, closed


def _by_day(plan: HallPlan, span: Span) -> list[tuple[date, Span]]:
    """A span cut at midnight."""
    first, last = local_date(span.start, plan.zone), local_date(span.end, plan.zone)
    if first == last:
        return [(first, span)]
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    cut = ((day, intersect([span], [days_span(day, day, plan.zone)])) for day in days)
    return [(day, pieces[0]) for day, pieces in cut if pieces]


def _bands(plan: HallPlan, spans: Iterable[Span]) -> dict[tuple[int, int], timedelta]:
    """How long the spans lie in each band, by weekday and the band's first hour."""
    found: dict[tuple[int, int], timedelta] = defaultdict(timedelta)
    for span in spans:
        start = span.start
        while start < span.end:
            wall = local(start, plan.zone)
            into = timedelta(hours=wall.hour % BAND, minutes=wall.minute, seconds=wall.second)
            end = min(start + timedelta(hours=BAND) - into, span.end)
            found[wall.weekday(), wall.hour - wall.hour % BAND] += end - start
            start = end
    return found


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((span.length for span in spans), _NOTHING)


def tables(used: Used, only: HallRules | None) -> list[Table]:
    """By hall (or by part, where one hall is asked for), and in time."""
    return [_by_part(used, only) if only else _by_hall(used), _in_time(used)]


def _by_hall(used: Used) -> Table:
    rows = []
    for hall in used.halls:
        sums = Hours()
        for part_id in hall.part_ids:
            sums.add(used.by_part[part_id])
        rows.append((hall.name, sums))
    note = _("Stunden aller Teile zusammen: Eine ganze Halle mit drei Feldern zählt je Stunde dreifach.")
    return _table("hallen", _("Nach Hallen"), _("Halle"), rows, note)


def _by_part(used: Used, hall: HallRules) -> Table:
    rows = [(part.name, used.by_part[part.id]) for _number, part in sorted(hall.parts.items())]
    return _table("teile", _("Nach Teilen"), _("Teil"), rows)


def _in_time(used: Used) -> Table:
    weeks = used.by_weeks
    words = {day: texts.day(day, "short") if weeks else texts.month(day) for day in sorted(used.by_time)}
    rows = [(words[day], used.by_time[day]) for day in words]
    title, heading = (_("Nach Wochen"), _("Woche ab")) if weeks else (_("Nach Monaten"), _("Monat"))
    return _table("zeit", title, heading, rows)


def _table(key: str, title: str, heading: str, found: Sequence[tuple[str, Hours]], note: str = "") -> Table:
    columns = (
        (key, heading),
        ("open", _("Offen, Std.")),
        ("booked", _("Gebucht, Std.")),
        ("closed", _("Gesperrt, Std.")),
        ("percent", _("Auslastung in %")),
        ("school", _("Gebucht in der Schulzeit, Std.")),
    )
    sums = Hours()
    for _label, hours in found:
        sums.add(hours)
    rows: list[tuple[Cell, ...]] = [_row(label, hours) for label, hours in found]
    rows.append(_row(_("Zusammen"), sums))
    return Table(key, title, columns, rows, note=note)


def _row(label: str, hours: Hours) -> tuple[Cell, ...]:
    opened, booked, closed, school = (
        round(each.total_seconds() / 3600, 1) for each in (hours.opened, hours.booked, hours.closed, hours.school)
    )
    return label, opened, booked, closed, hours.percent, school


def by_band(used: Used) -> list[tuple[str, list[float | None]]]:
    """Rows of the table by time of day and weekday: "16–18 Uhr" with the share that is booked, Monday to Sunday."""
    hours = sorted({hour for (_weekday, hour), each in used.by_band.items() if each.opened})
    return [
        (
            _("%(first)d–%(last)d Uhr") % {"first": hour, "last": hour + BAND},
            [used.by_band[weekday, hour].percent if (weekday, hour) in used.by_band else None for weekday in range(7)],
        )
        for hour in hours
    ]


def weekdays() -> list[str]:
    """Monday to Sunday, short."""
    return [texts.weekday(date(2024, 1, 1) + timedelta(days=n), "EEE") for n in range(7)]
