"""Requests for halls in a real browser: side by side, agreed to for less and with conditions, room made; and a club on
the telephone."""

from datetime import timedelta

import msgspec
import pytest
from playwright.sync_api import expect

from buchbar.app.main import now
from buchbar.calendar.months import monday_of
from tests import gym as halls
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_clerk_decides_about_requests_and_makes_room(house: House, visitor):
    day = monday_of(now().date()) + timedelta(days=8)
    with house.database.write() as session:
        gym = halls.build(session, house.cast, msgspec.structs.replace(halls.TERMS, approval="office"))
        cup = halls.booked(session, gym, halls.slot(gym, 1, 2, 3, day=day, hour=16), at=now())
        training = halls.of_club(session, gym, halls.slot(gym, 1, 2, day=day), at=now())
        other = halls.of_club(session, gym, halls.slot(gym, 3, day=day, hour=20), at=now(), title="Turnen")
    page = visitor(DESK)
    become(page, house, gym.clerk)
    desk = f"{house.url}/diepholz/amt"
    page.goto(f"{desk}/hallen")
    page.get_by_role("link", name="Anfragen", exact=True).click()
    expect(page.get_by_role("row").filter(has_text=training.number)).to_contain_text("hat in dieser Woche schon 2:00")
    sound(page, "hallen-anfragen")
    page.set_viewport_size(PHONE)
    sound(page, "hallen-anfragen")
    page.set_viewport_size(DESK)
    page.get_by_role("row").filter(has_text=training.number).get_by_role("link", name="Mit Auflagen").click()
    page.get_by_label("Halle und Teil").select_option(label="Dreifeldhalle: Feld 1")
    page.get_by_label("Dauer in Minuten").fill("90")
    page.get_by_label("Auflagen").fill("Bitte nur mit hellen Sohlen.")
    sound(page, "hallen-anfrage")
    page.get_by_role("button", name="Folgen ansehen", exact=True).click()
    expect(page.get_by_text("Zugestimmt, mit einer Änderung")).to_be_visible()
    sound(page, "hallen-anfrage-folgen")
    page.get_by_role("button", name="Ja, so machen").click()
    expect(page.get_by_text("Erledigt.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=training.number)).to_have_count(0)
    page.goto(f"{desk}/hallen/anfragen/{cup.id}")
    page.get_by_label("Beginn").fill("20:00")
    page.get_by_role("button", name="Folgen ansehen", exact=True).click()
    page.get_by_role("link", name="Platz schaffen").click()
    here = page.get_by_role("group").filter(has_text=other.number)
    here.get_by_label("Auf einen anderen Termin verlegen").check()
    here.get_by_label("Neuer Termin am selben Tag").select_option(index=1)
    page.get_by_label("Grund").fill("Stadtmeisterschaft")
    sound(page, "hallen-platz")
    page.get_by_role("button", name="Folgen ansehen").click()
    sound(page, "hallen-platz-folgen")
    page.get_by_role("button", name="Ja, so machen").click()
    expect(page.get_by_role("main")).to_contain_text("Dreifeldhalle, ganze Halle · " + cup.number)
    sound(page, "hallen-buchung-amt")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_club_on_the_telephone_is_entered_on_a_phone(house: House, visitor):
    day = monday_of(now().date()) + timedelta(days=8)
    with house.database.write() as session:
        gym = halls.build(session, house.cast)
        halls.of_club(session, gym, halls.slot(gym, 1, day=day), at=now())
    page = visitor(PHONE)
    become(page, house, gym.clerk)
    page.goto(f"{house.url}/diepholz/amt/hallen/eintragen")
    page.get_by_label("Für wen").select_option(label="TuS Diepholz")
    page.get_by_label("Halle und Teil").select_option(label="Dreifeldhalle: Feld 1")
    page.get_by_label("Tag", exact=True).fill(day.isoformat())
    page.get_by_label("Beginn").fill("18:30")
    page.get_by_role("button", name="Freie Zeiten zeigen").click()
    expect(page.get_by_text("Diese Zeit ist vergeben.")).to_be_visible()
    page.get_by_label("Beginn").fill("")
    page.get_by_role("button", name="Freie Zeiten zeigen").click()
    page.get_by_label("20:00 Uhr – 21:30 Uhr").check()
    sound(page, "hallen-eintragen")
    page.get_by_role("button", name="Vormerken und weiter").click()
    page.get_by_label("Verantwortlich").fill("Alex Brandt")
    page.get_by_role("button", name="Kosten zeigen").click()
    expect(page.get_by_role("heading", name="Das kostet 12,00")).to_be_visible()
    sound(page, "hallen-eintragen-angaben")
    page.get_by_role("button", name="Eintragen", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("HA-")
