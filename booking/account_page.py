"""The citizen's account: their bookings in all towns, their clubs and what these have coming up, their data to take
along.

Bookings are found by the address that the person has proven by signing in: online ones when it was proven there, too,
and what the office has entered for it. What clubs have coming up is told by the journeys that know clubs (``put_in``).
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts import citizens, membership
from buchbar.accounts.clubs import ROLES, STATES
from buchbar.accounts.people import Person
from buchbar.accounts.queries import places
from buchbar.base.texts import _
from buchbar.base.web import get, page
from buchbar.booking import journeys, links, queries, steps
from buchbar.booking.models import ALIVE, Booking

# So many are shown at once; the page for all of them has its own address.
SHOWN = 15
MOST = 1000


@dataclass(frozen=True, slots=True)
class Own:
    """A booking as the account shows it; ``names`` is for whom it is."""

    booking: Booking
    what: str
    names: str
    state: str
    path: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Something of a club that is coming up: when, what, and the address of its own page."""

    when: str
    what: str
    path: str


@dataclass(slots=True)
class OfClub:
    """What a club has coming up: its ``series``, then single dates, the next first; ``more`` aren't shown. What is
    ``today`` isn't among the single dates. ``bundled``: the bookings that the series stand for."""

    series: list[Coming] = field(default_factory=list)
    single: list[Coming] = field(default_factory=list)
    today: list[Coming] = field(default_factory=list)
    bundled: set[UUID] = field(default_factory=set)
    more: int = 0


Kept = Callable[[Session, Person], dict[str, list[dict[str, Any]]]]
_kept: list[Kept] = []


def put_in_data(kept: Kept) -> None:
    """Make known what else a journey keeps under a person's address, in German words."""
    if kept not in _kept:
        _kept.append(kept)


Reader = Callable[[Session, Collection[UUID], datetime], dict[UUID, OfClub]]
_readers: list[Reader] = []


def put_in(reader: Reader) -> None:
    """Make known what clubs have coming up in a journey, by the ids of the organisations."""
    if reader not in _readers:
        _readers.append(reader)


@get("/konto", tries=True)  # it writes down that they are still here
def account_page(request: Request, session: Session, now: datetime) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    citizens.seen(session, request, now)
    clubs = membership.memberships(session, person)
    known = [each.organisation_id for each in clubs if each.organisation.state != "refused"]
    everything = bool(request.query_params.get("alle"))
    theirs = of_clubs(session, known, now)
    bundled = {booking_id for club in theirs.values() for booking_id in club.bundled}
    coming, past = _coming(person, now).where(Booking.id.not_in(bundled)), _past(person, now)
    own = _shown(session, coming.limit(MOST if everything else SHOWN), now)
    return page(
        request,
        "booking/account.html",
        person=person,
        coming=own,
        count=session.scalar(select(func.count()).select_from(coming.order_by(None).subquery())) or 0,
        past=_shown(session, past.limit(MOST if everything else SHOWN), now),
        everything=everything,
        clubs=clubs,
        of_clubs=theirs,
        today=[each for club in theirs.values() for each in club.today],
        above={each.path for each in own},
        states=STATES,
        towns=[] if clubs else [town for place in places(session) for town in place.towns],
    )


@get("/konto/daten.json")
def take_along(request: Request, session: Session, now: datetime) -> Response[bytes]:
    """All that is kept under the person's address (Art. 15 and 20 GDPR), as JSON."""
    person = citizens.signed_in_person(request, session, now)
    body = json.dumps(data_of(session, person, now), ensure_ascii=False, indent=2).encode()
    headers = {"content-disposition": 'attachment; filename="buchbar-meine-daten.json"'}
    return Response(body, media_type="application/json", headers=headers)


def data_of(session: Session, person: Person, now: datetime) -> dict[str, Any]:
    """What is kept of a person, with German words and moments in ISO 8601."""
    bookings = _shown(session, _bookings(person).order_by(Booking.starts_at.desc(), Booking.id), now)
    return {
        "konto": {
            "e-mail": person.email,
            "name": person.name,
            "telefon": person.phone,
            "sprache": person.language,
            "angelegt": person.made_at.isoformat(),
            "zuletzt angemeldet": person.last_in_at.isoformat() if person.last_in_at else None,
        },
        "vereine": [
            {
                "name": each.organisation.name,
                "kommune": each.organisation.municipality.name,
                "stand": _(STATES[each.organisation.state]),
                "rolle": _(ROLES[each.role]),
                "seit": each.added_at.isoformat(),
            }
            for each in membership.memberships(session, person)
        ],
        "einladungen": [
            {
                "verein": each.organisation.name,
                "kommune": each.organisation.municipality.name,
                "rolle": _(ROLES[each.role]),
                "eingeladen": each.made_at.isoformat(),
                "gilt bis": each.expires_at.isoformat(),
            }
            for each in membership.invitations_of(session, person)
        ],
        "buchungen": [
            {
                "nummer": each.booking.number,
                "kommune": each.booking.municipality.name,
                "was": each.what,
                "wo": each.booking.resource.name,
                "für": each.names,
                "von": each.booking.starts_at.astimezone(each.booking.municipality.zone).isoformat(),
                "bis": each.booking.ends_at.astimezone(each.booking.municipality.zone).isoformat(),
                "stand": each.state,
                "telefon": each.booking.phone,
                "link": links.url(session, each.booking),
            }
            for each in bookings
        ],
        **{name: rows for kept in _kept for name, rows in kept(session, person).items()},
    }


def of_clubs(session: Session, organisations: Sequence[UUID], now: datetime) -> dict[UUID, OfClub]:
    """What clubs have coming up in all journeys."""
    found = {organisation_id: OfClub() for organisation_id in organisations}
    for reader in _readers if organisations else ():
        for organisation_id, part in reader(session, organisations, now).items():
            whole = found[organisation_id]
            whole.series += part.series
            whole.single += part.single
            whole.today += part.today
            whole.bundled |= part.bundled
            whole.more += part.more
    return found


def _bookings(person: Person) -> Select[Booking]:
    """A person's bookings in all towns: of nobody else's address, and not what was only begun."""
    return select(Booking).where(
        func.lower(Booking.email) == person.email,
        or_(Booking.email_proven_at.is_not(None), Booking.by_office),
        Booking.forgotten_at.is_(None),
    )


def _coming(person: Person, now: datetime) -> Select[Booking]:
    coming = _bookings(person).where(Booking.state.in_(ALIVE), Booking.ends_at > now)
    return coming.order_by(Booking.starts_at, Booking.id)


def _past(person: Person, now: datetime) -> Select[Booking]:
    past = _bookings(person).where(or_(Booking.state.not_in(ALIVE), Booking.ends_at <= now))
    return past.order_by(Booking.starts_at.desc(), Booking.id)


def _shown(session: Session, wanted: Select[Booking], now: datetime) -> list[Own]:
    """Bookings with what is said of them, in a number of queries that doesn't grow with them."""
    related = (selectinload(Booking.municipality), selectinload(Booking.resource))
    found = session.scalars(wanted.options(*related)).all()
    names = queries.names_of(session, found)
    return [
        Own(
            each,
            _(journeys.of(each).calendar.title),
            names.get(each.id, ""),
            _(steps.STATE_WORDS["expired" if each.lapsed(now) else each.state]),
            links.path(session, each),
        )
        for each in found
    ]


routes = [account_page, take_along]
