"""A closed day of the till, as a list to take along and as a page for the files."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.sheets import Cell, Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.calendar.walls import local, local_date
from buchbar.payments.cash_book import CashDay
from buchbar.payments.till import Move, Till

KINDS = {
    "taken": N_("Einnahme"),
    "undone": N_("Zurückgenommen"),
    "paid_out": N_("Auszahlung"),
    "moved": N_("Ohne Buchung"),
}
TO_BANK, PUT_IN = N_("Zur Bank gebracht"), N_("Wechselgeld eingelegt")
Numbers = Mapping[UUID | None, str]


def as_sheet(town: Municipality, day: CashDay, held: Till, numbers: Numbers) -> Sheet:
    """Every move of the day, the till's first, with what was in it before and after."""
    columns = [
        ("at", _("Wann")),
        ("where", _("Wo")),
        ("kind", _("Was")),
        ("words", _("Quittung oder Grund")),
        ("booking", _("Buchung")),
        ("by", _("Wer")),
        ("cents", _("Betrag")),
        ("left", _("Kassenstand")),
    ]
    left = held.opening
    rows: list[list[Cell]] = [[None, _("Kasse"), _("Anfangsbestand"), "", "", "", Cents(0), Cents(left)]]
    for move in held.cash:
        left += move.cents
        rows.append([*_cells(town, move, _("Kasse"), numbers), Cents(left)])
    rows += [[*_cells(town, move, _("Terminal"), numbers), None] for move in held.card]
    at = local(day.closed_at, town.zone).replace(tzinfo=None)
    difference = Cents(day.counted - day.expected)
    rows.append([at, _("Kasse"), _("Gezählt"), day.note, "", day.closed_by, difference, Cents(day.counted)])
    return Sheet(_("Kassenbuch %s") % day.day.isoformat(), columns, rows)


def _cells(town: Municipality, move: Move, where: str, numbers: Numbers) -> list[Cell]:
    at = local(move.at, town.zone).replace(tzinfo=None)
    number = numbers.get(move.booking_id, "")
    return [at, where, _(_kind(move)), move.words or "", number, move.by, Cents(move.cents)]


def as_document(town: Municipality, day: CashDay, held: Till, numbers: Numbers) -> dict[str, Any]:
    """What the document's template needs. Where a day was closed only on another, every time has its date."""
    several = any(local_date(move.at, town.zone) != day.day for move in (*held.cash, *held.card))

    def told(move: Move) -> list[str]:
        kind = "" if move.kind == "moved" else _(KINDS[move.kind])  # its reason says what it is
        what = ", ".join(words for words in (kind, move.words, numbers.get(move.booking_id, "")) if words)
        date = f"{texts.day(local_date(move.at, town.zone), 'short')} " if several else ""
        return [date + texts.clock(move.at, town.zone), what, move.by, texts.euros(move.cents)]

    sums = [
        [_("Anfangsbestand"), texts.euros(held.opening)],
        *([_(words), texts.euros(cents)] for words, cents in _by_kind(held).items()),
        [_("Sollbestand"), texts.euros(day.expected)],
        [_("Gezählt"), texts.euros(day.counted)],
        [_("Unterschied"), texts.euros(day.counted - day.expected)],
    ]
    closed = {"by": day.closed_by, "at": texts.moment(day.closed_at, town.zone)}
    return {
        "title": _("Kassenbuch, Abschluss Nr. %d") % day.serial,
        "sender": f"{town.name}, {town.office}",
        "when": texts.day(day.day),
        "sums": sums,
        "note": day.note,
        "note_label": _("Bemerkung"),
        "head": [_("Wann"), _("Was"), _("Wer"), _("Betrag")],
        "cash_title": _("Bar"),
        "cash": [told(move) for move in held.cash],
        "card_title": _("Mit Karte am Terminal, zusammen %s") % texts.euros(held.by_card),
        "card": [told(move) for move in held.card],
        "empty": _("Nichts bewegt."),
        "closed": _("Abgeschlossen von %(by)s, %(at)s") % closed,
        "signatures": [_("Kasse"), _("Geprüft")],
    }


def _by_kind(held: Till) -> dict[str, int]:
    sums: dict[str, int] = {}
    for move in held.cash:
        words = _kind(move)
        sums[words] = sums.get(words, 0) + move.cents
    return sums


def _kind(move: Move) -> str:
    """What it was; without a booking, which way the money went: what takes such a move back counts with that one."""
    if move.kind != "moved":
        return KINDS[move.kind]
    return TO_BANK if (move.cents < 0) != (move.takes_back_id is not None) else PUT_IN
