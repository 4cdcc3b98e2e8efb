"""The pages of the desk that both offices share, as the sports office and as the head see them."""

from datetime import timedelta

import pytest
from msgspec import structs
from playwright.sync_api import expect

from buchbar.app.main import now
from tests import gym as halls
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.cast import confirmed, slot_at
from tests.clerks import colleague


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
