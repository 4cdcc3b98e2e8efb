"""Closing where bookings stand in the way: for each of them it is decided what becomes of it, and all is done at once.

A booking can stay, and is closed around; it can be moved to another slot, or cancelled by the office. Only what stands
can stay: what is held for some minutes would be booked into the closure. Either all of it happens, or nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking import claims, closures, journeys, lifecycle, queries, steps
from buchbar.booking.closures import InTheWay
from buchbar.booking.events import Actor
from buchbar.booking.journeys import Choice
from buchbar.booking.models import Booking, Claim
from buchbar.booking.next_steps import Cost, cost_of_cancelling
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Letter
from buchbar.payments.models import Refund
from buchbar.resources.models import Closure, Resource

WAYS = {
    "bleibt": N_("Bleibt: Es wird nur um sie herum gesperrt"),
    "verlegen": N_("Auf einen anderen Termin verlegen"),
    "stornieren": N_("Stornieren, mit Nachricht"),
}
# With more bookings in the way, other slots are sought on each one's own page.
MOST_WITH_SLOTS = 12


@dataclass(frozen=True, slots=True)
class Closing:
    """What is to be closed, when and why."""

    resources: Sequence[Resource]
    spans: Sequence[Span]
    reason: str
    at: datetime
    by: Actor


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a booking: one of WAYS; ``to`` is the slot to which it moves, ``stand`` the last event of it
    that the clerk has seen."""

    way: str
    to: str = ""
    stand: int = 0


