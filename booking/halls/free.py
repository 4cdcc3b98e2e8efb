"""What can be booked in a hall and what is free: one answer for what is shown, accepted and offered instead."""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking import claims
from buchbar.booking.claims import LONGEST, Wanted
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts
from buchbar.booking.terms import Terms
from buchbar.calendar import rules
from buchbar.calendar.release import opens_at
from buchbar.calendar.spans import Span, inside_any
from buchbar.calendar.walls import days_span, local_date

_ONE_DAY = timedelta(days=1)


def _start(claim: Wanted) -> datetime:
    return claim.span.start


class Busy:
    """The live claims, by part in order, to be asked whether something fits beside them."""

    def __init__(self, taken: Iterable[Wanted]) -> None:
        self._by_part: dict[UUID, list[Wanted]] = {}
        for claim in sorted(taken, key=_start):
            self._by_part.setdefault(claim.resource_id, []).append(claim)

    def free(self, wanted: Iterable[Wanted]) -> bool:
        """Whether all of these could be taken."""
        return not any(other.span.overlaps(each.span) for each in wanted for other in self._near(each))

    def spans(self, part_id: UUID) -> list[Span]:
        """When a part is taken, in order."""
        return [claim.span for claim in self._by_part.get(part_id, [])]

    def closed(self, part_id: UUID, span: Span) -> bool:
        """Whether the town hall has closed a part for some of that time."""
        return any(other.closed and other.span.overlaps(span) for other in self._near(Wanted(part_id, span)))

    def _near(self, wanted: Wanted) -> list[Wanted]:
        standing = self._by_part.get(wanted.resource_id, [])
        first = bisect_left(standing, wanted.span.start - LONGEST, key=_start)
        last = bisect_left(standing, wanted.span.end, key=_start)
        return standing[first:last]


def busy_between(
    session: Session,
    halls: Iterable[HallRules],
    plan: HallPlan,
    first: date,
    last: date,
    now: datetime,
    but: UUID | None = None,
) -> Busy:
    """What is taken of these halls from one day to another, both included. ``but`` is a booking that gives way."""
    ids = [part_id for hall in halls for part_id in hall.part_ids]
    return Busy(claims.taken(session, ids, days_span(first, last, plan.zone), now, but))


def refusal(
    plan: HallPlan, hall: HallRules, parts: Parts, span: Span, user_class: str, now: datetime, by: Actor = CITIZEN
) -> str:
    """Why the rules refuse this to this user class now, in a sentence; empty when they allow it. Others' bookings left
    aside.

    A clerk isn't bound to the grid, to lengths, lead and release, and books in school hours; never in the past, never
    while the hall is closed.
    """
    clerk = by.kind == "clerk"
    if not hall.allows(parts):
        return _("Diese Teile der Halle können nicht zusammen gebucht werden.")
    if span.start <= now:
        return _("Diese Zeit ist schon vorbei.")
    try:
        terms = plan.terms(local_date(now, plan.zone), user_class)
    except NotFound:
        return _("Hier kann man noch nichts buchen.")
    if not clerk and (why := _not_for_you(plan, hall, span, terms, now)):
        return why
    if span.length + hall.buffer > LONGEST:
        return _("Länger als einen Tag am Stück kann nicht gebucht werden.")
    first = local_date(span.start, plan.zone)
    opened = plan.openings(hall, first - _ONE_DAY, local_date(span.end, plan.zone), "office" if clerk else user_class)
    if not inside_any(span, opened):
        return _("Zu dieser Zeit ist die Halle nicht geöffnet, oder die Schule braucht sie.")
    if not clerk and not _on_grid(plan, hall, span, user_class):
        return _("Bitte wählen Sie eine der angebotenen Anfangszeiten.")
    return ""


def starts(
    plan: HallPlan,
    busy: Busy,
    hall: HallRules,
    parts: Parts,
    day: date,
    minutes: int,
    user_class: str,
    now: datetime,
    by: Actor = CITIZEN,
) -> list[Span]:
    """When these parts are free on a day for so many minutes (of real time), by all rules; every beginning of the
    grid."""
    if not hall.allows(parts):
        return []
    possible = _grid(plan, hall, day, minutes, "office" if by.kind == "clerk" else user_class)
    return [
        span
        for span in possible
        if busy.free(hall.claims(parts, span)) and not refusal(plan, hall, parts, span, user_class, now, by)
    ]


def _grid(plan: HallPlan, hall: HallRules, day: date, minutes: int, user_class: str) -> list[Span]:
    step = int(hall.step.total_seconds()) // 60
    within = plan.openings(hall, day, day + _ONE_DAY, user_class)
    return rules.grid(plan.opening(hall, day, user_class), step, minutes, within)


def _on_grid(plan: HallPlan, hall: HallRules, span: Span, user_class: str) -> bool:
    """Whether it begins a whole number of steps after the opening of its day in which it begins."""
    opened = plan.opening(hall, local_date(span.start, plan.zone), user_class)
    return any(each.contains(span.start) and not (span.start - each.start) % hall.step for each in opened)


def _not_for_you(plan: HallPlan, hall: HallRules, span: Span, terms: Terms, now: datetime) -> str:
    minutes = int(span.length.total_seconds()) // 60
    if hall.visibility == "information" or not terms.books:
        return _("Online können Sie diese Halle nicht buchen. Bitte wenden Sie sich an das Amt.")
    if not terms.shortest_minutes <= minutes <= terms.longest_minutes:
        words = {"least": terms.shortest_minutes, "most": terms.longest_minutes}
        return _("Buchen können Sie hier %(least)d bis %(most)d Minuten am Stück.") % words
    if span.start < terms.earliest_start(now):
        return _("Diese Zeit liegt zu nah. Bitte rufen Sie das Amt an.")
    opens = opens_at(terms.release, local_date(span.start, plan.zone), plan.zone, plan.land)
    if opens is None or opens > now:
        return _("Dieser Tag ist noch nicht zur Buchung freigegeben.")
    return ""
