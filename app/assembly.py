"""What has to be told upward: which journeys there are, and what happens when money comes in."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.booking import journeys, lifecycle, set_up
from buchbar.booking.events import PROVIDER, record
from buchbar.booking.models import Booking
from buchbar.booking.weddings import calendar_entries, couple, desk, in_rules, letter_examples, letters, reservation
from buchbar.booking.weddings import set_up as weddings_set_up
from buchbar.booking.weddings.timetable import JOURNEY
from buchbar.payments import bills, paying


def put_together() -> None:
    """Make the journeys known to the kernel, and to the payments what they mean."""
    journeys.put_in(
        journeys.Journey(
            name=JOURNEY,
            page=couple.show,
            prove=reservation.prove,
            tell=letters.tell,
            reclaim=reservation.reclaim,
            forget=reservation.forget,
            desk=desk.AT_DESK,
            calendar=calendar_entries.IN_CALENDARS,
            letters=letter_examples.IN_LETTERS,
            rules=in_rules.IN_RULES,
        )
    )
    set_up.put_in(weddings_set_up.steps)
    paying.hand_down(paid=on_paid, refunded=on_refunded, taken=on_taken)
    bills.hand_down(debtor=debtor)


def debtor(session: Session, booking_id: UUID) -> list[str]:
    """Who owes what a booking costs: the lines of the address, as far as it is known."""
    booking = session.get_one(Booking, booking_id)
    return journeys.of(booking).desk.address(session, booking)


def on_paid(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """Money has come in: the booking is locked before its payment is changed (LESSONS: the other order ends paid
    *and* cancelled)."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        lifecycle.pay(session, booking, at, PROVIDER, cents)


def on_refunded(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """Money has gone back by a hand in the provider's dashboard: the booking's history says so."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        record(session, booking, "refund", at, PROVIDER, cents=str(cents))


def on_taken(session: Session, booking_id: UUID, at: datetime, book: Callable[[], int]) -> None:
    """The bank has taken a payment back (or given it again: less than nothing)."""
    booking = session.get_one(Booking, booking_id)
    lifecycle.lock(session, booking)
    if cents := book():
        lifecycle.lose(session, booking, at, PROVIDER, cents)
