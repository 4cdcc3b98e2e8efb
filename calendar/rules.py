"""Opening hours: weekly rules on the wall clock, exceptions for single days, and the grid of slots."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buchbar.calendar.months import monday_of
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.spans import Span, merge
from buchbar.calendar.walls import MINUTES_A_DAY, stretch

_WEEK = timedelta(days=7)


def _check_minutes(from_minute: int, until_minute: int) -> None:
    if not 0 <= from_minute < until_minute <= MINUTES_A_DAY:
        raise ValueError(f"minutes run from 0 to 1440, upwards: {from_minute} to {until_minute}")


@dataclass(frozen=True, slots=True)
class WeeklyRule:
    """Open on these weekdays between two times on the wall. Every restriction that is given must be met.

    Minutes count from midnight, 0 to 1440. What runs over midnight is two rules: 22:00 to 24:00, and 00:00 to
    04:00 on the next weekday. ValueError for what contradicts itself.
    """

    weekdays: frozenset[int]  # 0 is Monday
    from_minute: int
    until_minute: int
    valid_from: date | None = None  # first day
    valid_until: date | None = None  # last day, included
    season_from: tuple[int, int] | None = None  # (month, day), every year
    season_until: tuple[int, int] | None = None  # included; may lie after New Year
    every_weeks: int = 1  # 2: every other week, counted in weeks from Monday on ...
    anchor: date | None = None  # ... from the week of this day
    nth: frozenset[int] = frozenset()  # the first (1) to fifth (5) such weekday of its month, -1 the last
    on_holidays: bool = False  # open on public holidays too

    def __post_init__(self) -> None:
        _check_minutes(self.from_minute, self.until_minute)
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("a rule names weekdays from 0, Monday, to 6")
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("a rule ends after it begins")
        if (self.season_from is None) != (self.season_until is None):
            raise ValueError("a season has a first and a last day")
        for season_day in (self.season_from, self.season_until):
            if season_day is not None:
                date(2000, *season_day)  # a leap year: 29 February is a day of a season
        if self.every_weeks < 1 or (self.every_weeks > 1 and self.anchor is None):
            raise ValueError("a rhythm counts weeks from an anchor")
        if not self.nth <= frozenset({1, 2, 3, 4, 5, -1}):
            raise ValueError("a weekday is the first to fifth of its month, or the last: -1")

    def applies_on(self, day: date) -> bool:
        """Whether the rule opens that day, leaving public holidays and exceptions aside."""
        return (
            day.weekday() in self.weekdays
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
            and self._in_season(day)
            and self._in_rhythm(day)
            and self._is_nth(day)
        )

    def _in_season(self, day: date) -> bool:
        if self.season_from is None or self.season_until is None:
            return True
        today = (day.month, day.day)
        if self.season_from <= self.season_until:
            return self.season_from <= today <= self.season_until
        return today >= self.season_from or today <= self.season_until

    def _in_rhythm(self, day: date) -> bool:
        if self.every_weeks == 1 or self.anchor is None:
            return True
        weeks = (monday_of(day) - monday_of(self.anchor)).days // 7
        return weeks % self.every_weeks == 0

    def _is_nth(self, day: date) -> bool:
        if not self.nth:
            return True
        is_last = (day + _WEEK).month != day.month
        return (day.day + 6) // 7 in self.nth or (is_last and -1 in self.nth)


@dataclass(frozen=True, slots=True)
class DayException:
    """One day that differs: closed when no minutes are given, else open just between them, holiday or not.

    Several open exceptions of one day add up; a closed one wins over them. ValueError for inverted minutes.
    """

    day: date
    from_minute: int | None = None
    until_minute: int | None = None

    def __post_init__(self) -> None:
        if (self.from_minute is None) != (self.until_minute is None):
            raise ValueError("an exception has both times, or is closed")
        if self.from_minute is not None and self.until_minute is not None:
            _check_minutes(self.from_minute, self.until_minute)

    @property
    def closed(self) -> bool:
        return self.from_minute is None


def opening(
    rules: Iterable[WeeklyRule], exceptions: Iterable[DayException], day: date, zone: ZoneInfo, land: str
) -> list[Span]:
    """When it is open on that day, sorted and apart.

    The day's exceptions replace its rules. A public holiday of the Land is closed but for rules with
    `on_holidays` and for exceptions. What only the skipped hour in March holds is no opening.
    """
    changed = [exception for exception in exceptions if exception.day == day]
    return _opening(rules, changed, day, zone, land)


def openings(
    rules: Iterable[WeeklyRule],
    exceptions: Iterable[DayException],
    first: date,
    last: date,
    zone: ZoneInfo,
    land: str,
) -> list[Span]:
    """The same for all days from `first` to `last`, included; 24:00 and the next day's 00:00 grow together.

    This is what a booking must lie inside: a party until 04:00 needs both days.
    """
    rules = list(rules)
    changed: dict[date, list[DayException]] = {}
    for exception in exceptions:
        changed.setdefault(exception.day, []).append(exception)
    spans: list[Span] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        spans += _opening(rules, changed.get(day, ()), day, zone, land)
    return merge(spans)


def _opening(
    rules: Iterable[WeeklyRule], changed: Iterable[DayException], day: date, zone: ZoneInfo, land: str
) -> list[Span]:
    minutes = _minutes_of_exceptions(changed)
    if minutes is None:
        minutes = _minutes_of_rules(rules, day, land)
    stretches = (stretch(day, start, end, zone) for start, end in minutes)
    return merge(span for span in stretches if span is not None)


def _minutes_of_exceptions(changed: Iterable[DayException]) -> list[tuple[int, int]] | None:
    """The times of a day's exceptions; None where there is no exception."""
    changed = list(changed)
    if not changed:
        return None
    if any(exception.closed for exception in changed):
        return []
    return [(e.from_minute, e.until_minute) for e in changed if e.from_minute is not None and e.until_minute]


def _minutes_of_rules(rules: Iterable[WeeklyRule], day: date, land: str) -> list[tuple[int, int]]:
    applying = [rule for rule in rules if rule.applies_on(day)]
    if applying and holiday_name(day, land) is not None:
        applying = [rule for rule in applying if rule.on_holidays]
    return [(rule.from_minute, rule.until_minute) for rule in applying]


def grid(
    opened: Iterable[Span], step_minutes: int, length_minutes: int, within: Iterable[Span] | None = None
) -> list[Span]:
    """The slots that may be booked: one starts every `step_minutes` from each opening's start, in real time.

    Each lies wholly inside the openings, or inside `within` where that is given. To offer and to accept the
    same slots, pass the `opening` of one day, and as `within` the `openings` of it and the next days if slots
    may run past midnight; never the merged openings of many days, whose starts depend on where one begins to
    look. ValueError unless both minutes are positive.
    """
    if step_minutes <= 0 or length_minutes <= 0:
        raise ValueError("a grid has a positive step and length")
    step, length = timedelta(minutes=step_minutes), timedelta(minutes=length_minutes)
    opened = merge(opened)
    frames = opened if within is None else merge(within)
    slots: list[Span] = []
    for span in opened:
        start = span.start
        while start < span.end:
            slot = Span(start, start + length)
            if any(frame.contains(slot) for frame in frames):
                slots.append(slot)
            start += step
    return slots
