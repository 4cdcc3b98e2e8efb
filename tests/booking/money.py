"""Paying in tests: the row that the provider's message would write, and the verb."""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from buchbar.booking import lifecycle
from buchbar.booking.events import PROVIDER
from buchbar.booking.models import Booking
from buchbar.payments import ledger
from buchbar.payments.models import Payment


def pay(session: Session, booking: Booking, at: datetime, cents: int | None = None) -> Payment:
    """So many cents come in, or all that is open."""
    lifecycle.lock(session, booking)
    payment = Payment(
        id=uuid4(),
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        cents=cents or ledger.account(session, booking.id).open,
        state="paid",
        started_at=at,
        expires_at=at + timedelta(hours=1),
        settled_at=at,
    )
    session.add(payment)
    lifecycle.pay(session, booking, at, PROVIDER, payment.cents)
    return payment
