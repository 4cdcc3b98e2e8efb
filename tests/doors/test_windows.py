"""Codes follow their bookings: moved, cancelled, unpaid, in a series; and no two live codes of a door are the same."""

import threading
from datetime import date, timedelta
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import func, select, text

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN, PROVIDER
from buchbar.booking.halls import door_codes, reservation
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.models import Booking
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.rules import WeeklyRule
from buchbar.doors import codes, locks, reconciler, windows
from buchbar.doors.adapters import Abilities
from buchbar.doors.models import Code, Door, Entry, Window
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from tests import gym
from tests.cast import BERLIN, CLERK, NOW
from tests.doors import porter
from tests.doors.porter import END, HOUR, MINUTE, SOON, START, Memory, digits, doors, entries, follow

WEEK = timedelta(weeks=1)


@pytest.fixture
def here(session):
    return porter.build(session)


@pytest.fixture
def lock(monkeypatch):
    memory = Memory()
    monkeypatch.setitem(locks.ADAPTERS, "webhook", memory)
    return memory


def spans(session):
    return sorted((each.starts_at, each.ends_at) for each in session.scalars(select(Window)))


def test_a_booking_needs_the_doors_of_its_parts_and_one_code_fits_them_all(session, here):
    outer, cabin, _other = doors(session, here, parts=[]) + doors(session, here, parts=[1, 2], adapter="nuki") + doors(
        session, here, parts=[3]
    )  # fmt: skip
    cabin.run_out_minutes = 60
    booking = gym.booked(session, here, gym.slot(here, 1))
    follow(session, booking, NOW)
    follow(session, booking, NOW)
    made = {entry.door_id: entry for entry in entries(session)}
    assert made.keys() == {outer.id, cabin.id}
    assert made[outer.id].ends_at == END + 30 * MINUTE and made[cabin.id].ends_at == END + HOUR
    assert codes.fits(digits(session), locks.ADAPTERS["nuki"].abilities)


def test_nothing_before_a_booking_is_firm_and_nothing_after_its_end(session, here):
    doors(session, here)
    asked = gym.booked(session, here, gym.slot(here, 1), user_class="commercial")
    follow(session, asked, NOW)
    assert not spans(session) and asked.state == "requested"
    lifecycle.approve(session, asked, "office", NOW, CLERK)
    follow(session, asked, NOW)
    assert len(spans(session)) == 1
    lifecycle.cancel(session, asked, NOW, CITIZEN)
    follow(session, asked, NOW)
    assert not spans(session) and entries(session)[0].state == "removed", "no lock has heard of it"


def test_unpaid_opens_no_door_and_neither_does_what_the_bank_took_back(session):
    here = porter.build(session, msgspec.structs.replace(gym.TERMS, payment="required"))
    doors(session, here)
    booking = gym.booked(session, here, gym.slot(here, 1))
    follow(session, booking, NOW)
    assert booking.state == "payable" and not spans(session)
    cents = ledger.account(session, booking.id).open
    payment = Payment(id=uuid4(), municipality_id=booking.municipality_id, booking_id=booking.id, cents=cents,
                      state="paid", started_at=NOW, expires_at=NOW, settled_at=NOW)  # fmt: skip
    session.add(payment)
    session.flush()
    lifecycle.pay(session, booking, NOW, PROVIDER, cents)
    follow(session, booking, NOW)
    assert booking.state == "confirmed" and len(spans(session)) == 1
    ledger.reverse(session, payment, "returned", "R1", cents, NOW)
    lifecycle.lose(session, booking, NOW, PROVIDER, cents)
    follow(session, booking, NOW)
    assert booking.state == "confirmed" and not spans(session)


