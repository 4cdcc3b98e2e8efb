"""Fee notices, invoices, receipts, and what corrects them, as data for their document (templates/documents/charge.typ).

They are in German, whoever reads them: it is the language of the office (Section 23 VwVfG). What they say is kept with
the charge; only what is still open, and how it can be paid, is as of today.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality, Office
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.money import cents
from buchbar.base.texts import N_, _
from buchbar.booking import charge_payment
from buchbar.booking.models import Booking, BookingEvent
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.payments.models import Charge, ChargeItem
from buchbar.payments.rules import MoneyRules, rules_of

# By the kind of document: what it is called, and what corrects it is. A "Gutschrift" would be something else (Section
# 14 (2) UStG).
TITLES = {
    "notice": (N_("Gebührenbescheid"), N_("Änderungsbescheid")),
    "invoice": (N_("Rechnung"), N_("Rechnungskorrektur")),
    "receipt": (N_("Beleg"), N_("Korrekturbeleg")),
}
RATES = {"0": 0, "7": 7, "19": 19}
WITHOUT_VAT = {
    "hoheitlich": ("–", N_("– : öffentlich-rechtliche Gebühr, keine Umsatzsteuer")),
    "frei": (N_("frei"), N_("frei: von der Umsatzsteuer befreit (§ 4 UStG)")),
}
# As long as nobody has agreed, nobody gets a bill; and who was declined owes nothing.
_BEFORE = frozenset({"held", "submitted", "requested", "declined", "expired"})


def title(charge: Charge) -> str:
    """What a charge's document is called."""
    return _(TITLES[charge.document][charge.corrects_id is not None])


def title_of_correction(charge: Charge) -> str:
    """What the document is called that corrects a charge's."""
    return _(TITLES[charge.document][1])


def number(charge: Charge) -> str:
    """By which number it is known; without one of the town's, its reference is as unique."""
    return charge.number or charge.readable


def named(charges: Iterable[Charge]) -> list[tuple[UUID, str]]:
    """The documents as they are called in a list of links, by id."""
    return [(charge.id, f"{title(charge)} {number(charge)}") for charge in charges]


def for_citizen(session: Session, booking: Booking) -> list[Charge]:
    """The charges whose documents a citizen may see, the oldest first."""
    return [] if booking.state in _BEFORE else ledger.charges(session, booking.id)


def charge_of(session: Session, booking: Booking, charge_id: UUID) -> Charge:
    """A charge of this booking. Raises NotFound."""
    found = session.scalar(select(Charge).where(Charge.id == charge_id, Charge.booking_id == booking.id))
    if found is None:
        raise NotFound
    return found


def as_document(session: Session, booking: Booking, charge: Charge) -> dict[str, Any]:
    """What the document's template needs."""
    town, rules = booking.municipality, rules_of(session, booking.municipality_id)
    lines = [
        part.strip() for part in (booking.office.name, town.street, f"{town.postcode} {town.city}") if part.strip()
    ]
    return {
        "language": "de",
        "title": f"{title(charge)} {number(charge)}",
        "heading": title(charge),
        "town": town.name,
        "sender": ", ".join(lines),
        "address": list(charge.debtor),
        "contact": [booking.office.name, *_reached(booking.office)],
        "foot": [booking.office.name, *_reached(booking.office), *_tax_id(town)],
        "facts": [[label, words] for label, words in _facts(session, booking, charge) if words],
        "intro": _intro(session, booking, charge),
        "head": [_("Wofür"), _("USt."), _("Betrag")],
        "rows": [[item.label, item.note, _rate(item.vat), texts.euros(item.cents)] for item in charge.items],
        "total": [_("Summe"), texts.euros(charge.cents)],
        "vat": _vat(charge.items),
        "notes": [_(WITHOUT_VAT[key][1]) for key in WITHOUT_VAT if any(item.vat == key for item in charge.items)],
        "payment": charge_payment.as_section(session, booking, charge, rules),
        "instructions": _instructions(charge, rules),
        "closing": _closing(charge),
    }


