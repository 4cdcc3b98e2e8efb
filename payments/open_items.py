"""Open items: what is still to be paid, charge by charge, since when, and how far dunning has come with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.calendar.walls import local_date
from buchbar.payments import paying
from buchbar.payments.dunning import DunningNotice
from buchbar.payments.models import Charge, Payment, Refund
from buchbar.payments.rules import rules_of
from buchbar.payments.settling import Settled, settlements

# So many bookings are asked about at once: databases limit the parameters of a question.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class OpenItem:
    """A charge of which something is still to be paid; amounts in cents.

    ``due`` is what is owed for it after credit notes, ``paid`` what came and stayed. ``on_its_way`` is the way by
    which a payment for its booking is on its way at a bank; empty for none. ``notice`` is the last dunning letter.
    """

    charge: Charge
    due: int
    paid: int
    open: int
    due_on: date
    on_its_way: str = ""
    notice: DunningNotice | None = None

    @property
    def level(self) -> int:
        """How far dunning has come: 0 for nobody was reminded yet."""
        return self.notice.level if self.notice else 0

    @property
    def pay_by(self) -> date:
        """By when it is to be paid at last: the due date, or what the last letter says."""
        return max(self.due_on, self.notice.pay_by) if self.notice else self.due_on

    def days_overdue(self, today: date) -> int:
        """For how many days it should have been paid; 0 for what isn't due yet."""
        return max(0, (today - self.due_on).days)

    def stopped(self, today: date) -> bool:
        """Whether nobody shall be reminded of it today; the stop's last day belongs to it."""
        return self.charge.stopped_until is not None and self.charge.stopped_until >= today


def open_items(session: Session, municipality_id: UUID, zone: ZoneInfo, ids: Sequence[UUID]) -> list[OpenItem]:
    """What is open of these bookings of the town, the longest due first; in a number of queries that grows only with
    every thousand bookings."""
    due_days = rules_of(session, municipality_id).due_days
    found = [item for some in _chunks(ids) for item in _of(session, municipality_id, zone, due_days, some)]
    return sorted(found, key=lambda item: (item.due_on, item.charge.charged_at, item.charge.reference))


def waiting_refunds(session: Session, municipality_id: UUID) -> list[Refund]:
    """Money that is to go back and hasn't arrived yet, the oldest first."""
    theirs = select(Payment.id).where(Payment.municipality_id == municipality_id)
    wanted = select(Refund).where(Refund.payment_id.in_(theirs), Refund.state.in_(("wanted", "failed")))
    in_order = wanted.order_by(Refund.wanted_at, Refund.id).options(joinedload(Refund.payment))
    return list(session.scalars(in_order))


def due_on(charge: Charge, due_days: int, zone: ZoneInfo) -> date:
    """When a charge is due; charges from before there were due dates, so many days after they were made."""
    return charge.due_on or local_date(charge.charged_at, zone) + timedelta(days=due_days)


def _of(
    session: Session, municipality_id: UUID, zone: ZoneInfo, due_days: int, ids: Sequence[UUID]
) -> Iterator[OpenItem]:
    settled = {each.id: each for one in settlements(session, ids).values() for each in one.charges if each.open > 0}
    charges = select(Charge).where(Charge.municipality_id == municipality_id, Charge.booking_id.in_(ids))
    notices, ways = _last_notices(session, ids), paying.under_way(session, ids)
    for charge in session.scalars(charges):
        if (sums := settled.get(charge.id)) is not None:
            due = due_on(charge, due_days, zone)
            yield _item(charge, sums, due, ways.get(charge.booking_id, ""), notices.get(charge.id))


def _item(charge: Charge, sums: Settled, due: date, way: str, notice: DunningNotice | None) -> OpenItem:
    return OpenItem(charge, sums.due, sums.due - sums.open, sums.open, due, way, notice)


def _last_notices(session: Session, ids: Collection[UUID]) -> dict[UUID, DunningNotice]:
    theirs = select(DunningNotice).join(Charge, Charge.id == DunningNotice.charge_id).where(Charge.booking_id.in_(ids))
    return {notice.charge_id: notice for notice in session.scalars(theirs.order_by(DunningNotice.level))}


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
