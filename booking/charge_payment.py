"""How a charge is paid, as its document says it: what is still open of it, until when, and by which ways."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.texts import _
from buchbar.booking import on_the_way
from buchbar.booking.models import Booking
from buchbar.booking.payable import ONLINE
from buchbar.calendar.walls import local_date
from buchbar.payments import girocode, iban, ledger, settling
from buchbar.payments.models import Charge, Payment
from buchbar.payments.rules import MoneyRules


def as_section(session: Session, booking: Booking, charge: Charge, rules: MoneyRules) -> dict[str, Any]:
    """Heading, sentences, the account with its labels, and the GiroCode as a picture; what doesn't apply is empty."""
    section: dict[str, Any] = {"heading": _("Bezahlen"), "words": [], "account": [], "code": "", "code_words": ""}
    open_cents = _open(session, booking, charge)
    if charge.corrects_id:
        return section | {"heading": _("Was das für Sie heißt"), "words": _after_correction(session, booking)}
    if not open_cents:
        return section | {"words": [*_paid(session, booking), _("Hierfür ist nichts mehr zu bezahlen.")]}
    section["words"] = [*_paid(session, booking), _until(booking, charge, open_cents), *_ways(booking, rules)]
    if "transfer" in rules.ways and rules.iban and booking.alive:
        section |= _transfer(charge, rules, open_cents)
    return section


def _after_correction(session: Session, booking: Booking) -> list[str]:
    """What was paid and goes back, in amounts, how it goes back, and what is still to be paid."""
    account = ledger.account(session, booking.id)
    moved = [f"{label}: {texts.euros(cents)}" for label, cents in on_the_way.moves(session, booking.id, account)]
    still = _("Zu bezahlen sind noch %s.") % texts.euros(account.open)
    return [
        *([". ".join(moved) + "."] if moved else []),
        *on_the_way.going(session, booking),
        still if account.open else _("Es ist nichts mehr zu bezahlen."),
    ]


def _open(session: Session, booking: Booking, charge: Charge) -> int:
    found = settling.settlements(session, [booking.id]).get(booking.id)
    return next((each.open for each in found.charges if each.id == charge.id), 0) if found else 0


def _paid(session: Session, booking: Booking) -> list[str]:
    """What has been paid for the booking, so that nobody pays twice."""
    zone = booking.municipality.zone
    paid = select(Payment).where(Payment.booking_id == booking.id, Payment.state == "paid")
    said = [
        _("%(amount)s am %(day)s")
        % {
            "amount": texts.euros(payment.cents),
            "day": texts.day(local_date(payment.settled_at or payment.started_at, zone), "short"),
        }
        for payment in session.scalars(paid.order_by(Payment.settled_at, Payment.id))
    ]
    return [_("Zu dieser Buchung eingegangen: %s.") % ", ".join(said)] if said else []


def _until(booking: Booking, charge: Charge, open_cents: int) -> str:
    """By when; where the date is only held until then, by that day."""
    zone = booking.municipality.zone
    words = {"amount": texts.euros(open_cents), "day": texts.day(charge.due_on) if charge.due_on else ""}
    if booking.state == "payable" and booking.deadline_at:
        words["day"] = texts.until(booking.deadline_at, zone)
        return _("Bitte bezahlen Sie %(amount)s bis %(day)s. Danach wird der Termin wieder frei.") % words
    if charge.due_on:
        return _("Bitte bezahlen Sie %(amount)s bis %(day)s.") % words
    return _("Bitte bezahlen Sie %(amount)s.") % words


def _ways(booking: Booking, rules: MoneyRules) -> list[str]:
    ways = []
    if "stripe" in rules.ways and booking.terms.payment in ONLINE and booking.alive and booking.email:
        ways.append(_("Online: auf der Seite Ihrer Buchung; den Link haben Sie per E-Mail bekommen."))
    if "counter" in rules.ways:
        where = rules.counter_hours.replace("\n", ", ") or booking.office.name
        ways.append(_("Am Schalter: %s") % where)
    return ways


def _transfer(charge: Charge, rules: MoneyRules, open_cents: int) -> dict[str, Any]:
    """The town's own sign, where it has one, stands in the transfer: by that its accounting system knows the money."""
    sign = charge.kassenzeichen or ""
    account = [
        [_("Empfänger"), rules.payee],
        [_("IBAN"), iban.readable(rules.iban)],
        [_("BIC"), rules.bic],
        [_("Betrag"), texts.euros(open_cents)],
        [_("Verwendungszweck"), charge.sign],
    ]
    transfer = girocode.Transfer(
        payee=rules.payee,
        iban=rules.iban,
        bic=rules.bic,
        cents=open_cents,
        reference="" if sign else charge.reference,
        words=sign,
    )
    return {
        "account": [[_("Überweisung"), ""], *(row for row in account if row[1])],
        "code": girocode.svg(transfer),
        "code_words": _("GiroCode: in der App Ihrer Bank „Foto-Überweisung“ wählen"),
    }
