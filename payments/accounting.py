"""The export to the town's accounting system: a CSV file with the columns that the town has chosen.

Every system wants its own columns, so they are data (rules.ExportColumn): a heading, and a field of ours or a fixed
text. ``EXAMPLE`` is a list as such systems often want it; it claims to conform to none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from buchbar.base.money import decimal
from buchbar.base.sheets import FORMULA
from buchbar.base.texts import N_
from buchbar.payments.models import Charge, Payment
from buchbar.payments.rules import ExportColumn, ExportForm, Posting

KINDS = {
    "charge": N_("Forderung"),
    "credit": N_("Gutschrift"),
    "payment": N_("Zahlung"),
    "refund": N_("Erstattung"),
    "reversal": N_("Rückbuchung"),
}
# Kinds and ways as the accounting system reads them: they don't change with anybody's language.
SIGNS = {"charge": "SOLL", "credit": "ABGANG", "payment": "ZAHLUNG", "refund": "ERSTATTUNG", "reversal": "RUECKBUCHUNG"}
WAYS = {
    "stripe": "Online",
    "transfer": "Überweisung",
    "debit": "Lastschrift",
    "cash": "Bar",
    "terminal": "Karte am Schalter",
    "hand": "Von Hand",
}


@dataclass(frozen=True, slots=True)
class Movement:
    """A charge, payment, refund or reversal. ``cents`` below zero is forgiven, or went out. ``at`` is local and naive.

    ``charge`` is the charge itself, or the booking's first, under whose Kassenzeichen its money is booked;
    ``corrected`` is what a credit note corrects. ``postings`` are the town's accounts (posted).
    """

    id: UUID
    kind: str
    at: datetime
    cents: int
    booking_number: str
    event_on: date
    charge: Charge | None = None
    corrected: Charge | None = None
    payment: Payment | None = None
    way: str = ""
    journey: str = ""
    postings: tuple[Posting, ...] = ()

    @property
    def signed(self) -> Charge | None:
        """The charge under whose Kassenzeichen it is booked: a credit note has none of its own."""
        return self.corrected or self.charge

    @property
    def claim(self) -> Charge | None:
        """The charge where the movement is one."""
        return self.charge if self.kind in ("charge", "credit") else None

    def with_vat(self, *keys: str) -> int:
        """What of the charge bears one of these VAT keys, in cents."""
        return sum(item.cents for item in self.claim.items if item.vat in keys) if self.claim else 0

    def posted(self) -> list[Posting]:
        """Where the charge's positions are posted, in their order: each as the town says it with the most words."""
        found = []
        for item in self.charge.items if self.charge else ():
            known = {self.journey, item.code, item.vat}
            fitting = [each for each in self.postings if known.issuperset(each.words)]
            found += [max(fitting, key=lambda each: len(each.words))] if fitting else []
        return found


@dataclass(frozen=True, slots=True)
class Amount:
    """Cents in a cell, so that the town's own sign stands before them."""

    cents: int


Value = str | date | Amount | None
Of = Callable[[Movement], Value]


def _of_charge(name: str) -> Of:
    return lambda each: getattr(each.charge, name) if each.charge else None


def _of_signed(name: str) -> Of:
    return lambda each: getattr(each.signed, name) if each.signed else None


def _vat(each: Movement) -> Value:
    return "+".join(sorted({item.vat for item in each.claim.items})) if each.claim else ""


def _all_of(name: str) -> Of:
    """The accounts or cost centres of all positions, each once: a charge is one row, whatever is on it."""
    return lambda each: "+".join(dict.fromkeys(words for one in each.posted() if (words := getattr(one, name))))


def _debtor(part: int) -> Of:
    """Of who owes it: the names, the street or the place. In the lines of an address the place is last and the street
    before it; one or two lines are only names."""

    def said(each: Movement) -> Value:
        lines = tuple(each.charge.debtor) if each.charge else ()
        names, address = (lines[:-2], lines[-2:]) if len(lines) > 2 else (lines, ("", ""))
        return (", ".join(names), *address)[part]

    return said


