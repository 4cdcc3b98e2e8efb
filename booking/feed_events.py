"""What a subscribed calendar shows: what is to be, what isn't any more, what is around it, when it is closed.

The details that its clerk chose decide what strangers could read in it: see Feed in resources/models.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, exists, func, literal, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_, _
from buchbar.booking import calendar_entries, claims, journeys, links
from buchbar.booking.models import OVER, Booking, BookingEvent, Claim, FormerClaim
from buchbar.calendar.ical import Event
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at
from buchbar.resources.models import Closure, Feed, Resource, Venue

SHOWN = ("requested", "payable", "confirmed")
# How long events stay after they are over, and how long one that isn't to be any more is shown as cancelled.
PAST, ENDED = timedelta(days=30), timedelta(days=60)
CLOSED = {"venue": N_("Geschlossen"), "registrar": N_("Nicht im Dienst"), "part": N_("Gesperrt")}
OF_OFFICE = ("venue", "registrar")
AROUND = {
    "venue": (N_("Aufbau"), N_("Abbau und Reinigung")),
    "registrar": (N_("Vorbereitung und Weg"), N_("Nachbereitung und Weg")),
}
BUSY = N_("Belegt")


@dataclass(frozen=True, slots=True)
class Named:
    """What a feed's address names: without a resource, the whole office. ``versions`` rises with each of its claims.

    ``claimed`` is what of it is claimed: of a hall its parts, of everything else itself.
    """

    feed: Feed
    resource: Resource | None
    town: Municipality
    versions: int = 0
    claimed: tuple[UUID, ...] = ()

    @property
    def is_hall(self) -> bool:
        return self.resource is not None and self.resource.kind == "hall"

    @property
    def busy(self) -> bool:
        """Whether it says no more than that something is."""
        return self.feed.details == "busy"


def events(session: Session, named: Named, today: date) -> list[Event]:
    """All events as of a day, in order."""
    midnight = at(today, 0, named.town.zone)
    since = midnight - PAST
    here = _standing(named, since)
    made = [
        *_events(session, named, here, _rows_of_standing(session, here)),
        *_gone(session, named, since, midnight - ENDED),
        *(_around(session, named, here) if named.feed.with_around and not named.is_hall else ()),
        *_closures(session, named, since),
    ]
    return sorted(made, key=lambda event: (event.span.start, event.uid))


def _standing(named: Named, since: datetime) -> Select[UUID]:
    """The bookings that are to be, by their ids."""
    shown = select(Booking.id).where(Booking.state.in_(SHOWN), Booking.ends_at > since)
    if named.resource is None:
        return shown.where(*_of_office(named), Booking.starts_at > since - claims.LONGEST)
    here = select(Claim.booking_id).where(
        Claim.resource_id.in_(named.claimed), Claim.starts_at > since - claims.LONGEST
    )
    return shown.where(Booking.id.in_(here))


def _of_office(named: Named) -> tuple[ColumnElement[bool], ...]:
    """The whole office is the registry office: each hall has a calendar of its own."""
    return Booking.municipality_id == named.town.id, Booking.journey == "weddings"


def _last_change() -> ColumnElement[datetime]:
    newest = select(func.max(BookingEvent.at)).where(BookingEvent.booking_id == Booking.id).scalar_subquery()
    return func.coalesce(newest, Booking.made_at)


def _rows_of_standing(session: Session, here: Select[UUID]) -> Sequence[Any]:
    columns = (Booking.id, Booking.number, Booking.state, Booking.sequence, Booking.resource_id)
    return session.execute(here.with_only_columns(*columns, Booking.starts_at, Booking.ends_at, _last_change())).all()


def _gone(session: Session, named: Named, since: datetime, gone_since: datetime) -> list[Event]:
    """What was here and isn't any more: it ended, or was moved elsewhere."""
    what = (Booking.id, Booking.number, literal("cancelled"), Booking.sequence, literal(None, Uuid()))
    if named.resource is None:
        stood = exists().where(FormerClaim.booking_id == Booking.id)
        here = select(Booking.id).where(
            *_of_office(named),
            Booking.state.in_(OVER),
            Booking.ended_at >= gone_since,
            Booking.ends_at > since,
            stood,
        )
        rows = session.execute(here.with_only_columns(*what, Booking.starts_at, Booking.ends_at, Booking.ended_at))
        return _events(session, named, here, rows.all())
    # What was moved away may be back, and stands already.
    back = exists().where(Claim.booking_id == Booking.id, Claim.resource_id.in_(named.claimed))
    here = (
        select(Booking.id)
        .join(FormerClaim, FormerClaim.booking_id == Booking.id)
        .where(
            FormerClaim.resource_id.in_(named.claimed),
            FormerClaim.freed_at >= gone_since,
            FormerClaim.ends_at > since,
            ~back,
        )
    )
    when = (FormerClaim.starts_at, FormerClaim.ends_at, FormerClaim.freed_at)
    once = {row[0]: row for row in session.execute(here.with_only_columns(*what, *when).order_by(when[2]))}
    return _events(session, named, here, list(once.values()))  # of a hall, each once and not by its parts


