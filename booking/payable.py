"""When a booking can be paid online: the page's button and the server ask the same question."""

from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.booking import lifecycle, steps
from buchbar.booking.models import Booking
from buchbar.payments import paying
from buchbar.payments.models import Payment

ONLINE = ("optional", "required")


def why_not(booking: Booking, now: datetime) -> str:
    """Why the couple can't begin to pay now, in a sentence; empty when they can (if anything is open)."""
    payment = booking.policy.terms.payment
    if payment not in ONLINE:
        later = _("Für diese Gebühren bekommen Sie eine Rechnung.")
        return later if payment == "later" else _("Diese Gebühren bezahlen Sie vor Ort.")
    if booking.state == "requested":
        return _("Bezahlen können Sie, sobald das Amt zugestimmt hat.")
    if booking.deadline_at is not None and booking.deadline_at <= now:
        # A page that is begun now would keep the date for another hour, and then another.
        return _("Die Frist ist abgelaufen. Bezahlen können Sie hier nicht mehr; bitte wenden Sie sich an das Amt.")
    return ""


def begin_to_pay(session: Session, booking: Booking, at: datetime) -> Payment:
    """Begin an attempt to pay what is open, or take up the one that was begun."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "pay", at)
    if sentence := why_not(booking, at):
        raise steps.NotAllowed(sentence)
    return paying.begin(session, booking.municipality_id, booking.id, at)
