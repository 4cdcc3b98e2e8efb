"""Five hundred want fifty slots. Nobody gets one twice, nobody gets an error."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.weddings.reservation import SlotTaken
from tests.booking.crowd import crowded, holding, starts, take_guards_away, tally, together
from tests.cast import NOW, SATURDAY, assemble, slot_at


@pytest.fixture
def town(database):
    """With a third registrar: whoever marries at 9:45 can't do so at 9:00 or 10:30 as well."""
    with database.write() as session:
        return assemble(session, registrars=3)


@pytest.fixture
def crowd(database_url, town):
    with crowded(database_url) as database:
        yield database


@pytest.fixture
def nobody_looks(monkeypatch):
    """Everybody decides by what they saw before anybody had taken anything: only the database can say no."""
    monkeypatch.setattr("buchbar.booking.weddings.slots.Busy.allows", lambda self, wanted: True)


def test_five_hundred_clients_for_fifty_slots(crowd, town):
    wanted = starts(crowd, town, town.room, 50, SATURDAY)
    outcomes = together([holding(crowd, town, town.room, start) for start in wanted for _rival in range(10)])
    assert tally(outcomes) == {"UUID": 50, "SlotTaken": 450}
    with crowd.read() as session:
        booked = session.scalars(select(Booking.starts_at).where(Booking.state == "held")).all()
        assert sorted(booked) == wanted
        assert session.scalar(select(func.count()).select_from(Claim)) == 100, "a venue and a registrar each"
        assert session.scalar(select(func.count()).select_from(BookingEvent)) == 50
    refusals = [outcome for outcome in outcomes if isinstance(outcome, SlotTaken)]
    assert all("vergeben" in refusal.sentence for refusal in refusals)


def test_a_crowd_that_doesnt_look_is_sorted_out_by_the_database_alone(crowd, town, nobody_looks):
    wanted = starts(crowd, town, town.room, 8, SATURDAY)
    outcomes = together([holding(crowd, town, town.room, start) for start in wanted for _rival in range(8)])
    assert tally(outcomes) == {"UUID": 8, "SlotTaken": 56}


def test_without_the_guards_the_same_crowd_oversells(crowd, town, nobody_looks):
    """The negative control: it is the database's rule, and nothing else, that the tests above prove."""
    take_guards_away(crowd)
    wanted = starts(crowd, town, town.room, 8, SATURDAY)
    outcomes = together([holding(crowd, town, town.room, start) for start in wanted for _rival in range(8)])
    assert tally(outcomes)["UUID"] > 8


@pytest.mark.parametrize("guarded", [True, False])
def test_one_registrar_wanted_at_two_venues_goes_to_one(database_url, database, guarded, nobody_looks):
    """Room and mill, at times that leave no time for the way: one couple each time, never both."""
    with database.write() as session:
        town = assemble(session, registrars=1)
    with crowded(database_url) as crowd:
        if not guarded:
            take_guards_away(crowd)
        days = [SATURDAY + timedelta(days=7 * week) for week in range(4)]
        pairs = [(town.room, slot_at(day, 9, 45)) for day in days] + [(town.mill, slot_at(day, 10)) for day in days]
        outcomes = together([holding(crowd, town, venue, start) for venue, start in pairs for _rival in range(6)])
        booked = tally(outcomes)["UUID"]
        if not guarded:
            assert booked > len(days)
            return
        assert tally(outcomes) == {"UUID": len(days), "SlotTaken": 48 - len(days)}
        with crowd.read() as session:
            spans = session.scalars(select(Booking.starts_at).order_by(Booking.starts_at)).all()
            assert [moment.date() for moment in spans] == days, "exactly one wins each time"


def test_an_expired_hold_goes_to_exactly_one_of_many_at_its_very_second(crowd, town):
    start = slot_at(SATURDAY, 9)
    first = holding(crowd, town, town.room, start)()
    until = NOW + timedelta(minutes=20)
    early = together([holding(crowd, town, town.room, start, until - timedelta(seconds=1)) for _rival in range(5)])
    assert tally(early) == {"SlotTaken": 5}
    outcomes = together([holding(crowd, town, town.room, start, until) for _rival in range(20)])
    assert tally(outcomes) == {"UUID": 1, "SlotTaken": 19}
    with crowd.read() as session:
        assert session.get_one(Booking, first).state == "expired"
        events = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == first)).all()
        assert events.count("expire") == 1, "whoever swept, it is written down once"


def test_neighbouring_slots_of_one_venue_dont_stand_in_each_others_way(crowd, town):
    """All change the same venue's row at once, with expired holds to sweep: no deadlock, everybody gets theirs."""
    wanted = starts(crowd, town, town.room, 12, SATURDAY)
    together([holding(crowd, town, town.room, start) for start in wanted])
    late = NOW + timedelta(hours=1)
    outcomes = together([holding(crowd, town, town.room, start, late) for start in wanted for _rival in range(3)])
    assert tally(outcomes) == {"UUID": 12, "SlotTaken": 24}
