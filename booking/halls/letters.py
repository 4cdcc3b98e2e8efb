"""The letters of a hall's booking: which one an event calls for, to whom, and what stands in it; and what else follows
when something has happened to a booking."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.booking import approvals, attach, calendar_entries, links, telling
from buchbar.booking.halls import letter_words
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.other_slots import other_slots
from buchbar.booking.halls.plan import plan, read_parts
from buchbar.booking.models import Booking, BookingEvent
from buchbar.calendar.deadlines import last_day
from buchbar.calendar.walls import local_date
from buchbar.doors.models import Door
from buchbar.notices import letters, wordings
from buchbar.resources.halls import Hall

PREFIX = "hall_"
SUBJECTS = {
    "hall_address": N_("Bitte bestätigen Sie Ihre E-Mail-Adresse"),
    "hall_received": N_("Ihre Anfrage ist eingegangen: %(hall)s am %(day)s"),
    "hall_payable": N_("Bitte bezahlen Sie bis %(until)s: %(hall)s am %(day)s"),
    "hall_confirmed": N_("Gebucht: %(hall)s am %(day)s"),
    "hall_declined": N_("Ihre Anfrage konnte nicht angenommen werden: %(hall)s am %(day)s"),
    "hall_cancelled": N_("Ihre Buchung ist storniert: %(hall)s am %(day)s"),
    "hall_given_back": N_("Termin freigegeben: %(hall)s am %(day)s"),
    "hall_released": N_("Ihre Buchung gilt nicht mehr: %(hall)s am %(day)s"),
    "hall_refunded": N_("Sie bekommen Geld zurück: Buchung %(number)s"),
    "hall_credited": N_("Sie müssen weniger bezahlen: Buchung %(number)s"),
    "hall_lost": N_("Ihre Zahlung ist zurückgegangen: Buchung %(number)s"),
    "hall_dunned": N_("Noch nicht bezahlt: Buchung %(number)s"),
    "hall_paid": N_("Ihre Zahlung ist eingegangen: Buchung %(number)s"),
    "hall_underway": N_("Ihre Zahlung ist unterwegs: Buchung %(number)s"),
    "hall_unpaid": N_("Ihre Zahlung ist nicht zustande gekommen: Buchung %(number)s"),
    "hall_reminder": N_("Bitte bezahlen Sie bis %(until)s: %(hall)s am %(day)s"),
    "hall_moved": N_("Ihre Buchung ist verlegt: %(hall)s am %(day)s"),
    "hall_partly": N_("Zugestimmt, mit einer Änderung: %(hall)s am %(day)s"),
    "hall_prolonged": N_("Ihre Frist ist verlängert bis %(until)s: %(hall)s am %(day)s"),
    "hall_corrected": N_("Ihr neuer Link: %(hall)s am %(day)s"),
    "hall_connect": N_("Bitte bestätigen Sie Ihre E-Mail-Adresse"),
    "hall_attached": N_("Ihre Buchung im Netz: %(hall)s am %(day)s"),
    "hall_retracted": N_("Bitte bezahlen Sie noch nicht: %(hall)s am %(day)s"),
    "hall_office": N_("Zu prüfen: Buchung %(number)s"),
    "hall_office_late": N_("Zu spät oder zu viel bezahlt: Buchung %(number)s"),
}
# Letters that do to calendars what another one does.
LIKE = {"given_back": "cancelled", "partly": "moved"}


@contextmanager
def quiet(session: Session) -> Iterator[None]:
    """Within this, single bookings' letters aren't written: whoever books or changes many writes one for all."""
    before = session.info.get("quiet", False)
    session.info["quiet"] = True
    try:
        yield
    finally:
        session.info["quiet"] = before


def tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Write the letters that an event calls for: to who has booked, and to the office."""
    if session.info.get("quiet"):
        return
    kind = kind_of(session, booking, event)
    if kind and booking.email:
        with texts.speaking(booking.language):
            calendar, method = _calendar(session, booking, event, kind)
            money = telling.money(session, booking, event)
            _write(session, booking, event, kind, booking.email, calendar, method, **money)
    elif kind and booking.by_office and not booking.forgotten_at:
        _on_paper(session, booking, event, kind)
    if event.verb == "apply":
        _ask_for_proof(session, booking, event)
    if event.verb == "pay":
        _tell_of_too_much(session, booking, event)
    if event.verb in ("prove", "enter", "move") and booking.state == "requested":
        _ask(session, booking, event)


def kind_of(session: Session, booking: Booking, event: BookingEvent) -> str | None:
    """Which letter an event calls for; None for no letter."""
    kind = telling.kind_of(session, booking, event)
    if kind == "cancelled" and _use(session, booking).given_back_at == event.at:
        kind = "given_back"
    if kind == "moved" and event.data.get("partly"):
        kind = "partly"
    return PREFIX + kind if kind and PREFIX + kind in SUBJECTS else None


