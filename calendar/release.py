"""When dates become bookable: the rules by which towns open their calendars.

A rule is kept as tagged JSON in a policy and read by msgspec: {"type": "rolling", "months": 6, "at_minute":
0}. For each rule a later day never opens before an earlier one, so "which day is open?" has one answer: up to
the latest.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from buchbar.calendar.months import add_months, month_end
from buchbar.calendar.public_holidays import first_working_day
from buchbar.calendar.spans import as_utc
from buchbar.calendar.walls import MINUTES_A_DAY, at, local_date


def _check(months: int, at_minute: int) -> None:
    if not 0 <= months <= 120:
        raise ValueError("a calendar opens 0 to 120 months ahead")
    if not 0 <= at_minute < MINUTES_A_DAY:
        raise ValueError("a calendar opens at a minute from 0 to 1439")


class Rolling(msgspec.Struct, frozen=True, tag="rolling"):
    """Each day opens so many months before it, at a time on the wall (Köln: 6 months, at midnight).

    Where that month has no such day, on its last: 28 to 31 August open together on 28 February, six months
    ahead. ValueError outside 0 to 120 months or 0 to 1439 minutes.
    """

    months: int
    at_minute: int = 0

    def __post_init__(self) -> None:
        _check(self.months, self.at_minute)


class MonthlyFirstWorkingDay(msgspec.Struct, frozen=True, tag="monthly_first_working_day"):
    """A whole month opens on the first working day of the month so many months before (Würzburg: 12).

    ValueError outside 0 to 120 months or 0 to 1439 minutes.
    """

    months: int
    at_minute: int = 0

    def __post_init__(self) -> None:
        _check(self.months, self.at_minute)


class FixedInstant(msgspec.Struct, frozen=True, tag="fixed_instant"):
    """All days up to `until` (included) open at one moment; without it all days. ValueError if naive."""

    opens: datetime
    until: date | None = None

    def __post_init__(self) -> None:
        as_utc(self.opens)


ReleaseRule = Rolling | MonthlyFirstWorkingDay | FixedInstant


def opens_at(rule: ReleaseRule, day: date, zone: ZoneInfo, land: str) -> datetime | None:
    """The moment in UTC at which the day becomes bookable; None where this rule never opens it."""
    match rule:
        case Rolling():
            return at(add_months(day, -rule.months), rule.at_minute, zone)
        case MonthlyFirstWorkingDay():
            opening_month = add_months(day.replace(day=1), -rule.months)
            opening_day = first_working_day(opening_month.year, opening_month.month, land)
            return at(opening_day, rule.at_minute, zone)
        case FixedInstant():
            return as_utc(rule.opens) if rule.until is None or day <= rule.until else None


def is_released(rule: ReleaseRule, day: date, now: datetime, zone: ZoneInfo, land: str) -> bool:
    """Whether the day is bookable: from the very moment on at which it opens. Says nothing about the past."""
    opens = opens_at(rule, day, zone, land)
    return opens is not None and opens <= as_utc(now)


def latest_open_day(rule: ReleaseRule, now: datetime, zone: ZoneInfo, land: str) -> date | None:
    """The last day that is bookable at `now`: it and all before it are, none after it is.

    None while nothing is; `date.max` for a fixed moment without a last day.
    """
    match rule:
        case Rolling():
            return _latest_rolling(rule, now, zone)
        case MonthlyFirstWorkingDay():
            month = add_months(local_date(now, zone).replace(day=1), rule.months)
            if is_released(rule, month, now, zone, land):
                return month_end(month)
            return month - timedelta(days=1)
        case FixedInstant():
            return (rule.until or date.max) if as_utc(rule.opens) <= as_utc(now) else None


def _latest_rolling(rule: Rolling, now: datetime, zone: ZoneInfo) -> date:
    today = local_date(now, zone)
    if at(today, rule.at_minute, zone) > as_utc(now):
        today -= timedelta(days=1)
    opened = add_months(today, rule.months)
    # the last of February opens all that is left of August
    return month_end(opened) if today == month_end(today) else opened
