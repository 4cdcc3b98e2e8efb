"""What a town may say in its own words in the letters about halls: which variables each letter knows."""

from collections.abc import Mapping
from typing import Any

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.calendar.walls import local_date

# What each letter is, for who writes its words.
TITLES = {
    "hall_address": N_("E-Mail-Adresse bestätigen"),
    "hall_received": N_("Anfrage ist eingegangen"),
    "hall_payable": N_("Bitte um Zahlung"),
    "hall_confirmed": N_("Halle ist gebucht"),
    "hall_declined": N_("Anfrage ist abgelehnt"),
    "hall_cancelled": N_("Buchung ist storniert"),
    "hall_given_back": N_("Termin ist freigegeben"),
    "hall_released": N_("Buchung gilt nicht mehr"),
    "hall_refunded": N_("Erstattung"),
    "hall_credited": N_("Gutschrift"),
    "hall_lost": N_("Zahlung zurückgegangen"),
    "hall_dunned": N_("Zahlungserinnerung und Mahnung"),
    "hall_paid": N_("Zahlung ist eingegangen"),
    "hall_underway": N_("Zahlung ist unterwegs"),
    "hall_unpaid": N_("Zahlung ist nicht zustande gekommen"),
    "hall_reminder": N_("Erinnerung an eine Frist"),
    "hall_moved": N_("Buchung ist verlegt"),
    "hall_partly": N_("Anfrage ist mit einer Änderung angenommen"),
    "hall_prolonged": N_("Frist ist verlängert"),
    "hall_corrected": N_("Neuer Link"),
    "hall_connect": N_("E-Mail-Adresse zu einem Brief bestätigen"),
    "hall_attached": N_("Buchung vom Papier ins Netz"),
    "hall_retracted": N_("Zusage ist zurückgenommen"),
    "hall_office": N_("An das Amt: zu prüfen"),
    "hall_office_late": N_("An das Amt: zu spät oder zu viel bezahlt"),
}
VARIABLES = {
    "name": N_("Name der Person, die gebucht hat"),
    "fuer": N_("Verein oder Person, für die gebucht ist"),
    "datum": N_("Tag"),
    "uhrzeit": N_("Beginn"),
    "ende": N_("Ende"),
    "ort": N_("Halle mit Anschrift"),
    "teil": N_("Hallenteil"),
    "nummer": N_("Buchungsnummer"),
    "frist": N_("Bis wann etwas zu tun ist"),
    "betrag": N_("Betrag in Euro"),
    "amt": N_("Name des Amts"),
    "telefon": N_("Telefonnummer des Amts"),
}
_ALWAYS = ("datum", "uhrzeit", "ende", "ort", "teil", "nummer", "amt", "telefon")
_PEOPLE = ("name", "fuer")
# No names leave the house to an address that nobody has proven, nor to the office's mailbox.
IN_GERMAN = ("hall_office", "hall_office_late")
_NAMELESS = ("hall_address", "hall_connect", *IN_GERMAN)
_MORE = {
    "hall_address": ("frist",),
    "hall_payable": ("frist", "betrag"),
    "hall_reminder": ("frist",),
    "hall_prolonged": ("frist",),
    "hall_paid": ("betrag",),
    "hall_refunded": ("betrag",),
    "hall_credited": ("betrag",),
    "hall_lost": ("betrag",),
    "hall_dunned": ("betrag",),
    "hall_underway": ("betrag",),
    "hall_unpaid": ("betrag",),
}


def named(kind: str) -> bool:
    """Whether people's names stand in a letter."""
    return kind not in _NAMELESS


def known(kind: str) -> tuple[str, ...]:
    """The variables that a letter can fill in, always."""
    return (*(_PEOPLE if named(kind) else ()), *_ALWAYS, *_MORE.get(kind, ()))


def languages(kind: str) -> tuple[str, ...]:
    """The languages in which a letter is written."""
    return ("de",) if kind in IN_GERMAN else tuple(texts.LANGUAGES)


def title(kind: str) -> str:
    """What a letter is called at the desk."""
    return _(TITLES.get(kind, kind))


def greeting(kind: str, context: Mapping[str, Any]) -> str:
    """The first line where the town has no opening of its own."""
    if named(kind) and context["use"].contact:
        return _("Guten Tag %(name)s,") % {"name": context["use"].contact}
    return _("Guten Tag,")


def values(kind: str, context: Mapping[str, Any]) -> dict[str, str]:
    """The letter's variables, filled in from what its template may speak of (booking/halls/letters.py)."""
    town, booking, start, use = (context[name] for name in ("town", "booking", "start", "use"))
    all_of_them = {
        "name": use.contact,
        "fuer": use.organiser,
        "datum": texts.day(local_date(start, town.zone)),
        "uhrzeit": texts.clock(start, town.zone),
        "ende": texts.clock(booking.ends_at, town.zone),
        "ort": context["place"],
        "teil": context["parts"],
        "nummer": booking.number,
        "amt": context["office"].name,
        "telefon": context["office"].phone,
    }
    names = known(kind)
    if "frist" in names:
        all_of_them["frist"] = _until(kind, context)
    if "betrag" in names:
        cents = context["account"].open if kind == "hall_payable" else int(context["event"].data.get("cents", "0"))
        all_of_them["betrag"] = texts.euros(cents)
    return {name: all_of_them[name] for name in names}


def _until(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "hall_address":
        return texts.moment(context["booking"].hold_until, context["zone"])
    limit = context["booking"].deadline_at
    return texts.until(limit, context["zone"]) if limit else ""
