"""What the kernel asks of a journey. ``app`` puts the journeys in; the kernel never imports one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent


@dataclass(frozen=True, slots=True)
class Choice:
    """A slot that a clerk can choose: ``value`` as it stands in a form, in words, and where it is."""

    value: str
    label: str
    place: str


@dataclass(frozen=True, slots=True)
class AtDesk:
    """What clerks see and do of a journey on the pages that all journeys share.

    ``names``: for whom the bookings are, by id, in one query. ``called``: the condition that a booking's people have
    a word in their names. ``facts``: label and value of what the journey knows. ``free``: where a booking could be
    moved to on a day. ``move``: put it on the slot whose value was chosen.
    """

    title: str
    names: Callable[[Session, Collection[UUID]], dict[UUID, str]]
    called: Callable[[str], ColumnElement[bool]]
    facts: Callable[[Session, Booking], list[tuple[str, str]]]
    free: Callable[[Session, Booking, date, datetime], list[Choice]]
    move: Callable[[Session, Booking, str, datetime, Actor], None]


@dataclass(frozen=True, slots=True)
class InCalendars:
    """How bookings are called in calendars. ``title`` and ``note`` for whom they belong to; ``summaries`` for feeds:
    by id, in one query, with the names of the people or without."""

    title: str
    note: str
    summaries: Callable[[Session, Select[UUID], bool], dict[UUID, str]]


@dataclass(frozen=True, slots=True)
class Journey:
    """``page`` shows a booking to whom it belongs; ``prove`` lets it stand when the address is proven; ``tell`` writes
    the letters that an event calls for; ``reclaim`` takes again what an ended booking had claimed and says whether it
    could; ``forget`` deletes the personal data that the journey keeps."""

    name: str
    page: Callable[[Request, Session, Booking, datetime], Response[Any]]
    prove: Callable[[Session, Booking, datetime], None]
    tell: Callable[[Session, Booking, BookingEvent], None]
    reclaim: Callable[[Session, Booking, datetime], bool]
    forget: Callable[[Session, Booking], None]
    desk: AtDesk
    calendar: InCalendars


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
