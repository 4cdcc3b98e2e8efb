"""Statistics of the halls: hours by class and hall, given back, cancelled, nobody there; without names."""

from datetime import date, timedelta

import pytest

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, statistics
from buchbar.booking.halls.models import HallUse
from buchbar.booking.statistics import Period
from tests import gym
from tests.cast import CLERK, NOW, assemble
from tests.clerks import become, counted
from tests.gym import TUESDAY, slot

DESK = "/diepholz/amt/hallen/statistik"
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


def of(tables, key):
    return next(table for table in tables if table.key == key)


def test_what_took_place_and_what_came_to_nothing(session):
    here = gym.build(session, assemble(session))
    gym.of_club(session, here, slot(here, 1, 2, minutes=90))
    missed = gym.of_club(session, here, slot(here, 3))
    session.get_one(HallUse, missed.id).missed_at = NOW + timedelta(days=9)
    back = gym.of_club(session, here, slot(here, 1, hour=20, minutes=60))
    reservation.give_back(session, back, NOW, CITIZEN)
    gone = gym.booked(session, here, slot(here, 4), user_class="outside")
    lifecycle.cancel(session, gone, NOW, CLERK, "Rohrbruch")
    gym.held(session, here, slot(here, 2, hour=20, minutes=60))  # never proven: no booking
    gym.of_club(session, here, slot(here, 1, day=date(2027, 1, 5)))  # another period's
    found = statistics.of_period(session, here.town.town, DECEMBER)
    tables = statistics.tables(DECEMBER, found, statistics.hall_names(session, here.town.town))
    clubs, outside, both = of(tables, "nutzer").rows
    assert clubs == ("Vereine aus dem Ort", 2, 3.5, 5.0, 1, 1.0, 0, 1)
    assert outside == ("Auswärtige", 0, 0.0, 0.0, 0, 0.0, 1, 0)
    assert both[0] == "Zusammen" and both[1:] == (2, 3.5, 5.0, 1, 1.0, 1, 1)
    assert of(tables, "hallen").rows[0][:3] == ("Dreifeldhalle", 2, 3.5)
    assert [row[0] for row in of(tables, "monate").rows] == ["Dezember 2026", "Zusammen"]
    assert statistics.tables(DECEMBER, [], {}) == []


def test_the_page_has_tables_charts_and_files_and_no_names(client, database, here):
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1))
        other = gym.build(session, assemble(session, slug="vechta"), slug="suedhalle")
        gym.of_club(session, other, slot(other, 1))
    become(client, database, here.clerk)
    page = client.get(f"{DESK}?von=2026-12-01&bis=2026-12-31")
    assert "<svg" in page.text and "Vereine aus dem Ort" in page.text and "TuS" not in page.text
    assert "Südhalle" not in page.text
    assert client.get(f"{DESK}/datei/alle.xlsx?von=2026-12-01").content.startswith(b"PK")
    assert "Dreifeldhalle;1;2,0" in client.get(f"{DESK}/datei/hallen.csv?von=2026-12-01").text
    assert client.get(f"{DESK}/datei/hallen.json?von=2026-12-01").json()[0]["hours"] == 2.0
    assert client.get(f"{DESK}/datei/quatsch.csv").status_code == 404
    assert client.get(f"{DESK}?von=2026-12-01&bis=2026-11-01").status_code == 422
    assert "keine Buchungen" in client.get(f"{DESK}?von=2020-01-01&bis=2020-12-31").text
    become(client, database, here.town.clerk)
    assert client.get(DESK).status_code == 403


def test_the_figures_cost_the_same_for_many_bookings(database, here):
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1))
    with database.read() as session, counted(database) as few:
        statistics.of_period(session, here.town.town, DECEMBER)
    with database.write() as session:
        for n in range(5):
            gym.of_club(session, here, slot(here, 2, day=TUESDAY + timedelta(days=n)))
    with database.read() as session, counted(database) as many:
        assert len(statistics.of_period(session, here.town.town, DECEMBER)) == 6
    assert len(many) == len(few)
