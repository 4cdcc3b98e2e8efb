"""A job's slot is worked off once, however many want to."""

from datetime import timedelta

import pytest

from buchbar.base import once
from tests.booking.crowd import crowded, together
from tests.cast import NOW

MINUTE = timedelta(minutes=1)


def test_twenty_threads_make_one_run(database, database_url):
    done = []
    with crowded(database_url, pool=8) as other:
        acts = [
            lambda each=each: once.run(each, "sweep", MINUTE, NOW, lambda: done.append(1) or 7)
            for each in (database, other)
            for _time in range(10)
        ]
        outcomes = together(acts)
    assert sorted(outcomes, key=str) == [7] + [None] * 19
    assert done == [1]


def test_the_next_slot_runs_again_and_other_jobs_for_themselves(database):
    def run(name="sweep", now=NOW):
        return once.run(database, name, MINUTE, now, lambda: 1)

    assert run() == 1
    assert run(now=NOW + timedelta(seconds=59)) is None
    assert run(name="mail") == 1
    assert run(now=NOW + MINUTE) == 1


def test_it_is_known_when_a_job_last_ran(database):
    once.run(database, "sweep", MINUTE, NOW, lambda: 3)
    once.run(database, "sweep", MINUTE, NOW + MINUTE, lambda: 4)
    with database.read() as session:
        assert once.last_runs(session) == {"sweep": NOW + MINUTE}
        assert session.get_one(once.JobRun, ("sweep", NOW)).done == 3


def test_work_that_fails_leaves_its_slot_taken_and_unfinished(database):
    def fail():
        raise RuntimeError

    with pytest.raises(RuntimeError):
        once.run(database, "sweep", MINUTE, NOW, fail)
    assert once.run(database, "sweep", MINUTE, NOW, lambda: 1) is None
    with database.read() as session:
        assert session.get_one(once.JobRun, ("sweep", NOW)).ended_at is None


def test_what_was_last_done_is_the_last_run_that_came_to_its_end(database):
    def fail():
        raise RuntimeError

    with database.read() as session:
        assert once.last_done(session, "sweep") is None
    late = NOW + timedelta(seconds=20)
    once.run(database, "sweep", MINUTE, late, lambda: 1)
    with pytest.raises(RuntimeError):
        once.run(database, "sweep", MINUTE, NOW + MINUTE, fail)
    with database.read() as session:
        assert once.last_done(session, "sweep") == late, "when it began, not its slot"


def test_old_runs_are_forgotten(database):
    once.run(database, "sweep", MINUTE, NOW, lambda: 1)
    with database.write() as session:
        once.forget(session, NOW + timedelta(days=6))
        assert once.last_runs(session)
        once.forget(session, NOW + timedelta(days=8))
        assert not once.last_runs(session)
