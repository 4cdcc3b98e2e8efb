"""What the kernel asks of a journey. ``app`` puts the journeys in; the kernel never imports one."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.accounts.roles import sees
from buchbar.base import forms
from buchbar.base.errors import NotFound
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.plans import Plan, Wish
from buchbar.notices.wordings import Wording


@dataclass(frozen=True, slots=True)
class Choice:
    """A slot that a clerk can choose: ``value`` as it stands in a form, in words, and where it is."""

    value: str
    label: str
    place: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Something of a booking that a clerk may put right: its field in a form, what it is now, and how it is read."""

    name: str
    label: str
    value: str
    read: forms.Field
    required: bool = True


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What sheets and exports say of a booking. ``flags``: what the office has to think of, in words."""

    people: tuple[str, ...] = ()
    guests: int | None = None
    flags: tuple[str, ...] = ()
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that waits for a clerk and isn't a booking: in words, and the page of the desk where it is seen to."""

    words: str
    page: str


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What clerks see and do of a journey on the pages that all journeys share.

    ``who`` is for whom a booking is, in words that are subject and object of a sentence ("das Paar", "die Gruppe");
    ``lacks`` are the verbs of next_steps.py that make no sense here.

    ``names``: for whom the bookings are, by id, in one query. ``called``: the condition that a booking's people have
    a word in their names. ``facts``: label and value of what the journey knows. ``free``: where a booking could be
    moved to on a day. ``move``: put it on the slot whose value was chosen. ``plan``: what would happen if it was put
    elsewhere, lasted longer or got somebody else; ``put``: do that; ``put_back``: take such a change back.
    ``address``: the lines for an envelope's window. ``asked``: what of it can be put right; ``correct``: do so, with
    the values by name. ``on_paper``: what sheets say of them, by id, in one query. ``places``: where they are, in
    words, by id, where that is more than the name of their resource. ``matters``: what else waits in a town.
    """

    title: str
    who: str
    names: Callable[[Session, Collection[UUID]], dict[UUID, str]]
    on_paper: Callable[[Session, Collection[UUID]], dict[UUID, OnPaper]]
    called: Callable[[str], ColumnElement[bool]]
    facts: Callable[[Session, Booking], list[tuple[str, str]]]
    free: Callable[[Session, Booking, date, datetime], list[Choice]]
    move: Callable[[Session, Booking, str, datetime, Actor], None]
    plan: Callable[[Session, Booking, Wish, datetime], Plan]
    put: Callable[..., BookingEvent | None]
    put_back: Callable[[Session, Booking, BookingEvent, datetime, Actor], BookingEvent | None]
    address: Callable[[Session, Booking], list[str]]
    asked: Callable[[Session, Booking], list[Asked]]
    correct: Callable[[Session, Booking, Mapping[str, Any]], None]
    lacks: Collection[str] = ()
    places: Callable[[Session, Collection[UUID]], dict[UUID, str]] = lambda _session, _ids: {}
    matters: Callable[[Session, Municipality, datetime], list[Matter]] = lambda _session, _town, _now: []


@dataclass(frozen=True, slots=True)
class InCalendars:
    """How bookings are called in calendars. ``title`` and ``note`` for whom they belong to; ``summaries`` for feeds:
    by id, in one query, with the names of the people or without."""

    title: str
    note: str
    summaries: Callable[[Session, Select[UUID], bool], dict[UUID, str]]


@dataclass(frozen=True, slots=True)
class InRules:
    """What a town's rules mean in a journey; its prices: tariff_areas.py. ``days``: those of some days on which there
    is anything to book at all. ``by_class``: whether one chooses how long, and rules differ by user class; else slots
    are taken as they are, and what is reserved may have to be registered."""

    days: Callable[[Session, Municipality, Iterable[date]], list[date]]
    by_class: bool = False


@dataclass(frozen=True, slots=True)
class InLetters:
    """A journey's letters, whose words a town may set itself. Each ``kind`` has a ``title`` for clerks, the
    ``languages`` in which it is written, and the ``variables`` that it can fill in: what each means, by name. A kind
    belongs to one journey only. ``example``: subject, text and HTML of a letter to an example couple, in the words
    that are given."""

    kinds: Collection[str]
    title: Callable[[str], str]
    languages: Callable[[str], Sequence[str]]
    variables: Callable[[str], Mapping[str, str]]
    example: Callable[[Session, Municipality, str, Wording, datetime], tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Journey:
    """``page`` shows a booking to whom it belongs; ``prove`` lets it stand when the address is proven; ``tell`` writes
    the letters that an event calls for; ``reclaim`` takes again what an ended booking had claimed and says whether it
    could; ``forget`` deletes the personal data that the journey keeps. ``let_in`` raises for whom the secret link alone
    isn't enough; ``page`` looks itself. ``readdressed``: a clerk has put right the address under which it was booked,
    before it was another one."""

    name: str
    page: Callable[[Request, Session, Booking, datetime], Response[Any]]
    prove: Callable[[Session, Booking, datetime], None]
    tell: Callable[[Session, Booking, BookingEvent], None]
    reclaim: Callable[[Session, Booking, datetime], bool]
    forget: Callable[[Session, Booking], None]
    desk: AtDesk
    calendar: InCalendars
    letters: InLetters
    rules: InRules
    let_in: Callable[[Session, Booking], None] = lambda _session, _booking: None
    readdressed: Callable[[Session, Booking, str, datetime, Actor], None] = lambda *_told: None


_journeys: dict[str, Journey] = {}


def put_in(journey: Journey) -> None:
    """Make a journey known."""
    _journeys[journey.name] = journey


def of(booking: Booking) -> Journey:
    """The journey that a booking belongs to."""
    return _journeys[booking.journey]


def known() -> list[Journey]:
    """All journeys of this installation."""
    return list(_journeys.values())


def seen_by(role: str) -> list[Journey]:
    """Those with which a clerk of this role has to do."""
    return [journey for journey in _journeys.values() if sees(role, journey.name)]


def named(name: str, role: str) -> Journey:
    """The journey of this name, by default the first, of those that a role sees. Raises NotFound."""
    for journey in seen_by(role):
        if name in ("", journey.name):
            return journey
    raise NotFound
