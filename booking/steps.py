"""Which steps a booking may take from where, and what its states are called."""

from datetime import datetime

from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.booking.models import OVER, Booking

# verb: the states it may start from
STEPS: dict[str, tuple[str, ...]] = {
    "extend": ("held",),
    "submit": ("held", "submitted"),
    "prove": ("submitted",),
    "enter": ("held",),
    "approve": ("requested",),
    "retract": ("requested", "payable"),
    "ask": ("requested",),
    "decline": ("requested",),
    "pay": ("requested", "payable", "confirmed"),
    "register": ("requested", "payable", "confirmed"),
    "remind": ("payable", "confirmed"),
    "move": ("requested", "payable", "confirmed"),
    "lengthen": ("requested", "payable", "confirmed"),
    "reassign": ("requested", "payable", "confirmed"),
    "cancel": ("held", "submitted", "requested", "payable", "confirmed"),
    "prolong": ("payable", "confirmed"),
    "correct": ("requested", "payable", "confirmed"),
    "resend": ("submitted", "requested", "payable", "confirmed", "declined", "cancelled", "released"),
    "release": ("requested", "payable", "confirmed"),
    "expire": ("held", "submitted"),
    "revive": ("released", "expired"),
}

# verbs that make no sense once the event has begun
BEFORE = (
    *("extend", "submit", "prove", "enter", "approve", "retract", "ask"),
    *("move", "lengthen", "reassign", "cancel", "prolong"),
)

STATE_WORDS = {
    "held": N_("vorgemerkt"),
    "submitted": N_("wartet auf Ihre Bestätigung per E-Mail"),
    "requested": N_("wird vom Amt geprüft"),
    "payable": N_("wartet auf die Zahlung"),
    "confirmed": N_("reserviert"),
    "expired": N_("abgelaufen"),
    "declined": N_("abgelehnt"),
    "cancelled": N_("storniert"),
    "released": N_("Frist verstrichen, Termin wieder frei"),
}


class NotAllowed(Refused):
    """The booking is in a state from which this can't be done (any more)."""


class Lapsed(Refused):
    """The hold has run out."""


def allow(booking: Booking, verb: str, now: datetime) -> None:
    """Refuse a verb that doesn't start from the booking's state, or comes too late."""
    lapsed = booking.lapsed(now) or booking.state == "expired"  # the same answer whether or not a job has run
    if lapsed and verb not in ("expire", "cancel", "revive"):
        raise Lapsed(_("Ihre Vormerkung ist abgelaufen. Bitte wählen Sie den Termin noch einmal."))
    if booking.state not in STEPS[verb]:
        state = _(STATE_WORDS[booking.state])
        raise NotAllowed(_("Das geht nicht mehr: Diese Buchung ist „%s“.") % state)
    if verb in BEFORE and booking.starts_at <= now:
        raise NotAllowed(_("Das geht nicht mehr: Dieser Termin hat schon begonnen."))


def over(booking: Booking) -> bool:
    """Whether it has ended, one way or the other."""
    return booking.state in OVER
