"""Days on which banks move money: those of the Eurosystem (T2, formerly TARGET2), the same in all of SEPA."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from holidays import financial_holidays

_SATURDAY = 5


@lru_cache(maxsize=64)
def _closing_days(year: int) -> Mapping[date, str]:
    return dict(financial_holidays("XECB", years=year).items())


def is_bank_day(day: date) -> bool:
    """Monday to Friday and no closing day of the Eurosystem."""
    return day.weekday() < _SATURDAY and day not in _closing_days(day.year)


def bank_day_from(day: date) -> date:
    """This day, or the next one on which banks move money."""
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day
