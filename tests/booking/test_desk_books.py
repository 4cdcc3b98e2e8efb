"""The month's statement at the cashier's desk: figures, files, and who may see it."""

import io
import zipfile
from datetime import timedelta

import pytest

from buchbar.base.documents import pdf
from buchbar.booking import month_statement
from buchbar.payments import books
from buchbar.payments.models import Refund
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

PAGE = "/diepholz/amt/kasse/monat"


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier", "Herr Groschen")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def payment(database, town):
    """All fees of one booking are paid; 5 euros went back the next day."""
    with database.write() as session:
        made = pay(session, confirmed(session, town, slot_at(SATURDAY, 9)), NOW)
        later = NOW + timedelta(days=1)
        session.add(
            Refund(
                payment_id=made.id,
                booking_id=made.booking_id,
                cents=500,
                state="done",
                reason="x",
                wanted_at=later,
                done_at=later,
            )
        )
        return made


def test_the_month_leads_from_balance_to_balance(client, cashier, payment):
    page = client.get(f"{PAGE}?monat=2026-11")
    assert page.status_code == 200
    for words in ("Monatsabschluss November 2026", "Eingegangen: online (Stripe)", "Erstattet: online (Stripe)"):
        assert words in page.text
    assert "unstimmig" not in page.text
    assert "Dieser Monat läuft noch" in page.text


def test_without_a_month_it_is_the_last_that_is_over(client, cashier, payment):
    assert "Monatsabschluss Oktober 2026" in client.get(PAGE).text


def test_what_is_no_month_is_not_found(client, cashier):
    assert client.get(f"{PAGE}?monat=2026-13").status_code == 404
    assert client.get(f"{PAGE}/datei/anderes.csv?monat=2026-11").status_code == 404
    assert client.get(f"{PAGE}/datei/abschluss.exe?monat=2026-11").status_code == 404


def test_the_files_say_the_same(client, cashier, payment):
    table = client.get(f"{PAGE}/datei/abschluss.csv?monat=2026-11").content.decode("utf-8-sig")
    assert "Erstattet: online (Stripe);5,00" in table
    moved = client.get(f"{PAGE}/datei/bewegungen.csv?monat=2026-11").content.decode("utf-8-sig").splitlines()
    assert [line.split(";")[1] for line in moved[1:]] == ["Forderung", "Zahlung", "Erstattung"]
    assert ";-5,00;" in moved[3]
    book = zipfile.ZipFile(io.BytesIO(client.get(f"{PAGE}/datei/abschluss.xlsx?monat=2026-11").content))
    assert {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} <= {*book.namelist()}
    assert client.get(f"{PAGE}/datei/abschluss.pdf?monat=2026-11").content.startswith(b"%PDF")


def test_a_month_that_does_not_add_up_says_so_in_red(client, cashier, payment, monkeypatch):
    monkeypatch.setattr(books, "_balances", lambda *_: [1])
    page = client.get(f"{PAGE}?monat=2026-11")
    assert 'id="unstimmig"' in page.text
    assert "ergeben zusammen 0,01" in page.text


def test_who_marries_people_does_not_see_the_books(client, database, town):
    become(client, database, colleague(database, town, "registrar", "Frau Ring"))
    assert client.get(PAGE).status_code == 403


def test_the_document_is_made_with_an_empty_month(database, town):
    with database.read() as session:
        month = books.statement(session, town.town, SATURDAY.replace(day=1))
        assert pdf("month", month_statement.document(town.town, month, NOW)).startswith(b"%PDF")
