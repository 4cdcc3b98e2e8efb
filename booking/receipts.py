"""The receipt that somebody gets who pays at the counter, as data for its document."""

from typing import Any

from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking import queries
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import counter, ledger
from buchbar.payments.models import Payment

HOW = {"cash": N_("bar"), "terminal": N_("mit Karte")}


def as_document(session: Session, booking: Booking, payment: Payment) -> dict[str, Any]:
    """What the document's template needs. The same whenever it is printed, but for a payment that was taken back."""
    town = booking.municipality
    undone = dict(counter.taken(session, booking.id)).get(payment, False)
    charges = ledger.charges(session, booking.id)
    names = queries.names_of(session, [booking]).get(booking.id, "")
    facts = [
        (_("Von"), names),
        (_("Wofür"), f"{booking.resource.name}, {texts.moment(booking.starts_at, town.zone)}"),
        (_("Buchungsnummer"), booking.number),
        (_("Kassenzeichen"), charges[0].sign if charges else ""),
        (_("Bezahlt"), _(HOW[payment.provider])),
        (_("Am"), texts.day(local_date(payment.started_at, town.zone))),
        (_("Angenommen von"), payment.taken_by),
    ]
    lines = [
        part.strip() for part in (booking.office.name, town.street, f"{town.postcode} {town.city}") if part.strip()
    ]
    return {
        "title": _("Quittung %s") % payment.receipt,
        "town": town.name,
        "sender": ", ".join(lines),
        "facts": [[label, words] for label, words in facts if words],
        "amount_label": _("Betrag dankend erhalten"),
        "amount": texts.euros(payment.cents),
        "undone": _("Zurückgenommen: Diese Zahlung wurde storniert, die Quittung gilt nicht.") if undone else "",
        "note": _("Diese Quittung belegt die Zahlung; sie ist keine Rechnung."),
        "signature": _("Unterschrift"),
    }
