"""The database: engine, transactions, column types, and the guard that keeps spans from overlapping.

SQLite is the embedded default, PostgreSQL is for real use. Everything here works on both.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware instant, stored in UTC. SQLite gets fixed-width text that compares correctly."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Shape(TypeDecorator[Any]):
    """A msgspec type kept as JSON text: checked when it is written and when it is read."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value, order="deterministic").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value, type=self.kind)


class Base(DeclarativeBase):
    """Every table: a random id that says nothing, moments in UTC."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: Moment(), UUID: Uuid(), str: Text()}


class Identified:
    """A row with a random primary key."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)


def table_of(mapped: type[Base]) -> Table:
    """The table of a mapped class, for the statements of the busiest paths, which do without the ORM."""
    return cast(Table, mapped.__table__)


def insert(session: Session, table: Any) -> Any:
    """An INSERT of this database's dialect, for its ``on_conflict_do_nothing``."""
    return insert_for(session.get_bind().dialect.name, table)


def insert_for(dialect: str, table: Any) -> Any:
    """The same for a dialect, to be made once where it is used often."""
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def in_line(session: Session, key: str) -> None:
    """Wait until no other transaction stands in line for the same key, so that what is counted now stays true.

    For limits that no constraint can express; what must never be oversold has a constraint.
    """
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(number)))


# One transaction at a time may write to an SQLite file. Requests of one process queue here, in order, instead
# of polling for the file's lock; other processes wait through busy_timeout.
_sqlite_writers: dict[str, threading.Lock] = {}


