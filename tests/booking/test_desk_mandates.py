"""Mandates at the desk: on paper, from the form to the signature; revoked; never shown in full."""

import pypdfium2
import pytest
from sqlalchemy import select

from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from buchbar.payments.mandates import Mandate
from buchbar.payments.rules import rules_of
from tests.booking.test_collecting import with_a_mandate
from tests.clerks import become, colleague

PAGE = "/diepholz/amt/kasse/mandate"
ACCOUNT = {
    "email": "verein@example.org",
    "inhaber": "TuS Diepholz e. V.",
    "strasse": "Sportweg 1",
    "ort": "49356 Diepholz",
    "iban": "DE02 1203 0000 0000 2020 51",
    "trotzdem": "verein@example.org",
}


@pytest.fixture
def cast(client, database):
    with database.write() as session:
        cast, _booking, _mandate = with_a_mandate(session)
    become(client, database, colleague(database, cast, "cashier"))
    return cast


def on_paper(database):
    with database.read() as session:
        return session.scalars(select(Mandate).where(Mandate.on_paper)).one_or_none()


def test_from_the_form_to_the_signature(client, database, posted, cast):
    assert posted(PAGE, **ACCOUNT).status_code == 303
    mandate = on_paper(database)
    assert mandate.state == "proposed"
    made = client.get(f"{PAGE}/{mandate.id}/formular")
    text = pypdfium2.PdfDocument(made.content)[0].get_textpage().get_text_range()
    for words in ("SEPA-Lastschriftmandat", mandate.reference, "DE02 1203 0000 0000 2020 51", "TuS Diepholz e. V."):
        assert words in text
    later = {f"am-{mandate.reference}": "2026-11-24"}
    assert posted(f"{PAGE}/{mandate.id}/unterschrift", **later).status_code == 422
    assert posted(f"{PAGE}/{mandate.id}/unterschrift", **{f"am-{mandate.reference}": "20.11.2026"}).status_code == 303
    assert on_paper(database).state == "active"
    assert "DE02 1203" not in client.get(PAGE).text


def test_for_an_address_without_a_booking_it_is_asked_again(client, database, posted, cast):
    answer = posted(PAGE, **ACCOUNT | {"trotzdem": "anders@example.org"})
    assert answer.status_code == 422 and "Zu dieser Adresse gibt es keine Buchung" in answer.text
    assert 'value="verein@example.org"' in answer.text and 'name="trotzdem"' in answer.text
    assert on_paper(database) is None
    with database.read() as session:
        known = session.scalars(select(Booking.email)).first()
    assert posted(PAGE, **ACCOUNT | {"email": known.upper(), "trotzdem": ""}).status_code == 303


def test_all_faults_are_told_at_once_and_what_was_typed_stays(client, database, posted, cast):
    answer = posted(PAGE, **ACCOUNT | {"email": "verein", "iban": "DE00 1"})
    assert answer.status_code == 422
    assert "name@beispiel.de" in answer.text
    assert "5 Zeichen" in answer.text
    assert 'value="Sportweg 1"' in answer.text
    assert on_paper(database) is None


def test_revoking_one_from_the_net_tells_whom_it_belongs_to(client, database, posted, cast):
    with database.read() as session:
        mandate = session.scalars(select(Mandate)).one()
    for _again in range(2):
        assert posted(f"{PAGE}/{mandate.id}/widerruf").status_code == 303
    with database.read() as session:
        assert session.get_one(Mandate, mandate.id).state == "revoked"
        assert len(session.scalars(select(Letter).where(Letter.kind == "mandate_revoked")).all()) == 1


def test_who_only_checks_the_books_changes_nothing(client, database, posted, cast):
    become(client, database, colleague(database, cast, "auditor", "Frau Prüfer"))
    assert client.get(PAGE).status_code == 200
    assert posted(PAGE, **ACCOUNT).status_code == 403


def test_a_town_that_does_not_collect_has_no_form_for_it(client, database, cast):
    with database.write() as session:
        rules_of(session, cast.town.id).ways = ("counter",)
    assert "Mandat vorbereiten" not in client.get(PAGE).text
