"""What follows by itself when something has happened to a hall's booking."""

from uuid import uuid4

from sqlalchemy import select

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation
from buchbar.booking.models import Booking
from buchbar.doors.models import Door, Window
from buchbar.notices.models import Letter
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import slot


def test_codes_follow_a_booking_and_its_letter_says_when_they_are_shown(database):
    with database.write() as session:
        here = gym.build(session, assemble(session))
        session.add(Door(id=uuid4(), municipality_id=here.town.town.id, hall_id=here.hall.id, name="Eingang"))
        session.flush()
        booking = gym.booked(session, here, slot(here, 1))
        [letter] = session.scalars(select(Letter).where(Letter.kind == "hall_confirmed"))
        assert "Den Türcode finden Sie ab Montag, 30. November 2026" in letter.text
    with database.write() as session:
        assert len(session.scalars(select(Window)).all()) == 1
        reservation.give_back(session, session.get_one(Booking, booking.id), NOW, CITIZEN)
    with database.write() as session:
        assert session.scalars(select(Window)).all() == []
