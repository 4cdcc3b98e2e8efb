"""A month of a town's books: what was owed, received and given back, and that it leads from one balance to the next.

The balance is what citizens still owe, less what is owed to them. Money counts on the day on which it moved: a refund
when it was sent, not when it was wanted. Amounts are cents.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select, union_all
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.calendar.months import month_end
from buchbar.calendar.walls import days_span
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund, Reversal
from buchbar.payments.refunds import BY_HAND

# A way back that isn't the payment's own: a clerk has found another one.
OTHER_WAY = "hand"


@dataclass(frozen=True, slots=True)
class Movements:
    """What moved in a time; ``received``, ``returned`` and ``reversed`` by way ("stripe", "transfer", …)."""

    charged: int
    credited: int
    received: dict[str, int]
    returned: dict[str, int]
    reversed: dict[str, int]

    @property
    def change(self) -> int:
        """What it makes of the balance."""
        gone = sum(self.returned.values()) + sum(self.reversed.values())
        return self.charged - self.credited - sum(self.received.values()) + gone


@dataclass(frozen=True, slots=True)
class Statement:
    """A month. ``open`` and ``surplus`` are counted booking by booking, not carried forward: at the month's end so
    much was to be paid, and so much to be given back."""

    first: date
    opening: int
    moved: Movements
    open: int
    surplus: int

    @property
    def closing(self) -> int:
        """The balance at the end, carried forward."""
        return self.opening + self.moved.change

    @property
    def adds_up(self) -> bool:
        """Whether what was carried forward is what the bookings' own accounts say."""
        return self.closing == self.open - self.surplus


def statement(session: Session, town: Municipality, first: date) -> Statement:
    """The month that begins with this day, by the town's clock."""
    span = days_span(first, month_end(first), town.zone)
    before = _movements(session, town.id, None, span.start)
    moved = _movements(session, town.id, span.start, span.end)
    balances = _balances(session, town.id, span.end)
    return Statement(
        first=first,
        opening=before.change,
        moved=moved,
        open=sum(cents for cents in balances if cents > 0),
        surplus=-sum(cents for cents in balances if cents < 0),
    )


def first_month(session: Session, town: Municipality) -> date | None:
    """The month of the town's first charge; None while there is none."""
    first = session.scalar(select(func.min(Charge.charged_at)).where(Charge.municipality_id == town.id))
    return first.astimezone(town.zone).date().replace(day=1) if first else None


def _movements(session: Session, town_id: UUID, since: datetime | None, until: datetime) -> Movements:
    def within(moment: Any) -> Any:
        return (moment < until) & (moment >= since) if since else moment < until

    def by_way(wanted: Select[str, int]) -> dict[str, int]:
        return {way: int(cents) for way, cents in session.execute(wanted.group_by("way")) if cents}

    each = _charges(town_id).where(within(Charge.charged_at)).subquery()
    positive = func.sum(case((each.c.cents > 0, each.c.cents), else_=0))
    negative = func.sum(case((each.c.cents < 0, -each.c.cents), else_=0))
    charged, credited = session.execute(select(func.coalesce(positive, 0), func.coalesce(negative, 0))).one()
    way = Payment.provider.label("way")
    came = _payments(town_id).with_only_columns(way, func.sum(Payment.cents))
    back = case((Refund.reason == BY_HAND, OTHER_WAY), else_=Payment.provider)
    went = _refunds(town_id).with_only_columns(back.label("way"), func.sum(Refund.cents))
    lost = _reversals(town_id).with_only_columns(way, func.sum(Reversal.cents))
    return Movements(
        charged=int(charged),
        credited=int(credited),
        received=by_way(came.where(within(Payment.settled_at))),
        returned=by_way(went.where(within(Refund.done_at))),
        reversed=by_way(lost.where(within(Reversal.at))),
    )


def _balances(session: Session, town_id: UUID, until: datetime) -> list[int]:
    """What each booking owes, or below zero what is owed to it, before a moment."""
    moves = union_all(
        _charges(town_id).where(Charge.charged_at < until),
        _payments(town_id).with_only_columns(Payment.booking_id, -Payment.cents).where(Payment.settled_at < until),
        _refunds(town_id).with_only_columns(Refund.booking_id, Refund.cents).where(Refund.done_at < until),
        _reversals(town_id).with_only_columns(Reversal.booking_id, Reversal.cents).where(Reversal.at < until),
    ).subquery()
    booking, cents = moves.c
    return [int(total) for total in session.scalars(select(func.sum(cents)).group_by(booking))]


def _charges(town_id: UUID) -> Select[UUID, int]:
    """Each charge with its sum."""
    total = select(Charge.booking_id, func.sum(ChargeItem.cents).label("cents")).join(Charge.items)
    return total.where(Charge.municipality_id == town_id).group_by(Charge.id)


def _payments(town_id: UUID) -> Select[Payment]:
    return select(Payment).where(Payment.municipality_id == town_id, Payment.state == "paid")


def _refunds(town_id: UUID) -> Select[Refund]:
    sent = Payment.municipality_id == town_id, Refund.state == "done"
    return select(Refund).join(Payment, Payment.id == Refund.payment_id).where(*sent)


def _reversals(town_id: UUID) -> Select[Reversal]:
    ours = Payment.municipality_id == town_id
    return select(Reversal).join(Payment, Payment.id == Reversal.payment_id).where(ours)
