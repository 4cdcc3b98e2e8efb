"""What waits at the desk and isn't a booking: who sees to halls reads of it where they begin their day."""

import re
from datetime import timedelta

import pytest

from buchbar.accounts.clubs import Organisation
from buchbar.booking.halls.models import HallUse
from tests import gym
from tests.booking.halls.season import AFTER, prepare
from tests.clerks import become
from tests.gym import slot

DESK = "/diepholz/amt"


@pytest.fixture
def season(database):
    with database.write() as session:
        return prepare(session)


def waiting(client):
    """The links of the list, by their words."""
    page = client.get(DESK).text
    listed = re.search(r'id="auch">.*?</section>', page, re.S)
    found = re.findall(r'href="([^"]+)">([^<]+)<', listed[0]) if listed else []
    assert ("Nichts wartet" in page) is not bool(found)
    return {words: address for address, words in found}


def test_clubs_rounds_and_who_did_not_come_wait_for_the_sports_office(client, database, clock, season):
    here = season.here
    become(client, database, here.clerk)
    assert not waiting(client)
    with database.write() as session:
        town = here.town.town.id
        for name in ("Blau", "Gelb"):
            session.add(Organisation(municipality_id=town, name=name, made_at=clock.now))
        for week in range(3):
            day = gym.TUESDAY + timedelta(weeks=week)
            booking = gym.of_club(session, here, slot(here, 1, day=day))
            session.get_one(HallUse, booking.id).missed_at = booking.ends_at
    clock.now = AFTER + timedelta(days=7)
    become(client, database, here.clerk, clock.now)
    round_page = f"{DESK}/vergabe/{season.round.id}"
    assert waiting(client) == {
        "2 Vereine warten auf Zulassung": f"{DESK}/vereine?stand=applied",
        "Frühjahr 2027: Die Frist für Wünsche ist vorbei, die Vergabe kann beginnen": round_page,
        "Eine Gruppe ist dreimal hintereinander nicht gekommen": f"{DESK}/tueren",
    }
    assert re.search(r"Vereine\s*\(2<", client.get(f"{DESK}/hallen").text)
    with database.write() as session:
        session.merge(season.round).state = "rehearsed"
    assert any("eine zweite Person" in words for words in waiting(client))


def test_the_registry_office_hears_nothing_of_it(client, database, season):
    with database.write() as session:
        session.add(Organisation(municipality_id=season.here.town.town.id, name="Blau", made_at=gym.NOW))
    become(client, database, season.here.town.clerk)
    assert not waiting(client)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_prices_open_with_those_of_the_own_office(client, database, season):
    become(client, database, season.here.clerk)
    assert "Jugend eines Vereins" in client.get(f"{DESK}/entgelte").text
    become(client, database, season.here.town.clerk)
    assert "Jugend eines Vereins" not in client.get(f"{DESK}/entgelte").text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_may_not_change_a_hall_reads_all_of_it(client, database, season):
    become(client, database, season.here.clerk)
    page = client.get(f"{DESK}/hallen/verwalten/{season.here.hall.id}").text
    assert "Badminton" in page and "1+2+3" in page and "08:00" in page and "05441 777" in page
    assert "<textarea" not in page
