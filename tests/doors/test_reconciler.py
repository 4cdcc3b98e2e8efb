"""Locks come to know what they should, whatever happens on the way."""

import logging
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, insert, select

from buchbar.accounts.models import Municipality
from buchbar.base.db import table_of
from buchbar.base.logs import JsonLines
from buchbar.base.sealed import seal
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import codes_shown, door_codes
from buchbar.booking.models import Booking
from buchbar.doors import alarms, codes, locks, reconciler
from buchbar.doors.adapters import Unreachable
from buchbar.doors.models import Code, Door, Entry, Window
from buchbar.notices.models import Letter
from tests import gym
from tests.cast import NOW, SETTINGS
from tests.clerks import counted
from tests.doors import porter
from tests.doors.porter import DAY, END, HOUR, MINUTE, SOON, START, Memory, doors, entries, follow


@pytest.fixture
def lock(monkeypatch):
    memory = Memory()
    monkeypatch.setitem(locks.ADAPTERS, "webhook", memory)
    return memory


@pytest.fixture
def booked(database, lock):
    """Tuesday 18 to 20, with one door."""
    with database.write() as session:
        here = porter.build(session)
        doors(session, here)
        booking = gym.booked(session, here, gym.slot(here, 1))
        follow(session, booking, NOW)
        return booking


def state(database):
    with database.read() as session:
        return entries(session)[0]


def cancel(database, booking, at):
    with database.write() as session:
        ours = session.get_one(Booking, booking.id)
        lifecycle.cancel(session, ours, at, CITIZEN)
        follow(session, ours, at)


def test_a_code_goes_through_its_life(database, lock, booked):
    assert (state(database).state, state(database).next_at) == ("planned", START - 15 * MINUTE - 2 * DAY)
    assert reconciler.run(database, NOW) == 0 and not lock.told
    assert reconciler.run(database, SOON) == 1
    wish = next(iter(lock.codes.values()))
    assert (wish.starts_at, wish.ends_at) == (START - 15 * MINUTE, END + 30 * MINUTE)
    assert state(database).state == "confirmed" and len(wish.digits) == 6
    reconciler.run(database, START)
    assert state(database).state == "active" and lock.told == ["put"]
    reconciler.run(database, END)
    assert lock.codes, "it runs out later"
    reconciler.run(database, END + 30 * MINUTE)
    assert state(database).state == "removed" and not lock.codes


class Killed(BaseException):
    """The process dies here."""


class Fate:
    """Kills at the step that it is told, 0 for never. A step is what could be the last thing that a process has done: a
    statement that writes, a commit, the lock before and after it has done what it was told."""

    def __init__(self, database, lock, monkeypatch) -> None:
        self.kill_at, self.steps = 0, 0
        event.listen(database.engine, "commit", self.step)
        event.listen(database.engine, "after_cursor_execute", self.wrote)
        do = lock._do

        def do_and_step(name, act):
            self.step()
            told = do(name, act)
            self.step()
            return told

        monkeypatch.setattr(lock, "_do", do_and_step)

    def wrote(self, _connection, _cursor, statement, *_rest) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self.step()

    def step(self, *_anything) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed


@pytest.mark.parametrize("verb", ["put", "remove"])
def test_killed_at_any_step_the_next_run_finishes(database, lock, booked, verb, monkeypatch):
    at = SOON
    if verb == "remove":
        reconciler.run(database, at)
        cancel(database, booked, at)
    entry_id, fate, deaths = state(database).id, Fate(database, lock, monkeypatch), 0
    for fate.kill_at in range(1, 40):
        fate.steps = 0
        try:
            reconciler.bring(database, entry_id, at)
            break
        except Killed:
            deaths += 1
            at += 4 * MINUTE
    fate.kill_at = 0
    reconciler.run(database, at + 4 * MINUTE)
    assert deaths >= 6, "or it proves little"
    assert state(database).state == ("confirmed" if verb == "put" else "removed")
    assert len(lock.codes) == (1 if verb == "put" else 0)


def test_a_lock_that_is_down_for_an_hour_gets_it_when_it_is_back_and_the_office_hears_of_it_once(
    database, lock, booked, caplog
):
    caplog.set_level(logging.INFO)
    lock.down = True
    at = START - 2 * HOUR - 10 * MINUTE
    for _minute in range(60):
        reconciler.run(database, at)
        alarms.raise_all(database, at)
        at += MINUTE
    assert len(lock.told) == 5, "with growing pauses: at once, after 1, 2, 5 and 15 minutes"
    assert state(database).state == "failed" and state(database).fault == "schweigt"
    lock.down = False
    for _minute in range(45):
        reconciler.run(database, at)
        alarms.raise_all(database, at)
        at += MINUTE
    assert state(database).state == "confirmed" and len(lock.codes) == 1
    digits = next(iter(lock.codes.values())).digits
    with database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "door_alarm")).one()
        said = "".join(session.scalars(select(Letter.text)))
    assert letter.to_address == "standesamt@example.org" and "Eingang 1" in letter.text
    logged = "".join(JsonLines().format(record) for record in caplog.records)
    assert "lock silent" in logged and digits not in logged + said and digits not in repr(lock.codes)


