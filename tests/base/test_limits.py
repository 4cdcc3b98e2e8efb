"""Rate limits hold for all processes together, and for a window of time."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.base import limits
from buchbar.base.errors import TooMany
from tests.booking.crowd import crowded, in_transaction, tally, together
from tests.cast import NOW

MINUTE = timedelta(minutes=10)


def attempt(session, who="192.0.2.1", what="hold", now=NOW, secret="s"):
    limits.count(session, secret, what, who, most=3, per=MINUTE, now=now)


def test_so_many_and_no_more(session):
    for _time in range(3):
        attempt(session)
    with pytest.raises(TooMany) as refusal:
        attempt(session)
    assert 0 < refusal.value.retry_after <= 600 and "Minuten" in refusal.value.sentence


def test_others_and_other_things_count_for_themselves(session):
    for _time in range(3):
        attempt(session)
    attempt(session, who="192.0.2.2")
    attempt(session, what="mail")


def test_after_the_window_it_goes_on(session):
    for _time in range(3):
        attempt(session)
    with pytest.raises(TooMany) as refusal:
        attempt(session)
    attempt(session, now=NOW + timedelta(seconds=refusal.value.retry_after))


def test_whoever_knows_the_table_knows_no_addresses(session):
    attempt(session)
    kept = session.scalars(select(limits.Attempts.key_print)).one()
    assert "192" not in kept and len(kept) == 64


def test_two_processes_share_the_count(database, database_url):
    with crowded(database_url, pool=4) as other:
        outcomes = together([in_transaction(each, attempt) for each in (database, other) for _time in range(5)])
    assert tally(outcomes) == {"NoneType": 3, "TooMany": 7}


def test_a_refusal_of_the_work_doesnt_undo_the_count(database):
    for _time in range(3):
        in_transaction(database, attempt)()
    with pytest.raises(TooMany):
        in_transaction(database, attempt)()


def test_old_counts_are_forgotten(session):
    attempt(session)
    limits.forget(session, NOW + timedelta(hours=1))
    assert session.scalars(select(limits.Attempts.count)).all() == [1]
    limits.forget(session, NOW + timedelta(days=2))
    assert not session.scalars(select(limits.Attempts.count)).all()
