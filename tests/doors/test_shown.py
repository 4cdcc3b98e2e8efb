"""What citizens see and are written of their code; who came, and who didn't."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import codes_shown, door_codes, presence
from buchbar.booking.halls.codes_shown import shown
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking, Policy
from buchbar.doors import events, reconciler
from buchbar.doors.adapters import Heard, News
from buchbar.doors.models import Code, Door, DoorEvent, SimulatedKey
from buchbar.notices.models import Letter
from tests import gym
from tests.cast import NOW
from tests.doors import porter
from tests.doors.porter import DAY, END, HOUR, MINUTE, SOON, START, digits, doors, entries

WEEK = timedelta(weeks=1)


@pytest.fixture
def booked(database):
    with database.write() as session:
        here = porter.build(session)
        here.town.town.demonstration = True
        doors(session, here, adapter="simulator")
        return gym.booked(session, here, gym.slot(here, 1))


def seen(database, booking, at):
    with database.read() as session:
        return shown(session, session.get_one(Booking, booking.id), at)


def test_the_code_is_shown_from_a_day_before_until_the_door_is_shut(database, booked):
    early = seen(database, booked, START - DAY - MINUTE)
    assert early.appears_at == START - DAY and not early.digits
    reconciler.run(database, SOON)
    there = seen(database, booked, SOON)
    with database.read() as session:
        assert there.digits == digits(session) and there.digits not in repr(there)
    assert there.ready and there.doors[0].opens_at == START - 15 * MINUTE and there.phones == ["05441 777"]
    assert seen(database, booked, END + 29 * MINUTE).digits and seen(database, booked, END + 31 * MINUTE) is None


def test_a_door_that_has_not_confirmed_shows_whom_to_call(database, booked):
    unready = seen(database, booked, SOON)
    assert unready.digits and not unready.ready and unready.doors[0].state == "coming"
    with database.write() as session:
        entries(session)[0].state = "failed"
        session.scalars(select(Door)).one().phone = "05441 110"
    failed = seen(database, booked, SOON)
    assert failed.doors[0].state == "silent" and failed.phones == ["05441 110"]


def test_one_letter_says_that_it_is_there_and_not_what_it_is(database, booked):
    assert codes_shown.write_letters(database, START - DAY - MINUTE) == 0
    assert codes_shown.write_letters(database, START - DAY) == 1
    assert codes_shown.write_letters(database, START - DAY) == 0
    with database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "door_code")).one()
        everything = "".join(each.text + each.html + each.subject for each in session.scalars(select(Letter)))
        assert digits(session) not in everything and "/buchung/" in letter.text


def test_no_letter_says_that_there_is_a_code_which_its_door_refuses(database, booked):
    with database.write() as session:
        entries(session)[0].state = "failed"
    assert codes_shown.write_letters(database, START - DAY) == 0
    with database.write() as session:
        entries(session)[0].state = "planned"
    assert codes_shown.write_letters(database, START - DAY) == 1


def test_who_cancels_in_the_same_moment_gets_no_letter(database, booked, monkeypatch):
    due = codes_shown._due

    def and_cancel(session, now):
        found = due(session, now)
        with database.write() as other:
            lifecycle.cancel(other, other.get_one(Booking, booked.id), now, CITIZEN)
        return found

    monkeypatch.setattr(codes_shown, "_due", and_cancel)
    assert codes_shown.write_letters(database, START - DAY) == 0


def test_days_before_nothing_is_wrong_with_a_door_that_does_not_know_the_code_yet(database, booked):
    with database.write() as session:
        policy = session.scalars(select(Policy).where(Policy.journey == "halls")).one()
        policy.terms = msgspec.structs.replace(policy.terms, code_hours=120)
    early = seen(database, booked, START - 3 * DAY)
    assert early.digits and early.ready and early.doors[0].words == "wird rechtzeitig eingerichtet"


def test_who_cancels_sees_no_code_and_gets_no_letter(database, booked):
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booked.id), SOON, CITIZEN)
    assert seen(database, booked, SOON) is None and codes_shown.write_letters(database, SOON) == 0


def test_the_keypad_opens_with_the_code_in_its_time_and_the_booking_knows_it(client, posted, clock, database, booked):
    with database.read() as session:
        door, code = session.scalars(select(Door)).one(), digits(session)
    page = f"/demo/tuer/{door.id}"
    clock.now = SOON
    reconciler.run(database, clock.now)
    answers = []
    for clock.now, typed in ((SOON, code), (START, "000000"), (START, code)):
        answers.append(posted(page, code=typed, taste="auf").headers["location"].rpartition("=")[2])
    assert answers == ["zu", "zu", "auf"]
    assert "Die Tür ist offen." in client.get(f"{page}?tuer=auf").text
    key_by_key = posted(page, code=code[:2], taste=code[2], zurueck="/buchung/mine").text
    assert f'value="{code[:3]}"' in key_by_key and 'href="/buchung/mine"' in key_by_key
    onward = posted(page, code="000000", taste="auf", zurueck="/buchung/mine").headers["location"]
    assert 'href="/buchung/mine"' in client.get(onward).text
    assert "elsewhere" not in client.get(f"{page}?zurueck=//elsewhere.example").text.partition("<main")[2]
    with database.write() as session:
        assert session.get_one(HallUse, booked.id).present_at == START
        assert session.scalar(select(func.count()).where(DoorEvent.kind == "opened")) == 1
        assert code not in session.scalars(select(SimulatedKey)).one().sealed
        session.get_one(type(booked.municipality), booked.municipality_id).demonstration = False
    assert client.get(page).status_code == 404


def test_three_in_a_row_that_nobody_came_to_are_shown_until_somebody_comes(database):
    with database.write() as session:
        here = porter.build(session)
        (door,) = doors(session, here, adapter="simulator")
        town = here.town.town
        dates = [gym.of_club(session, here, gym.slot(here, 1, day=gym.TUESDAY + week * WEEK)) for week in range(4)]
    for week, booking in enumerate(dates):
        over = booking.ends_at + 2 * HOUR
        assert presence.note_missed(database, over) == 1 and presence.note_missed(database, over) == 0
        with database.read() as session:
            found = presence.no_shows(session, town, over)
        assert [each.times for each in found] == ([] if week < 2 else [week + 1])
    assert found[0].organiser == "TuS Diepholz" and found[0].since == START
    with database.write() as session:
        entry = entries(session)[-1]
        last = session.get_one(Booking, dates[-1].id)
        entry = next(each for each in entries(session) if each.code.booking_id == last.id)
        late = News([Heard("opened", last.starts_at, "log1", entry.id.hex[:18])])
        assert events.take_in(session, door.id, late, over) == 1
        session.expire_all()
        assert session.get_one(HallUse, last.id).missed_at is None
        assert presence.no_shows(session, town, over) == []


def test_a_row_of_missed_dates_ends_at_one_that_somebody_came_to_also_when_that_is_forgotten(database):
    with database.write() as session:
        here = porter.build(session)
        doors(session, here, adapter="simulator")
        dates = [gym.of_club(session, here, gym.slot(here, 1, day=gym.TUESDAY + week * WEEK)) for week in range(4)]
        presence.present(session, dates[1].id, dates[1].starts_at)
        for each in (dates[0], *dates[2:]):
            session.get_one(HallUse, each.id).missed_at = each.ends_at
    later = dates[-1].ends_at + 40 * DAY
    presence.tidy(database, later)
    with database.read() as session:
        assert session.get_one(HallUse, dates[1].id).present_at is None
        assert presence.no_shows(session, here.town.town, later) == []


def test_what_doors_told_and_old_codes_are_forgotten_in_time(database, booked):
    reconciler.run(database, SOON)
    reconciler.run(database, END + HOUR)
    with database.write() as session:
        door = session.scalars(select(Door)).one()
        events.take_in(session, door.id, News([Heard("opened", START, "1"), Heard("opened", START + DAY, "2")]), START)
        presence.present(session, booked.id, START)
        session.scalars(
            select(Policy).where(Policy.journey == "halls")
        ).one().withdrawn_at = NOW  # then it is kept as long as policies do by themselves
    presence.tidy(database, START + 30 * DAY + 3 * HOUR)
    with database.read() as session:
        assert session.scalars(select(DoorEvent.remote_id)).all() == ["2"]
        assert not session.scalars(select(Code)).all()
        assert session.get_one(HallUse, booked.id).present_at is None
    assert door_codes.keep(database, NOW + 40 * DAY) == 0
