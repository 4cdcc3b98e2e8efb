"""A club's way to a series, and what becomes of it, through the pages."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.accounts import citizens
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.people import Person
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import Series
from buchbar.booking.models import Booking
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import TUESDAY

SERIES = "/diepholz/hallen/dreifeldhalle/serie"
WEEK = timedelta(days=7)


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


@pytest.fixture
def coach(client, database, here):
    """The coach's session has begun."""
    with database.write() as session:
        person = session.get_one(Person, here.coach.id)
        client.cookies.set(citizens.COOKIE, citizens.begin(session, person, NOW))


def typed(here, **changes):
    return {
        "wer": str(here.club.id),
        "wo": f"{here.hall.id}/1",
        "tag": TUESDAY.isoformat(),
        "von": "18:00",
        "minuten": "120",
        "rhythmus": "week",
        "bis": "",
        "anzahl": "4",
        "contact": "Alex Brandt",
        "title": "Handball der D-Jugend",
        "purpose": "training",
        "age_group": "youth",
        "persons": "14",
    } | changes


def values(page):
    return re.findall(r'type="checkbox" id="termin-[^"]*" name="termin" value="([^"]*)"', page)


def booked(database):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(Booking).where(Booking.state == "confirmed"))


def path(database):
    with database.read() as session:
        return series_letters.path(session, session.scalars(select(Series)).one())


def test_who_isnt_signed_in_or_has_no_club_is_shown_the_way(client, posted, database, here, coach):
    client.cookies.delete(citizens.COOKIE)
    assert client.get(SERIES, follow_redirects=False).headers["location"].startswith("/konto/anmelden?weiter=")
    with database.write() as session:
        stranger = Person(email="stranger@example.org", made_at=NOW)
        session.add(stranger)
        session.flush()
        client.cookies.set(citizens.COOKIE, citizens.begin(session, stranger, NOW))
    assert "/diepholz/hallen/verein" in client.get(SERIES).text
    assert posted(f"{SERIES}/vorschau", **typed(here)).status_code == 404
    assert posted(SERIES, **typed(here), alle="ja").status_code == 404
    assert booked(database) == 0


def test_a_club_sees_all_dates_with_what_is_free_instead_and_books_its_choice(client, posted, database, here, coach):
    with database.write() as session:
        gym.booked(session, here, gym.slot(here, 1, day=TUESDAY + WEEK))
    assert "Handball der D-Jugend" not in client.get(SERIES).text
    page = posted(f"{SERIES}/vorschau", **typed(here)).text
    assert "3 von 4 Terminen" in page and "12,00" in page
    assert "schon vergeben" in page and "16:00–18:00" in page
    [other] = re.findall(r'<option value="([^"]+/1/[^"]+)">16:00–18:00', page)
    once = re.search(r'name="einmal" value="([^"]+)"', page)[1]
    chosen = [values(page)[0], other]
    answer = posted(SERIES, **typed(here), termin=chosen, einmal=once)
    assert answer.headers["location"] == f"{path(database)}?gebucht=ja"
    assert (
        posted(SERIES, **typed(here), termin=chosen, einmal=once).headers["location"] == f"{path(database)}?gebucht=ja"
    )
    assert booked(database) == 3, "the neighbour's and two of the series, clicked twice or not"
    shown = client.get(path(database)).text
    assert "16:00–18:00" in shown and "Handball der D-Jugend" in shown


def test_what_is_gone_meanwhile_books_nothing_and_all_that_is_free_books_the_rest(
    client, posted, database, here, coach
):
    page = posted(f"{SERIES}/vorschau", **typed(here)).text
    with database.write() as session:
        gym.booked(session, here, gym.slot(here, 1, 2, 3, day=TUESDAY + WEEK))
    answer = posted(SERIES, **typed(here), termin=values(page))
    assert answer.status_code == 409 and "Es ist nichts gebucht" in answer.text
    assert booked(database) == 1
    answer = posted(SERIES, **typed(here), alle="ja")
    assert answer.headers["location"].endswith("?gebucht=ja&ausgelassen=1")
    assert booked(database) == 4
    assert "Ein Termin konnte nicht gebucht werden" in client.get(answer.headers["location"]).text


