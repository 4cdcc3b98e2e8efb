"""A hall's tariff in the browser: made, looked at and calculated with, on a desk and on a telephone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.clerks import colleague


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_hall_gets_a_tariff_and_somebody_asks_what_an_evening_costs(
    house: House, visitor: Any, viewport: Any
) -> None:
    page = visitor(viewport)
    become(page, house, colleague(house.database, house.cast, "head", "Frau Lenz"))
    page.goto(f"{house.url}/diepholz/amt/entgelte/neu?bereich=halls")
    first = page.get_by_role("group", name="Position 1", exact=True)
    first.get_by_label("Euro", exact=True).fill("6,00")
    first.get_by_label("Einheit").select_option("angefangene Stunde")
    first.get_by_label("je Hallenteil").check()
    second = page.get_by_role("group", name="Position 2", exact=True)
    second.get_by_label("Bezeichnung").fill("Zuschlag am Wochenende")
    second.get_by_label("Art").select_option("Zuschlag")
    second.get_by_label("oder Prozent").fill("25")
    second.get_by_text("Bedingungen, andere Umsatzsteuer").click()
    for day in ("Sa.", "So.", "Feiertag"):
        second.get_by_label(day, exact=True).check()
    page.get_by_role("button", name="Vorschau").last.click()
    expect(page.get_by_text("gewerbliche Messe mit Eintritt")).to_be_visible()
    sound(page)
    page.get_by_role("button", name="Festlegen").click()
    expect(page.get_by_text("6,00 € je angefangene Stunde und Hallenteil")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="Ausrechnen").click()
    page.get_by_label("Bis", exact=True).fill("20:30")
    page.get_by_label("Hallenteile").fill("2")
    page.get_by_label("Tag", exact=True).fill(house.saturday.isoformat())
    page.get_by_label("Bis zum Tag").fill(house.saturday.isoformat())
    page.get_by_role("button", name="Ausrechnen").click()
    expect(page.get_by_text("3 × angefangene Stunde à 6,00 €, 2 Hallenteile")).to_be_visible()
    expect(page.get_by_role("row", name="Summe")).to_contain_text("45,00 €")
    sound(page)
