"""When bookings need doors, and what follows from that for codes and locks. Nothing is said to a lock here.

A code belongs to one booking, or to all dates of a series. Its windows at a door say when it opens there. What the
door's lock should know at a time is one window: the next, or the one that runs (``next_window``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from buchbar.base.db import insert
from buchbar.doors import codes, locks
from buchbar.doors.models import Code, Door, Entry, Window

# So long before its window a code is brought to a lock that keeps the time itself.
AHEAD = timedelta(hours=48)
# Windows of one code at one door that are looked at together: they may touch.
_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a code is: of a booking, or of a series."""

    municipality_id: UUID
    booking_id: UUID | None = None
    series_id: UUID | None = None


Needs = Mapping[UUID, Sequence[tuple[UUID, datetime, datetime]]]
"""By booking: the doors that it needs, from when until when, run-in and run-out included."""


def span_of(door: Door, starts_at: datetime, ends_at: datetime) -> tuple[UUID, datetime, datetime]:
    """When a booking needs a door: a while before it, and long enough after it to leave and to lock up."""
    before, after = timedelta(minutes=door.run_in_minutes), timedelta(minutes=door.run_out_minutes)
    return door.id, starts_at - before, ends_at + after


def follow(session: Session, owner: Owner, wanted: Needs, at: datetime) -> None:
    """Make windows, code and entries what these bookings of one owner need, and no more. What is over stays. Twice is
    once."""
    there = {
        (window.booking_id, window.door_id): window
        for window in session.scalars(select(Window).where(Window.booking_id.in_(list(wanted))))
    }
    needed = {
        (booking_id, door_id): (start, end)
        for booking_id, needs in wanted.items()
        for door_id, start, end in needs
        if end > at
    }
    running = {key: window for key, window in there.items() if window.ends_at > at}
    if not needed and not running:
        return
    touched = {(window.door_id, window.code_id) for window in running.values()}
    for key in running.keys() - needed.keys():
        session.delete(running[key])
    if needed:
        code = _code(session, owner, at)
        for (booking_id, door_id), (start, end) in needed.items():
            window = there.get((booking_id, door_id)) or Window(booking_id=booking_id, door_id=door_id)
            window.code_id, window.starts_at, window.ends_at = code.id, start, end
            session.add(window)
        ids = sorted({door_id for _booking_id, door_id in needed})
        session.flush()
        codes.provide(session, code, session.scalars(select(Door).where(Door.id.in_(ids))).all(), at)
        touched |= {(door_id, code.id) for door_id in ids}
    session.flush()
    _plan(session, touched, at)


def _code(session: Session, owner: Owner, at: datetime) -> Code:
    """The owner's code, locked: who else has to do with it waits."""
    values = {
        "id": uuid4(),
        "municipality_id": owner.municipality_id,
        "booking_id": owner.booking_id,
        "series_id": owner.series_id,
        "sealed": "",
        "made_at": at,
    }
    own = Code.booking_id == owner.booking_id if owner.booking_id else Code.series_id == owner.series_id
    locked = select(Code).where(own).with_for_update().execution_options(populate_existing=True)
    found = session.scalar(locked)
    if found is None:
        session.execute(insert(session, Code).values(values).on_conflict_do_nothing())
        found = session.scalars(locked).one()
    return found


def _plan(session: Session, touched: Iterable[tuple[UUID, UUID]], at: datetime) -> None:
    """Let the entries follow their windows. Always in one order, as everybody locks them."""
    pairs = set(touched)
    code_ids = {code_id for _door_id, code_id in pairs}
    all_of = select(Entry).where(Entry.code_id.in_(code_ids)).order_by(Entry.door_id, Entry.code_id)
    for entry in session.scalars(all_of.with_for_update(of=Entry).execution_options(populate_existing=True)):
        if (entry.door_id, entry.code_id) in pairs:
            plan(session, entry, at)
    session.flush()


def plan(session: Session, entry: Entry, at: datetime) -> None:
    """Let a locked entry follow its windows: what is new is for the job to do. Where nothing is, all stays."""
    window = next_window(session, entry.door_id, entry.code_id, at)
    known = (entry.starts_at, entry.ends_at)
    if window == known and entry.state not in ("removing", "removed"):
        return
    if window is None:
        if entry.state not in ("removing", "removed"):
            entry.state, entry.next_at, entry.tries, entry.changed_at = "removing", at, 0, at
            if entry.told_from is None:
                entry.state, entry.next_at = "removed", None
        return
    renew(entry, window, at)


def ahead(door: Door) -> timedelta:
    """How long before its window a code is brought to the door's lock."""
    return AHEAD if locks.abilities(door).timed else timedelta(0)


def renew(entry: Entry, window: tuple[datetime, datetime], at: datetime) -> None:
    """Something else is wanted: it is planned anew. A code that the lock may still know is put right at once."""
    entry.starts_at, entry.ends_at = window
    entry.state, entry.tries, entry.fault, entry.alarmed_at, entry.changed_at = "planned", 0, "", None, at
    entry.next_at = at if entry.told_from is not None else max(at, window[0] - ahead(entry.door))


def other_digits(session: Session, owner_ids: Iterable[UUID], at: datetime) -> None:
    """Give the codes of these bookings and series other digits: who knew the old ones shall not come in any more."""
    ids = list(owner_ids)
    theirs = select(Code).where(or_(Code.booking_id.in_(ids), Code.series_id.in_(ids)))
    ordered = theirs.order_by(func.coalesce(Code.series_id, Code.booking_id))
    for code in session.scalars(ordered.with_for_update().execution_options(populate_existing=True)).all():
        codes.renew(session, code, at)
        for entry in session.scalars(select(Entry).where(Entry.code_id == code.id, Entry.state != "removed")):
            entry.starts_at = entry.ends_at = at  # so that it is planned anew
            plan(session, entry, at)
    session.flush()


def next_window(session: Session, door_id: UUID, code_id: UUID, at: datetime) -> tuple[datetime, datetime] | None:
    """The window of a code at a door that runs at a moment, or else is next; what overlaps or touches is one."""
    mine = Window.door_id == door_id, Window.code_id == code_id, Window.ends_at > at
    ordered = select(Window.starts_at, Window.ends_at).where(*mine).order_by(Window.starts_at).limit(_TOGETHER)
    found: tuple[datetime, datetime] | None = None
    for start, end in session.execute(ordered):
        if found is None:
            found = (start, end)
        elif start <= found[1]:
            found = (found[0], max(found[1], end))
        else:
            break
    return found


def tidy(session: Session, before: datetime) -> None:
    """Delete when doors were needed, once it is over for so long; and codes that nothing needs and no lock knows any
    more."""
    session.execute(delete(Window).where(Window.ends_at < before))
    live = select(Entry.code_id).where(Entry.state != "removed")
    over = select(Code.id).where(Code.made_at < before, Code.id.not_in(select(Window.code_id)), Code.id.not_in(live))
    gone = session.scalars(over).all()
    session.execute(delete(Entry).where(Entry.code_id.in_(gone)))
    session.execute(delete(Code).where(Code.id.in_(gone)))
