"""The export to the accounting system: its columns are the town's, tried on real rows, saved with their history."""

import csv
import io

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Revision
from buchbar.payments.rules import ExportColumn, Posting, rules_of
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague

PAGE = "/diepholz/amt/kasse/export"
COLUMNS = f"{PAGE}/spalten"
NOVEMBER = "von=2026-11-01&bis=2026-11-30"
FORM = {
    "separator": "2",
    "encoding": "2",
    "decimal": "1",
    "dates": "2",
    "headings": "ja",
    "place_1": "2",
    "heading_1": "BETRAG",
    "field_1": "cents",
    "place_2": "1",
    "heading_2": "ART",
    "field_2": "kind",
    "heading_3": "KONTO",
    "fixed_3": "432100",
}


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier", "Herr Groschen")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def booking(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        pay(session, booking, NOW)
        return booking


def test_before_there_are_columns_the_page_leads_to_the_example(client, cashier, booking):
    assert "Mit einem Beispiel anfangen" in client.get(f"{PAGE}?{NOVEMBER}").text
    assert client.get(f"{PAGE}/datei?{NOVEMBER}").status_code == 404
    assert 'value="Kassenzeichen"' in client.get(COLUMNS).text


def test_columns_are_tried_on_real_rows_and_not_saved(posted, database, cashier, town, booking):
    page = posted(f"{COLUMNS}/vorschau", **FORM)
    assert page.status_code == 200
    assert '<td data-label="ART">ZAHLUNG</td>' in page.text
    with database.read() as session:
        assert rules_of(session, town.town.id).export == ()


def test_saved_columns_make_the_file_of_a_period(client, posted, cashier, booking):
    assert posted(COLUMNS, **FORM).status_code == 303
    answer = client.get(f"{PAGE}/datei?{NOVEMBER}")
    assert answer.headers["content-type"] == "text/csv; charset=cp1252"
    charge, payment = csv.DictReader(io.StringIO(answer.content.decode("cp1252")), delimiter="\t")
    assert list(charge) == ["ART", "BETRAG", "KONTO"]
    assert (charge["ART"], payment["ART"]) == ("SOLL", "ZAHLUNG")
    assert charge["BETRAG"] == payment["BETRAG"]
    assert "." in charge["BETRAG"]
    assert charge["KONTO"] == "432100"
    page = client.get(f"{PAGE}?{NOVEMBER}").text
    assert "2 Zeilen in diesem Zeitraum." in page
    assert "ZAHLUNG" in page


def test_a_first_line_and_quotation_marks_stand_in_the_file_where_they_are_wanted(client, posted, cashier, booking):
    fields = {"head": "KOPF;{first};{last}", "quoted_2": "ja", "dates": "4"}
    assert posted(COLUMNS, **FORM | fields).status_code == 303
    head, headings, charge, *_rest = client.get(f"{PAGE}/datei?{NOVEMBER}").content.decode("cp1252").split("\r\n")
    assert (head, headings) == ("KOPF;20261101;20261130", "ART\tBETRAG\tKONTO")
    assert charge.startswith('"SOLL"\t')
    page = client.get(COLUMNS).text
    assert 'value="KOPF;{first};{last}"' in page and "3112" in page and page.count("checked") == 2


ACCOUNTS = "* = 432100; 3200\nweddings  base = 432101 ;3201\n\n halls 19 = 441119"


def test_accounts_are_typed_line_by_line_and_stand_in_the_file(client, posted, database, cashier, town, booking):
    fields = {"field_3": "account", "fixed_3": "", "heading_4": "KOST", "field_4": "cost_centre"}
    assert posted(COLUMNS, **FORM | fields | {"postings": ACCOUNTS}).status_code == 303
    content = client.get(f"{PAGE}/datei?{NOVEMBER}").content.decode("cp1252")
    for row in csv.DictReader(io.StringIO(content), delimiter="\t"):
        assert (row["KONTO"], row["KOST"]) == ("432101+432100", "3201+3200")
    page = client.get(COLUMNS).text
    assert "* = 432100; 3200\nweddings base = 432101; 3201\nhalls 19 = 441119</textarea>" in page
    assert "<code>halls</code>: Sporthallen" in page
    with database.read() as session:
        assert rules_of(session, town.town.id).export_form.postings[2] == Posting(("halls", "19"), "441119")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("432100", "ist nicht zu lesen"),
        ("* = ; 3200", "ist nicht zu lesen"),
        ("= 432100", "ist nicht zu lesen"),
        ("hall = 432100", "„hall“ kennt Buchbar nicht"),
    ],
)
def test_a_line_of_accounts_that_says_nothing_gets_its_sentence(posted, cashier, line, sentence):
    page = posted(COLUMNS, **FORM | {"postings": f"* = 1\n{line}"})
    assert page.status_code == 422 and sentence in page.text and 'href="#postings"' in page.text


def test_the_history_says_what_was_before(client, posted, database, cashier, town):
    posted(COLUMNS, **FORM)
    posted(COLUMNS, **FORM | {"fixed_3": "432199"})
    with database.read() as session:
        assert session.scalars(select(Revision.subject)).all() == ["money_export"] * 2
        assert rules_of(session, town.town.id).export[2] == ExportColumn("KONTO", "", "432199")
    assert "432100" in client.get(COLUMNS).text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"fixed_1": "x"}, "nicht beides"),
        ({"heading_1": ""}, "Bitte füllen Sie dieses Feld aus."),
        ({"place_1": "hundert"}, "Bitte eine ganze Zahl"),
        ({"field_1": "passwort"}, "Bitte wählen Sie eine der Möglichkeiten."),
        ({"separator": "9"}, "Bitte wählen Sie eine der Möglichkeiten."),
    ],
)
def test_what_is_wrong_gets_its_sentence_and_what_was_typed_stays(posted, cashier, wrong, sentence):
    page = posted(COLUMNS, **FORM | wrong)
    assert page.status_code == 422
    assert sentence in page.text
    assert 'value="432100"' in page.text


def test_without_any_column_there_is_nothing_to_save(posted, cashier):
    kept = {name: FORM[name] for name in ("separator", "encoding", "decimal", "dates")}
    assert "mindestens eine Spalte" in posted(COLUMNS, **kept).text


@pytest.mark.parametrize(
    ("query", "sentence"), [("von=2026-11-30&bis=2026-11-01", "vor dem Anfang"), ("von=morgen", "ein Datum wie")]
)
def test_a_period_that_is_none_gets_its_sentence(client, cashier, query, sentence):
    page = client.get(f"{PAGE}?{query}")
    assert page.status_code == 422
    assert sentence in page.text


def test_the_auditor_reads_and_does_not_change(client, posted, database, town, booking):
    become(client, database, colleague(database, town, "auditor", "Frau Genau"))
    assert client.get(PAGE).status_code == 200
    assert client.get(COLUMNS).status_code == 200
    assert posted(COLUMNS, **FORM).status_code == 403