def _events(session: Session, named: Named, here: Select[UUID], rows: Sequence[Any]) -> list[Event]:
    summaries: dict[UUID, str] = {}
    if rows and not named.busy:
        for journey in journeys.known():
            summaries |= journey.calendar.summaries(session, here, named.feed.details == "names")
    places = {} if named.busy else _places(session, named)
    # What has been forgotten has no summary of its own any more.
    forgotten = _("Termin")
    made = []
    for booking_id, number, state, sequence, place_id, starts_at, ends_at, stamp in rows:
        summary = _(BUSY) if named.busy else f"{summaries.get(booking_id, forgotten)}, {number}"
        shown = state if state == "cancelled" or not named.busy else "confirmed"
        made.append(
            Event(
                uid=calendar_entries.uid(session, booking_id),
                sequence=sequence,
                stamp=stamp,
                span=Span(starts_at, ends_at),
                summary=calendar_entries.prefixed(summary, shown),
                location=places.get(place_id, ""),
                url=_page(session, named, booking_id),
                cancelled=state == "cancelled",
                tentative=shown in calendar_entries.TENTATIVE,
            )
        )
    return made


def _page(session: Session, named: Named, booking_id: UUID) -> str:
    """Where the office finds the booking; nobody else has anything to look for there."""
    if named.busy or named.feed.for_owner:
        return ""
    return f"{links.settings(session).base_url}/{named.town.slug}/amt/buchung/{booking_id}"


def _places(session: Session, named: Named) -> dict[UUID, str]:
    """Where the town's venues are, by their ids; of a hall only the hall."""
    if named.is_hall and named.resource:
        return {named.resource.id: calendar_entries.place(named.resource)}
    venues = session.scalars(
        select(Venue).where(Venue.municipality_id == named.town.id).options(joinedload(Venue.site))
    )
    return {venue.id: calendar_entries.place(venue) for venue in venues}


def _around(session: Session, named: Named, here: Select[UUID]) -> list[Event]:
    """Setting up, preparing and ways, before and after what is to be.

    They go with their event: who takes it out of the calendar needs no second word about its surroundings.
    """
    wanted = (
        select(Booking.id, Booking.number, Booking.sequence, Booking.starts_at, Booking.ends_at, _last_change())
        .add_columns(Claim.resource_id, Claim.starts_at, Claim.ends_at, Claim.leaves_at, Claim.returns_at)
        .add_columns(Resource.kind, Resource.name)
        .join(Claim, Claim.booking_id == Booking.id)
        .join(Resource, Resource.id == Claim.resource_id)
        .where(Booking.id.in_(here))
    )
    if named.resource is not None:
        wanted = wanted.where(Claim.resource_id.in_(named.claimed))
    made = []
    for row in session.execute(wanted):
        booking_id, number, sequence, starts_at, ends_at, stamp, resource_id, first, last, leaves, returns = row[:11]
        parts = {"vor": (leaves or first, starts_at), "nach": (ends_at, returns or last)}
        for (part, (start, end)), title in zip(parts.items(), AROUND[row.kind], strict=True):
            if start >= end:
                continue
            whose = "" if named.resource else f" ({row.name})"
            made.append(
                Event(
                    uid=calendar_entries.uid(session, booking_id).replace("@", f"-{part}-{resource_id.hex[:12]}@"),
                    sequence=sequence,
                    stamp=stamp,
                    span=Span(start, end),
                    summary=_(BUSY) if named.busy else f"{_(title)}{whose}, {number}",
                )
            )
    return made


def _closures(session: Session, named: Named, since: datetime) -> list[Event]:
    """Those of places with their reasons; why a registrar is away is said only to those who may see names."""
    one = and_(Closure.municipality_id == named.town.id, Resource.kind.in_(OF_OFFICE))
    if named.resource is not None:
        one = Closure.resource_id.in_(named.claimed)
    rows = session.execute(
        select(Closure, Resource.kind, Resource.name)
        .join(Resource, Resource.id == Closure.resource_id)
        .where(one, Closure.ends_at > since)
    )
    return [
        Event(
            uid=calendar_entries.uid(session, closure.id),
            sequence=0,
            stamp=closure.closed_at,
            span=Span(closure.starts_at, closure.ends_at),
            summary=_closed(named, closure, kind, name),
        )
        for closure, kind, name in rows
    ]


def _closed(named: Named, closure: Closure, kind: str, name: str) -> str:
    if named.busy:
        return _(BUSY)
    title = _(CLOSED[kind]) if named.resource and not named.is_hall else f"{_(CLOSED[kind])} ({name})"
    open_reason = (kind in ("venue", "part") and not named.feed.for_owner) or named.feed.details == "names"
    return f"{title}: {closure.reason}" if open_reason and closure.reason else title
