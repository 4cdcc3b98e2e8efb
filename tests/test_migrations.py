"""The migrations make what the models say, with the guards, also when several processes start at once."""

import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from buchbar.app.migrate import config, migrate
from buchbar.app.tables import metadata
from buchbar.base.db import connect
from buchbar.booking.models import Booking
from tests.source import ROOT

# SQLite doesn't tell SQLAlchemy the expression of an index, so there it isn't compared; on PostgreSQL it is.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index ix_booking_email_lower",
    "ignore:autogenerate skipping metadata-specified expression-based index 'ix_booking_email_lower'",
)
# Constraints that keep_apart and keep_reachable make; no model names them.
GUARDS = {"claim_no_overlap", "claim_reachable", "ck_claim_span"}
START = """
import sys
from buchbar.app.migrate import migrate
from buchbar.base.db import connect
from buchbar.booking.models import Booking
engine = connect(sys.argv[1], pool=1)
print("ready", flush=True)
sys.stdin.read(1)
migrate(engine)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    cluster = request.getfixturevalue("cluster")
    url = cluster.create_database()
    yield url
    cluster.drop_database(url)


def differences(engine) -> list[str]:
    """What the models have that the database hasn't, or the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return [str(found) for found in compare_metadata(context, metadata) if not GUARDS & set(str(found).split("'"))]


def checks(engine) -> dict[str, list[str]]:
    """The names of each table's check constraints, each as often as it stands there: Alembic doesn't compare them."""
    found = inspect(engine)
    return {
        table: sorted(
            name for check in found.get_check_constraints(table) if (name := str(check["name"])) not in GUARDS
        )
        for table in found.get_table_names()
    }


def guards(engine) -> set[str]:
    """What keeps claims apart, as the database knows it."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            rows = connection.execute(text("SELECT conname FROM pg_constraint WHERE conrelid = 'claim'::regclass"))
            return set(rows.scalars()) & GUARDS
        rows = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'claim'"))
        names = set(rows.scalars())
        return {guard for guard in GUARDS if {f"{guard}_insert", f"{guard}_update"} <= names}


def test_models_and_migrations_agree(database):
    assert not differences(database.engine), "write it into a migration"


def test_the_checks_of_the_models_stand_once_in_the_database(database):
    wanted = {
        name: sorted(
            str(rule.name) if str(rule.name).startswith("ck_") else f"ck_{name}_{rule.name}"
            for rule in table.constraints
            if rule.__visit_name__ in ("check_constraint", "table_or_column_check_constraint")
        )
        for name, table in metadata.tables.items()
    }
    assert {name: found for name, found in checks(database.engine).items() if name in wanted} == wanted


def test_the_guards_stand_after_the_last_migration(database):
    assert guards(database.engine) == GUARDS


def test_the_comparison_notices_what_is_missing(database):
    with database.engine.begin() as connection:
        connection.execute(text("DROP INDEX ix_claim_resource_start"))
        connection.execute(text("ALTER TABLE booking DROP COLUMN phone"))
    found = differences(database.engine)
    assert any("ix_claim_resource_start" in line for line in found) and any("phone" in line for line in found)


def test_there_is_one_newest_migration(database):
    with database.engine.connect() as connection:
        assert len(ScriptDirectory.from_config(config(connection)).get_heads()) == 1


def test_four_processes_that_start_at_once_migrate_without_error(empty_url):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", START, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        for _process in range(4)
    ]
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("!")
        process.stdin.flush()
    faults = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, faults
    engine = connect(empty_url)
    assert guards(engine) == GUARDS and not differences(engine)
    engine.dispose()


def test_migrating_again_changes_nothing(database):
    with database.engine.connect() as connection:
        before = connection.execute(text("SELECT * FROM alembic_version")).all()
    migrate(database.engine)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM alembic_version")).all() == before


def test_what_was_there_before_the_money_migration_is_there_after_it(empty_url):
    """SQLite makes a changed table anew: nothing may be lost with the old one, nor what refers to it."""
    engine, town, clerk, tariff = connect(empty_url), uuid4(), uuid4(), uuid4()
    with engine.execution_options(writes=True).connect() as connection, connection.begin():
        command.upgrade(config(connection), "0001")
        before = MetaData()
        before.reflect(connection)
        for table, values in (
            ("municipality", {"id": town, "kind": "town", "audit_months": 12}),
            ("clerk", {"id": clerk, "municipality_id": town, "role": "head"}),
            ("sign_in", {"clerk_id": clerk}),
            ("tariff", {"id": tariff, "municipality_id": town}),
            ("tariff_item", {"id": uuid4(), "tariff_id": tariff, "vat": "7", "cents": 4000}),
        ):
            insert_somehow(connection, before.tables[table], values)
    migrate(engine)
    after = MetaData()
    after.reflect(engine)
    with engine.connect() as connection:
        for table in ("clerk", "sign_in", "tariff_item"):
            assert connection.scalar(select(func.count()).select_from(after.tables[table])) == 1
        item = connection.execute(select(after.tables["tariff_item"])).one()
        assert (item.vat, item.cents, item.kind, item.unit, item.conditions) == ("7", 4000, "price", "booking", "{}")
        with pytest.raises(IntegrityError):
            connection.execute(after.tables["tariff_item"].update().values(vat="20"))
    engine.dispose()


def insert_somehow(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    """A row with these values, and something in all the other columns that need it."""
    fillers = {bool: False, int: 0, str: "", date: date(2026, 1, 1), datetime: datetime(2026, 1, 1, tzinfo=UTC)}
    needed = {
        column.name: fillers[column.type.python_type]
        for column in table.columns
        if not column.nullable and column.name not in values
    }
    ids = {name: value.hex if connection.dialect.name == "sqlite" else value for name, value in values.items()
           if isinstance(value, UUID)}  # fmt: skip
    connection.execute(table.insert().values(needed | values | ids))


def test_bookings_are_found_by_an_address_in_any_case_without_looking_at_all(database):
    wanted = select(Booking.id).where(func.lower(Booking.email) == "anna@example.org")
    said = wanted.compile(database.engine, compile_kwargs={"literal_binds": True})
    postgresql = database.engine.dialect.name == "postgresql"
    with database.engine.connect() as connection:
        if postgresql:
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN {'' if postgresql else 'QUERY PLAN'} {said}")).all()
    assert "ix_booking_email_lower" in str(plan)
