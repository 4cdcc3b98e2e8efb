"""What is proposed to a town that has nothing yet, and the way from one step of its setting up to the next."""

from datetime import date

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import set_up
from buchbar.booking.weddings.desk_registrars import initials_of
from buchbar.booking.weddings.opening_pages import MORNINGS, _proposed
from buchbar.calendar.rules import WeeklyRule
from buchbar.payments.models import Tariff
from buchbar.resources.models import Opening, Registrar, Site, Venue
from tests.cast import NOW
from tests.clerks import become, colleague

SIGNED = {"made_at": NOW, "made_by": "Frau Sommer"}
RULE = WeeklyRule(frozenset({4, 5}), 10 * 60, 23 * 60 + 30)


@pytest.fixture
def weyhe(session):
    made = Municipality(slug="weyhe", name="Weyhe", land="NI", street="Rathausplatz 1", city="Weyhe")
    session.add(made)
    session.flush()
    return made


def pages(session, town):
    return [step.page for step in set_up.steps(session, town, NOW) if not step.done]


def test_each_step_leads_to_the_form_that_comes_next(session, weyhe):
    assert pages(session, weyhe) == ["trauorte/neu", "standesbeamte/neu", "entgelte/neu", "regelung"]
    site = Site(municipality_id=weyhe.id, name="Rathaus")
    session.add(site)
    session.flush()
    venue = Venue(municipality_id=weyhe.id, name="Trauzimmer", slug="rathaus", site_id=site.id, persons=20)
    registrar = Registrar(municipality_id=weyhe.id, name="Ahrens", initials="Ah", venues=[venue])
    session.add_all([venue, registrar])
    session.flush()
    assert pages(session, weyhe)[:2] == [f"trauorte/{venue.id}/zeiten", "standesbeamte"]
    venue.openings = [Opening(rule=RULE)]
    session.flush()
    assert pages(session, weyhe)[0] == f"standesbeamte/{registrar.id}/dienste"
    registrar.openings = [Opening(rule=RULE)]
    session.add(Tariff(municipality_id=weyhe.id, journey="weddings", valid_from=date(2027, 1, 1), **SIGNED))
    session.add(Policy(municipality_id=weyhe.id, journey="weddings", valid_from=NOW.date(), terms=Terms(), **SIGNED))
    session.flush()
    assert pages(session, weyhe) == ["entgelte"], "one that doesn't hold yet is looked at first"


def test_a_first_duty_is_proposed_around_the_times_of_the_venues(session, weyhe):
    venue = Venue(name="Trauzimmer", openings=[Opening(rule=RULE)])
    assert _proposed(venue) == MORNINGS
    assert _proposed(Registrar(name="Ahrens")) == MORNINGS
    rule = _proposed(Registrar(name="Ahrens", venues=[venue]))
    assert (rule.weekdays, rule.from_minute, rule.until_minute) == (frozenset({4, 5}), 9 * 60, 24 * 60 - 1)


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Maria von Hagen", "MvH"), ("Ahrens", "Ah"), ("Öz-Klein", "ÖK"), ("A B C D E F G", "ABCDEF")],
)
def test_initials_come_from_the_name(name, initials):
    assert initials_of(name) == initials


def test_a_new_town_is_led_from_page_to_page(client, posted, database, town):
    with database.write() as session:
        mine = session.get_one(Municipality, town.town.id)
        mine.published, mine.street, mine.postcode = False, "Rathausmarkt 1", ""
    become(client, database, colleague(database, town, "administrator"))
    desk = "/diepholz/amt"
    assert f"{desk}/einstellungen/weiter" in client.get(f"{desk}/trauorte").text
    assert f"{desk}/einstellungen/weiter" not in client.get(f"{desk}/einstellungen").text
    assert client.get(f"{desk}/einstellungen/weiter").url.path == f"{desk}/auftritt"
    with database.write() as session:
        session.get_one(Municipality, town.town.id).postcode = "49356"
    assert client.get(f"{desk}/einstellungen/weiter").url.path == f"{desk}/einstellungen"


def test_a_first_tariff_is_proposed_without_amounts(client, database, town):
    with database.write() as session:
        session.delete(session.get_one(Tariff, town.tariff.id))
    become(client, database, colleague(database, town, "head"))
    page = client.get("/diepholz/amt/entgelte/neu").text
    assert 'value="Anmeldung und Eheschließung"' in page and 'value="2026-11-23"' in page
    assert 'name="euros_1" type="text" value=""' in page and "die üblichen Positionen" in page


def test_a_venues_address_part_comes_from_its_name(client, posted, database, town):
    become(client, database, colleague(database, town, "head"))
    numbers = {"persons": "20", "length_minutes": "30", "step_minutes": "45", "setup_minutes": "0"}
    form = numbers | {"cleaning_minutes": "0", "position": "3", "visibility": "bookable", "picture": "rathaus"}
    form |= {"name": "Große Diele", "slug": "", "site": str(town.room.site_id)}
    assert posted("/diepholz/amt/trauorte", **form).status_code == 303
    with database.read() as session:
        assert session.scalars(select(Venue).where(Venue.name == "Große Diele")).one().slug == "grosse-diele"
    refused = posted("/diepholz/amt/trauorte", **form | {"name": "!!!"})
    assert refused.status_code == 422 and 'id="slug-error"' in refused.text
