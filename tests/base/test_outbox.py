"""What has to be done outside is done once, tried again with growing pauses, and never forgotten."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.notices import outbox
from buchbar.notices.models import Errand
from tests.booking.crowd import crowded, together
from tests.cast import NOW


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def send(database, count=1, kind="letter"):
    with database.write() as session:
        subjects = [uuid4() for _errand in range(count)]
        for subject in subjects:
            outbox.send(session, kind, subject, NOW)
        return subjects


def errands(database) -> list[Errand]:
    with database.read() as session:
        return list(session.scalars(select(Errand)))


def test_an_errand_is_done_once(database, clock):
    send(database)
    done = []
    workers = {"letter": lambda database, subject, now: done.append(subject)}
    assert outbox.work_off(database, workers, clock) == 1
    assert outbox.work_off(database, workers, clock) == 0
    assert len(done) == 1 and errands(database)[0].done_at == NOW


def test_the_same_errand_twice_is_one(database):
    (subject,) = send(database)
    with database.write() as session:
        outbox.send(session, "letter", subject, NOW)
        outbox.send(session, "refund", subject, NOW)
    assert sorted(errand.kind for errand in errands(database)) == ["letter", "refund"]


def test_a_transaction_that_fails_takes_its_errand_with_it(database, clock):
    with pytest.raises(RuntimeError), database.write() as session:
        outbox.send(session, "letter", uuid4(), NOW)
        raise RuntimeError
    assert not errands(database)


def test_two_workers_share_the_work_and_nothing_is_done_twice(database, database_url, clock):
    subjects = send(database, 40)
    done = []
    workers = {"letter": lambda database, subject, now: done.append(subject)}
    with crowded(database_url, pool=8) as other:
        acts = [lambda each=each: outbox.work_off(each, workers, clock) for each in (database, other, database, other)]
        outcomes = together(acts)
    assert sum(outcomes) == 40
    assert sorted(done) == sorted(subjects)


def test_pauses_grow_and_in_the_end_a_clerk_must_look(database, clock):
    send(database)
    tried = []

    def fail(database, subject, now):
        tried.append(now)
        raise outbox.NotYet("der Server antwortet nicht")

    while errands(database)[0].state == "waiting":
        outbox.work_off(database, {"letter": fail}, clock)
        errand = errands(database)[0]
        assert errand.fault == "der Server antwortet nicht" and errand.leased_until is None
        if errand.state == "waiting":
            clock.now = errand.next_at - timedelta(seconds=1)
            assert outbox.work_off(database, {"letter": fail}, clock) == 0
            clock.now = errand.next_at
    pauses = [later - earlier for earlier, later in zip(tried, tried[1:], strict=False)]
    assert pauses == outbox.PAUSES and errands(database)[0].state == "failed"
    clock.now += timedelta(days=30)
    assert outbox.work_off(database, {"letter": fail}, clock) == 0


def test_what_is_hopeless_is_not_tried_again_until_a_clerk_says_so(database, clock):
    send(database)

    def hopeless(database, subject, now):
        raise outbox.Hopeless("die Adresse gibt es nicht")

    outbox.work_off(database, {"letter": hopeless}, clock)
    assert errands(database)[0].state == "failed"
    with database.write() as session:
        outbox.retry(session, session.scalars(select(Errand)).one(), clock())
    assert outbox.work_off(database, {"letter": lambda *_: None}, clock) == 1


def test_a_bug_tells_its_kind_and_no_personal_data(database, clock):
    send(database)

    def stumble(database, subject, now):
        raise ValueError("anna@example.org")

    outbox.work_off(database, {"letter": stumble}, clock)
    assert errands(database)[0].fault == "ValueError"


def test_one_that_fails_doesnt_keep_the_others_waiting(database, clock):
    bad, *good = send(database, 5)
    done = []

    def act(database, subject, now):
        if subject == bad:
            raise outbox.Hopeless("nein")
        done.append(subject)

    assert outbox.work_off(database, {"letter": act}, clock) == 4
    assert sorted(done) == sorted(good)


def test_a_worker_that_dies_gives_its_errand_back_after_the_lease(database, clock):
    send(database)

    def die(database, subject, now):
        raise SystemExit  # the process is killed: nothing is written down

    with pytest.raises(SystemExit):
        outbox.work_off(database, {"letter": die}, clock)
    fine = {"letter": lambda *_: None}
    clock.now += outbox.LEASE - timedelta(seconds=1)
    assert outbox.work_off(database, fine, clock) == 0
    clock.now += timedelta(seconds=1)
    assert outbox.work_off(database, fine, clock) == 1


def test_a_worker_that_fails_after_its_lease_undoes_nothing(database, clock):
    """Too slow: another one has done it meanwhile, and its success stands."""
    send(database)

    def slow(database, subject, now):
        clock.now += outbox.LEASE
        assert outbox.work_off(database, {"letter": lambda *_: None}, clock) == 1
        raise outbox.NotYet("zu langsam")

    assert outbox.work_off(database, {"letter": slow}, clock) == 0
    assert errands(database)[0].state == "done"


def test_errands_without_a_worker_wait(database, clock):
    send(database, kind="lock")
    assert outbox.work_off(database, {"letter": lambda *_: None}, clock) == 0
    assert errands(database)[0].state == "waiting" and errands(database)[0].attempts == 0
