"""Every movement of a town's money in a time, one row each: charges and credit notes, payments, refunds, and what was
taken from us again. A row says all that the accounting system might want to know of it (payments/accounting.py)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from buchbar.accounts.models import Municipality
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local, local_date
from buchbar.payments.accounting import Movement
from buchbar.payments.books import OTHER_WAY
from buchbar.payments.models import Charge, Payment, Refund, Reversal
from buchbar.payments.refunds import BY_HAND

# So many bookings are asked about at once: databases limit the parameters of a question.
CHUNK = 1000


def movements(session: Session, town: Municipality, span: Span) -> list[Movement]:
    """All that moved in a time, the oldest first."""
    found = [
        *_charges(session, town, span),
        *_payments(session, town, span),
        *_refunds(session, town, span),
        *_reversals(session, town, span),
    ]
    return sorted(found, key=lambda each: (each.at, each.kind != "charge", each.id))


def _in(moment: Any, span: Span) -> Any:
    return (moment >= span.start) & (moment < span.end)


def _charges(session: Session, town: Municipality, span: Span) -> Iterable[Movement]:
    corrected = aliased(Charge)
    wanted = select(Charge, corrected, Booking).join(Booking, Booking.id == Charge.booking_id)
    wanted = wanted.outerjoin(corrected, corrected.id == Charge.corrects_id)
    wanted = wanted.where(Charge.municipality_id == town.id, _in(Charge.charged_at, span))
    for charge, first, booking in session.execute(wanted):
        kind = "charge" if charge.cents >= 0 else "credit"
        made = _movement(town, kind, charge, charge.charged_at, charge.cents, booking, charge)
        yield replace(made, corrected=first)


def _payments(session: Session, town: Municipality, span: Span) -> Iterable[Movement]:
    wanted = select(Payment, Booking).join(Booking, Booking.id == Payment.booking_id)
    wanted = wanted.where(Payment.municipality_id == town.id, Payment.state == "paid")
    rows = session.execute(wanted.where(_in(Payment.settled_at, span))).all()
    charges = _first_charges(session, {booking.id for _payment, booking in rows})
    for payment, booking in rows:
        assert payment.settled_at  # noqa: S101 - the question asks for it
        charge = charges.get(booking.id)
        yield _movement(
            town, "payment", payment, payment.settled_at, payment.cents, booking, charge, payment, payment.provider
        )


def _refunds(session: Session, town: Municipality, span: Span) -> Iterable[Movement]:
    wanted = select(Refund, Payment, Booking).join(Payment, Payment.id == Refund.payment_id)
    wanted = wanted.join(Booking, Booking.id == Refund.booking_id)
    wanted = wanted.where(Payment.municipality_id == town.id, Refund.state == "done")
    rows = session.execute(wanted.where(_in(Refund.done_at, span))).all()
    charges = _first_charges(session, {booking.id for *_rest, booking in rows})
    for refund, payment, booking in rows:
        assert refund.done_at  # noqa: S101 - the question asks for it
        way = OTHER_WAY if refund.reason == BY_HAND else payment.provider
        charge = charges.get(booking.id)
        yield _movement(town, "refund", refund, refund.done_at, -refund.cents, booking, charge, payment, way)


def _reversals(session: Session, town: Municipality, span: Span) -> Iterable[Movement]:
    wanted = select(Reversal, Payment, Booking).join(Payment, Payment.id == Reversal.payment_id)
    wanted = wanted.join(Booking, Booking.id == Reversal.booking_id).where(Payment.municipality_id == town.id)
    rows = session.execute(wanted.where(_in(Reversal.at, span))).all()
    charges = _first_charges(session, {booking.id for *_rest, booking in rows})
    for taken, payment, booking in rows:
        charge, way = charges.get(booking.id), payment.provider
        yield _movement(town, "reversal", taken, taken.at, -taken.cents, booking, charge, payment, way)


def _first_charges(session: Session, ids: set[UUID]) -> dict[UUID, Charge]:
    """The first charge of each booking: money is booked under its Kassenzeichen. Which of several charges a payment
    pays can change with the next one; what was handed over to the accounting system can't."""
    found: dict[UUID, Charge] = {}
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        some = Charge.booking_id.in_(ordered[start : start + CHUNK])
        for charge in session.scalars(select(Charge).where(some).order_by(Charge.charged_at, Charge.reference)):
            found.setdefault(charge.booking_id, charge)
    return found


def _movement(
    town: Municipality,
    kind: str,
    row: Charge | Payment | Refund | Reversal,
    at: datetime,
    cents: int,
    booking: Booking,
    charge: Charge | None,
    payment: Payment | None = None,
    way: str = "",
) -> Movement:
    return Movement(
        id=row.id,
        kind=kind,
        at=local(at, town.zone).replace(tzinfo=None),
        cents=cents,
        booking_number=booking.number,
        event_on=local_date(booking.starts_at, town.zone),
        charge=charge,
        payment=payment,
        way=way,
        journey=booking.journey,
    )
