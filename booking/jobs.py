"""What time alone does to bookings: holds run out, deadlines come near and pass.

Each booking has a transaction of its own, so that one which can't be worked off doesn't keep the others waiting, and
nobody waits for a lock longer than for one booking. Everything may be done twice, or by several processes at once.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, joinedload

from buchbar.base.db import Database
from buchbar.booking import claims, lifecycle, owner_houses, owners, steps
from buchbar.booking.models import Booking, Policy
from buchbar.payments import paying
from buchbar.payments.models import Payment

BATCH = 100
log = logging.getLogger("buchbar.jobs")


def expire_holds(database: Database, now: datetime) -> int:
    """Write down which holds have run out, and free what they claim; how many.

    They are free without it (booking/claims.py ``sweep``); this keeps the tables tidy and the history true.
    """
    ended = 0
    while True:
        with database.write() as session:
            stale = session.scalars(
                select(Booking.id)
                .where(Booking.state.in_(("held", "submitted")), Booking.hold_until <= now)
                .order_by(Booking.hold_until)
                .limit(BATCH)
            ).all()
            done = claims.expire(session, stale, now)
        ended += done
        if not done:
            return ended


def release_overdue(database: Database, now: datetime) -> int:
    """Release the bookings whose deadline has passed, or that nobody has decided before the event; how many.

    As long as the payment page of one is still open, or the bank has the money already, it waits for what comes of
    that: nobody shall pay for a date that was taken from under their hands.
    """
    with database.read() as session:
        overdue = session.scalars(
            select(Booking.id)
            .where(
                Booking.state.in_(steps.STEPS["release"]),
                or_(Booking.deadline_at <= now, and_(Booking.state == "requested", Booking.starts_at <= now)),
            )
            .order_by(Booking.starts_at)
        ).all()

    def release(session: Session, booking: Booking) -> bool:
        lifecycle.lock(session, booking)
        if being_paid(session, booking, now):
            return False
        lifecycle.release(session, booking, now)
        return booking.state == "released"

    return _each(database, overdue, release, "release")


def being_paid(session: Session, booking: Booking, now: datetime) -> bool:
    """Whether money may still come: only of pages that were begun in time, or one after the other would keep the date
    for ever."""
    in_time = Payment.started_at < (booking.deadline_at or booking.starts_at)
    begun = select(Payment.id).where(
        Payment.booking_id == booking.id,
        Payment.state == "started",
        or_(and_(Payment.expires_at > now, in_time), Payment.intent_id.is_not(None)),
    )
    return session.scalars(begun.limit(1)).first() is not None


def remind_of_deadlines(database: Database, now: datetime) -> int:
    """Write the reminders that are due; how many."""
    with database.read() as session:
        longest = max((day for terms in _terms(session) for day in terms), default=0)
        near = session.scalars(
            select(Booking)
            .where(
                Booking.state.in_(steps.STEPS["remind"]),
                Booking.deadline_at > now,
                Booking.deadline_at <= now + timedelta(days=longest),
            )
            .options(joinedload(Booking.policy))
            .order_by(Booking.deadline_at)
        ).all()
        due = [booking.id for booking in near if lifecycle.reminders_due(booking, now) > booking.reminded]

    def remind(session: Session, booking: Booking) -> bool:
        before = booking.reminded
        if booking.state == "payable" and paying.under_way(session, [booking.id]):
            return False  # nobody is asked for what the bank has already
        lifecycle.remind(session, booking, now)
        return booking.reminded > before

    return _each(database, due, remind, "remind")


def remind_owners(database: Database, now: datetime) -> int:
    """Ask venues' owners again who haven't answered; how many were asked."""
    with database.read() as session:
        due = owners.to_remind(session, now)
    return _each(database, due, lambda session, booking: owners.remind(session, booking, now), "ask")


def keep_owners_calendars(database: Database, now: datetime) -> int:
    """Give owners the calendars of their venues; how many were given."""
    with database.write() as session:
        return owner_houses.keep_feeds(session, now)


def _terms(session: Session) -> list[tuple[int, ...]]:
    return [terms.reminder_days for terms in session.scalars(select(Policy.terms))]


def _each(database: Database, booking_ids: Iterable[UUID], act: Callable[[Session, Booking], bool], verb: str) -> int:
    """Act on each booking by itself; how many it was done to. What fails is logged, and tried again next time."""
    done = 0
    for booking_id in booking_ids:
        try:
            with database.write() as session:
                done += act(session, session.get_one(Booking, booking_id))
        except Exception as fault:
            log.error("job failed", extra={"verb": verb, "booking": str(booking_id), "fault": type(fault).__name__})
    return done
