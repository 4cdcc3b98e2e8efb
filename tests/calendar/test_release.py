from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.release import (
    FixedInstant,
    MonthlyFirstWorkingDay,
    ReleaseRule,
    Rolling,
    is_released,
    latest_open_day,
    opens_at,
)
from buchbar.calendar.walls import at

BERLIN = ZoneInfo("Europe/Berlin")
A_SECOND = timedelta(seconds=1)


def opens(rule: ReleaseRule, day: date, land: str = "NI") -> datetime | None:
    return opens_at(rule, day, BERLIN, land)


def test_a_rolling_calendar_opens_at_local_midnight_six_months_before():
    assert opens(Rolling(6), date(2027, 5, 15)) == at(date(2026, 11, 15), 0, BERLIN)
    assert opens(Rolling(6), date(2027, 1, 15)) == datetime(2026, 7, 14, 22, tzinfo=UTC)


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_the_last_days_of_august_open_on_the_last_day_of_february(day):
    assert opens(Rolling(6), date(2027, 8, day)) == at(date(2027, 2, 28), 0, BERLIN)


def test_in_a_leap_year_they_open_on_29_february():
    assert opens(Rolling(6), date(2028, 8, 31)) == at(date(2028, 2, 29), 0, BERLIN)
    assert opens(Rolling(6), date(2028, 8, 28)) == at(date(2028, 2, 28), 0, BERLIN)


@pytest.mark.parametrize(
    ("rule", "day", "moment"),
    [
        (Rolling(6, 8 * 60), date(2027, 4, 25), datetime(2026, 10, 25, 7, tzinfo=UTC)),  # the clocks change
        (Rolling(6, 8 * 60), date(2026, 9, 29), datetime(2026, 3, 29, 6, tzinfo=UTC)),  # the clocks change
        (MonthlyFirstWorkingDay(12, 8 * 60), date(2027, 5, 31), datetime(2026, 5, 4, 6, tzinfo=UTC)),
        (
            FixedInstant(datetime(2026, 11, 1, 9, tzinfo=BERLIN)),
            date(2027, 5, 31),
            datetime(2026, 11, 1, 8, tzinfo=UTC),
        ),
    ],
)
def test_a_day_is_open_exactly_at_its_moment_and_not_a_second_before(rule, day, moment):
    assert opens(rule, day) == moment
    assert is_released(rule, day, moment, BERLIN, "NI")
    assert not is_released(rule, day, moment - A_SECOND, BERLIN, "NI")


def test_a_month_opens_as_a_whole_on_its_first_working_day():
    rule = MonthlyFirstWorkingDay(12, 8 * 60)
    assert {opens(rule, date(2028, 1, day)) for day in range(1, 32)} == {at(date(2027, 1, 4), 8 * 60, BERLIN)}
    before = at(date(2027, 1, 4), 8 * 60, BERLIN) - A_SECOND
    assert latest_open_day(rule, before, BERLIN, "NI") == date(2027, 12, 31)
    assert latest_open_day(rule, before + A_SECOND, BERLIN, "NI") == date(2028, 1, 31)


def test_the_first_working_day_is_that_of_the_land():
    rule = MonthlyFirstWorkingDay(12)
    assert opens(rule, date(2028, 11, 15), "NI") == at(date(2027, 11, 1), 0, BERLIN)
    assert opens(rule, date(2028, 11, 15), "NW") == at(date(2027, 11, 2), 0, BERLIN)


def test_a_fixed_moment_opens_days_until_its_last_and_none_after():
    moment = datetime(2026, 11, 1, 9, tzinfo=BERLIN)
    rule = FixedInstant(moment, date(2027, 12, 31))
    assert opens(rule, date(2027, 12, 31)) == moment
    assert opens(rule, date(2028, 1, 1)) is None
    assert not is_released(rule, date(2028, 1, 1), datetime(2030, 1, 1, tzinfo=UTC), BERLIN, "NI")
    assert latest_open_day(rule, moment, BERLIN, "NI") == date(2027, 12, 31)
    assert latest_open_day(rule, moment - A_SECOND, BERLIN, "NI") is None
    assert latest_open_day(FixedInstant(moment), moment, BERLIN, "NI") == date.max


def test_on_28_february_all_of_the_end_of_august_is_open():
    now = at(date(2027, 2, 28), 0, BERLIN)
    assert latest_open_day(Rolling(6), now, BERLIN, "NI") == date(2027, 8, 31)
    assert latest_open_day(Rolling(6), now - A_SECOND, BERLIN, "NI") == date(2027, 8, 27)


rules = st.one_of(
    st.builds(Rolling, st.integers(0, 24), st.integers(0, 1439)),
    st.builds(MonthlyFirstWorkingDay, st.integers(0, 24), st.integers(0, 1439)),
    st.builds(
        FixedInstant,
        st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        st.dates(date(2026, 1, 1), date(2029, 1, 1)),
    ),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
month_ends = st.builds(
    lambda day, minutes: at(day, minutes, BERLIN),
    st.sampled_from([date(2027, 2, 28), date(2028, 2, 29), date(2026, 11, 30), date(2026, 3, 29), date(2026, 10, 25)]),
    st.integers(0, 1440),
)


@given(rules, st.one_of(moments, month_ends))
def test_the_latest_open_day_is_open_and_the_next_is_not(rule, now):
    latest = latest_open_day(rule, now, BERLIN, "NI")
    if latest is None:
        assert isinstance(rule, FixedInstant)
        assert rule.opens > now
        return
    assert is_released(rule, latest, now, BERLIN, "NI")
    assert not is_released(rule, latest + timedelta(days=1), now, BERLIN, "NI")


@given(rules, st.dates(date(2026, 1, 1), date(2030, 1, 1)))
def test_the_latest_open_day_has_reached_a_day_at_the_moment_it_opens(rule, day):
    moment = opens(rule, day)
    if moment is None:
        return
    reached = latest_open_day(rule, moment, BERLIN, "NI")
    assert reached is not None
    assert reached >= day
    before = latest_open_day(rule, moment - A_SECOND, BERLIN, "NI")
    assert before is None or before < day


@pytest.mark.parametrize(
    "rule",
    [
        Rolling(6, 480),
        MonthlyFirstWorkingDay(12, 0),
        FixedInstant(datetime(2026, 11, 1, 8, tzinfo=UTC), date(2027, 12, 31)),
        FixedInstant(datetime(2026, 11, 1, 8, tzinfo=UTC)),
    ],
)
def test_a_rule_survives_being_kept_in_a_policy(rule):
    assert msgspec.json.decode(msgspec.json.encode(rule), type=ReleaseRule) == rule
    assert msgspec.convert(msgspec.to_builtins(rule), ReleaseRule) == rule


@pytest.mark.parametrize(
    "kept",
    [
        '{"type": "rolling", "months": -1}',
        '{"type": "rolling", "months": 121}',
        '{"type": "rolling", "months": 6, "at_minute": 1440}',
        '{"type": "monthly_first_working_day", "months": 12, "at_minute": -1}',
        '{"type": "fixed_instant", "opens": "2026-11-01T08:00:00"}',
        '{"type": "never"}',
    ],
)
def test_a_policy_with_nonsense_is_refused(kept):
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(kept, type=ReleaseRule)
