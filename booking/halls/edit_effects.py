"""What an edit of a hall would do, before it is saved: which bookings to come no longer fit.

A booking that doesn't fit stays as it is. The clerk sees it and decides.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import _
from buchbar.booking.editing import Misfit
from buchbar.booking.halls.edits import standing_in
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import day_span, local_date
from buchbar.resources.halls import Hall

_ONE_DAY = timedelta(days=1)


def of_hall(
    session: Session, town: Municipality, hall: Hall, changed: HallRules, start: date, now: datetime
) -> list[Misfit]:
    """The bookings from a day on that fit the hall's rules and wouldn't fit the changed ones. Of a hall that isn't in
    use there are none."""
    before = plan(session, town)
    rules = before.halls.get(hall.id)
    if rules is None:
        return []
    after = replace(before, halls=before.halls | {hall.id: changed}, _openings={})
    bookings = standing_in(session, hall, now, day_span(start, town.zone).start)
    parts = _parts(session, bookings)
    misfits = []
    for booking in bookings:
        numbers = parts.get(booking.id, ())
        if rules.allows(numbers) and not changed.allows(numbers):
            why = _("gibt es so nicht mehr: %s") % rules.named(numbers)
        elif _inside(before, rules, booking) and not _inside(after, changed, booking):
            why = _("außerhalb der neuen Zeiten")
        else:
            continue
        misfits.append(Misfit(booking.id, booking.number, booking.starts_at, why))
    return misfits


def _inside(rules: HallPlan, hall: HallRules, booking: Booking) -> bool:
    span = Span(booking.starts_at, booking.ends_at)
    first = local_date(span.start, rules.zone)
    opened = rules.openings(hall, first - _ONE_DAY, local_date(span.end, rules.zone), booking.user_class)
    return inside_any(span, opened)


def _parts(session: Session, bookings: Iterable[Booking]) -> dict[object, tuple[int, ...]]:
    wanted = select(HallUse.booking_id, HallUse.parts).where(HallUse.booking_id.in_([each.id for each in bookings]))
    return {booking_id: tuple(parts) for booking_id, parts in session.execute(wanted)}
