"""Lifting what was closed: who waits for a free date of the hall hears of it, as of a date that was given back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.booking import claims, closures
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, plan
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.watches import MOST_DATES, tell_watchers
from buchbar.booking.models import Claim
from buchbar.calendar.spans import Span, intersect
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Closure


def lift(session: Session, town: Municipality, those: Sequence[Closure], at: datetime) -> None:
    """Give back what these closures take, as far as it isn't over."""
    lifted = [closure for closure in those if closure.ends_at > at]
    freed = _freed(session, plan(session, town), lifted, at)
    with claims.versions_last(session):
        for closure in lifted:
            closures.reopen(session, closure)
    for slot in freed:
        tell_watchers(session, town.id, slot, at)


def _freed(session: Session, rules: HallPlan, those: Iterable[Closure], at: datetime) -> list[Slot]:
    """What becomes free while the halls are open: as big as it can be had at once, the next dates only. What of it
    can't be booked, nobody is told of (watches.py)."""
    taken: dict[tuple[UUID, Span], list[int]] = defaultdict(list)
    numbers = {part.id: (hall, part.number) for hall in rules.halls.values() for part in hall.parts.values()}
    own = select(Claim).where(Claim.closure_id.in_([closure.id for closure in those]), Claim.ends_at > at)
    for claim in session.scalars(own):
        if claim.resource_id in numbers:
            hall, number = numbers[claim.resource_id]
            taken[hall.id, Span(claim.starts_at, claim.ends_at)].append(number)
    found = [
        Slot(hall_id, parts, span)
        for (hall_id, whole), those_parts in taken.items()
        for span in intersect(rules.opening(rules.halls[hall_id], local_date(whole.start, rules.zone), ""), [whole])
        for parts in _together(rules.halls[hall_id], those_parts)
    ]
    return sorted(found, key=lambda slot: (slot.span.start, slot.parts))[:MOST_DATES]


def _together(hall: HallRules, numbers: Iterable[int]) -> list[Parts]:
    """All fields of these at once where they can be had so, else one by one."""
    parts = tuple(sorted(numbers))
    fields = hall.fields_of(parts)
    if fields and hall.allows(fields):
        return [fields]
    return [(number,) for number in parts if hall.allows((number,))]
