"""The couple's way, in a real browser: on a phone with scripts, on a desk without, and by keyboard alone."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from buchbar.booking import lifecycle
from buchbar.booking.models import Booking
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.cast import CLERK


def answer_to(page: Page, house: House) -> None:
    page.goto(f"{house.url}/diepholz/hochzeit")
    page.get_by_label("Wunschtag").fill(house.saturday.isoformat())
    page.get_by_label("Gäste ohne Brautpaar").fill("12")
    page.get_by_role("button", name="Freie Termine zeigen").click()


def fill_in(page: Page, email: str = "anna@example.org") -> None:
    page.get_by_role("group", name=re.compile("deutsche Staatsangehörigkeit")).or_(
        page.get_by_role("radiogroup", name=re.compile("deutsche Staatsangehörigkeit"))
    ).get_by_label("Ja, wir beide").check()
    page.locator("input[name=divorced_abroad][value=nein]").check()
    page.locator("input[name=elsewhere][value=hier]").check()
    page.get_by_label("Vor- und Nachname, erste Person").fill("Anna Müller-Lüdenscheidt")
    page.get_by_label("Vor- und Nachname, zweite Person").fill("Ben Yıldız")
    page.get_by_label("E-Mail-Adresse").fill(email)
    page.get_by_label("Wie viele Gäste").fill("12")


def reserve(page: Page, house: House, looked_at: str = "") -> str:
    """From the slot to the proven reservation; the address of the couple's page."""

    def look(name: str) -> None:
        if looked_at:
            sound(page, f"{looked_at}-{name}")

    page.get_by_role("link", name=re.compile("09:00 Uhr")).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("09:00 Uhr")
    look("slot")
    page.get_by_role("button", name="Diesen Termin vormerken").click()
    expect(page.get_by_text("Für Sie vorgemerkt bis")).to_be_visible()
    look("form")
    mine = page.url
    page.get_by_role("button", name="Weiter zur Zusammenfassung").click()
    expect(page.get_by_role("alert").filter(has_text="Bitte prüfen Sie")).to_be_visible()
    look("faults")
    fill_in(page)
    page.get_by_role("button", name="Weiter zur Zusammenfassung").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stimmt alles?")
    look("summary")
    page.get_by_role("button", name="Ja, Termin reservieren").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Schauen Sie in Ihr Postfach")
    look("check-mail")
    return mine


