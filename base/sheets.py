"""Lists to take along: XLSX, CSV and JSON from the same rows.

CSV is what German spreadsheet programs open with a double click: semicolons, UTF-8 with its mark, decimal commas
(RFC 4180 otherwise). A cell that a program would take for a formula is made text.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.money import decimal
from buchbar.base.web import Response

# What begins a formula somewhere, also in full-width signs (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class Cents:
    """An amount of money in a cell."""

    cents: int


# Moments in cells are local and naive: spreadsheets know no zones.
Cell = str | int | float | bool | None | date | datetime | time | Cents


@dataclass(frozen=True, slots=True)
class Sheet:
    """A named list: its columns as (key for machines, heading for people), and its rows."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


def answer(form: str, name: str, *sheets: Sheet) -> Response[bytes]:
    """A list as a file to save. ``form`` is "xlsx", "csv" or "json" (of the last two: the first sheet only); ``name``
    is ASCII, without an ending. Raises NotFound for other forms."""
    makers = {"xlsx": lambda: xlsx(*sheets), "csv": lambda: as_csv(sheets[0]), "json": lambda: as_json(sheets[0])}
    kinds = {
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "csv": "text/csv; charset=utf-8",
        "json": "application/json",
    }
    if form not in makers:
        raise NotFound
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(makers[form](), media_type=kinds[form], headers=headers)


def xlsx(*sheets: Sheet) -> bytes:
    """A workbook: headings that stay in sight, a filter, columns as wide as what is in them."""
    into = io.BytesIO()
    book = xlsxwriter.Workbook(into, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    formats = {
        datetime: book.add_format({"num_format": "dd.mm.yyyy hh:mm"}),
        date: book.add_format({"num_format": "dd.mm.yyyy"}),
        time: book.add_format({"num_format": "hh:mm"}),
        Cents: book.add_format({"num_format": '#,##0.00 "€"'}),
    }
    bold = book.add_format({"bold": True, "bottom": 1})
    for sheet in sheets:
        page = book.add_worksheet(_title(sheet.title))
        for column, (_key, heading) in enumerate(sheet.columns):
            page.write_string(0, column, heading, bold)
            lengths = [len(_text(row[column])) for row in sheet.rows]
            page.set_column(column, column, min(50, max([len(heading), *lengths]) + 2))
        for number, row in enumerate(sheet.rows, 1):
            for column, cell in enumerate(row):
                value = cell.cents / 100 if isinstance(cell, Cents) else cell
                page.write(number, column, value, formats.get(type(cell)))
        page.freeze_panes(1, 0)
        if sheet.columns:
            page.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    book.close()
    return into.getvalue()


def as_csv(sheet: Sheet) -> bytes:
    """The list as CSV."""
    into = io.StringIO(newline="")
    writer = csv.writer(into, delimiter=";", lineterminator="\r\n")
    writer.writerow(heading for _key, heading in sheet.columns)
    for row in sheet.rows:
        writer.writerow(_harmless(cell) for cell in row)
    return into.getvalue().encode("utf-8-sig")


def as_json(sheet: Sheet) -> bytes:
    """The list as JSON: one object a row, by the keys; amounts in cents, moments as ISO 8601."""
    keys = [key for key, _heading in sheet.columns]
    rows = [dict(zip(keys, map(_plain, row), strict=True)) for row in sheet.rows]
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()


def _harmless(cell: Cell) -> str:
    text = _text(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(FORMULA) else text


def _text(cell: Cell) -> str:
    """A cell as a German reader writes it."""
    match cell:
        case None:
            return ""
        case bool():
            return texts._("ja") if cell else texts._("nein")
        case float():
            return str(cell).replace(".", ",")
        case Cents():
            return decimal(cell.cents)
        case datetime():
            return cell.strftime("%d.%m.%Y %H:%M")
        case date():
            return cell.strftime("%d.%m.%Y")
        case time():
            return cell.strftime("%H:%M")
        case _:
            return str(cell)


def _plain(cell: Cell) -> Any:
    if isinstance(cell, Cents):
        return cell.cents
    return cell.isoformat() if isinstance(cell, date | time) else cell


def _title(title: str) -> str:
    """A worksheet's name: at most 31 characters, some are not allowed."""
    return "".join(" " if letter in "[]:*?/\\'" else letter for letter in title)[:31] or "Liste"
