"""What a clerk can do with a booking now, and why not the rest; and what a cancellation would cost."""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking import approvals, journeys, steps
from buchbar.booking.models import Booking
from buchbar.payments import ledger

WORDS = {
    "approve_office": N_("Für das Amt zustimmen"),
    "approve_owner": N_("Zustimmung des Trauorts eintragen"),
    "decline": N_("Ablehnen"),
    "register": N_("Anmeldung liegt vor"),
    "remind": N_("An die Frist erinnern"),
    "prolong": N_("Frist verlängern"),
    "extend": N_("Vormerkung verlängern"),
    "move": N_("Auf einen anderen Termin verlegen"),
    "lengthen": N_("Dauer ändern"),
    "reassign": N_("Andere Person einteilen"),
    "correct": N_("Angaben berichtigen"),
    "resend": N_("Letzte Nachricht noch einmal schicken"),
    "cancel": N_("Stornieren"),
}
# How the desk says a state; those who booked read steps.STATE_WORDS.
STATE_WORDS = steps.STATE_WORDS | {
    "submitted": N_("E-Mail-Adresse noch nicht bestätigt"),
    "requested": N_("zu prüfen"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One verb; ``why_not`` says why it can't be done now and is empty when it can."""

    verb: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What cancelling does to the account, in cents: ``forgiven`` of what is owed, ``back`` to the payer, ``kept``."""

    percent: int
    forgiven: int
    back: int
    kept: int


def state_of(booking: Booking, now: datetime) -> str:
    """The booking's state at this moment, in words; that the couple has registered belongs to it while it stands."""
    words = _(STATE_WORDS["expired" if booking.lapsed(now) else booking.state])
    if booking.fulfilled_at is None or not booking.alive:
        return words
    return _("angemeldet") if booking.state == "confirmed" else _("%s, angemeldet") % words


def choices(booking: Booking, given: Set[str], now: datetime) -> list[Step]:
    """The desk's verbs that the booking's journey has, in the order in which they are usually needed."""
    lacks = journeys.of(booking).desk.lacks
    return [Step(verb, _why_not(verb, booking, given, now)) for verb in WORDS if verb not in lacks]


def known(booking: Booking, verb: str) -> None:
    """Raises Refused for a verb that the booking's journey doesn't have."""
    if verb in journeys.of(booking).desk.lacks:
        raise Refused(_("Das gibt es bei dieser Buchung nicht."))


def _why_not(verb: str, booking: Booking, given: Set[str], now: datetime) -> str:
    name, _under, party = verb.partition("_")
    if party and party not in approvals.needed(booking):
        return _("Diese Zustimmung ist hier nicht nötig.")
    if party and party in given:
        return _("Die Zustimmung ist schon gegeben.")
    if name == "register" and booking.fulfilled_at:
        return _("Das ist schon eingetragen.")
    if name == "extend" and booking.extended:
        return _("Die Vormerkung ist schon einmal verlängert worden.")
    if booking.lapsed(now) or booking.state not in steps.STEPS[name]:
        return _("Der Stand ist „%s“.") % state_of(booking, now)
    if name in ("remind", "prolong") and booking.deadline_at is None:
        return _("Bei dieser Buchung läuft keine Frist.")
    if name in ("cancel", "move", "lengthen", "reassign", "prolong") and booking.starts_at <= now:
        return _("Der Termin hat schon begonnen.")
    return ""


def cost_of_cancelling(session: Session, booking: Booking, percent: int) -> Cost:
    """What it would do to the account to cancel now and to forgive ``percent`` of the fees."""
    account = ledger.account(session, booking.id)
    forgiven = -sum(line.cents for line in ledger.share_of(session, booking.id, percent))
    after = replace(account, owed=account.owed - forgiven)
    return Cost(percent, forgiven, after.surplus, account.owed - forgiven)
