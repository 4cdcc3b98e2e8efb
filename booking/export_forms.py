"""The columns of the export to the accounting system, as clerks edit them: read from the form, and put into it."""

from collections.abc import Mapping
from typing import Any

from buchbar.accounts.revisions import Field, Subject, put_in
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking import tariff_areas
from buchbar.booking.tariff_items import VAT
from buchbar.payments.accounting import FIELDS
from buchbar.payments.ledger import DUNNING
from buchbar.payments.rules import ExportColumn, ExportForm, MoneyRules, Posting

MOST = 130  # DATEV's batch of postings has 125
SPARE = 4
LONGEST = 4000  # signs in all lines of accounts
REST = "*"
SEPARATORS = {";": N_("Semikolon"), ",": N_("Komma"), "\t": N_("Tabulator"), "|": N_("senkrechter Strich")}
ENCODINGS = {
    "utf-8-sig": N_("UTF-8 mit Kennung (Excel)"),
    "utf-8": N_("UTF-8 ohne Kennung"),
    "cp1252": N_("Windows-1252"),
    "iso-8859-15": N_("ISO 8859-15"),
}
DECIMALS = {",": N_("Komma: 12,50"), ".": N_("Punkt: 12.50")}
DATES = {"%d.%m.%Y": "31.12.2026", "%Y-%m-%d": "2026-12-31", "%Y%m%d": "20261231", "%d%m%Y": "31122026", "%d%m": "3112"}
# Fields of the form that choose; what a sign means there is its number, for a tabulator can't be posted.
CHOICES: dict[str, list[str]] = {
    "separator": [*SEPARATORS],
    "encoding": [*ENCODINGS],
    "decimal": [*DECIMALS],
    "dates": [*DATES],
}


def _columns_in_words(columns: tuple[ExportColumn, ...]) -> str:
    return "; ".join(f"{each.heading}: {_(FIELDS[each.field][0]) if each.field else each.fixed}" for each in columns)


def _form_in_words(form: ExportForm) -> str:
    headings = _("mit Überschriften") if form.headings else _("ohne Überschriften")
    words = (_(SEPARATORS[form.separator]), _(ENCODINGS[form.encoding]), _(DECIMALS[form.decimal]), DATES[form.dates])
    head = (_("erste Zeile: %s") % form.head,) if form.head else ()
    return "; ".join((*words, headings, *head, *(_posting_line(each) for each in form.postings)))


def _posting_line(posting: Posting) -> str:
    """As it is typed: "halls 19 = 441100; 5200", and "* = 432100" for all else."""
    where = "; ".join(part for part in (posting.account, posting.cost_centre) if part)
    return f"{' '.join(posting.words) or REST} = {where}"


def posting_words() -> list[tuple[str, str]]:
    """The words by which positions are told apart, each with what it means."""
    areas = tariff_areas.known()
    found = {each.name: _(each.title) for each in areas}
    found |= {code: _(words) for each in areas for code, words in each.codes.items()}
    return [*(found | {DUNNING: _("Mahngebühr")} | {key: _(words) for key, words in VAT.items()}).items()]


EXPORT = put_in(
    Subject(
        "money_export",
        MoneyRules,
        lambda rules: _("Export für die Buchhaltung"),
        {
            "export": Field(N_("Spalten"), tuple[ExportColumn, ...], _columns_in_words),
            "export_form": Field(N_("Form der Datei"), ExportForm, _form_in_words),
        },
        right=CASH,
        seen_with=BOOKS,
    )
)


def typed_of(columns: tuple[ExportColumn, ...], form: ExportForm) -> dict[str, str]:
    """Columns and form as they stand in the form's fields."""
    typed = {name: str(allowed.index(getattr(form, name))) for name, allowed in CHOICES.items()}
    if form.headings:
        typed["headings"] = "ja"
    typed["head"] = form.head
    typed["postings"] = "\n".join(_posting_line(each) for each in form.postings)
    for number, column in enumerate(columns, 1):
        typed |= {
            f"place_{number}": str(number),
            f"heading_{number}": column.heading,
            f"field_{number}": column.field,
            f"fixed_{number}": column.fixed,
            f"quoted_{number}": "ja" if column.quoted else "",
        }
    return typed


def rows(typed: Mapping[str, str]) -> range:
    """The numbers of the form's rows: those with something in them, and some to spare."""
    filled = [n for n in range(1, MOST + 1) if typed.get(f"heading_{n}") or typed.get(f"fixed_{n}")]
    return range(1, min(MOST, max(filled, default=0) + SPARE) + 1)


def read(typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the fields of MoneyRules. Raises Invalid."""
    fields: dict[str, forms.Field] = {name: _choice(allowed) for name, allowed in CHOICES.items()}
    fields |= {"postings": _postings, "head": forms.text(LONGEST, required=False)}
    used = [n for n in rows(typed) if any(typed.get(f"{name}_{n}") for name in ("heading", "field", "fixed"))]
    for n in used:
        fields[f"place_{n}"] = forms.whole(1, MOST, required=False)
        fields[f"heading_{n}"] = forms.text(60)
        fields[f"field_{n}"] = forms.one_of("", *FIELDS)
        fields[f"fixed_{n}"] = forms.text(60, required=False)
    values = vars(forms.read(typed, **fields))
    both = {
        f"fixed_{n}": _("Bitte entweder ein Feld wählen oder einen festen Text eintragen, nicht beides.")
        for n in used
        if values[f"field_{n}"] and values[f"fixed_{n}"]
    }
    if both:
        raise Invalid(both)
    if not used:
        raise Invalid({"heading_1": _("Bitte mindestens eine Spalte eintragen.")})
    ordered = sorted(used, key=lambda n: (values[f"place_{n}"] or MOST, n))
    columns = tuple(
        ExportColumn(values[f"heading_{n}"], values[f"field_{n}"], values[f"fixed_{n}"], bool(typed.get(f"quoted_{n}")))
        for n in ordered
    )
    chosen = {name: values[name] for name in CHOICES}
    given = {name: values[name] for name in ("postings", "head")}
    made = ExportForm(**chosen, **given, headings=bool(typed.get("headings")))
    return {"export": columns, "export_form": made}


def _postings(typed: str) -> tuple[Posting, ...]:
    """Accounts, one on each line. Raises ValueError with a sentence."""
    lines = forms.text(LONGEST, required=False, lines=True)(typed).splitlines()
    return tuple(_posting(line) for line in lines if line.strip())


def _posting(line: str) -> Posting:
    words, equals, where = line.partition("=")
    account, _semicolon, cost_centre = (part.strip() for part in where.partition(";"))
    if not equals or not words.strip() or not account:
        raise ValueError(_("„%s“ ist nicht zu lesen. Bitte schreiben Sie: wofür = Konto; Kostenstelle") % line.strip())
    known = {name for name, _meaning in posting_words()}
    if unknown := [word for word in words.split() if word != REST and word not in known]:
        raise ValueError(_("„%s“ kennt Buchbar nicht.") % unknown[0])
    return Posting(tuple(word for word in words.split() if word != REST), account, cost_centre)


def _choice(allowed: list[str]) -> forms.Field:
    """One of some signs, by its number."""
    known = forms.one_of(*(str(number) for number in range(len(allowed))))
    return lambda typed: allowed[int(known(typed))]
