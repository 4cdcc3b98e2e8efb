"""Public holidays of the German Länder, and working days.

`land` is the two-letter code: "NI", "NW", "BY" and so on; "Augsburg" has one day more than its Land. A code
with "-catholic" ("BY-catholic") adds the days that are public holidays only in the Land's mainly Catholic
municipalities, such as 15 August in Munich. Source of the days: the package `holidays`, for the years 1991 to
2100.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from holidays import country_holidays

from buchbar.calendar.months import month_days

_LANGUAGES = {"de": "de", "en": "en_US"}
_SATURDAY = 5


@lru_cache(maxsize=1024)
def holidays_of(land: str, year: int, locale: str = "de") -> Mapping[date, str]:
    """The year's public holidays by date; do not change it, it is shared. ValueError for an unknown Land."""
    subdivision, _, catholic = land.partition("-")
    if not subdivision or catholic not in ("", "catholic"):
        raise ValueError(f"no such Land: {land!r}")
    categories = ("public", "catholic") if catholic else ("public",)
    try:
        found = country_holidays(
            "DE", subdiv=subdivision, years=year, language=_LANGUAGES[locale], categories=categories
        )
    except (KeyError, NotImplementedError) as unknown:
        raise ValueError(f"no holidays for {land!r} in {locale!r}") from unknown
    return dict(found.items())


def holiday_name(day: date, land: str, locale: str = "de") -> str | None:
    """What the public holiday is called ("Reformationstag"), or None. `locale` is "de" or "en"."""
    return holidays_of(land, day.year, locale).get(day)


def is_working_day(day: date, land: str) -> bool:
    """Monday to Friday and no public holiday. 24 and 31 December are working days: closures handle them."""
    return day.weekday() < _SATURDAY and holiday_name(day, land) is None


def first_working_day(year: int, month: int, land: str) -> date:
    """The month's first working day in the Land."""
    return next(day for day in month_days(year, month) if is_working_day(day, land))
