"""Repeats: the days of a series. A rule on the wall calendar; times of day stay what they are through clock changes."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal

import msgspec

from buchbar.calendar.months import add_months

MOST_DATES = 400
_WEEK = timedelta(weeks=1)


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """Dates from ``first`` on at the same time of day, in minutes since midnight on the wall.

    ``every``: "week", "two_weeks", or "month" (the same weekday of the month: the second Tuesday; where ``first`` is
    the last such day of its month after the fourth, the last). It ends with the day ``last`` or after ``count`` dates;
    both given, with whichever comes first. ``until_minute`` may lie beyond 1440: it then ends on the next day.
    ``without_holidays``: not on public holidays and in school holidays. ValueError for what contradicts itself.
    """

    first: date
    from_minute: int
    until_minute: int
    every: Literal["week", "two_weeks", "month"] = "week"
    last: date | None = None
    count: int | None = None
    without_holidays: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.from_minute < 1440 or not self.from_minute < self.until_minute <= self.from_minute + 1440:
            raise ValueError("a date begins on its day and lasts at most a day")
        if self.last is None and self.count is None:
            raise ValueError("a repeat has a last day or a number of dates")
        if (self.last and self.last < self.first) or (self.count is not None and not 1 <= self.count <= MOST_DATES):
            raise ValueError("a repeat has at least one date, and at most 400")

    def days(self, left_out: Collection[date] = ()) -> list[date]:
        """Its days in order, without those left out, which don't count; at most 400."""
        found: list[date] = []
        step = 0
        while len(found) < min(self.count or MOST_DATES, MOST_DATES) and step < 3 * MOST_DATES:
            day = self._day(step)
            step += 1
            if self.last and day and day > self.last:
                break
            if day and day not in left_out:
                found.append(day)
        return found

    def _day(self, step: int) -> date | None:
        if self.every != "month":
            return self.first + step * (_WEEK if self.every == "week" else 2 * _WEEK)
        month = add_months(self.first.replace(day=1), step)
        same = [month + timedelta(days=n) for n in range(31)]
        such = [day for day in same if day.month == month.month and day.weekday() == self.first.weekday()]
        nth = (self.first.day - 1) // 7
        return such[-1] if nth == 4 else such[nth]
