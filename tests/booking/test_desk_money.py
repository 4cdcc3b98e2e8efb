"""The town's rules for money: checked where they are typed, seen beforehand, dated, and taken back."""

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Revision
from buchbar.payments.money_settings import proposed_instructions
from buchbar.payments.rules import DunningLevel, MoneyRules, rules_of
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
PAGE = f"{DESK}/kassenregeln"
BASE = {
    "valid_from": "2026-11-23",
    "ways": "stripe",
    "document": "notice",
    "due_days": "14",
    "books_years": "8",
}
LEVEL = {"days_1": "7", "pay_days_1": "10", "words_1": "Vielleicht haben Sie es übersehen."}
ACCOUNT = {"payee": "Stadt Diepholz", "iban": "de89 3704 0044 0532 0130 00"}


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Lenz")
    become(client, database, clerk)
    return clerk


def rules(database, town):
    with database.read() as session:
        return rules_of(session, town.town.id)


def test_a_town_sets_its_account_documents_and_dunning(client, posted, database, town, head):
    more = {"days_2": "14", "fee_2": "5,00", "pay_days_2": "7"}
    patterns = {
        "number_pattern": "{year}-{serial:05}",
        "sign_pattern": "5{year}{serial:06}{check}",
        "sign_check": "luhn",
    }
    answer = posted(PAGE, **BASE | ACCOUNT | {"ways": "transfer"} | LEVEL | more | patterns)
    assert answer.status_code == 303
    saved = client.get(answer.headers["location"]).text
    assert "Gespeichert." in saved and "data-focus" in saved
    assert "Leer: „Wir haben Sie schon" in saved, "what a letter says whose level has no words"
    kept = rules(database, town)
    assert (kept.payee, kept.iban, kept.ways) == ("Stadt Diepholz", "DE89370400440532013000", ("transfer",))
    assert kept.dunning == (
        DunningLevel(7, 0, "Vielleicht haben Sie es übersehen.", 10),
        DunningLevel(14, 500, "", 7),
    )
    page = client.get(PAGE).text
    assert "2026-00042" in page and "DE89 3704 0044 0532 0130 00" in page and "<ins>Stadt Diepholz</ins>" in page


def test_an_edit_is_seen_beforehand_dated_and_taken_back(client, posted, database, town, head):
    seen = posted(f"{PAGE}/vorschau", **BASE | {"due_days": "30"}).text
    assert "<del>14</del>" in seen and "<ins>30</ins>" in seen
    with database.read() as session:
        assert session.scalars(select(MoneyRules)).all() == [], "a preview saves nothing"
    posted(PAGE, **BASE | {"due_days": "30"})
    posted(PAGE, **BASE | {"due_days": "45", "valid_from": "2027-01-01"})
    assert rules(database, town).due_days == 30 and "geplant ab 01.01.2027" in client.get(PAGE).text
    with database.read() as session:
        first = session.scalars(select(Revision).where(Revision.applied_at.is_not(None))).one()
    posted(f"{DESK}/aenderungen/{first.id}/ruecknahme", von=PAGE)
    assert rules(database, town).due_days == 14


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("ways", "", "wie bezahlt werden kann"),
        ("ways", "transfer", "braucht es Kontoinhaber und IBAN"),
        ("ways", "counter", "wo und wann am Schalter"),
        ("iban", "DE88 3704 0044 0532 0130 00", "Tippfehler"),
        ("bic", "COBA", "BIC wie COBADEFFXXX"),
        ("creditor_id", "DE99ZZZ09999999999", "Tippfehler"),
        ("document", "letter", "eine der Möglichkeiten"),
        ("instructions", "Klage beim Verwaltungsgericht […]", "setzen Sie ein"),
        ("due_days", "181", "0 bis 180"),
        ("number_pattern", "{serial}", "besteht aus"),
        ("sign_pattern", "{serial}", "zweimal vorkommt"),
        ("sign_check", "luhn", "Ohne Kassenzeichen"),
        ("books_years", "5", "6 bis 30"),
        ("days_2", "7", "zuerst die Stufe davor"),
        ("fee_1", "fünf", "Betrag wie 12,50"),
        ("valid_from", "2026-11-22", "frühestens ab heute"),
    ],
)
def test_what_is_faulty_is_named_beside_its_field_and_nothing_is_saved(posted, database, head, field, typed, words):
    answer = posted(PAGE, **BASE | {"payee": "Stadt Anderswo", field: typed})
    assert answer.status_code == 422 and words in answer.text and 'value="Stadt Anderswo"' in answer.text
    assert 'aria-invalid="true"' in answer.text or 'id="ways-error"' in answer.text
    with database.read() as session:
        assert session.scalars(select(MoneyRules)).all() == []


def test_the_summary_says_of_which_level_something_is_wrong(posted, head):
    page = posted(PAGE, **BASE | LEVEL | {"days_2": "0", "pay_days_2": "7"}).text
    assert "Stufe 2, Tage: Bitte eine ganze Zahl" in page


def test_a_pattern_shows_at_once_what_it_makes(client, head):
    query = {"number_pattern": "G{year}-{serial:04}", "sign_pattern": "{jahr}", "sign_check": "luhn"}
    seen = client.get(f"{PAGE}/beispiel", params=query).text
    assert "<code>G2026-0042</code>" in seen and "{jahr} kennt Buchbar nicht" in seen and "<html" not in seen


def test_who_may_not_lead_reads_the_rules_and_changes_nothing(client, posted, database, town):
    become(client, database, colleague(database, town, "cashier", "Herr Groß"))
    page = client.get(PAGE)
    assert page.status_code == 200 and "Das ändert die Leitung" in page.text and "Gebührenbescheid" in page.text
    assert posted(PAGE, **BASE).status_code == 403
    assert posted(f"{PAGE}/vorschau", **BASE).status_code == 403


def test_the_proposal_for_legal_instructions_fits_the_state(town):
    assert "Klage" in proposed_instructions(town.town)
    town.town.land = "HE"
    assert "Widerspruch" in proposed_instructions(town.town)
