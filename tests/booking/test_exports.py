"""The list to take along says what the page says, in the shapes that other programs read."""

import csv
import io
import json

import openpyxl
import pytest
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry
from buchbar.booking.exports import COLUMNS
from buchbar.payments import ledger
from tests.booking.many import many
from tests.cast import SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague, counted

FILE = "/diepholz/amt/buchungen/datei"


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def firm(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def test_json_has_the_keys_that_are_promised(client, database, frau_sommer, firm):
    with database.read() as session:
        charge = ledger.charges(session, firm.id)[0]
    (row,) = client.get(f"{FILE}/json").json()
    assert list(row) == [key for key, _heading in COLUMNS]
    assert row | {"registrars": "", "deadline": "", "state": ""} == {
        "number": firm.number,
        "state": "",
        "date": "2027-05-15",
        "start": "09:00:00",
        "end": "09:30:00",
        "venue": "Trauzimmer im Rathaus",
        "registrars": "",
        "names": "Anna Müller & Ben Yıldız",
        "guests": 10,
        "notes": "",
        "remarks": "",
        "email": "anna@example.org",
        "phone": "05441 12345",
        "channel": "online",
        "received": "2026-11-23T10:00:00",
        "deadline": "",
        "registered": None,
        "owed": 17000,
        "paid": 0,
        "returned": 0,
        "open": 17000,
        "references": charge.reference,
        "area": "Trauungen",
    }
    assert row["registrars"] in ("Ahrens", "Behrens") and row["state"] == "wartet auf die Zahlung"


def test_csv_and_xlsx_say_the_same(client, frau_sommer, firm):
    rows = list(csv.reader(io.StringIO(client.get(f"{FILE}/csv").content.decode("utf-8-sig")), delimiter=";"))
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{FILE}/xlsx").content)).active
    assert rows[0] == [cell.value for cell in book[1]] and rows[0][0] == "Buchungsnummer"
    assert rows[1][0] == book["A2"].value == firm.number
    assert "15.05.2027" in rows[1] and "170,00" in rows[1] and book["R2"].value == 170


def test_the_filter_of_the_page_is_the_filter_of_the_file(client, frau_sommer, firm):
    assert len(client.get(f"{FILE}/json?suche=yildiz").json()) == 1
    assert client.get(f"{FILE}/json?zustand=beendet").json() == []
    assert (
        "/datei/xlsx?suche=yildiz&amp;von=2027-05-01"
        in client.get("/diepholz/amt/buchungen?suche=yildiz&von=2027-05-01").text
    )


def test_a_file_has_a_name_and_stands_in_the_audit_trail(client, database, frau_sommer, firm):
    answer = client.get(f"{FILE}/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="buchungen-diepholz-2026-11-23.csv"'
    assert client.get(f"{FILE}/pdf").status_code == 404
    with database.read() as session:
        assert "Buchungen exportiert" in session.scalars(select(AuditEntry.words)).all()


def test_who_may_not_look_gets_no_file(client, database, town, firm):
    become(client, database, colleague(database, town, "county"))
    assert client.get(f"{FILE}/json").status_code in (403, 404)


def test_ten_thousand_bookings_are_one_file(client, database, frau_sommer, town):
    with database.write() as session:
        many(session, town, 10_000)
    with counted(database) as sent:
        rows = json.loads(client.get(f"{FILE}/json?zustand=alle").content)
    assert len(rows) == 10_000 and len({row["number"] for row in rows}) == 10_000
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    assert len(sent) < 160, "some for each thousand, none for each booking"
