"""The Kassenzeichen: by which a payment is recognised, in the till, on paper and in a bank's statement.

It is a creditor reference (ISO 11649): "RF", two check digits, and at most 21 letters and digits of our own. Banks and
programs refuse one with a typing error in it.
"""

import re

_SHAPE = re.compile(r"RF\d{2}[0-9A-Z]{1,21}")


def reference(number: str, ordinal: int) -> str:
    """The reference of a booking's charge: its number without hyphens, and which of its charges this is, from 1 on.
    ValueError for a number that has no room in it."""
    own = f"{bare(number)}{ordinal:02d}"
    if not _SHAPE.fullmatch(f"RF00{own}"):
        raise ValueError(f"{number!r} makes no creditor reference")
    return f"RF{98 - _remainder(f'{own}RF00'):02d}{own}"


def bare(typed: str) -> str:
    """What somebody typed, without blanks and hyphens, in capitals."""
    return "".join(sign for sign in typed if sign.isascii() and sign.isalnum()).upper()


def genuine(typed: str) -> bool:
    """Whether something, with or without blanks, is a creditor reference without a typing error."""
    given = bare(typed)
    return bool(_SHAPE.fullmatch(given)) and _remainder(given[4:] + given[:4]) == 1


def grouped(given: str) -> str:
    """As people read it: "RF18 HZ7K 3M9Q XB01"."""
    return " ".join(given[start : start + 4] for start in range(0, len(given), 4))


def _remainder(signs: str) -> int:
    """Modulo 97, where a letter counts as two digits, A as 10 (ISO 7064)."""
    return int("".join(str(int(sign, 36)) for sign in signs)) % 97
