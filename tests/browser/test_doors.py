"""A newcomer tries the code of a booking at the lock for trying out; a clerk looks after the doors."""

from datetime import timedelta

import msgspec
import pytest

from buchbar.app.main import now
from buchbar.booking import links
from buchbar.booking.halls import door_codes
from buchbar.booking.models import Booking
from buchbar.doors import reconciler
from tests import gym
from tests.browser.conftest import DESK, PHONE, sound
from tests.browser.test_desk import become
from tests.clerks import colleague
from tests.doors.porter import doors


@pytest.fixture
def kind():
    return "postgresql"


def test_the_code_on_the_page_opens_the_door_without_javascript_too(house, visitor):
    with house.database.write() as session:
        here = gym.build(session, house.cast, msgspec.structs.replace(gym.TERMS, code_hours=336))
        doors(session, here, 2, adapter="simulator")
        day = now().date() + timedelta(days=1)
        booking = gym.booked(session, here, gym.slot(here, 1, day=day, hour=17), at=now())
        path = links.path(session, booking)
    page = visitor(PHONE)
    page.goto(house.url + path)
    assert "wird gerade eingerichtet" in page.inner_text(".door-code") and "05441 777" in page.inner_text(".door-code")
    reconciler.run(house.database, now())
    page.reload()
    assert "bereit" in page.inner_text(".door-code")
    digits = page.inner_text(".door-code__digits")
    sound(page, "hall-code")
    page.get_by_role("link", name="Am Übungsschloss ausprobieren").first.click()
    page.fill("#code", digits)
    page.keyboard.press("Enter")
    page.get_by_text("Die Tür bleibt zu.").wait_for()
    sound(page, "keypad")
    begin_now(house, booking)
    plain = visitor(PHONE, scripts=False)
    plain.goto(page.url)
    for digit in digits:
        plain.get_by_role("button", name=digit, exact=True).click()
    plain.get_by_role("button", name="Öffnen").click()
    plain.get_by_text("Die Tür ist offen.").wait_for()
    assert "geöffnet" in plain.inner_text(".door-log")


def begin_now(house, booking):
    """It is time: the booking runs, and the lock knows it."""
    with house.database.write() as session:
        ours = session.get_one(Booking, booking.id)
        ours.starts_at, ours.ends_at = now() - timedelta(minutes=5), now() + timedelta(minutes=55)
        door_codes.sync(session, ours, now())
    reconciler.run(house.database, now())


def test_the_clerk_sets_a_door_up_and_sees_what_hangs(house, visitor):
    with house.database.write() as session:
        here = gym.build(session, house.cast)
        (door,) = doors(session, here, adapter="webhook")
        gym.booked(session, here, gym.slot(here, 1, day=now().date() + timedelta(days=1), hour=17), at=now())
    reconciler.run(house.database, now())
    page = visitor(DESK)
    become(page, house, colleague(house.database, house.cast, "head"))
    page.goto(f"{house.url}/diepholz/amt/tueren")
    sound(page, "desk-doors")
    page.get_by_role("link", name="Neue Tür").click()
    page.fill("#name", "Umkleide 1")
    page.check("text=Nuki mit Keypad")
    page.get_by_role("button", name="Anlegen").click()
    assert "Bitte die Nummer des Schlosses" in page.inner_text("#faults")
    sound(page, "desk-door-new")
    page.fill("#lock", "1234")
    page.fill("#token", "a-token-of-nuki")
    page.get_by_role("button", name="Anlegen").click()
    assert page.locator("h1").inner_text().startswith("Dreifeldhalle, Umkleide 1")
    assert "a-token" not in page.content()
    page.goto(f"{house.url}/diepholz/amt/tueren/{door.id}")
    sound(page, "desk-door")
