"""The month's statement in words and amounts: for the page, the spreadsheet, and the document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.sheets import Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.booking.history import METHODS
from buchbar.payments.accounting import KINDS, Movement
from buchbar.payments.books import OTHER_WAY, Statement

WAYS = METHODS | {OTHER_WAY: N_("auf anderem Weg")}


@dataclass(frozen=True, slots=True)
class Row:
    """An amount in cents with its words; ``sum`` marks a balance."""

    words: str
    cents: int
    sum: bool = False


def rows(month: Statement) -> list[Row]:
    """From the balance at the beginning, by what moved, to the balance at the end; what that one consists of."""
    moved = month.moved
    return [
        Row(_("Stand am Anfang: noch zu zahlen"), month.opening, sum=True),
        Row(_("Neu berechnet"), moved.charged),
        Row(_("Gutgeschrieben"), -moved.credited),
        *_by_way(_("Eingegangen: %s"), moved.received, -1),
        *_by_way(_("Erstattet: %s"), moved.returned, 1),
        *_by_way(_("Zurückgebucht: %s"), moved.reversed, 1),
        Row(_("Stand am Ende: noch zu zahlen"), month.closing, sum=True),
        Row(_("davon offen"), month.open),
        Row(_("davon zu viel gezahlt und noch zu erstatten"), -month.surplus),
    ]


def sheet(month: Statement) -> Sheet:
    """The statement for a spreadsheet."""
    columns = (("what", _("Was")), ("amount", _("Betrag")))
    return Sheet(
        _("Abschluss %s") % month.first.strftime("%m-%Y"), columns, [(r.words, Cents(r.cents)) for r in rows(month)]
    )


def movements_sheet(moved: Sequence[Movement]) -> Sheet:
    """Each movement of the month for a spreadsheet."""
    columns = (
        ("at", _("Zeitpunkt")),
        ("kind", _("Art")),
        ("amount", _("Betrag")),
        ("way", _("Zahlweg")),
        ("booking", _("Buchung")),
        ("kassenzeichen", _("Kassenzeichen")),
        ("reference", _("Zahlungsreferenz")),
        ("number", _("Beleg")),
        ("receipt", _("Quittung")),
    )
    return Sheet(_("Bewegungen"), columns, [_cells(each) for each in moved])


def document(town: Municipality, month: Statement, now: datetime) -> dict[str, Any]:
    """What the PDF says."""
    return {
        "title": _("Monatsabschluss %s") % texts.month(month.first),
        "office": f"{town.name}, {town.office}",
        "made": _("erstellt am %s") % texts.moment(now, town.zone),
        "head": [_("Was"), _("Betrag")],
        "rows": [{"words": row.words, "amount": texts.euros(row.cents), "sum": row.sum} for row in rows(month)],
        "verdict": verdict(month),
        "note": note(),
    }


def verdict(month: Statement) -> str:
    """Whether it adds up, in a sentence."""
    if month.adds_up:
        return _("Der Stand am Ende ist, was die Konten aller Buchungen zusammen ergeben.")
    counted = texts.euros(month.open - month.surplus)
    return _("Der Abschluss geht nicht auf: Die Konten aller Buchungen ergeben zusammen %s.") % counted


def note() -> str:
    """How to read it."""
    return _(
        "Was eingegangen ist, mindert den Stand; was erstattet oder zurückgebucht wurde, erhöht ihn. Es zählt der Tag, "
        "an dem das Geld kam oder ging. Ein Stand unter null heißt: Es ist mehr zu erstatten, als noch zu zahlen ist."
    )


def _by_way(words: str, by_way: dict[str, int], sign: int) -> list[Row]:
    """A row for each way, in the order in which they are always named."""
    return [Row(words % _(name), sign * by_way[way]) for way, name in WAYS.items() if way in by_way]


def _cells(each: Movement) -> tuple[Any, ...]:
    charge, signed, payment = each.charge, each.signed, each.payment
    return (
        each.at,
        _(KINDS[each.kind]),
        Cents(each.cents),
        _(WAYS[each.way]) if each.way else "",
        each.booking_number,
        (signed.kassenzeichen or "") if signed else "",
        signed.reference if signed else "",
        charge.number if each.claim and charge else "",
        (payment.receipt or "") if payment else "",
    )
