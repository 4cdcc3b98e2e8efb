"""Whether a couple that is about to be entered is there already: they called twice, or had booked online."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.booking import queries
from buchbar.booking.alike import plain
from buchbar.booking.models import ALIVE, Booking
from buchbar.booking.queries import Row
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.reservation import Couple
from buchbar.booking.weddings.timetable import JOURNEY

MOST = 5


def likely_the_same(session: Session, town: Municipality, couple: Couple, booking: Booking, now: datetime) -> list[Row]:
    """The town's coming weddings of the same two names, in either order and however spelt, or of the same e-mail
    address."""
    one, two = (plain(name) for name in (couple.partner_one, couple.partner_two))
    either = (f"\n{one} & {two}", f"\n{two} & {one}")  # as they stand at the end of the folded names
    same = [Wedding.sought.endswith(words, autoescape=True) for words in either]
    if couple.email:
        same.append(func.lower(Booking.email) == couple.email.lower())
    wanted = (
        select(Booking)
        .join(Wedding, Wedding.booking_id == Booking.id)
        .where(
            Booking.municipality_id == town.id,
            Booking.journey == JOURNEY,
            Booking.id != booking.id,
            Booking.state.in_(ALIVE),
            or_(Booking.hold_until.is_(None), Booking.hold_until > now),
            and_(Booking.starts_at > now, or_(*same)),
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(MOST)
    )
    return queries.rows(session, session.scalars(wanted).all())
