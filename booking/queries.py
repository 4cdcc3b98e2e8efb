"""What the desk reads. The municipality comes first in every question; a stranger's booking is not found."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.booking import approvals, journeys
from buchbar.booking.journeys import OnPaper
from buchbar.booking.models import Approval, Booking, BookingEvent, Claim
from buchbar.notices.models import Letter
from buchbar.resources.halls import Hall
from buchbar.resources.models import Closure, Feed, Registrar, Resource, Venue

STANDING = ("requested", "payable", "confirmed")
# What the registry office's own pages are about (calendar, closures); halls have theirs.
OFFICE = ("venue", "registrar")
SOON = timedelta(days=14)
UPCOMING = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Row:
    """A booking in a list: for whom and where, who still has to agree, and the last event that the list knows of."""

    booking: Booking
    names: str
    place: str
    missing: frozenset[str]
    seen: int


def booking_of(session: Session, town: Municipality, booking_id: UUID) -> Booking:
    """A booking of this town. Raises NotFound for any other."""
    found = session.scalar(bookings(town).where(Booking.id == booking_id))
    if found is None:
        raise NotFound
    return found


def requests(session: Session, town: Municipality) -> list[Row]:
    """What somebody has to agree to, the oldest first."""
    wanted = bookings(town).where(Booking.state == "requested").order_by(Booking.ranks_at, Booking.id)
    return rows(session, session.scalars(wanted).all())


def deadlines(session: Session, town: Municipality, now: datetime) -> list[Row]:
    """Reservations that end by themselves within two weeks if nobody pays or registers, the nearest first."""
    wanted = bookings(town).where(Booking.state.in_(("payable", "confirmed")), Booking.deadline_at <= now + SOON)
    return rows(session, session.scalars(wanted.order_by(Booking.deadline_at, Booking.id)).all())


def upcoming(session: Session, town: Municipality, now: datetime) -> list[tuple[date, list[Row]]]:
    """The weddings of the next thirty days, day by day; halls are too full for a list, and have plans of their own."""
    wanted = bookings(town).where(
        Booking.journey == "weddings",
        Booking.state.in_(STANDING),
        Booking.starts_at > now,
        Booking.starts_at <= now + UPCOMING,
    )
    found = rows(session, session.scalars(wanted.order_by(Booking.starts_at, Booking.id)).all())
    days = groupby(found, key=lambda row: row.booking.starts_at.astimezone(town.zone).date())
    return [(day, list(those)) for day, those in days]


def bookings(town: Municipality) -> Select[Booking]:
    """The town's bookings with what every list shows of them."""
    return (
        select(Booking)
        .where(Booking.municipality_id == town.id)
        .options(
            selectinload(Booking.policy),
            selectinload(Booking.municipality),
            selectinload(Booking.resource).selectin_polymorphic([Venue, Hall]),
        )
    )


def rows(session: Session, bookings: Sequence[Booking]) -> list[Row]:
    """Bookings with all that a list says of them, in a number of queries that doesn't grow with them."""
    if not bookings:
        return []
    ids = [booking.id for booking in bookings]
    given, seen = agreed(session, ids), last_events(session, ids)
    names, places = names_of(session, bookings), places_of(session, bookings)
    return [
        Row(
            booking,
            names.get(booking.id, ""),
            places[booking.id],
            frozenset(approvals.needed(booking) - given[booking.id]),
            seen.get(booking.id, 0),
        )
        for booking in bookings
    ]


def names_of(session: Session, bookings: Iterable[Booking]) -> dict[UUID, str]:
    """For whom the bookings are; what has been forgotten has no name."""
    names: dict[UUID, str] = {}
    for those in _by_journey(bookings):
        names |= journeys.of(those[0]).desk.names(session, [booking.id for booking in those])
    return names


def places_of(session: Session, bookings: Collection[Booking]) -> dict[UUID, str]:
    """Where the bookings are, in words."""
    places = {booking.id: booking.resource.name for booking in bookings}
    for those in _by_journey(bookings):
        places |= journeys.of(those[0]).desk.places(session, [booking.id for booking in those])
    return places


def on_paper(session: Session, bookings: Iterable[Booking]) -> dict[UUID, OnPaper]:
    """What sheets say of the bookings; nothing of what has been forgotten."""
    known: dict[UUID, OnPaper] = {}
    for those in _by_journey(bookings):
        known |= journeys.of(those[0]).desk.on_paper(session, [booking.id for booking in those])
    return known


def _by_journey(bookings: Iterable[Booking]) -> list[list[Booking]]:
    by_journey: dict[str, list[Booking]] = defaultdict(list)
    for booking in bookings:
        by_journey[booking.journey].append(booking)
    return list(by_journey.values())


