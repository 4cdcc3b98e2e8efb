"""What waits for the sports office's yes, side by side: by hall and day, with what else is near it and what its group
has already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Municipality
from buchbar.booking import queries
from buchbar.booking.halls import slot_form
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import slot_of
from buchbar.booking.models import Booking
from buchbar.booking.queries import STANDING, Row
from buchbar.calendar.months import monday_of
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local_date
from buchbar.payments import ledger

MOST = 60  # on one page, the oldest first: a clerk decides them one by one
NEAR = timedelta(hours=2)  # so near in time another booking of the hall is a neighbour
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another booking of the hall near a request; ``same``: at least for some of the same time, in other parts."""

    row: Row
    parts: str
    same: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """A request: which parts, for whom, what it costs in cents, and how many minutes this group has in that week
    beside it. ``typed``: its slot, as a form has it. ``more``: how many other dates of its series wait, too."""

    row: Row
    use: HallUse
    parts: str
    user_class: str
    cents: int
    has: timedelta
    neighbours: list[Neighbour]
    typed: dict[str, str]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """The requests for one hall on one day; who comes first by user class stands first."""

    hall: str
    day: date
    asking: list[Asking]


def waiting(session: Session, town: Municipality) -> tuple[list[Group], int]:
    """What the office has to agree to, and how many requests there are in all, in a number of queries that doesn't
    grow with them. Of a series only its first date is shown."""
    total, more = _first_of_each(session, town)
    theirs = session.scalars(queries.bookings(town).where(Booking.id.in_(more))).all()
    shown = sorted(queries.rows(session, theirs), key=lambda row: _place(row.booking, town))
    asking = _asking(session, town, shown, uses_of(session, theirs), more)
    groups = groupby(asking, key=lambda each: _hall_and_day(each.row.booking, town))
    return [Group(those[0].row.booking.resource.name, key[1], those) for key, those in _listed(groups)], total


def one(session: Session, town: Municipality, booking: Booking) -> Asking:
    """The same of one booking."""
    [row] = queries.rows(session, [booking])
    return _asking(session, town, [row], uses_of(session, [booking]), {})[0]


def uses_of(session: Session, bookings: Iterable[Booking]) -> dict[UUID, HallUse]:
    """What the bookings are for, by id."""
    ids = [booking.id for booking in bookings]
    return {use.booking_id: use for use in session.scalars(select(HallUse).where(HallUse.booking_id.in_(ids)))}


def _listed(groups: Iterable[tuple[tuple[str, date], Iterable[Asking]]]) -> list[tuple[tuple[str, date], list[Asking]]]:
    return [(key, list(those)) for key, those in groups]


def _first_of_each(session: Session, town: Municipality) -> tuple[int, dict[UUID, int]]:
    """How many requests wait; and of those to be shown, the single ones and the earliest date of each series, how many
    others of the series wait."""
    wait = and_(  # a hall has no owner: who asks, waits for the office
        Booking.municipality_id == town.id, Booking.journey == JOURNEY, Booking.state == "requested"
    )
    series = func.coalesce(HallUse.series_id, Booking.id)
    in_series = (
        select(
            Booking.id.label("id"),
            func.row_number().over(partition_by=series, order_by=(Booking.starts_at, Booking.id)).label("number"),
            func.count().over(partition_by=series).label("together"),
            func.min(Booking.ranks_at).over(partition_by=series).label("ranks_at"),
        )
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(wait)
        .subquery()
    )
    first = select(in_series.c.id, in_series.c.together).where(in_series.c.number == 1)
    oldest = session.execute(first.order_by(in_series.c.ranks_at, in_series.c.id).limit(MOST))
    total = session.scalar(select(func.count()).select_from(Booking).where(wait)) or 0
    return total, {booking_id: together - 1 for booking_id, together in oldest}


def _hall_and_day(booking: Booking, town: Municipality) -> tuple[str, date]:
    return booking.resource.name, local_date(booking.starts_at, town.zone)


def _place(booking: Booking, town: Municipality) -> tuple[date, str, int, datetime]:
    """By day and hall, then by the order of user classes, then who came first."""
    hall, day = _hall_and_day(booking, town)
    classes = list(USER_CLASSES)
    rank = classes.index(booking.user_class) if booking.user_class in classes else len(classes)
    return day, hall, rank, booking.received_at or booking.made_at


