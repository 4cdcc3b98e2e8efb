"""When and how a booking can be paid: the pages and the server ask the same question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.booking import lifecycle, on_the_way, steps
from buchbar.booking.models import Booking
from buchbar.booking.on_the_way import Coming
from buchbar.payments import bank_details, checkout, ledger, paying
from buchbar.payments.girocode import Transfer
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of

ONLINE = ("optional", "required")
# How long a transfer takes with a weekend in it: who has less time had better pay otherwise.
ON_ITS_WAY = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Ways:
    """How what is open can be paid now. ``why_not`` says why it can't be paid online or by transfer; ``hours`` are the
    counter's, in the town's own words; ``hurry``: a transfer might come after the deadline; ``too_little`` says that it
    is too little to be paid online, and what to do instead; ``coming`` is money that a bank brings anyway."""

    why_not: str
    online: bool
    transfer: Transfer | None
    counter: bool
    hours: str
    hurry: bool
    too_little: str = ""
    coming: Coming | None = None


def ways(session: Session, booking: Booking, now: datetime) -> Ways:
    """The ways that the town offers, as far as the booking's policy and its state let them be used."""
    rules = rules_of(session, booking.municipality_id)
    sentence = "" if by_bill(booking) else why_not(booking, now)
    coming = on_the_way.coming(session, booking.id)
    online = "stripe" in rules.ways and can_be_paid(booking, now) and coming is None
    transfer = None if sentence else bank_details.transfer(session, booking.municipality_id, booking.id)
    counter = "counter" in rules.ways and (not sentence or booking.terms.payment == "none")
    little = online and 0 < ledger.account(session, booking.id).open < checkout.LEAST
    return Ways(
        why_not=sentence,
        online=online and not little,
        transfer=transfer,
        counter=counter,
        hours=rules.counter_hours,
        hurry=booking.deadline_at is not None and booking.deadline_at - now < ON_ITS_WAY,
        too_little=f"{paying.too_little()} {_instead(transfer is not None, counter)}" if little else "",
        coming=coming,
    )


def _instead(transfer: bool, counter: bool) -> str:
    """What to do instead of paying online."""
    if transfer and counter:
        return _("Bitte überweisen Sie den Betrag oder bezahlen Sie ihn am Schalter.")
    if transfer:
        return _("Bitte überweisen Sie den Betrag.")
    return _("Bitte bezahlen Sie den Betrag am Schalter.") if counter else _("Bitte wenden Sie sich an das Amt.")


def by_bill(booking: Booking) -> bool:
    """Whether there is a bill that is paid by transfer or at the counter, without haste: not before everybody has
    agreed."""
    return booking.terms.payment == "later" and booking.state != "requested"


def why_not(booking: Booking, now: datetime) -> str:
    """Why the couple can't begin to pay now, in a sentence; empty when they can (if anything is open)."""
    payment = booking.terms.payment
    if payment not in ONLINE:
        later = _("Für diese Gebühren bekommen Sie eine Rechnung.")
        return later if payment == "later" else _("Diese Gebühren bezahlen Sie vor Ort.")
    if booking.state == "requested":
        return _("Bezahlen können Sie, sobald das Amt zugestimmt hat.")
    if booking.deadline_at is not None and booking.deadline_at <= now:
        # A page that is begun now would keep the date for another hour, and then another.
        return _("Die Frist ist abgelaufen. Bezahlen können Sie hier nicht mehr; bitte wenden Sie sich an das Amt.")
    return ""


def can_be_paid(booking: Booking, now: datetime) -> bool:
    """Whether the couple can begin to pay now, if anything is open."""
    return booking.state in steps.STEPS["pay"] and not why_not(booking, now)


def begin_to_pay(session: Session, booking: Booking, at: datetime, others: Sequence[Booking] = ()) -> Payment:
    """Begin an attempt to pay what is open of the booking, and with it of the ``others`` as far as they can be paid;
    or take up the one that was begun.

    Raises NotAllowed, NothingOpen, TooLittle, UnderWay.
    """
    at_once = sorted((booking, *others), key=lambda each: each.id)
    for each in at_once:  # always in this order, as whoever books the money (payments/inbox.py)
        lifecycle.lock(session, each)
    steps.allow(booking, "pay", at)
    if sentence := why_not(booking, at):
        raise steps.NotAllowed(sentence)
    if "stripe" not in rules_of(session, booking.municipality_id).ways:
        raise steps.NotAllowed(_("Online bezahlen können Sie hier nicht. Wie es geht, steht auf der Seite „Bezahlen“."))
    ids = [each.id for each in at_once if can_be_paid(each, at)]
    if len(ids) == 1 and (little := ways(session, booking, at).too_little):
        raise steps.NotAllowed(little)
    return paying.begin_together(session, booking.municipality_id, ids, at)
