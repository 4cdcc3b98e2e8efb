"""A payer's bank claims a payment back (a dispute): the money is gone at once, and comes back if the town wins.

Each dispute goes out once and comes back once at most, however often and in whatever order the messages come. An
inquiry, which takes no money yet, is only shown to a clerk (payments/inbox.py).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from buchbar.notices.outbox import NotYet
from buchbar.payments import ledger, paying
from buchbar.payments.models import Payment, Refund, Reversal

KIND = "disputed"
AWAY, BACK = "out", "back"


def taken(session: Session, payments: Sequence[Payment], dispute_id: str, cents: int, at: datetime) -> None:
    """Write down that the bank has taken ``cents`` of what was paid at once; the bookings are locked.

    Raises NotYet while the payment itself hasn't been told.
    """
    if any(payment.state != "paid" for payment in payments):
        raise NotYet("disputed before it was paid: the messages come out of order")
    if _booked(session, payments, dispute_id, AWAY):
        return
    for payment, share in _shares(session, payments, cents):
        _book(session, payment, f"{dispute_id}:{AWAY}", share, at)


def came_back(session: Session, payments: Sequence[Payment], dispute_id: str, cents: int, at: datetime) -> None:
    """Write down that the town has won: what the dispute took is here again. Raises NotYet as ``taken``."""
    taken(session, payments, dispute_id, cents, at)  # the message that says so may come after this one
    if _booked(session, payments, dispute_id, BACK):
        return
    for went in _booked(session, payments, dispute_id, AWAY):
        _book(session, went.payment, f"{dispute_id}:{BACK}", -went.cents, at)


def _shares(session: Session, payments: Sequence[Payment], cents: int) -> list[tuple[Payment, int]]:
    """Which of the payments that were made as one lose how much: first what hasn't gone back, also if it shall; then
    what the payer has had back, too."""
    here, gone = {}, {}
    for payment in payments:
        here[payment.id] = payment.cents - _sum(session, Reversal.cents, Reversal.payment_id == payment.id)
        gone[payment.id] = _sum(session, Refund.cents, Refund.payment_id == payment.id, Refund.state == "done")
    found: Counter[UUID] = Counter()
    for kept in (gone, {}):
        for payment in payments:
            share = min(cents, max(0, here[payment.id] - found[payment.id] - kept.get(payment.id, 0)))
            found[payment.id] += share
            cents -= share
    return [(payment, found[payment.id]) for payment in payments if found[payment.id]]


def _sum(session: Session, cents: InstrumentedAttribute[int], *where: ColumnElement[bool]) -> int:
    return int(session.scalar(select(func.coalesce(func.sum(cents), 0)).where(*where)) or 0)


def _booked(session: Session, payments: Sequence[Payment], dispute_id: str, way: str) -> list[Reversal]:
    ours = Reversal.payment_id.in_([payment.id for payment in payments])
    wanted = select(Reversal).where(ours, Reversal.kind == KIND, Reversal.key.startswith(f"{dispute_id}:{way}"))
    return list(session.scalars(wanted.order_by(Reversal.booking_id)))


def _book(session: Session, payment: Payment, key: str, cents: int, at: datetime) -> None:
    if payment.together_id:  # one dispute takes the money of several bookings, and each has a row of its own
        key = f"{key}:{payment.id}"
    book = partial(ledger.reverse, session, payment, KIND, key, cents, at)
    paying.upward("taken")(session, payment.booking_id, at, book)
