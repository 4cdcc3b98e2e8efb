"""What is still to be paid of many dates, as one letter says it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.booking.models import Booking
from buchbar.calendar.deadlines import last_day
from buchbar.payments.open_items import OpenItem, open_items
from buchbar.payments.reference import grouped
from buchbar.payments.rules import MoneyRules, rules_of


@dataclass(frozen=True, slots=True)
class Due:
    """What is open of a date, in cents; ``until`` when, where there is a last day; the signs by which it is known."""

    cents: int
    until: date | None
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToPay:
    """What is open of dates, by booking. ``first``: some are firm only when they are paid. ``how`` is the policy's
    payment, ``rules`` are the town's ways to pay."""

    dues: dict[UUID, Due]
    first: bool
    how: str
    rules: MoneyRules

    @property
    def cents(self) -> int:
        """All of it."""
        return sum(due.cents for due in self.dues.values())

    @property
    def iban(self) -> str:
        """The town's account number in groups of four."""
        return grouped(self.rules.iban)

    @property
    def by_transfer(self) -> bool:
        """Whether it can be transferred."""
        return "transfer" in self.rules.ways and bool(self.rules.payee and self.rules.iban)


def to_pay(session: Session, bookings: Sequence[Booking]) -> ToPay | None:
    """What is open of the dates that stand and that everybody has agreed to, and isn't on its way at a bank; None for
    nothing. In a number of queries that doesn't grow with them."""
    standing = {booking.id: booking for booking in bookings if booking.state in ("payable", "confirmed")}
    if not standing:
        return None
    one = next(iter(standing.values()))
    town, dues = one.municipality, dict[UUID, Due]()
    for item in open_items(session, town.id, town.zone, list(standing)):
        if not item.on_its_way:
            dues[item.charge.booking_id] = _with(dues.get(item.charge.booking_id), standing, item)
    first = any(standing[booking_id].state == "payable" for booking_id in dues)
    return ToPay(dues, first, one.terms.payment, rules_of(session, town.id)) if dues else None


def _with(known: Due | None, standing: dict[UUID, Booking], item: OpenItem) -> Due:
    if known:
        return replace(known, cents=known.cents + item.open, signs=(*known.signs, item.charge.sign))
    booking = standing[item.charge.booking_id]
    until = item.pay_by if booking.terms.payment == "later" else None
    if booking.deadline_at and booking.state == "payable":
        until = last_day(booking.deadline_at, booking.municipality.zone)
    return Due(item.open, until, (item.charge.sign,))