def prove_by_mail(page: Page, house: House) -> None:
    page.goto(f"{house.url}/demo/post")
    page.get_by_role("link", name=re.compile("Bitte bestätigen Sie Ihre E-Mail-Adresse")).first.click()
    page.goto(page.locator("a[href*='/bestaetigung/']").first.get_attribute("href"))  # opens a window of its own
    page.get_by_role("button", name="Ja, Adresse bestätigen").click()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_a_couple_reserves_pays_and_cancels(house: House, visitor, viewport) -> None:
    page = visitor(viewport)
    answer_to(page, house)
    expect(page.locator("#antwort")).to_contain_text("Ja: ")
    assert f"tag={house.saturday}" in page.url, "the answer has an address of its own"
    sound(page, "couple-ask")
    mine = reserve(page, house, "couple")
    prove_by_mail(page, house)
    expect(page.get_by_text("wird vom Amt geprüft")).to_be_visible()
    sound(page, "couple-requested")
    with house.database.write() as session:
        booking = session.scalars(select(Booking)).one()
        lifecycle.approve(session, booking, "office", booking.made_at, CLERK)
    page.goto(mine)
    expect(page.get_by_text("wartet auf die Zahlung")).to_be_visible()
    sound(page, "couple-payable")
    page.get_by_role("button", name=re.compile("jetzt bezahlen")).click()
    expect(page.get_by_role("button", name="Bezahlen", exact=True)).to_be_visible()
    sound(page, "couple-pay")
    page.get_by_role("button", name="Bezahlen", exact=True).click()
    expect(page.get_by_text("Danke, Ihre Zahlung ist angekommen")).to_be_visible(timeout=20_000)
    sound(page, "couple-paid")
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("In den Kalender übernehmen")).click()
    assert b"BEGIN:VEVENT" in download.value.path().read_bytes()
    page.get_by_role("link", name=re.compile("Auf einen anderen Termin verlegen")).click()
    sound(page, "couple-move")
    page.get_by_role("link", name=re.compile("09:45 Uhr")).first.click()
    sound(page, "couple-move-confirm")
    page.get_by_role("button", name="Ja, verlegen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("09:45 Uhr")
    page.get_by_role("link", name=re.compile("Termin stornieren")).click()
    expect(page.get_by_text("zurück, auf dem Weg, auf dem Sie bezahlt haben")).to_be_visible()
    sound(page, "couple-cancel")
    page.get_by_role("button", name="Termin stornieren").click()
    expect(page.locator(".state")).to_have_text("storniert")
    sound(page, "couple-cancelled")


def test_it_all_works_without_scripts(house: House, visitor) -> None:
    page = visitor(DESK, scripts=False)
    answer_to(page, house)
    expect(page.locator("#antwort")).to_contain_text("Ja: ")
    reserve(page, house)
    prove_by_mail(page, house)
    expect(page.get_by_text("wird vom Amt geprüft")).to_be_visible()
    page.get_by_role("link", name=re.compile("Termin stornieren")).click()
    page.get_by_role("button", name="Termin stornieren").click()
    expect(page.locator(".state")).to_have_text("storniert")


def test_it_works_by_keyboard_alone(house: House, visitor) -> None:
    page = visitor(DESK)
    page.goto(f"{house.url}/diepholz/hochzeit?tag={house.saturday}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Zum Inhalt springen"
    page.keyboard.press("Enter")

    def tab_to(text: str) -> None:
        for _step in range(80):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(document.activeElement.innerText || document.activeElement.name || '').trim()"
                " + '|' + document.activeElement.outerHTML.slice(0, 20)"
            )
            if text in focused:
                visible = page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
                    " || getComputedStyle(document.activeElement).boxShadow !== 'none'"
                )
                assert visible, f"the focus on {text!r} can't be seen"
                return
        raise AssertionError(f"no way by keyboard to {text!r}")

    tab_to("09:00 Uhr")
    page.keyboard.press("Enter")
    page.wait_for_url("**/termin?**")
    tab_to("Diesen Termin vormerken")
    page.keyboard.press("Enter")
    page.wait_for_url("**/buchung/**")
    tab_to("german")
    page.keyboard.press("Space")
    tab_to("divorced_abroad")
    page.keyboard.press("Space")
    tab_to("elsewhere")
    page.keyboard.press("Space")
    for typed in ("Anna Müller", "Ben Yıldız", "anna@example.org", "", "12"):
        page.keyboard.press("Tab")
        page.keyboard.type(typed)
    tab_to("Weiter zur Zusammenfassung")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Stimmt alles?")


def test_a_double_click_takes_a_slot_once(house: House, visitor) -> None:
    page = visitor(PHONE)
    page.goto(f"{house.url}/diepholz/hochzeit?tag={house.saturday}")
    page.get_by_role("link", name=re.compile("09:00 Uhr")).first.click()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Diesen Termin vormerken").dblclick(no_wait_after=True)
    expect(page.get_by_text("Für Sie vorgemerkt bis")).to_be_visible()
    assert len(sent) == 1, "the second click sends nothing"


def test_an_abandoned_hold_counts_down_and_says_when_it_is_over(house: House, visitor) -> None:
    page = visitor(PHONE)
    page.goto(f"{house.url}/diepholz/hochzeit?tag={house.saturday}")
    page.get_by_role("link", name=re.compile("09:00 Uhr")).first.click()
    page.clock.install()
    page.get_by_role("button", name="Diesen Termin vormerken").click()
    expect(page.locator("[data-until]")).to_contain_text("19:")
    page.get_by_role("button", name="Mehr Zeit nehmen").click()
    expect(page.get_by_role("button", name="Mehr Zeit nehmen")).to_have_count(0)
    page.clock.fast_forward("21:00")
    expect(page.get_by_text("Ihre Vormerkung ist abgelaufen")).to_be_visible()


def test_a_couple_that_comes_second_is_shown_what_is_still_free(house: House, visitor) -> None:
    first, second = visitor(PHONE), visitor(PHONE)
    for page in (first, second):
        page.goto(f"{house.url}/diepholz/hochzeit?tag={house.saturday}")
        page.get_by_role("link", name=re.compile("09:00 Uhr")).first.click()
    first.get_by_role("button", name="Diesen Termin vormerken").click()
    expect(first.get_by_text("Für Sie vorgemerkt bis")).to_be_visible()
    second.get_by_role("button", name="Diesen Termin vormerken").click()
    expect(second.get_by_text("Gerade vergeben")).to_be_visible()
    sound(second, "couple-second")
    second.get_by_role("link", name=re.compile("09:45 Uhr")).first.click()
    second.get_by_role("button", name="Diesen Termin vormerken").click()
    expect(second.get_by_text("Für Sie vorgemerkt bis")).to_be_visible()
