"""The halls at the desk: edits that are looked at first, parts, school holidays; nothing that stands is broken."""

import re
from datetime import date

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.booking.halls import hall_form, set_up
from buchbar.booking.halls.plan import plan
from buchbar.booking.weddings import set_up as weddings
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.school_holidays import holidays_of
from buchbar.resources import hour_lines, school_holidays
from buchbar.resources.halls import Hall, HallHours, HallPart, SchoolHoliday
from buchbar.resources.models import Site
from tests import gym
from tests.cast import NOW, assemble
from tests.clerks import become, colleague, counted
from tests.gym import slot

DESK = "/diepholz/amt"
PAGE = f"{DESK}/hallen/verwalten"
TODAY = date(2026, 11, 23)


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


@pytest.fixture
def head(client, database, here):
    clerk = colleague(database, here.town, "head", "Frau Herbst")
    become(client, database, clerk)
    return clerk


def form_of(hall, **changes):
    return hall_form.typed(hall, TODAY) | {name: str(value) for name, value in changes.items()}


def test_hours_are_read_as_they_are_written():
    typed = "Mo-Fr 16:00-22:00\nSa So 08:00-20:00, Feiertage\nDi 10:00-12:00, 1.5.-30.9., ab 1.8.2027, bis 31.7.2028"
    rules = hour_lines.read(typed)
    assert hour_lines.written(rules) == typed
    assert rules[1] == WeeklyRule(frozenset({5, 6}), 480, 1200, on_holidays=True)
    night = hour_lines.read("Fr 20-2 Uhr\nMi 8:00-9:00, alle 2 Wochen seit 4.1.2027, am 1. und letzten")
    assert hour_lines.written(night).split("\n")[:2] == ["Fr 20:00-24:00", "Sa 00:00-02:00"]
    assert hour_lines.read(hour_lines.written(night)) == night


@pytest.mark.parametrize("typed", ["Mo 25:00-26:00", "xx 8-9", "Mo-Fr 22:00-16:00", "quatsch", "Mo 8-9, manchmal"])
def test_what_is_no_time_is_named(typed):
    with pytest.raises(ValueError, match=re.escape(typed)):
        hour_lines.read(f"Di 8:00-9:00\n{typed}")


@pytest.mark.parametrize("land", ["NI", "NW"])
def test_school_holidays_are_in_order_and_reach_to_the_end_of_2028(land):
    found = holidays_of(land)
    assert all(each.first <= each.last < after.first for each, after in zip(found, found[1:], strict=False))
    assert {each.first.year for each in found} == {2025, 2026, 2027, 2028} and found[-1].last.year == 2029
    for year in (2026, 2027, 2028):
        summer = next(each for each in found if each.name == f"Sommerferien {year}")
        assert 41 <= (summer.last - summer.first).days <= 44
    assert holidays_of(f"{land}-catholic") == found and holidays_of("BY") == []


def test_the_lands_holidays_are_taken_over_once_and_what_the_clerk_changed_stays(session):
    here = gym.build(session, assemble(session)).town
    made = school_holidays.take_over(session, here.town, NOW)
    assert made[0].name == "Weihnachtsferien 2026/27" and made[0].source == "Niedersächsisches Kultusministerium"
    version = here.town.version
    made[0].last = date(2027, 1, 11)
    session.delete(made[1])
    session.flush()
    assert here.town.version > version
    again = school_holidays.take_over(session, here.town, NOW)
    assert [each.name for each in again] == [made[1].name]
    assert plan(session, here.town).school_holiday(date(2027, 1, 11)) == "Weihnachtsferien 2026/27"


def test_holidays_at_the_desk(client, posted, database, here, head):
    page = f"{DESK}/hallen/ferien"
    assert "Niedersächsisches Kultusministerium" in client.get(page).text
    assert posted(f"{page}/uebernahme").status_code == 303
    wrong = posted(page, name="Brauchtumstag", erster="2027-02-08", letzter="2027-02-01")
    assert wrong.status_code == 422 and "Brauchtumstag" in wrong.text
    assert posted(page, name="Brauchtumstag", erster="2027-02-08").status_code == 303
    with database.read() as session:
        own = session.scalars(select(SchoolHoliday).where(SchoolHoliday.source == "")).one()
    assert posted(f"{page}/{own.id}", name="Rosenmontag", erster="8.2.2027", letzter="9.2.2027").status_code == 303
    assert "Rosenmontag" in client.get(f"{page}?aendern={own.id}").text
    with database.write() as session:
        assemble(session, slug="vechta")
        other = SchoolHoliday(
            municipality_id=session.scalars(select(Municipality.id).where(Municipality.slug == "vechta")).one(),
            name="Fremd", first=TODAY, last=TODAY,
        )  # fmt: skip
        session.add(other)
    assert posted(f"{page}/{other.id}/streichung").status_code == 404
    assert posted(f"{page}/{own.id}/streichung").status_code == 303
    assert "Rosenmontag" not in client.get(page).text


def test_only_the_lead_changes_halls_and_only_who_sees_halls_looks(client, posted, database, here):
    become(client, database, here.clerk)
    assert client.get(f"{PAGE}/{here.hall.id}").status_code == 200
    assert posted(f"{PAGE}/{here.hall.id}", **form_of(here.hall, name="Anders")).status_code == 403
    become(client, database, here.town.clerk)
    assert client.get(PAGE).status_code == 403


