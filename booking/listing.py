"""The list of all bookings: what a clerk looks for, and what is found. The municipality comes first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_
from buchbar.booking import queries, sought
from buchbar.booking.models import Booking, Claim
from buchbar.booking.queries import Row
from buchbar.calendar.walls import day_span
from buchbar.payments import ledger

PAGE = 25
# So many are read at once where all are needed.
CHUNK = 1000
ORDERS = {"termin": N_("Termin"), "eingang": N_("Eingang, die neuesten zuerst"), "frist": N_("Frist")}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a clerk looks for; empty means anything.

    ``journey``: of one only. ``place_id``: a venue or a hall. ``first`` and ``last`` are days of the event. ``since``:
    what begins after that moment. ``due_days``: what ends by itself within so many days if nobody pays or registers.
    ``unpaid``: something is open. ``order``: see ``ORDERS``.
    """

    words: str = ""
    states: tuple[str, ...] = ()
    journey: str = ""
    place_id: UUID | None = None
    registrar_id: UUID | None = None
    first: date | None = None
    last: date | None = None
    since: datetime | None = None
    channel: str = ""
    due_days: int | None = None
    unpaid: bool = False
    without_email: bool = False
    order: str = "termin"


def count(session: Session, town: Municipality, wish: Wish, now: datetime) -> int:
    """How many bookings that are."""
    return session.scalar(select(func.count()).select_from(Booking).where(*_conditions(town, wish, now))) or 0


def page(session: Session, town: Municipality, wish: Wish, number: int, now: datetime) -> list[Row]:
    """One page of them, in the order wished for."""
    wanted = _ordered(queries.bookings(town).where(*_conditions(town, wish, now)), wish)
    return queries.rows(session, session.scalars(wanted.limit(PAGE).offset((number - 1) * PAGE)).all())


def ids(session: Session, town: Municipality, wish: Wish, most: int, now: datetime) -> list[UUID]:
    """The ids of the first so many."""
    wanted = select(Booking.id).where(*_conditions(town, wish, now))
    return list(session.scalars(_ordered(wanted, wish).limit(most)))


def chunks(session: Session, town: Municipality, wanted: list[UUID]) -> Iterator[list[Row]]:
    """The town's bookings with these ids, in their order, as many at once as one likes to keep in memory."""
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        found = {row.id: row for row in session.scalars(queries.bookings(town).where(Booking.id.in_(some)))}
        yield queries.rows(session, [found[each] for each in some if each in found])


def _ordered(wanted: Select[Any], wish: Wish) -> Select[Any]:
    by: dict[str, tuple[Any, ...]] = {
        "termin": (Booking.starts_at,),
        "eingang": (Booking.ranks_at.desc(),),
        "frist": (Booking.deadline_at.is_(None), Booking.deadline_at, Booking.starts_at),
    }
    return wanted.order_by(*by[wish.order], Booking.id)


def _conditions(town: Municipality, wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    conditions = [Booking.municipality_id == town.id, *_when(town, wish)]
    if wish.words:
        conditions += sought.conditions(town, wish.words)
    if wish.states:
        conditions.append(Booking.state.in_(wish.states))
    if wish.journey:
        conditions.append(Booking.journey == wish.journey)
    if wish.place_id:
        conditions.append(Booking.resource_id == wish.place_id)
    if wish.registrar_id:
        conditions.append(Booking.id.in_(select(Claim.booking_id).where(Claim.resource_id == wish.registrar_id)))
    if wish.channel:
        conditions.append(Booking.channel == wish.channel)
    if wish.due_days is not None:
        conditions += [
            Booking.state.in_(("payable", "confirmed")),
            Booking.deadline_at <= now + timedelta(days=wish.due_days),
        ]
    if wish.unpaid:
        conditions.append(Booking.id.in_(ledger.unpaid(town.id)))
    if wish.without_email:
        conditions += [Booking.email == "", Booking.forgotten_at.is_(None)]
    return conditions


def _when(town: Municipality, wish: Wish) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wish.since:
        conditions.append(Booking.starts_at > wish.since)
    if wish.first:
        conditions.append(Booking.starts_at >= day_span(wish.first, town.zone).start)
    if wish.last:
        conditions.append(Booking.starts_at < day_span(wish.last, town.zone).end)
    return conditions
