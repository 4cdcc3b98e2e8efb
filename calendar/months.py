"""Months: counting in them, and laying them out. A month is named by the date of its first day."""

import re
from calendar import Calendar, monthrange
from datetime import date, timedelta

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_WEEKS = Calendar(firstweekday=0)


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last where it has no such day (BGB §188(3)).

    Six months before 31 August is 28 February, or 29 in a leap year. `months` may be negative. Not
    reversible: 31 August, 30 August, 29 August and 28 August may all have the same answer.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if day.day <= 28:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_days(year: int, month: int) -> list[date]:
    """All days of the month."""
    return [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]


def month_end(day: date) -> date:
    """The last day of the month in which the day lies."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def month_weeks(year: int, month: int) -> list[list[date]]:
    """The month as rows of a table: weeks from Monday on, filled up with the neighbours' days."""
    return _WEEKS.monthdatescalendar(year, month)


def monday_of(day: date) -> date:
    """The Monday with which the day's week begins."""
    return day - timedelta(days=day.weekday())


def parse_month(text: str) -> date:
    """ "2027-05" as 1 May 2027; ValueError for anything else, also for years outside 2000 to 2099."""
    match = _MONTH.fullmatch(text)
    if match is None:
        raise ValueError(f"a month is written like 2027-05, not {text[:20]!r}")
    return date(int(match[1]), int(match[2]), 1)


def months_from(first: date, count: int) -> list[date]:
    """The first days of so many months, beginning with the month in which `first` lies."""
    start = first.replace(day=1)
    return [add_months(start, n) for n in range(count)]
