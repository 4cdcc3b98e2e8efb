"""The cashier takes something off a charge: a fee by mistake, a wrong position, goodwill. The charge stays as it is; a
credit note corrects it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking import claims, journeys, lifecycle
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking, BookingEvent
from buchbar.payments import credit_notes, ledger, paying
from buchbar.payments.credit_notes import Left
from buchbar.payments.ledger import CREDIT, Line
from buchbar.payments.models import Charge


def field(number: int) -> str:
    """The form's field for a position, which are counted from 1."""
    return f"position_{number}"


def left(session: Session, charge: Charge) -> Left:
    """What can still be credited of a charge."""
    return credit_notes.left(ledger.charges(session, charge.booking_id), charge)


def credit(
    session: Session,
    booking: Booking,
    charge: Charge,
    note_id: UUID,
    amounts: Sequence[int],
    reason: str,
    at: datetime,
    by: Actor,
) -> None:
    """Take so many cents off each position of a charge, in their order; what was paid too much goes back. Once: the
    form names the credit note that it makes.

    Raises Refused where nothing is left, Invalid for no amount at all, and for more than is left of a position.
    """
    lifecycle.lock(session, booking)
    if known := session.get(Charge, note_id):
        if known.corrects_id != charge.id:
            raise NotFound
        return
    most = left(session, charge)
    if not most.cents:
        raise Refused(_("Hiervon lässt sich nichts mehr gutschreiben."))
    made = ledger.charge(session, booking, CREDIT, _checked(most, amounts), at, note_id)
    if made is None:
        first = next(number for number, line in enumerate(most.lines, 1) if line.cents)
        raise Invalid({field(first): _("Bitte geben Sie mindestens einen Betrag ein.")})
    made.corrects_id = charge.id
    paying.close(session, booking.id, at)  # an open payment page would ask for what isn't owed any more
    event = record(session, booking, "credit", at, by, reason, cents=str(-made.cents), note=str(made.id))
    lifecycle.give_back(session, booking, at, by)
    session.flush()
    journeys.of(booking).tell(session, booking, event)
    lifecycle.go_on(session, booking, at, by)
    claims.shown(session, booking.id)


def note_of(session: Session, event: BookingEvent) -> Charge | None:
    """The credit note that an event tells of; None for any other event."""
    return session.get(Charge, UUID(event.data["note"])) if "note" in event.data else None


def _checked(most: Left, amounts: Sequence[int]) -> list[Line]:
    """The credit note's lines. Raises Invalid beside the fields with more than is left."""
    faults = {}
    room = dict(most.by_vat)
    for number, (line, cents) in enumerate(zip(most.lines, amounts, strict=True), 1):
        here = min(line.cents, room.get(line.vat, 0))
        if cents > here:
            faults[field(number)] = _("Davon lassen sich höchstens %s gutschreiben.") % texts.euros(max(0, here))
        elif cents:
            room[line.vat] -= cents
    if faults:
        raise Invalid(faults)
    return [replace(line, cents=-cents) for line, cents in zip(most.lines, amounts, strict=True) if cents]
