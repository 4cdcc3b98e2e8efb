"""Asks locks what happened at their doors, and, where a clerk wants to know, whether they answer at all."""

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update

from buchbar.base.db import Database
from buchbar.doors import events, locks
from buchbar.doors.adapters import Unreachable
from buchbar.doors.models import Door
from buchbar.doors.reconciler import BUG

log = logging.getLogger("buchbar.doors")


def poll(database: Database, now: datetime) -> int:
    """Take in what the locks have to tell that don't tell it by themselves; how much was new. Each thing counts once by
    its number at the lock, so any number of processes may ask."""
    new = 0
    polled = [name for name, adapter in locks.ADAPTERS.items() if adapter.abilities.polled]
    for door in _doors(database, Door.active.is_(True), Door.adapter.in_(polled)):
        try:
            news = locks.of(door).news(locks.lock_of(database, door, now), door.heard_at)
        except Unreachable:
            continue  # it is asked again, from where it was last heard of
        except Exception as fault:
            log.error("lock failed", extra={"door": str(door.id), "fault": type(fault).__name__})
            continue
        with database.write() as session:
            new += events.take_in(session, door.id, news, now)
    return new


def answer(database: Database, now: datetime) -> int:
    """Ask the locks that a clerk wants to know of, and write down what came of it; how many."""
    asked = _doors(database, Door.asked_at.is_not(None))
    for door in asked:
        try:
            words = locks.of(door).ask(locks.lock_of(database, door, now))
        except Unreachable as fault:
            words = str(fault)
        except Exception as fault:
            log.error("lock failed", extra={"door": str(door.id), "fault": type(fault).__name__})
            words = BUG
        with database.write() as session:
            same = update(Door).where(Door.id == door.id, Door.asked_at == door.asked_at)
            session.execute(same.values(asked_at=None, answered_at=now, answer=words))
    return len(asked)


def _doors(database: Database, *conditions: ColumnElement[bool]) -> Sequence[Door]:
    with database.read() as session:
        return session.scalars(select(Door).where(*conditions).order_by(Door.id)).all()
