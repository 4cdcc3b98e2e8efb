"""Calendars to subscribe to by secret link, one for each venue and registrar, and the couple's own file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import Select, Uuid, exists, func, literal, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.base.web import get_and_head
from buchbar.booking import calendar_entries, claims, journeys, links
from buchbar.booking.models import Booking, BookingEvent, Claim, FormerClaim
from buchbar.calendar.ical import Event, download, feed, vevent
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at, local_date
from buchbar.resources.models import Closure, Feed, Resource, Venue

SHOWN = ("requested", "payable", "confirmed")
# How long events stay after they are over, and how long one that isn't to be any more is shown as cancelled.
PAST, ENDED = timedelta(days=30), timedelta(days=60)
MOST_KEPT = 64
CLOSED = {"venue": N_("Geschlossen"), "registrar": N_("Nicht im Dienst")}


@dataclass(frozen=True, slots=True)
class Named:
    """What a feed's address names."""

    feed: Feed
    resource: Resource
    town: Municipality


def path(session: Session, subscription: Feed) -> str:
    """The secret address of a feed."""
    return f"/kalender/{link_token(links.settings(session).secret, 'feed', subscription.id)}.ics"


@get_and_head("/kalender/{file:str}", opt={"exclude_from_csrf": True})
def subscription(request: Request, session: Session, now: datetime, file: FromPath[str]) -> Response[Any]:
    found = _named(session, file)
    today = local_date(now, found.town.zone)
    tag = _tag(found, today)
    headers = {"etag": tag, "cache-control": "private, max-age=300", "vary": "accept-language"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(_kept(session, found, today, tag), media_type="text/calendar", headers=headers)


@get_and_head("/buchung/{token:str}/termin.ics", opt={"exclude_from_csrf": True})
def own_file(request: Request, session: Session, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token)
    changed = session.scalar(select(func.max(BookingEvent.at)).where(BookingEvent.booking_id == booking.id))
    stood = booking.state in SHOWN or session.scalar(select(exists().where(FormerClaim.booking_id == booking.id)))
    if not stood:
        raise NotFound
    town = booking.municipality
    event = calendar_entries.own_event(session, booking, changed or booking.made_at)
    body = download(event, town.zone, calendar_entries.organizer(session, town))
    headers = {"content-disposition": 'attachment; filename="termin.ics"', "cache-control": "no-store"}
    return Response(body, media_type="text/calendar", headers=headers)


def _named(session: Session, file: str) -> Named:
    """The feed that an address names. Raises NotFound for anything else, and when it has been revoked."""
    token = file.removesuffix(".ics")
    named = named_by(token) if token != file else None
    row = (
        named
        and session.execute(
            select(Feed, Resource, Municipality)
            .join(Resource, Resource.id == Feed.resource_id)
            .join(Municipality, Municipality.id == Feed.municipality_id)
            .where(Feed.id == named, Feed.revoked_at.is_(None))
        ).first()
    )
    if not row or not genuine(token, links.settings(session).secret, "feed", row.Feed.id):
        raise NotFound
    return Named(row.Feed, row.Resource, row.Municipality)


def _tag(named: Named, today: date) -> str:
    """Changes with everything that the calendar shows: claims and states, what is edited, the days that pass."""
    names = "n" if named.feed.with_names else "o"
    versions = f"{named.resource.version}-{named.town.version}"
    return f'"{named.feed.id.hex}-{versions}-{today:%Y%m%d}-{texts.language.get()}{names}"'


def _kept(session: Session, named: Named, today: date, tag: str) -> bytes:
    """The calendar, from memory as long as its tag is the same: not every client asks with If-None-Match."""
    kept: dict[UUID, tuple[str, bytes]] = session.info["cache"].setdefault("feeds", {})
    known, body = kept.get(named.feed.id, ("", b""))
    if known != tag:
        body = calendar(session, named, today)
        if len(kept) >= MOST_KEPT:
            kept.clear()
        kept[named.feed.id] = (tag, body)
    return body


def calendar(session: Session, named: Named, today: date) -> bytes:
    """The calendar of a venue or registrar as of a day: what is to be, what isn't any more, when it is closed."""
    midnight = at(today, 0, named.town.zone)
    events = [
        *_standing(session, named, midnight - PAST),
        *_gone(session, named, midnight - PAST, midnight - ENDED),
        *_closures(session, named, midnight - PAST),
    ]
    zone = named.town.zone
    rendered = (vevent(event, zone) for event in sorted(events, key=lambda event: (event.span.start, event.uid)))
    return feed(named.resource.name, calendar_entries.uid(session, named.feed.id), rendered, zone)


def _standing(session: Session, named: Named, since: datetime) -> list[Event]:
    changed = select(func.max(BookingEvent.at)).where(BookingEvent.booking_id == Booking.id).scalar_subquery()
    here = (
        select(Booking.id)
        .join(Claim, Claim.booking_id == Booking.id)
        .where(
            Claim.resource_id == named.resource.id,
            Claim.starts_at > since - claims.LONGEST,
            Booking.ends_at > since,
            Booking.state.in_(SHOWN),
        )
    )
    columns = (Booking.id, Booking.number, Booking.state, Booking.sequence, Booking.resource_id)
    rows = session.execute(here.with_only_columns(*columns, Booking.starts_at, Booking.ends_at, changed))
    return _events(session, named, here, rows.all())


def _gone(session: Session, named: Named, since: datetime, gone_since: datetime) -> list[Event]:
    """What was here and isn't any more. It ended, or it was moved: then it may be back, and stands already."""
    back = exists().where(Claim.booking_id == Booking.id, Claim.resource_id == named.resource.id)
    here = (
        select(Booking.id)
        .join(FormerClaim, FormerClaim.booking_id == Booking.id)
        .where(
            FormerClaim.resource_id == named.resource.id,
            FormerClaim.freed_at >= gone_since,
            FormerClaim.ends_at > since,
            ~back,
        )
    )
    columns = (Booking.id, Booking.number, literal("cancelled"), Booking.sequence, literal(None, Uuid()))
    rows = session.execute(
        here.with_only_columns(*columns, FormerClaim.starts_at, FormerClaim.ends_at, FormerClaim.freed_at)
    )
    return _events(session, named, here, rows.all())


def _events(session: Session, named: Named, here: Select[UUID], rows: Sequence[Any]) -> list[Event]:
    summaries: dict[UUID, str] = {}
    for journey in journeys.known():
        summaries |= journey.calendar.summaries(session, here, named.feed.with_names)
    places = _places(session, named.town)
    desk = f"{links.settings(session).base_url}/{named.town.slug}/amt/buchung/"
    # What has been forgotten has no summary of its own any more.
    forgotten = _("Termin")
    made = []
    for booking_id, number, state, sequence, place_id, starts_at, ends_at, stamp in rows:
        summary = f"{summaries.get(booking_id, forgotten)}, {number}"
        made.append(
            Event(
                uid=calendar_entries.uid(session, booking_id),
                sequence=sequence,
                stamp=stamp,
                span=Span(starts_at, ends_at),
                summary=calendar_entries.prefixed(summary, state),
                location=places.get(place_id, ""),
                url=f"{desk}{booking_id}",
                cancelled=state == "cancelled",
                tentative=state in calendar_entries.TENTATIVE,
            )
        )
    return made


def _places(session: Session, town: Municipality) -> dict[UUID, str]:
    """Where the town's venues are, by their ids."""
    venues = session.scalars(select(Venue).where(Venue.municipality_id == town.id).options(joinedload(Venue.site)))
    return {venue.id: calendar_entries.place(venue) for venue in venues}


def _closures(session: Session, named: Named, since: datetime) -> list[Event]:
    """A venue's with their reasons; why a registrar is away is said only to those who may see names."""
    rows = session.scalars(select(Closure).where(Closure.resource_id == named.resource.id, Closure.ends_at > since))
    title = _(CLOSED[named.resource.kind])
    open_reasons = named.resource.kind == "venue" or named.feed.with_names
    return [
        Event(
            uid=calendar_entries.uid(session, closure.id),
            sequence=0,
            stamp=closure.closed_at,
            span=Span(closure.starts_at, closure.ends_at),
            summary=f"{title}: {closure.reason}" if open_reasons and closure.reason else title,
        )
        for closure in rows
    ]


routes = [subscription, own_file]
