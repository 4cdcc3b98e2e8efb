"""What a cashier ticks or types to say which bookings an entry of a bank statement pays."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking import bank_books, sought
from buchbar.booking.models import Booking
from buchbar.payments.matching import Share
from buchbar.payments.models import Charge
from buchbar.payments.reference import bare
from buchbar.payments.statements import BankEntry

_MOST = 5  # bookings of one name that can be told apart in a sentence


def chosen(values: Sequence[str]) -> list[Share]:
    """The shares that a page had suggested: a booking's id and cents each. Raises Invalid for what no page says."""
    try:
        pairs = [value.partition(":") for value in values]
        return [Share(UUID(booking_id), int(cents)) for booking_id, _colon, cents in pairs]
    except ValueError:
        raise Invalid({"buchung": _("Bitte laden Sie die Seite neu.")}) from None


def typed(session: Session, town: Municipality, row: BankEntry, text: str) -> list[Share]:
    """A booking's number or a Kassenzeichen; or several, each on a line of its own with its amount behind a semicolon.

    Raises Invalid, also for a name: then it says whose bookings there are, for a name alone is too little to book by.
    """
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    if not wanted:
        raise Invalid({"buchung": _("Bitte geben Sie die Buchungsnummer, das Kassenzeichen oder einen Namen ein.")})
    shares: dict[UUID, int] = {}
    for line in wanted:
        named, _semicolon, amount = line.partition(";")
        booking_id = _booking_named(session, town, named)
        if booking_id is None:
            raise _whom(session, town, named.strip(), text)
        shares[booking_id] = shares.get(booking_id, 0) + (_cents(amount) if len(wanted) > 1 or amount else row.cents)
    return [Share(booking_id, cents) for booking_id, cents in shares.items()]


def _cents(amount: str) -> int:
    try:
        return forms.euros(amount.strip())
    except ValueError:
        raise Invalid(
            {"buchung": _("Bei mehreren Buchungen bitte jede in eine eigene Zeile: HZ-1234-5678; 60,00")}
        ) from None


def _whom(session: Session, town: Municipality, words: str, text: str) -> Invalid:
    """The question whose booking is meant, where it isn't named by a number. One that was found stands in the field."""
    wanted = select(Booking.id).where(Booking.municipality_id == town.id, *sought.conditions(town, words))
    ids = session.scalars(wanted.order_by(Booking.starts_at.desc(), Booking.id).limit(_MOST + 1)).all() if words else []
    known = bank_books.named(session, ids)
    found = ", ".join(f"{number} ({names or _('ohne Namen')})" for number, names in known.values())
    if len(ids) == 1:
        asked = _("Gefunden: %s. Ist das richtig, klicken Sie bitte noch einmal auf „Zuordnen“.") % found
        ((number, _names),) = known.values()
        return Invalid({"buchung": asked}, {"buchung": text.replace(words, number, 1)})
    if 1 < len(ids) <= _MOST:
        return Invalid({"buchung": _("Mehrere passen: %s. Bitte geben Sie die Nummer ein.") % found})
    if ids:
        more = _("Zu „%s“ passen zu viele Buchungen. Bitte geben Sie mehr vom Namen oder die Nummer ein.")
        return Invalid({"buchung": more % words[:40]})
    return Invalid({"buchung": _("Zu „%s“ ist keine Buchung zu finden.") % words[:40]})


def _booking_named(session: Session, town: Municipality, named: str) -> UUID | None:
    sign = bare(named)
    charged = select(Charge.booking_id).where(
        Charge.municipality_id == town.id,
        or_(Charge.reference == sign, Charge.kassenzeichen == named.strip()),
    )
    return session.scalars(
        select(Booking.id)
        .where(
            Booking.municipality_id == town.id,
            or_(func.replace(Booking.number, "-", "") == sign, Booking.id.in_(charged)),
        )
        .limit(1)
    ).first()
