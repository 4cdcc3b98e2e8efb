"""Booking parts of a hall: part against whole, both ways round; what the rules allow, of a move as well."""

from datetime import timedelta

import msgspec
import pytest

from buchbar.base import texts
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import reservation
from buchbar.booking.halls.free import Busy, busy_between, starts
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, Taken, TooMuch
from buchbar.booking.terms import CancellationStep
from buchbar.payments import ledger
from tests import gym
from tests.cast import NOW, assemble, slot_at
from tests.gym import TERMS, TUESDAY, slot

LANGE = Actor("clerk", "Herr Lange")
WEEK = timedelta(days=7)


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


def test_letters_are_in_the_language_in_which_a_citizen_has_booked(session, here):
    with texts.speaking("en"):
        assert gym.held(session, here, slot(here, 1)).language == "en"
        entered = reservation.hold(session, here.town.town, slot(here, 2), "local", NOW, LANGE)
    assert entered.language == "de"


def test_only_combinations_of_the_hall_can_be_had(session, here):
    for parts in ((1, 3), (5,), ()):
        with pytest.raises(NotOffered):
            gym.held(session, here, slot(here, *parts))
        hall = plan(session, here.town.town).hall("dreifeldhalle")
        assert starts(plan(session, here.town.town), Busy(()), hall, parts, TUESDAY, 60, "local", NOW) == []


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


def with_terms(session, here, **changes):
    here.policy.terms = msgspec.structs.replace(TERMS, **changes)
    session.flush()


def test_a_late_cancellation_is_not_made_cheaper_by_moving_first(session, here):
    with_terms(session, here, cancellation=(CancellationStep(14, 100), CancellationStep(2, 50), CancellationStep(0, 0)))
    booking = gym.booked(session, here, slot(here, 1))
    far, on_the_day = slot(here, 1, day=TUESDAY + 8 * WEEK), slot_at(TUESDAY, 10)
    early = on_the_day - timedelta(days=5)
    assert lifecycle.refund_percent(session, booking, early) == 50
    reservation.move(session, booking, slot(here, 1, day=TUESDAY + WEEK), early, CITIZEN)
    assert lifecycle.refund_percent(session, booking, early) == 50, "though there are twelve days left"
    reservation.move(session, booking, far, on_the_day, LANGE)
    assert lifecycle.refund_percent(session, booking, on_the_day) == 50, "a clerk's move is nobody's cancellation"
    last = far.span.start - timedelta(hours=8)
    reservation.move(session, booking, slot(here, 1, day=TUESDAY + 16 * WEEK), last, CITIZEN)
    reservation.give_back(session, booking, last, CITIZEN)
    assert ledger.account(session, booking.id).owed == 1200


def test_no_move_makes_a_week_longer_than_the_terms_allow(session, here):
    with_terms(session, here, week_minutes=180)
    gym.of_club(session, here, slot(here, 1))
    beside = gym.of_club(session, here, slot(here, 1, day=TUESDAY + WEEK, minutes=60))
    for wanted in (slot(here, 1, day=TUESDAY + WEEK, minutes=240), slot(here, 2, minutes=90)):
        with pytest.raises(TooMuch), session.begin_nested():
            reservation.move(session, beside, wanted, NOW, CITIZEN)
    reservation.move(session, beside, slot(here, 2, minutes=60), NOW, CITIZEN)
    reservation.move(session, beside, slot(here, 2, minutes=240), NOW, LANGE)
    reservation.move(session, beside, slot(here, 3, minutes=240), NOW, CITIZEN)
