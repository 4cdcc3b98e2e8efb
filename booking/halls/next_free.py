"""Why parts of a hall can't be had on a day, and the next day on which they can."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.booking.halls.find import AROUND_DAYS
from buchbar.booking.halls.free import Busy, busy_between, refusal, starts
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Nothing:
    """``why`` nothing is free that day, in a sentence; ``next_day`` within AROUND_DAYS, None if there is none."""

    why: str
    next_day: date | None


def nothing_on(
    session: Session,
    plan: HallPlan,
    hall: HallRules,
    parts: Parts,
    day: date,
    minutes: int,
    user_class: str,
    now: datetime,
    but: UUID | None = None,
) -> Nothing:
    """What is said where nothing is free on a day. ``but`` is a booking that gives way."""
    first = max(day, local_date(now, plan.zone) - _ONE_DAY) + _ONE_DAY
    busy = busy_between(session, [hall], plan, first, first + AROUND_DAYS * _ONE_DAY, now, but)
    days = (first + distance * _ONE_DAY for distance in range(AROUND_DAYS))
    found = (each for each in days if starts(plan, busy, hall, parts, each, minutes, user_class, now))
    return Nothing(_why(plan, hall, parts, day, minutes, user_class, now), next(found, None))


def _why(plan: HallPlan, hall: HallRules, parts: Parts, day: date, minutes: int, user_class: str, now: datetime) -> str:
    if starts(plan, Busy(()), hall, parts, day, minutes, user_class, now):
        return _("An diesem Tag ist dafür schon alles vergeben.")
    opened = plan.opening(hall, day, user_class)
    if not opened:
        return _("An diesem Tag ist die Halle geschlossen, oder die Schule braucht sie.")
    longest, lasting = max(opened, key=lambda span: span.length), timedelta(minutes=minutes)
    last = longest.start + max((longest.length - lasting) // hall.step, 0) * hall.step
    return refusal(plan, hall, parts, Span(last, last + lasting), user_class, now)
