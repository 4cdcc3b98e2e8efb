"""Letters on paper: which ones wait to be printed, and how one looks as a document."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality, Office
from buchbar.base import texts
from buchbar.base.documents import pdf
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking import attach, journeys, links
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Letter


def to_print(session: Session, town: Municipality, kinds: Collection[str] = ()) -> list[tuple[Letter, Booking]]:
    """What nobody has printed yet, of some kinds or of all, the oldest first. Who has an e-mail address by now reads it
    all in the net."""
    waiting = (
        select(Letter, Booking)
        .join(Booking, Booking.id == Letter.booking_id)
        .where(Letter.municipality_id == town.id, Letter.paper.is_not(None), Letter.printed_at.is_(None))
        .where(Booking.email == "")
        .order_by(Letter.written_at, Letter.id)
        .options(joinedload(Booking.municipality))
    )
    if kinds:
        waiting = waiting.where(Letter.kind.in_(kinds))
    return [(letter, booking) for letter, booking in session.execute(waiting)]


def letter_of(session: Session, booking: Booking, letter_id: UUID) -> Letter:
    """A letter on paper about this booking. Raises NotFound."""
    wanted = select(Letter).where(Letter.id == letter_id, Letter.booking_id == booking.id, Letter.paper.is_not(None))
    found = session.scalar(wanted)
    if found is None:
        raise NotFound
    return found


def letter_about(
    session: Session, town: Municipality, letter_id: UUID, kinds: Collection[str]
) -> tuple[Letter, Booking]:
    """A letter on paper of one of these kinds, about a booking of this town. Raises NotFound."""
    wanted = (
        select(Letter, Booking)
        .join(Booking, Booking.id == Letter.booking_id)
        .where(Booking.municipality_id == town.id, Letter.id == letter_id)
        .where(Letter.paper.is_not(None), Letter.kind.in_(kinds))
    )
    found = session.execute(wanted).first()
    if found is None:
        raise NotFound
    return found[0], found[1]


def printed(letter: Letter, at: datetime, by: str) -> None:
    """Write down that it is on its way; once is enough."""
    if letter.printed_at is None:
        letter.printed_at, letter.printed_by = at, by


def as_pdf(session: Session, those: Sequence[tuple[Letter, Booking]], *, way_on: bool = True) -> bytes:
    """The letters as one document, each in its reader's language. Without ``way_on`` they don't say how to cancel, and
    have no code by which the booking can be connected with an e-mail address."""
    each_of = []
    for letter, booking in those:
        with texts.speaking(letter.language):
            each_of.append(as_document(session, booking, letter, way_on=way_on))
    first = those[0][0]
    with texts.speaking(first.language):
        return pdf("letter", {"title": first.subject, "letters": each_of})


def as_document(session: Session, booking: Booking, letter: Letter, *, way_on: bool = True) -> dict[str, Any]:
    """What the document's template needs of a letter, in the reader's language."""
    town = booking.municipality
    lines = [
        part.strip() for part in (booking.office.name, town.street, f"{town.postcode} {town.city}") if part.strip()
    ]
    return {
        "language": texts.language.get(),
        "town": town.name,
        "office": booking.office.name,
        "sender": ", ".join(lines),
        "address": journeys.of(booking).desk.address(session, booking),
        "contact": [*lines, *_reached(booking.office)],
        "foot": [booking.office.name, *_reached(booking.office)],
        "number_label": _("Buchungsnummer"),
        "number": booking.number,
        "date": texts.day(local_date(letter.written_at, town.zone)),
        "subject": letter.subject,
        "parts": [list(part) for part in letter.paper or ()],
        "sections": _how_to_go_on(session, booking) if way_on and booking.alive else [],
        "greetings": _("Freundliche Grüße"),
    }


def _reached(office: Office) -> list[str]:
    phone = [_("Telefon: %(phone)s") % {"phone": office.phone}] if office.phone else []
    return [*phone, _("E-Mail: %(email)s") % {"email": office.email}] if office.email else phone


def _how_to_go_on(session: Session, booking: Booking) -> list[dict[str, Any]]:
    """How to cancel or to move, and the code by which the couple finds the booking in the net."""
    told = _("Sagen Sie dem Amt Bescheid, am besten am Telefon, und nennen Sie Ihre Buchungsnummer.")
    sections: list[dict[str, Any]] = [{"title": _("Absagen oder verlegen"), "words": [told], "code": "", "facts": []}]
    code = attach.code_of(session, booking)
    if code:
        page = f"{links.settings(session).base_url}/{booking.municipality.slug}/brief"
        words = _(
            "Mit einer E-Mail-Adresse können Sie die Reservierung im Netz ansehen, bezahlen, verlegen und stornieren, "
            "und Nachrichten kommen per E-Mail. Öffnen Sie dazu diese Seite und geben Sie Nummer und Code ein. Der "
            "Code gilt einmal. Bitte geben Sie ihn nicht weiter."
        )
        facts = [(_("Seite"), page), (_("Buchungsnummer"), booking.number), (_("Code"), code)]
        sections.append({"title": _("Im Netz weitermachen"), "words": [words], "code": code, "facts": facts})
    return sections
