"""When a date can't be had: what else is free near it, for the letter that says so."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.booking import links
from buchbar.booking.models import Booking
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.reservation import busy_between
from buchbar.booking.weddings.slots import Day, Wish, look_at_day, nearest_days
from buchbar.booking.weddings.timetable import Slot, Timetable, timetable
from buchbar.calendar.walls import local_date

WITHIN = timedelta(days=28)  # before and after the date that was wished
DAYS_EACH, VENUES = 2, 3  # how many days before and after, how many other places on the same day


@dataclass(frozen=True, slots=True)
class Offer:
    """A free slot in words, and where it can be booked."""

    words: str
    url: str


def other_dates(session: Session, booking: Booking, now: datetime) -> list[Offer]:
    """The first free slots of other places on the same day, then of the nearest days at the same place."""
    times = timetable(session, booking.municipality)
    day = local_date(booking.starts_at, times.zone)
    busy = busy_between(session, times, day - WITHIN, day + WITHIN, now)
    wedding = session.get(Wedding, booking.id)
    guests = wedding.guests if wedding else 0
    here = {venue.slug for venue in times.venues.values() if venue.id == booking.resource_id}
    elsewhere = frozenset(venue.slug for venue in times.venues.values() if venue.slug not in here)
    found = _by_venue(look_at_day(times, busy, day, now, Wish(guests, venues=elsewhere))) if elsewhere else []
    if here:
        wish = Wish(guests, venues=frozenset(here))
        before, after = nearest_days(times, busy, day, now, wish, within=WITHIN.days, each=DAYS_EACH)
        found += [seen.slots[0] for seen in (*reversed(before), *after)]
    return [_offer(session, times, slot) for slot in found]


def _by_venue(day: Day) -> list[Slot]:
    first: dict[str, Slot] = {}
    for slot in day.slots:
        first.setdefault(slot.venue.slug, slot)
    return list(first.values())[:VENUES]


def _offer(session: Session, times: Timetable, slot: Slot) -> Offer:
    page = f"{links.settings(session).base_url}/{times.slug}/hochzeit/termin"
    start = slot.span.start.astimezone(UTC)
    words = f"{texts.moment(slot.span.start, times.zone)}, {slot.venue.name}"
    return Offer(words, f"{page}?trauort={slot.venue.slug}&zeit={start:%Y-%m-%dT%H:%MZ}")
