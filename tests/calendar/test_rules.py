from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from buchbar.calendar.rules import DayException, WeeklyRule, grid, opening, openings
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import at, wall

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY, TUESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 1, 3, 4, 5, 6
EVERY_DAY = frozenset(range(7))


def rule(weekday: int, start: int = 10, end: int = 12, **more) -> WeeklyRule:
    return WeeklyRule(frozenset({weekday}), start * 60, end * 60, **more)


def hours(day: date, start: float, end: float) -> Span:
    return Span(at(day, round(start * 60), BERLIN), at(day, round(end * 60), BERLIN))


def opened(rules, day: date, *exceptions: DayException, land: str = "NI") -> list[Span]:
    return opening(rules, exceptions, day, BERLIN, land)


def days_open(one: WeeklyRule, first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if one.applies_on(day)]


def test_a_rule_opens_its_weekdays_only():
    assert opened([rule(TUESDAY)], date(2026, 6, 2)) == [hours(date(2026, 6, 2), 10, 12)]
    assert opened([rule(TUESDAY)], date(2026, 6, 3)) == []


def test_rules_that_touch_or_overlap_are_one_opening():
    rules = [rule(TUESDAY, 10, 12), rule(TUESDAY, 12, 14), rule(TUESDAY, 13, 15), rule(TUESDAY, 16, 17)]
    day = date(2026, 6, 2)
    assert opened(rules, day) == [hours(day, 10, 15), hours(day, 16, 17)]


def test_the_first_and_the_last_day_of_a_rule_are_included():
    one = rule(TUESDAY, valid_from=date(2026, 6, 2), valid_until=date(2026, 6, 16))
    assert days_open(one, date(2026, 5, 1), date(2026, 7, 31)) == [
        date(2026, 6, 2),
        date(2026, 6, 9),
        date(2026, 6, 16),
    ]


def test_a_rule_may_hold_for_a_single_day():
    one = WeeklyRule(EVERY_DAY, 600, 720, valid_from=date(2026, 6, 2), valid_until=date(2026, 6, 2))
    assert days_open(one, date(2026, 6, 1), date(2026, 6, 3)) == [date(2026, 6, 2)]


def test_a_summer_season_includes_its_first_and_last_day():
    one = WeeklyRule(EVERY_DAY, 600, 720, season_from=(5, 1), season_until=(9, 30))
    days = days_open(one, date(2026, 1, 1), date(2026, 12, 31))
    assert (days[0], days[-1], len(days)) == (date(2026, 5, 1), date(2026, 9, 30), 153)


def test_a_winter_season_wraps_over_new_year():
    one = WeeklyRule(EVERY_DAY, 600, 720, season_from=(11, 15), season_until=(2, 29))
    days = days_open(one, date(2026, 7, 1), date(2027, 6, 30))
    assert (days[0], days[-1], len(days)) == (date(2026, 11, 15), date(2027, 2, 28), 106)
    assert one.applies_on(date(2028, 2, 29))
    assert not one.applies_on(date(2028, 3, 1))


def test_every_other_week_keeps_its_rhythm_over_a_year_of_53_weeks():
    one = rule(THURSDAY, every_weeks=2, anchor=date(2026, 12, 14))  # 2026 has a week 53
    assert days_open(one, date(2026, 12, 1), date(2027, 1, 31)) == [
        date(2026, 12, 3),
        date(2026, 12, 17),
        date(2026, 12, 31),
        date(2027, 1, 14),
        date(2027, 1, 28),
    ]


def test_the_rhythm_counts_weeks_from_monday_wherever_in_its_week_the_anchor_lies():
    sunday_anchor = rule(MONDAY, every_weeks=2, anchor=date(2026, 12, 20))
    assert days_open(sunday_anchor, date(2026, 12, 14), date(2026, 12, 28)) == [
        date(2026, 12, 14),
        date(2026, 12, 28),
    ]


