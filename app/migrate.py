"""Bring the database to the newest migration; safe when several processes start at once."""

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
    with engine.execution_options(writes=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(config(connection), "head")
