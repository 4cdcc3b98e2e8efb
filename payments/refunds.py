"""Money that goes back: sent by us, or noticed after somebody sent it in the provider's dashboard."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.notices.outbox import NotYet
from buchbar.payments import paying
from buchbar.payments.models import Payment, Refund

DASHBOARD = "dashboard"
BY_HAND = "by hand"


def wanted(session: Session, refund_id: UUID) -> Refund | None:
    """A refund that is still to be sent, with its payment."""
    return session.scalar(
        select(Refund).options(joinedload(Refund.payment)).where(Refund.id == refund_id, Refund.state == "wanted")
    )


def taken_over(session: Session, refund_id: UUID, provider_id: str, at: datetime) -> None:
    """Write down that the provider sends it."""
    session.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state == "wanted")
        .values(state="done", refund_id=provider_id or None, done_at=at)
    )


def bounced(session: Session, payments: Sequence[Payment], provider_id: str) -> None:
    """Write down that the money didn't arrive: a clerk has to find another way, unless one has. Raises NotYet while it
    isn't written down yet under which name the provider sends it."""
    of_these = Refund.payment_id.in_([payment.id for payment in payments])
    known = session.scalars(select(Refund).where(of_these).with_for_update()).all()
    mine = [refund for refund in known if refund.refund_id == provider_id]
    if not mine and any(refund.state == "wanted" for refund in known):
        raise NotYet("a refund failed before it was known here: the messages come out of order")
    for refund in mine:
        if refund.state == "done" and refund.reason != BY_HAND:
            refund.state = "failed"


def by_hand(session: Session, refund_id: UUID, at: datetime) -> int:
    """Write down that a clerk has given it back another way; how many cents, 0 if it isn't owed (any more).

    The caller has locked the booking.
    """
    refund = session.get_one(Refund, refund_id, with_for_update=True, populate_existing=True)
    if refund.state == "done":
        return 0
    refund.state, refund.done_at, refund.reason = "done", at, BY_HAND
    session.flush()
    return refund.cents


def failed(session: Session, refund_id: UUID, provider_id: str) -> None:
    """Write down that the provider couldn't send it."""
    session.execute(update(Refund).where(Refund.id == refund_id).values(state="failed", refund_id=provider_id))


def gone(session: Session, payments: Sequence[Payment], cents: int) -> list[tuple[Payment, int]]:
    """Of which of the payments that were made as one how much has gone back, if of all of them ``cents`` have; only
    those of which more has gone back than is known here."""
    of_each = select(Refund.payment_id, func.sum(Refund.cents)).group_by(Refund.payment_id)
    found = session.execute(of_each.where(Refund.payment_id.in_([payment.id for payment in payments])))
    ours = {payment_id: int(known) for payment_id, known in found}
    beyond = cents - sum(ours.values())
    if beyond <= 0:
        return []
    return [(payment, ours.get(payment.id, 0) + share) for payment, share in paying.shares(session, payments, beyond)]


def noticed(session: Session, payment_id: UUID, cents: int, at: datetime) -> int:
    """Write down what went back without our doing, if of a payment ``cents`` have gone back in all; how many cents.

    Sums are compared, so messages may come doubled and in any order. What bounced counts among ours: the message that
    it was sent may come after, and who sends it again in the dashboard tells the desk. The caller has locked the
    booking. Raises NotYet while the payment itself hasn't been told.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.state != "paid":
        raise NotYet("refunded before it was paid: the messages come out of order")
    ours = select(func.coalesce(func.sum(Refund.cents), 0)).where(Refund.payment_id == payment_id)
    beyond = cents - int(session.scalar(ours) or 0)
    if beyond <= 0:
        return 0
    session.add(
        Refund(
            payment_id=payment_id,
            booking_id=payment.booking_id,
            cents=beyond,
            state="done",
            reason=DASHBOARD,
            wanted_at=at,
            done_at=at,
        )
    )
    session.flush()
    return beyond
