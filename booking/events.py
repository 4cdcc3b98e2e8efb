"""Who acts, and the row that says what happened."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.base.texts import N_
from buchbar.booking.models import Booking, BookingEvent


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that does a thing to a booking."""

    kind: str  # "citizen", "clerk", "owner", "system", "provider"
    name: str = ""


CITIZEN = Actor("citizen")
SYSTEM = Actor("system")
PROVIDER = Actor("provider")

# How the history says it, for people.
WORDS = {
    "hold": N_("Termin vorgemerkt"),
    "extend": N_("Vormerkung verlängert"),
    "submit": N_("Angaben gemacht"),
    "prove": N_("E-Mail-Adresse bestätigt"),
    "enter": N_("Im Amt eingetragen"),
    "approve": N_("Zustimmung gegeben"),
    "retract": N_("Zustimmung zurückgenommen"),
    "ask": N_("Trauort noch einmal gefragt"),
    "confirm": N_("Reservierung bestätigt"),
    "bill": N_("Um Zahlung gebeten"),
    "decline": N_("Anfrage abgelehnt"),
    "pay": N_("Gebühren bezahlt"),
    "underway": N_("Zahlung unterwegs, die Bank bestätigt sie in den nächsten Tagen"),
    "mandate": N_("SEPA-Lastschriftmandat erteilt"),
    "unmandate": N_("SEPA-Lastschriftmandat widerrufen"),
    "collect": N_("Lastschrift angekündigt"),
    "spare": N_("Angekündigte Lastschrift zurückgezogen"),
    "unpaid": N_("Zahlung nicht zustande gekommen"),
    "refund": N_("Erstattung veranlasst"),
    "lose": N_("Zahlung zurückgegangen"),
    "regain": N_("Zurückgegangene Zahlung ist wieder da"),
    "undo_pay": N_("Zahlung zurückgenommen, sie war falsch gebucht"),
    "pay_out": N_("Am Schalter ausgezahlt"),
    "dun": N_("An die Zahlung erinnert"),
    "credit": N_("Gutschrift"),
    "stop_dunning": N_("Mahnstopp gesetzt"),
    "resume_dunning": N_("Mahnstopp aufgehoben"),
    "repay": N_("Auf anderem Weg erstattet"),
    "dismiss": N_("Als erledigt vermerkt"),
    "register": N_("Anmeldung der Eheschließung liegt vor"),
    "remind": N_("An die Frist erinnert"),
    "prolong": N_("Frist verlängert"),
    "correct": N_("Angaben berichtigt"),
    "resend": N_("Letzte Nachricht noch einmal geschickt"),
    "apply": N_("E-Mail-Adresse angegeben, noch nicht bestätigt"),
    "attach": N_("Mit E-Mail-Adresse verbunden"),
    "move": N_("Termin verlegt"),
    "lengthen": N_("Dauer geändert"),
    "reassign": N_("Andere Person eingeteilt"),
    "cancel": N_("Storniert"),
    "release": N_("Frist verstrichen, Termin wieder frei"),
    "expire": N_("Vormerkung abgelaufen"),
    "revive": N_("Nach später Zahlung wieder gebucht"),
    "forget": N_("Persönliche Daten gelöscht"),
}

# What the citizen doesn't read: the desk's own business, with reasons in the desk's own words.
FOR_THE_DESK = ("dismiss", "stop_dunning", "resume_dunning")


def record(
    session: Session,
    booking: Booking,
    verb: str,
    at: datetime,
    by: Actor,
    reason: str = "",
    **data: str,
) -> BookingEvent:
    """Write down what happened; the row is the audit trail and the status timeline."""
    event = BookingEvent(
        booking_id=booking.id, at=at, verb=verb, by_kind=by.kind, by_name=by.name, reason=reason, data=data
    )
    session.add(event)
    return event
