"""The clock on the wall, and the moments it means.

Rules say "18:00"; the database keeps moments. Times of day are minutes since midnight as the wall shows them,
0 to 1440, where 1440 is the midnight that ends the day. Twice a year the wall jumps:

- A time that doesn't exist (29 March 2026, 02:30) moves forward by what is missing: 03:30.
- A time that exists twice (25 October 2026, 02:30) means the first of the two.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from buchbar.calendar.spans import Span, as_utc

MINUTES_A_DAY = 1440
_ONE_DAY = timedelta(days=1)


def at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, when the wall shows so many minutes since midnight; ValueError beyond 0 to 1440."""
    if not 0 <= minutes <= MINUTES_A_DAY:
        raise ValueError(f"a day has the minutes 0 to 1440, not {minutes}")
    if minutes == MINUTES_A_DAY:
        day, minutes = day + _ONE_DAY, 0
    # datetime's fold=0 is exactly the two rules above (PEP 495)
    return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=zone).astimezone(UTC)


def stretch(day: date, from_minute: int, until_minute: int, zone: ZoneInfo) -> Span | None:
    """From one time of the day to another; None where the hour skipped in March leaves nothing of it."""
    start, end = at(day, from_minute, zone), at(day, until_minute, zone)
    return Span(start, end) if start < end else None


def day_span(day: date, zone: ZoneInfo) -> Span:
    """The whole day from midnight to midnight: 23, 24 or 25 hours."""
    return Span(at(day, 0, zone), at(day, MINUTES_A_DAY, zone))


def days_span(first: date, last: date, zone: ZoneInfo) -> Span:
    """From the midnight before the first day to the midnight after the last."""
    return Span(at(first, 0, zone), at(last, MINUTES_A_DAY, zone))


def local(instant: datetime, zone: ZoneInfo) -> datetime:
    """The moment as the zone shows it; ValueError for a naive one."""
    return as_utc(instant).astimezone(zone)


def local_date(instant: datetime, zone: ZoneInfo) -> date:
    """The date on the calendar at that moment."""
    return local(instant, zone).date()


def wall(instant: datetime, zone: ZoneInfo) -> time:
    """The time on the wall at that moment."""
    return local(instant, zone).time()


def wall_minutes(instant: datetime, zone: ZoneInfo) -> int:
    """Whole minutes since midnight as the wall shows them, 0 to 1439."""
    shown = wall(instant, zone)
    return shown.hour * 60 + shown.minute
