"""What a clerk types into the one field of the search: words, a date, a number, a Kassenzeichen, a telephone number."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from buchbar.accounts.models import Municipality
from buchbar.booking import journeys
from buchbar.booking.models import Booking
from buchbar.calendar.months import month_end
from buchbar.calendar.walls import days_span
from buchbar.payments.models import Charge
from buchbar.payments.reference import bare

MOST_WORDS = 8
_MONTHS = {
    1: "januar|jänner|jan|january", 2: "februar|feb|february", 3: "märz|maerz|mär|mrz|march|mar", 4: "april|apr",
    5: "mai|may", 6: "juni|jun|june", 7: "juli|jul|july", 8: "august|aug", 9: "september|sep|sept",
    10: "oktober|okt|october|oct", 11: "november|nov", 12: "dezember|dez|december|dec",
}  # fmt: skip
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split("|")}
_NAMED = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_DATES = (
    re.compile(r"(?<![\w.-])(?P<d>\d{1,2})[./] ?(?P<m>\d{1,2})[./] ?(?P<y>20\d\d|\d\d)(?![\w.])"),
    re.compile(rf"(?<![\w.-])(?P<d>\d{{1,2}})\.? (?P<name>{_NAMED})\.? (?P<y>20\d\d|\d\d)(?!\w)", re.I),
    re.compile(r"(?<![\w.-])(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?![\w-])"),
    re.compile(rf"(?<![\w.-])(?P<name>{_NAMED})\.? (?P<y>20\d\d)(?!\w)", re.I),
    re.compile(r"(?<![\w.-])(?P<y>20\d\d)-(?P<m>\d\d)(?![\w-])"),
    re.compile(r"(?<![\w./-])(?P<m>\d{1,2})[./](?P<y>20\d\d)(?!\w)"),
    re.compile(r"(?<![\w./+-])(?P<y>20\d\d)(?![\w./-])"),
)
# As people write telephone numbers; what is shorter is part of a booking's number or of nothing.
SHORTEST_PHONE = 7
_SIGN = 6  # a part of a town's own Kassenzeichen; what is shorter is a year, or in too many of them
_PHONE = re.compile(r"[+0-9][0-9 /()\-]{4,24}")


@dataclass(frozen=True, slots=True)
class Sought:
    """``days``: the first and the last day that the text names. ``words`` are what is left of it."""

    words: tuple[str, ...] = ()
    days: tuple[date, date] | None = None


def read(typed: str) -> Sought:
    """ "Müller Mai 2027" is a word and a month. A day, a month or a year is one; what can't be a date is words.

    "0821 2034 55" is a telephone number, though 2034 could be a year.
    """
    if _is_phone(typed.strip()):
        return Sought(tuple(typed.split()[:MOST_WORDS]))
    for pattern in _DATES:
        for match in pattern.finditer(typed):
            if days := _days(match.groupdict()):
                rest = f"{typed[: match.start()]} {typed[match.end() :]}"
                return Sought(tuple(rest.split()[:MOST_WORDS]), days)
    return Sought(tuple(typed.split()[:MOST_WORDS]))


def _is_phone(typed: str) -> bool:
    """Whether the whole text is a telephone number, and long enough to be one; a date written out isn't."""
    long_enough = sum(sign.isdigit() for sign in typed) >= SHORTEST_PHONE
    return long_enough and bool(_PHONE.fullmatch(typed)) and not any(each.fullmatch(typed) for each in _DATES)


def _days(found: dict[str, str | None]) -> tuple[date, date] | None:
    year = int(found["y"] or 0)
    year += 2000 if year < 100 else 0
    month = _MONTH_OF.get((found.get("name") or "").lower()) or int(found.get("m") or 0)
    if "d" not in found and not month:
        return date(year, 1, 1), date(year, 12, 31)
    try:
        first = date(year, month, int(found.get("d") or 1))
    except ValueError:
        return None
    return first, first if found.get("d") else month_end(first)


def conditions(town: Municipality, typed: str) -> list[ColumnElement[bool]]:
    """What a booking must be to be found by the text."""
    sought = read(typed)
    found: list[ColumnElement[bool]] = []
    if sought.days:
        span = days_span(*sought.days, town.zone)
        found += [Booking.starts_at >= span.start, Booking.starts_at < span.end]
    if sought.words:
        # Numbers are typed with blanks in them: so all words together may be one.
        whole = _by_number(town, " ".join(sought.words))
        found.append(or_(*whole, and_(*(_by_word(town, word) for word in sought.words))))
    return found


def _by_word(town: Municipality, word: str) -> ColumnElement[bool]:
    named = [journey.desk.called(word) for journey in journeys.known()]
    return or_(Booking.email.icontains(word, autoescape=True), *_by_number(town, word), *named)


def _by_number(town: Municipality, typed: str) -> list[ColumnElement[bool]]:
    """By the booking's number, a Kassenzeichen or a telephone number, whole or in part, with blanks or without."""
    signs = bare(typed)
    if len(signs) < 3:
        return []
    ways: list[ColumnElement[bool]] = [func.replace(Booking.number, "-", "").contains(signs)]
    if len(signs) >= _SIGN or signs.startswith("RF"):
        own = func.upper(func.replace(Charge.kassenzeichen, "-", ""))
        named = or_(Charge.reference.contains(signs), own.contains(signs))
        ways.append(Booking.id.in_(select(Charge.booking_id).where(Charge.municipality_id == town.id, named)))
    if _PHONE.fullmatch(typed):
        ways.append(_digits(Booking.phone).contains(_local(signs)))
    return ways


def _digits(column: Any) -> ColumnElement[str]:
    for sign in " /-()+":
        column = func.replace(column, sign, "")
    return column


def _local(digits: str) -> str:
    """A telephone number without what is dialled before it from abroad or from elsewhere in the country."""
    return re.sub(r"^(0049|49)?0?", "", digits) or digits
