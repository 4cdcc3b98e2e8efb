"""What follows when something has happened to a hall's booking: letters, and the codes of doors."""

from sqlalchemy.orm import Session

from buchbar.booking.halls import door_codes, letters, reservation
from buchbar.booking.models import Booking, BookingEvent


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Whoever has to know does: people by letters, doors by codes."""
    letters.tell(session, booking, event)
    door_codes.sync(session, booking, event.at)


def forget(session: Session, booking: Booking) -> None:
    """Delete what is kept of the people, and of their codes."""
    reservation.forget(session, booking)
    door_codes.forget(session, booking)
