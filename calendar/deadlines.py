"""Deadlines: until when something must have happened.

Every deadline is the midnight that ends a local day, as a moment in UTC. It is the first moment that is too
late, so the whole of the named day may still be used (BGB §§187, 188).
"""

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from buchbar.calendar.months import add_months
from buchbar.calendar.walls import MINUTES_A_DAY, at, local_date

NOTICE_MONTHS = 6  # PStG §13(4): how long the notice that a marriage may take place holds


class Window(NamedTuple):
    """Days from `earliest` to `latest`, both included."""

    earliest: date
    latest: date


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that ends the day."""
    return at(day, MINUTES_A_DAY, zone)


def last_day(deadline: datetime, zone: ZoneInfo) -> date:
    """The last day that is in time, as people are told: a deadline itself is the first moment that is too late."""
    return local_date(deadline - timedelta(microseconds=1), zone)


def after_days(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The end of the local day so many days after the moment's own (Köln: 40 days after reserving)."""
    return end_of(local_date(instant, zone) + timedelta(days=days), zone)


def before_days(day: date, days: int, zone: ZoneInfo) -> datetime:
    """The end of the day so many days before."""
    return end_of(day - timedelta(days=days), zone)


def before_months(day: date, months: int, zone: ZoneInfo) -> datetime:
    """The end of the day so many months before, or of that month's last day (Salzgitter: 5 months)."""
    return end_of(add_months(day, -months), zone)


def earlier(*deadlines: datetime | None) -> datetime | None:
    """The first of those deadlines that there are; None if there are none."""
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


def notice_holds_until(noticed: date) -> date:
    """The last day on which a couple may marry after the notice of this date ("Mitteilung", PStG §13(4))."""
    return add_months(noticed, NOTICE_MONTHS)


def registration_window(wedding: date, lead_days: int = 0) -> Window:
    """When a couple may register for a wedding on that day.

    At the earliest on the first day whose notice still holds on the wedding day, its last day included. That
    is six months before, but counted forwards as the law does: a notice of 28 February ends on 28 August, so
    for a wedding on 31 August the first day is 1 March. At the latest so many days before as the office needs
    for its check. ValueError if that leaves no day.
    """
    earliest = add_months(wedding, -NOTICE_MONTHS)
    if notice_holds_until(earliest) < wedding:
        earliest += timedelta(days=1)
    latest = wedding - timedelta(days=lead_days)
    if latest < earliest:
        raise ValueError(f"{lead_days} days of lead leave no day to register for {wedding}")
    return Window(earliest, latest)
