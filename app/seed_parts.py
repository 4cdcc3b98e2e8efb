"""What all files of ``seed_data/`` have in common: how they are read, and how times are written down."""

from datetime import date

import msgspec

from buchbar.calendar.rules import WeeklyRule

WEEKDAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")


class Part(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A misspelt key is an error, not a silent default."""


def fields_of(seed: Part, leave_out: tuple[str, ...] = ()) -> dict[str, object]:
    """What a part says, by column, where file and table call it the same."""
    return {name: getattr(seed, name) for name in seed.__struct_fields__ if name not in leave_out}


class Hours(Part):
    """One weekly rule. ``season`` is "05-01/09-30" (month-day), ``nth`` the first to fifth such day of a month;
    ``holidays``: on public holidays, too."""

    days: str
    hours: str
    season: str = ""
    every_weeks: int = 1
    anchor: date | None = None
    nth: tuple[int, ...] = ()
    holidays: bool = False

    def rule(self) -> WeeklyRule:
        """The rule. Raises ValueError for times that mean nothing."""
        start, end = (minutes(text) for text in self.hours.split("-"))
        season = [month_day(text) for text in self.season.split("/")] if self.season else [None, None]
        return WeeklyRule(
            weekdays=weekdays(self.days),
            from_minute=start,
            until_minute=end,
            season_from=season[0],
            season_until=season[1],
            every_weeks=self.every_weeks,
            anchor=self.anchor,
            nth=frozenset(self.nth),
            on_holidays=self.holidays,
        )


def weekday(text: str) -> int:
    """ "Mi" as a number from 0, Monday."""
    return WEEKDAYS.index(text)


def weekdays(text: str) -> frozenset[int]:
    """ "Mo-Fr", "Sa", "Mo Mi Fr" as numbers from 0, Monday."""
    found: set[int] = set()
    for word in text.split():
        first, _dash, last = word.partition("-")
        found |= set(range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1))
    return frozenset(found)


def minutes(text: str) -> int:
    """ "18:30" as minutes since midnight."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def month_day(text: str) -> tuple[int, int]:
    """ "05-15" as month and day."""
    month, day = text.split("-")
    return int(month), int(day)
