"""The letters of a wedding's reservation: which one an event calls for, to whom, and what stands in it."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking import (
    approvals,
    attach,
    calendar_entries,
    links,
    owner_houses,
    owners,
    telling,
)
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.weddings import letter_words, paper
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.other_dates import other_dates
from buchbar.calendar.deadlines import last_day, registration_window
from buchbar.calendar.walls import local_date
from buchbar.notices import letters, wordings
from buchbar.notices.models import Letter
from buchbar.resources.models import Venue

SUBJECTS = {
    "address": N_("Bitte bestätigen Sie Ihre E-Mail-Adresse"),
    "received": N_("Ihre Anfrage ist eingegangen: Trauung am %(day)s"),
    "payable": N_("Bitte bezahlen Sie bis %(until)s: Trauung am %(day)s"),
    "confirmed": N_("Ihr Termin ist reserviert: Trauung am %(day)s"),
    "declined": N_("Ihre Anfrage konnte nicht angenommen werden: Trauung am %(day)s"),
    "cancelled": N_("Ihre Reservierung ist storniert: Trauung am %(day)s"),
    "released": N_("Ihr Termin ist nicht mehr reserviert: Trauung am %(day)s"),
    "refunded": N_("Sie bekommen Geld zurück: Buchung %(number)s"),
    "credited": N_("Sie müssen weniger bezahlen: Buchung %(number)s"),
    "lost": N_("Ihre Zahlung ist zurückgegangen: Buchung %(number)s"),
    "dunned": N_("Noch nicht bezahlt: Buchung %(number)s"),
    "paid": N_("Ihre Zahlung ist eingegangen: Buchung %(number)s"),
    "underway": N_("Ihre Zahlung ist unterwegs: Buchung %(number)s"),
    "unpaid": N_("Ihre Zahlung ist nicht zustande gekommen: Buchung %(number)s"),
    "registered": N_("Ihre Anmeldung liegt vor: Trauung am %(day)s"),
    "reminder": N_("Bitte denken Sie an die Frist %(until)s: Trauung am %(day)s"),
    "moved": N_("Ihr Termin ist verlegt: Trauung am %(day)s"),
    "lengthened": N_("Ihre Trauung endet zu einer anderen Zeit: %(day)s"),
    "prolonged": N_("Ihre Frist ist verlängert bis %(until)s: Trauung am %(day)s"),
    "corrected": N_("Ihr neuer Link: Trauung am %(day)s"),
    "connect": N_("Bitte bestätigen Sie Ihre E-Mail-Adresse"),
    "attached": N_("Ihre Reservierung im Netz: Trauung am %(day)s"),
    "office": N_("Zu prüfen: Buchung %(number)s"),
    "office_late": N_("Zu spät oder zu viel bezahlt: Buchung %(number)s"),
    "owner": N_("Bitte um Ihre Zustimmung: Trauung am %(day)s"),
    "owner_over": N_("Termin wieder frei: Trauung am %(day)s"),
    "owner_back": N_("Der Termin gilt wieder: Trauung am %(day)s"),
    "owner_lengthened": N_("Andere Dauer: Trauung am %(day)s"),
    "owner_reminder": N_("Ihre Antwort fehlt noch: Trauung am %(day)s"),
    "owner_refused": N_("Der Trauort hat abgelehnt: Buchung %(number)s"),
    "retracted": N_("Bitte bezahlen Sie noch nicht: Trauung am %(day)s"),
}
# How long before the ceremony the couple should be there.
EARLY = timedelta(minutes=15)


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Write the letters that an event calls for: to the couple, to those who have to agree, to the venue's owner."""
    kind = telling.kind_of(session, booking, event)
    if kind and booking.email:
        _to_couple(session, booking, event, kind)
    elif kind and booking.by_office and not booking.forgotten_at:
        _on_paper(session, booking, event, kind)
    if event.verb == "apply":
        _ask_for_proof(session, booking, event)
    if (event.verb in telling.ENDS and event.by_kind != "owner") or event.verb == "move":
        _release_owner(session, booking, event)
    if "undoes" in event.data and event.verb == "move" and "owner" in approvals.given(session, booking):
        _to_owner(session, booking, event, "owner_back")  # their yes holds again, though they heard it is free
    if event.verb == "lengthen" and "owner" in approvals.needed(booking):
        _to_owner(session, booking, event, "owner_lengthened")
    if event.verb == "decline" and event.by_kind == "owner" and booking.municipality.email:
        with texts.speaking("de"):
            _write(session, booking, event, "owner_refused", booking.municipality.email)
    if event.verb == "pay":
        _tell_of_too_much(session, booking, event)
    if event.verb == "ask":
        _to_owner(session, booking, event, "owner_reminder")
    if event.verb in ("prove", "enter", "move") and booking.state == "requested":
        _ask(session, booking, event)


def _to_couple(session: Session, booking: Booking, event: BookingEvent, kind: str) -> None:
    with texts.speaking(booking.language):
        calendar, method = telling.calendar(session, booking, event, kind)
        _write(session, booking, event, kind, booking.email, calendar, method, **telling.money(session, booking, event))


