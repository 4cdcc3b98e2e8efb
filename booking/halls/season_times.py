"""When halls are free every week of a season: what a season plan can give.

A weekly time counts as free where it is on more than half of the season's dates; the single dates on which it isn't
are left out when the plan becomes bookings.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking.halls.free import Busy, busy_between
from buchbar.booking.halls.models import Round, Series
from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.season_allocation import HallTimes, Ranges
from buchbar.calendar.spans import Span, subtract
from buchbar.calendar.walls import MINUTES_A_DAY, local_date, wall_minutes

# For how long before a season a series says where a club was "last season".
LAST_SEASON = timedelta(days=366)
Weekly = dict[tuple[int, int], Ranges]


def days_of(plan: HallPlan, season: Round) -> list[date]:
    """The days of a season in order, without public and school holidays where it leaves them out."""
    days = (season.first + timedelta(days=n) for n in range((season.last - season.first).days + 1))
    return [day for day in days if not (season.without_holidays and plan.day_off(day))]


def halls_in(
    plan: HallPlan, season: Round, user_classes: Collection[str], busy: Busy, now: datetime
) -> list[HallTimes]:
    """The town's halls with their free weekly times for these user classes."""
    halls = given(plan)
    days = [day for day in days_of(plan, season) if day > local_date(now, plan.zone)]
    taken = {part_id: _by_day(busy.spans(part_id), plan) for hall in halls for part_id in hall.part_ids}
    return [
        HallTimes(
            id=hall.id,
            slug=hall.slug,
            combinations=hall.combinations,
            sports=hall.sports,
            step_free=hall.step_free,
            buffer=minutes_of(hall.buffer),
            free={each: _free(plan, hall, days, each, taken) for each in user_classes},
        )
        for hall in halls
    ]


def given(plan: HallPlan) -> list[HallRules]:
    """The halls that a season plan gives: not those that are shown for information only."""
    return [hall for hall in plan.halls.values() if hall.visibility != "information" and hall.combinations]


def busy_in(session: Session, plan: HallPlan, season: Round, now: datetime) -> Busy:
    """What of these halls is booked or closed in the season already."""
    return busy_between(session, given(plan), plan, season.first, season.last, now)


def last_season(session: Session, plan: HallPlan, season: Round) -> dict[UUID, list[Series]]:
    """The weekly series that organisations had in the year before, by organisation."""
    theirs = select(Series).where(Series.municipality_id == plan.town_id, Series.organisation_id.is_not(None))
    found: dict[UUID, list[Series]] = {}
    for series in session.scalars(theirs):
        repeat = series.repeat
        before = season.first - LAST_SEASON <= repeat.first < season.first
        if series.organisation_id and repeat.every == "week" and before:
            found.setdefault(series.organisation_id, []).append(series)
    return found


def minutes_of(length: timedelta) -> int:
    return int(length.total_seconds()) // 60


def _by_day(spans: Iterable[Span], plan: HallPlan) -> dict[date, list[Span]]:
    """The same spans, by each day on which they lie."""
    found: dict[date, list[Span]] = {}
    for span in spans:
        day, last = local_date(span.start, plan.zone), local_date(span.end, plan.zone)
        while day <= last:
            found.setdefault(day, []).append(span)
            day += timedelta(days=1)
    return found


def _free(
    plan: HallPlan,
    hall: HallRules,
    days: Iterable[date],
    user_class: str,
    taken: Mapping[UUID, Mapping[date, list[Span]]],
) -> Weekly:
    """The weekly free times of each part of a hall, by part and weekday."""
    by_weekday: dict[int, list[date]] = {}
    for day in days:
        by_weekday.setdefault(day.weekday(), []).append(day)
    found: Weekly = {}
    for number, part in hall.parts.items():
        for weekday, dates in by_weekday.items():
            free = [_on_day(plan, hall, day, user_class, taken[part.id].get(day, ())) for day in dates]
            if ranges := usually(free):
                found[number, weekday] = ranges
    return found


def _on_day(plan: HallPlan, hall: HallRules, day: date, user_class: str, taken: Iterable[Span]) -> Ranges:
    """When a part is free on a day, in minutes on the wall. What comes before another booking ends early enough for the
    time that has to stay free."""
    blocked = [span.widened(before=hall.buffer) for span in taken]
    free = subtract(plan.opening(hall, day, user_class), blocked)
    zone = plan.zone
    ends = (wall_minutes(span.end, zone) if local_date(span.end, zone) == day else MINUTES_A_DAY for span in free)
    return tuple((wall_minutes(span.start, zone), end) for span, end in zip(free, ends, strict=True))


def usually(days: Collection[Ranges]) -> Ranges:
    """What is free on more than half of the days: as few ranges as possible, in order."""
    edges = sorted({edge for ranges in days for each in ranges for edge in each})
    found: list[tuple[int, int]] = []
    for start, end in pairwise(edges):
        on = sum(any(first <= start and end <= last for first, last in ranges) for ranges in days)
        if 2 * on <= len(days):
            continue
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        else:
            found.append((start, end))
    return tuple(found)