def test_a_new_hall_gets_its_fields_and_its_site(client, posted, database, here, head):
    assert "Wie viele Felder" in client.get(f"{PAGE}/neu").text
    fields = hall_form.blank(TODAY, 1) | {"name": "Sporthalle Süd", "site": "neu", "site_name": "Schule Süd"}
    wrong = posted(PAGE, **(fields | {"parts": "2", "zeiten": "Mo 8"}))
    assert wrong.status_code == 422 and "Teil 3 gibt es" in wrong.text
    answer = posted(PAGE, **fields)
    assert answer.status_code == 303
    assert "Sporthalle Süd" in client.get(answer.headers["location"]).text
    with database.read() as session:
        rules = plan(session, session.get_one(Municipality, here.town.town.id)).hall("sporthalle-sued")
        assert rules.named((1, 2)) == "Feld 1 und Feld 2" and rules.allows((1, 2, 3)) and not rules.allows((1, 3))
    assert posted(PAGE, **fields).status_code == 422  # the name in its address is taken


def test_an_edit_shows_which_bookings_no_longer_fit(client, posted, database, here, head):
    with database.write() as session:
        late = gym.of_club(session, here, slot(here, 1, 2, hour=20))
        early = gym.of_club(session, here, slot(here, 3, hour=17))
    fields = form_of(here.hall, zeiten="Mo-So 08:00-20:00", combinations="1, 2, 3, 1+2+3")
    shown = posted(f"{PAGE}/{here.hall.id}/vorschau", **fields)
    assert shown.status_code == 200 and "Das ändert sich" in shown.text
    assert late.number in shown.text and "gibt es so nicht mehr: Feld 1 und Feld 2" in shown.text
    assert early.number not in shown.text
    stand = re.search(r'name="stand" value="([0-9a-f]+)"', shown.text)[1]
    assert posted(f"{PAGE}/{here.hall.id}", **fields, stand=stand).status_code == 303
    with database.read() as session:
        hall = session.get_one(Hall, here.hall.id)
        assert hall.hours.open == (WeeklyRule(frozenset(range(7)), 480, 1200),)
        assert (1, 2) not in [tuple(each) for each in hall.combinations]
    page = client.get(f"{PAGE}/{here.hall.id}").text
    undo = re.search(rf'action="({DESK}/aenderungen/[^"]+/ruecknahme)"', page)[1]
    assert posted(undo).status_code == 303
    with database.read() as session:
        assert session.get_one(Hall, here.hall.id).hours == here.hall.hours
    assert posted(f"{PAGE}/{here.hall.id}", **fields, stand="alt").status_code in (303, 409)


def test_a_part_with_bookings_to_come_stays_in_use(client, posted, database, here, head):
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1))
    parts = f"{PAGE}/{here.hall.id}/teile"
    assert posted(f"{parts}/{here.parts[1].id}", was="aus").status_code == 409
    assert posted(f"{parts}/{here.parts[2].id}", was="aus").status_code == 303
    assert posted(f"{parts}/{here.parts[3].id}", name="Nordfeld").status_code == 303
    assert posted(parts, teil_name="", art="raum").status_code == 422
    assert posted(parts, teil_name="Küche", art="raum").status_code == 303
    assert posted(parts, teil_name="Feld 6", art="feld").status_code == 303
    with database.read() as session:
        rules = plan(session, session.get_one(Municipality, here.town.town.id)).hall("dreifeldhalle")
        assert rules.choices() == [(1,), (3,), (6,), (4,), (5,)] and rules.parts[3].name == "Nordfeld"
        assert session.get_one(HallPart, here.parts[2].id).active is False
    assert posted(f"{PAGE}/{here.hall.id}/stilllegung").status_code == 409
    strange = f"{PAGE}/{here.hall.id}/teile/{here.hall.id}"
    assert posted(strange, was="aus").status_code == 404


def test_the_list_costs_the_same_whatever_its_length(client, database, here, head):
    client.get(PAGE)
    with counted(database) as few:
        client.get(PAGE)
    with database.write() as session:
        for n in range(6):
            gym_hall = Hall(
                municipality_id=here.town.town.id, name=f"Halle {n}", slug=f"halle-{n}", site_id=here.hall.site_id
            )
            session.add(gym_hall)
    with counted(database) as many:
        assert "Halle 5" in client.get(PAGE).text
    assert len(many) == len(few)


def test_the_desk_leads_to_halls_only_where_there_are_halls(client, database, here, head):
    with database.write() as session:
        other = assemble(session, slug="vechta")
    assert f'href="{DESK}/hallen"' in client.get(f"{DESK}/einstellungen").text
    become(client, database, colleague(database, other, "head", "Frau Holt"))
    elsewhere = client.get("/vechta/amt/einstellungen").text
    assert 'href="/vechta/amt/hallen"' not in elsewhere and "hallen/verwalten" in elsewhere


def test_a_town_is_told_what_its_halls_still_need(session):
    here = gym.build(session, assemble(session)).town.town
    mine = set_up.steps(session, here, NOW)
    assert [step.done for step in mine] == [True, True, True, False] and not mine[-1].needed
    school_holidays.take_over(session, here, NOW)
    session.scalars(select(Hall)).one().hours = HallHours()
    session.flush()
    assert [step.done for step in set_up.steps(session, here, NOW)] == [False, True, True, True]
    assert set_up.steps(session, assemble(session, slug="vechta").town, NOW) == []


def test_a_town_with_halls_only_needs_nobody_to_marry(session):
    with_both = gym.build(session, assemble(session))
    assert weddings.steps(session, with_both.town.town, NOW)
    town = Municipality(slug="vechta", name="Vechta", land="NI")
    session.add(town)
    session.flush()
    assert weddings.steps(session, town, NOW)
    site = Site(municipality_id=town.id, name="Schule")
    session.add(site)
    session.flush()
    session.add(Hall(municipality_id=town.id, name="Halle", slug="halle", site_id=site.id))
    session.flush()
    assert weddings.steps(session, town, NOW) == [] and len(set_up.steps(session, town, NOW)) == 4
