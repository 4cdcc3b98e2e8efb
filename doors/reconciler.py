"""Brings locks to the state that the windows ask for (docs/decisions/0020).

Each step is a transaction of its own, and the lock is spoken to between two of them: the entry is claimed and what is
going to be told is written down; the lock is told; its answer is written down. Killed anywhere, the next run begins
with the same entry again, and the adapters look before they do a thing twice.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, joinedload

from buchbar.base.db import Database
from buchbar.base.texts import N_
from buchbar.doors import codes, locks, windows
from buchbar.doors.adapters import Lock, Told, Unreachable, Wish
from buchbar.doors.models import Door, Entry

PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 60)]
# Longer than any conversation with a lock: so long nobody else begins with an entry.
LEASE = timedelta(minutes=3)
# So long what else is due at a silent lock isn't tried: the one that was is the test for all.
LEFT_ALONE = timedelta(minutes=5)
# Seconds after which a run leaves the rest to the next one, so that what it knows of the time stays true.
LONGEST_RUN = 60
AT_ONCE = 500
UNFIT = N_("Diese Ziffern nimmt das Schloss nicht an.")
BUG = N_("Beim Senden ist etwas schiefgegangen.")
log = logging.getLogger("buchbar.doors")


@dataclass(frozen=True, slots=True)
class Errand:
    """What a lock is going to be told: to know the code ("put") or to forget it ("remove"), for the how manieth
    time; or that its code needs other digits first ("renew")."""

    verb: str
    entry_id: UUID
    code_id: UUID
    door: Door
    wish: Wish
    tries: int
    digits_print: str
    leased_until: datetime | None


def run(database: Database, now: datetime) -> int:
    """Bring the entries whose turn it is to their locks; how many are done. Safe in any number of processes.

    A lock that doesn't answer is left alone for a while: one may not keep the others waiting.
    """
    began = time.monotonic()
    done = 0
    silent: set[UUID] = set()
    for entry_id, door_id in _due(database, now):
        if time.monotonic() - began > LONGEST_RUN:
            break
        if door_id in silent:
            continue
        try:
            done += bring(database, entry_id, now)
        except Unreachable:
            silent |= _leave_alone(database, door_id, silent, now)
    return done


def _due(database: Database, now: datetime) -> Sequence[tuple[UUID, UUID]]:
    """Whose turn it is: door by door, so that what has piled up at some keeps the others from nothing."""
    turn = func.row_number().over(partition_by=Entry.door_id, order_by=(Entry.next_at, Entry.id))
    due = select(Entry.id, Entry.door_id).where(Entry.next_at <= now, _free(now))
    with database.read() as session:
        rows = session.execute(due.order_by(turn, Entry.next_at, Entry.id).limit(AT_ONCE))
        return [(row[0], row[1]) for row in rows]


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Entry.leased_until.is_(None), Entry.leased_until <= now)


def _leave_alone(database: Database, door_id: UUID, silent: set[UUID], now: datetime) -> set[UUID]:
    """A lock is silent: what else is due there waits. Where another behind the same address is silent, too, that holds
    for all there. Which doors these are."""
    with database.write() as session:
        door = session.get_one(Door, door_id)
        those = {door_id}
        others = session.scalars(select(Door).where(Door.adapter == door.adapter)).all() if silent else []
        settings = database.info["settings"]
        there = {other.id for other in others if locks.host(settings, other) == locks.host(settings, door)}
        if there & (silent - those):
            those = there
        waiting = select(Entry).where(Entry.door_id.in_(those), Entry.next_at <= now).order_by(Entry.id)
        for entry in session.scalars(waiting.with_for_update(of=Entry, skip_locked=True)):
            entry.next_at = now + LEFT_ALONE
    return those


def bring(database: Database, entry_id: UUID, now: datetime) -> bool:
    """Do what is next for one entry; whether it is done. Raises Unreachable, when that is written down."""
    with database.write() as session:
        errand = claim(session, entry_id, now)
    if errand is None:
        return True
    if errand.verb == "renew":
        _renew(database, errand, now)
        return False
    silent: Unreachable | None = None
    try:
        told = speak(locks.lock_of(database, errand.door, now), errand)
    except Unreachable as fault:
        silent, told = fault, Told("silent", why=str(fault))
    except Exception as fault:  # a bug in an adapter, or an answer that nobody thought of: it may be another's next
        log.error("lock failed", extra={"door": str(errand.door.id), "fault": type(fault).__name__})
        told = Told("silent", why=BUG)
    with database.write() as session:
        answer(session, errand, told, now)
    if silent is not None:
        log.warning("lock silent", extra={"door": str(errand.door.id), "entry": str(entry_id)})
        raise silent
    if told.state == "taken":
        _renew(database, errand, now)
    return told.state == "confirmed"


def _renew(database: Database, errand: Errand, now: datetime) -> None:
    """In a transaction of its own, for codes are locked before their entries."""
    with database.write() as session:
        codes.replace_unfit(session, errand.code_id, now)


def claim(session: Session, entry_id: UUID, now: datetime) -> Errand | None:
    """Take an entry whose turn it is, and say what its lock is to be told; None: nothing (any more)."""
    mine = select(Entry).where(Entry.id == entry_id, Entry.next_at <= now, _free(now))
    locked = mine.with_for_update(of=Entry, skip_locked=True)
    entry = session.scalar(locked.options(joinedload(Entry.door), joinedload(Entry.code)))
    if entry is None:
        return None
    window = windows.next_window(session, entry.door_id, entry.code_id, now) if entry.door.active else None
    if window is not None and window != (entry.starts_at, entry.ends_at):
        windows.renew(entry, window, now)
    if window is None or window[0] - windows.ahead(entry.door) > now:
        return _to_forget(session, entry, window, now)
    return _to_know(session, entry, now)


def _to_know(session: Session, entry: Entry, now: datetime) -> Errand | None:
    told = locks.of(entry.door).abilities.window(entry.starts_at, entry.ends_at)
    if entry.state in ("confirmed", "active") and (entry.told_from, entry.told_until) == told:
        _known(entry, now)
        return None
    if not codes.fits(codes.digits_of(session, entry.code), locks.of(entry.door).abilities):
        entry.state, entry.fault, entry.next_at = "failed", UNFIT, now + PAUSES[-1]
        return _errand(session, entry, "renew")
    entry.state, (entry.told_from, entry.told_until) = "sent", told
    errand = _leased(session, entry, "put", now)
    entry.put_at = now
    return errand


def _to_forget(
    session: Session, entry: Entry, window: tuple[datetime, datetime] | None, now: datetime
) -> Errand | None:
    if entry.told_from is None:
        _forgotten(entry, window, now)
        return None
    entry.state = "removing"
    return _leased(session, entry, "remove", now)


def _leased(session: Session, entry: Entry, verb: str, now: datetime) -> Errand:
    """The entry is ours for a while. When it is due stays, so that who dies here leaves it due."""
    entry.tries += 1
    entry.leased_until = now + LEASE
    return _errand(session, entry, verb)


def _errand(session: Session, entry: Entry, verb: str) -> Errand:
    wish = Wish(
        key=entry.id,
        digits=codes.digits_of(session, entry.code),
        starts_at=entry.told_from or entry.starts_at,
        ends_at=entry.told_until or entry.ends_at,
        since=entry.changed_at,
        remote_id=entry.remote_id,
        put_at=entry.put_at,
    )
    lease = entry.leased_until
    return Errand(verb, entry.id, entry.code_id, entry.door, wish, entry.tries, entry.digits_print, lease)


def speak(lock: Lock, errand: Errand) -> Told:
    """Tell the lock. Raises Unreachable."""
    adapter = locks.of(errand.door)
    return adapter.put(lock, errand.wish) if errand.verb == "put" else adapter.remove(lock, errand.wish)


def answer(session: Session, errand: Errand, told: Told, now: datetime) -> None:
    """Write down what came of it. Where something else is wanted in the meantime, that is done next anyway."""
    mine = select(Entry).where(Entry.id == errand.entry_id).with_for_update(of=Entry)
    entry = session.scalar(mine.execution_options(populate_existing=True))
    if entry is None or entry.leased_until != errand.leased_until:
        return
    entry.leased_until = None
    if not _still_wanted(entry, errand):
        return
    entry.remote_id = told.remote_id or entry.remote_id
    if told.state == "confirmed":
        entry.tries, entry.fault = 0, ""
        if errand.verb == "put":
            _known(entry, now)
        else:
            window = windows.next_window(session, entry.door_id, entry.code_id, now) if entry.door.active else None
            _forgotten(entry, window, now)
        return
    entry.next_at = now + PAUSES[min(entry.tries, len(PAUSES)) - 1]
    entry.fault = told.why
    if told.state in ("refused", "taken") or entry.tries >= len(PAUSES):
        entry.state = "failed"


def _still_wanted(entry: Entry, errand: Errand) -> bool:
    state = "sent" if errand.verb == "put" else "removing"
    told = (entry.told_from, entry.told_until) == (errand.wish.starts_at, errand.wish.ends_at)
    return (entry.state, entry.tries, entry.digits_print) == (state, errand.tries, errand.digits_print) and told


def _known(entry: Entry, now: datetime) -> None:
    """The lock knows it: next comes the hour from which it opens, then the end."""
    entry.state = "active" if entry.starts_at <= now else "confirmed"
    entry.next_at = entry.ends_at if entry.starts_at <= now else entry.starts_at


def _forgotten(entry: Entry, window: tuple[datetime, datetime] | None, now: datetime) -> None:
    """The lock doesn't know it: a series' code comes again with the next date, any other is over."""
    entry.told_from = entry.told_until = entry.put_at = None
    entry.remote_id = ""
    entry.tries, entry.fault = 0, ""
    if window is None:
        entry.state, entry.next_at, entry.changed_at = "removed", None, now
    else:
        entry.starts_at, entry.ends_at = window
        entry.state, entry.next_at = "planned", window[0] - windows.ahead(entry.door)


def try_again(entry: Entry, now: datetime) -> None:
    """Let the job begin at once with an entry that hangs."""
    entry.tries, entry.next_at = 0, now


def settle_anew(session: Session, door: Door, now: datetime) -> None:
    """The door has another lock: nothing is known there, whatever its old one knew."""
    for entry in session.scalars(select(Entry).where(Entry.door_id == door.id, Entry.state != "removed")):
        entry.told_from = entry.told_until = entry.put_at = None
        entry.remote_id, entry.state, entry.tries, entry.fault = "", "planned", 0, ""
        entry.next_at, entry.changed_at = now, now


def look_again(session: Session, door: Door, now: datetime) -> None:
    """Something else holds for the door's lock: the job goes through all that it knows or should know."""
    for entry in session.scalars(select(Entry).where(Entry.door_id == door.id, Entry.state != "removed")):
        entry.next_at = now
