"""A lock for trying out: it keeps its codes in a table of its own, as a real one keeps them in its memory.

Its keypad is a page (routes.py), only where a town is a demonstration.
"""

import hmac
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.settings import Settings
from buchbar.doors.adapters import Abilities, Lock, News, Told, Wish
from buchbar.doors.models import Door, SimulatedKey

PURPOSE = "simulated lock"
CAPACITY = 200


class Simulator:
    """Says at once that it is so."""

    abilities = Abilities(lengths=(6,), capacity=CAPACITY)

    def put(self, lock: Lock, wish: Wish, /) -> Told:
        with lock.database.write() as session:
            sealed = seal(_secret(session), PURPOSE, wish.digits)
            key = session.get(SimulatedKey, (lock.door_id, wish.key.hex))
            if key is None:
                key = SimulatedKey(door_id=lock.door_id, key=wish.key.hex, sealed=sealed)
                session.add(key)
            key.sealed, key.starts_at, key.ends_at = sealed, wish.starts_at, wish.ends_at
        return Told("confirmed", wish.key.hex)

    def remove(self, lock: Lock, wish: Wish, /) -> Told:
        with lock.database.write() as session:
            mine = SimulatedKey.door_id == lock.door_id, SimulatedKey.key == wish.key.hex
            session.execute(delete(SimulatedKey).where(*mine))
        return Told("confirmed")

    def news(self, lock: Lock, since: datetime | None, /) -> News:
        return News([])

    def ask(self, lock: Lock, /) -> str:
        return ""


def opens(session: Session, door: Door, typed: str, now: datetime) -> str | None:
    """The key that these digits are at this moment, as the lock knows it; None: it stays shut."""
    for key in session.scalars(select(SimulatedKey).where(SimulatedKey.door_id == door.id)):
        try:
            digits = unseal(_secret(session), PURPOSE, key.sealed)
        except Unreadable:
            continue
        if hmac.compare_digest(digits.encode(), typed.encode()) and key.starts_at <= now < key.ends_at:
            return key.key
    return None


def _secret(session: Session) -> str:
    settings: Settings = session.info["settings"]
    return settings.secret