def _texts(each: Movement) -> Value:
    return "; ".join(item.label for item in each.claim.items) if each.claim else ""


def _corrected(each: Movement) -> Value:
    return str(each.claim.corrects_id or "") if each.claim else ""


def _stop(each: Movement) -> Value:
    until = each.claim.stopped_until if each.claim else None
    return "J" if until and until >= each.at.date() else "N"


# All that we know of a movement: its name in the mapping, how it is called, and how it is read.
FIELDS: dict[str, tuple[str, Of]] = {
    "kind": (N_("Art (SOLL, ABGANG, ZAHLUNG, ERSTATTUNG, RUECKBUCHUNG)"), lambda each: SIGNS[each.kind]),
    "date": (N_("Datum"), lambda each: each.at.date()),
    "cents": (N_("Betrag"), lambda each: Amount(each.cents)),
    "cents_unsigned": (N_("Betrag ohne Vorzeichen"), lambda each: Amount(abs(each.cents))),
    "side": (N_("Soll oder Haben (S oder H)"), lambda each: "S" if each.cents >= 0 else "H"),
    "sign": (N_("Vorzeichen (+ oder -)"), lambda each: "-" if each.cents < 0 else "+"),
    "kassenzeichen": (N_("Kassenzeichen"), _of_signed("kassenzeichen")),
    "reference": (N_("Zahlungsreferenz (RF)"), _of_signed("reference")),
    "number": (N_("Nummer des Bescheids oder der Rechnung"), _of_charge("number")),
    "due_on": (N_("Fälligkeit"), lambda each: each.claim.due_on if each.claim else None),
    "stop": (N_("Mahnsperre (J oder N)"), _stop),
    "stop_until": (N_("Mahnsperre bis"), lambda each: each.claim.stopped_until if each.claim else None),
    "debtor": (N_("Schuldner: Name"), _debtor(0)),
    "debtor_street": (N_("Schuldner: Straße"), _debtor(1)),
    "debtor_city": (N_("Schuldner: Ort"), _debtor(2)),
    "vat": (N_("Steuerschlüssel, bei mehreren mit +"), _vat),
    "account": (N_("Konto, bei mehreren mit +"), _all_of("account")),
    "cost_centre": (N_("Kostenstelle, bei mehreren mit +"), _all_of("cost_centre")),
    "cents_public": (N_("Betrag hoheitlich"), lambda each: Amount(each.with_vat("hoheitlich"))),
    "cents_free": (N_("Betrag steuerfrei und 0 %"), lambda each: Amount(each.with_vat("frei", "0"))),
    "cents_7": (N_("Betrag mit 7 % (brutto)"), lambda each: Amount(each.with_vat("7"))),
    "cents_19": (N_("Betrag mit 19 % (brutto)"), lambda each: Amount(each.with_vat("19"))),
    "booking": (N_("Buchungsnummer"), lambda each: each.booking_number),
    "event_on": (N_("Tag der Leistung"), lambda each: each.event_on),
    "text": (N_("Positionen"), _texts),
    "way": (N_("Zahlweg"), lambda each: WAYS.get(each.way, each.way)),
    "way_sign": (N_("Zahlweg als Kürzel (cash, transfer, …)"), lambda each: each.way),
    "receipt": (N_("Quittungsnummer"), lambda each: (each.payment.receipt or "") if each.payment else ""),
    "id": (N_("Kennung der Zeile"), lambda each: str(each.id)),
    "charge_id": (N_("Kennung der Forderung"), lambda each: str(each.charge.id) if each.charge else ""),
    "corrects_id": (N_("Kennung der Forderung, die die Gutschrift berichtigt"), _corrected),
    "payment_id": (N_("Kennung der Zahlung"), lambda each: str(each.payment.id) if each.payment else ""),
}

