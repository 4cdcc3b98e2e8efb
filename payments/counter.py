"""Money at the counter, in cash or at the card terminal: what is booked, numbered, taken back and given back.

What a payment means for its booking is booking/at_counter.py's business; the till's own is cash_book.py's.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.payments import cash_book, ledger
from buchbar.payments.ledger import Owing
from buchbar.payments.models import Payment, Refund, Reversal

AT_COUNTER = ("cash", "terminal")


def book(session: Session, booking: Owing, payment_id: UUID, cents: int, how: str, at: datetime, by: str) -> Payment:
    """Write down that somebody has paid at the counter. The caller has locked the booking, and gives a receipt at the
    end of all (``number``)."""
    made = Payment(
        id=payment_id,
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        cents=cents,
        state="paid",
        provider=how,
        started_at=at,
        expires_at=at,
        settled_at=at,
        taken_by=by,
    )
    session.add(made)
    session.flush()
    return made


def number(session: Session, payment: Payment, day: date, at: datetime) -> None:
    """Give the payment its receipt's number, without gaps in a town's year: Q2026-000123, so that nobody takes it for a
    notice's.

    The last thing to do: whoever stands in the till's line must not wait for anything else, or two would wait for each
    other. Raises Refused where the till has been closed since.
    """
    cash_book.stand_in_line(session, payment.municipality_id, at)
    before = select(func.max(Payment.receipt)).where(
        Payment.municipality_id == payment.municipality_id, Payment.receipt.like(f"Q{day.year}-%")
    )
    last = session.scalar(before)
    payment.receipt = f"Q{day.year}-{int(last.partition('-')[2]) + 1 if last else 1:06d}"
    session.flush()


def taken(session: Session, booking_id: UUID) -> list[tuple[Payment, bool]]:
    """What was paid for a booking at the counter, the oldest first, and whether it was taken back since."""
    rows = session.execute(
        select(Payment, Reversal.id)
        .outerjoin(Reversal, (Reversal.payment_id == Payment.id) & (Reversal.kind == "undone"))
        .where(Payment.booking_id == booking_id, Payment.provider.in_(AT_COUNTER))
        .order_by(Payment.settled_at, Payment.receipt)
    )
    return [(payment, undone is not None) for payment, undone in rows]


def undo(session: Session, payment: Payment, reason: str, at: datetime, by: str) -> int:
    """Take back what was booked by mistake; how many cents, 0 if it was taken back already. The caller has locked the
    booking, and stands in the till's line."""
    return ledger.reverse(
        session, payment, "undone", f"undone:{payment.id}", ledger.left_of(session, payment), at, reason=reason, by=by
    )


def pay_out(session: Session, refund: Refund, at: datetime, by: str) -> int:
    """Write down that money was given back at the counter; how many cents, 0 if it was written down already. The caller
    has locked the booking, and stands in the till's line."""
    session.refresh(refund, with_for_update=True)
    if refund.state == "done":
        return 0
    refund.state, refund.done_at, refund.paid_out_by = "done", at, by
    session.flush()
    return refund.cents
