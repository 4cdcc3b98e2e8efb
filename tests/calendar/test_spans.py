from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.spans import Span, inside_any, intersect, merge, subtract

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)


def minute(n: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=n)


def span(start: int, end: int) -> Span:
    return Span(minute(start), minute(end))


def minutes_of(spans: list[Span]) -> set[int]:
    """The brute-force model: every minute that the spans hold."""
    return {
        n for s in spans for n in range(int((s.start - MIDNIGHT) / timedelta(minutes=1)), 200) if s.contains(minute(n))
    }


some_span = st.tuples(st.integers(0, 90), st.integers(1, 30)).map(lambda pair: span(pair[0], pair[0] + pair[1]))
some_spans = st.lists(some_span, max_size=8)


def is_sorted_and_apart(spans: list[Span]) -> bool:
    return all(a.end < b.start for a, b in zip(spans, spans[1:], strict=False))


@given(some_spans)
def test_merging_keeps_every_minute_and_adds_none(spans):
    merged = merge(spans)
    assert minutes_of(merged) == minutes_of(spans)
    assert is_sorted_and_apart(merged)


@given(some_spans, some_spans)
def test_subtracting_leaves_exactly_the_minutes_that_are_not_taken(spans, taken):
    left = subtract(spans, taken)
    assert minutes_of(left) == minutes_of(spans) - minutes_of(taken)
    assert is_sorted_and_apart(left)


@given(some_spans, some_spans)
def test_intersecting_keeps_exactly_the_shared_minutes(a, b):
    shared = intersect(a, b)
    assert minutes_of(shared) == minutes_of(a) & minutes_of(b)
    assert is_sorted_and_apart(shared)


@given(some_span, some_spans)
def test_inside_means_that_every_minute_is_covered(one, spans):
    assert inside_any(one, spans) == (minutes_of([one]) <= minutes_of(spans))


@given(some_span, some_span)
def test_overlapping_means_sharing_a_minute(a, b):
    assert a.overlaps(b) == bool(minutes_of([a]) & minutes_of([b])) == b.overlaps(a)


@given(some_span, some_span)
def test_containing_means_holding_every_minute(a, b):
    assert a.contains(b) == (minutes_of([b]) <= minutes_of([a]))


def test_neighbours_touch_without_overlapping():
    assert not span(0, 60).overlaps(span(60, 120))
    assert not span(60, 120).overlaps(span(0, 60))
    assert merge([span(60, 120), span(0, 60)]) == [span(0, 120)]


def test_a_span_holds_its_start_and_not_its_end():
    assert span(0, 60).contains(minute(0))
    assert not span(0, 60).contains(minute(60))


def test_overlapping_the_opening_hours_is_not_lying_inside_them():
    assert not inside_any(span(50, 70), [span(0, 60)])
    assert inside_any(span(50, 70), [span(0, 60), span(60, 80)])
    assert not inside_any(span(50, 70), [span(0, 60), span(61, 80)])


def test_subtracting_nothing_changes_nothing():
    assert subtract([span(0, 60)], []) == [span(0, 60)]
    assert subtract([], [span(0, 60)]) == []


def test_one_closure_over_two_openings_cuts_both():
    assert subtract([span(0, 60), span(70, 120)], [span(50, 80)]) == [span(0, 50), span(80, 120)]


def test_naive_moments_are_refused():
    naive = datetime(2026, 3, 28)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        Span(naive, minute(60))
    with pytest.raises(ValueError, match="time zone"):
        Span(minute(0), naive + timedelta(days=1))
    with pytest.raises(ValueError, match="time zone"):
        span(0, 60).contains(naive)


@pytest.mark.parametrize("end", [0, -1])
def test_empty_and_inverted_spans_are_refused(end):
    with pytest.raises(ValueError, match="ends after it starts"):
        span(0, end)


def test_local_moments_are_kept_in_utc():
    local = Span(datetime(2026, 7, 1, 10, tzinfo=BERLIN), datetime(2026, 7, 1, 12, tzinfo=BERLIN))
    assert local == Span(datetime(2026, 7, 1, 8, tzinfo=UTC), datetime(2026, 7, 1, 10, tzinfo=UTC))
    assert local.start.tzinfo is UTC
    assert local.end.tzinfo is UTC


@pytest.mark.parametrize(
    ("night", "hours"),
    [
        ((2026, 3, 28), 5),
        ((2026, 10, 24), 7),
        ((2027, 3, 27), 5),
        ((2027, 10, 30), 7),
        ((2026, 6, 20), 6),
    ],
)
def test_a_night_from_22_to_4_is_as_long_as_it_really_is(night, hours):
    start = datetime(*night, 22, tzinfo=BERLIN)
    end = (start + timedelta(days=1)).replace(hour=4)
    assert end - start == timedelta(hours=6)  # what Python says of one zone, and what LESSONS warns of
    assert Span(start, end).length == timedelta(hours=hours)


def test_an_inverted_span_of_the_hour_that_exists_twice_is_seen_through():
    first, second = (datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN) for fold in (0, 1))
    assert Span(first, second).length == timedelta(hours=1)
    with pytest.raises(ValueError, match="ends after it starts"):
        Span(second, first)


def test_widening_adds_setting_up_before_and_cleaning_after():
    assert span(60, 120).widened(timedelta(minutes=30), timedelta(minutes=15)) == span(30, 135)
    assert span(60, 120).widened(after=timedelta(minutes=15)) == span(60, 135)
    with pytest.raises(ValueError, match="positive"):
        span(60, 120).widened(timedelta(minutes=-1))


def test_spans_are_ordered_by_start_and_then_by_end():
    assert sorted([span(10, 30), span(0, 50), span(10, 20)]) == [span(0, 50), span(10, 20), span(10, 30)]
