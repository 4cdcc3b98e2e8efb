"""The outbox: what has to be done outside, once, after the transaction that wants it has been saved.

A verb writes an errand; a job works errands off. However many processes run, one takes an errand at a time
(a lease), and what fails is tried again with growing pauses until a clerk has to look at it.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from buchbar.base.db import Database, insert
from buchbar.notices.models import Errand

LEASE = timedelta(minutes=5)
PAUSES = [timedelta(minutes=m) for m in (1, 2, 5, 15, 60, 180, 360, 720, 1440)]
log = logging.getLogger("buchbar.outbox")


class NotYet(Exception):
    """The errand can't be done now and may be tried again; the message says why, without personal data."""


class Hopeless(Exception):
    """The errand can't be done at all; a clerk has to look at it."""


# A worker does one errand: it gets the database (to read and write in its own short transactions) and the errand's
# subject, and may be called again for the same subject after a crash, so what it does outside must bear repeating.
Worker = Callable[[Database, UUID, datetime], None]


def send(session: Session, kind: str, subject_id: UUID, at: datetime) -> None:
    """Put an errand into the outbox; the same one twice is one."""
    session.execute(
        insert(session, Errand)
        .values(kind=kind, subject_id=subject_id, written_at=at, next_at=at, state="waiting", attempts=0, fault="")
        .on_conflict_do_nothing()
    )


def drop(session: Session, kind: str, subject_id: UUID) -> None:
    """Take back an errand of which the subject is no more; who is doing it just now finds nothing to do."""
    session.execute(delete(Errand).where(Errand.kind == kind, Errand.subject_id == subject_id))


def retry(session: Session, errand: Errand, at: datetime) -> None:
    """Let an errand that failed run again."""
    errand.state, errand.next_at, errand.leased_until, errand.attempts = "waiting", at, None, 0


def work_off(database: Database, workers: dict[str, Worker], clock: Callable[[], datetime], limit: int = 50) -> int:
    """Do the errands that are due, one after the other; how many were done."""
    done = 0
    for _round in range(limit):
        errand = _lease(database, list(workers), clock())
        if errand is None:
            break
        done += _do(database, workers[errand.kind], errand, clock)
    return done


def _lease(database: Database, kinds: list[str], now: datetime) -> Errand | None:
    with database.write() as session:
        errand = session.scalar(
            select(Errand)
            .where(
                Errand.state == "waiting",
                Errand.next_at <= now,
                Errand.kind.in_(kinds),
                or_(Errand.leased_until.is_(None), Errand.leased_until <= now),
            )
            .order_by(Errand.next_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if errand is not None:
            errand.leased_until = now + LEASE
            errand.attempts += 1
        return errand


def _do(database: Database, worker: Worker, errand: Errand, clock: Callable[[], datetime]) -> int:
    try:
        worker(database, errand.subject_id, clock())
    except Exception as fault:
        hopeless = isinstance(fault, Hopeless) or errand.attempts > len(PAUSES)
        log.warning(
            "errand failed",
            extra={"errand": str(errand.id), "kind": errand.kind, "fault": type(fault).__name__},
        )
        described = str(fault)[:300] if isinstance(fault, Hopeless | NotYet) else type(fault).__name__
        pause = PAUSES[min(errand.attempts, len(PAUSES)) - 1]
        changes = {
            "state": "failed" if hopeless else "waiting",
            "fault": described,
            "next_at": clock() + pause,
        }
    else:
        changes = {"state": "done", "done_at": clock(), "fault": ""}
    mine = update(Errand).where(Errand.id == errand.id)
    if changes["state"] != "done":  # who failed after the lease ran out doesn't undo what the next one did
        mine = mine.where(Errand.state == "waiting", Errand.attempts == errand.attempts)
    with database.write() as session:
        session.execute(mine.values(leased_until=None, **changes))
    return int(changes["state"] == "done")
