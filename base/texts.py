"""Words, dates and amounts for people. German is the source language, other languages come from ``locale/``."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from buchbar.base.settings import ROOT

LANGUAGES = {"de": "Deutsch", "en": "English"}
language: ContextVar[str] = ContextVar("language", default="de")


@lru_cache(maxsize=8)
def translations(code: str) -> NullTranslations:
    """The catalogue of a language, compiled from its .po file in memory; German needs none."""
    path = ROOT / "locale" / code / "LC_MESSAGES" / "messages.po"
    if code == "de" or not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return Translations(compiled)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Say everything in one language, whatever the reader's is: a letter's."""
    token = language.set(code)
    try:
        yield
    finally:
        language.reset(token)


def _(message: str) -> str:
    """The message in the reader's language."""
    return str(translations(language.get()).ugettext(message))


def ngettext(one: str, many: str, count: int) -> str:
    """The message for a number of things, in the reader's language."""
    return str(translations(language.get()).ungettext(one, many, count))


def N_(message: str) -> str:
    """Mark a text for the catalogue that is translated where it is shown."""
    return message


def best_language(header: str) -> str:
    """The first language of an Accept-Language header that we speak (RFC 9110 12.5.4); German otherwise."""
    offers = []
    for part in header.split(",")[:10]:
        tag, _sep, weight = part.strip().partition(";q=")
        try:
            offers.append((-float(weight or 1), tag[:2].lower()))
        except ValueError:
            continue
    return next((tag for _weight, tag in sorted(offers, key=lambda offer: offer[0]) if tag in LANGUAGES), "de")


def euros(cents: int) -> str:
    """1250 → "12,50 €"."""
    return numbers.format_currency(cents / 100, "EUR", locale=_locale())


def day(value: date, form: str = "long") -> str:
    """A date: "long" is "Samstag, 15. Mai 2027", "short" "15.05.2027", "medium" "Sa, 15. Mai", "tiny" "15.5."."""
    pattern = {"long": "EEEE, d. MMMM y", "medium": "EEE, d. MMM", "short": "dd.MM.y", "tiny": "d.M."}[form]
    if _locale() != "de":
        pattern = {"long": "EEEE, d MMMM y", "medium": "EEE, d MMM", "short": "dd/MM/y", "tiny": "d/M"}[form]
    return dates.format_date(value, pattern, locale=_locale())


def month(value: date) -> str:
    """A month: "Mai 2027"."""
    return dates.format_date(value, "LLLL y", locale=_locale())


def weekday(value: date, width: str = "EEEE") -> str:
    """A date's weekday: "Samstag"; with width "EEE" "Sa."."""
    return dates.format_date(value, width, locale=_locale())


def clock(value: datetime, zone: ZoneInfo) -> str:
    """The wall-clock time of a moment: "14:30 Uhr"."""
    bare = value.astimezone(zone).strftime("%H:%M")
    return _("%s Uhr") % bare


def moment(value: datetime, zone: ZoneInfo) -> str:
    """Date and time of a moment: "Samstag, 15. Mai 2027, 14:30 Uhr"."""
    return f"{day(value.astimezone(zone).date())}, {clock(value, zone)}"


def until(limit: datetime, zone: ZoneInfo) -> str:
    """A deadline, the first moment that is too late: the day that it ends; elsewhere in a day, with the time."""
    local = limit.astimezone(zone)
    return day(local.date() - timedelta(days=1)) if local.time() == time.min else moment(limit, zone)


def _locale() -> str:
    return "en_GB" if language.get() == "en" else "de"
