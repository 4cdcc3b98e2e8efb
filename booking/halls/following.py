"""What follows when something has happened to a hall's booking: letters, the codes of doors, word that it is free."""

from sqlalchemy.orm import Session

from buchbar.booking.halls import door_codes, letters, watches
from buchbar.booking.models import Booking, BookingEvent


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Whoever has to know does: people by letters, doors by codes, those who wait for a free date."""
    letters.tell(session, booking, event)
    door_codes.sync(session, booking, event.at)
    watches.note(session, booking, event)
