"""Claims: exclusive use of resources. This is the only file that writes them.

Nobody deadlocks, because every transaction locks in one order: bookings (sorted), then claims (first the venue's, then
one registrar's), and last the versions of resources (``changed``, once, sorted). So what frees claims only says which
resources it freed, and its caller raises their versions at the end.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, literal, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from buchbar.base.db import Moment, insert, insert_for, table_of
from buchbar.booking.models import LONGEST_CLAIM_HOURS, Booking, BookingEvent, Claim, FormerClaim
from buchbar.calendar.spans import Span
from buchbar.resources.models import Resource

LONGEST = timedelta(hours=LONGEST_CLAIM_HOURS)
_CLAIM, _RESOURCE = table_of(Claim), table_of(Resource)
# The statements of the busiest paths are made once, of tables: building them anew costs more than running them.
_STANDING = select(
    *(_CLAIM.c[name] for name in ("resource_id", "starts_at", "ends_at", "site_id", "leaves_at")),
    *(_CLAIM.c[name] for name in ("booking_id", "expires_at")),
).where(
    _CLAIM.c.resource_id.in_(bindparam("resources", expanding=True)),
    _CLAIM.c.starts_at > bindparam("longest_before"),
    _CLAIM.c.starts_at < bindparam("end"),
    _CLAIM.c.ends_at > bindparam("start"),
)
_LOCKED = (
    select(_RESOURCE.c.id)
    .where(_RESOURCE.c.id.in_(bindparam("resources", expanding=True)))
    .order_by(_RESOURCE.c.id)
    .with_for_update(key_share=True)
)
_RAISE_VERSIONS = update(_RESOURCE).where(_RESOURCE.c.id.in_(_LOCKED)).values(version=_RESOURCE.c.version + 1)
# No way, and no setting up or preparing, is longer (see the checks of Site, Venue and Registrar). So far around an
# event a claim may stand against it: its own preparing and way, and the other's way.
AROUND = 3 * timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A claim, to be taken or standing: with ``site_id``, somebody has to go there, ``way`` long in each direction.

    ``closed``: it is the town hall's own, a closure.
    """

    resource_id: UUID
    span: Span
    site_id: UUID | None = None
    way: timedelta = timedelta(0)
    closed: bool = False

    @property
    def travel(self) -> Span:
        """The span with the way there and back."""
        return self.span.widened(self.way, self.way)

    def clashes(self, other: "Wanted") -> bool:
        """What the database refuses, in Python: overlapping use, or different sites too near in time."""
        if self.resource_id != other.resource_id:
            return False
        apart = self.site_id is not None and other.site_id is not None and self.site_id != other.site_id
        return self.span.overlaps(other.span) or (apart and self.travel.overlaps(other.travel))


def take(
    session: Session,
    wanted: Sequence[Wanted],
    *,
    booking_id: UUID | None = None,
    closure_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> list[UUID]:
    """Take what is free of these claims; the resources of those that it got. The caller undoes what it can't use.

    Nothing is checked before: the database itself refuses what overlaps. Sorted, rooms before people, and refused
    without an error where the database can (PostgreSQL), so that a crowd doesn't deadlock on each other's unfinished
    rows.
    """
    return [
        row["resource_id"]
        for row in _take(session, [_row(each, booking_id, closure_id, expires_at) for each in wanted])
    ]


def take_for(session: Session, wanted: Mapping[UUID, Sequence[Wanted]]) -> set[UUID]:
    """Take what many bookings want, all in one order, like ``take``; those that got all of it. The caller undoes what
    the others got."""
    rows = [_row(each, booking_id, None, None) for booking_id, theirs in wanted.items() for each in theirs]
    got = Counter(row["booking_id"] for row in _take(session, rows))
    return {booking_id for booking_id, theirs in wanted.items() if got[booking_id] == len(theirs)}


def _row(want: Wanted, booking_id: UUID | None, closure_id: UUID | None, expires_at: datetime | None) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "resource_id": want.resource_id,
        "starts_at": want.span.start,
        "ends_at": want.span.end,
        "site_id": want.site_id,
        "leaves_at": want.travel.start if want.site_id else None,
        "returns_at": want.travel.end if want.site_id else None,
        "booking_id": booking_id,
        "closure_id": closure_id,
        "expires_at": expires_at,
    }


