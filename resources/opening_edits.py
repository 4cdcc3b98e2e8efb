"""Edits of opening rules and of the days that differ from them. Lists go in and come out; nothing else is touched.

``put_rules`` and ``put_days`` make a resource's rows say what such a list says.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality, Revision
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Opening, OpeningException, Resource

Hours = tuple[tuple[int, int], ...]  # from and until, in minutes since midnight; none of them: closed
ONE_DAY = timedelta(days=1)
# So long it may be read after a day why somebody wasn't there.
NOTES = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Differing:
    """What holds on a day instead of the rules, and why."""

    exception: DayException
    note: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days in a row that differ alike: the first and the last, their hours (none: closed), and why."""

    first: date
    last: date
    hours: Hours
    note: str = ""

    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def rules_of(resource: Resource) -> list[WeeklyRule]:
    """Its rules in the order in which people read them."""
    return in_order(opening.rule for opening in resource.openings)


def in_order(rules: Iterable[WeeklyRule]) -> list[WeeklyRule]:
    """By weekday, then by time, then by the day from which they hold."""
    return sorted(
        rules,
        key=lambda rule: (
            sorted(rule.weekdays),
            rule.from_minute,
            rule.until_minute,
            rule.valid_from or date.min,
            repr(rule),
        ),
    )


def put_rules(resource: Resource, rules: Iterable[WeeklyRule]) -> None:
    """Give the resource these rules; rows that say the same stay."""
    wanted = Counter(rules)
    kept = []
    for opening in resource.openings:
        if wanted[opening.rule] > 0:
            wanted[opening.rule] -= 1
            kept.append(opening)
    resource.openings = [*kept, *(Opening(rule=rule) for rule in wanted.elements())]


def ended(rule: WeeklyRule, last: date) -> WeeklyRule | None:
    """The rule until a day, this included; None if it hadn't begun by then."""
    if rule.valid_from and rule.valid_from > last:
        return None
    return replace(rule, valid_until=min(last, rule.valid_until or last))


def end_rule(rules: Sequence[WeeklyRule], rule: WeeklyRule, last: date) -> list[WeeklyRule]:
    """The rules with one that ends on a day."""
    over = ended(rule, last)
    return in_order([*(each for each in rules if each != rule), *([over] if over else [])])


def change_rule(
    rules: Sequence[WeeklyRule], rule: WeeklyRule, changed: WeeklyRule, start: date | None
) -> list[WeeklyRule]:
    """The rules with one that is replaced from a day on, or altogether; until then it holds as before."""
    if start is None:
        return in_order([*(each for each in rules if each != rule), changed])
    return in_order([*end_rule(rules, rule, start - ONE_DAY), changed])


def days_of(resource: Resource) -> list[Differing]:
    """The days on which it differs, in order."""
    return _in_order(Differing(row.exception, row.note) for row in resource.exceptions)


def put_days(resource: Resource, days: Iterable[Differing]) -> None:
    """Give the resource these days; rows that say the same stay."""
    wanted = Counter(days)
    kept = []
    for row in resource.exceptions:
        said = Differing(row.exception, row.note)
        if wanted[said] > 0:
            wanted[said] -= 1
            kept.append(row)
    new = (OpeningException(exception=each.exception, note=each.note) for each in wanted.elements())
    resource.exceptions = [*kept, *new]


def chosen_days(first: date, last: date, weekdays: Collection[int] = ()) -> list[date]:
    """The days from one to another, both included; only these weekdays, where some are named."""
    days = Stretch(first, last, ()).days()
    return [day for day in days if not weekdays or day.weekday() in weekdays]


def with_days(
    days: Sequence[Differing], chosen: Collection[date], hours: Hours, note: str, *, beside: bool = False
) -> list[Differing]:
    """The days with new hours on the chosen ones, instead of what was said of them; or ``beside`` it."""
    kept = [each for each in days if beside or each.exception.day not in chosen]
    new = [Differing(exception, note) for day in chosen for exception in _exceptions(day, hours)]
    return _in_order({*kept, *new})


def without_days(days: Sequence[Differing], chosen: Collection[date]) -> list[Differing]:
    """The days without what is said of the chosen ones: there the rules hold again."""
    return [each for each in days if each.exception.day not in chosen]


def stretches(days: Iterable[Differing]) -> list[Stretch]:
    """Days in a row that differ alike, together."""
    by_day: dict[date, list[Differing]] = {}
    for each in _in_order(days):
        by_day.setdefault(each.exception.day, []).append(each)
    found: list[Stretch] = []
    for day, those in by_day.items():
        note = next((each.note for each in those if each.note), "")
        hours = _hours(those)
        if found and found[-1].last + ONE_DAY == day and (found[-1].hours, found[-1].note) == (hours, note):
            found[-1] = replace(found[-1], last=day)
        else:
            found.append(Stretch(day, day, hours, note))
    return found


def _hours(days: Sequence[Differing]) -> Hours:
    """What one day's exceptions come to: one that closes wins."""
    if any(each.exception.closed for each in days):
        return ()
    return tuple(
        (each.exception.from_minute, each.exception.until_minute)
        for each in days
        if each.exception.from_minute is not None and each.exception.until_minute is not None
    )


def _exceptions(day: date, hours: Hours) -> list[DayException]:
    return [DayException(day, start, end) for start, end in hours] or [DayException(day)]


def _in_order(days: Iterable[Differing]) -> list[Differing]:
    return sorted(
        days, key=lambda each: (each.exception.day, each.exception.from_minute or 0, each.exception.until_minute or 0)
    )


def forget(session: Session, now: datetime) -> None:
    """Delete days that are long over, from the history of edits too: why somebody was away is their own business.

    In the history they vanish from before and after alike, so that later edits can still be undone.
    """
    first = {town.id: local_date(now, town.zone) - NOTES for town in session.scalars(select(Municipality))}
    rows = select(OpeningException, Resource.municipality_id).join(Resource)
    for row, town_id in session.execute(rows):
        if row.exception.day < first[town_id]:
            session.delete(row)
    about = Revision.subject.in_(("venue", "registrar"))
    for revision in session.scalars(select(Revision).where(about)):
        oldest = first[revision.municipality_id].isoformat()
        revision.values, revision.before = _recent(revision.values, oldest), _recent(revision.before, oldest)


def _recent(kept: dict[str, object], oldest: str) -> dict[str, object]:
    days = kept.get("days")
    if not isinstance(days, list) or all(each["exception"]["day"] >= oldest for each in days):
        return kept
    return {**kept, "days": [each for each in days if each["exception"]["day"] >= oldest]}
