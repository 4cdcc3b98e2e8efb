"""Asks locks what happened at their doors, and, where a clerk wants to know, whether they answer at all.

Who was not asked for the longest comes first, and a run leaves the rest to the next one after a while: silent locks
keep the others waiting for a turn at most.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from buchbar.base.db import Database
from buchbar.doors import events, locks
from buchbar.doors.adapters import Unreachable
from buchbar.doors.models import Door
from buchbar.doors.reconciler import BUG, LONGEST_RUN

log = logging.getLogger("buchbar.doors")


def poll(database: Database, now: datetime) -> int:
    """Take in what the locks have to tell that don't tell it by themselves; how much was new. Each thing counts once by
    its number at the lock, so any number of processes may ask."""
    new, began = 0, time.monotonic()
    polled = [name for name, adapter in locks.ADAPTERS.items() if adapter.abilities.polled]
    for door in _doors(database, Door.polled_at, Door.active.is_(True), Door.adapter.in_(polled)):
        if time.monotonic() - began > LONGEST_RUN:
            break
        with database.write() as session:
            session.execute(update(Door).where(Door.id == door.id).values(polled_at=now))
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
    done, began = 0, time.monotonic()
    for door in _doors(database, Door.asked_at, Door.asked_at.is_not(None)):
        if time.monotonic() - began > LONGEST_RUN:
            break
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
        done += 1
    return done


def _doors(
    database: Database, since: InstrumentedAttribute[datetime | None], *conditions: ColumnElement[bool]
) -> Sequence[Door]:
    with database.read() as session:
        return session.scalars(select(Door).where(*conditions).order_by(since.nulls_first(), Door.id)).all()