def staff_of(session: Session, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Who is on the bookings, by their claims."""
    names: dict[UUID, list[str]] = defaultdict(list)
    on_duty = (
        select(Claim.booking_id, Registrar.name)
        .join(Registrar, Registrar.id == Claim.resource_id)
        .where(Claim.booking_id.in_(ids))
        .order_by(Registrar.name)
    )
    for booking_id, name in session.execute(on_duty):
        if booking_id:
            names[booking_id].append(name)
    return names


def agreed(session: Session, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """Who has agreed, by booking."""
    parties: dict[UUID, set[str]] = defaultdict(set)
    for booking_id, party in session.execute(
        select(Approval.booking_id, Approval.party).where(Approval.booking_id.in_(ids))
    ):
        parties[booking_id].add(party)
    return parties


def last_events(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of the last event, by booking."""
    newest = (
        select(BookingEvent.booking_id, func.max(BookingEvent.id))
        .where(BookingEvent.booking_id.in_(ids))
        .group_by(BookingEvent.booking_id)
    )
    return {row[0]: row[1] for row in session.execute(newest)}


def events_since(session: Session, booking: Booking, seen: int) -> list[BookingEvent]:
    """What has happened to the booking after an event, in order."""
    later = select(BookingEvent).where(BookingEvent.booking_id == booking.id, BookingEvent.id > seen)
    return list(session.scalars(later.order_by(BookingEvent.id)))


def staff_on(session: Session, booking: Booking) -> list[str]:
    """Who is on the booking, by their claims."""
    names = (
        select(Registrar.name)
        .join(Claim, Claim.resource_id == Registrar.id)
        .where(Claim.booking_id == booking.id)
        .order_by(Registrar.name)
    )
    return list(session.scalars(names))


def letters_of(session: Session, booking: Booking) -> list[Letter]:
    """What was written about the booking, the newest first."""
    written = select(Letter).where(Letter.municipality_id == booking.municipality_id, Letter.booking_id == booking.id)
    return list(session.scalars(written.order_by(Letter.written_at.desc(), Letter.id)))


def resources(session: Session, town: Municipality) -> list[Resource]:
    """The town's venues and registrars with their opening rules, the venues first."""
    ours = (
        select(Resource)
        .where(Resource.municipality_id == town.id, Resource.active.is_(True))
        .where(Resource.kind.in_(OFFICE))
        .options(selectinload(Resource.openings), selectinload(Resource.exceptions))
    )
    return sorted(session.scalars(ours), key=lambda each: (each.kind != "venue", each.name))


def halls(session: Session, town: Municipality) -> list[Hall]:
    """The town's halls that are in use."""
    ours = select(Hall).where(Hall.municipality_id == town.id, Hall.active.is_(True))
    return list(session.scalars(ours.order_by(Hall.position, Hall.name)))


def resource_of(session: Session, town: Municipality, resource_id: UUID) -> Resource:
    """A venue or registrar of this town. Raises NotFound for any other."""
    ours = Resource.municipality_id == town.id, Resource.kind.in_(OFFICE)
    found = session.scalar(select(Resource).where(*ours, Resource.id == resource_id))
    if found is None:
        raise NotFound
    return found


def _closed(town: Municipality, kinds: Collection[str]) -> Select[Closure]:
    ours = Closure.municipality_id == town.id, Closure.resource_id == Resource.id, Resource.kind.in_(kinds)
    return select(Closure).where(exists().where(*ours))


def closures(session: Session, town: Municipality, now: datetime, kinds: Collection[str] = OFFICE) -> list[Closure]:
    """Closures of resources of these kinds that aren't over, in order."""
    ours = _closed(town, kinds).where(Closure.ends_at > now)
    return list(session.scalars(ours.order_by(Closure.starts_at, Closure.id).options(selectinload(Closure.resource))))


def closures_like(session: Session, closure: Closure) -> list[Closure]:
    """The closures that belong together with one: of the same town, reason and while, by the same clerk."""
    same = select(Closure).where(
        *(getattr(Closure, name) == getattr(closure, name) for name in ("municipality_id", "starts_at", "ends_at")),
        *(getattr(Closure, name) == getattr(closure, name) for name in ("reason", "closed_by")),
    )
    return list(session.scalars(same.order_by(Closure.resource_id)))


def closure_of(session: Session, town: Municipality, closure_id: UUID, kinds: Collection[str] = OFFICE) -> Closure:
    """A closure of this town, of a resource of these kinds. Raises NotFound for any other."""
    found = session.scalar(_closed(town, kinds).where(Closure.id == closure_id))
    if found is None:
        raise NotFound
    return found


def feeds(session: Session, town: Municipality) -> list[Feed]:
    """The calendar subscriptions that work."""
    ours = select(Feed).where(Feed.municipality_id == town.id, Feed.revoked_at.is_(None))
    return list(session.scalars(ours.order_by(Feed.created_at, Feed.id).options(selectinload(Feed.resource))))


def feed_of(session: Session, town: Municipality, feed_id: UUID) -> Feed:
    """A calendar subscription of this town. Raises NotFound for any other."""
    found = session.scalar(select(Feed).where(Feed.municipality_id == town.id, Feed.id == feed_id))
    if found is None:
        raise NotFound
    return found
