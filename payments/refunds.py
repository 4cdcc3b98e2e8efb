"""Money that goes back: sent by us, or noticed after somebody sent it in the provider's dashboard."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.notices.outbox import NotYet
from buchbar.payments.models import Payment, Refund

DASHBOARD = "dashboard"


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


def bounced(session: Session, provider_id: str) -> None:
    """Write down that the money didn't arrive; it is the booking's again until a clerk finds another way."""
    session.execute(update(Refund).where(Refund.refund_id == provider_id).values(state="failed"))


def failed(session: Session, refund_id: UUID, provider_id: str) -> None:
    """Write down that the provider couldn't send it."""
    session.execute(update(Refund).where(Refund.id == refund_id).values(state="failed", refund_id=provider_id))


def noticed(session: Session, payment_id: UUID, cents: int, at: datetime) -> int:
    """Write down what went back without our doing, if of a payment ``cents`` have gone back in all; how many cents.

    Sums are compared, so messages may come doubled and in any order. The caller has locked the booking. Raises NotYet
    while the payment itself hasn't been told.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.state != "paid":
        raise NotYet("refunded before it was paid: the messages come out of order")
    ours = select(func.coalesce(func.sum(Refund.cents), 0)).where(
        Refund.payment_id == payment_id, Refund.state != "failed"
    )
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
