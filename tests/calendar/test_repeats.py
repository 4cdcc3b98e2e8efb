"""The days of a series, and what they are on the clock."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.repeats import MOST_DATES, Repeat

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = date(2026, 12, 1)


def evening(first=TUESDAY, **rule):
    return Repeat(**{"first": first, "from_minute": 18 * 60, "until_minute": 20 * 60} | rule)


def test_weeks_and_every_other_week():
    assert evening(count=3).days() == [date(2026, 12, 1), date(2026, 12, 8), date(2026, 12, 15)]
    assert evening(every="two_weeks", last=date(2026, 12, 29)).days()[-1] == date(2026, 12, 29)


def test_the_same_weekday_of_each_month():
    second = evening(first=date(2026, 12, 8), every="month", count=3).days()
    assert second == [date(2026, 12, 8), date(2027, 1, 12), date(2027, 2, 9)]
    fifth_means_last = evening(first=date(2026, 12, 29), every="month", count=3).days()
    assert fifth_means_last == [date(2026, 12, 29), date(2027, 1, 26), date(2027, 2, 23)]


def test_it_ends_with_the_day_or_the_number_whichever_comes_first():
    assert len(evening(last=date(2026, 12, 15), count=9).days()) == 3
    assert len(evening(last=date(2027, 12, 15), count=2).days()) == 2
    assert len(evening(last=date(2050, 1, 1)).days()) == MOST_DATES


def test_holidays_are_left_out_and_not_counted_if_that_is_wanted():
    def day_off(day):
        return holiday_name(day, "NI") is not None

    christmas = date(2026, 12, 18)  # a Friday: the 25th and 1 January are holidays
    assert evening(first=christmas, count=3).days(day_off)[1] == date(2026, 12, 25)
    days = evening(first=christmas, count=3, without_holidays=True).days(day_off)
    assert days == [date(2026, 12, 18), date(2027, 1, 8), date(2027, 1, 15)]
    assert evening(count=3, without_holidays=True).days(lambda day: True) == []


def test_the_clock_on_the_wall_stays_through_both_changes():
    sundays = evening(first=date(2027, 3, 21), count=2)
    before, after = (sundays.span(day, BERLIN) for day in sundays.days())
    assert (before.start.hour, after.start.hour) == (17, 16)
    autumn = evening(first=date(2026, 10, 18), count=2)
    assert [autumn.span(day, BERLIN).start.hour for day in autumn.days()] == [16, 17]


def test_over_midnight_it_has_the_hours_that_really_pass():
    night = evening(first=date(2027, 3, 20), from_minute=22 * 60, until_minute=28 * 60, count=2)
    lengths = [night.span(day, BERLIN).length for day in night.days()]
    assert lengths == [timedelta(hours=6), timedelta(hours=5)]
    until_midnight = evening(until_minute=24 * 60, count=1).span(TUESDAY, BERLIN)
    assert until_midnight.end == datetime(2026, 12, 1, 23, tzinfo=UTC)


def test_what_the_clock_skips_is_no_date():
    early = evening(first=date(2027, 3, 28), from_minute=2 * 60, until_minute=3 * 60, count=1)
    assert early.span(date(2027, 3, 28), BERLIN) is None


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"count": 0},
        {"count": MOST_DATES + 1},
        {"last": date(2026, 11, 30)},
        {"count": 1, "until_minute": 18 * 60},
        {"count": 1, "until_minute": 42 * 60 + 1},
        {"count": 1, "from_minute": 24 * 60, "until_minute": 25 * 60},
    ],
)
def test_what_contradicts_itself_is_refused(rule):
    with pytest.raises(ValueError, match="a repeat|a date"):
        evening(**rule)
