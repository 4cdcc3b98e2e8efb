"""Paying by hand in a real browser: the bank details on a telephone, the counter and the till at the desk."""

import re

import msgspec
import pytest
from playwright.sync_api import expect

from buchbar.app.main import now
from buchbar.booking import links
from buchbar.booking.models import Booking, Policy
from buchbar.payments import paying
from buchbar.payments.rules import MoneyRules
from tests.browser.conftest import DESK, PHONE, sound
from tests.browser.test_desk import become
from tests.cast import ANNA_AND_BEN, confirmed, slot_at
from tests.clerks import colleague


@pytest.fixture
def asked(house):
    """Anna and Ben are asked to pay, by a town that takes money in every way."""
    with house.database.write() as session:
        account = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX"}
        ways = ("stripe", "transfer", "counter")
        session.add(
            MoneyRules(municipality_id=house.cast.town.id, ways=ways, counter_hours="Mo bis Fr 8 bis 12 Uhr", **account)
        )
        booking = confirmed(session, house.cast, slot_at(house.saturday, 9), ANNA_AND_BEN, now())
        return booking.id, links.path(session, booking)


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_bank_details_are_there_to_copy_and_to_scan(house, visitor, asked, viewport):
    page = visitor(viewport)
    page.goto(house.url + asked[1])
    page.get_by_role("link", name="Anders bezahlen").click()
    expect(page.get_by_text("DE89 3704 0044 0532 0130 00")).to_be_visible()
    expect(page.get_by_role("img", name="GiroCode")).to_be_visible()
    button = page.get_by_role("button", name=re.compile("Kopieren.*IBAN"))
    expect(button).to_be_visible()
    assert button.bounding_box()["height"] < 50, "a copy button is one line"
    sound(page, "pay")


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_who_has_paid_by_debit_pays_nothing_again(house, visitor, asked, viewport):
    with house.database.write() as session:
        payment = paying.begin(session, house.cast.town.id, asked[0], now())
        paying.on_its_way(session, payment.id, "pi_1")
    page = visitor(viewport)
    page.goto(house.url + asked[1])
    expect(page.get_by_text("Ihre Lastschrift über 170,00")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("jetzt bezahlen"))).to_have_count(0)
    sound(page, "debit-under-way")
    page.goto(f"{house.url}{asked[1]}/zahlung")
    expect(page.get_by_text("DE89 3704 0044 0532 0130 00")).to_be_hidden()
    sound(page, "debit-under-way-ways")
    page.get_by_text("Trotzdem anders bezahlen").click()
    expect(page.get_by_text("DE89 3704 0044 0532 0130 00")).to_be_visible()
    page.goto(f"{house.url}{asked[1]}/stornierung")
    expect(page.get_by_text("Sobald sie da ist, bekommen Sie 170,00")).to_be_visible()


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_who_pays_by_bill_finds_the_bank_details(house, visitor, asked, viewport):
    with house.database.write() as session:
        booking = session.get_one(Booking, asked[0])
        policy = session.get_one(Policy, booking.policy_id)
        policy.terms = msgspec.structs.replace(policy.terms, payment="later")
        booking.state = "confirmed"
    page = visitor(viewport)
    page.goto(house.url + asked[1])
    sound(page, "bill")
    page.get_by_role("link", name="So bezahlen Sie 170,00").click()
    expect(page.get_by_role("img", name="GiroCode")).to_be_visible()
    expect(page.get_by_role("link", name="Gebührenbescheid (PDF)")).to_be_visible()
    sound(page, "bill-ways")


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_clerk_takes_cash_and_closes_the_till(house, visitor, asked, viewport):
    page = visitor(viewport)
    become(page, house, colleague(house.database, house.cast, "cashier", "Frau Kasse"))
    page.goto(f"{house.url}/diepholz/amt/buchung/{asked[0]}")
    page.get_by_text("Am Schalter bezahlen lassen").click()
    page.get_by_label("Bar", exact=True).check()
    sound(page, "counter")
    page.get_by_role("button", name="Geld ist angenommen").click()
    expect(page.get_by_role("link", name="Quittung (PDF")).to_be_visible()
    sound(page, "counter-taken")
    page.goto(f"{house.url}/diepholz/amt/kasse/kassenbuch")
    page.get_by_label("Gezählter Betrag").fill("170,00")
    sound(page, "till")
    page.get_by_role("button", name="Kasse abschließen").click()
    expect(page.locator(":focus")).to_contain_text("Das ist endgültig")
    sound(page, "till-asked")
    page.get_by_role("button", name="Ja, Kasse abschließen").click()
    expect(page.get_by_text("Die Kasse ist abgeschlossen.")).to_be_visible()
    sound(page, "till-closed")
