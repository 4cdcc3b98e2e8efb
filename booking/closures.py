"""Closures: the town hall takes a resource out of use for a while, and its claims keep it free of bookings."""

from collections.abc import Sequence
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
from buchbar.calendar.spans import Span, intersect
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
    if span.end <= at or span.length > LONGEST_CLOSURE:
        raise Refused(_("Eine Sperrzeit endet in der Zukunft und dauert höchstens ein Jahr."))
    zone = session.get_one(Municipality, resource.municipality_id).zone
    freed = claims.sweep(session, [resource.id], span, at)
    _refuse_for_others(session, resource, span, zone)
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
    wanted = [Wanted(resource.id, part) for part in day_by_day(span, zone)]
    with session.begin_nested() as attempt:
        session.add(closure)
        session.flush()
        took = claims.take(session, wanted, closure_id=closure.id)
        if len(took) < len(wanted):
            attempt.rollback()
    if len(took) < len(wanted):  # somebody was quicker
        _refuse_for_others(session, resource, span, zone)
        raise InTheWay(_("In dieser Zeit ist gerade etwas gebucht worden. Bitte versuchen Sie es noch einmal."))
    claims.changed(session, {*freed, resource.id})
    return closure


def close_all(
    session: Session, resources: Sequence[Resource], span: Span, reason: str, at: datetime, by: Actor
) -> list[Closure]:
    """Take several resources out of use, all or none. Raises InTheWay with what stands against any of them."""
    bookings: dict[UUID, Standing] = {}
    closed: dict[UUID, Standing] = {}
    made: list[Closure] = []
    with session.begin_nested():
        for resource in sorted(resources, key=lambda each: each.id):  # in one order, so that two don't block each other
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
