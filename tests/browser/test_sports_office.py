"""The sports office in a real browser: setting up a hall, plans, closing with a booking in the way, the caretaker."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from buchbar.app.main import now
from buchbar.calendar.months import monday_of
from tests import gym as halls
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.clerks import colleague


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_sports_office_plans_and_closes_and_the_caretaker_sees_it(house: House, visitor):
    day = monday_of(now().date()) + timedelta(days=8)
    with house.database.write() as session:
        gym = halls.build(session, house.cast)
        clerk = gym.clerk
        evening = halls.of_club(session, gym, halls.slot(gym, 1, 2, day=day), at=now())
        halls.of_club(session, gym, halls.slot(gym, 3, day=day, hour=16, minutes=90), at=now(), title="Turnen")
        halls.booked(session, gym, halls.slot(gym, 4, day=day, hour=20), halls.KIM, "commercial", now())
    page = visitor(DESK)
    become(page, house, clerk)
    desk = f"{house.url}/diepholz/amt"
    page.goto(f"{desk}/einstellungen")
    page.get_by_role("navigation").get_by_role("link", name="Hallen", exact=True).click()
    page.goto(f"{desk}/hallen?tag={day}")
    expect(page.get_by_role("table")).to_contain_text("TuS Diepholz")
    sound(page, "hallen-tag")
    page.get_by_role("link", name="Dreifeldhalle").first.click()
    sound(page, "hallen-woche")
    page.goto(f"{desk}/hallen/auslastung?von={day}&bis={day}")
    expect(page.get_by_role("heading", name="Nach Wochentag und Tageszeit")).to_be_visible()
    sound(page, "hallen-auslastung")
    page.goto(f"{desk}/hallen/statistik?von={day}&bis={day}")
    sound(page, "hallen-statistik")
    page.goto(f"{desk}/hallen/sperren")
    page.get_by_label("Dreifeldhalle, ganz mit allen Räumen").check()
    page.get_by_label("Erster Tag").fill(day.isoformat())
    page.get_by_label("Grund").fill("Wasserschaden")
    sound(page, "hallen-sperren")
    page.get_by_role("button", name="Sperren", exact=True).click()
    expect(page.get_by_role("heading", name="3 Buchungen stehen im Weg")).to_be_visible()
    sound(page, "hallen-sperren-im-weg")
    every = page.get_by_role("radiogroup", name="Für alle, bei denen unten nichts gewählt ist")
    every.get_by_label("Bleibt").check()
    here = page.get_by_role("listitem").filter(has_text=evening.number)
    here.get_by_label("Stornieren, mit Nachricht").check()
    page.get_by_label("Grund für alle, deren Termin storniert wird").fill("Der Boden steht unter Wasser.")
    page.get_by_role("button", name="Vorschau").click()
    expect(page.get_by_text("Vorschau: Noch ist nichts geschehen")).to_be_visible()
    sound(page, "hallen-sperren-vorschau")
    page.get_by_role("button", name="So sperren").click()
    expect(page.get_by_role("row").filter(has_text="Wasserschaden")).to_contain_text("Dreifeldhalle")
    page.goto(f"{desk}/hallen/verwalten")
    page.get_by_role("link", name="Dreifeldhalle").click()
    page.get_by_role("link", name="Für den Hausmeister").click()
    page.get_by_role("button", name="Kalender anlegen").click()
    sound(page, "hallen-hausmeister-amt")
    link = page.locator(".desk-address a").get_attribute("href")
    keeper = visitor(PHONE)
    keeper.goto(link)
    expect(keeper.get_by_text("Wasserschaden").first).to_be_visible()
    sound(keeper, "hausmeister")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_head_sets_up_a_hall_on_a_phone(house: House, visitor):
    with house.database.write() as session:
        halls.build(session, house.cast)
    page = visitor(PHONE)
    become(page, house, colleague(house.database, house.cast, "head"))
    desk = f"{house.url}/diepholz/amt"
    page.goto(f"{desk}/hallen/ferien")
    page.get_by_role("button", name="Ferien des Landes übernehmen").click()
    page.get_by_role("link", name=re.compile("^Ändern: Osterferien")).first.click()
    sound(page, "hallen-ferien")
    page.goto(f"{desk}/hallen/verwalten")
    sound(page, "hallen-liste")
    page.get_by_role("link", name="Neue Halle").click()
    page.locator("#name").fill("Sporthalle Süd")
    page.locator("#zeiten").fill("Mo-Fr 16-22\nSa morgens")
    page.get_by_role("button", name="Anlegen").click()
    expect(page.get_by_text("Diese Zeile verstehen wir nicht: „Sa morgens“").first).to_be_visible()
    sound(page, "hallen-neu-fehler")
    page.locator("#zeiten").fill("Mo-Fr 16-22\nSa So 9-20")
    page.get_by_role("button", name="Anlegen").click()
    expect(page.get_by_role("heading", name="Sporthalle Süd")).to_be_visible()
    page.locator("#teil_name").fill("Foyer")
    page.get_by_role("button", name="Hinzufügen").click()
    page.locator("#zeiten").fill("Mo-Fr 17-22")
    page.get_by_role("button", name="Vorschau").click()
    expect(page.get_by_text("Alle Reservierungen passen weiterhin.")).to_be_visible()
    sound(page, "hallen-vorschau")
    page.get_by_role("button", name="Speichern").click()
    expect(page.get_by_text("Es gilt sofort")).to_be_visible()
