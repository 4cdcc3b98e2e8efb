"""When a time can't be had: what else is free on that day, for the letter that says so."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.booking import claims, links
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls.free import Busy
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, parts_in_words, plan
from buchbar.booking.halls.reservation import Slot, slot_of
from buchbar.booking.halls.series_dates import instead
from buchbar.booking.models import Booking
from buchbar.calendar.walls import days_span, local_date, wall_minutes

MOST = 5
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """A free slot in words, and where it can be booked."""

    words: str
    url: str


def other_slots(session: Session, booking: Booking, at: datetime) -> list[Offer]:
    """What else whoever asked could book on that day; what they asked for is no offer, though it is free again."""
    rules = plan(session, booking.municipality)
    asked = slot_of(booking, session.get_one(HallUse, booking.id))
    hall = rules.halls.get(asked.hall_id)
    if hall is None or not hall.allows(asked.parts):
        return []
    day = local_date(asked.span.start, rules.zone)
    around = days_span(day, day + _ONE_DAY, rules.zone)
    ids = [part_id for each in rules.halls.values() for part_id in each.part_ids]
    busy = Busy([*claims.taken(session, ids, around, at), *hall.claims(asked.parts, asked.span)])
    found = instead(rules, busy, asked, booking.user_class, at, CITIZEN)[:MOST]
    return [_offer(session, rules, slot) for slot in found]


def _offer(session: Session, rules: HallPlan, slot: Slot) -> Offer:
    hall, zone = rules.halls[slot.hall_id], rules.zone
    minute = wall_minutes(slot.span.start, zone)
    asked = {
        "tag": local_date(slot.span.start, zone).isoformat(),
        "von": f"{minute // 60:02d}:{minute % 60:02d}",
        "minuten": str(slot.span.length // timedelta(minutes=1)),
        "teile": parts_in_words(slot.parts),
    }
    page = f"{links.settings(session).base_url}/{rules.slug}/hallen/{hall.slug}/buchung"
    words = f"{texts.moment(slot.span.start, zone)}, {hall.name}, {hall.named(slot.parts)}"
    return Offer(words, f"{page}?{urlencode(asked)}")
