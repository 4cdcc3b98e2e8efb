"""Secret links to a booking: whoever holds one is the citizen, where the journey doesn't ask for more. Made from the
installation's secret, kept nowhere."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.errors import NotFound
from buchbar.base.settings import Settings
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import journeys
from buchbar.booking.models import Booking


def settings(session: Session) -> Settings:
    """The settings under which this session runs."""
    settings: Settings = session.info["settings"]
    return settings


def path(session: Session, booking: Booking, purpose: str = "buchung") -> str:
    """The secret address of a booking's page ("buchung"), or of the page that proves the e-mail address
    ("bestaetigung")."""
    return f"/{purpose}/{link_token(settings(session).secret, purpose, booking.id, booking.generation)}"


def url(session: Session, booking: Booking, purpose: str = "buchung") -> str:
    """The same with the host, for letters."""
    return settings(session).base_url + path(session, booking, purpose)


def booking_by(session: Session, token: str, purpose: str = "buchung", *, bare: bool = False) -> Booking:
    """The booking that a link names, for who may see and change all of it; with ``bare`` for whoever has the link.
    Raises NotFound for anything that isn't a valid link, and SignInNeeded."""
    named = named_by(token)
    booking = session.scalar(select(Booking).where(Booking.id == named)) if named else None
    if booking is None or not genuine(token, settings(session).secret, purpose, booking.id, booking.generation):
        raise NotFound
    if purpose == "buchung" and not bare:
        journeys.of(booking).let_in(session, booking)
    return booking


def booking_of(journey: str, session: Session, token: str) -> Booking:
    """The same for a page that only one journey has. Raises NotFound for another journey's booking."""
    booking = booking_by(session, token)
    if booking.journey != journey:
        raise NotFound
    return booking
