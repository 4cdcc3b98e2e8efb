"""How a booking stood before a clerk changed it: kept with the event, so that the change can be taken back."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buchbar.booking.models import Approval, Booking, BookingEvent, Claim
from buchbar.payments import ledger
from buchbar.payments.ledger import Line

# What can be taken back, and what may have followed from it in the same moment.
VERBS = ("move", "lengthen", "reassign")
FOLLOWS = ("bill", "confirm", "refund")


class Yes(msgspec.Struct, frozen=True):
    """An approval as it was given."""

    party: str
    given_at: datetime
    given_by: str


class Before(msgspec.Struct, frozen=True):
    """``staff_id`` is who was on it beside the place itself; ``lines`` are what was owed, in cents."""

    place_id: UUID
    staff_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    state: str
    deadline_at: datetime | None
    reminded: int
    parties: list[str]
    approvals: list[Yes]
    lines: list[Line]


def staff_of(session: Session, booking: Booking) -> UUID | None:
    """Who is on the booking, by the claims; None for nobody."""
    theirs = select(Claim.resource_id).where(Claim.booking_id == booking.id, Claim.resource_id != booking.resource_id)
    return session.scalar(theirs.order_by(Claim.resource_id).limit(1))


def as_it_stands(session: Session, booking: Booking) -> Before:
    """All of it that a change could touch."""
    approvals = session.scalars(select(Approval).where(Approval.booking_id == booking.id).order_by(Approval.party))
    return Before(
        place_id=booking.resource_id,
        staff_id=staff_of(session, booking),
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        state=booking.state,
        deadline_at=booking.deadline_at,
        reminded=booking.reminded,
        parties=list(booking.parties),
        approvals=[Yes(each.party, each.given_at, each.given_by) for each in approvals],
        lines=ledger.owed(session, booking.id),
    )


def written(before: Before) -> str:
    """As an event keeps it."""
    return msgspec.json.encode(before).decode()


def kept(event: BookingEvent) -> Before | None:
    """How it stood before the event; None where that isn't kept, because a citizen did it or long ago."""
    text = event.data.get("before")
    return msgspec.json.decode(text, type=Before) if text else None


def forget(session: Session, booking_id: UUID) -> None:
    """Delete who agreed, from the snapshots too; what was agreed to stays."""
    session.execute(update(Approval).where(Approval.booking_id == booking_id).values(given_by=""))
    for event in session.scalars(select(BookingEvent).where(BookingEvent.booking_id == booking_id)):
        if before := kept(event):
            nobody = [msgspec.structs.replace(each, given_by="") for each in before.approvals]
            event.data = event.data | {"before": written(msgspec.structs.replace(before, approvals=nobody))}


def last_change(events: list[BookingEvent]) -> BookingEvent | None:
    """The change that can be taken back now, by all that has happened to a booking, in order; None for none."""
    for place in reversed(range(len(events))):
        if events[place].verb in VERBS:
            return events[place] if can_be_taken_back(events[place], events[place + 1 :]) else None
    return None


def undo_address(event: BookingEvent, later: list[BookingEvent]) -> str:
    """Where an event is taken back, below the booking's page in the calendar. If money or a yes followed from it,
    taking it back has a price, too: that is shown first."""
    return "ruecknahme/vorschau" if any(other.verb in FOLLOWS for other in later) else "ruecknahme"


def can_be_taken_back(event: BookingEvent, later: list[BookingEvent]) -> bool:
    """Whether nothing has happened since but what the event itself brought about."""
    untouched = all(other.verb in FOLLOWS and other.at == event.at for other in later)
    return event.verb in VERBS and "before" in event.data and untouched
