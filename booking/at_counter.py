"""Paying at the counter: a clerk takes the money, takes a mistake back the same day, and pays out what goes back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking import lifecycle
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import cash_book, counter, ledger, paying, till
from buchbar.payments.models import Payment, Refund, Reversal


@dataclass(frozen=True, slots=True)
class Taken:
    """A payment at the counter; ``undone``: it was taken back, ``undoable``: it still can be, the last one first."""

    payment: Payment
    undone: bool
    undoable: bool


@dataclass(frozen=True, slots=True)
class AtCounter:
    """What the booking's page shows of the counter; ``next_id`` names the payment that its form would make."""

    next_id: UUID
    taken: list[Taken]


def shown(session: Session, booking: Booking, now: datetime) -> AtCounter:
    """What was taken for a booking, and the form for more."""
    rows = counter.taken(session, booking.id)
    last = next((payment for payment, undone in reversed(rows) if not undone), None)
    taken = [
        Taken(payment, undone, payment is last and can_undo(session, booking, payment, now)) for payment, undone in rows
    ]
    return AtCounter(uuid4(), taken)


def take(session: Session, booking: Booking, payment_id: UUID, cents: int, how: str, at: datetime, by: Actor) -> None:
    """Take ``cents`` for a booking, "cash" or at the "terminal", and give a receipt. Once: the form names the payment
    that it makes.

    Raises Invalid for more than is open, Refused while the bank has a payment for the same.
    """
    lifecycle.lock(session, booking)
    if known := session.get(Payment, payment_id):
        if known.booking_id != booking.id:
            raise NotFound
        return
    _allow(session, booking, cents)
    payment = counter.book(session, booking, payment_id, cents, how, at, by.name)
    paying.close(session, booking.id, at)  # an open payment page would ask for what is paid now
    lifecycle.pay(session, booking, at, by, cents)
    counter.number(session, payment, local_date(at, booking.municipality.zone), at)


def _allow(session: Session, booking: Booking, cents: int) -> None:
    open_cents = ledger.account(session, booking.id).open
    if not 0 < cents <= open_cents:
        most = _("Bitte einen Betrag bis %s eingeben.") % texts.euros(open_cents)
        raise Invalid({"betrag": most})
    if paying.under_way(session, [booking.id]):
        raise Refused(
            _("Für diese Buchung ist schon eine Zahlung bei der Bank unterwegs. Bitte nehmen Sie kein Geld an.")
        )


def undo(session: Session, booking: Booking, payment_id: UUID, reason: str, at: datetime, by: Actor) -> None:
    """Take back a payment that was booked by mistake, on the same day and before the till is closed; twice is once.

    Raises NotFound for what isn't the booking's or came another way, Refused for what is too late.
    """
    lifecycle.lock(session, booking)
    payment = payment_of(session, booking, payment_id)
    if session.scalar(select(Reversal.id).where(Reversal.key == f"undone:{payment.id}")):
        return
    if not can_undo(session, booking, payment, at):
        raise Refused(
            _(
                "Zurücknehmen lässt sich eine Zahlung nur am selben Tag und bevor die Kasse abgeschlossen ist. "
                "Bitte zahlen Sie den Betrag stattdessen aus."
            )
        )
    if cents := counter.undo(session, payment, reason, at, by.name):
        lifecycle.undo_pay(session, booking, at, by, cents, reason)
    till.moved(session, booking.municipality_id, at)


def can_undo(session: Session, booking: Booking, payment: Payment, at: datetime) -> bool:
    """Whether it is still today's, not in a closed day, and all of it still here."""
    taken_at, zone = payment.started_at, booking.municipality.zone
    closed = cash_book.closed_until(session, booking.municipality_id)
    today = local_date(taken_at, zone) == local_date(at, zone) and (closed is None or taken_at > closed)
    return today and ledger.left_of(session, payment) == payment.cents


def payment_of(session: Session, booking: Booking, payment_id: UUID) -> Payment:
    """A payment of the booking that was made at the counter. Raises NotFound."""
    found = session.get(Payment, payment_id)
    if found is None or found.booking_id != booking.id or found.provider not in counter.AT_COUNTER:
        raise NotFound
    return found


def pay_out(session: Session, refund: Refund, at: datetime, by: Actor) -> None:
    """Give money back at the counter where it was paid; twice is once."""
    booking = session.get_one(Booking, refund.booking_id)
    lifecycle.lock(session, booking)
    if cents := counter.pay_out(session, refund, at, by.name):
        record(session, booking, "pay_out", at, by, cents=str(cents))
    till.moved(session, booking.municipality_id, at)
