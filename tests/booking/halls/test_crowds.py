"""Many want parts of one hall at once: part against whole, a closure in the same second, a week's hours that are used
up. Nobody gets what somebody else has, nobody waits for ever, nobody gets an error."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.booking import closures
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import reservation
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.spans import Span
from buchbar.resources.models import Resource
from tests import gym
from tests.booking.crowd import crowded, in_transaction, take_guards_away, tally, together
from tests.cast import NOW, assemble
from tests.gym import KIM, TERMS, TUESDAY, slot

WHOLE, LANGE = (1, 2, 3), Actor("clerk", "Herr Lange")


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session), msgspec.structs.replace(TERMS, week_minutes=180))


@pytest.fixture
def crowd(database_url, here):
    with crowded(database_url) as database:
        yield database


@pytest.fixture
def nobody_looks(monkeypatch):
    """Everybody decides by what they saw before anybody had taken anything: only the database can say no."""
    monkeypatch.setattr("buchbar.booking.halls.free.Busy.free", lambda self, wanted: True)


def holding(crowd, here, wanted):
    def act(session):
        town = session.get_one(Municipality, here.town.town.id)
        return reservation.hold(session, town, wanted, "local", NOW, CITIZEN).id

    return in_transaction(crowd, act)


def rivals(here, days):
    """On each of some days two for the whole hall, two for each field, two for the two on the left."""
    wanted = [WHOLE, (1,), (2,), (3,), (1, 2)]
    return [
        slot(here, *parts, day=TUESDAY + timedelta(days=n)) for n in range(days) for parts in wanted for _two in "ab"
    ]


def twice(crowd):
    """The parts that two bookings have at the same time."""
    with crowd.read() as session:
        claims = session.scalars(select(Claim).order_by(Claim.resource_id, Claim.starts_at)).all()
        pairs = zip(claims, claims[1:], strict=False)
        return [a for a, b in pairs if a.resource_id == b.resource_id and b.starts_at < a.ends_at]


def test_part_against_whole_has_one_winner_whoever_comes_first(crowd, here, nobody_looks):
    days = 3
    outcomes = together([holding(crowd, here, wanted) for wanted in rivals(here, days)])
    assert set(tally(outcomes)) == {"UUID", "Taken"}
    assert twice(crowd) == []
    with crowd.read() as session:
        had = session.execute(select(Booking.starts_at, HallUse.parts).join(HallUse, HallUse.booking_id == Booking.id))
        by_day = {}
        for start, parts in had:
            by_day.setdefault(start, []).extend(parts)
        assert [sorted(parts) for parts in by_day.values()] == [[1, 2, 3]] * days, "each field went to somebody, once"
        claims = session.scalars(select(Claim.booking_id)).all()
        assert len(claims) == 3 * days, "who lost left nothing behind"


def test_without_the_guard_the_same_crowd_oversells(crowd, here, nobody_looks):
    """The negative control: it is the database's rule that the test above proves."""
    take_guards_away(crowd)
    together([holding(crowd, here, wanted) for wanted in rivals(here, 3)])
    assert twice(crowd)


@pytest.mark.parametrize("parts", [(1,), WHOLE])
def test_a_closure_in_the_same_second_has_it_or_the_booking_does(crowd, here, parts, nobody_looks):
    wanted = slot(here, *parts)

    def close(session):
        part = session.get_one(Resource, here.parts[1].id)
        return closures.close(session, part, Span(wanted.span.start, wanted.span.end), "Wartung", NOW, LANGE).id

    acts = [in_transaction(crowd, close), *(holding(crowd, here, wanted) for _rival in range(5))]
    outcomes = together(acts)
    assert tally(outcomes)["UUID"] == 1
    assert set(tally(outcomes)) <= {"UUID", "Taken", "InTheWay"}
    assert twice(crowd) == []


@pytest.mark.parametrize("club", [True, False])
def test_two_at_once_dont_have_more_of_a_week_than_is_allowed(crowd, here, club):
    """Three hours a week are allowed; two come at once with two hours each."""

    def book(part):
        def act(session):
            town = session.get_one(Municipality, here.town.town.id)
            whose = session.get_one(Organisation, here.club.id) if club else None
            wanted = slot(here, part)
            booking = reservation.hold(
                session, town, wanted, "club" if club else "local", NOW, CITIZEN, organisation=whose
            )
            if club:
                reservation.book_for(session, booking, KIM, NOW, CITIZEN)
            else:
                reservation.submit(session, booking, KIM, NOW, CITIZEN)
                reservation.prove(session, booking, NOW)
            return booking.id

        return in_transaction(crowd, act)

    outcomes = together([book(1), book(2), book(3)])
    assert tally(outcomes) == {"UUID": 1, "TooMuch": 2}


def test_who_swaps_with_somebody_doesnt_wait_for_ever(crowd, here):
    with crowd.write() as session:
        first, second = (gym.held(session, here, slot(here, part)) for part in (1, 2))
        for booking, mail in ((first, "a@example.org"), (second, "b@example.org")):
            reservation.submit(session, booking, KIM.__class__(organiser="A", contact="A", email=mail), NOW, CITIZEN)
            reservation.prove(session, booking, NOW)

    def moving(booking, part):
        return in_transaction(
            crowd,
            lambda session: bool(
                reservation.move(session, session.get_one(Booking, booking.id), slot(here, part), NOW, CITIZEN)
            ),
        )

    outcomes = together([moving(first, 2), moving(second, 1)])
    assert set(tally(outcomes)) <= {"Taken", "bool"} and twice(crowd) == []
