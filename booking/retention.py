"""Deletion when the retention date comes (Art. 17 GDPR): what is personal goes, what the books need stays.

What stays is no longer about anybody: the number, the dates, the states, charges, payments and refunds. Only who had
to pay stays with the documents of what was paid or is owed, as long as the books must be kept (payments/bills.py). Who
still owes something is forgotten when it is paid, or can't be claimed any more.
"""

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import audit, revisions, sign_in
from buchbar.accounts.models import Municipality
from buchbar.base import limits, once
from buchbar.base.db import Database
from buchbar.booking import attach, before, files, journeys, lifecycle, notes, owner_houses
from buchbar.booking.events import SYSTEM, record
from buchbar.booking.models import Booking, BookingEvent
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import local_date
from buchbar.notices import letters
from buchbar.notices.models import Errand, Letter
from buchbar.payments import bank_entries, bills, ledger, mandates, payouts
from buchbar.payments.claimable import claimable
from buchbar.payments.models import Charge, Payment, ProviderEvent, Refund
from buchbar.resources import opening_edits, pictures
from buchbar.resources.models import Closure, Feed, Venue

# Letters that belong to no booking hold sign-in codes, which live for minutes.
LETTERS_OF_CLERKS = timedelta(days=7)
# So long the provider may repeat a message or a refund may be asked about.
MESSAGES = timedelta(days=90)
# A hold that was never proven is nobody's reservation.
UNPROVEN = timedelta(days=1)
# So long a closure's reason ("krank") may be read after the closure is over.
CLOSURES = timedelta(days=90)
# So long a revoked calendar is kept, with the note for whom it was.
FEEDS = timedelta(days=90)
# What an errand is about, by its kind.
SUBJECTS = {
    "mail": Letter.id,
    "provider_event": ProviderEvent.errand_id,
    "refund": Refund.id,
    "close_checkout": Payment.id,
    "number": Charge.id,
}
log = logging.getLogger("buchbar.retention")


def forget_what_is_due(database: Database, now: datetime) -> int:
    """Forget every booking whose retention date has come, and the technical traces that are old; how many bookings."""
    with database.read() as session:
        due = _due(session, now)
    forgotten = 0
    for booking_id in due:
        try:
            with database.write() as session:
                forgotten += forget(session, session.get_one(Booking, booking_id), now)
        except Exception as fault:
            log.error("not forgotten", extra={"booking": str(booking_id), "fault": type(fault).__name__})
    with database.write() as session:
        tidy(session, now)
    return forgotten


def _due(session: Session, now: datetime) -> list[UUID]:
    a_month_ago = now - timedelta(days=28)  # no policy keeps less, so the database can leave the newer ones out
    over = func.coalesce(Booking.ended_at, Booking.ends_at)
    candidates = session.scalars(
        select(Booking)
        .where(
            Booking.forgotten_at.is_(None),
            or_(over <= a_month_ago, and_(Booking.ended_at <= now - UNPROVEN, *never_stood())),
        )
        .options(joinedload(Booking.policy), joinedload(Booking.municipality))
    )
    by_town: dict[Municipality, list[Booking]] = {}
    for booking in candidates:
        if is_due(booking, now):
            by_town.setdefault(booking.municipality, []).append(booking)
    return [
        booking.id
        for town, those in by_town.items()
        for booking, day in days(session, town, those).items()
        if day <= local_date(now, town.zone)
    ]


def never_stood() -> tuple[ColumnElement[bool], ...]:
    """The conditions of what was never a reservation."""
    return Booking.email_proven_at.is_(None), ~Booking.by_office


def days(session: Session, town: Municipality, bookings: Sequence[Booking]) -> dict[Booking, date]:
    """On which local day each of the town's bookings is forgotten, if nothing is paid until then: not before what is
    open of it can't be claimed any more."""
    claimed = claimable(session, town.id, town.zone, [booking.id for booking in bookings])
    kept = {booking_id: last + timedelta(days=1) for booking_id, last in claimed.items()}
    return {booking: max(due_on(booking), kept.get(booking.id, date.min)) for booking in bookings}


