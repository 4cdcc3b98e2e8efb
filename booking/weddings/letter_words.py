"""What a town may say in its own words in the letters of a wedding: which variables each letter knows."""

from collections.abc import Mapping
from typing import Any

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.calendar.walls import local_date

# What each letter is, for who writes its words.
TITLES = {
    "address": N_("E-Mail-Adresse bestätigen"),
    "received": N_("Anfrage ist eingegangen"),
    "payable": N_("Bitte um Zahlung"),
    "confirmed": N_("Termin ist reserviert"),
    "declined": N_("Anfrage ist abgelehnt"),
    "cancelled": N_("Reservierung ist storniert"),
    "released": N_("Frist ist verstrichen"),
    "refunded": N_("Erstattung"),
    "credited": N_("Gutschrift"),
    "lost": N_("Zahlung zurückgegangen"),
    "dunned": N_("Zahlungserinnerung und Mahnung"),
    "paid": N_("Zahlung ist eingegangen"),
    "underway": N_("Zahlung ist unterwegs"),
    "unpaid": N_("Zahlung ist nicht zustande gekommen"),
    "registered": N_("Anmeldung liegt vor"),
    "reminder": N_("Erinnerung an eine Frist"),
    "moved": N_("Termin ist verlegt"),
    "lengthened": N_("Trauung endet zu einer anderen Zeit"),
    "prolonged": N_("Frist ist verlängert"),
    "corrected": N_("Neuer Link"),
    "connect": N_("E-Mail-Adresse zu einem Brief bestätigen"),
    "attached": N_("Reservierung vom Papier ins Netz"),
    "retracted": N_("Zusage ist zurückgenommen"),
    "office": N_("An das Amt: zu prüfen"),
    "office_late": N_("An das Amt: zu spät oder zu viel bezahlt"),
    "owner": N_("An den Trauort: Bitte um Zustimmung"),
    "owner_reminder": N_("An den Trauort: Erinnerung"),
    "owner_over": N_("An den Trauort: Termin wieder frei"),
    "owner_back": N_("An den Trauort: Termin gilt wieder"),
    "owner_lengthened": N_("An den Trauort: andere Dauer"),
    "owner_refused": N_("An das Amt: Trauort hat abgelehnt"),
}
VARIABLES = {
    "name": N_("Namen des Paares"),
    "datum": N_("Tag der Trauung"),
    "uhrzeit": N_("Beginn der Trauung"),
    "ort": N_("Trauort mit Anschrift"),
    "nummer": N_("Buchungsnummer"),
    "frist": N_("Bis wann etwas zu tun ist"),
    "betrag": N_("Betrag in Euro"),
    "amt": N_("Name des Amts"),
    "telefon": N_("Telefonnummer des Amts"),
}
_ALWAYS = ("datum", "uhrzeit", "ort", "nummer", "amt", "telefon")
# No names leave the house to an address that nobody has proven, to the owner of a venue, or to the office's mailbox.
_KNOWN = {
    "address": (*_ALWAYS, "frist"),
    "connect": _ALWAYS,
    "payable": ("name", *_ALWAYS, "frist", "betrag"),
    "reminder": ("name", *_ALWAYS, "frist"),
    "paid": ("name", *_ALWAYS, "betrag"),
    "refunded": ("name", *_ALWAYS, "betrag"),
    "credited": ("name", *_ALWAYS, "betrag"),
    "lost": ("name", *_ALWAYS, "betrag"),
    "dunned": ("name", *_ALWAYS, "betrag"),
    "underway": ("name", *_ALWAYS, "betrag"),
    "unpaid": ("name", *_ALWAYS, "betrag"),
    "office": _ALWAYS,
    "office_late": _ALWAYS,
    "owner": _ALWAYS,
    "owner_reminder": _ALWAYS,
    "owner_over": _ALWAYS,
    "owner_back": _ALWAYS,
    "owner_lengthened": _ALWAYS,
    "owner_refused": _ALWAYS,
}
# What goes to the house and its partners is always German.
TO_OWNER = ("owner", "owner_reminder", "owner_over", "owner_back", "owner_lengthened")
IN_GERMAN = ("office", "office_late", *TO_OWNER, "owner_refused")


def known(kind: str) -> tuple[str, ...]:
    """The variables that a letter can fill in, always."""
    return _KNOWN.get(kind, ("name", *_ALWAYS))


def languages(kind: str) -> tuple[str, ...]:
    """The languages in which a letter is written."""
    return ("de",) if kind in IN_GERMAN else tuple(texts.LANGUAGES)


def title(kind: str) -> str:
    """What a letter is called at the desk."""
    return _(TITLES.get(kind, kind))


def greeting(kind: str, context: Mapping[str, Any]) -> str:
    """The first line where the town has no opening of its own."""
    wedding, owner = context["wedding"], context["venue"].owner_name
    if kind in TO_OWNER and owner:
        return _("Guten Tag %(name)s,") % {"name": owner}
    if "name" in known(kind) and wedding:
        return _("Guten Tag %(one)s, guten Tag %(two)s,") % {"one": wedding.partner_one, "two": wedding.partner_two}
    return _("Guten Tag,")


def values(kind: str, context: Mapping[str, Any]) -> dict[str, str]:
    """The letter's variables, filled in from what its template may speak of (booking/weddings/letters.py)."""
    town, booking, start, wedding = (context[name] for name in ("town", "booking", "start", "wedding"))
    all_of_them = {
        "datum": texts.day(local_date(start, town.zone)),
        "uhrzeit": texts.clock(start, town.zone),
        "ort": context["place"],
        "nummer": booking.number,
        "amt": town.office,
        "telefon": town.phone,
    }
    names = known(kind)
    if "name" in names and wedding:
        words = {"one": wedding.partner_one, "two": wedding.partner_two}
        all_of_them["name"] = _("%(one)s und %(two)s") % words
    if "frist" in names:
        all_of_them["frist"] = _until(kind, context)
    if "betrag" in names:
        cents = context["account"].open if kind == "payable" else int(context["event"].data.get("cents", "0"))
        all_of_them["betrag"] = texts.euros(cents)
    return {name: all_of_them.get(name, "") for name in names}


def _until(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "address":
        return texts.moment(context["booking"].hold_until, context["zone"])
    return texts.day(context["until"]) if context["until"] else ""
