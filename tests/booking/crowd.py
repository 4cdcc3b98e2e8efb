"""Many at once: real threads, real connections, real transactions."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, connect
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.timetable import timetable
from tests import cast as people

GUARDS = ("claim_no_overlap", "claim_reachable", "ck_claim_span")


@contextmanager
def crowded(url: str, pool: int = 24) -> Iterator[Database]:
    """The database as a busy process uses it, with many connections."""
    engine = connect(url, pool=pool, synchronous="OFF")
    yield Database(engine, settings=people.SETTINGS)
    engine.dispose()


def together(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all at the same moment, each in a thread; what each returned, or the exception that it raised."""
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return act()
        except Exception as problem:
            return problem

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def tally(outcomes: Sequence[Any]) -> Counter[str]:
    """How often each kind of outcome came."""
    return Counter(type(outcome).__name__ for outcome in outcomes)


def in_transaction(database: Database, act: Callable[[Session], Any]) -> Callable[[], Any]:
    """The act, in a transaction of its own."""

    def run() -> Any:
        with database.write() as session:
            return act(session)

    return run


def holding(
    database: Database, town: people.Cast, venue: Any, start: datetime, at: datetime = people.NOW
) -> Callable[[], Any]:
    """Somebody who wants a slot; the result is the booking's id."""

    def act(session: Session) -> Any:
        there = session.get_one(Municipality, town.town.id)
        return reservation.hold(session, there, venue.id, start, at, CITIZEN).id

    return in_transaction(database, act)


def doing(database: Database, booking_id: Any, act: Callable[[Session, Booking], Any]) -> Callable[[], Any]:
    """Somebody who does something to a booking."""
    return in_transaction(database, lambda session: act(session, session.get_one(Booking, booking_id)))


def starts(database: Database, town: people.Cast, venue: Any, count: int, first: date) -> list[datetime]:
    """The next ``count`` times that a venue offers."""
    with database.read() as session:
        times = timetable(session, session.get_one(Municipality, town.town.id))
        days = (first + timedelta(days=n) for n in range(200))
        found = [slot.span.start for day in days for slot in times.slots_on(day) if slot.venue.id == venue.id]
    return found[:count]


def take_guards_away(database: Database) -> None:
    """Drop what keeps claims apart, to see that nothing else does."""
    with database.write() as session:
        if database.engine.dialect.name == "postgresql":
            for guard in GUARDS:
                session.execute(text(f"ALTER TABLE claim DROP CONSTRAINT {guard}"))
        else:
            names = session.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                session.execute(text(f"DROP TRIGGER {name}"))