@pytest.mark.parametrize("before", [date(2026, 3, 22), date(2026, 10, 18)])
def test_every_other_week_keeps_its_wall_time_when_the_clocks_change(before):
    one = rule(SUNDAY, 18, 20, every_weeks=2, anchor=before)
    after = before + timedelta(days=14)
    assert opened([one], before + timedelta(days=7)) == []
    spans = opened([one], before) + opened([one], after)
    assert [wall(span.start, BERLIN).hour for span in spans] == [18, 18]
    assert [span.length for span in spans] == [timedelta(hours=2)] * 2
    assert spans[1].start - spans[0].start != timedelta(days=14)


def test_the_first_and_third_saturday():
    one = rule(SATURDAY, nth=frozenset({1, 3}))
    assert days_open(one, date(2026, 5, 1), date(2026, 6, 30)) == [
        date(2026, 5, 2),
        date(2026, 5, 16),
        date(2026, 6, 6),
        date(2026, 6, 20),
    ]


def test_the_fifth_and_the_last_saturday():
    fifth, last = rule(SATURDAY, nth=frozenset({5})), rule(SATURDAY, nth=frozenset({-1}))
    assert days_open(fifth, date(2026, 5, 1), date(2026, 6, 30)) == [date(2026, 5, 30)]
    assert days_open(last, date(2026, 5, 1), date(2026, 6, 30)) == [date(2026, 5, 30), date(2026, 6, 27)]


def test_the_seventh_is_the_first_and_the_eighth_the_second_of_its_weekday():
    one = WeeklyRule(EVERY_DAY, 0, 60, nth=frozenset({1}))
    assert days_open(one, date(2026, 6, 1), date(2026, 6, 30))[-1] == date(2026, 6, 7)


def test_public_holidays_are_closed_in_the_land_that_has_them():
    all_saints = date(2027, 11, 1)  # a Monday
    assert opened([rule(MONDAY)], all_saints, land="NW") == []
    assert opened([rule(MONDAY)], all_saints, land="NI") == [hours(all_saints, 10, 12)]


def test_a_rule_for_holidays_opens_them_and_others_do_not():
    labour_day = date(2026, 5, 1)
    rules = [rule(FRIDAY, 8, 12), rule(FRIDAY, 14, 18, on_holidays=True)]
    assert opened(rules, labour_day) == [hours(labour_day, 14, 18)]


def test_an_exception_opens_a_holiday():
    labour_day = date(2026, 5, 1)
    assert opened([rule(FRIDAY)], labour_day, DayException(labour_day, 600, 660)) == [hours(labour_day, 10, 11)]


def test_exceptions_replace_the_rules_of_their_day_and_no_other():
    day = date(2026, 6, 2)
    longer = (DayException(day, 8 * 60, 9 * 60), DayException(day, 20 * 60, 1440))
    assert opened([rule(TUESDAY)], day, *longer) == [hours(day, 8, 9), hours(day, 20, 24)]
    next_week = day + timedelta(days=7)
    assert opened([rule(TUESDAY)], next_week, *longer) == [hours(next_week, 10, 12)]


def test_a_closed_day_is_closed_whatever_else_is_said_about_it():
    day = date(2026, 6, 2)
    assert opened([rule(TUESDAY)], day, DayException(day)) == []
    assert opened([rule(TUESDAY)], day, DayException(day, 600, 720), DayException(day)) == []
    assert DayException(day).closed
    assert not DayException(day, 600, 720).closed


def test_opening_until_midnight_ends_with_the_day():
    day = date(2026, 6, 2)
    (late,) = opened([rule(TUESDAY, 23, 24)], day)
    assert late.length == timedelta(hours=1)
    assert late.end == at(day + timedelta(days=1), 0, BERLIN)


@pytest.mark.parametrize(("evening", "length"), [((2026, 3, 28), 5), ((2026, 10, 24), 7), ((2027, 10, 30), 7)])
def test_a_night_over_midnight_is_inside_two_days_put_together(evening, length):
    saturday = date(*evening)
    rules = [rule(SATURDAY, 22, 24), rule(SUNDAY, 0, 4)]
    (night,) = openings(rules, [], saturday, saturday + timedelta(days=1), BERLIN, "NW")
    assert night.length == timedelta(hours=length)
    assert not inside_any(night, opened(rules, saturday, land="NW"))