@dataclass(frozen=True, slots=True)
class InWay:
    """A booking in the way, as a page shows it. ``ways``: what can become of it; ``cost``: of cancelling, by the
    office; ``slots``: where it could be moved to when all around it is closed."""

    booking: Booking
    names: str
    stand: int
    ways: tuple[str, ...]
    cost: Cost
    slots: list[Choice] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would be done: closures, and by booking how many letters go out and how many cents go back."""

    closed: list[tuple[Resource, datetime, datetime]]
    letters: dict[UUID, int]
    back: dict[UUID, int]


class _Tried(Exception):
    """Takes back what was only tried."""


def in_the_way(session: Session, closing: Closing) -> list[Booking]:
    """The bookings whose claims stand in what is to be closed, in their order."""
    ids: set[UUID] = set()
    for span in closing.spans:
        here = claims.overlapping([each.id for each in closing.resources], span)
        ids |= {row for row in session.scalars(select(Claim.booking_id).where(*here)) if row}
    loading = selectinload(Booking.policy), selectinload(Booking.municipality), selectinload(Booking.resource)
    found = session.scalars(select(Booking).where(Booking.id.in_(ids)).options(*loading))
    return sorted(found, key=lambda each: (each.starts_at, each.number))


def choices(session: Session, town: Municipality, closing: Closing) -> list[InWay]:
    """What can become of each booking in the way."""
    bookings = in_the_way(session, closing)
    names = queries.names_of(session, bookings)
    stands = queries.last_events(session, [booking.id for booking in bookings])
    slots = _slots(session, closing, bookings) if len(bookings) <= MOST_WITH_SLOTS else {}
    asked = []
    for booking in bookings:
        free = slots.get(booking.id, [])
        ways = tuple(way for way in _ways(booking, closing.at) if free or way != "verlegen")
        cost = cost_of_cancelling(session, booking, 100)
        asked.append(InWay(booking, names.get(booking.id, ""), stands.get(booking.id, 0), ways, cost, free))
    return asked


def _ways(booking: Booking, at: datetime) -> list[str]:
    begun = booking.starts_at <= at
    possible = {
        "bleibt": booking.state in queries.STANDING,
        "verlegen": booking.state in steps.STEPS["move"] and not begun,
        "stornieren": booking.state in steps.STEPS["cancel"] and not begun,
    }
    return [way for way in WAYS if possible[way]]


def _slots(session: Session, closing: Closing, bookings: Sequence[Booking]) -> dict[UUID, list[Choice]]:
    """Where each booking could go on its day, as it would be when all around the bookings is closed."""
    with session.begin_nested() as attempt:
        _close(session, closing)
        found = {booking.id: _free(session, booking, closing.at) for booking in bookings}
        attempt.rollback()
    return found


def _free(session: Session, booking: Booking, at: datetime) -> list[Choice]:
    day = local_date(booking.starts_at, booking.municipality.zone)
    return journeys.of(booking).desk.free(session, booking, day, at)


def carry_out(
    session: Session, closing: Closing, decisions: Mapping[UUID, Decision], reason: str
) -> tuple[list[Closure], list[Booking]]:
    """Do what was decided, and close; the closures, and the bookings that were in the way.

    Raises InTheWay for bookings of which nothing was decided, and Refused for what can't be done any more; then
    nothing has happened. ``reason`` is why, for those who are cancelled.
    """
    with session.begin_nested(), claims.versions_last(session):
        bookings = _locked(session, closing, decisions)
        moving = [booking for booking in bookings if decisions[booking.id].way == "verlegen"]
        for booking in bookings:
            if decisions[booking.id].way == "stornieren":
                lifecycle.cancel(session, booking, closing.at, closing.by, reason)
        closed = _close(session, closing)
        if moving:  # what is closed already is where they can't go; where they were is closed after them
            for booking in moving:
                journeys.of(booking).desk.move(session, booking, decisions[booking.id].to, closing.at, closing.by)
            for closure in closed:
                closures.reopen(session, closure)
            closed = _close(session, closing)
        if not closed:
            raise Refused(_("In dieser Zeit ist nichts mehr frei, das gesperrt werden könnte."))
    return closed, bookings


def rehearse(session: Session, closing: Closing, decisions: Mapping[UUID, Decision], reason: str) -> Outcome:
    """What ``carry_out`` would do. Nothing of it stays; it raises what that would raise."""
    before = money_and_letters(session, decisions)
    outcome = None
    try:
        with session.begin_nested():
            closed, _bookings = carry_out(session, closing, decisions, reason)
            closable = {resource.id: resource for resource in closing.resources}
            letters, back = money_and_letters(session, decisions)
            outcome = Outcome(
                [(closable[each.resource_id], each.starts_at, each.ends_at) for each in closed],
                {key: count - before[0].get(key, 0) for key, count in letters.items()},
                {key: cents - before[1].get(key, 0) for key, cents in back.items()},
            )
            raise _Tried
    except _Tried:
        session.expire_all()
    assert outcome is not None  # noqa: S101 - whatever else is raised goes on
    return outcome


def _locked(session: Session, closing: Closing, decisions: Mapping[UUID, Decision]) -> list[Booking]:
    """The bookings in the way, locked in one order, as the clerk saw them when deciding."""
    # First what lives: who moves one of these locks it, and then sweeps what has run out.
    ids = sorted(booking.id for booking in in_the_way(session, closing) if not booking.lapsed(closing.at))
    session.execute(select(Booking.id).where(Booking.id.in_(ids)).order_by(Booking.id).with_for_update())
    _sweep(session, closing)
    session.expire_all()
    bookings = in_the_way(session, closing)
    undecided = [booking for booking in bookings if booking.id not in decisions]
    stands = queries.last_events(session, ids)
    overtaken = [each for each in bookings if each not in undecided and stands.get(each.id) != decisions[each.id].stand]
    if undecided:
        raise InTheWay(
            _("Inzwischen steht noch etwas im Weg: %s. Bitte entscheiden Sie auch darüber.")
            % ", ".join(booking.number for booking in undecided)
        )
    if overtaken:
        raise InTheWay(
            _("Inzwischen ist etwas geschehen bei: %s. Bitte sehen Sie noch einmal hin.")
            % ", ".join(booking.number for booking in overtaken)
        )
    return bookings


def _sweep(session: Session, closing: Closing) -> None:
    ids = [each.id for each in closing.resources]
    claims.changed(session, claims.sweep(session, ids, closing.spans, closing.at))


def _close(session: Session, closing: Closing) -> list[Closure]:
    _sweep(session, closing)  # all before the first claim is taken
    made: list[Closure] = []
    for resource in sorted(closing.resources, key=lambda each: each.id):
        for span in closing.spans:
            closure = closures.close_around(session, resource, span, closing.reason, closing.at, closing.by)
            made += [closure] if closure else []
    return made


def money_and_letters(session: Session, ids: Collection[UUID]) -> tuple[dict[UUID, int], dict[UUID, int]]:
    """How many letters there are, and how many cents went back, by booking."""
    letters = select(Letter.booking_id, func.count()).where(Letter.booking_id.in_(ids)).group_by(Letter.booking_id)
    back = select(Refund.booking_id, func.sum(Refund.cents)).where(Refund.booking_id.in_(ids))
    return (
        {row[0]: row[1] for row in session.execute(letters) if row[0]},
        {row[0]: int(row[1]) for row in session.execute(back.group_by(Refund.booking_id))},
    )