def test_a_code_moves_with_its_booking_also_to_another_door(database, lock):
    with database.write() as session:
        here = porter.build(session)
        doors(session, here, parts=[1])
        doors(session, here, parts=[2])
        booking = gym.booked(session, here, gym.slot(here, 1))
        follow(session, booking, NOW)
    reconciler.run(database, SOON)
    (wish,) = lock.codes.values()
    with database.write() as session:
        booking = session.get_one(Booking, booking.id)
        reservation.move(session, booking, gym.slot(here, 2, hour=19, minutes=60), SOON, CITIZEN)
        follow(session, booking, SOON)
    reconciler.run(database, SOON)
    (moved,) = lock.codes.values()
    assert moved.key != wish.key and moved.digits == wish.digits
    assert (moved.starts_at, moved.ends_at) == (START + 45 * MINUTE, END + 30 * MINUTE)


def series_of(session, here, weeks):
    """The club's weekly training, each date a booking."""
    repeat = Repeat(first=gym.TUESDAY, from_minute=1080, until_minute=1200, count=weeks)
    series = Series(id=uuid4(), municipality_id=here.town.town.id, hall_id=here.hall.id, number="S-1", repeat=repeat,
                    made_at=NOW)  # fmt: skip
    session.add(series)
    session.flush()
    made = []
    for week in range(weeks):
        booking = gym.of_club(session, here, gym.slot(here, 1, day=gym.TUESDAY + week * WEEK))
        session.get_one(HallUse, booking.id).series_id = series.id
        door_codes.sync(session, booking, NOW)
        made.append(booking)
    session.flush()
    door_codes.settle(session)
    return made


def test_a_series_has_one_code_and_the_lock_knows_it_for_one_date_at_a_time(database, lock):
    with database.write() as session:
        here = porter.build(session)
        doors(session, here)
        series_of(session, here, 3)
        assert session.scalar(select(func.count()).select_from(Code)) == 1
    known = digits_known = None
    for week in range(3):
        reconciler.run(database, SOON + week * WEEK)
        (wish,) = lock.codes.values()
        assert wish.starts_at == START + week * WEEK - 15 * MINUTE and wish.digits == (digits_known or wish.digits)
        known, digits_known = wish.key, wish.digits
        reconciler.run(database, END + week * WEEK + 31 * MINUTE)
        assert not lock.codes
    with database.read() as session:
        (entry,) = entries(session)
        assert entry.id == known and entry.state == "removed"


@pytest.mark.parametrize(("sunday", "hours"), [(date(2027, 3, 28), 5), (date(2027, 10, 31), 7)])
def test_over_a_change_of_the_clock_a_door_opens_by_the_wall(database, lock, sunday, hours):
    """From ten in the evening until four."""
    with database.write() as session:
        here = porter.build(session)
        always = (WeeklyRule(frozenset(range(7)), 0, 1440, on_holidays=True),)
        here.hall.hours = msgspec.structs.replace(here.hall.hours, open=always, cleaning=())
        session.flush()
        doors(session, here)
        wanted = gym.slot(here, 1, day=sunday - timedelta(days=1), hour=22, minutes=hours * 60)
        booking = gym.booked(session, here, wanted)
        follow(session, booking, NOW)
    reconciler.run(database, booking.starts_at - 3 * HOUR)
    (told,) = lock.codes.values()
    assert [f"{each.astimezone(BERLIN):%H:%M}" for each in (told.starts_at, told.ends_at)] == ["21:45", "04:30"]
    assert told.ends_at - told.starts_at == hours * HOUR + 45 * MINUTE
    reconciler.run(database, told.ends_at - MINUTE)
    assert lock.codes
    reconciler.run(database, told.ends_at + MINUTE)
    assert not lock.codes


def test_a_date_that_is_given_back_loses_the_code_and_the_others_keep_it(session, here):
    doors(session, here)
    first, second, _third = series_of(session, here, 3)
    lifecycle.cancel(session, first, NOW, CITIZEN)
    follow(session, first, NOW)
    (entry,) = entries(session)
    assert entry.starts_at == second.starts_at - 15 * MINUTE and len(spans(session)) == 2


