"""Hours of a hall that a clerk shortens hold at once, also where another process has the rules in memory."""

import msgspec
import pytest

from buchbar.accounts.models import Municipality
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.halls import Hall
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import slot


def shorten(hall):
    """Open until seven in the evening from now on."""
    until_seven = (WeeklyRule(frozenset(range(7)), 8 * 60, 19 * 60, on_holidays=True),)
    hall.hours = msgspec.structs.replace(hall.hours, open=until_seven)


def ends_at_seven(session, town, here):
    with pytest.raises(NotOffered):
        reservation.hold(session, town, slot(here, 1, hour=18), "local", NOW, CITIZEN)
    return reservation.hold(session, town, slot(here, 1, hour=17), "local", NOW, CITIZEN).alive


def test_shortened_hours_hold_at_once_and_leave_bookings_alone(session):
    here = gym.build(session, assemble(session))
    booking = gym.booked(session, here, slot(here, 2, hour=18))
    shorten(here.hall)
    session.flush()
    assert ends_at_seven(session, here.town.town, here)
    session.refresh(booking)
    assert booking.state == "confirmed"


def test_another_process_refuses_at_once(database):
    with database.write() as session:
        here = gym.build(session, assemble(session))
    with database.read() as session:
        before = plan(session, session.get_one(Municipality, here.town.town.id))  # now in memory here
    elsewhere = type(database)(database.engine, **{k: v for k, v in database.info.items() if k != "cache"})
    with elsewhere.write() as session:
        shorten(session.get_one(Hall, here.hall.id))
    with database.write() as session:
        town = session.get_one(Municipality, here.town.town.id)
        assert plan(session, town) is not before
        assert ends_at_seven(session, town, here)