def is_due(booking: Booking, now: datetime) -> bool:
    """Whether its retention is over, if nothing of it is open."""
    if _is_unproven(booking):
        return booking.ended_at is not None and booking.ended_at + UNPROVEN <= now
    return due_on(booking) <= local_date(now, booking.municipality.zone)


def due_on(booking: Booking) -> date:
    """The local day on which the policy's months have passed since the event, or since it ended without one.

    They are counted in local days, to the same day of a later month (BGB §188). What never became a reservation is
    kept for a day: its address was not even proven to be theirs.
    """
    zone = booking.municipality.zone
    if _is_unproven(booking):
        return local_date((booking.ended_at or booking.ends_at) + UNPROVEN, zone)
    return add_months(local_date(booking.ended_at or booking.ends_at, zone), booking.terms.retention_months)


def _is_unproven(booking: Booking) -> bool:
    return booking.ended_at is not None and not booking.email_proven_at and not booking.by_office


def forget(session: Session, booking: Booking, at: datetime) -> bool:
    """Delete what is personal of a booking, and take back its secret links; False if that was done before."""
    lifecycle.lock(session, booking)
    if booking.forgotten_at:
        return False
    journeys.of(booking).forget(session, booking)
    letters.forget(session, booking.id)
    for kept in (attach, before, files, notes):
        kept.forget(session, booking.id)
    if (account := ledger.account(session, booking.id)).paid == account.owed == 0:
        bills.forget(session, booking.id)
    payouts.forget(session, [booking.id])
    booking.email = booking.phone = ""
    booking.generation += 1
    booking.forgotten_at = at
    of_booking = BookingEvent.booking_id == booking.id
    session.execute(update(BookingEvent).where(of_booking).values(reason=""))
    session.execute(update(BookingEvent).where(of_booking, BookingEvent.by_kind != "clerk").values(by_name=""))
    # The page at the provider shows the address that was typed there.
    session.execute(update(Payment).where(Payment.booking_id == booking.id).values(checkout_url=None))
    record(session, booking, "forget", at, SYSTEM)
    return True


def tidy(session: Session, now: datetime) -> None:
    """Delete the technical traces that nobody needs any more."""
    limits.forget(session, now)
    once.forget(session, now)
    sign_in.forget(session, now)
    audit.forget(session, now)
    session.execute(delete(Letter).where(Letter.booking_id.is_(None), Letter.written_at < now - LETTERS_OF_CLERKS))
    session.execute(delete(ProviderEvent).where(ProviderEvent.done_at < now - MESSAGES))
    session.execute(delete(Errand).where(Errand.state == "done", Errand.done_at < now - MESSAGES))
    for kind, subject in SUBJECTS.items():  # nobody can do these any more
        gone = Errand.subject_id.not_in(select(subject))
        session.execute(delete(Errand).where(Errand.kind == kind, Errand.state == "failed", gone))
    session.execute(delete(Closure).where(Closure.ends_at < now - CLOSURES))
    opening_edits.forget(session, now)
    pictures.forget(session, now)
    revisions.forget(session, now)
    attach.tidy(session, now)
    mandates.forget(session, now)
    forgotten = select(Booking.id).where(Booking.forgotten_at.is_not(None))
    payouts.forget(session, forgotten)  # what has gone out since
    bills.forget_stops(session, forgotten, now.date())
    bills.forget_old(session, now)
    bank_entries.forget_old(session, now)
    _forget_feeds(session, now)


def _forget_feeds(session: Session, now: datetime) -> None:
    """Delete revoked calendars. One that an owner would otherwise be given again stays revoked."""
    owned = session.scalars(select(Venue).where(Venue.owner_email != "")).all()
    theirs = [owner_houses.feed_id(venue) for venue in owned]
    session.execute(delete(Feed).where(Feed.revoked_at < now - FEEDS, Feed.id.not_in(theirs)))
