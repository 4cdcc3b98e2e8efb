"""A town's month: how its time grows with history, and how many anonymous visitors can look at it."""

import json
import os
import time
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from statistics import median

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench import clients, county, serving
from bench.county import Town
from bench.figure import Figure, measure
from bench.holds import some_booking
from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base.db import Database
from buchbar.booking.events import CITIZEN
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.question import glance
from buchbar.booking.weddings.slots import Wish
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.months import add_months
from tests.postgres import Cluster

FEW, MANY = 50_000, int(os.environ.get("BENCH_CLAIMS", 5_000_000))
CLIENTS = 16
SECONDS = 4.0
LOOKS = 32
# Loading claim by claim through triggers and five indexes would take most of an hour. So the indexes and rules are
# taken away, the claims loaded, and all of it put back as it was: the rule checks every pair when it comes back.
RULES = text(
    "SELECT format('ALTER TABLE claim DROP CONSTRAINT %I', conname), "
    "format('ALTER TABLE claim ADD CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) "
    "FROM pg_constraint WHERE conrelid = 'claim'::regclass AND contype IN ('x', 'f')"
)
INDEXES = text(
    "SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid) FROM pg_index i "
    "WHERE i.indrelid = 'claim'::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)"
)
# For each resource four claims a day, back from the end of the month that is looked at.
LOAD = text(
    "INSERT INTO claim (id, resource_id, starts_at, ends_at, booking_id) "
    "SELECT gen_random_uuid(), r.id, s.at, s.at + interval '1 hour', :booking "
    "FROM resource r, LATERAL (SELECT CAST(:until AS timestamptz) - n * interval '6 hours' AS at "
    "FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n) s"
)


def growth() -> Figure:
    """The time of a month among many claims over the time among few."""
    with Cluster(max_connections=20, maintenance_work_mem="512MB", max_wal_size="8GB", autovacuum="off") as cluster:
        url = cluster.create_database()
        few = county.opened(url)
        towns = county.build(few, towns=8, venues=12)
        resources = 8 * 12 * 2
        month = add_months(datetime.now(UTC).date().replace(day=1), 6)
        with few.write() as session:
            booking_id = some_booking(session, towns[0])
        load(few, booking_id, month, 0, FEW // resources)
        few.engine.dispose()
        many = county.opened(cluster.create_database(url))
        begun = time.monotonic()
        load(many, booking_id, month, FEW // resources, MANY // resources)
        took = time.monotonic() - begun
        return measure(
            "month_growth",
            "ms",
            ("≤", 1.2),
            lambda: _months(many, few, towns, month),
            times=5,
            note=f"{MANY:,} claims over {FEW:,}; loaded in {took:.0f} s".replace(",", " "),
        )


def load(database: Database, booking_id: object, month: date, first: int, last: int) -> None:
    """Put claims into the database for each of its resources, the ``first`` to the ``last`` back from a month's end."""
    until = datetime(month.year, month.month, 28, tzinfo=UTC)
    with database.write() as session:
        kept = [*session.execute(RULES), *session.execute(INDEXES)]
        for drop, _make in kept:
            session.execute(text(drop))
        session.execute(LOAD, {"booking": booking_id, "until": until, "first": first, "last": last - 1})
        for _drop, make in kept:
            session.execute(text(make))
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _months(many: Database, few: Database, towns: list[Town], month: date) -> tuple[float, float]:
    """Milliseconds of a month among many and among few claims, looked at in turn: the median once it is warm."""
    times: dict[int, list[float]] = {id(many): [], id(few): []}
    for number in range(LOOKS):
        for database in (many, few):
            begun = time.perf_counter()
            with database.read() as session:
                _look(session, towns[number % len(towns)], month)
            times[id(database)].append(time.perf_counter() - begun)
    slow, fast = (median(seen[-LOOKS // 2 :]) * 1000 for seen in times.values())
    return slow, fast


def _look(session: Session, town: Town, month: date) -> None:
    there = municipality(session, town.slug)
    times = timetable(session, there)
    glance(session, times, Wish(), month, 1, datetime.now(UTC))


def through_http() -> Figure:
    """Anonymous visitors look at a month that nothing happens to, over the same answer from a bare Litestar."""
    with Cluster(durable=True) as cluster, ExitStack() as serving_too:
        url = cluster.create_database()
        database = county.opened(url)
        towns = county.build(database, towns=2, venues=4)
        month = add_months(datetime.now(UTC).date().replace(day=1), 3)
        _book_some(database, towns)
        product = serving_too.enter_context(serving.served("product", BENCH_DATABASE=url))
        path = f"/{towns[0].slug}/hochzeit/monat/{month:%Y-%m}"
        headers = {"Accept-Encoding": "gzip, br", "Accept-Language": "de-DE,de;q=0.9"}
        wanted = clients.message(product, "GET", path, headers)
        answer = clients.ask(product, wanted)
        environment = _same(answer)
        static = serving_too.enter_context(serving.served("static", **environment))
        bare = clients.message(static, "GET", path, headers)
        for _warm in range(2):
            clients.at_once(clients.look, [(product, wanted)] * CLIENTS, 1.0)
        return measure(
            "month_http",
            "pages/s",
            ("≥", 0.3),
            lambda: (
                clients.at_once(clients.look, [(product, wanted)] * CLIENTS, SECONDS),
                clients.at_once(clients.look, [(static, bare)] * CLIENTS, SECONDS),
            ),
            note=f"{len(answer) / 1000:.1f} kB compressed, {CLIENTS} clients, 2 processes",
        )


def _same(answer: bytes) -> dict[str, str]:
    """The environment for a server that always gives this answer."""
    head, _end, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200") or b"gzip" not in head:
        raise RuntimeError(answer[:2000].decode(errors="replace"))
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    own = ("content-length", "content-type", "date", "server")
    headers = {name.lower(): value for name, _colon, value in lines if name.lower() not in own}
    return {"BENCH_BODY": body.hex(), "BENCH_HEADERS": json.dumps(headers)}


def _book_some(database: Database, towns: list[Town]) -> None:
    """A plausible month: every third slot is taken, for longer than the measurement lasts."""
    now = datetime.now(UTC)
    for number, (town, venue_id, _slug, start) in enumerate(county.slots(database, towns, now)):
        if number % 3 == 0 and start < now + timedelta(days=120):
            with database.write() as session:
                reservation.hold(session, session.get_one(Municipality, town.id), venue_id, start, now, CITIZEN)
