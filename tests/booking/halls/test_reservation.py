"""Booking parts of a hall: part against whole, both ways round; what the rules allow."""

import pytest

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation
from buchbar.booking.halls.free import busy_between, starts
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, Taken
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import TUESDAY, slot


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session))


@pytest.mark.parametrize(("first", "second"), [((1,), (1, 2, 3)), ((1, 2, 3), (1,)), ((2,), (2, 3)), ((1, 2), (2,))])
def test_a_part_and_a_whole_that_holds_it_exclude_each_other(session, here, first, second):
    gym.held(session, here, slot(here, *first))
    with pytest.raises(Taken):
        gym.held(session, here, slot(here, *second))


def test_parts_beside_each_other_are_both_had(session, here):
    gym.held(session, here, slot(here, 1))
    gym.held(session, here, slot(here, 2, 3))
    gym.held(session, here, slot(here, 4))


def test_only_combinations_of_the_hall_can_be_had(session, here):
    for parts in ((1, 3), (5,), ()):
        with pytest.raises(NotOffered):
            gym.held(session, here, slot(here, *parts))


def test_school_hours_are_for_schools(session, here):
    with pytest.raises(NotOffered, match="Schule"):
        gym.held(session, here, slot(here, 1, hour=10))
    assert gym.held(session, here, slot(here, 1, hour=10), "school").state == "held"


def test_offered_beginnings_are_accepted(session, here):
    rules = plan(session, here.town.town)
    hall = rules.hall("dreifeldhalle")
    gym.held(session, here, slot(here, 1, hour=18))
    busy = busy_between(session, [hall], rules, TUESDAY, TUESDAY, NOW)
    offered = starts(rules, busy, hall, (1,), TUESDAY, 90, "local", NOW)
    assert len(offered) == 4  # 16:00 and 16:30 before it, 20:00 and 20:30 after it
    for span in offered[:1] + offered[-1:]:
        reservation.hold(session, here.town.town, reservation.Slot(hall.id, (1,), span), "local", NOW, CITIZEN)


def test_a_club_books_and_pays_by_parts_and_real_hours(session, here):
    booking = gym.of_club(session, here, slot(here, 1, 2, minutes=90))
    assert booking.state == "confirmed"
    assert [line.cents for line in reservation.price(session, booking)] == [2 * 2 * 600]
