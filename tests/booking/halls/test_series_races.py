"""Two series that cross, and a closure made in the same second: nobody gets a date twice, nobody waits for ever."""

from collections import Counter
from dataclasses import replace
from threading import Event
from time import sleep

import pytest
from sqlalchemy import func, select

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.booking import claims, closures
from buchbar.booking.closures import InTheWay
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import series, series_change
from buchbar.booking.halls.models import Series
from buchbar.booking.halls.series import NotAllFree
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.spans import Span
from buchbar.resources.models import Resource
from tests import gym
from tests.booking.crowd import crowded, in_transaction, tally, together
from tests.booking.halls.test_series import WEEK, wish
from tests.cast import NOW, assemble, slot_at
from tests.gym import TUESDAY

CLERK = Actor("clerk", "Herr Lange")


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


@pytest.fixture
def crowd(database_url, here):
    with crowded(database_url) as database:
        yield database


@pytest.fixture
def nobody_looks(monkeypatch):
    """Everybody decides by what they saw before anybody had taken anything: only the database can say no."""
    monkeypatch.setattr("buchbar.booking.halls.free.Busy.free", lambda self, wanted: True)


def booking(crowd, here, *parts, **rule):
    def act(session):
        town = session.get_one(Municipality, here.town.town.id)
        wanted = wish(replace(here, club=session.get_one(Organisation, here.club.id)), *parts, **rule)
        return len(series.book(session, town, wanted, NOW, CITIZEN).booked)

    return in_transaction(crowd, act)


def closing(crowd, here, number, day):
    def act(session):
        part = session.get_one(Resource, here.parts[number].id)
        return closures.close(session, part, Span(slot_at(day, 18), slot_at(day, 21)), "Wartung", NOW, CLERK).id

    return in_transaction(crowd, act)


def no_double(session):
    """Each live booking has its claims, and no two claims of a part overlap."""
    claims = session.scalars(select(Claim).order_by(Claim.resource_id, Claim.starts_at)).all()
    for one, other in zip(claims, claims[1:], strict=False):
        assert one.resource_id != other.resource_id or one.ends_at <= other.starts_at
    held = Counter(claim.booking_id for claim in claims if claim.booking_id)
    assert set(held) == set(session.scalars(select(Booking.id)))
    return held


@pytest.mark.parametrize("looking", [True, False])
def test_series_that_cross_share_the_dates_without_a_double_one(crowd, here, looking, request):
    if not looking:
        request.getfixturevalue("nobody_looks")
    wishes = [((1, 2), {}), ((2, 3), {}), ((1, 2, 3), {"hour": 19}), ((2,), {"first": TUESDAY + 2 * WEEK, "hour": 17})]
    acts = [booking(crowd, here, *parts, count=12, **rule) for parts, rule in wishes for _rival in range(2)]
    outcomes = together(acts)
    assert set(tally(outcomes)) <= {"int", "NotAllFree"}, outcomes
    with crowd.read() as session:
        no_double(session)
        booked = session.scalar(select(func.count()).select_from(Booking))
        assert booked == sum(each for each in outcomes if isinstance(each, int)) >= 12
        assert session.scalar(select(func.count()).select_from(Series)) == tally(outcomes)["int"]


def test_a_closure_in_the_same_second_gets_the_date_or_the_series_does(crowd, here):
    days = [TUESDAY + n * WEEK for n in range(8)]
    outcomes = together([booking(crowd, here, 1, 2, count=8), *(closing(crowd, here, 2, day) for day in days)])
    booked, closed = outcomes[0], [each for each in outcomes[1:] if not isinstance(each, Exception)]
    assert all(isinstance(each, InTheWay) for each in outcomes[1:] if isinstance(each, Exception))
    if isinstance(booked, NotAllFree):
        booked = 0
    assert booked + len(closed) == 8
    with crowd.read() as session:
        no_double(session)


def test_series_that_change_into_each_other_at_once_end_without_a_double_date(crowd, here):
    """One from six to eight goes to five, the other from four to six goes to seven, and somebody wants both."""
    with crowd.write() as session:
        club = replace(here, club=session.get_one(Organisation, here.club.id))
        town = session.get_one(Municipality, here.town.town.id)
        ids = [
            series.book(session, town, wish(club, 1, 2, hour=hour, count=6), NOW, CITIZEN).series.id
            for hour in (18, 16)
        ]

    def changing(series_id, hour):
        def act(session):
            ours = session.get_one(Series, series_id)
            wanted = wish(replace(here, club=ours.organisation), 1, 2, hour=hour, count=6)
            return len(series_change.change_from(session, ours, wanted, TUESDAY, NOW, CITIZEN))

        return in_transaction(crowd, act)

    outcomes = together(
        [changing(ids[0], 17), changing(ids[1], 19), booking(crowd, here, 2, hour=20, count=6), changing(ids[0], 20)]
    )
    assert set(tally(outcomes)) <= {"int", "NotAllFree"}, outcomes
    with crowd.read() as session:
        no_double(session)


def test_who_ends_a_series_while_it_gets_longer_ends_the_new_dates_too(crowd, here):
    with crowd.write() as session:
        town = session.get_one(Municipality, here.town.town.id)
        club = replace(here, club=session.get_one(Organisation, here.club.id))
        series_id = series.book(session, town, wish(club, count=2), NOW, CITIZEN).series.id
    changed = Event()

    def longer():
        with crowd.write() as session:
            ours = session.get_one(Series, series_id)
            wanted = wish(replace(here, club=ours.organisation), count=6)
            made = len(series_change.change_from(session, ours, wanted, TUESDAY, NOW, CITIZEN))
            changed.set()
            sleep(0.5)
        return made

    def end():
        changed.wait()
        with crowd.write() as session:
            ours = session.get_one(Series, series_id)
            return len(series_change.end_from(session, ours, TUESDAY, NOW, CITIZEN))

    assert together([longer, end]) == [6, 6]


def test_many_series_in_one_transaction_raise_versions_once_at_the_end(session):
    here = gym.build(session, assemble(session))
    before = session.get_one(Resource, here.parts[1].id).version
    with claims.versions_last(session):
        for hour in (16, 18):
            series.book(session, here.town.town, wish(here, hour=hour), NOW, CITIZEN)
    session.expire_all()
    assert session.get_one(Resource, here.parts[1].id).version == before + 1
