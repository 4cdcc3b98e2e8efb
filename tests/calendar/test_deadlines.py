from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.deadlines import (
    after_days,
    before_days,
    before_months,
    earlier,
    end_of,
    notice_holds_until,
    registration_window,
)

BERLIN = ZoneInfo("Europe/Berlin")
weddings = st.dates(date(2024, 1, 1), date(2032, 12, 31))


def test_forty_days_end_with_the_fortieth_local_day():
    assert after_days(datetime(2026, 5, 1, 9, tzinfo=UTC), 40, BERLIN) == datetime(2026, 6, 10, 22, tzinfo=UTC)


def test_the_count_begins_on_the_local_day_and_not_on_that_of_utc():
    late_evening = datetime(2026, 5, 1, 22, 30, tzinfo=UTC)  # already 2 May in Berlin
    assert after_days(late_evening, 1, BERLIN) == end_of(date(2026, 5, 3), BERLIN)


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_deadline_is_a_midnight_also_when_the_clocks_change(change):
    evening_before = datetime(change.year, change.month, change.day, 18, tzinfo=UTC) - timedelta(days=1)
    deadline = after_days(evening_before, 1, BERLIN)
    assert deadline.astimezone(BERLIN).replace(tzinfo=None) == datetime.combine(
        change + timedelta(days=1), datetime.min.time()
    )


def test_the_named_day_before_may_still_be_used():
    assert before_days(date(2026, 6, 11), 1, BERLIN) == datetime(2026, 6, 10, 22, tzinfo=UTC)
    assert before_days(date(2026, 6, 11), 0, BERLIN) == end_of(date(2026, 6, 11), BERLIN)


def test_months_before_follow_the_month_end_rule():
    assert before_months(date(2026, 7, 31), 5, BERLIN) == end_of(date(2026, 2, 28), BERLIN)
    assert before_months(date(2028, 7, 31), 5, BERLIN) == end_of(date(2028, 2, 29), BERLIN)


def test_the_earlier_deadline_counts_and_missing_ones_do_not():
    first, second = end_of(date(2026, 6, 1), BERLIN), end_of(date(2026, 6, 2), BERLIN)
    assert earlier(second, None, first) == first
    assert earlier(None, second) == second
    assert earlier(None) is None
    assert earlier() is None


def test_marrying_on_the_last_day_of_the_notice_is_fine():
    assert notice_holds_until(date(2026, 11, 15)) == date(2027, 5, 15)
    assert registration_window(date(2027, 5, 15)).earliest == date(2026, 11, 15)


@pytest.mark.parametrize(
    ("wedding", "earliest"),
    [
        (date(2027, 8, 28), date(2027, 2, 28)),
        (date(2027, 8, 29), date(2027, 3, 1)),
        (date(2027, 8, 31), date(2027, 3, 1)),
        (date(2028, 8, 29), date(2028, 2, 29)),
        (date(2028, 8, 31), date(2028, 3, 1)),
        (date(2027, 2, 28), date(2026, 8, 28)),
        (date(2026, 10, 31), date(2026, 5, 1)),
    ],
)
def test_six_months_are_counted_forwards_from_the_notice(wedding, earliest):
    assert registration_window(wedding).earliest == earliest


@given(weddings)
def test_the_earliest_day_is_early_enough_and_the_day_before_it_too_early(wedding):
    earliest = registration_window(wedding).earliest
    assert notice_holds_until(earliest) >= wedding
    assert notice_holds_until(earliest - timedelta(days=1)) < wedding


def test_the_office_needs_its_time_to_check():
    assert registration_window(date(2027, 5, 15), lead_days=42).latest == date(2027, 4, 3)
    assert registration_window(date(2027, 5, 15)).latest == date(2027, 5, 15)
    with pytest.raises(ValueError, match="leave no day"):
        registration_window(date(2027, 5, 15), lead_days=200)
