"""Bring the database to the newest migration; safe when several processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from buchbar.base.settings import ROOT

_LOCK = 727271  # any number, the same for all processes (pg_advisory_xact_lock)


def config(connection: Connection) -> Config:
    """Alembic's configuration, without an .ini file."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations").replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def migrate(engine: Engine) -> None:
    """Run what is missing, in one transaction under a lock, so that who starts second waits and finds it done."""
    with (
        engine.execution_options(writes=True).connect() as connection,
        _may_replace_tables(connection),
        connection.begin(),
    ):
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(config(connection), "head")


@contextmanager
def _may_replace_tables(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew. Taking the old one away would take along all that refers to it, so
    until the end it doesn't look after references; then it looks at all of them."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - it has just been opened
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
        if broken := driver.execute("PRAGMA foreign_key_check").fetchall():
            raise RuntimeError(f"a migration has lost what rows refer to: {broken[:3]}")
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
