"""The clockwork: what runs by itself, in each process, and is done once however many processes there are.

What is daily doesn't run between two and three at night, when the wall clock jumps; the rest counts seconds, which do
not jump.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from buchbar.accounts import revisions
from buchbar.base import once
from buchbar.base.db import Database
from buchbar.base.settings import Settings
from buchbar.booking import api_answers, bank_folder, collecting, people_forgotten, retention
from buchbar.booking import jobs as booking
from buchbar.booking.halls import codes_shown, door_codes, presence, season_forgotten, season_release, watches
from buchbar.doors import alarms, listening, reconciler
from buchbar.notices import mail, outbox
from buchbar.payments import numbers
from buchbar.payments import workers as payments

WORKERS: dict[str, outbox.Worker] = {"mail": mail.deliver, **payments.WORKERS, **numbers.WORKERS}
OUTBOX_SECONDS = 2
log = logging.getLogger("buchbar.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """Work of which one process does each slot. It gets the moment, and says how much it has done."""

    name: str
    every: timedelta
    work: Callable[[Database, Settings, datetime], int]


def _catch_up(database: Database, settings: Settings, now: datetime) -> int:
    """What the payment provider has had to tell since this was last asked to the end: a run that failed doesn't count,
    and where none is remembered, everything is asked for."""
    with database.read() as session:
        asked_at = once.last_done(session, "messages")
    return payments.catch_up(database, now, settings, asked_at)


def _to_the_doors(database: Database, now: datetime) -> int:
    """Bring codes to the locks, and ask those that a clerk wants to know of."""
    return reconciler.run(database, now) + listening.answer(database, now)


JOBS = (
    Job("expire", timedelta(minutes=1), lambda database, _settings, now: booking.expire_holds(database, now)),
    Job("release", timedelta(minutes=1), lambda database, _settings, now: booking.release_overdue(database, now)),
    Job("remind", timedelta(minutes=1), lambda database, _settings, now: booking.remind_of_deadlines(database, now)),
    Job("owners", timedelta(minutes=5), lambda database, _settings, now: booking.remind_owners(database, now)),
    Job("calendars", timedelta(minutes=5), lambda database, _s, now: booking.keep_owners_calendars(database, now)),
    Job("revisions", timedelta(minutes=5), lambda database, _settings, now: revisions.apply_all_due(database, now)),
    Job("payments", timedelta(minutes=5), lambda database, settings, now: payments.poll(database, now, settings)),
    Job("messages", timedelta(minutes=5), _catch_up),
    Job("doors", timedelta(seconds=20), lambda database, _settings, now: _to_the_doors(database, now)),
    Job("door_alarms", timedelta(minutes=1), lambda database, _settings, now: alarms.raise_all(database, now)),
    Job("door_letters", timedelta(minutes=1), lambda database, _s, now: codes_shown.write_letters(database, now)),
    Job("door_codes", timedelta(minutes=5), lambda database, _settings, now: door_codes.keep(database, now)),
    Job("door_news", timedelta(minutes=5), lambda database, _settings, now: listening.poll(database, now)),
    Job("presence", timedelta(minutes=15), lambda database, _settings, now: presence.note_missed(database, now)),
    Job("door_tidy", timedelta(days=1), lambda database, _settings, now: presence.tidy(database, now)),
    Job("debits", timedelta(hours=1), lambda database, _settings, now: collecting.settle_due(database, now)),
    Job(
        "statements",
        timedelta(minutes=5),
        lambda database, settings, now: bank_folder.collect(database, settings.statements_folder, now),
    ),
    Job("people", timedelta(days=1), lambda database, _settings, now: people_forgotten.forget_people(database, now)),
    Job("places", timedelta(minutes=1), lambda database, _s, now: season_release.book_released(database, now)),
    Job("seasons", timedelta(days=1), lambda database, _settings, now: season_forgotten.forget_wishes(database, now)),
    Job("answers", timedelta(days=1), lambda database, _settings, now: api_answers.forget(database, now)),
    Job("watches", timedelta(days=1), lambda database, _settings, now: watches.forget(database, now)),
    Job("retention", timedelta(days=1), lambda database, _settings, now: retention.forget_what_is_due(database, now)),
)


def scheduler(database: Database, settings: Settings, clock: Callable[[], datetime]) -> BackgroundScheduler:
    """All jobs, not yet started. They read ``clock``, and wait for the end of a run before they begin the next."""
    made = BackgroundScheduler(
        timezone="Europe/Berlin",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
    )
    for job in JOBS:
        # What is daily is tried every hour from three on: a machine that slept at night does it in the morning.
        when: dict[str, object] = (
            {"trigger": "cron", "hour": "3-23", "minute": 10}
            if job.every >= timedelta(days=1)
            else {"trigger": "interval", "seconds": job.every.total_seconds()}
        )
        made.add_job(attempt, id=job.name, args=[job, database, settings, clock], **when)
    made.add_job(
        send_what_waits, "interval", seconds=OUTBOX_SECONDS, id="outbox", args=[database, clock], max_instances=1
    )
    return made


def attempt(job: Job, database: Database, settings: Settings, clock: Callable[[], datetime]) -> int | None:
    """Do a job's work, unless another process has taken this slot or it went wrong; how much was done.

    What goes wrong is logged by its kind only: texts of exceptions may hold personal data.
    """
    now = clock()
    try:
        return once.run(database, job.name, job.every, now, lambda: job.work(database, settings, now))
    except Exception as fault:
        log.error("job failed", extra={"job": job.name, "fault": type(fault).__name__})
        return None


def send_what_waits(database: Database, clock: Callable[[], datetime]) -> int:
    """Work off the outbox; errands are leased one by one, so every process may do it at once."""
    try:
        return outbox.work_off(database, WORKERS, clock)
    except Exception as fault:
        log.error("job failed", extra={"job": "outbox", "fault": type(fault).__name__})
        return 0
