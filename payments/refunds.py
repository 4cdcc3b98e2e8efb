"""Money that goes back: sent by us, or noticed after somebody sent it in the provider's dashboard."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from buchbar.notices.outbox import NotYet
from buchbar.payments import ledger
from buchbar.payments.models import Payment, Refund

DASHBOARD = "dashboard"
BY_HAND = "by hand"
# Why a refund that had gone is ours again.
BOUNCED = "bounced"
WITHDRAWN = "withdrawn"


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


def gone_for_good() -> ColumnElement[bool]:
    """The condition that a refund has gone, and hasn't come back since."""
    later = aliased(Refund)
    return (Refund.state == "done") & (Refund.cents > 0) & ~exists().where(later.follows_id == Refund.id)


def back(session: Session, refund: Refund, why: str, at: datetime) -> Refund:
    """Write down that what had gone is ours again, on a day of its own; what is to go in its place: ``failed``, for it
    can't go the same way. The caller has locked the booking."""
    came = Refund(
        id=uuid4(),
        payment_id=refund.payment_id,
        booking_id=refund.booking_id,
        cents=-refund.cents,
        state="done",
        reason=why,
        wanted_at=at,
        done_at=at,
        follows_id=refund.id,
    )
    session.add(came)
    session.flush()
    anew = Refund(
        id=uuid4(),
        payment_id=refund.payment_id,
        booking_id=refund.booking_id,
        cents=refund.cents,
        state="failed",
        reason=why,
        wanted_at=at,
        to_name=refund.to_name,
        follows_id=came.id,
    )
    session.add(anew)
    session.flush()
    return anew


def instead_of(session: Session, refund: Refund) -> Refund | None:
    """What is to go in the place of a refund that came back; None if it didn't, or if nothing is to go any more."""
    came = select(Refund.id).where(Refund.follows_id == refund.id).scalar_subquery()
    found = select(Refund).where(Refund.follows_id == came).with_for_update()
    return session.scalar(found.execution_options(populate_existing=True))


def bounced(session: Session, payments: Sequence[Payment], provider_id: str, cents: int, at: datetime) -> None:
    """Write down that the money didn't arrive: a clerk has to find another way. Raises NotYet while it isn't written
    down yet that it was sent, or under which name.

    What was sent in the dashboard has no name here: it is that of which as much has gone, or more, for several are
    noticed as one. The caller has locked the bookings.
    """
    of_these = select(Refund).where(Refund.payment_id.in_([payment.id for payment in payments]))
    named = session.scalar(of_these.where(Refund.refund_id == provider_id))
    if named:
        if session.scalar(select(Refund.id).where(Refund.id == named.id, Refund.reason != BY_HAND, gone_for_good())):
            back(session, named, BOUNCED, at)
        return
    if session.scalar(of_these.where(Refund.state == "wanted").limit(1)):
        raise NotYet("a refund failed before it was known here: the messages come out of order")
    nameless = of_these.where(gone_for_good(), Refund.refund_id.is_(None), Refund.reason != BY_HAND)
    fits = (Refund.cents == cents) | (Refund.cents > cents) & (Refund.reason == DASHBOARD)
    sent = session.scalar(nameless.where(fits).order_by(Refund.cents, Refund.done_at, Refund.id).limit(1))
    if sent is None:
        raise NotYet("a refund failed of which nobody knows yet that it was sent: the messages come out of order")
    sent.refund_id = provider_id
    anew = back(session, sent, BOUNCED, at)
    if sent.cents > cents:  # what has been exported stays: all of it comes back, and what has arrived goes anew
        anew.cents = cents
        session.add(_by_dashboard(sent.payment, sent.cents - cents, at))
    session.flush()


def _by_dashboard(payment: Payment, cents: int, at: datetime) -> Refund:
    """What of a payment went in the provider's dashboard."""
    return Refund(
        payment_id=payment.id,
        booking_id=payment.booking_id,
        cents=cents,
        state="done",
        reason=DASHBOARD,
        wanted_at=at,
        done_at=at,
    )


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
    """Write down that the provider hasn't sent it and won't; ``provider_id`` is empty where it never began to."""
    session.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.state == "wanted")
        .values(state="failed", refund_id=provider_id or None)
    )


def gone(session: Session, payments: Sequence[Payment], cents: int) -> list[tuple[Payment, int]]:
    """Of which of the payments that were made as one how much has gone back, if of all of them ``cents`` have; only
    those of which more has gone back than is known here. Raises NotYet while nobody knows whether what is beyond that
    is what we are sending."""
    of_these = Refund.payment_id.in_([payment.id for payment in payments])
    # Looked up first: what is written down as sent after that is among what is summed.
    unsent = session.scalar(select(Refund.id).where(of_these, Refund.state == "wanted").limit(1))
    of_each = select(Refund.payment_id, func.sum(Refund.cents)).where(of_these, _told()).group_by(Refund.payment_id)
    ours = {payment_id: int(known) for payment_id, known in session.execute(of_each)}
    beyond = cents - sum(ours.values())
    if beyond <= 0:
        return []
    if unsent:
        raise NotYet("one of our refunds is on its way, and may be what this message tells of")
    return [(payment, ours.get(payment.id, 0) + share) for payment, share in _shares(session, payments, beyond)]


def _shares(session: Session, payments: Sequence[Payment], cents: int) -> list[tuple[Payment, int]]:
    """Of which of the payments that were made as one how much has gone back, if ``cents`` of them have: first what the
    provider wouldn't send for us, then all that is left of one after the other; what is beyond that is the last's."""
    found: Counter[UUID] = Counter()
    of_these = Refund.payment_id.in_([payment.id for payment in payments])
    refused = select(Refund.payment_id, func.sum(Refund.cents)).where(of_these, Refund.state == "failed", ~_told())
    known = dict(session.execute(refused.group_by(Refund.payment_id)).all())
    rooms = [(payment, int(known.get(payment.id, 0))) for payment in payments]
    for payment, room in [*rooms, *((payment, ledger.left_of(session, payment)) for payment in payments)]:
        share = min(cents, max(0, room))
        found[payment.id] += share
        cents -= share
    found[payments[-1].id] += cents
    return [(payment, found[payment.id]) for payment in payments if found[payment.id]]


def noticed(session: Session, payment_id: UUID, cents: int, at: datetime) -> int:
    """Write down what went back without our doing, if of a payment ``cents`` have gone back in all; how many cents.
    What of ours the provider has refused for that reason is forgotten: ``lifecycle.give_back`` sends what is left.

    Sums are compared, so messages may come doubled and in any order. What bounced counts among ours: the message that
    it was sent may come after, and who sends it again in the dashboard tells the desk. The caller has locked the
    booking. Raises NotYet while the payment itself hasn't been told.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True, populate_existing=True)
    if payment.state != "paid":
        raise NotYet("refunded before it was paid: the messages come out of order")
    ours = select(func.coalesce(func.sum(Refund.cents), 0)).where(Refund.payment_id == payment_id, _told())
    beyond = cents - int(session.scalar(ours) or 0)
    if beyond <= 0:
        return 0
    session.add(_by_dashboard(payment, beyond, at))
    ledger.keep_what_has_gone(session, payment)
    return beyond


def _told() -> ColumnElement[bool]:
    """The condition that the provider tells of a refund: it has sent it, or begun to, and it may have come back since.
    What it never began to send a clerk may have given back another way."""
    begun = Refund.refund_id.is_not(None) | Refund.follows_id.is_not(None)
    return begun | (Refund.state == "done") & (Refund.reason != BY_HAND)
