"""What the clockwork does to many dates of a series in one run is told in one letter."""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking import approvals, jobs, lifecycle, telling
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking, BookingEvent
from buchbar.notices.models import Letter
from buchbar.payments import ledger, paying

KINDS = {"remind": "hall_series_reminder", "release": "hall_series_released"}


def tell(session: Session, booking: Booking, event: BookingEvent) -> bool:
    """Whether the series' letter says what has happened to this date. The first date of a run writes it, for all to
    which the same is about to happen in it: each has a transaction of its own."""
    use = session.get(HallUse, booking.id)
    if event.verb not in KINDS or event.by_kind != "system" or use is None or use.series is None:
        return False
    if event.verb == "release" and _by_itself(session, booking):
        return False
    dates = _dates(session, use)
    known = select(Letter.id).where(
        Letter.kind == KINDS[event.verb],
        Letter.written_at == event.at,
        Letter.booking_id.in_([each.id for each in dates]),
    )
    if session.scalar(known.limit(1)) is None:
        same = [each for each in dates if each.id == booking.id or _next(session, each, event)]
        if event.verb == "remind":
            series_letters.reminded(session, use.series, same, event.at)
        else:
            series_letters.released(session, use.series, same, _back(session, same, booking, event), event.at)
    return True


def _dates(session: Session, use: HallUse) -> list[Booking]:
    ours = select(HallUse.booking_id).where(HallUse.series_id == use.series_id)
    return list(session.scalars(select(Booking).where(Booking.id.in_(ours)).order_by(Booking.starts_at)))


def _by_itself(session: Session, booking: Booking) -> bool:
    """Nobody has decided, or an invitation is to be taken back: the date's own letter says that."""
    undecided = approvals.needed(booking) - approvals.given(session, booking)
    return bool(undecided) or session.scalar(series_letters.invited([booking]).limit(1)) is not None


def _next(session: Session, booking: Booking, event: BookingEvent) -> bool:
    """Whether the same is about to happen to this date (booking/jobs.py)."""
    if booking.state != "payable" or booking.deadline_at is None:
        return False
    if event.verb == "remind":
        due = booking.deadline_at > event.at and lifecycle.reminders_due(booking, event.at) > booking.reminded
        return due and not paying.under_way(session, [booking.id])
    over = booking.deadline_at <= event.at and not jobs.being_paid(session, booking, event.at)
    return over and not _by_itself(session, booking)


def _back(session: Session, same: list[Booking], booking: Booking, event: BookingEvent) -> int:
    """What goes back of these dates, in cents; that of ``booking`` is on its way already."""
    refund = telling.happened(session, booking, event, ("refund",))
    accounts = ledger.accounts(session, [each.id for each in same if each.id != booking.id])
    surplus = sum(replace(account, owed=0).surplus for account in accounts.values())
    return surplus + int(refund.data["cents"] if refund else 0)
