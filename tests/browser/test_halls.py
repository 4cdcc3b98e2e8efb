"""A citizen books a hall once, on the telephone; a coach books a season for the club and gives a date back."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.app.main import now
from buchbar.booking import links
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from tests import gym
from tests.browser.conftest import PHONE, sound


@pytest.fixture
def kind():
    return "sqlite"


@pytest.fixture
def here(house):
    with house.database.write() as session:
        return gym.build(session, house.cast)


def newest(house, kind):
    with house.database.read() as session:
        return session.scalars(select(Letter.text).where(Letter.kind == kind).order_by(Letter.written_at)).all()[-1]


def link_in(house, kind, part):
    return re.search(rf"http\S+/{part}/[\w-]{{43}}", newest(house, kind))[0]


def sign_in(page, house):
    """As the club's coach."""
    page.get_by_label("Ihre E-Mail-Adresse").fill("coach@example.org")
    page.get_by_role("button", name="Code schicken").click()
    page.get_by_label("Code aus der E-Mail").fill(re.search(r"\b\d{6}\b", newest(house, "account_code"))[0])
    page.get_by_role("button", name="Anmelden").click()
    page.wait_for_load_state()


def a_tuesday():
    day = now().date() + timedelta(days=14)
    return day + timedelta(days=(1 - day.weekday()) % 7)


def test_a_citizen_finds_a_court_books_it_and_gives_it_back(house, visitor, here):
    page, day = visitor(PHONE), a_tuesday()
    page.goto(f"{house.url}/diepholz")
    page.get_by_role("link", name="Sporthalle finden").click()
    page.get_by_label("Tag").fill(day.isoformat())
    page.get_by_label("Uhrzeit").select_option("18:00")
    page.get_by_role("button", name="Freie Hallen zeigen").click()
    page.get_by_text("Ja: 1 Halle ist frei.").wait_for()
    sound(page, "halls-found")
    page.locator("#antwort .slot").first.click()
    page.get_by_text("Das ist frei.").wait_for()
    sound(page, "hall-slot")
    page.get_by_role("button", name="Diese Zeit vormerken").click()
    page.get_by_role("button", name="Weiter zur Zusammenfassung").click()
    page.locator("#contact-error").wait_for()
    page.get_by_label("Ihr Name").fill("Kim Weber")
    page.get_by_label("E-Mail-Adresse").fill("kim@example.org")
    page.get_by_label("Wie viele Personen?").fill("12")
    page.get_by_label("Straße und Hausnummer").fill("Lange Straße 1")
    page.get_by_label("Postleitzahl und Ort").fill("49356 Diepholz")
    sound(page, "hall-form")
    page.get_by_role("button", name="Weiter zur Zusammenfassung").click()
    sound(page, "hall-summary")
    page.get_by_role("button", name="Ja, Halle buchen").click()
    sound(page, "hall-check-mail")
    page.goto(link_in(house, "hall_address", "bestaetigung"))
    page.get_by_role("button", name="bestätigen").click()
    page.get_by_text("Die Halle ist für Sie gebucht.").wait_for()
    sound(page, "hall-booked")
    page.get_by_role("link", name="Termin freigeben").first.click()
    sound(page, "hall-give-back")
    page.get_by_role("button", name="Ja, Termin freigeben").click()
    page.get_by_text("Die Halle ist wieder für alle frei.").wait_for()


def test_a_coach_books_a_season_past_a_clash_and_gives_one_evening_back(house, visitor, here):
    day = a_tuesday()
    with house.database.write() as session:
        gym.booked(session, here, gym.slot(here, 1, day=day + timedelta(days=7), hour=18), at=now())
    page = visitor(PHONE)
    page.goto(f"{house.url}/konto/anmelden?weiter=/diepholz/hallen/dreifeldhalle/serie")
    sign_in(page, house)
    page.get_by_label("Erster Tag").fill(day.isoformat())
    page.get_by_label("Beginn").fill("18:00")
    page.get_by_label("Dauer in Minuten").fill("120")
    page.get_by_label("Oder: wie viele Termine?").fill("4")
    page.get_by_label("Wie viele Personen?").fill("14")
    sound(page, "series-form")
    page.get_by_role("button", name="Alle Termine prüfen").click()
    page.get_by_text("3 von 4 Terminen").wait_for()
    sound(page, "series-preview")
    page.get_by_role("button", name="Alles buchen, was frei ist").click()
    page.get_by_text("Die Serie ist eingetragen.").wait_for()
    sound(page, "series")
    page.locator("main input[type=checkbox]").first.check()
    page.get_by_role("button", name="Angekreuzte Termine freigeben").click()
    sound(page, "series-give-back")
    page.get_by_role("button", name="Ja, freigeben").click()
    page.wait_for_url("**/serie/**")
    with house.database.read() as session:
        states = session.scalars(select(Booking.state).where(Booking.user_class == "club").order_by(Booking.starts_at))
        assert list(states) == ["cancelled", "confirmed", "confirmed"]


def test_every_page_of_a_citizen_and_a_member_is_sound(house, visitor, here):
    """The pages that the journeys above don't come by, each with axe and at 320 px."""
    day = a_tuesday()
    with house.database.write() as session:
        booking = gym.booked(session, here, gym.slot(here, 2, 3, day=day, hour=18), at=now())
        own, hall = links.path(session, booking), "/diepholz/hallen/dreifeldhalle"
    page = visitor(PHONE)
    for path in (
        hall,
        f"{hall}?woche={day.isocalendar().year}-W{day.isocalendar().week:02d}",
        f"/diepholz/hallen/tag/{day}",
        f"{hall}/buchung?tag={day}&von=18:00&minuten=90&teile=2",
        f"{hall}/merken",
        "/diepholz/hallen/verein",
        "/diepholz/hallen/saison",
        f"{own}/umbuchung?tag={day}",
        f"{own}/daten",
    ):
        assert page.goto(house.url + path).ok, path
        sound(page, "halls-" + re.sub(r"[^a-z]+", "-", path.split("?")[0].removeprefix(own)).strip("-"))
    page.goto(f"{house.url}/konto/anmelden")
    sign_in(page, house)
    for path in ("/konto", "/konto/angaben", "/konto/loeschung", "/konto/api", f"{hall}/serie", f"{hall}/buchung"):
        assert page.goto(house.url + path).ok, path
        sound(page, "halls-member-" + re.sub(r"[^a-z]+", "-", path).strip("-"))


def test_a_hall_is_booked_without_javascript(house, visitor, here):
    page, day = visitor(PHONE, scripts=False), a_tuesday()
    page.goto(f"{house.url}/diepholz/hallen/dreifeldhalle/buchung?tag={day}&von=18:00&minuten=90&teile=1")
    page.get_by_role("button", name="Diese Zeit vormerken").click()
    for label, words in (
        ("Name", "Kim Weber"),
        ("E-Mail-Adresse", "kim@example.org"),
        ("Wie viele Personen?", "12"),
        ("Straße und Hausnummer", "Lange Straße 1"),
        ("Postleitzahl und Ort", "49356 Diepholz"),
    ):
        page.get_by_label(label).fill(words)
    page.get_by_role("button", name="Weiter zur Zusammenfassung").click()
    page.get_by_role("button", name="Ja, Halle buchen").click()
    page.goto(link_in(house, "hall_address", "bestaetigung"))
    page.get_by_role("button", name="bestätigen").click()
    assert page.get_by_text("Die Halle ist für Sie gebucht.").is_visible()
