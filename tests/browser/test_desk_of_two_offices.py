"""The pages of the desk that both offices share, as the sports office and as the head see them; and all of the sports
office's own."""

import re
from datetime import timedelta

import pytest
from msgspec import structs
from playwright.sync_api import expect

from buchbar.app.main import now
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, season_rounds, season_wishes, series
from buchbar.booking.halls.models import Alternative
from buchbar.booking.halls.season_criteria import DEFAULT
from tests import gym as halls
from tests.accounts.test_roles import desk_routes
from tests.booking.halls.test_series import wish as wish_of
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.cast import CLERK, confirmed, slot_at
from tests.clerks import colleague
from tests.doors.porter import doors


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_sports_office_works_on_the_pages_that_weddings_have(house: House, visitor):
    day = now().date() + timedelta(days=3)
    with house.database.write() as session:
        gym = halls.build(session, house.cast, structs.replace(halls.TERMS, payment="later"))
        clerk = gym.clerk
        firm = halls.booked(session, gym, halls.slot(gym, 1, 2, day=day), at=now())
        asked = halls.booked(session, gym, halls.slot(gym, 3, day=day), halls.KIM, "commercial", now())
        confirmed(session, house.cast, slot_at(house.saturday, 9), at=now())
    page = visitor(DESK)
    become(page, house, clerk)
    desk = f"{house.url}/diepholz/amt"
    page.goto(desk)
    waiting = page.get_by_role("row").filter(has_text=asked.number)
    expect(waiting).to_contain_text("Dreifeldhalle, Feld 3")
    waiting.get_by_text("Ablehnen …").click()
    waiting.get_by_label("Grund, den die Gruppe liest").fill("Die Halle ist an diesem Abend zu.")
    sound(page, "zwei-aemter-wartendes")
    waiting.get_by_role("button", name="Ablehnen", exact=True).click()
    expect(waiting).to_have_count(0)
    for address, name in (
        ("buchungen", "liste"),
        (f"buchung/{firm.id}", "buchung"),
        ("einstellungen", "einstellungen"),
    ):
        page.goto(f"{desk}/{address}")
        expect(page.get_by_text("Anna Müller")).to_have_count(0)
        sound(page, f"zwei-aemter-{name}")
    page.get_by_role("link", name="Regelung").click()
    sound(page, "zwei-aemter-regelung")
    page = visitor(PHONE)
    become(page, house, colleague(house.database, house.cast, "head"))
    page.goto(f"{desk}/regelung?bereich=halls")
    page.locator("summary").filter(has_text="Vereine aus dem Ort").click()
    page.locator("#club_months").fill("18")
    page.get_by_role("button", name="Vorschau").click()
    expect(page.get_by_text("Für Vereine aus dem Ort: Der 31.08.")).to_be_visible()
    sound(page, "zwei-aemter-regelung-leitung")
    page.goto(f"{desk}/buchungen?zustand=alle&bereich=weddings")
    expect(page.get_by_text("Anna Müller")).to_be_visible()
    sound(page, "zwei-aemter-liste-leitung")


# Files, and what needs more in its address (test_hall_requests.py).
NO_PAGES = {"/hallen/statistik/datei/{file}", "/hallen/{slug}/wochenplan.pdf", "/hallen/platz"}


@pytest.fixture
def ids(house: House) -> dict[str, str]:
    """One of each in a town with a hall."""
    at, day = now(), now().date() + timedelta(days=8)
    with house.database.write() as session:
        gym = halls.build(session, house.cast)
        asked = halls.booked(session, gym, halls.slot(gym, 3, day=day), halls.KIM, "commercial", at)
        held = reservation.hold(session, house.cast.town, halls.slot(gym, 2, day=day), "local", at, CLERK)
        made = series.book(session, house.cast.town, wish_of(gym, first=day), at, CITIZEN)
        spring = season_rounds.make(
            session, house.cast.town, name="Frühjahr", first=day, last=day + timedelta(days=90), criteria=DEFAULT,
            opens_at=at - timedelta(days=1), closes_at=at + timedelta(days=1), at=at, by="Herr Lange",
        )  # fmt: skip
        season_rounds.publish(spring, at)
        time = [Alternative(weekday=0, from_minute=1080, hall_id=gym.hall.id)]
        values = {"title": "Handball", "minutes": 90, "parts_wanted": 1, "alternatives": time, "persons": 14}
        wanted = season_wishes.hand_in(session, spring, gym.club, values, "coach@example.org", at)
        known = {"booking_id": asked.id, "held_id": held.id, "hall_id": gym.hall.id, "organisation_id": gym.club.id}
        known |= {"series_id": made.series.id, "round_id": spring.id, "wish_id": wanted.id}
        return {name: str(each) for name, each in (known | {"door_id": doors(session, gym)[0].id}).items()}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_every_page_of_the_sports_office_is_sound(house: House, visitor, put_together_once, ids):
    page = visitor(DESK)
    become(page, house, colleague(house.database, house.cast, "administrator"))
    seen = 0
    for path, method, handler in desk_routes(put_together_once):
        address = path.partition("/amt")[2]
        if method != "GET" or handler.opt.get("journey") != "halls" or address in NO_PAGES:
            continue
        if address.startswith("/hallen/eintragen"):
            address = address.replace("{booking_id}", ids["held_id"])
        address = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], address)
        answer = page.goto(f"{house.url}/diepholz/amt{address}")
        assert answer and answer.status == 200, address
        sound(page)
        seen += 1
    assert seen > 30
