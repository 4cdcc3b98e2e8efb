"""Text that somebody typed becomes values, field by field; every fault gets its sentence at once.

A field is a function from text to a value that raises ``ValueError(sentence)``. Forms list their fields::

    values = read(form, names=text(120), guests=whole(0, 200), email=address)
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from buchbar.base.errors import Invalid
from buchbar.base.money import parse_euros
from buchbar.base.texts import _

Field = Callable[[str], Any]
# Dates that mean something here. Beyond them, days can't be added everywhere (datetime ends with the year 9999).
YEARS = range(2000, 2100)


def read(form: Mapping[str, str], **fields: Field) -> SimpleNamespace:
    """Convert the named fields. Raises Invalid with a sentence per faulty field and all that was typed."""
    values: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, convert in fields.items():
        try:
            values[name] = convert((form.get(name) or "").strip())
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise Invalid(faults, {name: form.get(name, "") for name in fields})
    return SimpleNamespace(**values)


def text(longest: int, *, required: bool = True, lines: bool = False) -> Field:
    """Words, at most ``longest`` characters; control characters are refused."""

    def convert(typed: str) -> str:
        if required and not typed:
            raise ValueError(_("Bitte füllen Sie dieses Feld aus."))
        if len(typed) > longest:
            raise ValueError(_("Bitte höchstens %d Zeichen.") % longest)
        if any(ord(sign) < 32 and not (lines and sign in "\r\n\t") for sign in typed):
            raise ValueError(_("Bitte nur Buchstaben, Zahlen und Satzzeichen verwenden."))
        return typed

    return convert


def whole(low: int, high: int, *, required: bool = True) -> Field:
    """A whole number from ``low`` to ``high``; None when it may be left empty and is."""

    def convert(typed: str) -> int | None:
        if not typed and not required:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", typed) or not low <= int(typed) <= high:
            raise ValueError(_("Bitte eine ganze Zahl von %(low)d bis %(high)d.") % {"low": low, "high": high})
        return int(typed)

    return convert


def euros(typed: str) -> int:
    """An amount in euros, as cents."""
    try:
        return parse_euros(typed)
    except ValueError:
        raise ValueError(_("Bitte einen Betrag wie 12,50 eingeben.")) from None


def day(typed: str) -> date:
    """A date of this century, as browsers send it (2027-05-15) or people type it (15.5.2027, 15/05/2027)."""
    try:
        match = re.fullmatch(r"(\d{1,2})[./]\s?(\d{1,2})[./]\s?(\d{4})", typed)
        read = date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(typed)
    except ValueError:
        raise ValueError(_("Bitte ein Datum wie 15.05.2027 eingeben.")) from None
    if read.year not in YEARS:
        raise ValueError(_("Bitte ein Datum in den nächsten Jahren eingeben."))
    return read


def optional(field: Field) -> Field:
    """The field, or None when it is left empty."""
    return lambda typed: field(typed) if typed else None


def minute(typed: str) -> int:
    """A time of day such as 18:30, as minutes since midnight; 24:00 is the day's end."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", typed)
    if not match or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > 1440:
        raise ValueError(_("Bitte eine Uhrzeit wie 18:30 eingeben."))
    return int(match[1]) * 60 + int(match[2])


def address(typed: str) -> str:
    """An e-mail address, lower-cased in its domain. The proof is the mail that arrives, not a pattern."""
    sign = r"[^@\s,;<>()\"\\\x00-\x1f\x7f]"
    if len(typed) > 254 or not re.fullmatch(rf"{sign}+@{sign}+\.(?:(?!\.){sign}){{2,}}", typed):
        raise ValueError(_("Bitte eine E-Mail-Adresse wie name@beispiel.de eingeben."))
    local, _at, domain = typed.rpartition("@")
    return f"{local}@{domain.lower()}"


def phone(typed: str) -> str:
    """A telephone number, as people write them; may be left empty."""
    if typed and not re.fullmatch(r"[+0-9][0-9 /()\-]{4,24}", typed):
        raise ValueError(_("Bitte eine Telefonnummer wie 05441 909-0 eingeben."))
    return typed


def one_of(*allowed: str) -> Field:
    """One of the choices; anything else, also nothing, is a fault."""

    def convert(typed: str) -> str:
        if typed not in allowed:
            raise ValueError(_("Bitte wählen Sie eine der Möglichkeiten."))
        return typed

    return convert


def yes_or_no(typed: str) -> bool:
    """A question that must be answered, by "ja" or "nein"."""
    return str(one_of("ja", "nein")(typed)) == "ja"


def ticked(typed: str) -> bool:
    """A box that may be ticked."""
    return bool(typed)


def must_tick(typed: str) -> bool:
    """A box that has to be ticked."""
    if not typed:
        raise ValueError(_("Bitte bestätigen Sie dies."))
    return True


def once(typed: str) -> UUID:
    """The name that a page gave beforehand to what its form makes, so that clicking twice makes one."""
    try:
        return UUID(typed)
    except ValueError:
        return uuid4()
