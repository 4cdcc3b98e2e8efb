"""A couple on the telephone is entered by keyboard alone, with few keys, and so in under a minute."""

import re
from datetime import timedelta
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import select

from buchbar.accounts.models import SignIn
from buchbar.app.main import now
from buchbar.base.tokens import fingerprint, new_token
from buchbar.booking.models import Booking
from buchbar.booking.weddings.models import Wedding
from tests.browser.conftest import DESK, PHONE, House, sound

TABLET = {"width": 820, "height": 1100}


def sit_down(page: Page, house: House) -> None:
    """Be Frau Sommer, at the first page of the desk."""
    token = new_token()
    with house.database.write() as session:
        session.add(
            SignIn(
                token_print=fingerprint(house.settings.secret, f"sign-in:{token}"),
                clerk_id=house.cast.clerk.id,
                signed_in_at=now(),
                seen_at=now(),
                ends_at=now() + timedelta(hours=1),
            )
        )
    page.context.add_cookies([{"name": "amt", "value": token, "url": house.url}])
    page.goto(f"{house.url}/diepholz/amt")


class Keyboard:
    """The keys, counted: ``presses`` that lead somewhere, and the ``signs`` of what is typed."""

    def __init__(self, page: Page) -> None:
        self.page, self.presses, self.signs = page, 0, 0

    def press(self, key: str, times: int = 1) -> None:
        for _time in range(times):
            self.page.keyboard.press(key)
            self.presses += 1

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)
        self.signs += len(words)

    def tab_to(self, text: str) -> None:
        for _step in range(25):
            self.press("Tab")
            if text in self.focused("(document.activeElement.innerText || '').trim()"):
                return
        raise AssertionError(f"{text!r} isn't reached by Tab")

    def focused(self, what: str = "document.activeElement.name || document.activeElement.id") -> Any:
        return self.page.evaluate(what)


def test_a_couple_is_entered_by_keyboard_alone(house: House, visitor) -> None:
    page = visitor(DESK)
    sit_down(page, house)
    keys = Keyboard(page)
    keys.tab_to("Eintragen")
    keys.press("Enter")
    page.wait_for_url(re.compile("/eintragen$"))
    assert keys.focused() == "tag", "the date comes first"
    keys.type(f"{house.saturday:%d%m%Y}")
    keys.press("Enter")
    page.wait_for_url(re.compile("tag="))
    assert keys.focused() == "termin"
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Trauzimmer im Rathaus")
    assert keys.focused() == "partner_one"
    for words in ("Cem Kaya", "Doris Ohlsen"):
        keys.type(words)
        keys.press("Tab")
    keys.type("12")
    keys.press("Enter")
    expect(page.get_by_text("Eingetragen: HZ-")).to_be_visible(timeout=20_000)
    keys.tab_to("Brief drucken")
    assert keys.presses <= 20, "from the desk's first page to the letter"
    assert keys.signs <= 8 + len("Cem KayaDoris Ohlsen12")
    with house.database.read() as session:
        booking = session.scalars(select(Booking)).one()
        wedding = session.get_one(Wedding, booking.id)
    assert (wedding.names, wedding.guests, booking.channel) == ("Cem Kaya & Doris Ohlsen", 12, "telephone")
    assert booking.starts_at.astimezone(house.cast.town.zone).hour == 9


def ask_to_cancel(page: Page) -> None:
    """From the booking to the preview of its cancellation."""
    page.get_by_text("Stornieren …").click()
    page.get_by_label(re.compile("Das Amt sagt ab")).check()
    page.locator("#grund_stornierung").fill("Wasserrohrbruch")
    page.locator("form[action$='stornierung/vorschau'] button").click()
    expect(page.get_by_text("Noch ist nichts geschehen")).to_be_visible()


def test_entering_and_the_booking_are_sound(house: House, visitor) -> None:
    page = visitor(TABLET)
    sit_down(page, house)
    page.goto(f"{house.url}/diepholz/amt/eintragen?tag={house.saturday + timedelta(days=1)}")
    expect(page.get_by_role("heading", name="Nächste freie Tage")).to_be_visible()
    sound(page, "desk-enter-full")
    page.goto(f"{house.url}/diepholz/amt/eintragen?tag={house.saturday}")
    sound(page, "desk-enter")
    page.get_by_role("button", name="Vormerken und weiter").click()
    page.get_by_role("button", name="Eintragen", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Bitte prüfen Sie")
    sound(page, "desk-couple")
    page.get_by_label("Name der einen Person").fill("Cem Kaya")
    page.get_by_label("Name der anderen Person").fill("Doris Ohlsen")
    page.get_by_label("Gäste").fill("4")
    page.get_by_role("button", name="Eintragen", exact=True).click()
    expect(page.get_by_text("Eingetragen: HZ-")).to_be_visible()
    sound(page, "desk-booking")
    page.goto(page.url.partition("?")[0])  # axe leaves styles behind, which HTMX would copy
    page.get_by_label("Neue Notiz").fill("Rollstuhl")
    page.get_by_role("button", name="Notiz speichern").click()
    expect(page.get_by_text("Notiz gespeichert")).to_be_visible()
    page.get_by_label("Datei hochladen").set_input_files(
        {"name": "form.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    )
    page.get_by_role("button", name="Hochladen", exact=True).click()
    expect(page.get_by_role("link", name="form.pdf")).to_be_visible()
    here = page.url
    ask_to_cancel(page)
    sound(page, "desk-preview")
    page.goto(here)
    ask_to_cancel(page)
    page.get_by_role("button", name="Ja, so machen").click()
    expect(page.get_by_text("storniert.")).to_be_visible()
    page.set_viewport_size(PHONE)
    sound(page, "desk-booking-cancelled")


def test_a_preview_without_scripts_leads_to_the_same_end(house: House, visitor) -> None:
    page = visitor(DESK, scripts=False)
    sit_down(page, house)
    page.goto(f"{house.url}/diepholz/amt/eintragen?tag={house.saturday}")
    page.get_by_role("button", name="Vormerken und weiter").click()
    page.get_by_label("Name der einen Person").fill("Cem Kaya")
    page.get_by_label("Name der anderen Person").fill("Doris Ohlsen")
    page.get_by_label("Gäste").fill("4")
    page.get_by_role("button", name="Eintragen", exact=True).click()
    ask_to_cancel(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Buchung stornieren?")
    page.get_by_role("button", name="Ja, so machen").click()
    expect(page.get_by_text("storniert", exact=True).first).to_be_visible()
