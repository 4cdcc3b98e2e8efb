"""One verb for many bookings: rehearsed first, so that a clerk sees what would happen, and then done.

A rehearsal does the verb and takes it back: so it can't say anything else than what will happen. Each booking has a
savepoint of its own: one that refuses doesn't stop the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.base.errors import Problem
from buchbar.base.texts import N_
from buchbar.booking import claims, lifecycle, queries
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.next_steps import choices, known
from buchbar.notices.models import Letter
from buchbar.payments import ledger

MOST = 200
VERBS = {
    "approve_office": N_("Für das Amt bestätigen"),
    "decline": N_("Ablehnen"),
    "register": N_("Anmeldung liegt vor"),
    "remind": N_("An die Frist erinnern"),
    "cancel": N_("Stornieren"),
}
NEED_REASON = ("decline", "cancel")  # those who booked read it


@dataclass(frozen=True, slots=True)
class Deed:
    """A verb for many bookings, by whom and when."""

    verb: str
    reason: str
    at: datetime
    by: Actor


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a deed does to a booking, or why it doesn't: ``why_not``. ``changed`` is false where it was done already.

    ``letters`` is how many are written; ``forgiven`` of what is owed and ``back`` to who paid are cents.
    """

    booking_id: UUID
    why_not: str = ""
    changed: bool = False
    letters: int = 0
    forgiven: int = 0
    back: int = 0


class _Rehearsed(Exception):
    """Takes back what was only tried."""


def rehearse(session: Session, bookings: Sequence[Booking], deed: Deed) -> list[Outcome]:
    """What the deed would do to each booking, in their order. Nothing of it stays."""
    known = {booking.id: booking for booking in bookings}
    given = queries.agreed(session, list(known))
    against = {
        booking.id: step.why_not
        for booking in bookings
        for step in choices(booking, given[booking.id], deed.at)
        if step.verb == deed.verb and step.why_not
    }
    return [
        Outcome(booking.id, against[booking.id])
        if booking.id in against
        else _one(session, booking.id, deed, known.__getitem__, keep=False)
        for booking in bookings
    ]


def perform(session: Session, ids: Sequence[UUID], deed: Deed, locked: Callable[[UUID], Booking]) -> list[Outcome]:
    """Do it to each booking, in their order. ``locked`` loads one, or raises what stands against it."""
    claims.stand_in_line(session, ids)
    return [_one(session, booking_id, deed, locked, keep=True) for booking_id in ids]


def _one(session: Session, booking_id: UUID, deed: Deed, load: Callable[[UUID], Booking], *, keep: bool) -> Outcome:
    outcome = Outcome(booking_id)
    try:
        with session.begin_nested():
            booking = load(booking_id)
            before = _stand(session, booking_id)
            _act(session, booking, deed)
            session.flush()
            outcome = _between(booking_id, before, _stand(session, booking_id))
            if not keep:
                raise _Rehearsed
    except _Rehearsed:
        return outcome
    except Problem as problem:
        return Outcome(booking_id, problem.sentence)
    return outcome


def _act(session: Session, booking: Booking, deed: Deed) -> None:
    known(booking, deed.verb)
    match deed.verb:
        case "approve_office":
            lifecycle.approve(session, booking, "office", deed.at, deed.by)
        case "decline":
            lifecycle.decline(session, booking, deed.reason, deed.at, deed.by)
        case "register":
            lifecycle.register(session, booking, deed.at, deed.by)
        case "remind":
            lifecycle.remind_now(session, booking, deed.at, deed.by)
        case "cancel":
            lifecycle.cancel(session, booking, deed.at, deed.by, deed.reason)


def _stand(session: Session, booking_id: UUID) -> tuple[int, int, ledger.Account]:
    """How far a booking's history, letters and account have come."""
    events = session.scalar(select(func.count()).where(BookingEvent.booking_id == booking_id))
    letters = session.scalar(select(func.count()).where(Letter.booking_id == booking_id))
    return events or 0, letters or 0, ledger.account(session, booking_id)


def _between(
    booking_id: UUID, before: tuple[int, int, ledger.Account], after: tuple[int, int, ledger.Account]
) -> Outcome:
    (events, letters, account), (more_events, more_letters, later) = before, after
    return Outcome(
        booking_id,
        changed=more_events > events,
        letters=more_letters - letters,
        forgiven=account.owed - later.owed,
        back=later.returned - account.returned,
    )
