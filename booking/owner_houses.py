"""What is to be in an owner's houses: the overview by a secret link, and the owner's own calendars.

The link is bound to a venue and to the owner's address, and dies when the venue changes hands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from buchbar.base.db import insert
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import approvals, journeys, links, queries
from buchbar.booking.models import Booking
from buchbar.booking.owners import DEAD, answer_path
from buchbar.resources.models import Feed, Venue


@dataclass(frozen=True, slots=True)
class Coming:
    """A wedding in an owner's house, without names; ``answer_path`` where theirs is still missing."""

    booking: Booking
    summary: str
    answer_path: str


def overview_path(session: Session, venue: Venue) -> str:
    """The secret address of all that is to be in an owner's houses."""
    return f"/trauort/termine/{link_token(links.settings(session).secret, _overview(venue), venue.id)}"


def houses_of(session: Session, token: str) -> list[Venue]:
    """All houses of the owner to whom an overview's link went, the named one first. Raises NotFound."""
    named = named_by(token)
    venue = session.scalar(select(Venue).where(Venue.id == named)) if named else None
    if venue is None or not venue.owner_email:
        raise NotFound(_(DEAD))
    if not genuine(token, links.settings(session).secret, _overview(venue), venue.id):
        raise NotFound(_(DEAD))
    same = Venue.municipality_id == venue.municipality_id, func.lower(Venue.owner_email) == venue.owner_email.lower()
    return sorted(session.scalars(select(Venue).where(*same)), key=lambda each: (each.id != venue.id, each.name))


def _overview(venue: Venue) -> str:
    return f"owner-overview:{venue.owner_email.lower()}"


def coming(session: Session, houses: Sequence[Venue], now: datetime) -> list[Coming]:
    """What is to be in these houses, in order, in a number of queries that doesn't grow."""
    here = [venue.id for venue in houses]
    wanted = select(Booking).where(
        Booking.resource_id.in_(here), Booking.state.in_(queries.STANDING), Booking.ends_at > now
    )
    bookings = session.scalars(
        wanted.options(joinedload(Booking.municipality)).order_by(Booking.starts_at, Booking.id)
    ).all()
    summaries: dict[UUID, str] = {}
    for journey in journeys.known():
        summaries |= journey.calendar.summaries(session, wanted.with_only_columns(Booking.id), False)
    given = queries.agreed(session, [booking.id for booking in bookings])
    return [
        Coming(
            booking,
            summaries.get(booking.id, _("Termin")),
            answer_path(session, booking)
            if booking.state == "requested" and "owner" in approvals.needed(booking) - given[booking.id]
            else "",
        )
        for booking in bookings
    ]


def feeds_of(session: Session, houses: Sequence[Venue]) -> dict[UUID, Feed]:
    """The owner's calendars that work, by venue."""
    here = [feed_id(venue) for venue in houses]
    live = select(Feed).where(Feed.id.in_(here), Feed.revoked_at.is_(None))
    return {feed.resource_id: feed for feed in session.scalars(live) if feed.resource_id}


def feed_id(venue: Venue) -> UUID:
    """Each owner has one calendar of each venue: a new owner gets another, and one that a clerk revoked stays so."""
    return uuid5(venue.id, venue.owner_email.lower())


def keep_feeds(session: Session, at: datetime) -> int:
    """Give each owner the calendar of each venue, and end those of former owners; how many were given.

    Theirs are deleted, not revoked: who becomes the owner again gets it again.
    """
    made = 0
    owned = session.scalars(select(Venue).where(Venue.owner_email != "")).all()
    theirs = {feed_id(venue): venue for venue in owned}
    session.execute(delete(Feed).where(Feed.for_owner.is_(True), Feed.id.not_in(theirs), Feed.revoked_at.is_(None)))
    known = set(session.scalars(select(Feed.id).where(Feed.for_owner.is_(True))))
    for new_id, venue in theirs.items():
        if new_id in known:
            continue
        feed = {"id": new_id, "municipality_id": venue.municipality_id, "resource_id": venue.id, "details": "plain"}
        feed |= {"for_owner": True, "note": venue.owner_email, "created_by": "Buchbar", "created_at": at}
        made += len(
            session.execute(insert(session, Feed).values(**feed).on_conflict_do_nothing().returning(Feed.id)).all()
        )
    return made
