"""A couple gives a mandate on its own page, sees it, and revokes it."""

import pytest
from sqlalchemy import select

from buchbar.booking import links
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from buchbar.payments.mandates import Mandate
from buchbar.payments.rules import MoneyRules
from tests.cast import SATURDAY, assemble, confirmed, slot_at

ACCOUNT = {
    "inhaber": "Anna Müller",
    "strasse": "Lange Straße 1",
    "ort": "49356 Diepholz",
    "iban": "DE02 1203 0000 0000 2020 51",
}


@pytest.fixture
def own_page(client, database):
    """The page of Anna's wedding, in a town that collects by direct debit."""
    with database.write() as session:
        cast = assemble(session)
        rules = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "creditor_id": "DE98ZZZ09999999999"}
        session.add(MoneyRules(municipality_id=cast.town.id, ways=("debit",), **rules))
        return links.path(session, confirmed(session, cast, slot_at(SATURDAY, 9)))


def the_mandate(database):
    with database.read() as session:
        return session.scalars(select(Mandate)).one_or_none()


def sign(posted, own_page, mandate, **fields):
    return posted(f"{own_page}/lastschrift/erteilung", mandat=mandate.reference, **fields)


def test_a_mandate_is_shown_with_its_text_before_it_is_given(client, database, posted, own_page):
    assert "Per SEPA-Lastschrift bezahlen" in client.get(own_page).text
    assert posted(f"{own_page}/lastschrift", **ACCOUNT).status_code == 303
    page = client.get(f"{own_page}/lastschrift").text
    mandate = the_mandate(database)
    assert mandate.state == "proposed"
    for words in ("Ich ermächtige Stadt Diepholz", mandate.reference, "DE98 ZZZ0 9999 9999 99", ACCOUNT["iban"]):
        assert words in page
    assert sign(posted, own_page, mandate).status_code == 422
    assert sign(posted, own_page, mandate, einverstanden="ja").status_code == 303
    assert the_mandate(database).state == "active"
    page = client.get(f"{own_page}/lastschrift").text
    assert "Ihr Lastschriftmandat gilt" in page and "•••• 2051" in page and "2020 51" not in page
    with database.read() as session:
        (letter,) = session.scalars(select(Letter).where(Letter.kind == "mandate")).all()
        assert mandate.reference in letter.text


def test_signing_twice_gives_one_mandate_and_one_letter(client, database, posted, own_page):
    posted(f"{own_page}/lastschrift", **ACCOUNT)
    for _again in range(2):
        assert sign(posted, own_page, the_mandate(database), einverstanden="ja").status_code == 303
    with database.read() as session:
        assert len(session.scalars(select(Letter).where(Letter.kind == "mandate")).all()) == 1


def test_a_wrong_account_stands_beside_its_field(client, database, posted, own_page):
    answer = posted(f"{own_page}/lastschrift", **ACCOUNT | {"iban": "DE03 1203 0000 0000 2020 51", "inhaber": "☺"})
    assert answer.status_code == 422
    assert "Tippfehler" in answer.text
    assert "lateinischen Buchstaben" in answer.text
    assert "DE03 1203" in answer.text
    assert the_mandate(database) is None


def test_what_was_wrong_can_be_typed_again(client, database, posted, own_page):
    posted(f"{own_page}/lastschrift", **ACCOUNT)
    assert posted(f"{own_page}/lastschrift/verwerfung").status_code == 303
    assert the_mandate(database) is None
    assert 'name="iban"' in client.get(f"{own_page}/lastschrift").text


def test_a_mandate_is_revoked_on_the_same_page(client, database, posted, own_page):
    posted(f"{own_page}/lastschrift", **ACCOUNT)
    sign(posted, own_page, the_mandate(database), einverstanden="ja")
    for _again in range(2):
        assert posted(f"{own_page}/lastschrift/widerruf").status_code == 303
    assert the_mandate(database).state == "revoked"
    with database.read() as session:
        assert len(session.scalars(select(Letter).where(Letter.kind == "mandate_revoked")).all()) == 1


def test_without_a_proven_address_or_a_town_that_collects_there_is_no_such_page(client, database, posted, own_page):
    with database.write() as session:
        session.scalars(select(MoneyRules)).one().creditor_id = ""
    assert client.get(f"{own_page}/lastschrift").status_code == 404
    assert "SEPA-Lastschrift" not in client.get(own_page).text
    with database.write() as session:
        session.scalars(select(MoneyRules)).one().creditor_id = "DE98ZZZ09999999999"
        session.scalars(select(Booking)).one().email_proven_at = None
    assert client.get(f"{own_page}/lastschrift").status_code == 404
