"""A series that is changed from a date on over a change of the clock: the time on the wall stays, fees follow hours."""

from datetime import date, timedelta

import msgspec
import pytest

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import series_change
from buchbar.calendar.rules import WeeklyRule
from buchbar.payments import ledger
from tests import gym
from tests.booking.halls.test_series import WEEK, book, wish
from tests.cast import BERLIN, NOW, assemble

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)  # the Sundays on which the clock is put on and back
BEFORE = timedelta(days=8)


@pytest.fixture
def here(session):
    built = gym.build(session, assemble(session))
    always = (WeeklyRule(frozenset(range(7)), 0, 1440, on_holidays=True),)
    built.hall.hours = msgspec.structs.replace(built.hall.hours, open=always, cleaning=())
    session.flush()
    return built


def on_the_wall(booking):
    return [f"{each.astimezone(BERLIN):%H:%M}" for each in (booking.starts_at, booking.ends_at)]


@pytest.mark.parametrize(("sunday", "hours"), [(SPRING, 5), (AUTUMN, 7)])
def test_the_time_on_the_wall_and_the_fees_are_those_of_each_night(session, here, sunday, hours):
    first = sunday - BEFORE  # a Saturday; the next one's night is the one with the change
    made = book(session, here, wish(here, first=first, hour=20, count=3))
    change = wish(here, first=first + WEEK, hour=22, minutes=360, count=2)
    act = lambda: series_change.change_from(session, made.series, change, first + WEEK, NOW, CITIZEN)  # noqa: E731
    told = series_change.rehearse(session, made.series, act)
    act()
    dates = series_change.dates_of(session, made.series)
    assert [on_the_wall(each) for each in dates] == [["20:00", "22:00"], ["22:00", "04:00"], ["22:00", "04:00"]]
    assert [ledger.account(session, each.id).owed for each in dates] == [2 * 600, hours * 600, 6 * 600]
    assert told == ((hours + 6 - 4) * 600, 0)
