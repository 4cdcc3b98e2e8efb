"""The bank details for a transfer on one page, for who pays at a machine or lets somebody else pay."""

from typing import Any

from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.booking.models import Booking
from buchbar.payments import girocode
from buchbar.payments.girocode import Transfer


def as_document(booking: Booking, transfer: Transfer) -> dict[str, Any]:
    """What the document's template needs, in the reader's language."""
    town = booking.municipality
    waits = booking.state == "payable" and booking.deadline_at is not None
    until = texts.until(booking.deadline_at, town.zone) if waits and booking.deadline_at else ""
    facts = [
        (_("Empfänger"), transfer.payee),
        (_("IBAN"), transfer.readable_iban),
        (_("BIC"), transfer.bic),
        (_("Betrag"), texts.euros(transfer.cents)),
        (_("Verwendungszweck"), transfer.purpose),
        (_("Muss da sein bis"), until),
    ]
    lines = [
        part.strip() for part in (booking.office.name, town.street, f"{town.postcode} {town.city}") if part.strip()
    ]
    return {
        "title": _("Überweisung für Buchung %s") % booking.number,
        "town": town.name,
        "sender": ", ".join(lines),
        "what": f"{booking.resource.name}, {texts.moment(booking.starts_at, town.zone)}",
        "facts": [[label, words] for label, words in facts if words],
        "picture": girocode.svg(transfer),
        "picture_alt": _("GiroCode mit denselben Angaben"),
        "scan": _("Mit der App Ihrer Bank lesen (Fotoüberweisung oder GiroCode):"),
        "name_note": _(
            "Ihre Bank prüft, ob der Name des Empfängers zum Konto gehört. Übernehmen Sie ihn bitte genau so. Am "
            "Verwendungszweck erkennen wir Ihre Zahlung; schreiben Sie bitte nichts anderes dazu."
        ),
    }