# A layout as imports of municipal accounting systems often have it.
EXAMPLE = (
    ExportColumn("Satzart", "kind"),
    ExportColumn("Mandant", fixed="1"),
    ExportColumn("Kassenzeichen", "kassenzeichen"),
    ExportColumn("Debitor", "debtor"),
    ExportColumn("Strasse", "debtor_street"),
    ExportColumn("Ort", "debtor_city"),
    ExportColumn("Betrag", "cents"),
    ExportColumn("Buchungsdatum", "date"),
    ExportColumn("Faelligkeit", "due_on"),
    ExportColumn("Produktkonto", "account"),
    ExportColumn("Kostenstelle", "cost_centre"),
    ExportColumn("Steuerschluessel", "vat"),
    ExportColumn("Mahnsperre", "stop"),
    ExportColumn("Zahlweg", "way"),
    ExportColumn("Buchungstext", "booking"),
    ExportColumn("Belegnummer", "number"),
    ExportColumn("Externe_ID", "id"),
)

# Where the example's positions are posted, invented: what is for all, for a journey, and for a VAT key in it.
EXAMPLE_POSTINGS = (
    Posting((), "12.2.02.432100", "3200"),
    Posting(("halls",), "42.4.01.441100", "5200"),
    Posting(("halls", "19"), "42.4.01.441119", "5200"),
)


def lines(columns: Sequence[ExportColumn], form: ExportForm, moved: Sequence[Movement]) -> list[list[str]]:
    """The rows as they stand in the file, without the headings."""
    posted = [replace(each, postings=form.postings) for each in moved]
    return [[_cell(column, form, each) for column in columns] for each in posted]


def places(first: date, last: date, now: datetime) -> dict[str, str]:
    """What stands in a file's first line for a period, by the place's name; ``now`` is local."""
    return {
        "{year}": f"{first:%Y}",
        "{first}": f"{first:%Y%m%d}",
        "{last}": f"{last:%Y%m%d}",
        "{now}": f"{now:%Y%m%d%H%M%S}",
    }


def as_csv(
    columns: Sequence[ExportColumn], form: ExportForm, moved: Sequence[Movement], in_head: Mapping[str, str]
) -> bytes:
    """The file, its first line with what stands ``in_head``. A letter that its encoding doesn't have becomes a question
    mark, as accounting systems show it."""
    rows = [_row([(column.heading, False) for column in columns], form)] if form.headings else []
    quoted = [column.quoted for column in columns]
    rows += [_row(zip(cells, quoted, strict=True), form) for cells in lines(columns, form, moved)]
    if form.head:
        head = form.head
        for place, words in in_head.items():
            head = head.replace(place, words)
        rows.insert(0, head)
    return "".join(f"{row}\r\n" for row in rows).encode(form.encoding, errors="replace")


def _row(cells: Iterable[tuple[str, bool]], form: ExportForm) -> str:
    """A line of the file. In quotation marks is what always is, and what would be misread without (RFC 4180)."""
    risky = {form.separator, '"'}
    return form.separator.join(
        '"' + cell.replace('"', '""') + '"' if always or risky.intersection(cell) else cell for cell, always in cells
    )


def _cell(column: ExportColumn, form: ExportForm, each: Movement) -> str:
    if not column.field:
        return column.fixed
    value = FIELDS[column.field][1](each)
    match value:
        case None:
            return ""
        case Amount():
            return decimal(value.cents).replace(",", form.decimal)
        case date():
            return value.strftime(form.dates)
        case _:
            return value if value in ("+", "-") else _harmless(value)


def _harmless(text: str) -> str:
    """On one line; and what somebody typed is no formula, should anybody open the file in a spreadsheet program."""
    one_line = " ".join(text.split())
    return f"'{one_line}" if one_line.startswith(FORMULA) else one_line
