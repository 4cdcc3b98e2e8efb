"""The dates of a repeated event of a calendar file, counted out by dateutil, within bounds.

dateutil looks for the next date until the year 9999. So rules that can't have one, and rules that a calendar of
absences doesn't need, are told apart first; and all events of a file share one budget.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import rrule

from buchbar.base.texts import _

MOST_RULES = 500
MOST_STEPS = 50_000
MOST_INTERVAL = 60
MOST_LISTED = 35  # days of a rule, each of the week's seven five times: no calendar writes more
MOST_WEEKS = 5  # of a month
IMPOSSIBLE = 1000  # steps: so much it costs at most to learn that a rule never comes true
EARLIEST = 2000
_FREQUENCIES = {"DAILY": rrule.DAILY, "WEEKLY": rrule.WEEKLY, "MONTHLY": rrule.MONTHLY, "YEARLY": rrule.YEARLY}
_UNDERSTOOD = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST", "SKIP"}
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class NotUnderstood(Exception):
    """An event that is left out; the message says why."""


@dataclass(slots=True)
class Budget:
    """From which day to which one looks, and what counting has cost so far."""

    first: date
    last: date
    rules: int = 0
    steps: int = 0
    is_spent: bool = False

    def rule(self) -> None:
        self.rules += 1
        self._look(self.rules > MOST_RULES)

    def step(self, count: int = 1) -> None:
        self.steps += count
        self._look(self.steps > MOST_STEPS)

    def _look(self, spent: bool) -> None:
        if spent:
            self.is_spent = True
            raise ValueError(
                _("Die Datei enthält zu viele oder zu lange Termine. Bitte geben Sie einen kürzeren Zeitraum aus.")
            )

    def refuse(self, sentence: str) -> None:
        """Nothing of the file is wanted."""
        self.is_spent = True
        raise ValueError(sentence)


def starts(
    start: date | datetime,
    rule: Any,
    more: set[date | datetime],
    skipped: set[date | datetime],
    length: timedelta,
    zone: ZoneInfo,
    budget: Budget,
) -> Iterator[date | datetime]:
    """When an event begins, on all its dates that reach into the days that are looked at.

    Series are counted on the wall clock of the event's own zone. Raises NotUnderstood for a rule that isn't followed
    here, ValueError when the file as a whole is too much.
    """
    gone = {_instant(each, zone) for each in skipped}
    begins: list[date | datetime] = [start, *more] if rule is None else [*_series(start, rule, budget, length), *more]
    known = set()
    for begin in begins:
        instant = _instant(begin, zone)
        if instant not in gone and instant not in known:
            known.add(instant)
            yield begin


def _series(start: date | datetime, rule: Any, budget: Budget, length: timedelta) -> Iterator[date | datetime]:
    budget.rule()
    if start.year < EARLIEST:
        raise NotUnderstood(_("Die Wiederholung beginnt vor dem Jahr 2000."))
    whole = not isinstance(start, datetime)
    zone = start.tzinfo if isinstance(start, datetime) else None
    first = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, time())
    earliest = datetime.combine(budget.first, time()) - length - timedelta(days=1)
    latest = datetime.combine(budget.last, time()) + timedelta(days=2)
    for found in _rule(rule, first, zone, budget):
        budget.step()
        if found > latest:
            return
        if found >= earliest:
            yield found.date() if whole else found.replace(tzinfo=zone)


def _rule(rule: Any, first: datetime, zone: Any, budget: Budget) -> rrule.rrule:
    if isinstance(rule, list) or not set(rule) <= _UNDERSTOOD:
        raise NotUnderstood(_("Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."))
    frequency = str(rule["FREQ"][0]).upper()
    if frequency not in _FREQUENCIES:
        budget.refuse(_("Ein Termin in dieser Datei wiederholt sich öfter als täglich. Das ist keine Abwesenheit."))
    _bound(rule, budget)
    interval = int(rule.get("INTERVAL", [1])[0])
    days, months = [int(each) for each in rule.get("BYMONTHDAY", [])], [int(each) for each in rule.get("BYMONTH", [])]
    weekdays = [_weekday(str(each), frequency, months) for each in rule.get("BYDAY", [])]
    narrowed = bool(days or months or (weekdays and frequency != "WEEKLY"))
    if not 1 <= interval <= MOST_INTERVAL or (interval > 1 and narrowed):
        raise NotUnderstood(_("Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."))
    if not _possible(set(days), set(months), set(weekdays)):
        budget.step(IMPOSSIBLE)
        raise NotUnderstood(_("Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."))
    return rrule.rrule(
        _FREQUENCIES[frequency],  # type: ignore[arg-type]
        dtstart=first,
        interval=interval,
        count=int(rule["COUNT"][0]) if "COUNT" in rule else None,
        until=_until(rule["UNTIL"][0], zone) if "UNTIL" in rule else None,
        byweekday=weekdays or None,
        bymonthday=days or None,
        bymonth=months or None,
        wkst=_WEEKDAYS.index(str(rule["WKST"][0]).upper()) if "WKST" in rule else 0,
    )


def _bound(rule: Any, budget: Budget) -> None:
    for name in ("BYDAY", "BYMONTHDAY", "BYMONTH"):
        listed = len(rule.get(name, []))
        if listed > MOST_LISTED:
            raise NotUnderstood(_("Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."))
        budget.step(listed)


def _weekday(typed: str, frequency: str, months: list[int]) -> rrule.weekday:
    """ "MO", or "-1FR" for the last Friday, of a month."""
    number, name = typed[:-2], typed[-2:].upper()
    monthly = frequency == "MONTHLY" or (frequency == "YEARLY" and bool(months))
    if number and (not monthly or abs(int(number)) > MOST_WEEKS):
        raise NotUnderstood(_("Der Termin wiederholt sich auf eine Art, die hier nicht verstanden wird."))
    return rrule.weekday(_WEEKDAYS.index(name), int(number) if number else None)


def _possible(days: set[int], months: set[int], weekdays: set[rrule.weekday]) -> bool:
    """Whether there is such a day at all, in eight years with a leap year among them."""
    day, last = date(2024, 1, 1), date(2031, 12, 31)
    while day <= last:
        after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
        left = (after - day).days  # 1 on the month's last day
        if (
            (not months or day.month in months)
            and (not days or day.day in days or -left in days)
            and (not weekdays or any(_is_nth(day, left, weekday) for weekday in weekdays))
        ):
            return True
        day += timedelta(days=1)
    return False


def _is_nth(day: date, left: int, weekday: rrule.weekday) -> bool:
    if day.weekday() != weekday.weekday:
        return False
    return not weekday.n or weekday.n == (day.day + 6) // 7 or -weekday.n == (left + 6) // 7


def _until(given: date | datetime, zone: Any) -> datetime:
    """The end of a series on the wall clock of its event; a bare day is meant with all its hours."""
    if not isinstance(given, datetime):
        return datetime.combine(given, time.max)
    return given.astimezone(zone).replace(tzinfo=None) if given.tzinfo and zone else given.replace(tzinfo=None)


def _instant(begin: date | datetime, zone: ZoneInfo) -> datetime:
    """By what two beginnings are known to be the same."""
    if not isinstance(begin, datetime):
        return datetime.combine(begin, time(), UTC)
    return (begin if begin.tzinfo else begin.replace(tzinfo=zone)).astimezone(UTC)
