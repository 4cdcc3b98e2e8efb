"""Nuki's Web API, against a stand-in that is as strict, slow and forgetful as the real one."""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.base.sealed import seal
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.doors import codes, events, http, listening, locks, nuki, reconciler
from buchbar.doors.adapters import Lock, Unreachable, Wish
from buchbar.doors.models import Code, Door, DoorEvent
from buchbar.doors.standin import TOKEN, Keypad, StandIn, served
from tests import gym
from tests.cast import NOW, SETTINGS
from tests.doors import porter
from tests.doors.porter import END, HOUR, MINUTE, SOON, START, digits, doors, entries, follow

ADAPTER = nuki.Nuki()


@pytest.fixture
def there():
    standin = StandIn(keypads={"17": Keypad()})
    with served(standin) as url:
        yield standin, {"url": url, "token": TOKEN, "lock": "17"}


@pytest.fixture
def kind():
    return "sqlite"


@pytest.fixture
def lock(database, there):
    return Lock(uuid4(), NOW, there[1], database)


def wish(code="482915", start=START):
    return Wish(uuid4(), code, start, END, NOW)


def known(standin):
    return list(standin.keypads["17"].codes.values())


def test_it_is_confirmed_when_the_keypad_has_it_and_not_before(there, lock):
    wanted = wish()
    assert ADAPTER.put(lock, wanted).state == "pending" and not known(there[0])
    assert ADAPTER.put(lock, wanted).state == "confirmed"
    (code,) = known(there[0])
    assert code["code"] == 482915 and code["allowedFromDate"] == "2026-12-01T17:00:00.000Z" and len(code["name"]) == 20
    assert ADAPTER.remove(lock, wanted).state == "pending"
    assert ADAPTER.remove(lock, wanted).state == "confirmed" and not known(there[0])
    assert ADAPTER.remove(lock, wanted).state == "confirmed"


def test_a_wish_whose_answer_got_lost_is_found_and_not_made_twice(there, lock):
    there[0].unheard, wanted = 1, wish()
    with pytest.raises(Unreachable):
        ADAPTER.put(lock, wanted)
    there[0].arrive()
    assert ADAPTER.put(lock, wanted).state == "confirmed" and len(known(there[0])) == 1


def until_confirmed(lock, wanted):
    """Ask as the job does, which remembers what the lock has said of the code."""
    for _turn in range(8):
        told = ADAPTER.put(lock, wanted)
        if told.state == "confirmed":
            return
        wanted = replace(wanted, remote_id=told.remote_id or wanted.remote_id)
    raise AssertionError(told)


def test_another_time_changes_the_code_that_is_there_and_other_digits_replace_it(there, lock):
    wanted = wish()
    later = replace(wanted, starts_at=START + HOUR, ends_at=END + HOUR)
    for each in (wanted, later, replace(later, digits="771177")):
        until_confirmed(lock, each)
    (code,) = known(there[0])
    assert code["code"] == 771177 and code["allowedUntilDate"] == "2026-12-01T20:00:00.000Z"
    assert [call.split()[0] for call in there[0].asked if "GET" not in call] == ["PUT", "POST", "DELETE", "PUT"]


def test_what_is_on_its_way_is_not_sent_again_before_it_must_be_lost(there, lock):
    there[0].late, wanted = 100, wish()
    sent = replace(wanted, remote_id=ADAPTER.put(lock, wanted).remote_id)
    for minutes in (1, 5, 11):
        ADAPTER.put(replace(lock, at=NOW + minutes * MINUTE), sent)
    there[0].arrive()
    assert there[0].asked.count("PUT auth") == 2 and len(known(there[0])) == 1


def test_codes_of_others_stay(there, lock):
    there[0].keypads["17"].codes["x"] = {"name": "Hausmeister", "type": 13, "code": 993311}
    until_confirmed(lock, mine := wish())
    for _turn in range(3):
        ADAPTER.remove(lock, mine)
    assert "Hausmeister" in [code["name"] for code in known(there[0])]


@pytest.mark.parametrize("digits_", ["482910", "123456"])
def test_digits_that_a_keypad_does_not_take_are_refused(there, lock, digits_):
    assert ADAPTER.put(lock, wish(digits_)).why == nuki.REFUSED


def test_the_same_digits_twice_and_a_full_keypad_are_refused(there, lock):
    until_confirmed(lock, first := wish())
    told = ADAPTER.put(lock, wish())
    assert told.state == "taken" and told.why == nuki.DUPLICATE
    assert ADAPTER.put(lock, replace(wish(), put_at=NOW - MINUTE)).state == "pending", "it may be our own"
    lock.settings["capacity"] = "1"
    assert ADAPTER.put(lock, wish("771177")).why == nuki.FULL
    assert ADAPTER.put(lock, first).state == "confirmed"


def test_down_busy_or_not_there_is_unreachable_and_a_wrong_token_is_said(there, lock):
    there[0].down = True
    with pytest.raises(Unreachable):
        ADAPTER.put(lock, wish())
    there[0].down, there[0].enough = False, 1
    with pytest.raises(Unreachable):
        ADAPTER.put(lock, wish())
    assert ADAPTER.ask(lock) == ""
    assert ADAPTER.ask(Lock(lock.door_id, NOW, there[1] | {"lock": "18"}, lock.database)) == nuki.UNKNOWN
    wrong = Lock(lock.door_id, NOW, there[1] | {"token": "x"}, lock.database)
    assert ADAPTER.ask(wrong) == ADAPTER.put(wrong, wish()).why == nuki.DENIED
    nowhere = Lock(lock.door_id, NOW, there[1] | {"url": "http://127.0.0.1:1"}, lock.database)
    with pytest.raises(Unreachable):
        ADAPTER.ask(nowhere)


