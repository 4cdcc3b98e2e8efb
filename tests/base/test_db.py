"""Transactions and columns, the same on both databases."""

import sqlite3
from datetime import UTC, datetime, timedelta
from threading import Event, Thread, Timer

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from buchbar.base.db import connect, in_line
from buchbar.base.once import JobRun
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.models import Opening
from tests.cast import BERLIN, NOW


def row(name="sweep", at=NOW):
    return JobRun(name=name, slot_at=at, started_at=at)


def test_returning_saves_and_raising_undoes(database):
    with database.write() as session:
        session.add(row())
    with pytest.raises(RuntimeError), database.write() as session:
        session.add(row("mail"))
        session.flush()
        raise RuntimeError
    with database.read() as session:
        assert session.scalars(select(JobRun.name)).all() == ["sweep"]


def test_moments_are_kept_in_utc_and_compared_as_moments(session):
    session.add(row(at=datetime(2026, 11, 23, 10, 0, tzinfo=BERLIN)))
    session.flush()
    session.expire_all()
    found = session.scalars(select(JobRun).where(JobRun.slot_at == NOW)).one()
    assert found.slot_at == NOW and found.slot_at.tzinfo is UTC
    earlier = NOW + timedelta(microseconds=1)
    assert session.scalars(select(JobRun.name).where(JobRun.slot_at < earlier)).one() == "sweep"


def test_a_naive_moment_is_refused(session):
    session.add(row(at=datetime(2026, 11, 23, 10, 0)))  # noqa: DTZ001
    with pytest.raises(StatementError, match="time zone"):
        session.flush()


def test_shapes_are_checked_when_they_are_read(session, cast):
    opening = cast.room.openings[0]
    assert isinstance(opening.rule, WeeklyRule)
    session.execute(text('UPDATE opening SET rule = \'{"weekdays": [9], "from_minute": 0, "until_minute": 60}\''))
    session.expire_all()
    with pytest.raises(Exception, match="weekdays|Invalid"):
        session.scalars(select(Opening.rule)).all()


def test_foreign_keys_hold(session):
    with pytest.raises(Exception, match="(?i)foreign key"):
        session.execute(
            text("INSERT INTO clerk (id, municipality_id, name, email, role, active) "
                 "VALUES (:id, :id, 'x', 'x', 'head', true)"),
            {"id": "0" * 32},
        )  # fmt: skip
        session.flush()


def test_readers_see_what_was_saved_while_somebody_writes(database):
    with database.write() as session:
        session.add(row())
        session.flush()
        with database.read() as reader:
            assert reader.scalars(select(JobRun.name)).all() == []


@pytest.mark.parametrize(("key", "waits"), [("address:anna", True), ("address:berta", False)])
def test_who_stands_in_line_waits_for_the_same_key_only(database, key, waits):
    """On SQLite all writers wait for each other anyway."""
    entered = Event()

    def second() -> None:
        with database.write() as session:
            in_line(session, key)
            entered.set()

    thread = Thread(target=second)
    with database.write() as session:
        in_line(session, "address:anna")
        thread.start()
        got_in = entered.wait(0.3)
    thread.join(5)
    assert entered.is_set()
    assert got_in is (not waits and database.engine.dialect.name == "postgresql")


def test_a_file_that_another_process_is_just_writing_for_the_first_time_is_waited_for(tmp_path):
    """SQLite's switch to write-ahead mode answers "locked" at once, in spite of busy_timeout."""
    path = tmp_path / "new.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    Timer(0.2, other.execute, ["COMMIT"]).start()
    engine = connect(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()
    other.close()
