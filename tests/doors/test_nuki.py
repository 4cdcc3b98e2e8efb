"""Nuki's Web API, against a stand-in that is as strict, slow and forgetful as the real one."""

from dataclasses import replace
from uuid import uuid4

import pytest

from buchbar.doors import events, nuki, reconciler
from buchbar.doors.adapters import Lock, Unreachable, Wish
from buchbar.doors.models import Door, DoorEvent
from buchbar.doors.standin import TOKEN, Keypad, StandIn, served
from tests import gym
from tests.cast import NOW
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
    assert ADAPTER.put(lock, wish()).why == nuki.REFUSED
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
