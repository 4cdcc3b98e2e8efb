"""Halls over clock changes and over midnight: what is offered is one after the other, and fees follow real time."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, slot_form
from buchbar.booking.halls.free import busy_between, starts
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, Slot
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.resources.halls import HallHours
from tests import gym
from tests.cast import BERLIN, NOW, assemble, slot_at

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)  # Sundays; 2 o'clock is missing, 2 o'clock comes twice
HOUR = timedelta(hours=1)


@pytest.fixture
def here(session):
    """A hall in which one can stay over night."""
    here = gym.build(session, assemble(session))
    here.hall.hours = HallHours(open=(WeeklyRule(frozenset(range(7)), 0, 24 * 60, on_holidays=True),))
    session.flush()
    return here


def offered(session, here, day, minutes):
    rules = plan(session, here.town.town)
    hall = rules.hall("dreifeldhalle")
    busy = busy_between(session, [hall], rules, day, day + timedelta(days=1), NOW)
    return starts(rules, busy, hall, (1,), day, minutes, "local", NOW)


def owed(session, here, span):
    booking = reservation.hold(session, here.town.town, Slot(here.hall.id, (1,), span), "local", NOW, CITIZEN)
    return sum(line.cents for line in reservation.price(session, booking))


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (gym.TUESDAY, 24), (AUTUMN, 25)])
def test_a_day_offers_as_many_beginnings_as_it_has_half_hours(session, here, day, hours):
    spans = offered(session, here, day, 120)
    assert len(spans) == len(set(spans)) == 2 * hours
    assert all(span.length == 2 * HOUR for span in spans)
    assert {b.start - a.start for a, b in zip(spans, spans[1:], strict=False)} == {HOUR / 2}


@pytest.mark.parametrize(("day", "until", "hours"), [(SPRING, 4, 2), (AUTUMN, 4, 4), (gym.TUESDAY, 4, 3)])
def test_fees_follow_real_time(session, here, day, until, hours):
    """From 1 to 4 on the wall."""
    span = Span(slot_at(day, 1), slot_at(day, until))
    assert owed(session, here, span) == hours * 600


def test_who_leaves_the_time_as_it_is_means_the_second_half_past_two_as_well(session, here):
    rules = plan(session, here.town.town)
    twice = [span for span in offered(session, here, AUTUMN, 60) if span.start.astimezone(BERLIN).hour == 2]
    assert len(twice) == 4
    for span in twice:
        own = Slot(here.hall.id, (1,), span)
        read = SimpleNamespace(
            **{name: convert(slot_form.typed(own, rules)[name]) for name, convert in slot_form.FIELDS.items()}
        )
        assert slot_form.slot(read, rules, own) == own


def test_over_midnight_is_one_booking_and_goes_on_where_the_next_day_is_open(session, here):
    span = Span(slot_at(gym.TUESDAY, 22), slot_at(gym.TUESDAY + timedelta(days=1), 2))
    assert owed(session, here, span) == 4 * 600
    last = offered(session, here, gym.TUESDAY, 120)[-1]
    assert last.end.astimezone(BERLIN).hour == 22, "from 20 to 22; then it is taken"
    assert offered(session, here, gym.TUESDAY + timedelta(days=1), 120)[0].start == span.end


def test_over_midnight_ends_where_the_next_day_is_closed(session, here):
    here.hall.hours = HallHours(
        open=(
            WeeklyRule(frozenset({1}), 8 * 60, 24 * 60),
            WeeklyRule(frozenset({2}), 0, 60),
            WeeklyRule(frozenset({2}), 8 * 60, 22 * 60),
        )
    )
    session.flush()
    last = offered(session, here, gym.TUESDAY, 120)[-1]
    assert (last.start.astimezone(BERLIN).hour, last.end.astimezone(BERLIN).hour) == (23, 1)
    too_long = Span(last.start, last.end + HOUR)
    with pytest.raises(NotOffered, match="nicht geöffnet"):
        owed(session, here, too_long)
