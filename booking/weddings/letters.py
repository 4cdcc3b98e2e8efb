"""The letters of a wedding's reservation."""

from sqlalchemy.orm import Session

from buchbar.booking.models import Booking, BookingEvent


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Write the letter that an event calls for."""
