"""How a hall's times and lengths are said, in words and never by colour alone."""

from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from buchbar.base.texts import N_
from buchbar.booking import events, steps
from buchbar.booking.halls.find import Offer
from buchbar.booking.halls.plan import parts_in_words
from buchbar.booking.halls.reservation import Slot
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date, wall_minutes

STATES = {
    "free": N_("frei"),
    "over": N_("vorbei"),
    "early": N_("noch nicht buchbar"),
    "taken": N_("belegt"),
    "closed": N_("gesperrt"),
    "school": N_("Schule"),
}
# Of a hall people say that it is booked; "reserviert" is what couples read.
BOOKING_STATES = steps.STATE_WORDS | {"confirmed": N_("gebucht")}
EVENTS = events.WORDS | {"confirm": N_("Buchung bestätigt")}
WHY = {
    "time": N_("zu einer anderen Zeit"),
    "parts": N_("mit anderen Feldern"),
    "hall": N_("in einer anderen Halle"),
    "day": N_("an einem anderen Tag"),
}


def between(span: Span, zone: ZoneInfo) -> str:
    """ "18:00–19:30"; the midnight that ends a day is 24:00."""
    start, end = (moment.astimezone(zone) for moment in (span.start, span.end))
    ends_day = end.hour == end.minute == 0 and end.date() > start.date()
    return f"{start:%H:%M}–{'24:00' if ends_day else f'{end:%H:%M}'}"


def length(span: Span) -> int:
    """How many minutes pass."""
    return int(span.length.total_seconds()) // 60


def slot_query(slot: Slot, zone: ZoneInfo, wer: str = "", **more: str) -> str:
    """A slot as it stands in the address of the page that books it."""
    minute = wall_minutes(slot.span.start, zone)
    given = {
        "tag": str(local_date(slot.span.start, zone)),
        "von": f"{minute // 60:02d}:{minute % 60:02d}",
        "minuten": str(length(slot.span)),
        "teile": parts_in_words(slot.parts),
        "wer": wer,
    }
    return urlencode([(name, value) for name, value in (given | more).items() if value])


def slot_page(offer: Offer, wer: str = "", zweck: str = "") -> str:
    """The address of the page that books what is offered."""
    place = offer.place
    asked = slot_query(offer.slot, place.plan.zone, wer, zweck=zweck)
    return f"/{place.plan.slug}/hallen/{place.hall.slug}/buchung?{asked}"


def week_name(monday: date) -> str:
    """ "2026-W49", as addresses name a week."""
    year, week, _day = monday.isocalendar()
    return f"{year}-W{week:02d}"
