"""What happened in a period, read as few narrow rows: bookings, money, and who was on duty.

Nothing personal of the couples is read, so what has been forgotten still counts. Months, weekdays and hours are those
on the wall of the town: Python counts them, because the two databases know no common way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_
from buchbar.booking.models import OVER, Booking, BookingEvent, Claim
from buchbar.booking.queries import STANDING
from buchbar.calendar.months import add_months, month_end, months_from
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local
from buchbar.payments.ledger import CREDIT
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund
from buchbar.resources.models import Registrar, Resource

# By which day a booking belongs to a period.
BY = {"termin": N_("Tag der Trauung"), "eingang": N_("Tag des Eingangs")}
# A booking of which no more is known never was a reservation.
BEFORE_IT_STOOD = frozenset({"hold", "extend", "submit", "cancel", "expire", "forget"})
ENDING = ("cancel", "decline", "release")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, both included."""

    first: date
    last: date

    @property
    def months(self) -> list[date]:
        """Its months by their first days."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return months_from(self.first, count)

    @property
    def whole_months(self) -> bool:
        return self.first.day == 1 and self.last == month_end(self.last)

    @property
    def before(self) -> Self:
        """The period just before, as long: as many months where these are whole ones, else as many days."""
        last = self.first - timedelta(days=1)
        if self.whole_months:
            return type(self)(add_months(self.first, -len(self.months)), last)
        return type(self)(self.first - (self.last - self.first) - timedelta(days=1), last)

    def span(self, zone: ZoneInfo) -> Span:
        return days_span(self.first, self.last, zone)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one journey's bookings in one town, in a period and the one before, and by which day."""

    town: Municipality
    journey: str
    period: Period
    by: str
    now: datetime

    @property
    def column(self) -> ColumnElement[datetime]:
        return Booking.starts_at if self.by == "termin" else Booking.ranks_at  # type: ignore[return-value]

    @property
    def start(self) -> datetime:
        return self.period.span(self.town.zone).start

    @property
    def earlier(self) -> ColumnElement[bool]:
        """Whether a row belongs to the period before."""
        return case((self.column < self.start, True), else_=False)

    def rows(self) -> list[ColumnElement[bool]]:
        """The conditions of both periods' bookings."""
        return [
            Booking.municipality_id == self.town.id,
            Booking.journey == self.journey,
            self.column >= self.period.before.span(self.town.zone).start,
            self.column < self.period.span(self.town.zone).end,
        ]


@dataclass(slots=True)
class Seen:
    """A booking as statistics see it: moments as the town's wall shows them.

    ``state`` also knows "returned": a hold that was given back and never became a reservation. ``by`` is who ended it.
    """

    state: str
    by: str
    channel: str
    venue_id: UUID
    starts: datetime
    received: datetime
    earlier: bool

    @property
    def stands(self) -> bool:
        return self.state in STANDING

    @property
    def stood(self) -> bool:
        """Whether it ever was a reservation."""
        return self.stands or self.state in ("cancelled", "declined", "released")


@dataclass(frozen=True, slots=True)
class Fee:
    """What was asked for one position, and forgiven of it, in cents."""

    label: str
    vat: str
    asked: int = 0
    forgiven: int = 0
    left_before: int = 0

    @property
    def left(self) -> int:
        return self.asked - self.forgiven


@dataclass(frozen=True, slots=True)
class Load:
    """How much one registrar had to do: weddings, and hours with preparing and wrapping up, and on the way."""

    name: str
    count: int = 0
    before: int = 0
    work: timedelta = timedelta(0)
    way: timedelta = timedelta(0)


def bookings(session: Session, question: Question) -> list[Seen]:
    """The bookings of the period and of the one before."""
    zone = question.town.zone
    columns = (Booking.id, Booking.state, Booking.channel, Booking.resource_id, Booking.starts_at, Booking.ranks_at)
    rows = session.execute(select(*columns, Booking.hold_until, question.earlier).where(*question.rows())).all()
    endings = _endings(session, question)
    seen = []
    for booking_id, state, channel, venue_id, starts_at, received_at, hold_until, earlier in rows:
        stood, by = endings.get(booking_id, (False, ""))
        if state in ("held", "submitted") and hold_until is not None and hold_until <= question.now:
            state = "expired"
        elif state == "cancelled" and not stood:
            state = "returned"
        starts, received = local(starts_at, zone), local(received_at, zone)
        seen.append(Seen(state, by, channel, venue_id, starts, received, bool(earlier)))
    return seen


