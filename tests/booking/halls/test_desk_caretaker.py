"""What the caretaker gets: the printed week, a page by a secret link that can be taken back, a calendar of the hall."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import closures, feeds, lifecycle
from buchbar.booking.halls import caretaker, reservation
from buchbar.booking.halls.models import HallUse
from buchbar.calendar.spans import Span
from buchbar.doors.models import Door
from buchbar.resources.models import Feed
from tests import gym
from tests.cast import CLERK, NOW, assemble, slot_at
from tests.clerks import become, counted
from tests.gym import TUESDAY, slot

DESK = "/diepholz/amt/hallen"
MONDAY = date(2026, 11, 30)


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


@pytest.fixture
def sports(client, database, here):
    become(client, database, here.clerk)
    return here.clerk


def link_on(page):
    return re.search(r"http://testserver\.local(/hausmeister/[\w-]+)", page)[1]


def unfolded(body):
    return body.replace("\r\n ", "")


def test_the_week_says_who_what_where_with_whom_and_through_which_door(session):
    here = gym.build(session, assemble(session))
    town, hall = here.town.town, here.hall
    session.add(Door(municipality_id=town.id, hall_id=hall.id, name="Haupteingang"))
    session.add(Door(municipality_id=town.id, hall_id=hall.id, name="Tür 3", parts=[3]))
    booking = gym.of_club(session, here, slot(here, 1, 2))
    session.get_one(HallUse, booking.id).conditions = "Kein Harz"
    gym.booked(session, here, slot(here, 3, hour=20, minutes=60), user_class="commercial")
    span = Span(slot_at(MONDAY, 8), slot_at(MONDAY, 12))
    closures.close_all(session, [here.parts[1], here.parts[2], here.parts[3]], [span], "Wartung", NOW, CLERK)
    days = caretaker.week(session, town, hall.id, MONDAY, NOW)
    (closed,), (first, second) = days[0].lines, days[1].lines
    assert (closed.who, closed.note, closed.parts) == ("", "Wartung", "ganze Halle")
    assert (first.time, first.who, first.parts) == ("18:00–20:00", "TuS Diepholz, Handball", "Feld 1 und Feld 2")
    assert (first.persons, first.coach, first.note) == ("14 Personen", "Alex Brandt", "Kein Harz")
    assert first.doors == "Haupteingang" and second.doors == "Haupteingang, Tür 3"
    assert second.note.startswith("Noch nicht fest")
    sheet = caretaker.sheet(town, hall, MONDAY, days, NOW)
    assert len(sheet["days"]) == 7 and sheet["when"] == "Woche 49: 30.11.2026 bis 06.12.2026"


def test_the_secret_link_shows_two_weeks_until_it_is_revoked(client, posted, database, here, sports):
    page = f"{DESK}/verwalten/{here.hall.id}/hausmeister"
    with database.write() as session:
        this_week = gym.of_club(session, here, slot(here, 1, day=date(2026, 11, 27)), title="Badminton")
        session.get_one(HallUse, this_week.id).coach_phone = "05441 123"
        gym.of_club(session, here, slot(here, 2), title="Handball")
        gym.of_club(session, here, slot(here, 3, day=date(2026, 12, 9)), title="Turnen")
    assert this_week.state == "confirmed"
    assert posted(f"{page}/kalender").status_code == posted(f"{page}/kalender").status_code == 303
    own = link_on(client.get(page).text)
    client.cookies.clear()
    shown = client.get(own)
    assert "Badminton" in shown.text and "Handball" in shown.text and "Turnen" not in shown.text
    assert 'id="heute"' in shown.text and 'href="#heute"' in shown.text
    assert 'href="tel:' in shown.text and "–</td>" not in shown.text
    assert "noindex" in shown.text and "/kalender/" in shown.text
    for sheet in (f"{own}/wochenplan.pdf", f"{own}/wochenplan.pdf?woche=naechste"):
        assert client.get(sheet).content.startswith(b"%PDF")
    calendar = re.search(r"testserver\.local(/kalender/[\w-]+\.ics)", shown.text)[1]
    assert client.get(calendar).status_code == 200
    assert client.get(own[:-1] + ("A" if own[-1] != "A" else "B")).status_code == 404
    become(client, database, here.clerk)
    with database.read() as session:
        assert len(session.scalars(select(Feed)).all()) == 1
    assert client.get(f"{DESK}/dreifeldhalle/wochenplan.pdf?tag=2026-12-03").content.startswith(b"%PDF")
    assert posted(f"{page}/widerruf").status_code == 303
    assert client.get(own).status_code == client.get(calendar).status_code == 404
    assert client.get(link_on(client.get(page).text)).status_code == 200


def test_another_town_has_no_business_with_it(client, database, here):
    with database.write() as session:
        other = gym.build(session, assemble(session, slug="vechta"), slug="suedhalle")
    become(client, database, other.clerk)
    assert client.get(f"/vechta/amt/hallen/verwalten/{here.hall.id}/hausmeister").status_code == 404
    assert client.get("/vechta/amt/hallen/dreifeldhalle/wochenplan.pdf").status_code == 404


def test_the_calendar_of_a_hall_shows_its_parts(client, database, here):
    with database.write() as session:
        whole = gym.of_club(session, here, slot(here, 1, 2, 3))
        gone = gym.of_club(session, here, slot(here, 1, 2, day=TUESDAY + timedelta(days=1)))
        moved = gym.of_club(session, here, slot(here, 1, day=TUESDAY + timedelta(days=2)))
        feed = caretaker.make_feed(session, here.hall, NOW, "Herr Lange")
        closures.close(session, here.parts[4], Span(slot_at(TUESDAY, 9), slot_at(TUESDAY, 10)), "Wartung", NOW, CLERK)
        address = feeds.path(session, feed)
    first = client.get(address)
    body = unfolded(first.text)
    assert body.count("BEGIN:VEVENT") == 4  # a booking once, not by its parts
    assert whole.number in body and "TuS Diepholz" in body and "Gesperrt (Foyer): Wartung" in body
    assert "Am Sportplatz 1" in body
    with database.write() as session:
        lifecycle.cancel(session, session.merge(gone), NOW + timedelta(minutes=1), CLERK, "Rohrbruch")
        to = slot(here, 2, 3, day=TUESDAY + timedelta(days=2))
        reservation.move(session, session.merge(moved), to, NOW + timedelta(minutes=1), CLERK)
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 200
    body = unfolded(again.text)
    assert body.count("BEGIN:VEVENT") == 4 and body.count("STATUS:CANCELLED") == 1
    assert client.get(address, headers={"if-none-match": again.headers["etag"]}).status_code == 304


def test_the_week_costs_the_same_with_many_bookings(database, here):
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1))
    with database.read() as session, counted(database) as few:
        caretaker.week(session, here.town.town, here.hall.id, MONDAY, NOW)
    with database.write() as session:
        for n in range(5):
            gym.of_club(session, here, slot(here, 2, day=MONDAY + timedelta(days=n), hour=16, minutes=60))
    with database.read() as session, counted(database) as many:
        caretaker.week(session, here.town.town, here.hall.id, MONDAY, NOW)
    assert len(many) <= len(few)
