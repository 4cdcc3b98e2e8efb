"""A coach signs in on the telephone, applies for the club, and later lets somebody else book."""

import re

import pytest
from sqlalchemy import select

from buchbar.accounts import approval
from buchbar.accounts.clubs import Organisation
from buchbar.app.main import now
from buchbar.notices.models import Letter
from tests.browser.conftest import DESK, PHONE, sound


def newest(house, kind):
    with house.database.read() as session:
        return session.scalars(select(Letter.text).where(Letter.kind == kind).order_by(Letter.written_at)).all()[-1]


def sign_in(page, house, email):
    page.get_by_label("Ihre E-Mail-Adresse").fill(email)
    page.get_by_role("button", name="Code schicken").click()
    page.get_by_label("Code aus der E-Mail").fill(re.search(r"\b\d{6}\b", newest(house, "account_code"))[0])
    page.get_by_role("button", name="Anmelden").click()


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_club_from_its_application_to_a_second_coach(house, visitor):
    page = visitor(PHONE)
    page.goto(f"{house.url}/diepholz/hallen/verein")
    page.get_by_role("link", name="Anmelden und Antrag stellen").click()
    sound(page, "konto-anmelden")
    sign_in(page, house, "Kim@example.org")
    page.get_by_label("Name", exact=True).fill("SV Hagewede")
    sound(page, "verein-antrag")
    page.get_by_role("button", name="Antrag stellen").click()
    assert page.get_by_text("Wir prüfen Ihren Antrag").is_visible()
    with house.database.write() as session:
        club = session.scalars(select(Organisation)).one()
        approval.decide(session, club, "approve", now(), "Herr Lange", user_class="club")
    page.reload()
    page.get_by_label("E-Mail-Adresse").fill("lou@example.org")
    sound(page, "verein")
    page.get_by_role("button", name="Einladen").click()
    assert page.get_by_text("Die Einladung ist unterwegs.").is_visible()
    page.get_by_role("link", name="Mein Konto").first.click()
    sound(page, "konto")
    second = visitor(DESK, scripts=False)
    second.goto(re.search(r"http\S+/konto/einladung/[\w-]{43}", newest(house, "club_invitation"))[0])
    second.get_by_role("link", name="Anmelden").click()
    sign_in(second, house, "lou@example.org")
    second.get_by_role("button", name="Einladung annehmen").click()
    assert second.get_by_text("Willkommen!").is_visible()
    second.get_by_role("link", name="Mein Konto").first.click()
    assert second.get_by_text("Für den Verein ist nichts gebucht.").is_visible()
    second.get_by_role("button", name="Abmelden", exact=True).click()
    assert second.get_by_text("Sie sind abgemeldet.").is_visible()
