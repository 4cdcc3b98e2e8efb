"""Statistics and calendar subscriptions in a real browser: sound for everybody, usable by keyboard alone."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from buchbar.accounts.models import SignIn
from buchbar.app.main import now
from buchbar.base.tokens import fingerprint, new_token
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.weddings import reservation
from tests.browser.conftest import DESK, PHONE, sound
from tests.cast import ANNA_AND_BEN, CLERK, confirmed, slot_at


@pytest.fixture
def clerk_of(house, visitor):
    """Frau Sommer at her desk, in a browser of a size."""

    def sit_down(viewport=DESK, **options):
        token = new_token()
        with house.database.write() as session:
            print_of = fingerprint(house.settings.secret, f"sign-in:{token}")
            moment = {"signed_in_at": now(), "seen_at": now(), "ends_at": now() + timedelta(hours=8)}
            session.add(SignIn(token_print=print_of, clerk_id=house.cast.clerk.id, **moment))
        page = visitor(viewport, **options)
        page.context.add_cookies([{"name": "amt", "value": token, "url": house.url}])
        return page

    return sit_down


@pytest.fixture
def weddings(house):
    """One wedding that is to be, and one that isn't any more."""
    with house.database.write() as session:
        confirmed(session, house.cast, slot_at(house.saturday, 9), ANNA_AND_BEN, now())
        held = reservation.hold(
            session, house.cast.town, house.cast.mill.id, slot_at(house.saturday, 13), now(), CITIZEN
        )
        reservation.submit(session, held, ANNA_AND_BEN, now(), CITIZEN)
        reservation.prove(session, held, now())
        lifecycle.cancel(session, held, now(), CLERK)


@pytest.mark.parametrize("viewport", [DESK, {"width": 820, "height": 1100}, PHONE], ids=["desk", "tablet", "phone"])
def test_statistics_are_sound_and_their_period_is_chosen_by_keyboard(house, clerk_of, weddings, viewport):
    page = clerk_of(viewport)
    year = house.saturday.year
    page.goto(f"{house.url}/diepholz/amt/statistik?von={year - 9}-01-01&bis={year - 9}-12-31")
    expect(page.get_by_text("In diesem Zeitraum gibt es keine Buchungen.")).to_be_visible()
    page.locator("#von").fill(f"{year}-01-01")
    page.locator("#bis").fill(f"{year}-12-31")
    page.locator("#nach").press("ArrowUp")
    page.get_by_role("button", name="Anzeigen").press("Enter")
    page.wait_for_url(f"**von={year}-01-01&bis={year}-12-31**")
    assert page.get_by_role("img", name="Nach Wochentagen").is_visible()
    assert page.get_by_role("table", name="Nach Wochentagen").get_by_role("row", name="Samstag").is_visible()
    sound(page, "statistik")


def test_statistics_need_no_script(house, clerk_of, weddings):
    page = clerk_of(scripts=False)
    page.goto(f"{house.url}/diepholz/amt/statistik?von={house.saturday.year}-01-01")
    expect(page.get_by_role("img", name="Nach Monaten")).to_be_visible()
    expect(page.get_by_role("button", name="Drucken")).to_be_hidden()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_calendar_is_made_and_revoked_by_keyboard(house, clerk_of, viewport):
    page = clerk_of(viewport)
    page.goto(f"{house.url}/diepholz/amt/abos")
    sound(page, "abos-leer")
    page.locator("#ressource").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#einzelheiten-plain").focus()
    page.keyboard.press("ArrowDown")
    page.locator("#notiz").focus()
    page.keyboard.type("Bildschirm im Amt")
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="Bildschirm im Amt")
    expect(row).to_contain_text("Das ganze Standesamt")
    expect(row).to_contain_text("Mit Namen")
    sound(page, "abos")
    row.get_by_role("button", name="Widerrufen: Das ganze Standesamt").press("Enter")
    page.get_by_role("button", name="Ja").press("Enter")
    expect(page.get_by_text("Noch gibt es kein Abo.")).to_be_visible()
