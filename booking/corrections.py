"""What a clerk puts right at a booking that stands: a wrong letter in a name, a new address, a deadline too near."""

from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import _
from buchbar.booking import attach, claims, journeys, lifecycle, steps
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.calendar.walls import day_span, local_date
from buchbar.notices import outbox
from buchbar.notices.models import Letter


def prolong(session: Session, booking: Booking, until: date, reason: str, at: datetime, by: Actor) -> None:
    """Let a deadline end with a later day, by which those who booked have to pay or to register. Raises Invalid for a
    day that isn't later, or lies behind the event."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "prolong", at)
    zone = booking.municipality.zone
    limit = min(day_span(until, zone).end, booking.starts_at)
    if booking.deadline_at == limit:
        return
    if booking.deadline_at is None:
        raise Refused(_("Diese Buchung hat keine Frist."))
    if until > local_date(booking.starts_at, zone):
        raise Invalid({"frist": _("Die Frist kann nicht nach dem Termin enden.")})
    if limit < booking.deadline_at or limit <= at:
        raise Invalid({"frist": _("Die neue Frist muss nach der jetzigen liegen.")})
    booking.deadline_at = limit
    booking.reminded = lifecycle.reminders_due(booking, at + timedelta(days=1))
    _tell(session, booking, "prolong", at, by, reason, until=until.isoformat())


def correct(
    session: Session, booking: Booking, contact: dict[str, str], changed: list[str], at: datetime, by: Actor
) -> None:
    """Put right how those who booked are reached, beside what the journey has put right already: ``changed`` are the
    labels of all that is different now. ``contact`` has "email" and "phone".

    To a new e-mail address goes a letter with a new link; the links that went to the old one lead nowhere from now on.
    """
    steps.allow(booking, "correct", at)
    if not changed:
        return
    was, moved = booking.email, contact["email"] != booking.email
    booking.email, booking.phone = contact["email"], contact["phone"]
    if moved:
        booking.generation += 1
        if booking.email:  # proven by the clerk's word
            booking.email_proven_at = booking.email_proven_at or at
    _tell(session, booking, "correct", at, by, ", ".join(changed), **({"email": "new"} if moved else {}))
    if moved:
        journeys.of(booking).readdressed(session, booking, was, at, by)
    claims.shown(session, booking.id)  # some calendars say for whom it is


def resend(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """Send those who booked their latest letter once more, or have it printed again. While it is still under way,
    nothing happens, unless the code in it is spent. Raises Refused where there is none."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "resend", at)
    latest = latest_letter(session, booking)
    if latest is None:
        raise Refused(_("Zu dieser Buchung ist noch nichts geschrieben worden."))
    if latest.paper is not None:
        if latest.printed_at is None and not attach.is_spent(session, booking):
            return
        attach.get_ready(session, booking, at)
        latest.printed_at, latest.printed_by = None, ""
    elif latest.sent_at is None:
        return
    else:
        _copy(session, latest, at)
    record(session, booking, "resend", at, by)


def latest_letter(session: Session, booking: Booking) -> Letter | None:
    """What was written to those who booked last, at the address that they have now."""
    to_them = Letter.to_address == booking.email if booking.email else Letter.paper.is_not(None)
    mine = select(Letter).where(Letter.booking_id == booking.id, to_them)
    return session.scalar(mine.order_by(Letter.written_at.desc(), Letter.sent_at.is_(None).desc(), Letter.id).limit(1))


def _copy(session: Session, letter: Letter, at: datetime) -> None:
    """A letter like the other, with an id of its own: mail programs throw away what they have had."""
    same = [*("municipality_id", "booking_id", "kind", "to_address", "subject", "text", "html", "language")]
    same += ["calendar", "calendar_method", "reply_to"]
    letter_id = uuid4()
    _left, _sign, host = letter.message_id.rpartition("@")
    fields = {name: getattr(letter, name) for name in same}
    session.add(Letter(id=letter_id, written_at=at, message_id=f"<{letter_id}@{host}", **fields))
    session.flush()
    outbox.send(session, "mail", letter_id, at)


def _tell(
    session: Session, booking: Booking, verb: str, at: datetime, by: Actor, reason: str = "", **data: str
) -> None:
    event = record(session, booking, verb, at, by, reason, **data)
    session.flush()
    journeys.of(booking).tell(session, booking, event)
