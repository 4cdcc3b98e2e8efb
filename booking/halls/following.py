"""What follows when something has happened to a hall's booking: letters, the codes of doors, word that it is free."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking.halls import door_codes, letters, reservation, series_deadlines, watches
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking, BookingEvent


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Whoever has to know does: people by letters, doors by codes, those who wait for a free date."""
    if session.info.get("quiet") or not series_deadlines.tell(session, booking, event):
        letters.tell(session, booking, event)
    door_codes.sync(session, booking, event.at)
    watches.note(session, booking, event)


def forget(session: Session, booking: Booking) -> None:
    """Delete what halls keep of the people, and with the last date of a series its address."""
    reservation.forget(session, booking)
    use = session.get(HallUse, booking.id)
    if use is None or use.series is None:
        return
    others = select(HallUse.booking_id).where(HallUse.series_id == use.series_id, HallUse.booking_id != booking.id)
    known = select(Booking.id).where(Booking.id.in_(others), Booking.forgotten_at.is_(None)).limit(1)
    if session.scalar(known) is None:
        use.series.email = ""
