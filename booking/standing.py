"""Letting many bookings stand at once, which one transaction has just made: the dates of a series."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.booking import approvals, claims, journeys, lifecycle
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Approval, Booking
from buchbar.payments import ledger
from buchbar.payments.ledger import Line


def stand_together(
    session: Session,
    bookings: Sequence[Booking],
    lines: Mapping[UUID, list[Line]],
    verb: str,
    at: datetime,
    by: Actor,
    *,
    agreed: bool = False,
) -> None:
    """What ``lifecycle.prove``, or with the office's yes (``agreed``) ``lifecycle.enter``, does for one; ``lines`` are
    what each costs. The caller raises the versions of what they claim.

    Nobody else knows these bookings yet, so none is locked, and what is written of all of them goes to the database
    together.
    """
    events = {}
    for booking in bookings:
        booking.state, booking.parties, booking.hold_until = "requested", approvals.required(booking), None
        if agreed:
            session.add(Approval(booking_id=booking.id, party="office", given_at=at, given_by=by.name))
        events[booking.id] = record(session, booking, verb, at, by)
    claims.keep(session, list(lines), None)
    ledger.charge_first(session, bookings, lines, at)
    given = {"office"} if agreed else set()
    for booking in bookings:
        if not approvals.needed(booking) - given:
            owes = sum(line.cents for line in lines[booking.id])
            became = lifecycle.settled(booking, at, unpaid=owes > 0)
            events[booking.id] = record(session, booking, became, at, by)
    session.flush()
    for booking in bookings:
        journeys.of(booking).tell(session, booking, events[booking.id])