def test_dates_one_after_the_other_are_one_window(session, here):
    doors(session, here)
    first, second = series_of(session, here, 2)
    reservation.move(session, second, gym.slot(here, 1, hour=20, minutes=60), NOW, CITIZEN)
    follow(session, second, NOW)
    (entry,) = entries(session)
    assert (entry.starts_at, entry.ends_at) == (first.starts_at - 15 * MINUTE, END + HOUR + 30 * MINUTE)


def test_digits_that_somebody_has_at_the_door_are_not_taken(session, here, monkeypatch):
    doors(session, here, 2)
    drawn = iter(["482915", "482915", "482915", "771177"])
    monkeypatch.setattr(codes, "new_digits", lambda _fitting: next(drawn))
    for part in (1, 2):
        follow(session, gym.booked(session, here, gym.slot(here, part)), NOW)
    kept = [codes.digits_of(session, code) for code in session.scalars(select(Code).order_by(Code.made_at))]
    assert sorted(kept) == ["482915", "771177"] and len(entries(session)) == 4


def test_a_door_that_comes_to_a_hall_gets_the_code_that_people_know(session, here):
    doors(session, here)
    booking = gym.booked(session, here, gym.slot(here, 1))
    follow(session, booking, NOW)
    known = digits(session)
    doors(session, here)
    follow(session, booking, NOW)
    assert digits(session) == known and len(entries(session)) == 2


def test_the_job_finds_what_nobody_told_and_what_a_clerk_has_edited(database, lock):
    with database.write() as session:
        here = porter.build(session)
        booking = gym.booked(session, here, gym.slot(here, 1))
        session.flush()
        door_codes.settle(session)
        (door,) = doors(session, here)
    assert door_codes.keep(database, NOW) == 1 and door_codes.keep(database, NOW) == 0
    with database.write() as session:
        session.get_one(Door, door.id).run_in_minutes = 60
    assert door_codes.keep(database, NOW) == 1
    with database.write() as session:
        assert entries(session)[0].starts_at == START - HOUR
        session.get_one(Booking, booking.id).state = "cancelled"
    assert door_codes.keep(database, NOW) == 1 and door_codes.keep(database, NOW) == 0


@pytest.mark.parametrize("guarded", [True, False])
def test_threads_that_draw_the_same_digits_end_with_different_ones(database, monkeypatch, guarded):
    """And without the unique index they share them: it is the index that this proves."""
    with database.write() as session:
        if not guarded:
            session.execute(text("DROP INDEX uq_door_entry_digits"))
        here = porter.build(session)
        made = [gym.of_club(session, here, gym.slot(here, part)) for part in (1, 2, 3, 4)]
    with database.write() as session:
        doors(session, here, 3)
    turn, ready = threading.local(), threading.Barrier(len(made))

    def draw(_fitting):
        turn.number = getattr(turn, "number", 0) + 1
        return f"48291{turn.number}"

    monkeypatch.setattr(codes, "new_digits", draw)

    def act(booking_id):
        ready.wait()
        with database.write() as session:
            follow(session, session.get_one(Booking, booking_id), NOW)

    threads = [threading.Thread(target=act, args=(booking.id,)) for booking in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert len({codes.digits_of(session, code) for code in session.scalars(select(Code))}) == (4 if guarded else 1)
        assert session.scalar(select(func.count()).select_from(Entry)) == 12


def test_digits_are_such_as_the_lock_takes():
    nuki = locks.ADAPTERS["nuki"].abilities
    drawn = {codes.new_digits(nuki) for _turn in range(2000)}
    assert len(drawn) > 1900 and all(len(each) == 6 and "0" not in each for each in drawn)
    assert not any(each.startswith("12") for each in drawn) and not codes.fits("123456", nuki)


def test_a_window_is_widened_to_what_the_lock_can_do():
    hours = Abilities(lengths=(6,), minutes=60)
    assert hours.window(START - 15 * MINUTE, END + 30 * MINUTE) == (START - HOUR, END + HOUR)
    assert timedelta(hours=48) == windows.AHEAD
