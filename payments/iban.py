"""Account numbers (IBAN, ISO 13616) and creditor identifiers (EPC262-08): checked before anybody sends money by them.

Both bear two check digits (ISO 7064, modulo 97). ``iban`` and ``creditor_id`` are fields for base/forms.py.
"""

import re

from sqlalchemy.orm import Session

from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.texts import _
from buchbar.payments.reference import bare, grouped

PURPOSE = "iban"
# SEPA, but not the EEA: the banks there want to know where somebody lives.
OUTSIDE_EEA = frozenset({"AD", "AL", "CH", "GB", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "VA"})
# How long an IBAN is, for each country that takes part in SEPA (EPC409-09).
_LENGTHS = {
    "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
    "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22,
    "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19,
    "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24,
    "SM": 27, "VA": 22,
}  # fmt: skip
# A German creditor identifier has 18 signs; others have up to 35.
_CREDITOR = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
_GERMAN_CREDITOR = re.compile(r"DE\d{2}[A-Z0-9]{3}0\d{10}")


def iban(typed: str) -> str:
    """An account number as it is sent: without blanks, in capitals. ValueError with a sentence that says what is
    wrong."""
    given = bare(typed)
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]+", given) or _has_strange_signs(typed):
        raise ValueError(_("Bitte eine IBAN wie DE89 3704 0044 0532 0130 00 eingeben."))
    length = _LENGTHS.get(given[:2])
    if length is None:
        raise ValueError(_("Bitte ein Konto in einem Land des SEPA-Raums angeben."))
    if len(given) != length:
        raise ValueError(
            _("Diese IBAN hat %(given)d Zeichen; es müssen %(length)d sein.") % {"given": len(given), "length": length}
        )
    if _remainder(given[4:] + given[:4]) != 1:
        raise ValueError(_("Diese IBAN enthält einen Tippfehler: Die Prüfziffer stimmt nicht."))
    return given


def creditor_id(typed: str) -> str:
    """A creditor identifier as it is sent. Its business code (the fifth to the seventh sign) doesn't count for the
    check digits. ValueError with a sentence."""
    given = bare(typed)
    shape = _GERMAN_CREDITOR if given.startswith("DE") else _CREDITOR
    if not shape.fullmatch(given) or _has_strange_signs(typed):
        raise ValueError(_("Bitte eine Gläubiger-Identifikationsnummer wie DE98 ZZZ0 9999 9999 99 eingeben."))
    if _remainder(given[7:] + given[:4]) != 1:
        raise ValueError(_("Diese Gläubiger-Identifikationsnummer enthält einen Tippfehler."))
    return given


def readable(given: str) -> str:
    """An account number or a creditor identifier in groups of four, as people read it."""
    return grouped(given)


def masked(end: str) -> str:
    """An account number of which only the last four signs may be shown."""
    return f"•••• {end}"


def _has_strange_signs(typed: str) -> bool:
    """Whether there is anything but letters, digits and what people group them with."""
    return any(not (sign.isascii() and sign.isalnum()) and sign not in " \u00a0-." for sign in typed)


def _remainder(signs: str) -> int:
    """Modulo 97, where a letter counts as two digits, A as 10."""
    return int("".join(str(int(sign, 36)) for sign in signs)) % 97


def sealed(session: Session, number: str) -> str:
    """An account number as it is kept: only this installation reads it."""
    return seal(session.info["settings"].secret, PURPOSE, number)


def unsealed(session: Session, kept: str) -> str:
    """An account number that was sealed; empty where there is none, or where it can't be read any more."""
    try:
        return unseal(session.info["settings"].secret, PURPOSE, kept) if kept else ""
    except Unreadable:
        return ""
