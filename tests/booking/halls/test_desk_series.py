"""The sports office and its series: entered by telephone, decided in part, cancelled with a reason, changed."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import series
from buchbar.booking.halls.models import Series
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from tests import gym
from tests.booking.halls.test_series import replace_terms, wish
from tests.booking.halls.test_series_pages import typed, values
from tests.cast import NOW, assemble
from tests.clerks import become
from tests.gym import TUESDAY

DESK = "/diepholz/amt/hallen/serien"
WEEK = timedelta(days=7)


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


@pytest.fixture
def clerk(client, database, here):
    become(client, database, here.clerk)


def made(database):
    with database.read() as session:
        return session.scalars(select(Series)).one()


def states(database):
    with database.read() as session:
        return list(session.scalars(select(Booking.state).order_by(Booking.starts_at)))


def letters(database, kind):
    with database.read() as session:
        return list(session.scalars(select(Letter.text).where(Letter.kind == kind)))


def asked_for(database, here):
    """A series that the club has asked for, in a town that looks at each request."""
    with database.write() as session:
        here.policy = session.merge(here.policy)
        here.policy.terms = replace_terms(here, approval="office")
        session.flush()
        here.club = session.merge(here.club)
        return series.book(session, here.town.town, wish(here), NOW, CITIZEN).series.id


def test_a_series_that_came_by_telephone_is_entered(client, posted, database, here, clerk):
    form = typed(here, channel="telephone", organiser="", email="")
    assert "Serie eintragen" in client.get(f"{DESK}/neu").text
    page = posted(f"{DESK}/neu/vorschau", **form).text
    assert "4 von 4 Terminen für TuS Diepholz" in page
    answer = posted(f"{DESK}/neu", **form, termin=values(page)[:3])
    assert answer.headers["location"] == f"{DESK}/{made(database).id}?erledigt=ja"
    assert states(database) == ["confirmed"] * 3
    assert len(letters(database, "hall_series_booked")) == 1
    assert "TuS Diepholz" in client.get(DESK).text and "TuS Diepholz" in client.get(f"{DESK}/{made(database).id}").text
    faulty = posted(f"{DESK}/neu/vorschau", **(form | {"tag": "morgen", "email": "kein"}))
    assert faulty.status_code == 422 and "15.05.2027" in faulty.text and "name@beispiel.de" in faulty.text


def test_requests_of_a_series_are_decided_at_once_and_in_part(client, posted, database, here, clerk):
    series_id = asked_for(database, here)
    assert "4 warten auf Ihre Entscheidung" in client.get(DESK).text
    ids = re.findall(r'name="datum" value="([^"]+)" checked', client.get(f"{DESK}/{series_id}").text)
    assert len(ids) == 4
    without = posted(f"{DESK}/{series_id}/entscheidung", datum=ids[:2], rest="ja", grund="", auflagen="")
    assert without.status_code == 409 and "Grund" in without.text and states(database) == ["requested"] * 4
    posted(f"{DESK}/{series_id}/entscheidung", datum=ids[:2], rest="ja", grund="Schulfest.", auflagen="Helle Sohlen.")
    assert states(database) == ["confirmed"] * 2 + ["declined"] * 2
    assert "Schulfest." in letters(database, "hall_series_decided")[0]
    again = posted(f"{DESK}/{series_id}/entscheidung", datum=ids[:2], grund="", auflagen="")
    assert again.status_code == 409


def test_dates_are_cancelled_with_a_reason_and_the_rest_is_changed(client, posted, database, here, clerk):
    posted(f"{DESK}/neu", **typed(here, channel="paper", organiser="", email=""), alle="ja")
    page = f"{DESK}/{made(database).id}"
    since = (TUESDAY + 2 * WEEK).isoformat()
    seen = posted(f"{page}/ende", ab=since).text
    assert "Diese 2 Termine stornieren?" in seen and "Das kostet nichts" in seen
    ids = re.findall(r'name="datum" value="([^"]+)"', seen)
    posted(f"{page}/ende", datum=ids, grund="Der Boden wird erneuert.", ja="ja")
    assert states(database) == ["confirmed"] * 2 + ["cancelled"] * 2
    assert "Boden" in letters(database, "hall_series_ended")[0]
    change = typed(here, ab=TUESDAY.isoformat(), von="20:00", anzahl="2")
    assert 'value="18:00"' in client.get(f"{page}/aendern").text
    seen = posted(f"{page}/aendern/vorschau", **change).text
    assert posted(f"{page}/aendern", **change, termin=values(seen)).status_code == 303
    assert "20:00–22:00" in client.get(page).text
    assert "das Amt hat Ihre Serie geändert" in letters(database, "hall_series_changed")[0]


def test_another_towns_series_isnt_there(client, posted, database, here, clerk):
    with database.write() as session:
        other = gym.build(session, assemble(session, slug="stuhr"), slug="stuhr-halle")
        theirs = series.book(session, other.town.town, wish(other), NOW, CITIZEN).series.id
    for path in ("", "/aendern"):
        assert client.get(f"{DESK}/{theirs}{path}").status_code == 404
    for path in ("/ende", "/entscheidung", "/aendern", "/aendern/vorschau"):
        assert posted(f"{DESK}/{theirs}{path}", ab=TUESDAY.isoformat(), ja="ja").status_code == 404
    assert "TuS" not in client.get(DESK).text