def test_from_the_booking_to_the_keypad_and_back(database, there):
    standin, settings = there
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here, adapter="nuki")
        porter.setting(door, **settings)
        booking = gym.booked(session, here, gym.slot(here, 1))
        follow(session, booking, NOW)
    for minute in range(3):
        reconciler.run(database, SOON + minute * MINUTE)
    with database.read() as session:
        code = digits(session)
        assert entries(session)[0].state == "confirmed"
    assert not standin.press("17", code, START - 16 * MINUTE) and standin.press("17", code, START - 5 * MINUTE)
    standin.keypads["17"].battery_low = True
    for _twice in range(2):
        news = ADAPTER.news(Lock(door.id, NOW, settings, database), START - HOUR)
        with database.write() as session:
            events.take_in(session, door.id, news, START)
    with database.read() as session:
        told = {event.kind: event for event in session.query(DoorEvent)}
        assert told.keys() == {"opened", "refused"} and told["opened"].booking_id == booking.id
        assert told["refused"].booking_id is None and session.get_one(Door, door.id).low_battery_at == START
    assert known(standin), "what has expired stays until it is removed"
    for minute in range(4):
        reconciler.run(database, END + HOUR + minute * MINUTE)
    assert not known(standin)


@pytest.mark.parametrize("unheard", [0, 1])
def test_what_is_cancelled_while_it_is_on_its_way_opens_nothing(database, there, unheard):
    """Also where the answer to the wish got lost: that it isn't in the list doesn't say that it won't come."""
    standin, settings = there
    standin.late, standin.unheard = 100, unheard
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here, adapter="nuki")
        porter.setting(door, **settings)
        booking = gym.booked(session, here, gym.slot(here, 1))
        follow(session, booking, NOW)
    reconciler.run(database, SOON)
    with database.write() as session:
        code, ours = digits(session), session.get_one(Booking, booking.id)
        lifecycle.cancel(session, ours, SOON, CITIZEN)
        follow(session, ours, SOON)
    reconciler.run(database, SOON + MINUTE)
    standin.arrive()
    standin.late = 1
    assert standin.press("17", code, START), "or it proves nothing"
    for minutes in range(2, 40, 3):
        reconciler.run(database, SOON + minutes * MINUTE)
    assert not standin.press("17", code, START)
    with database.read() as session:
        assert entries(session)[0].state == "removed"


def test_a_code_that_was_switched_off_at_the_keypad_is_switched_on_again(there, lock):
    until_confirmed(lock, mine := wish())
    known(there[0])[0]["enabled"] = False
    until_confirmed(lock, mine)
    assert known(there[0])[0]["enabled"] is True


def test_digits_that_the_new_lock_of_a_door_never_takes_are_replaced(database, there):
    standin, settings = there
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here)
        porter.setting(door, **settings)
        follow(session, gym.booked(session, here, gym.slot(here, 1)), NOW)
        session.scalars(select(Code)).one().sealed = seal(SETTINGS.secret, codes.PURPOSE, "504411")
        door.adapter = "nuki"
        reconciler.settle_anew(session, door, SOON)
    for minutes in range(4):
        reconciler.run(database, SOON + minutes * MINUTE)
    with database.read() as session:
        assert digits(session) != "504411" and [code["code"] for code in known(standin)] == [int(digits(session))]


def test_digits_that_somebody_else_has_at_the_keypad_are_replaced_once(database, there):
    standin, settings = there
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here, adapter="nuki")
        porter.setting(door, **settings)
        follow(session, gym.booked(session, here, gym.slot(here, 1)), NOW)
        first = digits(session)
    standin.keypads["17"].codes["x"] = {"name": "Hausmeister", "type": 13, "code": int(first)}
    for minutes in range(6):
        reconciler.run(database, SOON + minutes * MINUTE)
    with database.read() as session:
        second = digits(session)
        assert second != first and entries(session)[0].state == "confirmed"
    with database.write() as session:
        codes.replace_unfit(session, session.scalars(select(Code.id)).one(), SOON + HOUR)
        assert digits(session) == second, "it isn't the digits"


def test_an_answer_in_drops_is_left_in_the_middle(monkeypatch):
    monkeypatch.setattr(http, "WHOLE", 0.3)
    dripping = socket.create_server(("127.0.0.1", 0))

    def drip():
        caller, _address = dripping.accept()
        with caller, suppress(OSError):
            caller.sendall(b"HTTP/1.1 200 OK\r\n")
            for _drop in range(100):
                caller.sendall(b"x: y\r\n")
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with dripping, pytest.raises(Unreachable):
        http.ask(SETTINGS, "GET", f"http://127.0.0.1:{dripping.getsockname()[1]}/")
    assert time.monotonic() - began < 2


def test_locks_are_asked_for_news_in_turn_and_not_for_ever(database, monkeypatch):
    asked, clock = [], [0.0]

    def silent(lock, _since):
        asked.append(lock.door_id)
        clock[0] += 30
        raise Unreachable("schweigt")

    monkeypatch.setattr(locks.ADAPTERS["nuki"], "news", silent, raising=False)
    monkeypatch.setattr(listening.time, "monotonic", lambda: clock[0])
    with database.write() as session:
        made = {door.id for door in doors(session, porter.build(session), 5, adapter="nuki")}
    listening.poll(database, NOW)
    first = len(asked)
    listening.poll(database, NOW + MINUTE)
    assert first < 5 and set(asked) == made
