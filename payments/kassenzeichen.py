"""A town's own sign for what is owed (Kassenzeichen), made by the town's pattern, with its check digit.

A pattern is text with places to fill in: "5{year}{serial:06}{check}", "BU-{booking}-{ordinal:02}{check}". A number
after the colon fills up with zeros. Each town's accounting system wants another one, so it is data; that no two charges
of a town get the same sign is seen to by a constraint (models.Charge). Documents get their numbers like this, too.
"""

import re
from collections.abc import Callable, Mapping

from buchbar.base.texts import N_, _
from buchbar.payments.reference import bare

# A purpose of at most 27 letters, digits, blanks and hyphens is what XBezahldienste 1.0.0 and ePayBL can carry.
LONGEST = 27
# What is shorter, without a check digit, stands in free text by chance: as a date, or a piece of another number.
_TOLD_APART = 9
# What a pattern can have filled in, and how it is said to clerks.
PLACES = {
    "year": N_("das Jahr, vierstellig"),
    "serial": N_("die laufende Nummer im Jahr, ohne Lücken"),
    "booking": N_("die Buchungsnummer, ohne Bindestriche"),
    "ordinal": N_("der wievielte Bescheid zu dieser Buchung es ist"),
    "check": N_("die Prüfziffer, immer am Ende"),
}
# The longest that each place becomes: a year's serial has no more than six digits.
_WIDTHS = {"year": 4, "serial": 6, "booking": 10, "ordinal": 2}
_PLACE = re.compile(r"\{(\w+)(?::0(\d))?\}")
_FIXED = re.compile(r"[A-Za-z0-9-]*")


def luhn(signs: str) -> str:
    """One digit by modulo 10, with the weights 2 and 1 from the right (the Bundesbank's method 00)."""
    total = 0
    for position, digit in enumerate(reversed(_digits(signs))):
        weighed = digit * (1 if position % 2 else 2)
        total += weighed // 10 + weighed % 10
    return str(-total % 10)


def mod11(signs: str) -> str:
    """One digit by modulo 11, with the weights 2 to 7 from the right; where there would be ten, it is 0 (the
    Bundesbank's method 06)."""
    total = sum(digit * (2 + position % 6) for position, digit in enumerate(reversed(_digits(signs))))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)


def mod97(signs: str) -> str:
    """Two digits (ISO 7064, MOD 97-10): all of it, read as a number, leaves 1 when divided by 97."""
    whole = int("".join(str(digit) for digit in _digits(signs)) or "0")
    return f"{98 - whole * 100 % 97:02d}"


def _digits(signs: str) -> list[int]:
    """Letters count as two digits each, A as 10; hyphens don't count."""
    return [int(digit) for sign in bare(signs) for digit in str(int(sign, 36))]


CHECKS: Mapping[str, Callable[[str], str]] = {"luhn": luhn, "mod11": mod11, "mod97": mod97}
CHECK_WORDS = {
    "": N_("Keine Prüfziffer"),
    "luhn": N_("Modulo 10 (Luhn), eine Ziffer"),
    "mod11": N_("Modulo 11, Gewichte 2 bis 7, eine Ziffer"),
    "mod97": N_("Modulo 97 (ISO 7064), zwei Ziffern"),
}


def sign(pattern: str, check: str = "", *, year: int = 0, serial: int = 0, booking: str = "", ordinal: int = 0) -> str:
    """What a pattern makes of a charge. The check digit is worked out of all that stands before it."""
    numbers = {"year": year, "serial": serial, "ordinal": ordinal}

    def filled(place: re.Match[str]) -> str:
        return bare(booking) if place[1] == "booking" else f"{numbers[place[1]]:0{place[2] or 1}d}"

    made = _PLACE.sub(filled, pattern.removesuffix("{check}"))
    return made + CHECKS[check](made) if pattern.endswith("{check}") else made


def places(pattern: str) -> set[str]:
    """Which places a pattern has."""
    return {found[1] for found in _PLACE.finditer(pattern)}


def fault_in(pattern: str, check: str = "") -> str:
    """What is wrong with a pattern for Kassenzeichen, in a sentence; empty if nothing is."""
    has = places(pattern)
    if fault := _not_readable(pattern):
        return fault
    if "check" in has and not check:
        return _("Bitte wählen Sie, wie die Prüfziffer gerechnet wird, oder lassen Sie {check} weg.")
    if check and not pattern.endswith("{check}"):
        return _("Die Prüfziffer {check} muss am Ende stehen.")
    if pattern.count("{check}") > 1:
        return _("Die Prüfziffer {check} darf nur einmal vorkommen.")
    by_serial, by_booking = {"year", "serial"} <= has, {"booking", "ordinal"} <= has
    if by_serial == by_booking or "serial" in has and by_booking:
        return _(
            "Damit kein Zeichen zweimal vorkommt, braucht es entweder {year} und {serial} oder {booking} und {ordinal}."
        )
    if not check and _shortest(pattern) < _TOLD_APART:
        return (
            _(
                "Ohne Prüfziffer braucht es mindestens %d Zeichen, sonst wird im Kontoauszug ein Datum dafür gehalten. "
                "Füllen Sie die laufende Nummer mit Nullen auf, zum Beispiel {serial:06}."
            )
            % _TOLD_APART
        )
    return _too_long(pattern, check)


def fault_in_number(pattern: str) -> str:
    """What is wrong with a pattern for documents' numbers, in a sentence; empty if nothing is."""
    if fault := _not_readable(pattern):
        return fault
    if places(pattern) != {"year", "serial"}:
        return _("Eine Nummer besteht aus {year} und {serial}, und was Sie davor, dazwischen und danach schreiben.")
    return _too_long(pattern, "")


def _not_readable(pattern: str) -> str:
    unknown = sorted(places(pattern) - {*PLACES})
    if unknown:
        names = {"unknown": "{" + unknown[0] + "}", "known": ", ".join("{" + name + "}" for name in PLACES)}
        return _("%(unknown)s kennt Buchbar nicht, nur %(known)s.") % names
    if not _FIXED.fullmatch(_PLACE.sub("", pattern)):
        return _("Außer {year}, {serial} und so weiter sind nur Buchstaben ohne Umlaute, Ziffern und - erlaubt.")
    return ""


def _shortest(pattern: str) -> int:
    """The fewest letters and digits that it makes."""
    filled = (
        _WIDTHS[place[1]] if place[1] in ("year", "booking") else int(place[2] or 1)
        for place in _PLACE.finditer(pattern)
    )
    return len(bare(_PLACE.sub("", pattern))) + sum(filled)


def _too_long(pattern: str, check: str) -> str:
    digits = {"": 0, "luhn": 1, "mod11": 1, "mod97": 2}[check]
    widest = sum(
        digits if place[1] == "check" else max(_WIDTHS[place[1]], 0 if place[1] == "booking" else int(place[2] or 0))
        for place in _PLACE.finditer(pattern)
    )
    length = len(_PLACE.sub("", pattern)) + widest
    if length > LONGEST:
        words = {"length": length, "longest": LONGEST}
        return _("Das würde bis zu %(length)d Zeichen lang; höchstens %(longest)d sind möglich.") % words
    return ""
