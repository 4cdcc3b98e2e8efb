"""A clerk says yes to a request: as it was asked, with conditions, or to something else; and makes room where somebody
else is in the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking import claims, lifecycle, queries, steps
from buchbar.booking.claims import Wanted
from buchbar.booking.events import Actor
from buchbar.booking.halls import adjust, reservation
from buchbar.booking.halls.desk import free
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.slot_form import chosen
from buchbar.booking.journeys import Choice
from buchbar.booking.making_way import Decision, money_and_letters
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import Cost, cost_of_cancelling
from buchbar.booking.obstacles import in_the_way
from buchbar.booking.plans import CantBe, Wish
from buchbar.calendar.walls import local_date

T = TypeVar("T")
WAYS = {
    "verlegen": N_("Auf einen anderen Termin verlegen"),
    "stornieren": N_("Stornieren, mit Nachricht"),
}
# With more bookings in the way, other slots are sought on each one's own page.
MOST_WITH_SLOTS = 12


@dataclass(frozen=True, slots=True)
class InWay:
    """A booking that has what somebody else is to get: what can become of it (``ways``), where it could go, what
    cancelling it costs the town; ``stand`` is its last event."""

    booking: Booking
    names: str
    stand: int
    ways: tuple[str, ...]
    slots: list[Choice]
    cost: Cost


@dataclass(frozen=True, slots=True)
class Consequence:
    """What making room would cause for one booking: letters, and cents that go back."""

    number: str
    names: str
    letters: int
    back: int


class _Tried(Exception):
    """Takes back what was only tried."""


def decide(
    session: Session, booking: Booking, slot: Slot, conditions: str, at: datetime, by: Actor, *, anyway: bool = False
) -> None:
    """Let a booking have this slot: a request is agreed to with that, under these conditions.

    Raises CantBe, Taken or Refused for what stands against it, Invalid for unread warnings; then nothing has happened.
    """
    lifecycle.lock(session, booking)
    asked = booking.state == "requested"
    if asked:
        session.get_one(HallUse, booking.id).conditions = conditions
    wish = Wish(slot.hall_id, slot.span, parts=slot.parts)
    adjust.put(session, booking, wish, at, by, anyway=anyway, **({"partly": "yes"} if asked else {}))
    if asked:
        lifecycle.approve(session, booking, "office", at, by)


def in_way(session: Session, town: Municipality, slot: Slot, at: datetime, but: UUID | None = None) -> list[InWay]:
    """The bookings that have some of a slot, and what can become of each. Raises CantBe where a closure has it, too."""
    wanted = _wanted(session, town, slot)
    obstacles = in_the_way(session, town, wanted, at, but)
    if closed := [each for each in obstacles if each.booking_id is None]:
        raise CantBe(closed)
    ids = {each.booking_id for each in obstacles}
    theirs = queries.bookings(town).where(Booking.id.in_(ids)).order_by(Booking.starts_at, Booking.id)
    bookings = session.scalars(theirs).all()
    names = queries.names_of(session, bookings)
    stands = queries.last_events(session, [booking.id for booking in bookings])
    found = []
    for booking in bookings:
        slots = _elsewhere(session, booking, wanted, at) if len(bookings) <= MOST_WITH_SLOTS else []
        ways = tuple(way for way in _ways(booking, at) if slots or way != "verlegen")
        cost = cost_of_cancelling(session, booking, 100)
        found.append(InWay(booking, names.get(booking.id, ""), stands.get(booking.id, 0), ways, slots, cost))
    return found


def make_room(
    session: Session,
    town: Municipality,
    slot: Slot,
    decisions: Mapping[UUID, Decision],
    reason: str,
    at: datetime,
    by: Actor,
    then: Callable[[], T],
    but: UUID | None = None,
) -> T:
    """Move or cancel what is in the way, and then do what needs the room: all of it, or nothing.

    ``but`` is the booking that gets the room. Raises Refused where something else is in the way by now, or something
    has happened to what was decided about.
    """
    with session.begin_nested(), claims.versions_last(session):
        _lock(session, [*decisions, *([but] if but else [])])
        found = {each.booking.id: each for each in in_way(session, town, slot, at, but)}
        if overlooked := [each.booking.number for each in found.values() if not _decided(decisions, each)]:
            words = ", ".join(overlooked)
            raise Refused(_("Inzwischen ist etwas geschehen bei: %s. Bitte sehen Sie noch einmal hin.") % words)
        moving = [each.booking for each in found.values() if decisions[each.booking.id].way == "verlegen"]
        for each in found.values():
            if each.booking not in moving:
                lifecycle.cancel(session, each.booking, at, by, reason)
        for booking in moving:
            reservation.move(session, booking, chosen(decisions[booking.id].to), at, by, reason)
        return then()


def rehearse(
    session: Session, town: Municipality, decisions: Mapping[UUID, Decision], act: Callable[[], object]
) -> list[Consequence]:
    """What ``act``, which makes room, would cause for those who have to go. Nothing of it stays; it raises what that
    would raise."""
    bookings = session.scalars(queries.bookings(town).where(Booking.id.in_(decisions))).all()
    names = queries.names_of(session, bookings)
    words = {booking.id: (booking.number, names.get(booking.id, "")) for booking in bookings}
    before = money_and_letters(session, decisions)
    after = before
    try:
        with session.begin_nested():
            act()
            session.flush()
            after = money_and_letters(session, decisions)
            raise _Tried
    except _Tried:
        session.expire_all()
    (letters, back), (letters_then, back_then) = before, after

    def more(counts: dict[UUID, int], than: dict[UUID, int], key: UUID) -> int:
        return counts.get(key, 0) - than.get(key, 0)

    return [Consequence(*words[key], more(letters_then, letters, key), more(back_then, back, key)) for key in words]


def _wanted(session: Session, town: Municipality, slot: Slot) -> list[Wanted]:
    hall = plan(session, town).halls.get(slot.hall_id)
    if hall is None or not hall.allows(slot.parts):
        raise Refused(_("Diese Teile der Halle können nicht zusammen gebucht werden."))
    return hall.claims(slot.parts, slot.span)


def _lock(session: Session, ids: list[UUID]) -> None:
    session.flush()
    session.execute(select(Booking.id).where(Booking.id.in_(ids)).order_by(Booking.id).with_for_update())
    session.expire_all()


def _decided(decisions: Mapping[UUID, Decision], found: InWay) -> bool:
    decision = decisions.get(found.booking.id)
    return decision is not None and decision.stand == found.stand and decision.way in found.ways


def _ways(booking: Booking, at: datetime) -> list[str]:
    verbs = {"verlegen": "move", "stornieren": "cancel"}
    return [way for way in WAYS if booking.state in steps.STEPS[verbs[way]] and booking.starts_at > at]


def _elsewhere(session: Session, booking: Booking, wanted: list[Wanted], at: datetime) -> list[Choice]:
    """Where a booking could go on its day without standing in the way again."""
    rules = plan(session, booking.municipality)

    def clear(choice: Choice) -> bool:
        slot = chosen(choice.value)
        theirs = rules.halls[slot.hall_id].claims(slot.parts, slot.span)
        return not any(each.clashes(other) for each in theirs for other in wanted)

    day = local_date(booking.starts_at, rules.zone)
    return [choice for choice in free(session, booking, day, at) if clear(choice)]
