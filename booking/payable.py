"""When and how a booking can be paid: the pages and the server ask the same question."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.booking import lifecycle, steps
from buchbar.booking.models import Booking
from buchbar.payments import bank_details, paying
from buchbar.payments.girocode import Transfer
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of

ONLINE = ("optional", "required")
# How long a transfer takes with a weekend in it: who has less time had better pay otherwise.
ON_ITS_WAY = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Ways:
    """How what is open can be paid now. ``why_not`` says why it can't be paid online or by transfer; ``hours`` are the
    counter's, in the town's own words; ``hurry``: a transfer might come after the deadline."""

    why_not: str
    online: bool
    transfer: Transfer | None
    counter: bool
    hours: str
    hurry: bool


def ways(session: Session, booking: Booking, now: datetime) -> Ways:
    """The ways that the town offers, as far as the booking's policy and its state let them be used."""
    rules, sentence = rules_of(session, booking.municipality_id), why_not(booking, now)
    online = "stripe" in rules.ways and booking.state in steps.STEPS["pay"]
    return Ways(
        why_not=sentence,
        online=online and not sentence,
        transfer=None if sentence else bank_details.transfer(session, booking.municipality_id, booking.id),
        counter="counter" in rules.ways and (not sentence or booking.policy.terms.payment == "none"),
        hours=rules.counter_hours,
        hurry=booking.deadline_at is not None and booking.deadline_at - now < ON_ITS_WAY,
    )


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
    if "stripe" not in rules_of(session, booking.municipality_id).ways:
        raise steps.NotAllowed(_("Online bezahlen können Sie hier nicht. Wie es geht, steht auf der Seite „Bezahlen“."))
    return paying.begin(session, booking.municipality_id, booking.id, at)
