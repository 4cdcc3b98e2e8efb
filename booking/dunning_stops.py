"""A stop of dunning: nobody is reminded of a charge until a day, for a reason that the desk keeps."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking import lifecycle, queries
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.payments.models import Charge


def charge_of(session: Session, town: Municipality, charge_id: UUID) -> tuple[Charge, Booking]:
    """A charge of this town, and its booking. Raises NotFound for any other."""
    charge = session.scalar(select(Charge).where(Charge.id == charge_id, Charge.municipality_id == town.id))
    if charge is None:
        raise NotFound
    return charge, queries.booking_of(session, town, charge.booking_id)


def stop(
    session: Session, town: Municipality, charge_id: UUID, until: date, reason: str, at: datetime, by: Actor
) -> None:
    """Remind nobody of a charge up to and including a day; the same again changes nothing."""
    charge = _locked(session, town, charge_id)
    if (charge.stopped_until, charge.stop_reason) == (until, reason):
        return
    charge.stopped_until, charge.stop_reason, charge.stopped_by = until, reason, by.name
    words = _("bis %(day)s: %(reason)s") % {"day": texts.day(until, "short"), "reason": reason}
    record(session, queries.booking_of(session, town, charge.booking_id), "stop_dunning", at, by, words)


def resume(session: Session, town: Municipality, charge_id: UUID, at: datetime, by: Actor) -> None:
    """End a stop; twice is once."""
    charge = _locked(session, town, charge_id)
    if charge.stopped_until is None:
        return
    charge.stopped_until, charge.stop_reason, charge.stopped_by = None, "", ""
    record(session, queries.booking_of(session, town, charge.booking_id), "resume_dunning", at, by)


def _locked(session: Session, town: Municipality, charge_id: UUID) -> Charge:
    """The booking is locked before its charge, like everywhere: a run of dunning waits, and then sees the stop."""
    charge, booking = charge_of(session, town, charge_id)
    lifecycle.lock(session, booking)
    session.refresh(charge, with_for_update=True)
    return charge
