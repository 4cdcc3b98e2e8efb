"""What stands in the way of claims: which bookings and which closures, in sentences for clerks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.booking import claims, closed, queries
from buchbar.booking.claims import Wanted
from buchbar.booking.models import Booking, Claim
from buchbar.booking.plans import Obstacle
from buchbar.calendar.spans import Span
from buchbar.resources.models import Closure, Resource


def in_the_way(
    session: Session, town: Municipality, wanted: Sequence[Wanted], now: datetime, but: UUID | None = None
) -> list[Obstacle]:
    """The bookings and closures that clash with claims, in order; ``but`` is the booking that would give way itself."""
    if not wanted:
        return []
    around = Span(min(each.span.start for each in wanted), max(each.span.end for each in wanted))
    standing = (
        select(Claim, Resource.name, Booking, Closure)
        .join(Resource, Resource.id == Claim.resource_id)
        .outerjoin(Booking, Booking.id == Claim.booking_id)
        .outerjoin(Closure, Closure.id == Claim.closure_id)
        .where(
            *claims.overlapping({each.resource_id for each in wanted}, around.widened(claims.AROUND, claims.AROUND)),
            or_(Claim.expires_at.is_(None), Claim.expires_at > now),
        )
        .order_by(Claim.starts_at, Resource.name)
    )
    rows = [row for row in session.execute(standing) if row.Booking is None or row.Booking.id != but]
    clashing = [(row, each) for row in rows for each in wanted if each.clashes(_as_wanted(row.Claim))]
    names = queries.names_of(session, {row.Booking for row, _wanted in clashing if row.Booking})
    found: dict[tuple[UUID, UUID], Obstacle] = {}
    for row, each in clashing:
        key = (row.Claim.resource_id, row.Claim.booking_id or row.Claim.closure_id)
        found.setdefault(key, _obstacle(row, each, names, town))
    return list(found.values())


def _as_wanted(claim: Claim) -> Wanted:
    span = Span(claim.starts_at, claim.ends_at)
    if claim.leaves_at is None:
        return Wanted(claim.resource_id, span)
    return Wanted(claim.resource_id, span, claim.site_id, claim.starts_at - claim.leaves_at)


def _obstacle(row: Any, wanted: Wanted, names: dict[UUID, str], town: Municipality) -> Obstacle:
    claim, booking, zone = row.Claim, row.Booking, town.zone
    if booking is None:
        when = closed.in_words(row.Closure.starts_at, row.Closure.ends_at, zone)
        words = {"what": row.name, "reason": row.Closure.reason, "when": when}
        return Obstacle(_("%(what)s: gesperrt, %(reason)s (%(when)s).") % words)
    words = {
        "what": row.name,
        "who": names.get(booking.id) or booking.number,
        "begins": texts.clock(booking.starts_at, zone),
        "from": f"{claim.starts_at.astimezone(zone):%H:%M}",
        "until": texts.clock(claim.ends_at, zone),
    }
    if wanted.span.overlaps(Span(claim.starts_at, claim.ends_at)):
        sentence = _("%(what)s: belegt von %(from)s bis %(until)s durch %(who)s (Beginn %(begins)s).")
    else:
        sentence = _("%(what)s: Der Weg ist nicht zu schaffen; %(who)s (Beginn %(begins)s) ist an einem anderen Ort.")
    return Obstacle(sentence % words, booking.id)
