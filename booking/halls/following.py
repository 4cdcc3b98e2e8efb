"""What follows when something has happened to a hall's booking: letters, and the codes of doors."""

from sqlalchemy.orm import Session

from buchbar.booking.halls import door_codes, letters
from buchbar.booking.models import Booking, BookingEvent


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Whoever has to know does: people by letters, doors by codes."""
    letters.tell(session, booking, event)
    door_codes.sync(session, booking, event.at)
