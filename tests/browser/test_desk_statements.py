"""A bank statement in the browser: looked at, imported, and what is left decided, on a desk and on a telephone."""

from typing import Any

import pytest
from playwright.sync_api import expect

from buchbar.app.main import now
from buchbar.payments import ledger
from tests.browser.conftest import DESK, PHONE, House, sound
from tests.browser.test_desk import become
from tests.cast import confirmed, slot_at
from tests.clerks import colleague
from tests.payments.statement_files import entry, statement


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_a_cashier_imports_a_statement_and_settles_what_is_left(house: House, visitor: Any, viewport: Any) -> None:
    with house.database.write() as session:
        anna, late = (
            confirmed(session, house.cast, slot_at(house.saturday, *time), at=now()) for time in ((9, 0), (10, 30))
        )
        owed = ledger.account(session, anna.id).open
    content = statement(
        entry(owed, f"GEBUEHR {anna.number}", ref="A1", name="Anna Müller"),
        entry(
            owed - 1000, f"Trauung {late.number} Müller/Yıldız, Rest folgt naechste Woche", ref="A2", name="B. Yıldız"
        ),
        entry(4200, "Spende fuer das Freibad", ref="A3", name="Verein der Freunde des Freibads e. V."),
        entry(-125000, "Miete", ref="A4"),
        '<Ntry><Amt Ccy="EUR">viel</Amt></Ntry>'.replace("<Amt", "<Sts>BOOK</Sts><Amt"),
    )
    page = visitor(viewport)
    become(page, house, colleague(house.database, house.cast, "cashier", "Frau Kasse"))
    page.goto(f"{house.url}/diepholz/amt/kasse")
    page.get_by_role("link", name="Kontoauszüge").click()
    sound(page)
    page.get_by_label("Datei").set_input_files({"name": "auszug.xml", "mimeType": "text/xml", "buffer": content})
    page.get_by_role("button", name="Vorschau").click()
    expect(page.get_by_text("4 neue Bewegungen")).to_be_visible()
    sound(page, "statement-preview")
    page.get_by_role("button", name="So importieren").click()
    expect(page.get_by_text("Den ganzen Import zurücknehmen")).to_be_visible()
    sound(page, "statement-file")
    page.goto(f"{house.url}/diepholz/amt/kasse/auszuege")
    sound(page, "statements")
    page.get_by_role("button", name="Vorschlag annehmen").click()
    page.get_by_text("Beiseitelegen …").click()
    page.get_by_role("button", name="Beiseitelegen", exact=True).click()
    expect(page.locator(":focus")).to_contain_text("Grund: Bitte füllen Sie dieses Feld aus.")
    page.locator(":focus").get_by_role("link").click()
    expect(page.get_by_label("Grund")).to_be_focused()
    sound(page)
    page.get_by_label("Grund").fill("gehört zum Freibad")
    page.get_by_role("button", name="Beiseitelegen", exact=True).click()
    expect(page.get_by_text("Nichts wartet")).to_be_visible()
    sound(page)
    page.get_by_role("link", name="auszug.xml").click()
    accepted = page.get_by_role("row").filter(has_text="Rest folgt")
    accepted.get_by_text("Zurücknehmen …").click()
    accepted.get_by_label("Grund").fill("Die Falschen")
    accepted.get_by_role("button", name="Zurücknehmen").click()
    expect(accepted.get_by_role("button", name="Vorschlag annehmen")).to_be_visible()
    with house.database.read() as session:
        assert ledger.account(session, late.id).open == owed
