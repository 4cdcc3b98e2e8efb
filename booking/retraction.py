"""Taking back the office's yes, as long as nothing has come of it but a request to pay."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.errors import Refused
from buchbar.base.texts import _
from buchbar.booking import approvals, claims, journeys, lifecycle, steps
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Approval, Booking, BookingEvent
from buchbar.payments.models import Payment


def retract(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """Take the office's yes back: the request waits again. A second time changes nothing.

    Raises NotAllowed where the booking is firm or over already, Refused where somebody has acted on the yes since.
    """
    lifecycle.lock(session, booking)
    if booking.state == "requested" and "office" not in approvals.given(session, booking):
        return
    steps.allow(booking, "retract", at)
    if why_not(session, booking):
        raise Refused(why_not(session, booking))
    before, booking.state, booking.deadline_at, booking.reminded = booking.state, "requested", None, 0
    session.execute(
        Approval.__table__.delete().where(Approval.booking_id == booking.id, Approval.party == "office")  # type: ignore[attr-defined]
    )
    event = record(session, booking, "retract", at, by, **{"from": before})
    session.flush()
    journeys.of(booking).tell(session, booking, event)
    claims.shown(session, booking.id)


def possible(session: Session, booking: Booking, now: datetime) -> bool:
    """Whether the office's yes can still be taken back."""
    early = booking.state in steps.STEPS["retract"] and booking.starts_at > now
    return early and "office" in approvals.given(session, booking) and not why_not(session, booking)


def why_not(session: Session, booking: Booking) -> str:
    """What has happened since the office's yes that it can't be taken back; empty if nothing has."""
    events = session.scalars(
        select(BookingEvent).where(BookingEvent.booking_id == booking.id).order_by(BookingEvent.id.desc())
    ).all()
    yes = next((n for n, event in enumerate(events) if _is_yes(event)), None)
    if yes is None:
        return _("Diese Zustimmung wurde nicht hier gegeben.")
    if any(event.verb != "bill" or event.at != events[yes].at for event in events[:yes]):
        return _("Seit der Zustimmung ist bei dieser Buchung etwas geschehen. Bitte sehen Sie sie noch einmal an.")
    begun = Payment.booking_id == booking.id, Payment.state.in_(("started", "paid"))
    if session.scalar(select(Payment.id).where(*begun).limit(1)) is not None:
        return _("Es wird gerade bezahlt oder ist schon bezahlt.")
    return ""


def _is_yes(event: BookingEvent) -> bool:
    return event.verb == "approve" and event.data.get("party") == "office"
