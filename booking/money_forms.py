"""What clerks type about the town's money, read field by field; and the rules as text for the form."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.money import decimal
from buchbar.base.texts import N_, _
from buchbar.payments import iban, kassenzeichen
from buchbar.payments.money_settings import DOCUMENTS, WAYS
from buchbar.payments.rules import DunningLevel, MoneyRules

MOST_LEVELS = 3
LEVEL_FIELDS = {"days": N_("Tage"), "fee": N_("Gebühr"), "pay_days": N_("neue Frist"), "words": N_("Text im Brief")}
Edit = dict[str, Any]


def typed_of(rules: MoneyRules, today: date) -> dict[str, str]:
    """The rules as they stand in the form."""
    typed = {
        name: str(getattr(rules, name))
        for name in ("payee", "bic", "document", "instructions", "due_days", "number_pattern", "sign_pattern")
    }
    typed |= {name: str(getattr(rules, name)) for name in ("sign_check", "counter_hours", "books_years")}
    typed |= {name: iban.readable(getattr(rules, name)) for name in ("iban", "creditor_id")}
    for number, level in enumerate(rules.dunning, 1):
        row = (str(level.days), decimal(level.cents), str(level.pay_days), level.words)
        typed |= {f"{name}_{number}": value for name, value in zip(LEVEL_FIELDS, row, strict=True)}
    return typed | {"ways": ",".join(rules.ways), "valid_from": today.isoformat()}


def read(typed: Mapping[str, str], today: date) -> tuple[Edit, date]:
    """What was typed, and from when it holds. Raises Invalid, with all faults at once."""
    faults: dict[str, str] = {}
    values: Edit = {}
    try:
        values = vars(forms.read(typed, **_fields(today)))
    except Invalid as fault:
        faults |= fault.fields
    levels = _levels(typed, faults)
    if not faults:
        faults |= _missing(values)
    if faults:
        raise Invalid(faults)
    valid_from: date = values.pop("valid_from")
    texts = {name: value.replace("\r\n", "\n") for name, value in values.items() if isinstance(value, str)}
    return values | texts | {"dunning": levels}, valid_from


def _fields(today: date) -> dict[str, forms.Field]:
    return {
        "valid_from": _not_before(today),
        "ways": _ways,
        "payee": forms.text(70, required=False),
        "iban": _or_none(iban.iban),
        "bic": _or_none(_bic),
        "creditor_id": _or_none(iban.creditor_id),
        "counter_hours": forms.text(500, required=False, lines=True),
        "document": forms.one_of(*DOCUMENTS),
        "instructions": _instructions,
        "due_days": forms.whole(0, 180),
        "number_pattern": _or_none(_number_pattern),
        "sign_pattern": forms.text(60, required=False),
        "sign_check": forms.one_of("", *kassenzeichen.CHECKS),
        "books_years": forms.whole(6, 30),
    }


def _missing(values: Edit) -> dict[str, str]:
    """What the one field needs of the others."""
    faults = {}
    by_bank = {"transfer", "debit"} & {*values["ways"]}
    for name in ("payee", "iban"):
        if by_bank and not values[name]:
            faults[name] = _("Für Überweisungen und Lastschriften braucht es Kontoinhaber und IBAN.")
    if "debit" in by_bank and not values["creditor_id"]:
        faults["creditor_id"] = _("Lastschriften darf nur einziehen, wer eine Gläubiger-Identifikationsnummer hat.")
    if "counter" in values["ways"] and not values["counter_hours"]:
        faults["counter_hours"] = _("Bitte sagen Sie, wo und wann am Schalter bezahlt werden kann.")
    pattern, check = values["sign_pattern"], values["sign_check"]
    if fault := kassenzeichen.fault_in(pattern, check) if pattern else "":
        faults["sign_pattern"] = fault
    if check and not pattern:
        faults["sign_check"] = _("Ohne Kassenzeichen gibt es keine Prüfziffer.")
    return faults


def _levels(typed: Mapping[str, str], faults: dict[str, str]) -> tuple[DunningLevel, ...]:
    """The levels of dunning that were filled in; what is wrong with them goes into ``faults``."""
    levels: list[DunningLevel] = []
    fields: dict[str, forms.Field] = {
        "days": forms.whole(1, 365),
        "fee": forms.euros,
        "pay_days": forms.whole(1, 90),
        "words": forms.text(1000, required=False, lines=True),
    }
    for number in range(1, MOST_LEVELS + 1):
        row = {name: typed.get(f"{name}_{number}", "").strip() for name in LEVEL_FIELDS}
        if not any(row.values()):
            continue
        if len(levels) < number - 1:
            faults.setdefault(f"days_{number}", _("Bitte füllen Sie zuerst die Stufe davor aus."))
        try:
            read = forms.read({"fee": "0"} | {name: text for name, text in row.items() if text}, **fields)
            levels.append(DunningLevel(read.days, read.fee, read.words.replace("\r\n", "\n"), read.pay_days))
        except Invalid as fault:
            faults |= {f"{name}_{number}": sentence for name, sentence in fault.fields.items()}
    return tuple(levels)


def _or_none(field: forms.Field) -> forms.Field:
    """The field, or nothing when it is left empty."""
    return lambda typed: field(typed) if typed else ""


def _ways(typed: str) -> tuple[str, ...]:
    ways = tuple(each for each in WAYS if each in typed.split(","))
    if not ways:
        raise ValueError(_("Bitte wählen Sie, wie bezahlt werden kann."))
    return ways


def _bic(typed: str) -> str:
    given = typed.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", given):
        raise ValueError(_("Bitte eine BIC wie COBADEFFXXX eingeben."))
    return given


def _instructions(typed: str) -> str:
    said = str(forms.text(3000, required=False, lines=True)(typed))
    if "…" in said:
        raise ValueError(_("Bitte setzen Sie ein, was noch fehlt, wo jetzt … in Klammern steht."))
    return said


def _number_pattern(typed: str) -> str:
    if fault := kassenzeichen.fault_in_number(typed):
        raise ValueError(fault)
    return typed


def _not_before(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed)
        if day < today:
            raise ValueError(_("Eine Änderung gilt frühestens ab heute."))
        return day

    return convert
