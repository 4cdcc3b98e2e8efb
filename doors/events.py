"""What locks tell: opened, refused, battery low. Each thing once, however often it is told.

That somebody came is for the booking to know, which stands above: ``hand_down`` says what to do then.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from buchbar.base.db import insert
from buchbar.doors.adapters import Heard, News
from buchbar.doors.models import Door, DoorEvent, Entry, Window

Present = Callable[[Session, UUID, datetime], None]
_present: list[Present] = []


def hand_down(present: Present) -> None:
    """Say what it means that somebody has opened a door with the code of a booking, within its window."""
    _present[:] = [present]


def take_in(session: Session, door_id: UUID, news: News, now: datetime) -> int:
    """Keep what a door's lock has told; how much of it was new."""
    new = sum(take(session, door_id, heard) for heard in news.heard)
    if news.low_battery is not None:
        battery(session, door_id, news.low_battery, now)
    session.execute(update(Door).where(Door.id == door_id).values(heard_at=now))
    return new


def take(session: Session, door_id: UUID, heard: Heard) -> bool:
    """Keep one thing, unless it is known already; say which."""
    if heard.kind == "battery_ok":
        battery(session, door_id, False, heard.at)
        return True
    booking_id = _meant(session, door_id, heard.key, heard.at) if heard.kind == "opened" else None
    values = {
        "id": uuid4(),
        "door_id": door_id,
        "at": heard.at,
        "kind": heard.kind,
        "remote_id": heard.remote_id,
        "booking_id": booking_id,
        "note": "",
    }
    written = insert(session, DoorEvent).values(values).on_conflict_do_nothing().returning(DoorEvent.id)
    if session.execute(written).first() is None:
        return False
    if heard.kind == "low_battery":
        battery(session, door_id, True, heard.at)
    if booking_id is not None and _present:
        _present[0](session, booking_id, heard.at)
    return True


def battery(session: Session, door_id: UUID, low: bool, at: datetime) -> None:
    """Remember since when a battery is low, or that it is no more."""
    change = update(Door).where(Door.id == door_id, Door.low_battery_at.is_(None) if low else Door.low_battery_at <= at)
    session.execute(change.values(low_battery_at=at if low else None))


def log_of(session: Session, door_id: UUID, most: int = 50) -> Sequence[DoorEvent]:
    """What happened at a door, the newest first."""
    newest = select(DoorEvent).where(DoorEvent.door_id == door_id).order_by(DoorEvent.at.desc(), DoorEvent.id)
    return session.scalars(newest.limit(most)).all()


def forget(session: Session, municipality_id: UUID, before: datetime) -> None:
    """Delete what is older than the town keeps it."""
    ours = select(Door.id).where(Door.municipality_id == municipality_id)
    session.execute(delete(DoorEvent).where(DoorEvent.door_id.in_(ours), DoorEvent.at < before))


def _meant(session: Session, door_id: UUID, key: str, at: datetime) -> UUID | None:
    """The booking whose code opened the door: by our id of the entry, or as much of it as a lock can keep."""
    if not key:
        return None
    entry_ids = session.scalars(select(Entry.id).where(Entry.door_id == door_id)).all()
    found = [entry_id for entry_id in entry_ids if entry_id.hex == key or (len(key) >= 16 and _begins(entry_id, key))]
    if len(found) != 1:
        return None
    code_id = select(Entry.code_id).where(Entry.id == found[0]).scalar_subquery()
    mine = Window.door_id == door_id, Window.code_id == code_id, Window.starts_at <= at, Window.ends_at > at
    return session.scalar(select(Window.booking_id).where(*mine).order_by(Window.starts_at.desc()).limit(1))


def _begins(entry_id: UUID, key: str) -> bool:
    return entry_id.hex.startswith(key)
