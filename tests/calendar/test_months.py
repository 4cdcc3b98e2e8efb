from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.months import (
    add_months,
    monday_of,
    month_days,
    month_end,
    month_weeks,
    months_from,
    parse_month,
)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), -6, date(2026, 2, 28)),
        (date(2028, 8, 31), -6, date(2028, 2, 29)),
        (date(2028, 8, 29), -6, date(2028, 2, 29)),
        (date(2026, 8, 28), -6, date(2026, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 1, 31), -1, date(2025, 12, 31)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 2, 28), 6, date(2026, 8, 28)),
        (date(2026, 5, 17), 0, date(2026, 5, 17)),
    ],
)
def test_months_are_counted_to_the_same_day_or_the_months_last(day, months, expected):
    assert add_months(day, months) == expected


@given(st.dates(date(2000, 1, 1), date(2090, 12, 31)), st.integers(-60, 60))
def test_a_later_day_never_moves_before_an_earlier_one(day, months):
    assert add_months(day, months) <= add_months(day + timedelta(days=1), months)
    assert (add_months(day, months).year * 12 + add_months(day, months).month) - (day.year * 12 + day.month) == months


def test_a_month_has_all_its_days():
    assert month_days(2027, 2) == [date(2027, 2, day) for day in range(1, 29)]
    assert len(month_days(2028, 2)) == 29
    assert month_end(date(2028, 2, 3)) == date(2028, 2, 29)


def test_a_months_table_begins_on_monday_and_is_filled_up_by_its_neighbours():
    weeks = month_weeks(2027, 5)
    assert weeks[0][0] == date(2027, 4, 26)
    assert weeks[-1][-1] == date(2027, 6, 6)
    assert all(len(week) == 7 and week[0].weekday() == 0 for week in weeks)
    assert [day for week in weeks for day in week if day.month == 5] == month_days(2027, 5)


def test_a_february_that_begins_on_monday_has_four_weeks():
    assert len(month_weeks(2027, 2)) == 4


def test_a_month_in_an_address_is_read():
    assert parse_month("2027-05") == date(2027, 5, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2027",
        "2027-5",
        "2027-13",
        "2027-00",
        "2027-05-01",
        "1999-12",
        "9999-12",
        "2027-05\n",
        "２０２７-05",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="written like"):
        parse_month(text)


def test_months_follow_each_other_over_new_year():
    assert months_from(date(2026, 11, 30), 3) == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


def test_the_week_of_a_sunday_began_on_the_monday_before():
    assert monday_of(date(2027, 1, 3)) == date(2026, 12, 28)
    assert monday_of(date(2026, 12, 28)) == date(2026, 12, 28)
