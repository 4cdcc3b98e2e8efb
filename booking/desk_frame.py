"""What all pages of the desk share: the frame, who acts, and the guard against two clerks at one booking."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.desk_page import show_page
from buchbar.accounts.models import Clerk
from buchbar.base import texts
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import journeys, lifecycle, queries
from buchbar.booking.events import WORDS, Actor
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.next_steps import state_of
from buchbar.calendar.deadlines import last_day

# Whose act an event was, where no name says it.
KINDS = {
    "clerk": N_("das Amt"),
    "owner": N_("der Trauort"),
    "system": N_("das System"),
    "provider": N_("der Zahlungsdienst"),
}


class Overtaken(Refused):
    """Something has happened to the booking since the page that asks for this was shown."""


def show(request: Request, clerk: Clerk, template: str, now: datetime, status: int = 200, **context: Any) -> Response:
    """A page of the desk, with what the pages about bookings need."""
    zone = clerk.town.zone
    words = {
        "state_of": state_of,
        "what": what,
        "who_of": who_of,
        "last_day": lambda limit: texts.day(last_day(limit, zone)),
    }
    return show_page(request, clerk, template, now, status, **(words | context))


def leads_back(path: str, right: str, page: str) -> Any:
    """Who reloads the page that a form has led to, by its address, comes to the page on which the form is."""

    @at_desk.get(path, right)
    def back(request: Request, clerk: Clerk) -> Response[Any]:
        return redirect(request, f"{clerk.desk}/{page}")

    return back


def by(clerk: Clerk) -> Actor:
    """The clerk, as the history names them."""
    return Actor("clerk", clerk.name)


def who_of(booking: Booking) -> str:
    """For whom a booking is, as the desk says it: "das Paar"."""
    return _(journeys.of(booking).desk.who)


def for_them(clerk: Clerk, booking: Booking) -> Actor:
    """Those who booked, for whom the clerk writes down what they said; both stay visible in the history."""
    return Actor("citizen", _("%(clerk)s für %(who)s") % {"clerk": clerk.name, "who": who_of(booking)})


def by_whom(event: BookingEvent, booking: Booking) -> str:
    """Who did it to the booking, in words."""
    if event.by_kind == "citizen":
        return event.by_name or who_of(booking)
    return event.by_name or _(KINDS.get(event.by_kind, event.by_kind))


def what(event: BookingEvent) -> str:
    """What happened, in words."""
    return _(WORDS.get(event.verb, event.verb))


def locked(session: Session, clerk: Clerk, booking_id: UUID, form: Form) -> Booking:
    """A booking of the clerk's town, locked, and as the clerk saw it when deciding.

    The form says which event was the last that its page showed (``stand``). Raises Overtaken when somebody else has
    acted since; what the clerk did a moment ago, by clicking twice, is no such thing.
    """
    booking = queries.booking_of(session, clerk.town, booking_id)
    lifecycle.lock(session, booking)
    stand = form.get("stand", "")
    if not (stand.isascii() and stand.isdigit()):
        return booking
    own = (by(clerk), for_them(clerk, booking))
    since = queries.events_since(session, booking, int(stand))
    others = [event for event in since if Actor(event.by_kind, event.by_name) not in own]
    if others:
        last = others[-1]
        when = texts.clock(last.at, clerk.town.zone)
        words = {"number": booking.number, "what": what(last), "who": by_whom(last, booking), "when": when}
        raise Overtaken(
            _(
                "Bei %(number)s ist inzwischen etwas geschehen: %(what)s (%(who)s, %(when)s). "
                "Bitte sehen Sie die Buchung noch einmal an und entscheiden Sie dann."
            )
            % words
        )
    return booking
