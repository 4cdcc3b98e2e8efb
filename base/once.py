"""Jobs that run on a schedule in every process, but whose work is done once: who writes the slot's row, does it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, Database, insert


class JobRun(Base):
    """One slot of a job's schedule, taken by one process."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    slot_at: Mapped[datetime] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    done: Mapped[int | None]


def run(database: Database, name: str, every: timedelta, now: datetime, work: Callable[[], int]) -> int | None:
    """Do the work if nobody has taken this slot yet; how much was done, None if it was somebody else's."""
    seconds = int(every.total_seconds())
    slot = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    with database.write() as session:
        mine = session.execute(
            insert(session, JobRun)
            .values(name=name, slot_at=slot, started_at=now)
            .on_conflict_do_nothing()
            .returning(JobRun.name)
        ).first()
    if mine is None:
        return None
    done = work()
    with database.write() as session:
        row = session.get_one(JobRun, (name, slot))
        row.ended_at, row.done = now, done
    return done


def last_runs(session: Session) -> dict[str, datetime]:
    """When each job last began a slot."""
    rows = session.execute(select(JobRun.name, func.max(JobRun.slot_at)).group_by(JobRun.name))
    return {row[0]: row[1] for row in rows}


def last_done(session: Session, name: str) -> datetime | None:
    """When the last run of a job began that came to its end; None if none has, or too long ago to be remembered."""
    return session.scalar(select(func.max(JobRun.started_at)).where(JobRun.name == name, JobRun.ended_at.is_not(None)))


def forget(session: Session, now: datetime) -> None:
    """Delete runs older than a week."""
    session.execute(delete(JobRun).where(JobRun.slot_at < now - timedelta(days=7)))
