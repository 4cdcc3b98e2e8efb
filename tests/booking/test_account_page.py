"""The account shows a citizen their bookings of all towns, their clubs' dates, and nothing of anybody else's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete

from buchbar.accounts.clubs import Member, Organisation
from buchbar.booking import links, retention
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.weddings import reservation
from buchbar.calendar.repeats import Repeat
from tests import gym as sports
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, reserved, slot_at
from tests.citizens import become_citizen, person
from tests.clerks import counted

ANNA = replace(ANNA_AND_BEN, email="Anna@example.org")


@pytest.fixture
def anna(database, town):
    return person(database, "anna@example.org", "Anna Müller")


def test_bookings_of_all_towns_stand_there_with_their_links_and_nobody_elses(client, database, town, anna):
    with database.write() as session:
        mine = reserved(session, town, slot_at(SATURDAY, 9), ANNA)
        syke = assemble(session, slug="syke")
        there = reserved(session, syke, slot_at(SATURDAY, 9), ANNA)
        reserved(session, town, slot_at(SATURDAY, 9, 45), replace(ANNA, email="nanna@example.org", partner_one="Zoe"))
        unproven = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 10, 30), NOW, CITIZEN)
        reservation.submit(session, unproven, ANNA, NOW, CITIZEN)
        paths = [links.path(session, booking) for booking in (mine, there, unproven)]
    become_citizen(client, database, anna)
    page = client.get("/konto").text
    assert [path in page for path in paths] == [True, True, False]
    assert page.count("Anna Müller &amp; Ben Yıldız") == 2 and "Zoe" not in page and "Syke" in page
    data = client.get("/konto/daten.json").json()
    assert {each["nummer"] for each in data["buchungen"]} == {mine.number, there.number}
    assert data["konto"]["e-mail"] == "anna@example.org" and data["vereine"] == []


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_has_nothing_yet_reads_what_will_stand_there(client, database, town, anna):
    assert client.get("/konto", follow_redirects=False).headers["location"] == "/konto/anmelden"
    become_citizen(client, database, anna)
    page = client.get("/konto").text
    assert "Ort suchen" in page and "Sie buchen für keinen Verein" in page and "Frühere" not in page
    assert client.get("/konto/daten.json").headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_is_over_is_among_the_past_and_what_is_forgotten_nowhere(client, database, clock, town, anna):
    with database.write() as session:
        booking = reserved(session, town, slot_at(SATURDAY, 9), ANNA)
        path = links.path(session, booking)
    clock.now = slot_at(SATURDAY, 10)
    become_citizen(client, database, anna, clock.now)
    page = client.get("/konto").text
    assert page.index("Frühere und abgesagte") < page.index(path)
    with database.write() as session:
        retention.forget(session, session.merge(booking), clock.now)
    assert "Frühere" not in client.get("/konto").text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_many_bookings_take_no_more_questions_than_one(client, database, town, anna):
    def ask():
        with counted(database) as sent:
            assert client.get("/konto").status_code == 200
        return len(sent)

    become_citizen(client, database, anna)
    with database.write() as session:
        reserved(session, town, slot_at(SATURDAY, 9), ANNA)
    few = ask()
    with database.write() as session:
        for week in range(1, 20):
            start = slot_at(SATURDAY - timedelta(days=3, weeks=week), 9)
            booking = reservation.hold(session, town.town, town.room.id, start, NOW, CLERK)
            reservation.enter(session, booking, ANNA, NOW, CLERK)
    assert ask() <= few
    page = client.get("/konto").text
    assert "Alle 20 Buchungen zeigen" in page and page.count('href="/buchung/') == 15
    assert client.get("/konto?alle=ja").text.count('href="/buchung/') == 20


def test_the_dates_of_a_club_are_for_its_members_as_long_as_they_are_members(client, database, town):
    with database.write() as session:
        gym = sports.build(session, town)
        booking = sports.of_club(session, gym, sports.slot(gym, 1))
        path = links.path(session, booking)
    lou = person(database, "lou@example.org")
    become_citizen(client, database, lou)
    assert path not in client.get("/konto").text
    with database.write() as session:
        session.add(Member(organisation_id=gym.club.id, person_id=lou.id, added_at=NOW))
        series = Series(
            municipality_id=town.town.id,
            hall_id=gym.hall.id,
            organisation_id=gym.club.id,
            number="SE-1",
            repeat=Repeat(first=sports.TUESDAY, from_minute=18 * 60, until_minute=20 * 60, count=2),
            made_at=NOW,
        )
        session.add(series)
        session.flush()
        for week in range(2):
            date = sports.slot(gym, 2, day=sports.TUESDAY + timedelta(weeks=week))
            session.get_one(HallUse, sports.of_club(session, gym, date).id).series_id = series.id
    page = client.get("/konto").text
    assert path in page and "Handball" in page and "TuS Diepholz" in page
    assert "Handball, dienstags 18:00, noch 2 Termine" in page and page.count('href="/buchung/') == 1
    with database.write() as session:
        session.get_one(Organisation, gym.club.id).state = "blocked"
    assert path in client.get("/konto").text, "what is booked stays"
    with database.write() as session:
        session.execute(delete(Member).where(Member.person_id == lou.id))
    assert path not in client.get("/konto").text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_series_is_one_line_for_who_has_booked_it_and_what_is_today_stands_on_top(client, database, clock, town):
    with database.write() as session:
        gym = sports.build(session, town)
        series = Series(
            municipality_id=town.town.id,
            hall_id=gym.hall.id,
            organisation_id=gym.club.id,
            number="SE-1",
            repeat=Repeat(first=sports.TUESDAY, from_minute=18 * 60, until_minute=20 * 60, every="two_weeks", count=9),
            made_at=NOW,
        )
        session.add(series)
        session.flush()
        for week in range(0, 18, 2):
            date = sports.slot(gym, 2, day=sports.TUESDAY + timedelta(weeks=week))
            session.get_one(HallUse, sports.of_club(session, gym, date).id).series_id = series.id
        single = sports.of_club(session, gym, sports.slot(gym, 1, day=sports.TUESDAY + timedelta(days=1)), title="Fest")
        path = links.path(session, single)
    clock.now = slot_at(sports.TUESDAY, 9)
    become_citizen(client, database, gym.coach, clock.now)
    page = client.get("/konto").text
    today, _heading, rest = page.partition('id="buchungen"')
    assert today.count('href="/buchung/') == 1 and "Handball" in today.partition('id="heute"')[2] and path in rest
    assert rest.count('href="/buchung/') == 1 and "Handball, alle zwei Wochen dienstags 18:00, noch 9 Termine" in rest
    club = client.get(f"/konto/verein/{gym.club.id}").text
    assert f'href="/konto#verein-{gym.club.id}"' in club and f'id="verein-{gym.club.id}"' in page
    assert 'href="/diepholz/hallen/saison"' in club and "Jede Woche buchen" in club