def test_faults_stand_beside_their_fields_and_what_was_typed_stays(client, posted, here, coach):
    answer = posted(f"{SERIES}/vorschau", **typed(here, bis="", anzahl="", persons="viele"))
    assert answer.status_code == 422
    assert "letzten Tag" in answer.text and "ganze Zahl" in answer.text and "Handball der D-Jugend" in answer.text
    answer = posted(SERIES, **typed(here), termin=[""])
    assert answer.status_code == 422 and "mindestens einen Termin" in answer.text


def test_dates_are_given_back_after_the_cost_was_seen(client, posted, database, here, coach):
    posted(SERIES, **typed(here), alle="ja")
    page = path(database)
    ids = re.findall(r'name="datum" value="([^"]+)"', client.get(page).text)
    assert len(ids) == 4
    asked = posted(f"{page}/freigabe", datum=ids[:2])
    assert "Diese 2 Termine freigeben?" in asked.text and booked(database) == 4
    assert posted(f"{page}/freigabe", datum=ids[:2], ja="ja").headers["location"].endswith("?erledigt=ja")
    assert booked(database) == 2
    assert posted(f"{page}/freigabe", datum=ids[:1], ja="ja").status_code in (303, 409)
    last = (TUESDAY + 3 * WEEK).isoformat()
    assert "Diesen Termin freigeben?" in posted(f"{page}/freigabe", ab=last).text
    refused = posted(f"{page}/freigabe")
    assert refused.status_code == 409 and f'action="{page}/freigabe"' in refused.text
    assert client.get(f"{page}/termine.ics").text.count("BEGIN:VEVENT") == 2


def test_the_rest_is_changed_after_it_was_seen(client, posted, database, here, coach):
    posted(SERIES, **typed(here), alle="ja")
    page = path(database)
    form = client.get(f"{page}/aendern").text
    assert 'value="18:00"' in form
    assert f'action="{page}/aendern/vorschau"' in form
    change = typed(here, ab=(TUESDAY + WEEK).isoformat(), tag=(TUESDAY + WEEK).isoformat(), von="19:00", anzahl="3")
    seen = posted(f"{page}/aendern/vorschau", **change).text
    assert len(values(seen)) == 3 and "Der Preis bleibt gleich" in seen
    assert posted(f"{page}/aendern", **change, termin=values(seen)).headers["location"].endswith("?erledigt=ja")
    shown = client.get(page).text
    assert shown.count("19:00–21:00") == 3 and shown.count("18:00–20:00") == 1
    early = posted(f"{page}/aendern/vorschau", **(change | {"tag": TUESDAY.isoformat()}))
    assert early.status_code == 422 and "beginnt vor dem Tag" in early.text


def test_a_link_that_isnt_one_leads_nowhere_and_a_blocked_club_books_no_more(client, posted, database, here, coach):
    posted(SERIES, **typed(here), alle="ja")
    page = path(database)
    with database.write() as session:
        session.scalars(select(Series)).one().generation += 1
    assert client.get(page).status_code == 404
    page = path(database)
    with database.write() as session:
        session.get_one(Organisation, here.club.id).state = "blocked"
    change = typed(here, ab=TUESDAY.isoformat(), von="19:00")
    assert posted(f"{page}/aendern/vorschau", **change).status_code == 409
    assert posted(f"{SERIES}/vorschau", **typed(here)).status_code == 404
    with database.write() as session:
        other = gym.build(session, assemble(session, slug="stuhr"), slug="stuhr-halle")
    assert posted(f"{SERIES}/vorschau", **typed(other)).status_code == 404
