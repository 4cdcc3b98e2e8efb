"""Edits of rules and days, as lists: what goes in, what comes out."""

from datetime import date

from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.resources.away import without
from buchbar.resources.opening_edits import (
    Differing,
    Stretch,
    change_rule,
    days_of,
    end_rule,
    put_days,
    put_rules,
    rules_of,
    stretches,
    with_days,
    without_days,
)
from buchbar.resources.opening_words import stretch_in_words

FRIDAYS = WeeklyRule(frozenset({4}), 540, 720)
MAY = [date(2027, 5, day) for day in range(1, 32)]


def closed(day, note=""):
    return Differing(DayException(day), note)


def test_a_rule_ends_on_its_last_day():
    (over,) = end_rule([FRIDAYS], FRIDAYS, date(2027, 5, 14))
    assert over.applies_on(date(2027, 5, 14)) and not over.applies_on(date(2027, 5, 21))


def test_a_rule_that_ends_before_it_began_is_gone():
    later = WeeklyRule(frozenset({4}), 540, 720, valid_from=date(2027, 6, 1))
    assert end_rule([later, FRIDAYS], later, date(2027, 5, 31)) == [FRIDAYS]


def test_a_rule_that_has_ended_is_not_prolonged():
    over = WeeklyRule(frozenset({4}), 540, 720, valid_until=date(2027, 1, 1))
    assert end_rule([over], over, date(2027, 5, 14)) == [over]


def test_a_changed_rule_leaves_no_day_to_both_and_none_to_neither():
    start = date(2027, 5, 14)
    changed = WeeklyRule(frozenset({4}), 780, 960, valid_from=start)
    both = change_rule([FRIDAYS], FRIDAYS, changed, start)
    for day in (date(2027, 5, 7), start, date(2027, 5, 21)):
        assert [rule.applies_on(day) for rule in both].count(True) == 1


def test_days_in_a_row_that_are_alike_are_one_stretch():
    days = with_days([], MAY[:3], (), "Urlaub")
    days = with_days(days, MAY[3:5], ((540, 600), (660, 720)), "")
    days = with_days(days, MAY[6:7], ((540, 600), (660, 720)), "")
    assert stretches(days) == [
        Stretch(MAY[0], MAY[2], (), "Urlaub"),
        Stretch(MAY[3], MAY[4], ((540, 600), (660, 720))),
        Stretch(MAY[6], MAY[6], ((540, 600), (660, 720))),
    ]
    assert stretch_in_words(stretches(days)[1]) == (
        "Di. 04.05.2027 bis Mi. 05.05.2027: 9:00 bis 10:00 Uhr, 11:00 bis 12:00 Uhr"
    )


def test_new_hours_replace_the_days_old_ones_or_stand_beside_them():
    morning = with_days([], MAY[:1], ((540, 600),), "")
    assert stretches(with_days(morning, MAY[:1], ((660, 720),), ""))[0].hours == ((660, 720),)
    assert stretches(with_days(morning, MAY[:1], ((660, 720),), "", beside=True))[0].hours == ((540, 600), (660, 720))
    assert with_days(morning, MAY[:1], ((540, 600),), "", beside=True) == morning  # twice is once


def test_days_go_back_to_the_rules():
    days = with_days([], MAY[:5], (), "")
    assert without_days(days, MAY[1:4]) == [closed(MAY[0]), closed(MAY[4])]


def test_rows_that_say_the_same_stay(session, cast):
    first = WeeklyRule(frozenset({0}), 480, 600)
    put_rules(cast.room, [first, FRIDAYS, FRIDAYS])
    put_days(cast.room, [closed(MAY[0], "a"), closed(MAY[1])])
    session.flush()
    rules, days = {row.id for row in cast.room.openings}, {row.id for row in cast.room.exceptions}
    put_rules(cast.room, [FRIDAYS, first])
    put_days(cast.room, [closed(MAY[1]), closed(MAY[2])])
    session.flush()
    assert {row.id for row in cast.room.openings} < rules and rules_of(cast.room) == [first, FRIDAYS]
    assert len({row.id for row in cast.room.exceptions} & days) == 1
    assert days_of(cast.room) == [closed(MAY[1]), closed(MAY[2])]


def test_what_is_left_of_the_hours():
    assert without(((480, 1020),), [(600, 720)]) == ((480, 600), (720, 1020))
    assert without(((480, 720), (780, 1020)), [(700, 800)]) == ((480, 700), (800, 1020))
    assert without(((480, 720),), [(0, 1440)]) == ()
    assert without(((480, 720),), [(720, 800)]) == ((480, 720),)
