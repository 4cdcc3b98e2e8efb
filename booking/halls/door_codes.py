"""Which doors a hall's booking needs, and when: codes follow whatever happens to the booking.

What has to follow is noted while a transaction does its work, and done at its end (``sync``): by then the bookings are
locked, so codes are locked after bookings everywhere, and the dates of a series are dealt with at once.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, event, select
from sqlalchemy.orm import Session, joinedload

from buchbar.base.db import Database
from buchbar.booking import lifecycle
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.models import Booking
from buchbar.doors import windows
from buchbar.doors.models import Door, Entry, Window
from buchbar.doors.windows import Needs, Owner
from buchbar.payments import ledger

# How far ahead the job looks after what should have followed by itself.
LOOK_AHEAD = timedelta(days=14)
# No door is open longer after a booking (doors/models.py).
LONGEST_RUN_OUT = timedelta(hours=2)
_NOTED = "door_codes"
log = logging.getLogger("buchbar.doors")


def sync(session: Session, booking: Booking, at: datetime) -> None:
    """Something has happened to a booking: before this transaction is saved, its codes follow."""
    session.info.setdefault(_NOTED, {})[booking.id] = at


def listen() -> None:
    """From now on, on all sessions of this process; twice is once."""
    if not event.contains(Session, "before_commit", settle):
        event.listen(Session, "before_commit", settle)


def settle(session: Session) -> None:
    """Let codes follow the bookings that were noted in this transaction."""
    if not session.info.get(_NOTED) or session.in_nested_transaction():
        return
    noted: dict[UUID, datetime] = session.info.pop(_NOTED)
    session.flush()
    theirs = select(Booking).where(Booking.id.in_(list(noted)), Booking.journey == JOURNEY)
    found = session.scalars(theirs.options(joinedload(Booking.policy))).all()
    _follow(session, found, max(noted.values()))


def _follow(session: Session, bookings: Sequence[Booking], at: datetime) -> None:
    uses = _uses(session, bookings)
    needs = wanted(session, bookings, uses)
    by_owner: dict[tuple[UUID, UUID | None], list[Booking]] = defaultdict(list)
    for booking in bookings:
        series_id = uses[booking.id].series_id if booking.id in uses else None
        by_owner[series_id or booking.id, series_id].append(booking)
    for _key, those in sorted(by_owner.items(), key=lambda each: each[0][0]):
        use = uses.get(those[0].id)
        series_id = use.series_id if use else None
        owner = Owner(those[0].municipality_id, None if series_id else those[0].id, series_id)
        windows.follow(session, owner, {each.id: needs[each.id] for each in those}, at)


def wanted(session: Session, bookings: Sequence[Booking], uses: Mapping[UUID, HallUse]) -> Needs:
    """The doors that bookings need, and when; none for what isn't firm, or must be paid first and isn't."""
    firm = _firm(session, bookings)
    doors = _doors(session, {booking.resource_id for booking in firm})
    needs: dict[UUID, list[tuple[UUID, datetime, datetime]]] = {booking.id: [] for booking in bookings}
    for booking in firm:
        parts = set(uses[booking.id].parts) if booking.id in uses else set()
        for door in doors[booking.resource_id]:
            if not door.parts or parts & set(door.parts):
                needs[booking.id].append(windows.span_of(door, booking.starts_at, booking.ends_at))
    return needs


def _firm(session: Session, bookings: Iterable[Booking]) -> list[Booking]:
    confirmed = [booking for booking in bookings if booking.state == "confirmed"]
    to_pay = [booking.id for booking in confirmed if booking.terms.payment == "required"]
    owing = {key for key, account in ledger.accounts(session, to_pay).items() if account.open > 0} if to_pay else set()
    return [booking for booking in confirmed if booking.id not in owing]


def _uses(session: Session, bookings: Iterable[Booking]) -> dict[UUID, HallUse]:
    ids = [booking.id for booking in bookings]
    found = session.scalars(select(HallUse).where(HallUse.booking_id.in_(ids))).all() if ids else []
    return {use.booking_id: use for use in found}


def _doors(session: Session, hall_ids: Iterable[UUID]) -> dict[UUID, list[Door]]:
    found: dict[UUID, list[Door]] = defaultdict(list)
    ours = select(Door).where(Door.hall_id.in_(list(hall_ids)), Door.active.is_(True)).order_by(Door.position, Door.id)
    for door in session.scalars(ours):
        found[door.hall_id].append(door)
    return found


def keep(database: Database, now: datetime) -> int:
    """Put right what doesn't fit together: after a door was edited, or where something happened to a booking that
    nobody has told us of; how many bookings."""
    with database.read() as session:
        wrong = _wrong(session, now)
    done = 0
    for booking_id in wrong:
        try:
            with database.write() as session:
                booking = session.get_one(Booking, booking_id)
                lifecycle.lock(session, booking)
                _follow(session, [booking], now)
            done += 1
        except Exception as fault:
            log.error("job failed", extra={"booking": str(booking_id), "fault": type(fault).__name__})
    return done


def _wrong(session: Session, now: datetime) -> list[UUID]:
    """The bookings, running or within two weeks, whose windows aren't what they should be, or whose doors don't have
    to know what they should."""
    near = (
        select(Booking)
        .where(
            Booking.journey == JOURNEY,
            Booking.state == "confirmed",
            Booking.starts_at < now + LOOK_AHEAD,
            Booking.ends_at > now - LONGEST_RUN_OUT,
            Booking.resource_id.in_(select(Door.hall_id)),
        )
        .options(joinedload(Booking.policy))
    )
    bookings = session.scalars(near).all()
    should = {
        (booking_id, *need)
        for booking_id, needs in wanted(session, bookings, _uses(session, bookings)).items()
        for need in needs
        if need[2] > now
    }
    there = select(Window.booking_id, Window.door_id, Window.starts_at, Window.ends_at, Entry.state).outerjoin(
        Entry, and_(Entry.door_id == Window.door_id, Entry.code_id == Window.code_id)
    )
    rows = session.execute(there.where(Window.ends_at > now, Window.starts_at < now + LOOK_AHEAD)).all()
    known = {(row[0], row[1], row[2], row[3]) for row in rows}
    # A door that was out of use for a moment has forgotten what it is to know again.
    lost = {(row[0], row[1], row[2], row[3]) for row in rows if row[4] in (None, "removed")}
    ids = {booking.id for booking in bookings}
    # What lies at the edge of the two weeks is no difference: its window may begin within them, its booking after.
    late = {row[0] for row in known if row[0] not in ids and row[2] + LONGEST_RUN_OUT > now + LOOK_AHEAD}
    return sorted({row[0] for row in (should ^ known) | (should & lost)} - late)
