"""A wedding's letters on paper, for couples without an e-mail address."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from buchbar.booking import attach
from buchbar.booking.models import Booking
from buchbar.booking.weddings.models import Wedding
from buchbar.notices import letters


def write(
    session: Session, booking: Booking, kind: str, subject: str, context: Mapping[str, Any], at: datetime
) -> None:
    """Lay a letter out that a clerk prints, and have a code ready for it by which the couple finds its booking."""
    attach.get_ready(session, booking, at)
    letters.lay_out(
        session,
        municipality=booking.municipality,
        booking_id=booking.id,
        kind=kind,
        subject=subject,
        parts=letters.on_paper(kind, subject=subject, **context),
        at=at,
    )


def address(session: Session, booking: Booking) -> list[str]:
    """The lines for the window of the envelope; only the names where no address is known."""
    wedding = session.get(Wedding, booking.id)
    if wedding is None:
        return []
    names = [wedding.partner_one, wedding.partner_two]
    return [*names, wedding.street, wedding.city] if wedding.street else names
