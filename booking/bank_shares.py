"""What a cashier ticks or types to say which bookings an entry of a bank statement pays."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking.models import Booking
from buchbar.payments.matching import Share
from buchbar.payments.models import Charge
from buchbar.payments.reference import bare
from buchbar.payments.statements import BankEntry


def chosen(values: Sequence[str]) -> list[Share]:
    """The shares that a page had suggested: a booking's id and cents each. Raises Invalid for what no page says."""
    try:
        pairs = [value.partition(":") for value in values]
        return [Share(UUID(booking_id), int(cents)) for booking_id, _colon, cents in pairs]
    except ValueError:
        raise Invalid({"buchung": _("Bitte laden Sie die Seite neu.")}) from None


def typed(session: Session, row: BankEntry, text: str) -> list[Share]:
    """A booking's number or a Kassenzeichen; or several, each on a line of its own with its amount behind a semicolon.
    Raises Invalid."""
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    if not wanted:
        raise Invalid({"buchung": _("Bitte geben Sie die Buchungsnummer oder das Kassenzeichen ein.")})
    shares: dict[UUID, int] = {}
    for line in wanted:
        named, _semicolon, amount = line.partition(";")
        booking_id = _booking_named(session, row, named)
        shares[booking_id] = shares.get(booking_id, 0) + (_cents(amount) if len(wanted) > 1 or amount else row.cents)
    return [Share(booking_id, cents) for booking_id, cents in shares.items()]


def _cents(amount: str) -> int:
    try:
        return forms.euros(amount.strip())
    except ValueError:
        raise Invalid(
            {"buchung": _("Bei mehreren Buchungen bitte jede in eine eigene Zeile: HZ-1234-5678; 60,00")}
        ) from None


def _booking_named(session: Session, row: BankEntry, named: str) -> UUID:
    sign = bare(named)
    charged = select(Charge.booking_id).where(
        Charge.municipality_id == row.municipality_id,
        or_(Charge.reference == sign, Charge.kassenzeichen == named.strip()),
    )
    found = session.scalars(
        select(Booking.id)
        .where(
            Booking.municipality_id == row.municipality_id,
            or_(func.replace(Booking.number, "-", "") == sign, Booking.id.in_(charged)),
        )
        .limit(1)
    ).first()
    if found is None:
        raise Invalid({"buchung": _("Die Buchung „%s“ gibt es nicht.") % named.strip()[:40]})
    return found
