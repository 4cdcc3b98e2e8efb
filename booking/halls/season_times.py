"""When halls are free every week of a season: what a season plan can give.

A place, parts of a hall at a weekly time, counts as free where it is so as a whole on more than half of the season's
dates; the single dates on which it isn't are left out when the plan becomes bookings.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.booking.halls.free import Busy, busy_between
from buchbar.booking.halls.models import HallUse, Round, Series
from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.season_allocation import Dates, HallTimes, Ranges
from buchbar.booking.models import ALIVE, Booking
from buchbar.calendar.spans import Span, subtract
from buchbar.calendar.walls import MINUTES_A_DAY, local_date, wall_minutes

# For how long before a season a series says where a club was "last season".
LAST_SEASON = timedelta(days=366)
# Fewer dates of a series don't make a place one's own.
LEAST_DATES = 4


def days_of(plan: HallPlan, season: Round) -> list[date]:
    """The days of a season in order, without public and school holidays where it leaves them out."""
    days = (season.first + timedelta(days=n) for n in range((season.last - season.first).days + 1))
    return [day for day in days if not (season.without_holidays and plan.day_off(day))]


def halls_in(
    plan: HallPlan, season: Round, user_classes: Collection[str], busy: Busy, now: datetime
) -> list[HallTimes]:
    """The town's halls and when they are free in the season for these user classes."""
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


def last_season(session: Session, plan: HallPlan, season: Round, now: datetime) -> dict[UUID, list[Series]]:
    """The weekly series that organisations had in the year before, by organisation: made before the round opened, and
    with at least four dates that took place, so that nobody books one only in order to have had it."""
    took_place = (
        select(HallUse.series_id)
        .join(Booking, Booking.id == HallUse.booking_id)
        .where(Booking.municipality_id == plan.town_id, Booking.state.in_(ALIVE), Booking.ends_at <= now)
        .group_by(HallUse.series_id)
        .having(func.count() >= LEAST_DATES)
    )
    theirs = select(Series).where(
        Series.municipality_id == plan.town_id,
        Series.organisation_id.is_not(None),
        Series.made_at < season.opens_at,
        Series.id.in_(took_place),
    )
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
) -> dict[int, list[Dates]]:
    """The dates of each weekday; what is free on many of them at the same times, stands there once."""
    found: dict[int, Counter[tuple[tuple[int, Ranges], ...]]] = {}
    for day in days:
        parts = hall.parts.items()
        free = [(number, _on_day(plan, hall, day, user_class, taken[part.id].get(day, ()))) for number, part in parts]
        found.setdefault(day.weekday(), Counter())[tuple(free)] += 1
    return {weekday: [Dates(count, dict(free)) for free, count in alike.items()] for weekday, alike in found.items()}


def _on_day(plan: HallPlan, hall: HallRules, day: date, user_class: str, taken: Iterable[Span]) -> Ranges:
    """When a part is free on a day, in minutes on the wall. What comes before another booking ends early enough for the
    time that has to stay free."""
    blocked = [span.widened(before=hall.buffer) for span in taken]
    free = subtract(plan.opening(hall, day, user_class), blocked)
    zone = plan.zone
    ends = (wall_minutes(span.end, zone) if local_date(span.end, zone) == day else MINUTES_A_DAY for span in free)
    return tuple((wall_minutes(span.start, zone), end) for span, end in zip(free, ends, strict=True))
