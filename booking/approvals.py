"""Who has to agree to a request, and who has."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking.models import Approval, Booking
from buchbar.resources.models import Resource


def required(booking: Booking) -> list[str]:
    """Who has to agree as things are now: by the policy, and always the office where the venue is only on request."""
    return required_at(booking, booking.resource)


def required_at(booking: Booking, place: Resource) -> list[str]:
    """Who would have to agree if the booking was there."""
    approval = booking.terms.approval
    on_request = getattr(place, "visibility", "bookable") == "request"
    parties = {"office"} if approval != "none" or on_request else set()
    if approval == "office_and_owner" and has_owner(place):
        parties.add("owner")
    return sorted(parties)


def has_owner(place: Resource) -> bool:
    """Whether the place belongs to somebody who can be asked."""
    return bool(getattr(place, "owner_email", None))


def needed(booking: Booking) -> set[str]:
    """Who has to agree, as it was when the booking was made or moved; later edits of the venue change nothing."""
    return set(booking.parties)


def given(session: Session, booking: Booking) -> set[str]:
    """Who has agreed."""
    return set(session.scalars(select(Approval.party).where(Approval.booking_id == booking.id)))