def _calendar(session: Session, booking: Booking, event: BookingEvent, kind: str) -> tuple[bytes | None, str | None]:
    plain = kind.removeprefix(PREFIX)
    return telling.calendar(session, booking, event, LIKE.get(plain, plain))


def _on_paper(session: Session, booking: Booking, event: BookingEvent, kind: str) -> None:
    """Who has no e-mail address gets the letter by post: it waits at the desk to be printed."""
    attach.get_ready(session, booking, event.at)
    with texts.speaking(booking.language):
        context = _context(session, booking, event) | telling.money(session, booking, event)
        words = _words(session, booking, kind, context)
        subject = words.pop("subject")
        letters.lay_out(
            session,
            municipality=booking.municipality,
            booking_id=booking.id,
            kind=kind,
            subject=subject,
            parts=letters.on_paper(kind, subject=subject, **(context | words)),
            at=event.at,
        )


def _ask_for_proof(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Ask whether the address is theirs that somebody gave with the code from a letter."""
    known = session.get_one(attach.LetterCode, booking.id)
    with texts.speaking(known.language):
        _write(session, booking, event, "hall_connect", known.email, connect_link=attach.proof_url(session, booking))


def _ask(session: Session, booking: Booking, event: BookingEvent) -> None:
    """Tell the office that there is a request. It finds the names at its desk."""
    missing = approvals.needed(booking) - approvals.given(session, booking)
    if "office" in missing and booking.office.email:
        with texts.speaking("de"):
            _write(session, booking, event, "hall_office", booking.office.email)


def _tell_of_too_much(session: Session, booking: Booking, event: BookingEvent) -> None:
    address, what = booking.office.email, telling.too_much(session, booking, event)
    if address and what:
        with texts.speaking("de"):
            _write(session, booking, event, "hall_office_late", address, **what)


def _words(session: Session, booking: Booking, kind: str, context: dict[str, Any]) -> dict[str, Any]:
    """The subject and the greeting, as they are built in or in the town's own words."""
    mine = wordings.of(session, booking.municipality_id, kind, texts.language.get())
    own = wordings.own(mine, letter_words.values(kind, context))
    return {
        "subject": own.subject or _(SUBJECTS[kind]) % subject_words(context),
        "wording": own,
        "greeting": letter_words.greeting(kind, context),
        "named": letter_words.named(kind),
    }


def subject_words(context: dict[str, Any]) -> dict[str, str]:
    """What stands in the subjects of letters."""
    booking, zone = context["booking"], context["zone"]
    return {
        "number": booking.number,
        "hall": context["hall"].name,
        "day": texts.day(local_date(context["start"], zone), "short"),
        "until": texts.day(last_day(booking.deadline_at, zone), "short") if booking.deadline_at else "",
    }


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
        office=booking.office,
    )


def _context(session: Session, booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """What any of the letters may speak of."""
    town, use = booking.municipality, _use(session, booking)
    hall = session.get_one(Hall, booking.resource_id)
    return telling.about(session, booking, event) | {
        "use": use,
        "hall": hall,
        "place": calendar_entries.place(hall),
        "parts": named(session, booking, use.parts),
        "from_parts": _from_parts(session, booking, event),
        "conditions": use.conditions,
        "code_from": _code_from(session, booking, use),
        "lapsed": bool(approvals.needed(booking) - approvals.given(session, booking)),
        "offers": other_slots(session, booking, event.at) if event.verb == "decline" else [],
        "search_link": f"{links.settings(session).base_url}/{town.slug}/hallen",
    }


def named(session: Session, booking: Booking, parts: Any) -> str:
    """What a booking's parts are called; numbers where the hall isn't in use any more."""
    hall = plan(session, booking.municipality).halls.get(booking.resource_id)
    return hall.named(parts) if hall else ", ".join(str(number) for number in sorted(parts))


def _from_parts(session: Session, booking: Booking, event: BookingEvent) -> str:
    """What of a hall the booking had before it was moved; empty for other events."""
    numbers = event.data.get("from_parts", "")
    hall = plan(session, booking.municipality).halls.get(UUID(event.data.get("from_hall", str(booking.resource_id))))
    return hall.named(read_parts(numbers)) if hall and numbers else ""


def _code_from(session: Session, booking: Booking, use: HallUse) -> datetime | None:
    """From when on the page shows the code of a door that the booking needs; None where it needs none."""
    doors = session.scalars(select(Door).where(Door.hall_id == booking.resource_id, Door.active.is_(True)))
    needed = any(not door.parts or set(door.parts) & set(use.parts) for door in doors)
    return booking.starts_at - timedelta(hours=booking.terms.code_hours) if needed else None


def _use(session: Session, booking: Booking) -> HallUse:
    return session.get_one(HallUse, booking.id)
