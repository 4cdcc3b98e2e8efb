"""Rate limits, kept in the database so that all processes share them. Keys are fingerprints, never names."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, insert_for, table_of
from buchbar.base.errors import TooMany
from buchbar.base.texts import _
from buchbar.base.tokens import fingerprint


class Attempts(Base):
    """How often something was done by somebody within one window of time."""

    __tablename__ = "attempts"

    key_print: Mapped[str] = mapped_column(primary_key=True)
    window_at: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


def count(session: Session, secret: str, what: str, who: str, *, most: int, per: timedelta, now: datetime) -> None:
    """Count one more attempt. Raises TooMany beyond ``most`` in a window of length ``per``.

    Call it before the work. If the work is undone, and this with it, count again, in a transaction of its own.
    """
    seconds = int(per.total_seconds())
    window = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    attempt = {"key_print": fingerprint(secret, f"{what}:{who}"), "window_at": window, "count": 1}
    counted = session.execute(_one_more(session.get_bind().dialect.name), attempt).scalar_one()
    if counted > most:
        wait = max(1, int((window + per - now).total_seconds()))
        raise TooMany(
            _("Das waren zu viele Versuche. Bitte warten Sie %d Minuten und versuchen Sie es noch einmal.")
            % max(1, round(wait / 60)),
            wait,
        )


@cache
def _one_more(dialect: str) -> Any:
    table = table_of(Attempts)
    return (
        insert_for(dialect, table)
        .on_conflict_do_update(index_elements=table.primary_key.columns, set_={"count": table.c.count + 1})
        .returning(table.c.count)
    )


def forget(session: Session, now: datetime) -> None:
    """Delete counters that no longer matter."""
    session.execute(delete(Attempts).where(Attempts.window_at < now - timedelta(days=1)))