def _facts(session: Session, booking: Booking, charge: Charge) -> list[tuple[str, str]]:
    town = booking.municipality
    corrected = session.get(Charge, charge.corrects_id) if charge.corrects_id else None
    return [  # what is credited has no Kassenzeichen of its own: that of the claim says where it belongs
        (_("Nummer"), number(charge)),
        (_("Datum"), texts.day(_day(charge, town), "short")),
        (_("Korrigiert"), named_with_day(corrected, town) if corrected else ""),
        (_("Kassenzeichen"), (corrected or charge).kassenzeichen or ""),
        (_("Buchungsnummer"), booking.number),
        (_("Leistungsdatum"), texts.day(local_date(booking.starts_at, town.zone), "short")),
    ]


def named_with_day(charge: Charge, town: Municipality) -> str:
    """The document as others speak of it."""
    words = {"title": title(charge), "number": number(charge), "day": texts.day(_day(charge, town), "short")}
    return _("%(title)s %(number)s vom %(day)s") % words


def _intro(session: Session, booking: Booking, charge: Charge) -> str:
    words = {"what": booking.resource.name, "when": texts.moment(booking.starts_at, booking.municipality.zone)}
    if charge.corrects_id and _cancelled(session, charge):
        return _("Ihr Termin (%(what)s, %(when)s) ist storniert. Deshalb ändert sich, was zu bezahlen ist:") % words
    if charge.corrects_id:
        return _("Für Ihren Termin (%(what)s, %(when)s) ändert sich, was zu bezahlen ist:") % words
    if charge.document == "notice":
        return _("Für Ihren Termin (%(what)s, %(when)s) werden folgende Gebühren festgesetzt:") % words
    return _("Für Ihren Termin (%(what)s, %(when)s) berechnen wir:") % words


def _cancelled(session: Session, charge: Charge) -> bool:
    """Whether the charge was made because the booking was cancelled."""
    wanted = select(BookingEvent.id).where(BookingEvent.booking_id == charge.booking_id, BookingEvent.verb == "cancel")
    return session.scalar(wanted.where(BookingEvent.at == charge.charged_at).limit(1)) is not None


def _instructions(charge: Charge, rules: MoneyRules) -> list[str]:
    """What one can do against a notice, as the town says it; to pay first is for who owes something."""
    if charge.document != "notice" or not rules.instructions:
        return []
    first_pay = _("Der Betrag ist auch dann zunächst zu bezahlen (§ 80 Absatz 2 Satz 1 Nummer 1 VwGO).")
    said = f"{rules.instructions} {first_pay}" if charge.cents > 0 else rules.instructions
    return [_("Rechtsbehelfsbelehrung"), said]


def _rate(key: str) -> str:
    return f"{RATES[key]} %" if key in RATES else _(WITHOUT_VAT[key][0])


def _vat(items: Iterable[ChargeItem]) -> list[list[str]]:
    """For each rate: what it is charged on, and how much it is. Amounts include it (Section 14 (4) UStG, numbers 7
    and 8); it is rounded once for each rate."""
    rows = []
    for key, rate in RATES.items():
        taxed = [item.cents for item in items if item.vat == key]
        if taxed:
            gross = sum(taxed)
            tax = cents(Decimal(gross) * rate / (100 + rate) / 100)
            rows.append([f"{rate} %", texts.euros(gross - tax), texts.euros(tax), texts.euros(gross)])
    return [[_("Satz"), _("Netto"), _("Umsatzsteuer"), _("Brutto")], *rows] if rows else []


def _closing(charge: Charge) -> str:
    if charge.document == "notice":
        return _("Dieser Bescheid wurde mit Hilfe automatischer Einrichtungen erlassen und gilt ohne Unterschrift.")
    return ""


def _day(charge: Charge, town: Municipality) -> date:
    return local_date(charge.charged_at, town.zone)


def _reached(office: Office) -> list[str]:
    phone = [_("Telefon: %(phone)s") % {"phone": office.phone}] if office.phone else []
    return [*phone, _("E-Mail: %(email)s") % {"email": office.email}] if office.email else phone


def _tax_id(town: Municipality) -> list[str]:
    return [_("USt-IdNr.: %s") % town.vat_id] if town.vat_id else []
