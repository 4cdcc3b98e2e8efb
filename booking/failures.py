"""What could not be done outside: letters, refunds and messages of the payment provider that a clerk has to look at."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking.models import Booking
from buchbar.notices.models import Errand, Letter
from buchbar.payments.models import Payment, ProviderEvent, Refund


@dataclass(frozen=True, slots=True)
class Failure:
    """An errand that failed for good, in words; ``booking`` is what it is about, where that is known."""

    errand: Errand
    words: str
    booking: Booking | None


def failures(session: Session, town: Municipality, *, strays: bool = False) -> list[Failure]:
    """What failed for this town, the oldest first. ``strays`` adds payments of nobody's, which have no town."""
    found = [*_letters(session, town), *_refunds(session, town), *_payments(session, town, strays)]
    return sorted(found, key=lambda failure: (failure.errand.written_at, failure.errand.id))


def failure_of(session: Session, town: Municipality, errand_id: UUID, *, strays: bool) -> Failure:
    """One of the town's failures. Raises NotFound for any other errand."""
    for failure in failures(session, town, strays=strays):
        if failure.errand.id == errand_id:
            return failure
    raise NotFound


def _letters(session: Session, town: Municipality) -> list[Failure]:
    rows = session.execute(
        select(Errand, Letter, Booking)
        .join(Letter, Letter.id == Errand.subject_id)
        .outerjoin(Booking, Booking.id == Letter.booking_id)
        .where(Errand.state == "failed", Letter.municipality_id == town.id)
    )
    return [
        Failure(errand, _("E-Mail nicht zugestellt: „%s“") % letter.subject, booking)
        for errand, letter, booking in rows
    ]


def _refunds(session: Session, town: Municipality) -> list[Failure]:
    rows = session.execute(
        select(Errand, Refund, Booking)
        .join(Refund, Refund.id == Errand.subject_id)
        .join(Booking, Booking.id == Refund.booking_id)
        .where(Errand.state == "failed", Booking.municipality_id == town.id)
    )
    return [
        Failure(errand, _("Erstattung nicht ausgeführt: %s") % texts.euros(refund.cents), booking)
        for errand, refund, booking in rows
    ]


def _payments(session: Session, town: Municipality, strays: bool) -> list[Failure]:
    mine = Booking.municipality_id == town.id
    rows = session.execute(
        select(Errand, ProviderEvent, Booking)
        .join(ProviderEvent, ProviderEvent.errand_id == Errand.subject_id)
        .outerjoin(
            Payment,
            or_(Payment.checkout_id == ProviderEvent.object_id, Payment.intent_id == ProviderEvent.object_id),
        )
        .outerjoin(Booking, Booking.id == Payment.booking_id)
        .where(Errand.state == "failed", or_(mine, Booking.id.is_(None)) if strays else mine)
    )
    return [
        Failure(errand, _("Zahlung passt nicht: Meldung „%s“ des Zahlungsdienstes") % event.kind, booking)
        for errand, event, booking in rows
    ]