def _endings(session: Session, question: Question) -> dict[UUID, tuple[bool, str]]:
    """Of what has ended: whether it ever was a reservation, and who ended it."""
    told = (
        select(BookingEvent.booking_id, BookingEvent.verb, BookingEvent.by_kind)
        .join(Booking, Booking.id == BookingEvent.booking_id)
        .where(*question.rows(), Booking.state.in_(OVER), Booking.state != "expired")
        .order_by(BookingEvent.id)
    )
    endings: dict[UUID, tuple[bool, str]] = {}
    for booking_id, verb, by_kind in session.execute(told):
        stood, by = endings.get(booking_id, (False, ""))
        endings[booking_id] = (stood or verb not in BEFORE_IT_STOOD, by_kind if verb in ENDING else by)
    return endings


def fees(session: Session, question: Question) -> list[Fee]:
    """What the bookings owe, by position; what brings most comes first."""
    forgiven = Charge.kind.in_(("forgiven", "restored", CREDIT))
    position = (ChargeItem.label, ChargeItem.vat)
    earlier, gone = question.earlier.label("earlier"), case((forgiven, True), else_=False).label("gone")
    sums = (
        select(*position, earlier, gone, func.sum(ChargeItem.cents))
        .join(Charge, Charge.id == ChargeItem.charge_id)
        .join(Booking, Booking.id == Charge.booking_id)
        .where(*question.rows())
        .group_by(*position, "earlier", "gone")
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for label, vat, before, free, cents in session.execute(sums):
        amounts = found.setdefault((label, vat), {"asked": 0, "forgiven": 0, "left_before": 0})
        if before:
            amounts["left_before"] += int(cents)
        else:
            amounts["forgiven" if free else "asked"] += -int(cents) if free else int(cents)
    made = [Fee(label, vat, **amounts) for (label, vat), amounts in found.items()]
    return sorted(made, key=lambda fee: (-fee.left, fee.label, fee.vat))


def money(session: Session, question: Question) -> dict[str, tuple[int, int]]:
    """What was "paid" and "refunded" for the bookings, in cents: in this period, and in the one before."""
    earlier = question.earlier.label("earlier")
    paid = select(earlier, func.sum(Payment.cents)).join(Booking, Booking.id == Payment.booking_id)
    refunded = select(earlier, func.sum(Refund.cents)).join(Booking, Booking.id == Refund.booking_id)
    return {
        "paid": _both(session.execute(paid.where(*question.rows(), Payment.state == "paid").group_by("earlier"))),
        "refunded": _both(session.execute(refunded.where(*question.rows()).group_by("earlier"))),
    }


def _both(rows: Iterable[Any]) -> tuple[int, int]:
    sums = {bool(earlier): int(cents) for earlier, cents in rows}
    return sums.get(False, 0), sums.get(True, 0)


def load(session: Session, question: Question) -> list[Load]:
    """How much each registrar had to do at what took place or is to take place; who left long ago, only if anything."""
    found: dict[UUID, Load] = {}
    staff = select(Registrar.id, Registrar.name).where(Registrar.municipality_id == question.town.id)
    names = {row.id: row.name for row in session.execute(staff.order_by(Registrar.name))}
    times = (Claim.starts_at, Claim.ends_at, Claim.leaves_at, Claim.returns_at)
    duties = (
        select(Claim.resource_id, *times, question.earlier)
        .join(Booking, Booking.id == Claim.booking_id)
        .where(*question.rows(), Booking.state.in_(STANDING), Claim.resource_id.in_(names))
    )
    for registrar_id, start, end, leaves, returns, earlier in session.execute(duties):
        before = found.get(registrar_id) or Load(names[registrar_id])
        found[registrar_id] = (
            Load(before.name, before.count, before.before + 1, before.work, before.way)
            if earlier
            else Load(
                before.name,
                before.count + 1,
                before.before,
                before.work + (end - start),
                before.way + (((returns - leaves) - (end - start)) if leaves and returns else timedelta(0)),
            )
        )
    return sorted(found.values(), key=lambda each: (-each.count, each.name))


def venue_names(session: Session, town: Municipality) -> dict[UUID, str]:
    """What the town's venues are called, also those that are out of use."""
    rows = session.execute(select(Resource.id, Resource.name).where(Resource.municipality_id == town.id))
    return {row.id: row.name for row in rows}