def connect(url: str, *, pool: int = 10, synchronous: str = "FULL") -> Engine:
    """An engine for ``sqlite:///file`` or ``postgresql://…`` (psycopg 3).

    ``pool`` is how many connections a process keeps; ``synchronous`` is SQLite's durability (FULL survives a
    power cut).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool,
            max_overflow=0,
            pool_timeout=20,
            hide_parameters=True,  # personal data stays out of error messages, and so out of logs
            connect_args={"options": "-c timezone=UTC -c lock_timeout=15s"},
        )
    engine = create_engine(
        parsed,
        pool_size=pool,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver never emits BEGIN itself
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=15000")
        _log_ahead(cursor)
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE, because a transaction that reads first and writes later fails at once when another wrote between.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def _log_ahead(cursor: sqlite3.Cursor) -> None:
    """Put the file into write-ahead mode, waiting while another process does the same to a new file.

    For this one switch SQLite answers "locked" at once, whatever busy_timeout says: two that wait for each other's
    lock on the same file would never end.
    """
    patience = 300
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            patience -= 1
            if not patience:
                raise
            time.sleep(0.05)


class Database:
    """Transactions on one engine. ``with database.write() as session``: returning saves, raising undoes."""

    def __init__(self, engine: Engine, **info: Any) -> None:
        """``info`` is what every session carries: the settings, and a cache that lives as long as the process."""
        self.engine = engine
        self.info: dict[str, Any] = {"cache": {}, **info}
        self._writing = engine.execution_options(writes=True)
        # On PostgreSQL each statement sees what is committed, in a transaction or without: so pages that only read
        # save themselves BEGIN and COMMIT.
        self._reading = (
            engine.execution_options(isolation_level="AUTOCOMMIT") if engine.dialect.name == "postgresql" else engine
        )
        self._queue: AbstractContextManager[Any] | None = (
            _sqlite_writers.setdefault(str(engine.url), threading.Lock()) if engine.dialect.name == "sqlite" else None
        )

    def _session(self, engine: Engine) -> Session:
        return Session(engine, expire_on_commit=False, info=self.info)

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._session(self._reading) as session, session.begin():
            yield session

    def ask(self, question: Select[Any], **parameters: object) -> Row[Any] | None:
        """The one row that answers a small question that is asked very often: without a session around it."""
        with self._reading.connect() as connection:
            return connection.execute(question, parameters).one_or_none()

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self._queue is None:
            with self._session(self._writing) as session, session.begin():
                yield session
        else:
            with self._queue, self._session(self._writing) as session, session.begin():
                yield session


def keep_apart(connection: Connection, table: str, owner: str, *, longest_hours: int) -> None:
    """Make the database refuse two rows of ``table`` with the same ``owner`` whose spans overlap.

    The table has ``id``, ``starts_at`` and ``ends_at`` (half-open). The rule is named ``{table}_no_overlap`` on both
    engines: an exclusion constraint on PostgreSQL, a trigger on SQLite. No row may be longer than
    ``longest_hours`` (``ck_{table}_span``), so that every search for overlaps can be bounded.
    """
    rule, length = f"{table}_no_overlap", f"ck_{table}_span"
    if connection.dialect.name == "postgresql":
        for statement in (
            "CREATE EXTENSION IF NOT EXISTS btree_gist",
            f"ALTER TABLE {table} ADD CONSTRAINT {length} CHECK (ends_at > starts_at "
            f"AND ends_at <= starts_at + interval '{longest_hours} hours')",
            f"ALTER TABLE {table} ADD CONSTRAINT {rule} EXCLUDE USING gist "
            f"({owner} WITH =, tstzrange(starts_at, ends_at, '[)') WITH &&)",
        ):
            connection.execute(text(statement))
        return
    # julianday() counts days; the millionth of a day allows for its rounding.
    too_long = (
        "NEW.ends_at <= NEW.starts_at OR "
        f"julianday(NEW.ends_at) - julianday(NEW.starts_at) > {longest_hours} / 24.0 + 0.000001"
    )
    # Rows that are there don't overlap, so the last one that starts before the new end is the only one to ask.
    overlaps = (
        f"(SELECT o.ends_at FROM {table} o WHERE o.{owner} = NEW.{owner} AND o.starts_at < NEW.ends_at "
        "AND o.id <> NEW.id ORDER BY o.starts_at DESC LIMIT 1) > NEW.starts_at"
    )
    _refuse(connection, table, length, f"{owner}, starts_at, ends_at", too_long)
    _refuse(connection, table, rule, f"{owner}, starts_at, ends_at", overlaps)


def keep_reachable(connection: Connection, table: str, owner: str, *, longest_hours: int) -> None:
    """Make the database refuse two rows of one ``owner`` at different sites that leave no time for the way.

    A row at a site (``site_id``) has ``leaves_at`` and ``returns_at``: its span widened by the way between the site
    and the town hall. Rows at *different* sites may not overlap in these wider spans, so between them there is time
    for both ways; rows at the same site may follow each other. Rows without a site travel nowhere. The rule is named
    ``{table}_reachable``.
    """
    rule = f"{table}_reachable"
    if connection.dialect.name == "postgresql":
        connection.execute(
            text(
                f"ALTER TABLE {table} ADD CONSTRAINT {rule} EXCLUDE USING gist ({owner} WITH =, site_id WITH <>, "
                "tstzrange(leaves_at, returns_at, '[)') WITH &&) WHERE (site_id IS NOT NULL)"
            )
        )
        return
    elsewhere = (
        f"EXISTS (SELECT 1 FROM {table} o WHERE o.{owner} = NEW.{owner} AND o.site_id <> NEW.site_id "
        f"AND o.id <> NEW.id AND o.starts_at > datetime(NEW.starts_at, '-{2 * longest_hours} hours') "
        f"AND o.starts_at < datetime(NEW.ends_at, '+{2 * longest_hours} hours') "
        "AND o.leaves_at < NEW.returns_at AND o.returns_at > NEW.leaves_at)"
    )
    _refuse(connection, table, rule, f"{owner}, site_id, starts_at, ends_at, leaves_at, returns_at", elsewhere)


def _refuse(connection: Connection, table: str, rule: str, columns: str, condition: str) -> None:
    """SQLite triggers that abort with the rule's name, when a row comes and when its ``columns`` change."""
    for suffix, moment in (("insert", "INSERT"), ("update", f"UPDATE OF {columns}")):
        connection.execute(
            text(
                f"CREATE TRIGGER {rule}_{suffix} BEFORE {moment} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{rule}') WHERE {condition}; END"
            )
        )
