"""What calendars show of a booking: the citizen's own event, and the rows of a feed (booking/feeds.py)."""

from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.base.texts import N_, _
from buchbar.booking import journeys, links
from buchbar.booking.models import OVER, Booking
from buchbar.calendar.ical import Event, Party
from buchbar.calendar.spans import Span
from buchbar.resources.models import Resource

# What stands before the summary as long as the booking isn't firm, or when it has ended.
PREFIXES = {
    "requested": N_("Angefragt: %s"),
    "payable": N_("Noch nicht bezahlt: %s"),
    "over": N_("Abgesagt: %s"),
}

TENTATIVE = ("requested", "payable")


def uid(session: Session, subject: UUID) -> str:
    """The calendar's name for a booking or a closure; it never changes, in letters, downloads and feeds alike."""
    return f"{subject}@{_host(links.settings(session).base_url)}"


@lru_cache(maxsize=8)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or ""


def prefixed(summary: str, state: str) -> str:
    """The summary, with the word that the state calls for."""
    words = PREFIXES.get("over" if state in OVER else state)
    return _(words) % summary if words else summary


def place(resource: Resource) -> str:
    """Where one has to go."""
    site = getattr(resource, "site", None)
    return ", ".join(part for part in (resource.name, site.address if site else "") if part)


def own_event(session: Session, booking: Booking, stamp: datetime) -> Event:
    """The citizen's own event, as of ``stamp``.

    Without names and without the secret link, because people pass invitations on to their guests.
    """
    words = journeys.of(booking).calendar
    number = _("Buchungsnummer: %s") % booking.number
    office = ", ".join(part for part in (booking.office.name, booking.office.phone, booking.office.email) if part)
    return Event(
        uid=uid(session, booking.id),
        sequence=booking.sequence,
        stamp=stamp,
        span=Span(booking.starts_at, booking.ends_at),
        summary=prefixed(f"{_(words.title)}, {booking.resource.name}", booking.state),
        location=place(booking.resource),
        description="\n".join((number, _(words.note), office)),
        cancelled=booking.state in OVER,
        tentative=booking.state in TENTATIVE,
    )


def organizer(session: Session, booking: Booking) -> Party:
    """The office, as the one who invites. ValueError where it has no plain address."""
    return Party(booking.office.email or parseaddr(links.settings(session).mail_from)[1], booking.office.name)
