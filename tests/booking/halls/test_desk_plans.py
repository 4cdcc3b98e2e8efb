"""Plans of the sports office: who is where, how much is used; the same number of questions for one booking or many."""

import re
from datetime import date, timedelta

import pytest

from buchbar.booking import closures
from buchbar.booking.halls import day_plan, utilisation
from buchbar.booking.halls.plan import plan
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.resources.halls import HallHours
from tests import gym
from tests.cast import CLERK, NOW, assemble, slot_at
from tests.clerks import become, counted
from tests.gym import TUESDAY, slot

DESK = "/diepholz/amt/hallen"


@pytest.fixture
def here(database):
    with database.write() as session:
        return gym.build(session, assemble(session))


@pytest.fixture
def sports(client, database, here):
    become(client, database, here.clerk)
    return here.clerk


def test_the_day_is_cut_into_what_is_booked_free_and_for_schools(session):
    here = gym.build(session, assemble(session))
    gym.of_club(session, here, slot(here, 1, 2, hour=18, minutes=90))
    rules = plan(session, here.town.town)
    halls = list(rules.halls.values())
    table = day_plan.of_day(rules, halls, TUESDAY, day_plan.entries(session, rules, halls, TUESDAY, TUESDAY, NOW))
    first = table.halls[0].rows[0]
    assert [(cell.kind, cell.columns) for cell in first.cells] == [
        ("school", 32), ("open", 8), ("event", 6), ("open", 10),
    ]  # fmt: skip
    assert sum(columns for _hour, columns in table.hours) == 56 and table.hours[0] == ("08:00", 4)
    assert [parts for _entry, parts in table.halls[0].listed] == ["Feld 1 und Feld 2"]
    assert table.halls[0].rows[3].part.name == "Foyer"


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2026, 10, 25)])
def test_the_table_is_whole_on_days_when_the_clocks_change(session, day):
    here = gym.build(session, assemble(session))
    rules = plan(session, here.town.town)
    table = day_plan.of_day(rules, list(rules.halls.values()), day, [])
    for row in table.halls[0].rows:
        assert sum(cell.columns for cell in row.cells) == sum(columns for _hour, columns in table.hours) == 56


def hours_of(session, here):
    rules = plan(session, here.town.town)
    halls = list(rules.halls.values())
    hours = day_plan.of_day(rules, halls, TUESDAY, day_plan.entries(session, rules, halls, TUESDAY, TUESDAY, NOW)).hours
    return hours[0][0], hours[-1][0]


def test_a_hall_open_by_night_stretches_nobodys_day_but_what_is_booked_is_shown(session):
    here = gym.build(session, assemble(session))
    assert hours_of(session, here) == ("08:00", "21:00")
    here.hall.hours = HallHours(open=(WeeklyRule(frozenset(range(7)), 0, 24 * 60, on_holidays=True),))
    session.flush()
    whole_day = Span(slot_at(TUESDAY, 0), slot_at(TUESDAY + timedelta(days=1), 0))
    closures.close(session, here.parts[1], whole_day, "Wartung", NOW, CLERK)
    assert hours_of(session, here) == ("06:00", "23:00")
    gym.held(session, here, slot(here, 2, hour=4, minutes=90))
    assert hours_of(session, here) == ("04:00", "23:00")
    here.hall.hours = HallHours()
    session.flush()
    assert hours_of(session, here) == ("04:00", "05:00")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_is_clipped_stands_whole_in_the_title(client, database, here, sports):
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1, minutes=60), title="Kinderturnen der Kleinsten")
    page = client.get(f"{DESK}?tag=2026-12-01").text
    assert 'title="TuS Diepholz, Kinderturnen der Kleinsten, 18:00–19:00"' in page
    assert 'title="frei, 16:00–18:00"' in page


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_pages_about_halls_lead_to_each_other_above_their_heading(client, here, sports):
    below = ("woche", "auslastung", "anfragen", "serien", "eintragen", "sperren", "statistik", "verwalten")
    pages = [DESK, *(f"{DESK}/{each}" for each in below)]
    pages += [f"/diepholz/amt/{each}" for each in ("vergabe", "vereine", "tueren")]
    ways = set()
    for page in [*pages, f"{DESK}/verwalten/{here.hall.id}"]:
        text = client.get(page).text
        before, nav, after = re.split(r'<nav class="tabs"(.*?)</nav>', text, flags=re.DOTALL)
        assert "<h1" in after and "<h1" not in before, page
        assert nav.count(f'aria-current="{"page" if page in pages else "true"}"') == 1, page
        ways.add(tuple(re.findall(r'href="([^"]+)"', nav)))
    assert [sorted(each) for each in ways] == [sorted(pages)]