def _on_paper(session: Session, booking: Booking, event: BookingEvent, kind: str) -> None:
    """Who has no e-mail address gets the letter by post: it waits at the desk to be printed."""
    with texts.speaking(booking.language):
        context = _context(session, booking, event) | telling.money(session, booking, event)
        words = _words(session, booking, kind, context)
        paper.write(session, booking, kind, words.pop("subject"), context | words, event.at)


def _ask_for_proof(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Ask whether the address is theirs that somebody gave with the code from a letter."""
    known = session.get_one(attach.LetterCode, booking.id)
    with texts.speaking(known.language):
        _write(session, booking, event, "connect", known.email, connect_link=attach.proof_url(session, booking))


def _words(session: Session, booking: Booking, kind: str, context: dict[str, Any]) -> dict[str, Any]:
    """The subject and the greeting, as they are built in or in the town's own words."""
    mine = wordings.of(session, booking.municipality_id, kind, texts.language.get())
    own = wordings.own(mine, letter_words.values(kind, context))
    return {
        "subject": own.subject or _subject(booking, kind, context["start"]),
        "wording": own,
        "greeting": letter_words.greeting(kind, context),
    }


def _subject(booking: Booking, kind: str, start: datetime) -> str:
    zone = booking.municipality.zone
    words = {
        "number": booking.number,
        "day": texts.day(local_date(start, zone), "short"),
        "until": texts.day(last_day(booking.deadline_at, zone), "short") if booking.deadline_at else "",
    }
    return _(SUBJECTS[kind]) % words


def _ask(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Ask the office and the venue's owner for the agreement that is missing. The office finds the names at its desk;
    the owner needs none."""
    missing = approvals.needed(booking) - approvals.given(session, booking)
    with texts.speaking("de"):
        if "office" in missing and booking.municipality.email:
            _write(session, booking, event, "office", booking.municipality.email)
    if "owner" in missing:
        _to_owner(session, booking, event, "owner")


def _tell_of_too_much(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Tell the office of money that came too late, or that is more than was owed: what became of the date, and that it
    goes back."""
    address, what = booking.municipality.email, telling.too_much(session, booking, event)
    if address and what:
        with texts.speaking("de"):
            _write(session, booking, event, "office_late", address, **what)


def _to_owner(session: Session, booking: Booking, event: BookingEvent, kind: str) -> None:
    """Write to who owns the venue; nobody where there is no address any more."""
    if address := session.get_one(Venue, booking.resource_id).owner_email:
        with texts.speaking("de"):
            _write(session, booking, event, kind, address)


def _release_owner(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Tell an owner who was asked for this date that it is free again."""
    asked = session.scalar(
        select(Letter)
        .where(Letter.booking_id == booking.id, Letter.kind.in_(("owner", "owner_back", "owner_over")))
        .order_by(Letter.written_at.desc(), Letter.kind)  # a move tells of the old date first, then asks for the new
        .limit(1)
    )
    if asked is None or asked.kind == "owner_over":
        return
    start = datetime.fromisoformat(event.data.get("from_start", booking.starts_at.isoformat()))
    with texts.speaking("de"):
        _write(session, booking, event, "owner_over", asked.to_address, start=start)


def _write(
    session: Session,
    booking: Booking,
    event: BookingEvent,
    kind: str,
    to: str,
    calendar: bytes | None = None,
    method: str | None = None,
    **more: Any,
) -> None:
    context = _context(session, booking, event) | more
    context |= _words(session, booking, kind, context)
    text, html = letters.rendered(kind, **context)
    letters.write(
        session,
        municipality=booking.municipality,
        booking_id=booking.id,
        kind=kind,
        to=to,
        subject=context["subject"],
        text=text,
        html=html,
        at=event.at,
        calendar=calendar,
        method=method,
    )


def _context(session: Session, booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """What any of the letters may speak of."""
    town, venue = booking.municipality, session.get_one(Venue, booking.resource_id)
    base_url = f"{links.settings(session).base_url}/{town.slug}"
    return telling.about(session, booking, event) | {
        "wedding": session.get(Wedding, booking.id),
        "venue": venue,
        "place": calendar_entries.place(venue),
        "early": booking.starts_at - EARLY,
        "window": registration_window(local_date(booking.starts_at, town.zone)),
        "search_link": f"{base_url}/hochzeit",
        "closures_link": f"{base_url}/amt/sperrzeiten",
        **_for_owner(session, booking, venue),
        "offers": other_dates(session, booking, event.at) if event.verb == "decline" else [],
    }


def _for_owner(session: Session, booking: Booking, venue: Venue) -> dict[str, str]:
    """The links that only the venue's owner gets."""
    if not venue.owner_email:
        return {}
    base_url = links.settings(session).base_url
    answer, overview = owners.answer_path(session, booking), owner_houses.overview_path(session, venue)
    return {"answer_link": base_url + answer, "overview_link": base_url + overview}
