"""Holds per second: through HTTP on PostgreSQL, and by the verb alone on SQLite."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from litestar.middleware.csrf import generate_csrf_token
from sqlalchemy import insert, make_url
from sqlalchemy.orm import Session

from bench import clients, county, serving
from bench.clients import HOUR, Address
from bench.county import Town
from bench.figure import Figure, measure
from buchbar.accounts.models import Municipality
from buchbar.base.db import Database
from buchbar.base.settings import ROOT
from buchbar.booking.events import CITIZEN
from buchbar.booking.instants import instant
from buchbar.booking.models import Booking
from buchbar.booking.naming import new_number
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.timetable import JOURNEY, timetable
from tests.postgres import Cluster

FLOOR_CLIENTS = 8
CLIENTS = 16
SECONDS = 4.0
# The floor claims where the product never comes: years ahead.
FAR = datetime(2040, 1, 1, tzinfo=UTC)


def through_http() -> Figure:
    """Complete holds by form through two server processes, over the same claims by bare psycopg."""
    with Cluster(durable=True) as cluster:
        url = cluster.create_database()
        database = county.opened(url)
        towns = county.build(database, towns=8, venues=4)
        shares = _floor_shares(database, url, towns)
        slots = county.slots(database, towns, datetime.now(UTC))
        with serving.served("product", BENCH_DATABASE=url) as address:
            _hold_for(address, slots, 2.0, 0)  # warms up
            rounds = iter(range(1, 10))
            return measure(
                "hold_http",
                "holds/s",
                ("≥", 0.2),
                lambda: (
                    _hold_for(address, slots, SECONDS, next(rounds)),
                    clients.at_once(clients.insert_claims, [next(shares) for _client in range(FLOOR_CLIENTS)], SECONDS),
                ),
                note=f"{CLIENTS} clients, 2 processes, limits on",
            )


def _hold_for(address: Address, slots: Iterator[tuple[Town, object, str, datetime]], seconds: float, n: int) -> float:
    token = generate_csrf_token(county.settings("").secret)
    most = int(250 * seconds)  # holds that one client could get done at the very best
    share = []
    for client in range(CLIENTS):
        wanted = [(town.slug, slug, instant(start)) for (town, _id, slug, start), _n in zip(slots, range(most))]  # noqa: B905
        share.append((address, token, wanted, n * CLIENTS + client))
    return clients.at_once(clients.hold, share, seconds)


def _floor_shares(database: Database, url: str, towns: list[Town]) -> Iterator[tuple[object, ...]]:
    """For each client of the floor a booking of its own, a venue and a registrar; each time later hours."""
    pairs = [pair for town in towns for pair in zip(town.venues, town.registrars, strict=True)]
    parsed = make_url(url)
    connection = f"host={parsed.query['host']} user={parsed.username} dbname={parsed.database}"
    with database.read() as session:
        site_id = next(iter(timetable(session, session.get_one(Municipality, towns[0].id)).venues.values())).site_id
    for number in range(10_000):
        with database.write() as session:
            booking_id = some_booking(session, towns[0])
        venue, registrar = pairs[number % len(pairs)]
        first = FAR + (number // len(pairs)) * 20_000 * HOUR
        yield connection, str(booking_id), str(venue), str(registrar), str(site_id), first


def some_booking(session: Session, town: Town) -> object:
    """A booking that bare claims can belong to."""
    booking_id = uuid4()
    at = datetime.now(UTC)
    times = timetable(session, session.get_one(Municipality, town.id))
    session.execute(
        insert(Booking).values(
            id=booking_id,
            municipality_id=town.id,
            journey=JOURNEY,
            number=new_number("HZ"),
            state="held",
            policy_id=times.policies[0].id,
            resource_id=town.venues[0],
            starts_at=FAR,
            ends_at=FAR + HOUR,
            made_at=at,
            hold_until=at + HOUR,
        )
    )
    return booking_id


def on_sqlite() -> Figure:
    """Holds by the verb in a transaction each, over the same two claims inserted one pair after the other."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "var", prefix="bench-") as folder:
        path = Path(folder) / "bench.sqlite"
        database = county.opened(f"sqlite:///{path}")
        towns = county.build(database, towns=2, venues=4)
        with database.write() as session:
            booking_id = some_booking(session, towns[0])
        slots = county.slots(database, towns, datetime.now(UTC))
        _hold_on_sqlite(database, slots, 0.5)
        hours = iter(range(0, 10_000_000, 2))
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        try:
            return measure(
                "hold_sqlite",
                "holds/s",
                None,
                lambda: (
                    _hold_on_sqlite(database, slots, 2.5),
                    _insert_on_sqlite(raw, towns[0], booking_id, hours, 2.5),
                ),
                note="synchronous FULL, one after the other",
            )
        finally:
            raw.close()
            database.engine.dispose()


def _hold_on_sqlite(database: Database, slots: Iterator[tuple[Town, object, str, datetime]], seconds: float) -> float:
    begun, done = time.monotonic(), 0
    while time.monotonic() < begun + seconds:
        town, venue_id, _slug, start = next(slots)
        with database.write() as session:
            there = session.get_one(Municipality, town.id)
            reservation.hold(session, there, venue_id, start, datetime.now(UTC), CITIZEN)  # type: ignore[arg-type]
        done += 1
    return done / (time.monotonic() - begun)


def _insert_on_sqlite(
    raw: sqlite3.Connection, town: Town, booking_id: object, hours: Iterator[int], seconds: float
) -> float:
    statement = "INSERT INTO claim (id, resource_id, starts_at, ends_at, booking_id) VALUES (?, ?, ?, ?, ?)"
    booking, venue, registrar = (
        str(each).replace("-", "") for each in (booking_id, town.venues[0], town.registrars[0])
    )
    begun, done = time.monotonic(), 0
    while time.monotonic() < begun + seconds:
        at = FAR.replace(tzinfo=None) + next(hours) * HOUR
        starts, ends = (f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in (at, at + HOUR))
        raw.execute("BEGIN IMMEDIATE")
        for resource in (venue, registrar):
            raw.execute(statement, (uuid4().hex, resource, starts, ends, booking))
        raw.execute("COMMIT")
        done += 1
    return done / (time.monotonic() - begun)
