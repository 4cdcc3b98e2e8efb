"""Closures: the town hall takes a resource out of use for a while, and its claims keep it free of bookings.

A closure can go around bookings that stay. It is closed for the whole of its span all the same: what becomes free in it
later is claimed for it (``fill``) by whoever frees it, in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import Refused
from buchbar.base.texts import _, moment
from buchbar.booking import claims
from buchbar.booking.claims import Wanted
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.spans import Span, intersect, subtract
from buchbar.calendar.walls import day_span, local_date
from buchbar.resources.models import Closure, Resource

LONGEST_CLOSURE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Standing:
    """A booking (its number) or a closure (its reason) in the way: plain values, as it outlives the session."""

    id: UUID
    name: str
    starts_at: datetime


class InTheWay(Refused):
    """Bookings or other closures stand in the way; a clerk moves, cancels or reopens them first."""

    def __init__(self, sentence: str, bookings: Sequence[Standing] = (), closures: Sequence[Standing] = ()) -> None:
        super().__init__(sentence)
        self.bookings = bookings
        self.closures = closures


def close(session: Session, resource: Resource, span: Span, reason: str, at: datetime, by: Actor) -> Closure:
    """Take a resource out of use. Raises InTheWay, and then nothing has happened but that expired holds are gone."""
    _refuse_nonsense(span, at)
    zone = session.get_one(Municipality, resource.municipality_id).zone
    freed = claims.sweep(session, [resource.id], span, at)
    _refuse_for_others(session, resource, span, zone)
    closure = _take(session, resource, span, reason, at, by)
    if closure is None:  # somebody was quicker
        _refuse_for_others(session, resource, span, zone)
        raise InTheWay(_("In dieser Zeit ist gerade etwas gebucht worden. Bitte versuchen Sie es noch einmal."))
    claims.changed(session, {*freed, resource.id})
    return closure


def close_around(
    session: Session, resource: Resource, span: Span, reason: str, at: datetime, by: Actor
) -> Closure | None:
    """Take a resource out of use for a span, but for what stands in it; None where nothing is free. Raises InTheWay
    when somebody was quicker."""
    _refuse_nonsense(span, at)
    freed = claims.sweep(session, [resource.id], span, at)
    parts = [part for part in _gaps(session, resource.id, span) if part.end > at]
    if not parts:
        return None
    closure = _take(session, resource, span, reason, at, by, parts)
    if closure is None:
        raise InTheWay(_("In dieser Zeit ist gerade etwas gebucht worden. Bitte versuchen Sie es noch einmal."))
    claims.changed(session, {*freed, resource.id})
    return closure


def fill(session: Session, resource_ids: Iterable[UUID], span: Span) -> None:
    """Claim for their closures what has become free of the resources in a span. After whoever wants it himself.

    The caller raises the versions. A closure that is just being lifted is waited for.
    """
    around = select(Closure.id, Closure.resource_id, Closure.starts_at, Closure.ends_at, Closure.municipality_id).where(
        Closure.resource_id.in_(list(resource_ids)), Closure.starts_at < span.end, Closure.ends_at > span.start
    )
    for closure in session.execute(around.order_by(Closure.id).with_for_update(read=True, key_share=True)).all():
        zone = session.get_one(Municipality, closure.municipality_id).zone
        inside = intersect([span], [Span(closure.starts_at, closure.ends_at)])
        gaps = [gap for part in inside for gap in _gaps(session, closure.resource_id, part)]
        wanted = [Wanted(closure.resource_id, part) for gap in gaps for part in day_by_day(gap, zone)]
        claims.take(session, wanted, closure_id=closure.id)


def _gaps(session: Session, resource_id: UUID, span: Span) -> list[Span]:
    """What of a span nothing has claimed."""
    standing = session.execute(select(Claim.starts_at, Claim.ends_at).where(*claims.overlapping([resource_id], span)))
    return subtract([span], [Span(*row) for row in standing])


def _take(
    session: Session,
    resource: Resource,
    span: Span,
    reason: str,
    at: datetime,
    by: Actor,
    parts: Sequence[Span] = (),
) -> Closure | None:
    """Claim the whole span, or these parts of it, day by day; None, and nothing has happened, when something stands
    in them."""
    closure = Closure(
        id=uuid4(),
        municipality_id=resource.municipality_id,
        resource_id=resource.id,
        starts_at=span.start,
        ends_at=span.end,
        reason=reason,
        closed_by=by.name,
        closed_at=at,
    )
    zone = session.get_one(Municipality, resource.municipality_id).zone
    wanted = [Wanted(resource.id, day) for part in parts or [span] for day in day_by_day(part, zone)]
    with session.begin_nested() as attempt:
        session.add(closure)
        session.flush()
        took = claims.take(session, wanted, closure_id=closure.id)
        if len(took) < len(wanted):
            attempt.rollback()
            return None
    return closure


def _refuse_nonsense(span: Span, at: datetime) -> None:
    if span.end <= at or span.length > LONGEST_CLOSURE:
        raise Refused(_("Eine Sperrzeit endet in der Zukunft und dauert höchstens ein Jahr."))


def close_all(
    session: Session, resources: Sequence[Resource], spans: Sequence[Span], reason: str, at: datetime, by: Actor
) -> list[Closure]:
    """Take several resources out of use for several whiles, all or none. Raises InTheWay with all that stands against
    it."""
    bookings: dict[UUID, Standing] = {}
    closed: dict[UUID, Standing] = {}
    made: list[Closure] = []
    with session.begin_nested(), claims.versions_last(session):
        # Bookings are locked before the first claim is taken: who does it the other way round waits for us.
        claims.changed(session, claims.sweep(session, [each.id for each in resources], spans, at))
        for resource in sorted(resources, key=lambda each: each.id):  # in one order, so that two don't block each other
            for span in spans:
                try:
                    made.append(close(session, resource, span, reason, at, by))
                except InTheWay as refusal:
                    if not (refusal.bookings or refusal.closures):
                        raise
                    bookings |= {standing.id: standing for standing in refusal.bookings}
                    closed |= {standing.id: standing for standing in refusal.closures}
        if bookings or closed:
            zone = session.get_one(Municipality, resources[0].municipality_id).zone
            raise _in_the_way(_in_order(bookings), _in_order(closed), zone)
    return made


def _in_order(standing: dict[UUID, Standing]) -> list[Standing]:
    return sorted(standing.values(), key=lambda each: (each.starts_at, each.name))


def reopen(session: Session, closure: Closure) -> None:
    """Give the resource back; a closure that is gone already stays gone."""
    freed = claims.free_closure(session, closure.id)
    if freed:
        session.delete(closure)
        session.flush()
        fill(session, freed, Span(closure.starts_at, closure.ends_at))
        claims.changed(session, freed)


def day_by_day(span: Span, zone: ZoneInfo) -> list[Span]:
    """The span in parts of at most a local day each (23 to 25 hours), because no claim may be longer."""
    day, parts = local_date(span.start, zone), []
    while (today := day_span(day, zone)).start < span.end:
        parts += intersect([span], [today])
        day += timedelta(days=1)
    return parts


def _refuse_for_others(session: Session, resource: Resource, span: Span, zone: ZoneInfo) -> None:
    here = claims.overlapping([resource.id], span)
    booked = select(Booking.id, Booking.number, Booking.starts_at).where(
        Booking.id.in_(select(Claim.booking_id).where(*here))
    )
    closed = select(Closure.id, Closure.reason, Closure.starts_at).where(
        Closure.id.in_(select(Claim.closure_id).where(*here))
    )
    bookings = [Standing(*row) for row in session.execute(booked.order_by(Booking.starts_at))]
    closures = [Standing(*row) for row in session.execute(closed.order_by(Closure.starts_at))]
    if bookings or closures:
        raise _in_the_way(bookings, closures, zone)


def _in_the_way(bookings: Sequence[Standing], closures: Sequence[Standing], zone: ZoneInfo) -> InTheWay:
    if bookings:
        sentence = _("In dieser Zeit gibt es Buchungen. Bitte verlegen oder stornieren Sie sie zuerst: %s.")
        return InTheWay(sentence % _named(bookings, zone), bookings, closures)
    sentence = _("In dieser Zeit ist schon gesperrt: %s. Bitte heben Sie zuerst diese Sperrzeit auf.")
    return InTheWay(sentence % _named(closures, zone), bookings, closures)


def _named(standing: Sequence[Standing], zone: ZoneInfo) -> str:
    few = "; ".join(f"{each.name} ({moment(each.starts_at, zone)})" for each in standing[:5])
    return few + (_(" und %d weitere") % (len(standing) - 5) if len(standing) > 5 else "")