def _asking(
    session: Session, town: Municipality, rows: Sequence[Row], uses: dict[UUID, HallUse], more: dict[UUID, int]
) -> list[Asking]:
    rules = plan(session, town)
    owed = ledger.accounts(session, [row.booking.id for row in rows])
    has = _minutes_in_week(session, rules, rows, uses)
    near = _near(session, rules, rows)
    return [
        Asking(
            row=row,
            use=uses[row.booking.id],
            parts=parts_of(rules, row.booking, uses[row.booking.id]),
            user_class=USER_CLASSES.get(row.booking.user_class, row.booking.user_class),
            cents=owed[row.booking.id].owed if row.booking.id in owed else 0,
            has=has[row.booking.id],
            neighbours=near[row.booking.id],
            typed=slot_form.typed(slot_of(row.booking, uses[row.booking.id]), rules),
            more=more.get(row.booking.id, 0),
        )
        for row in rows
    ]


def hours(length: timedelta) -> str:
    """How long, in hours and minutes: "4:30"."""
    minutes = int(length.total_seconds()) // 60
    return f"{minutes // 60}:{minutes % 60:02d}"


def parts_of(rules: HallPlan, booking: Booking, use: HallUse) -> str:
    """What a booking's parts are called."""
    hall = rules.halls.get(booking.resource_id)
    return hall.named(use.parts) if hall else ""


def _near(session: Session, rules: HallPlan, rows: Sequence[Row]) -> dict[UUID, list[Neighbour]]:
    """The other bookings of the same halls near the requests, by request."""
    found: dict[UUID, list[Neighbour]] = {row.booking.id: [] for row in rows}
    if not rows:
        return found
    day = timedelta(days=1)
    around = [
        and_(
            Booking.resource_id == row.booking.resource_id,
            Booking.starts_at > row.booking.starts_at - NEAR - day,
            Booking.starts_at < row.booking.ends_at + NEAR,
            Booking.ends_at > row.booking.starts_at - NEAR,
        )
        for row in rows
    ]
    theirs = select(Booking).where(
        Booking.municipality_id == rules.town_id, Booking.journey == JOURNEY, Booking.state.in_(STANDING), or_(*around)
    )
    others = queries.rows(session, session.scalars(theirs.order_by(Booking.starts_at, Booking.id)).all())
    uses = uses_of(session, [other.booking for other in others])
    for row in rows:
        mine = Span(row.booking.starts_at, row.booking.ends_at)
        for other in others:
            its = Span(other.booking.starts_at, other.booking.ends_at)
            elsewhere = other.booking.resource_id != row.booking.resource_id or other.booking.id == row.booking.id
            if elsewhere or not its.overlaps(mine.widened(NEAR, NEAR)):
                continue
            parts = parts_of(rules, other.booking, uses[other.booking.id])
            found[row.booking.id].append(Neighbour(other, parts, its.overlaps(mine)))
    return found


def _minutes_in_week(
    session: Session, rules: HallPlan, rows: Sequence[Row], uses: dict[UUID, HallUse]
) -> dict[UUID, timedelta]:
    """How much of the week of each request its group has besides: the organisation, or the address for itself."""
    weeks = {row.booking.id: _week(rules, row.booking) for row in rows}
    found = {row.booking.id: timedelta(0) for row in rows}
    if not rows:
        return found
    organisations = {uses[row.booking.id].organisation_id for row in rows} - {None}
    addresses = {row.booking.email.lower() for row in rows} - {""}
    theirs = (
        select(Booking.id, Booking.starts_at, Booking.ends_at, Booking.email, HallUse.organisation_id)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(
            Booking.municipality_id == rules.town_id,
            Booking.journey == JOURNEY,
            Booking.state.in_(STANDING),
            Booking.starts_at >= min(week.start for week in weeks.values()),
            Booking.starts_at < max(week.end for week in weeks.values()),
            or_(HallUse.organisation_id.in_(organisations), func.lower(Booking.email).in_(addresses)),
        )
    )
    for other in session.execute(theirs):
        whose = _whose(other.organisation_id, other.email)
        for booking in (row.booking for row in rows):
            mine = whose == _whose(uses[booking.id].organisation_id, booking.email)
            if mine and other.id != booking.id and weeks[booking.id].contains(other.starts_at):
                found[booking.id] += other.ends_at - other.starts_at
    return found


def _whose(organisation_id: UUID | None, email: str) -> UUID | str:
    return organisation_id or email.lower()


def _week(rules: HallPlan, booking: Booking) -> Span:
    monday = monday_of(local_date(booking.starts_at, rules.zone))
    return days_span(monday, monday + _WEEK, rules.zone)
