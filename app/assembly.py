"""What has to be told upward: which journeys there are, and what happens when money comes in."""

from buchbar.booking import journeys
from buchbar.booking.weddings import calendar_entries, couple, desk, letters, reservation
from buchbar.booking.weddings.timetable import JOURNEY


def put_together() -> None:
    """Make the journeys known to the kernel."""
    journeys.put_in(
        journeys.Journey(
            name=JOURNEY,
            page=couple.show,
            price=reservation.price,
            tell=letters.tell,
            reclaim=reservation.reclaim,
            forget=reservation.forget,
            desk=desk.AT_DESK,
            calendar=calendar_entries.IN_CALENDARS,
        )
    )
