"""Lists open with a double click in German programs, and nothing in them is run."""

import csv
import io
import json
from datetime import date, datetime, time

import openpyxl
import pytest

from buchbar.base import sheets
from buchbar.base.errors import NotFound
from buchbar.base.sheets import Cents, Sheet, answer, as_csv, as_json, xlsx

COLUMNS = (("name", "Name"), ("fee", "Gebühr"), ("day", "Tag"), ("from", "Von"), ("at", "Am"), ("count", "Zahl"))
# Naive, as spreadsheets have them.
MOMENT = datetime.fromisoformat("2027-05-15T09:45")
MIDNIGHT = datetime.fromisoformat("2027-05-15")
ROW = ("Müller & Yıldız", Cents(123450), date(2027, 5, 15), time(9, 45), MOMENT, 3)
ATTACKS = (
    "=1+1", "+49 5441 1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)",
    '=HYPERLINK("http://evil.example","x")',
)  # fmt: skip


def rows_of(made):
    return list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_csv_is_what_german_programs_open():
    made = as_csv(Sheet("Liste", COLUMNS, [ROW, (None, Cents(-5), None, None, None, None)]))
    assert made.startswith(b"\xef\xbb\xbf") and made.count(b"\r\n") == 3
    assert rows_of(made) == [
        ["Name", "Gebühr", "Tag", "Von", "Am", "Zahl"],
        ["Müller & Yıldız", "1234,50", "15.05.2027", "09:45", "15.05.2027 09:45", "3"],
        ["", "-0,05", "", "", "", ""],
    ]


def test_csv_says_yes_no_and_decimals_in_german():
    made = as_csv(Sheet("Liste", (("a", "A"), ("b", "B"), ("c", "C")), [(True, False, 1.5)]))
    assert rows_of(made)[1] == ["ja", "nein", "1,5"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_cell_is_a_formula(attack):
    sheet = Sheet("Liste", (("a", "A"),), [(attack,)])
    assert rows_of(as_csv(sheet))[1] == [f"'{attack}"]
    cell = openpyxl.load_workbook(io.BytesIO(xlsx(sheet))).active["A2"]
    assert cell.data_type == "s" and cell.hyperlink is None
    assert json.loads(as_json(sheet)) == [{"a": attack}]


def test_what_only_looks_like_csv_is_quoted():
    tricky = 'Anna; "Ben"\nund mehr'
    assert rows_of(as_csv(Sheet("Liste", (("a", "A"),), [(tricky,)])))[1] == [tricky]


def test_a_workbook_has_types_and_headings_that_stay():
    book = openpyxl.load_workbook(io.BytesIO(xlsx(Sheet("Mai/Juni [neu]", COLUMNS, [ROW]), Sheet("", (), []))))
    page = book.worksheets[0]
    assert [each.title for each in book.worksheets] == ["Mai Juni  neu ", "Liste"]
    assert [cell.value for cell in page[1]] == [heading for _key, heading in COLUMNS]
    values = [cell.value for cell in page[2]]
    assert values == ["Müller & Yıldız", 1234.5, MIDNIGHT, time(9, 45), MOMENT, 3]
    assert [cell.number_format for cell in page[2]][1:5] == [
        '#,##0.00 "€"', "dd.mm.yyyy", "hh:mm", "dd.mm.yyyy hh:mm",
    ]  # fmt: skip
    assert page.freeze_panes == "A2" and page.auto_filter.ref == "A1:F2"


def test_json_has_keys_cents_and_iso():
    assert json.loads(as_json(Sheet("Liste", COLUMNS, [ROW]))) == [
        {
            "name": "Müller & Yıldız",
            "fee": 123450,
            "day": "2027-05-15",
            "from": "09:45:00",
            "at": "2027-05-15T09:45:00",
            "count": 3,
        }
    ]


@pytest.mark.parametrize(("form", "kind"), [("xlsx", "spreadsheetml"), ("csv", "text/csv"), ("json", "json")])
def test_an_answer_is_a_file_to_save(form, kind):
    made = answer(form, "liste", Sheet("Liste", COLUMNS, [ROW]))
    assert made.headers["content-disposition"] == f'attachment; filename="liste.{form}"'
    assert kind in str(made.media_type) and made.content


def test_there_are_no_other_files():
    with pytest.raises(NotFound):
        answer("pdf", "liste", Sheet("Liste", COLUMNS, [ROW]))
    assert sheets.xlsx(Sheet("Leer", COLUMNS, []))
