"""Repeats: the days of a series. A rule on the wall calendar; times of day stay what they are through clock changes."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from buchbar.calendar.months import add_months, month_days
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at

MOST_DATES = 400
# So many days of the rule are looked at: a count is reached although most of them are left out.
_MOST_STEPS = 3 * MOST_DATES
_DAY = timedelta(days=1)
_WEEKS = {"week": timedelta(weeks=1), "two_weeks": timedelta(weeks=2)}


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """Dates from ``first`` on at the same time of day, in minutes since midnight on the wall.

    ``every``: "week", "two_weeks", or "month" (the same weekday of the month: the second Tuesday; where ``first`` is
    its month's fifth, the last). It ends with the day ``last`` or after ``count`` dates; both given, with whichever
    comes first. ``until_minute`` may lie beyond 1440: it then ends on the next day. ``without_holidays``: not on public
    holidays and in school holidays. ValueError for what contradicts itself.
    """

    first: date
    from_minute: int
    until_minute: int
    every: Literal["week", "two_weeks", "month"] = "week"
    last: date | None = None
    count: int | None = None
    without_holidays: bool = False

    def __post_init__(self) -> None:
        if (
            not 0 <= self.from_minute < MINUTES_A_DAY
            or not self.from_minute < self.until_minute <= self.from_minute + MINUTES_A_DAY
        ):
            raise ValueError("a date begins on its day and lasts at most a day")
        if self.last is None and self.count is None:
            raise ValueError("a repeat has a last day or a number of dates")
        if (self.last and self.last < self.first) or (self.count is not None and not 1 <= self.count <= MOST_DATES):
            raise ValueError("a repeat has at least one date, and at most 400")

    def days(self, day_off: Callable[[date], bool] | None = None) -> list[date]:
        """Its days in order, at most 400. Where it leaves out holidays, ``day_off`` says which days those are; they
        don't count."""
        found: list[date] = []
        most = self.count or MOST_DATES
        for step in range(_MOST_STEPS):
            day = self._day(step)
            if len(found) == most or (self.last and day > self.last):
                break
            if not (self.without_holidays and day_off and day_off(day)):
                found.append(day)
        return found

    def span(self, day: date, zone: ZoneInfo) -> Span | None:
        """The date on one of its days; None where the hour that is skipped in March leaves nothing of it."""
        start = at(day, self.from_minute, zone)
        over = self.until_minute > MINUTES_A_DAY
        end = at(day + _DAY, self.until_minute - MINUTES_A_DAY, zone) if over else at(day, self.until_minute, zone)
        return Span(start, end) if start < end else None

    def _day(self, step: int) -> date:
        if self.every != "month":
            return self.first + step * _WEEKS[self.every]
        month = add_months(self.first.replace(day=1), step)
        such = [day for day in month_days(month.year, month.month) if day.weekday() == self.first.weekday()]
        nth = (self.first.day - 1) // 7
        return such[-1] if nth == 4 else such[nth]
