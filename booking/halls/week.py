"""The public plans of halls: when each part is free, taken, closed or the school's, in stretches of a day."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation
from buchbar.base.errors import NotFound
from buchbar.booking.halls.free import Busy
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, PartRules
from buchbar.booking.models import Booking
from buchbar.calendar.release import opens_at
from buchbar.calendar.spans import Span, intersect, subtract
from buchbar.calendar.walls import day_span, days_span, local_date

State = Literal["free", "over", "early", "taken", "closed", "school"]
# Whose a time is, by part and beginning. Only what a town lets be read, and never a person.
Names = Mapping[tuple[UUID, datetime], str]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a day. ``name`` is the organisation's that has it, where the town says so."""

    span: Span
    state: State
    name: str = ""


def day_of(
    plan: HallPlan, busy: Busy, hall: HallRules, part: PartRules, day: date, names: Names, now: datetime
) -> list[Stretch]:
    """A day of one part, in order; nothing where the hall isn't open at all."""
    whole, everyone = (plan.opening(hall, day, who) for who in ("office", "club"))
    taken = _within(busy.spans(part.id), day_span(day, plan.zone))
    return sorted(
        [
            *_free(plan, hall.step, everyone, taken, day, now),
            *(Stretch(span, "school") for span in subtract(subtract(whole, everyone), taken)),
            *_taken(busy, part, taken, day_span(day, plan.zone), names),
        ],
        key=lambda stretch: stretch.span,
    )


def names_of(
    session: Session, plan: HallPlan, halls: Iterable[HallRules], first: date, last: date, now: datetime
) -> Names:
    """The organisations that have something firm on these days, where the town's rules let plans name them."""
    if not _named(plan, now):
        return {}
    period = days_span(first, last, plan.zone)
    known = {hall.id: hall for hall in halls}
    rows = session.execute(
        select(Booking.resource_id, Booking.starts_at, HallUse.parts, Organisation.name)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .join(Organisation, Organisation.id == HallUse.organisation_id)
        .where(
            Booking.municipality_id == plan.town_id,
            Booking.resource_id.in_(known),
            Booking.state == "confirmed",
            Booking.starts_at < period.end,
            Booking.ends_at > period.start,
        )
    )
    return {
        (known[hall_id].parts[number].id, start): name
        for hall_id, start, parts, name in rows
        for number in parts
        if number in known[hall_id].parts
    }


def _named(plan: HallPlan, now: datetime) -> bool:
    try:
        return plan.policy(local_date(now, plan.zone)).terms.public_names
    except NotFound:
        return False


def _within(spans: Sequence[Span], day: Span) -> list[Span]:
    """Those of sorted spans that don't overlap each other which touch a day."""
    first = bisect_left(spans, day.start, key=lambda span: span.end)
    return [
        span for span in spans[first : bisect_left(spans, day.end, key=lambda span: span.start)] if span.overlaps(day)
    ]


def _free(
    plan: HallPlan, step: timedelta, opened: Sequence[Span], taken: Sequence[Span], day: date, now: datetime
) -> Iterable[Stretch]:
    """What nobody has, from the next beginning that can be booked; those are whole steps after the opening."""
    state: State = "free"
    try:
        opens = opens_at(plan.policy(local_date(now, plan.zone)).terms.release, day, plan.zone, plan.land)
        if opens is None or opens > now:
            state = "early"
    except NotFound:
        state = "early"
    for opening in opened:
        for span in subtract([opening], taken):
            passed = max(span.start, now) - opening.start
            # A beginning has to lie ahead: one at this very moment is over.
            steps = passed // step + 1 if now >= span.start else -(-passed // step)
            begins = opening.start + steps * step
            if span.start <= now:
                yield Stretch(Span(span.start, min(begins, span.end)), "over")
            if begins < span.end:
                yield Stretch(Span(begins, span.end), state)


def _taken(busy: Busy, part: PartRules, taken: Iterable[Span], day: Span, names: Names) -> Iterable[Stretch]:
    for span in taken:
        state: State = "closed" if busy.closed(part.id, span) else "taken"
        for shown in intersect([span], [day]):
            yield Stretch(shown, state, names.get((part.id, span.start), ""))
