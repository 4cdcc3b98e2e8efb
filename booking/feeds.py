"""Calendars to subscribe to by secret link, for a venue, a registrar or the whole office, and the couple's own file.

What such a calendar shows stands in booking/feed_events.py.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import Database
from buchbar.base.errors import NotFound
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.base.web import get_and_head
from buchbar.booking import calendar_entries, links
from buchbar.booking.feed_events import SHOWN, Named, events
from buchbar.booking.models import BookingEvent, FormerClaim
from buchbar.calendar.ical import download, feed, vevent
from buchbar.calendar.walls import local_date
from buchbar.resources.halls import HallPart
from buchbar.resources.models import Feed, Resource

MOST_KEPT = 64
# Versions only rise, so their sum changes with each of them: one number says whether anything of the office changed.
_VERSIONS = (
    select(func.coalesce(func.sum(Resource.version), 0))
    .where(
        Resource.municipality_id == Feed.municipality_id,
        or_(
            Feed.resource_id.is_(None),
            Resource.id == Feed.resource_id,
            Resource.id.in_(select(HallPart.id).where(HallPart.hall_id == Feed.resource_id)),
        ),
    )
    .correlate(Feed)
    .scalar_subquery()
)


def path(session: Session, subscription: Feed) -> str:
    """The secret address of a feed."""
    return f"/kalender/{link_token(links.settings(session).secret, 'feed', subscription.id)}.ics"


@get_and_head("/kalender/{file:str}", opt={"exclude_from_csrf": True})
def subscription(request: Request, now: datetime, file: FromPath[str]) -> Response[Any]:
    database: Database = request.app.state.database
    with database.read() as session:
        found = _named(session, file)
        answer = _answer(request, session, found, now)
    _note_fetch(database, found.feed, now)
    return answer


@get_and_head("/buchung/{token:str}/termin.ics", opt={"exclude_from_csrf": True})
def own_file(request: Request, session: Session, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token)
    changed = session.scalar(select(func.max(BookingEvent.at)).where(BookingEvent.booking_id == booking.id))
    stood = booking.state in SHOWN or session.scalar(select(exists().where(FormerClaim.booking_id == booking.id)))
    if not stood:
        raise NotFound
    town = booking.municipality
    event = calendar_entries.own_event(session, booking, changed or booking.made_at)
    body = download(event, town.zone, calendar_entries.organizer(session, booking))
    headers = {"content-disposition": 'attachment; filename="termin.ics"', "cache-control": "no-store"}
    return Response(body, media_type="text/calendar", headers=headers)


def _named(session: Session, file: str) -> Named:
    """The feed that an address names. Raises NotFound for anything else, and when it has been revoked."""
    token = file.removesuffix(".ics")
    named = named_by(token) if token != file else None
    row = (
        named
        and session.execute(
            select(Feed, Resource, Municipality, _VERSIONS)
            .outerjoin(Resource, Resource.id == Feed.resource_id)
            .join(Municipality, Municipality.id == Feed.municipality_id)
            .where(Feed.id == named, Feed.revoked_at.is_(None))
        ).first()
    )
    if not row or not genuine(token, links.settings(session).secret, "feed", row.Feed.id):
        raise NotFound
    return named_as(session, row.Feed, row.Resource, row.Municipality, int(row[3]))


def named_as(session: Session, feed: Feed, resource: Resource | None, town: Municipality, versions: int = 0) -> Named:
    """A feed with all that its calendar needs to know."""
    claimed: tuple[UUID, ...] = (resource.id,) if resource else ()
    if resource and resource.kind == "hall":
        claimed = tuple(session.scalars(select(HallPart.id).where(HallPart.hall_id == resource.id)))
    return Named(feed, resource, town, versions, claimed)


def _answer(request: Request, session: Session, found: Named, now: datetime) -> Response[Any]:
    today = local_date(now, found.town.zone)
    tag = _tag(found, today)
    headers = {"etag": tag, "cache-control": "private, max-age=300", "vary": "accept-language"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    return Response(_kept(session, found, today, tag), media_type="text/calendar", headers=headers)


def _tag(named: Named, today: date) -> str:
    """Changes with everything that the calendar shows: claims and states, what is edited, the days that pass."""
    versions = f"{named.versions}-{named.town.version}"
    return f'"{named.feed.id.hex}-{versions}-{today:%Y%m%d}-{texts.language.get()}"'


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
    """The calendar as of a day."""
    zone = named.town.zone
    rendered = (vevent(event, zone) for event in events(session, named, today))
    name = named.resource.name if named.resource else named.town.office
    return feed(name, calendar_entries.uid(session, named.feed.id), rendered, zone)


def _note_fetch(database: Database, feed: Feed, now: datetime) -> None:
    """Keep that somebody asked, to the hour; so that a question costs a write only now and then.

    After the reading transaction: nobody waits for a connection while holding one.
    """
    hour = now.replace(minute=0, second=0, microsecond=0)
    if feed.fetched_at is None or feed.fetched_at < hour:
        with database.write() as session:
            session.execute(update(Feed).where(Feed.id == feed.id).values(fetched_at=hour))


routes = [subscription, own_file]