def test_utilisation_counts_what_is_booked_of_what_is_open(session):
    here = gym.build(session, assemble(session))
    gym.of_club(session, here, slot(here, 1, hour=18, minutes=120))
    gym.booked(session, here, slot(here, 2, hour=9, minutes=60), user_class="school")
    span = Span(slot_at(TUESDAY, 20), slot_at(TUESDAY, 22))
    closures.close(session, here.parts[1], span, "Wartung", NOW, CLERK)
    rules = plan(session, here.town.town)
    hall = rules.hall("dreifeldhalle")
    used = utilisation.of_period(session, rules, [hall], TUESDAY, TUESDAY)
    by_part, in_time = utilisation.tables(used, hall)
    assert by_part.rows[0] == ("Feld 1", 6.0, 2.0, 2.0, 50.0, 0.0)
    assert by_part.rows[1] == ("Feld 2", 6.0, 0.0, 0.0, 0.0, 1.0)
    assert in_time.rows[-1][:5] == ("Zusammen", 24.0, 2.0, 2.0, 9.1)
    bands = dict(utilisation.by_band(used))
    assert bands["18–20 Uhr"][1] == 25.0 and bands["18–20 Uhr"][0] is None
    all_halls = utilisation.tables(used, None)[0]
    assert all_halls.rows[0][0] == "Dreifeldhalle"


def test_the_pages_show_it_and_nothing_of_other_towns(client, database, here, sports):
    with database.write() as session:
        booking = gym.of_club(session, here, slot(here, 1, 2, 3))
        other = gym.build(session, assemble(session, slug="vechta"), slug="suedhalle")
        foreign = gym.of_club(session, other, slot(other, 1))
    day = client.get(f"{DESK}?tag=2026-12-01").text
    assert "TuS Diepholz" in day and "ganze Halle" in day and "frei für Schulen" in day
    assert str(booking.id) in day and str(foreign.id) not in day
    week = client.get(f"{DESK}/woche?halle=dreifeldhalle&tag=2026-12-03").text
    assert str(booking.id) in week and str(foreign.id) not in week and "Woche 49" in week
    assert client.get(f"{DESK}/woche?halle=nirgends").status_code == 404
    page = client.get(f"{DESK}/auslastung?von=2026-12-01&bis=2026-12-31&halle=dreifeldhalle").text
    assert "Nach Wochentag und Tageszeit" in page and "Feld 1" in page
    assert client.get(f"{DESK}/auslastung?von=2026-12-01&bis=2026-11-01").status_code == 422
    assert client.get(f"{DESK}/auslastung?von=2026-01-01&bis=2026-12-31").status_code == 422
    become(client, database, here.town.clerk)
    assert client.get(DESK).status_code == 403


def test_plans_cost_the_same_with_many_bookings(client, database, here, sports):
    pages = (f"{DESK}?tag=2026-12-01", f"{DESK}/woche?tag=2026-12-01", f"{DESK}/auslastung?von=2026-12-01")
    with database.write() as session:
        gym.of_club(session, here, slot(here, 1, hour=16, minutes=60))
    for page in pages:
        client.get(page)
    few = []
    for page in pages:
        with counted(database) as sent:
            client.get(page)
        few.append(len(sent))
    with database.write() as session:
        for n in range(5):
            for part in (2, 3):
                gym.of_club(session, here, slot(here, part, day=TUESDAY + timedelta(days=n), hour=16 + n, minutes=60))
        gym.booked(session, here, slot(here, 4, hour=18), user_class="commercial")
    for page, most in zip(pages, few, strict=True):
        with counted(database) as sent:
            client.get(page)
        assert len(sent) <= most + 2, page  # what isn't firm asks for its rules
