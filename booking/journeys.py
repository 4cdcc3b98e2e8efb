"""What the kernel asks of a journey. ``app`` puts the journeys in; the kernel never imports one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.booking.models import Booking, BookingEvent


@dataclass(frozen=True, slots=True)
class Journey:
    """``tell`` writes the letters that an event calls for; ``reclaim`` takes again what an ended booking had
    claimed and says whether it could; ``forget`` deletes the personal data that the journey keeps."""

    name: str
    tell: Callable[[Session, Booking, BookingEvent], None]
    reclaim: Callable[[Session, Booking, datetime], bool]
    forget: Callable[[Session, Booking], None]


_journeys: dict[str, Journey] = {}


def put_in(journey: Journey) -> None:
    """Make a journey known."""
    _journeys[journey.name] = journey


def of(booking: Booking) -> Journey:
    """The journey that a booking belongs to."""
    return _journeys[booking.journey]