def _take(session: Session, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Insert the rows in order; those that the database has taken."""
    ordered = sorted(
        rows, key=lambda row: (row["site_id"] is not None, row["resource_id"].int, row["starts_at"], row["ends_at"])
    )
    dialect = session.get_bind().dialect.name
    if dialect != "postgresql":
        return [row for row in ordered if _sqlite_takes(session, row)]
    took = set(session.execute(_taking(dialect), ordered).scalars()) if ordered else set()
    return [row for row in ordered if row["id"] in took]


@cache
def _taking(dialect: str) -> Any:
    return insert_for(dialect, _CLAIM).on_conflict_do_nothing().returning(_CLAIM.c.id)


def _sqlite_takes(session: Session, row: dict[str, Any]) -> bool:
    # SQLite's trigger aborts the statement, not the transaction.
    try:
        session.execute(_taking("sqlite"), row)
    except IntegrityError as refusal:
        if "claim_no_overlap" in str(refusal.orig) or "claim_reachable" in str(refusal.orig):
            return False
        raise
    return True


def free(session: Session, booking_id: UUID) -> set[UUID]:
    """Give back all that a booking claims; the resources that are free now, for ``changed``."""
    freed = delete(Claim).where(Claim.booking_id == booking_id).returning(Claim.resource_id)
    return set(session.execute(freed).scalars())


def remember(session: Session, booking: Booking, at: datetime) -> None:
    """Keep in mind what a reservation is about to give back, for calendars that have shown it; holds they never do."""
    known = insert(session, FormerClaim)
    standing = select(
        Claim.booking_id,
        Claim.resource_id,
        literal(booking.starts_at, Moment()),
        literal(booking.ends_at, Moment()),
        literal(at, Moment()),
    ).where(Claim.booking_id == booking.id, Claim.expires_at.is_(None))
    statement = known.from_select(["booking_id", "resource_id", "starts_at", "ends_at", "freed_at"], standing)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["booking_id", "resource_id"],
            set_={each: statement.excluded[each] for each in ("starts_at", "ends_at", "freed_at")},
        )
    )


def shown(session: Session, booking_id: UUID) -> None:
    """Raise the versions where a booking stays as it is but is shown otherwise: it stands now, or is confirmed."""
    changed(session, set(session.scalars(select(Claim.resource_id).where(Claim.booking_id == booking_id))))


def reach(booking: Booking) -> Span:
    """Within which its claims lie, with setting up, preparing and ways."""
    return Span(booking.starts_at, booking.ends_at).widened(AROUND, AROUND)


def free_closure(session: Session, closure_id: UUID) -> set[UUID]:
    """Give back what a closure claims; the resources that are free now, for ``changed``."""
    freed = delete(Claim).where(Claim.closure_id == closure_id).returning(Claim.resource_id)
    return set(session.execute(freed).scalars())


def keep(session: Session, booking_ids: Collection[UUID], until: datetime | None) -> None:
    """Let bookings' claims live until a moment, or (None) until they are given back."""
    session.execute(update(Claim).where(Claim.booking_id.in_(booking_ids)).values(expires_at=until))


def stand_in_line(session: Session, booking_ids: Iterable[UUID]) -> None:
    """Lock many bookings, and the versions of what they claim, before the first of them is touched.

    For who does several verbs in one transaction, none of which takes a claim: one after the other they would lock
    versions before later bookings, and so deadlock with everybody who keeps the order.
    """
    ours = list(booking_ids)
    session.execute(select(Booking.id).where(Booking.id.in_(ours)).order_by(Booking.id).with_for_update())
    claimed = session.scalars(select(Claim.resource_id).where(Claim.booking_id.in_(ours)).distinct()).all()
    session.execute(_LOCKED, {"resources": list(claimed)})


def changed(session: Session, resource_ids: set[UUID]) -> None:
    """Raise the version of resources whose claims changed, so that caches and feeds notice. The last thing to do.

    Sorted, and with the weaker FOR NO KEY UPDATE, because everybody who claims a resource holds its key share.
    """
    later: set[UUID] | None = session.info.get("versions_last")
    if later is not None:
        later |= resource_ids
    elif resource_ids:
        session.execute(_RAISE_VERSIONS, {"resources": list(resource_ids)})


@contextmanager
def versions_last(session: Session) -> Iterator[None]:
    """Within this, versions are raised once, at its end: for who does several things to bookings in one transaction
    and takes claims as well. Lock the bookings before."""
    if "versions_last" in session.info:  # who does several such things at once raises them at the end of all
        yield
        return
    session.info["versions_last"] = set()
    try:
        yield
        resource_ids = session.info["versions_last"]
    finally:
        del session.info["versions_last"]
    changed(session, resource_ids)


def overlapping(resource_ids: Iterable[UUID], span: Span) -> list[ColumnElement[bool]]:
    """Conditions for claims of the resources that may touch the span. Bounded, so that history costs nothing."""
    return [
        Claim.resource_id.in_(list(resource_ids)),
        Claim.starts_at > span.start - LONGEST,
        Claim.starts_at < span.end,
        Claim.ends_at > span.start,
    ]


def taken(
    session: Session, resource_ids: Iterable[UUID], span: Span, now: datetime, but: UUID | None = None
) -> list[Wanted]:
    """The live claims of the resources in and around the span; what has expired is free at that second. ``but`` is a
    booking that would give way itself."""
    rows = [row for row in _standing(session, resource_ids, span) if _lives(row, now)]
    return [_as_wanted(row) for row in rows if but is None or row.booking_id != but]


def taken_in(
    session: Session, resource_ids: Iterable[UUID], spans: Iterable[Span], now: datetime, but: Collection[UUID] = ()
) -> list[Wanted]:
    """``taken`` for many spans, in one query; ``but`` are bookings that would give way themselves."""
    ids = list(resource_ids)
    inside = [and_(*overlapping(ids, span)) for span in spans]
    if not ids or not inside:
        return []
    rows = session.execute(select(*_STANDING.selected_columns).where(or_(*inside))).all()
    return [_as_wanted(row) for row in rows if _lives(row, now) and row.booking_id not in but]


def clear(session: Session, resource_ids: Iterable[UUID], span: Span, now: datetime) -> tuple[list[Wanted], set[UUID]]:
    """``sweep`` and ``taken`` in one: what lives, and the resources that are free now, for ``changed``."""
    rows = _standing(session, resource_ids, span)
    stale = {row.booking_id for row in rows if not _lives(row, now) and row.booking_id}
    return [_as_wanted(row) for row in rows if _lives(row, now)], end_holds(session, list(stale), now)[1]


def _standing(session: Session, resource_ids: Iterable[UUID], span: Span) -> Sequence[Row[Any]]:
    wide = span.widened(AROUND, AROUND)
    bounds = {"longest_before": wide.start - LONGEST, "start": wide.start, "end": wide.end}
    return session.execute(_STANDING, {"resources": list(resource_ids), **bounds}).all()


def _lives(row: Row[Any], now: datetime) -> bool:
    return row.expires_at is None or row.expires_at > now


def _as_wanted(row: Row[Any]) -> Wanted:
    span = Span(row.starts_at, row.ends_at)
    if row.leaves_at is None:
        return Wanted(row.resource_id, span, closed=row.booking_id is None)
    return Wanted(row.resource_id, span, row.site_id, row.starts_at - row.leaves_at)


def sweep(session: Session, resource_ids: Iterable[UUID], spans: Span | Sequence[Span], now: datetime) -> set[UUID]:
    """Write down as expired the holds that stand in the way of a taker and have run out, and free their claims.

    Part of the taker's transaction: nobody waits for a job. Who wants to take in several spans sweeps them at once, so
    that bookings are locked in one order. Returns the resources that are free now, for ``changed``.
    """
    ids, wide = (
        list(resource_ids),
        [each.widened(AROUND, AROUND) for each in ([spans] if isinstance(spans, Span) else spans)],
    )
    if not wide:  # a series of which no date is left
        return set()
    inside = or_(*(and_(*overlapping(ids, each)) for each in wide))
    stale = select(Claim.booking_id).where(inside, Claim.expires_at <= now).distinct()
    return end_holds(session, [booking_id for booking_id in session.execute(stale).scalars() if booking_id], now)[1]


def expire(session: Session, booking_ids: Sequence[UUID], now: datetime) -> int:
    """End the holds among these bookings that have run out; how many. Safe against everybody else's doing it too."""
    ended, freed = end_holds(session, booking_ids, now)
    changed(session, freed)
    return ended


def end_holds(session: Session, booking_ids: Sequence[UUID], now: datetime) -> tuple[int, set[UUID]]:
    """What ``expire`` does, but for the versions: how many holds it ended, and the resources that are free now."""
    if not booking_ids:
        return 0, set()
    # Who comes while somebody else ends the same holds waits for him: if he then gives up, they are still there.
    mine = (
        select(Booking.id)
        .where(Booking.id.in_(booking_ids), Booking.state.in_(("held", "submitted")), Booking.hold_until <= now)
        .order_by(Booking.id)
        .with_for_update()
    )
    ended = list(session.execute(mine).scalars())
    if not ended:
        return 0, set()
    session.execute(
        update(Booking)
        .where(Booking.id.in_(ended))
        .values(state="expired", ended_at=now)
        .execution_options(synchronize_session=False)
    )
    event = {"at": now, "verb": "expire", "by_kind": "system", "by_name": "", "reason": "", "data": {}}
    session.execute(insert(session, BookingEvent).values([{"booking_id": ended_id, **event} for ended_id in ended]))
    freed = delete(Claim).where(Claim.booking_id.in_(ended)).returning(Claim.resource_id)
    return len(ended), set(session.execute(freed).scalars())
