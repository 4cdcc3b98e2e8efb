"""Amounts of money are integer cents. There is one way to round: half up, away from zero, as on paper."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal


def cents(amount: Decimal) -> int:
    """Round an amount in euros to whole cents, half a cent away from zero (DIN 1333)."""
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, percent: int) -> int:
    """``percent`` per cent of an amount in cents, rounded to whole cents."""
    return cents(Decimal(amount) * percent / Decimal(10_000))


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """An amount in cents shared out in proportion to ``weights``, of which none is negative and one at least isn't
    zero. The parts are whole cents and exactly the amount together; of no more than all weights, none is greater than
    its weight."""
    whole, so_far, parts = sum(weights), 0, []
    for weight in weights:
        before = cents(Decimal(amount * so_far) / whole / 100)
        so_far += weight
        parts.append(cents(Decimal(amount * so_far) / whole / 100) - before)
    return parts


def parse_euros(text: str) -> int:
    """Read "12", "12,50", "1.250,00 €" as cents.

    Raises ValueError for anything that isn't an amount, so that nothing is ever read as zero by mistake.
    """
    bare = text.replace("€", "").replace("\u00a0", "").replace(" ", "").strip()
    whole, comma, fraction = bare.partition(",")
    if "." in whole:
        groups = whole.split(".")
        if not all(len(group) == 3 for group in groups[1:]) or not 1 <= len(groups[0]) <= 3:
            raise ValueError(text)
        whole = "".join(groups)
    if not whole.isascii() or not whole.isdigit() or (comma and not (fraction.isdigit() and len(fraction) <= 2)):
        raise ValueError(text)
    return int(whole) * 100 + int(fraction.ljust(2, "0") or "0")


def decimal(amount: int) -> str:
    """An amount in cents as a German spreadsheet reads it: "1250,00"."""
    euros, rest = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{euros},{rest:02d}"
