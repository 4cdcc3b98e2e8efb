"""The clockwork: each slot once, however many threads and processes there are."""

import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from datetime import timedelta
from functools import partial

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.app import jobs
from buchbar.base.once import JobRun
from buchbar.booking import api_answers
from buchbar.booking.halls import season_release
from buchbar.booking.halls.models import HallWatch
from buchbar.booking.halls.season_plan import rehearse
from buchbar.booking.models import Booking
from buchbar.doors import locks
from buchbar.doors.adapters import Abilities, Heard, News
from buchbar.notices import letters
from buchbar.notices.models import Errand, Letter
from tests import gym
from tests.booking.halls.season import AFTER, LAST, MONDAY, prepare, wish
from tests.cast import NOW, SATURDAY, SETTINGS, confirmed, slot_at
from tests.doors import porter

MINUTE = timedelta(minutes=1)


def test_three_threads_run_a_slot_once(database):
    done = []
    job = jobs.Job("count", MINUTE, lambda _database, _settings, now: done.append(now) or 1)
    for minute in range(5):
        arguments = (job, database, SETTINGS, partial(NOW.__add__, minute * MINUTE))
        threads = [threading.Thread(target=jobs.attempt, args=arguments) for _n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert done == [NOW + minute * MINUTE for minute in range(5)]


PROCESS = """
import sys
from datetime import timedelta
from uuid import uuid4
from buchbar.app import jobs
from buchbar.base.db import Database, connect
from buchbar.notices import outbox
from tests.cast import NOW, SETTINGS

def work(database, settings, now):
    with database.write() as session:
        outbox.send(session, "slot", uuid4(), now)
    return 1

database = Database(connect(sys.argv[1]), settings=SETTINGS)
job = jobs.Job("count", timedelta(minutes=1), work)
print("ready", flush=True)
sys.stdin.readline()
for minute in range(20):
    jobs.attempt(job, database, SETTINGS, lambda: NOW + minute * timedelta(minutes=1))
"""


def test_two_processes_run_a_slot_once(database, database_url):
    command = [sys.executable, "-c", textwrap.dedent(PROCESS), database_url]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _n in range(2)]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    with database.read() as session:
        moments = session.scalars(select(Errand.written_at)).all()
        assert sorted(moments) == [NOW + minute * MINUTE for minute in range(20)]
        assert session.scalar(select(func.count()).select_from(JobRun)) == 20


def test_what_goes_wrong_is_logged_without_its_words_and_tried_again_in_the_next_slot(database, caplog):
    turns = iter([RuntimeError("anna@example.org"), None])

    def work(_database, _settings, _now):
        if fault := next(turns):
            raise fault
        return 1

    job = jobs.Job("shaky", MINUTE, work)
    assert jobs.attempt(job, database, SETTINGS, lambda: NOW) is None
    assert "anna@example.org" not in caplog.text and "job failed" in caplog.text
    assert jobs.attempt(job, database, SETTINGS, lambda: NOW) is None  # the slot is used up
    assert jobs.attempt(job, database, SETTINGS, lambda: NOW + MINUTE) == 1


def test_through_forty_days_every_job_does_its_part(database, clock, monkeypatch):
    """A confirmed wedding is never paid: reminded twice, then released, and a year later forgotten. Of a hall, two
    dates of a club, one behind a door that refuses its code, and a season's place, and who is forgotten there."""
    refusing, telling = porter.Memory(), porter.Memory()
    refusing.refuses, telling.abilities = True, Abilities(lengths=(6,), polled=True)
    telling.news = lambda _lock, since: News([] if since else [Heard("opened", NOW, "1")])
    monkeypatch.setitem(locks.ADAPTERS, "webhook", refusing)
    monkeypatch.setitem(locks.ADAPTERS, "nuki", telling)
    with database.write() as session:
        here = a_season_and_what_is_forgotten(session)
        booking_id = confirmed(session, here.town, slot_at(SATURDAY, 9)).id
    with database.write() as session:  # later than what needs them: a job finds that
        for part, adapter in enumerate(("simulator", "webhook", "nuki"), start=1):
            porter.doors(session, here, adapter=adapter, parts=[part])
    done = Counter()
    for day in [*range(40), 40 + 365]:
        clock.now = NOW + timedelta(days=day)
        for job in jobs.JOBS:
            done[job.name] += jobs.attempt(job, database, SETTINGS, clock) or 0
    assert +done == {
        "release": 1,
        "remind": 1,
        "calendars": 1,
        "places": 1,
        "door_codes": 2,
        "doors": 4,  # given to a door and taken away there; over at the one that refused it; over a year later
        "door_letters": 1,
        "door_alarms": 1,
        "door_news": 1,
        "presence": 1,
        "door_tidy": 41,  # the town, every day
        "watches": 1,
        "answers": 1,
        "people": 1,
        "seasons": 1,
        "retention": 1,  # what a club owes can be claimed for years
    }
    with database.read() as session:
        booking = session.get_one(Booking, booking_id)
        assert booking.state == "released" and booking.forgotten_at == clock.now


def a_season_and_what_is_forgotten(session):
    season = prepare(session)
    here = season.here
    here.policy.terms = msgspec.structs.replace(here.policy.terms, retention_months=6)
    session.flush()
    gym.of_club(session, here, gym.slot(here, 1))
    gym.of_club(session, here, gym.slot(here, 2, day=gym.TUESDAY + timedelta(days=4), hour=11))
    wish(session, season, here.club, (MONDAY, 18 * 60), parts=1, remarks="Bitte mit Rampe.")
    rehearse(session, here.town.town, season.round, here.clerk, AFTER)
    season_release.release(season.round, season.second, AFTER)
    season.other.state, season.other.decided_at = "refused", NOW
    never_proven = {"email": "wanda@example.org", "made_at": NOW, "ends_on": LAST}
    session.add(HallWatch(municipality_id=here.town.town.id, hall_id=here.hall.id, **never_proven))
    api_answers.keep(session, here.coach, "key", "POST", "/api", b"", {}, NOW)
    return here


def test_the_scheduler_runs_nothing_while_the_wall_clock_jumps(database, clock):
    made = jobs.scheduler(database, SETTINGS, clock)
    names = {job.id for job in made.get_jobs()}
    assert names == {job.name for job in jobs.JOBS} | {"outbox"}
    assert str(made.timezone) == "Europe/Berlin"
    retention = made.get_job("retention").trigger
    hours = next(str(field) for field in retention.fields if field.name == "hour")
    assert hours == "3-23" and str(retention.timezone) == "Europe/Berlin"


def test_a_letter_goes_out_by_itself_soon_after_it_was_written(database, town, clock, monkeypatch):
    monkeypatch.setattr(jobs, "OUTBOX_SECONDS", 0.1)
    with database.write() as session:
        letter = letters.write(
            session,
            municipality=town.town,
            booking_id=None,
            kind="code",
            to="sommer@example.org",
            subject="Guten Tag",
            text="Guten Tag",
            html="<p>Guten Tag</p>",
            at=NOW,
        )
    running = jobs.scheduler(database, SETTINGS, clock)
    running.start()
    try:
        patience = time.monotonic() + 10
        while time.monotonic() < patience and not sent(database, letter.id):
            time.sleep(0.05)
    finally:
        running.shutdown(wait=True)
    assert sent(database, letter.id) == NOW


def sent(database, letter_id):
    with database.read() as session:
        return session.get_one(Letter, letter_id).sent_at


@pytest.mark.parametrize("kind", ["mail", "refund", "provider_event", "close_checkout"])
def test_every_kind_of_errand_has_its_worker(kind):
    assert kind in jobs.WORKERS