def test_one_silent_lock_keeps_no_other_waiting(database, lock, monkeypatch):
    silent = Memory()
    silent.down = True
    monkeypatch.setitem(locks.ADAPTERS, "nuki", silent)
    with database.write() as session:
        here = porter.build(session)
        doors(session, here, adapter="nuki", parts=[1])
        doors(session, here, parts=[2])
        for part, hour in ((1, 17), (1, 18), (1, 19), (2, 18)):
            follow(session, gym.of_club(session, here, gym.slot(here, part, hour=hour, minutes=60)), NOW)
    reconciler.run(database, SOON)
    assert silent.told == ["put"] and len(lock.codes) == 1


def test_doors_with_many_codes_and_silent_locks_let_a_healthy_one_have_its_turn(database, lock, monkeypatch):
    """Each asking of a silent lock takes 10 seconds; all of them are due before the healthy one."""
    silent, clock = Memory(), [0.0]

    def hang(*_anything):
        clock[0] += 10
        raise Unreachable("schweigt")

    monkeypatch.setattr(silent, "put", hang)
    monkeypatch.setitem(locks.ADAPTERS, "nuki", silent)
    monkeypatch.setattr(reconciler.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(reconciler, "AT_ONCE", 20)
    with database.write() as session:
        here = porter.build(session)
        for number, door in enumerate(doors(session, here, 8, adapter="nuki", parts=[1])):
            porter.setting(door, url=f"https://lock{number}.example.org/")
        for hour in (16, 17, 18, 19):
            follow(session, gym.of_club(session, here, gym.slot(here, 1, hour=hour, minutes=60)), NOW)
        doors(session, here, parts=[2])
        follow(session, gym.of_club(session, here, gym.slot(here, 2)), SOON)
    for _run in range(2):
        reconciler.run(database, SOON + timedelta(seconds=clock[0]))
    assert len(lock.codes) == 1


def test_locks_behind_one_silent_address_are_left_alone_together(database, lock):
    lock.down = True
    with database.write() as session:
        here = porter.build(session)
        for door in doors(session, here, 5):
            porter.setting(door, url="https://api.example.org/")
        follow(session, gym.booked(session, here, gym.slot(here, 1)), NOW)
    reconciler.run(database, SOON)
    assert lock.told == ["put", "put"], "one of them could be the lock's own trouble"
    reconciler.run(database, SOON + timedelta(seconds=20))
    assert lock.told == ["put", "put"]
    lock.down = False
    reconciler.run(database, SOON + reconciler.LEFT_ALONE)
    assert len(lock.codes) == 5


def test_an_answer_that_got_lost_makes_no_second_code(database, lock, booked):
    lock.unheard = 1
    reconciler.run(database, SOON)
    assert state(database).state == "sent" and len(lock.codes) == 1
    reconciler.run(database, SOON + MINUTE)
    assert state(database).state == "confirmed" and len(lock.codes) == 1


def test_what_was_cancelled_while_the_lock_was_spoken_to_is_removed_next(database, lock, booked, monkeypatch):
    put = lock.put

    def put_slowly(lock_, wish):
        told = put(lock_, wish)
        cancel(database, booked, SOON)
        return told

    monkeypatch.setattr(lock, "put", put_slowly)
    reconciler.run(database, SOON)
    assert state(database).state == "removing" and lock.codes
    reconciler.run(database, SOON)
    assert state(database).state == "removed" and not lock.codes


def test_nobody_else_speaks_to_a_lock_that_is_being_spoken_to(database, lock, booked, monkeypatch):
    """Else the other's "forget it" could come there first, and the code stay for ever."""
    put = lock.put

    def put_slowly(lock_, wish):
        monkeypatch.setattr(lock, "put", put)
        cancel(database, booked, SOON)
        reconciler.run(database, SOON + MINUTE)  # another process
        return put(lock_, wish)

    monkeypatch.setattr(lock, "put", put_slowly)
    reconciler.run(database, SOON)
    assert lock.told == ["put"]
    reconciler.run(database, SOON + 2 * MINUTE)
    assert state(database).state == "removed" and not lock.codes


def test_what_was_cancelled_while_an_answer_was_lost_is_removed(database, lock, booked):
    lock.unheard = 1
    reconciler.run(database, SOON)
    cancel(database, booked, SOON)
    reconciler.run(database, SOON)
    assert state(database).state == "removed" and not lock.codes


def test_what_a_lock_refuses_is_shown_and_tried_again_every_hour(database, lock, booked):
    lock.refuses = True
    reconciler.run(database, SOON)
    assert (state(database).state, state(database).fault) == ("failed", "voll")
    lock.refuses = False
    reconciler.run(database, SOON + MINUTE)
    assert state(database).state == "confirmed"


def test_a_door_that_is_taken_out_of_use_forgets(database, lock, booked):
    reconciler.run(database, SOON)
    with database.write() as session:
        session.scalars(select(Door)).one().active = False
        entries(session)[0].next_at = SOON
    reconciler.run(database, SOON)
    assert state(database).state == "removed" and not lock.codes


def test_a_door_that_was_out_of_use_for_a_moment_gets_its_codes_back(database, lock, booked):
    reconciler.run(database, SOON)
    begin = START - 30 * MINUTE
    for active in (False, True):
        with database.write() as session:
            session.scalars(select(Door)).one().active = active
            entries(session)[0].next_at = begin
        if not active:
            reconciler.run(database, begin)
    assert state(database).state == "removed" and not lock.codes
    with database.read() as session:
        late = alarms.hanging(session, booked.municipality_id, begin + 11 * MINUTE)
    assert len(late) == 1 and alarms.raise_all(database, begin + MINUTE) == 0, "the job has its five minutes"
    assert door_codes.keep(database, begin + 5 * MINUTE) == 1
    reconciler.run(database, begin + 5 * MINUTE)
    assert state(database).state == "confirmed" and len(lock.codes) == 1


def test_a_lock_that_knows_no_times_has_a_code_only_while_it_holds(database, lock, booked):
    with database.write() as session:
        session.scalars(select(Door)).one().keeps_time = False
        reconciler.look_again(session, session.scalars(select(Door)).one(), NOW)
    for at in (NOW, SOON, START - 16 * MINUTE):
        reconciler.run(database, at)
        assert alarms.raise_all(database, at) == 0 and not lock.codes, "it would open at once"
    with database.read() as session:
        (door,) = codes_shown.shown(session, session.get_one(Booking, booked.id), SOON).doors
        assert door.words == "wird rechtzeitig eingerichtet"
    reconciler.run(database, START - 15 * MINUTE)
    assert len(lock.codes) == 1 and state(database).state == "active"
    reconciler.run(database, END + 30 * MINUTE)
    assert not lock.codes


def test_an_office_without_an_address_was_not_told(database, lock, booked):
    with database.write() as session:
        session.scalars(select(Municipality)).one().email = ""
    lock.down = True
    reconciler.run(database, START - HOUR)
    assert alarms.raise_all(database, START - HOUR) == 0 and state(database).alarmed_at is None


def test_processes_that_run_at_once_tell_each_lock_once(database, lock):
    with database.write() as session:
        here = porter.build(session)
        booking = gym.booked(session, here, gym.slot(here, 1))
        crowd(session, here, doors(session, here, 5), booking, 6)
    threads = [threading.Thread(target=reconciler.run, args=(database, SOON)) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lock.codes) == len(lock.told) == 5 * (6 + 1)


@pytest.mark.parametrize("kind", ["postgresql"])
def test_a_thousand_codes_on_forty_doors(database, lock):
    """Each code costs the same, however many there are."""
    with database.write() as session:
        here = porter.build(session)
        ours = doors(session, here, 40)
        booking = gym.booked(session, here, gym.slot(here, 1))
        crowd(session, here, ours, booking, 25)
    with counted(database) as few:
        assert reconciler.run(database, SOON) == 500
    with counted(database) as rest:
        assert reconciler.run(database, SOON) == 500
    assert len(lock.codes) == 1000 and len(rest) == len(few) <= 500 * 9 + 5


def crowd(session, here, ours, booking, each):
    """So many bookings that need all these doors, put there without ceremony."""
    start, end = START - 15 * MINUTE, END + 30 * MINUTE
    copied = {column.key: getattr(booking, column.key) for column in table_of(Booking).columns}
    rows = {Booking: [], Code: [], Window: [], Entry: []}
    for n in range(each):
        booking_id, code_id = uuid4(), uuid4()
        sealed = seal(SETTINGS.secret, codes.PURPOSE, str(111111 + n))
        rows[Booking].append(copied | {"id": booking_id, "number": f"HA-{n}"})
        town = {"municipality_id": booking.municipality_id}
        rows[Code].append(town | {"id": code_id, "booking_id": booking_id, "sealed": sealed, "made_at": NOW})
        for door in ours:
            span = {"door_id": door.id, "code_id": code_id, "starts_at": start, "ends_at": end}
            rows[Window].append(span | {"booking_id": booking_id})
            rows[Entry].append(span | {"id": uuid4(), "digits_print": str(n), "changed_at": NOW, "next_at": NOW})
    for table, those in rows.items():
        session.execute(insert(table), those)
