from sqlalchemy import select

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import BookingEvent
from buchbar.booking.weddings import reservation
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at


def test_a_reservation_goes_from_hold_to_cancellation_and_its_history_says_so(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    assert booking.state == "payable"
    reservation.move(session, booking, cast.mill.id, slot_at(SATURDAY, 11), NOW, CLERK)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    history = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id))
    assert list(history)[:3] == ["hold", "submit", "prove"]
