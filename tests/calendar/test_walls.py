from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.walls import at, day_span, days_span, local_date, stretch, wall, wall_minutes

BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
HALF_PAST_TWO = 150


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_the_same_wall_time_is_another_moment_in_summer():
    assert at(date(2026, 1, 15), 18 * 60, BERLIN) == utc(2026, 1, 15, 17)
    assert at(date(2026, 7, 15), 18 * 60, BERLIN) == utc(2026, 7, 15, 16)


def test_moments_come_in_utc():
    assert at(SPRING, 0, BERLIN).tzinfo is UTC


def test_a_time_that_does_not_exist_moves_forward_by_what_is_missing():
    moment = at(SPRING, HALF_PAST_TWO, BERLIN)
    assert moment == utc(2026, 3, 29, 1, 30)
    assert wall(moment, BERLIN) == time(3, 30)


def test_a_time_that_exists_twice_means_the_first():
    assert at(AUTUMN, HALF_PAST_TWO, BERLIN) == utc(2026, 10, 25, 0, 30)
    assert wall(utc(2026, 10, 25, 1, 30), BERLIN).replace(fold=0) == time(2, 30)


def test_minute_1440_is_the_midnight_that_ends_the_day():
    assert at(date(2026, 12, 31), 1440, BERLIN) == at(date(2027, 1, 1), 0, BERLIN)
    late = stretch(date(2026, 12, 31), 23 * 60, 1440, BERLIN)
    assert late is not None
    assert late.length == timedelta(hours=1)


@pytest.mark.parametrize("minutes", [-1, 1441])
def test_minutes_outside_the_day_are_refused(minutes):
    with pytest.raises(ValueError, match="0 to 1440"):
        at(SPRING, minutes, BERLIN)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (SPRING, 23),
        (AUTUMN, 25),
        (date(2027, 3, 28), 23),
        (date(2027, 10, 31), 25),
        (date(2026, 6, 1), 24),
    ],
)
def test_a_day_has_23_24_or_25_hours(day, hours):
    assert day_span(day, BERLIN).length == timedelta(hours=hours)


def test_a_day_starts_at_its_midnight_and_not_at_that_of_utc():
    assert day_span(date(2026, 7, 1), BERLIN).start == utc(2026, 6, 30, 22)


def test_the_days_of_a_year_follow_each_other_without_a_gap():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    spans = [day_span(day, BERLIN) for day in days]
    assert all(a.end == b.start for a, b in zip(spans, spans[1:], strict=False))
    assert days_span(days[0], days[-1], BERLIN).length == timedelta(days=365)


@pytest.mark.parametrize(
    ("start", "end", "left"),
    [
        (120, 180, None),  # 02:00 to 03:00: nothing of it exists
        (150, 195, None),  # 02:30 to 03:15 would end before it starts
        (60, 180, timedelta(hours=1)),
        (0, 1440, timedelta(hours=23)),
    ],
)
def test_the_skipped_hour_shortens_what_lies_over_it(start, end, left):
    span = stretch(SPRING, start, end, BERLIN)
    assert (span and span.length) == left


def test_just_before_and_at_midnight_are_two_dates():
    assert local_date(utc(2026, 7, 1, 21, 59), BERLIN) == date(2026, 7, 1)
    assert local_date(utc(2026, 7, 1, 22), BERLIN) == date(2026, 7, 2)


def test_naive_moments_are_refused_and_not_taken_for_the_machines_own_zone():
    for question in (local_date, wall, wall_minutes):
        with pytest.raises(ValueError, match="time zone"):
            question(datetime(2026, 7, 1), BERLIN)  # noqa: DTZ001


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 1439))
def test_the_wall_shows_the_minutes_that_were_asked_for_unless_they_are_skipped(day, minutes):
    moment = at(day, minutes, BERLIN)
    assert local_date(moment, BERLIN) == day
    skipped = day_span(day, BERLIN).length == timedelta(hours=23) and 120 <= minutes < 180
    assert wall_minutes(moment, BERLIN) == minutes + (60 if skipped else 0)