def test_many_days_are_what_the_single_days_are():
    rules = [rule(TUESDAY), rule(FRIDAY, 8, 18), rule(SATURDAY, 9, 13, nth=frozenset({1, 3}))]
    exceptions = [DayException(date(2026, 5, 12)), DayException(date(2026, 5, 14), 600, 700)]
    days = [date(2026, 5, 1) + timedelta(days=n) for n in range(31)]
    single = [span for day in days for span in opening(rules, exceptions, day, BERLIN, "NI")]
    assert openings(iter(rules), iter(exceptions), days[0], days[-1], BERLIN, "NI") == single
    assert len(single) == 10


def test_what_only_the_skipped_hour_holds_is_no_opening():
    spring = date(2026, 3, 29)
    assert opened([WeeklyRule(EVERY_DAY, 120, 180)], spring) == []
    assert opened([WeeklyRule(EVERY_DAY, 150, 195)], spring) == []
    assert opened([WeeklyRule(EVERY_DAY, 60, 240)], spring)[0].length == timedelta(hours=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekdays": frozenset()},
        {"weekdays": frozenset({7})},
        {"from_minute": 720, "until_minute": 720},
        {"from_minute": -1},
        {"until_minute": 1441},
        {"valid_from": date(2026, 2, 1), "valid_until": date(2026, 1, 31)},
        {"season_from": (5, 1)},
        {"season_from": (2, 30), "season_until": (5, 1)},
        {"every_weeks": 2},
        {"every_weeks": 0},
        {"nth": frozenset({6})},
        {"nth": frozenset({0})},
    ],
)
def test_rules_that_contradict_themselves_are_refused(wrong):
    good = {"weekdays": frozenset({MONDAY}), "from_minute": 600, "until_minute": 720}
    WeeklyRule(**good)
    with pytest.raises(ValueError):
        WeeklyRule(**(good | wrong))


@pytest.mark.parametrize("minutes", [(600, None), (None, 600), (720, 600), (600, 600), (0, 1441)])
def test_exceptions_that_contradict_themselves_are_refused(minutes):
    with pytest.raises(ValueError, match=r"both times|minutes run"):
        DayException(date(2026, 6, 2), *minutes)


def test_slots_are_counted_from_the_opening_and_not_from_midnight():
    day = date(2026, 6, 2)
    slots = grid([hours(day, 8.5, 12)], 60, 60)
    assert slots == [hours(day, start, start + 1) for start in (8.5, 9.5, 10.5)]


def test_every_slot_lies_wholly_inside_its_opening():
    day = date(2026, 6, 2)
    slots = grid([hours(day, 8, 10), hours(day, 14, 15)], 30, 90)
    assert slots == [hours(day, 8, 9.5), hours(day, 8.5, 10)]


def test_the_grid_is_counted_in_real_time_when_the_clocks_change():
    autumn = date(2026, 10, 25)
    slots = grid([hours(autumn, 1, 4)], 60, 60)
    assert len(slots) == 4
    assert [wall(slot.start, BERLIN).hour for slot in slots] == [1, 2, 2, 3]
    assert all(slot.length == timedelta(hours=1) for slot in slots)
    assert len(grid([hours(date(2026, 3, 29), 1, 4)], 60, 60)) == 2


def test_slots_may_run_past_midnight_where_the_next_day_is_open():
    saturday = date(2026, 6, 6)
    rules = [rule(SATURDAY, 22, 24), rule(SUNDAY, 0, 2)]
    evening = opened(rules, saturday)
    both = openings(rules, [], saturday, saturday + timedelta(days=1), BERLIN, "NI")
    assert [s.start.hour for s in grid(evening, 60, 120)] == [20]
    assert [s.start.hour for s in grid(evening, 60, 120, within=both)] == [20, 21]


def test_a_short_opening_has_no_slot_and_a_grid_needs_a_positive_step():
    day = datetime(2026, 6, 2, tzinfo=UTC)
    assert grid([Span(day, day + timedelta(minutes=20))], 15, 30) == []
    for step, length in [(0, 30), (30, 0), (-15, 30)]:
        with pytest.raises(ValueError, match="positive"):
            grid([Span(day, day + timedelta(days=1))], step, length)
