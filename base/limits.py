"""Rate limits, kept in the database so that all processes share them. Keys are fingerprints, never names."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, insert
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

    Call it in a transaction of its own, before the work, so that a refusal of the work doesn't undo the count.
    """
    seconds = int(per.total_seconds())
    window = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    statement = insert(session, Attempts).values(
        key_print=fingerprint(secret, f"{what}:{who}"), window_at=window, count=1
    )
    counted = session.execute(
        statement.on_conflict_do_update(
            index_elements=["key_print", "window_at"], set_={"count": Attempts.count + 1}
        ).returning(Attempts.count)
    ).scalar_one()
    if counted > most:
        wait = max(1, int((window + per - now).total_seconds()))
        raise TooMany(
            _("Das waren zu viele Versuche. Bitte warten Sie %d Minuten und versuchen Sie es noch einmal.")
            % max(1, round(wait / 60)),
            wait,
        )


def forget(session: Session, now: datetime) -> None:
    """Delete counters that no longer matter."""
    session.execute(delete(Attempts).where(Attempts.window_at < now - timedelta(days=1)))
