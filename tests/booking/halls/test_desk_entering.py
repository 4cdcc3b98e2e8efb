"""From what is free in a plan to the entry: the form begins where the clerk has looked."""

import re
from html import unescape

import pytest

from buchbar.payments.models import Conditions, TariffItem
from tests import gym
from tests.cast import assemble
from tests.clerks import become, colleague
from tests.gym import slot

DESK = "/diepholz/amt/hallen"


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


def links(page):
    return [unescape(each) for each in re.findall(r'href="([^"]+/eintragen\?[^"]+)"', page)]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_is_free_in_the_plans_leads_to_entering_it(client, database, here):
    become(client, database, here.clerk)
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1, hour=18, minutes=90))
    asked = f"?wo={here.hall.id}%2F1&tag=2026-12-01"
    assert f"{DESK}/eintragen{asked}&von=16%3A00&minuten=90" in links(client.get(f"{DESK}?tag=2026-12-01").text)
    assert f"{DESK}/eintragen{asked.replace('-01', '-02')}" in links(client.get(f"{DESK}/woche?tag=2026-12-01").text)
    form = client.get(f"{DESK}/eintragen{asked}&von=16%3A00&minuten=90").text
    assert f'value="{here.hall.id}/1" selected' in form and 'value="2026-12-01"' in form and 'value="16:00"' in form
    assert not links(client.get(f"{DESK}?tag=2026-11-22").text), "nobody enters what is over"
    become(client, database, colleague(database, here.town, "auditor"))
    assert not links(client.get(f"{DESK}?tag=2026-12-01").text + client.get(f"{DESK}/woche?tag=2026-12-01").text)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_time_is_chosen_by_the_clerk_and_only_what_the_tariff_asks_is_asked(client, posted, database, here):
    become(client, database, here.clerk)
    asked = {"wen": "local", "wo": f"{here.hall.id}/1", "tag": "2026-12-01", "minuten": "60", "von": ""}
    page = client.get(f"{DESK}/eintragen", params=asked).text
    assert re.findall(r'id="zeit-\d">(\w+)<', page) == ["Vormittags", "Nachmittags", "Abends"]
    assert 'name="termin"' in page and "checked" not in page
    assert posted(f"{DESK}/eintragen", **asked).status_code == 422
    value = unescape(re.findall(r'name="termin" value="([^"]+)"', page)[-1])
    use = posted(f"{DESK}/eintragen", termin=value, **asked).headers["location"]
    assert 'name="trait-' not in client.get(use).text
    with database.write() as session:
        fee = Conditions(traits=("entry_fee",))
        session.merge(here.tariff).items.append(
            TariffItem(position=2, code="extra", label="Reinigung", cents=100, conditions=fee)
        )
    assert re.findall(r'name="(trait-\w+)"', client.get(use).text) == ["trait-entry_fee"]
