"""What has to be told upward: which journeys there are, and what happens when money comes in."""

from buchbar.booking import journeys
from buchbar.booking.weddings import letters, reservation
from buchbar.booking.weddings.timetable import JOURNEY


def put_together() -> None:
    """Make the journeys known to the kernel."""
    journeys.put_in(journeys.Journey(JOURNEY, letters.tell, reservation.reclaim, reservation.forget))
