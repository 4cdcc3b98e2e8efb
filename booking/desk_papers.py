"""What lies with a booking at the desk: clerks' notes, files, and letters on paper."""

from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base.documents import pdf_answer
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking import files, lifecycle, notes, papers, queries
from buchbar.booking.desk_booking import show_booking
from buchbar.booking.desk_verbs import done

# Whatever somebody managed to upload: it runs nothing, shows nothing, and is never taken for one of our pages.
SEALED = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}
UPLOAD = files.MOST_BYTES + 200_000  # with what a form has around it


@at_desk.post("/buchung/{booking_id:uuid}/notizen/{note_id:uuid}/loeschung", WORK, N_("Notiz gelöscht"))
def erase_note(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
    note_id: FromPath[UUID],
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    notes.erase(session, booking, clerk, note_id)
    return done(request, session, clerk, booking, now, form, _("%s: Notiz gelöscht.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/dateien", WORK, N_("Datei hochgeladen"), request_max_body_size=UPLOAD)
def keep_file(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    lifecycle.lock(session, booking)
    try:
        uploaded = form.upload("datei")
        if uploaded is None:
            raise Invalid({"datei": _("Bitte wählen Sie eine Datei.")})
        kept = files.keep(session, booking, *uploaded, now, clerk.name)
    except Invalid as fault:
        return show_booking(request, session, clerk, booking, now, 422, faults=fault.fields)
    words = {"number": booking.number, "name": kept.name}
    return done(request, session, clerk, booking, now, form, _("%(number)s: %(name)s gespeichert.") % words)


@at_desk.get("/buchung/{booking_id:uuid}/dateien/{file_id:uuid}", LOOK, N_("Datei heruntergeladen"))
def give_out(session: Session, clerk: Clerk, booking_id: FromPath[UUID], file_id: FromPath[UUID]) -> Response[bytes]:
    found = files.file_of(session, queries.booking_of(session, clerk.town, booking_id), file_id)
    plain = "".join(sign if sign.isascii() and sign not in '"\\' else "_" for sign in found.name)
    name = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.name)}"
    return Response(found.content, media_type=found.media_type, headers=SEALED | {"content-disposition": name})


@at_desk.post("/buchung/{booking_id:uuid}/dateien/{file_id:uuid}/loeschung", WORK, N_("Datei gelöscht"))
def erase_file(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
    file_id: FromPath[UUID],
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    words = {"number": booking.number, "name": files.erase(session, booking, file_id)}
    return done(request, session, clerk, booking, now, form, _("%(number)s: %(name)s gelöscht.") % words)


# Only who may act on the booking: the letter carries the code by which it can be connected with an address.
@at_desk.get("/buchung/{booking_id:uuid}/briefe/{letter_id:uuid}", WORK, N_("Brief zum Drucken geöffnet"))
def as_pdf(session: Session, clerk: Clerk, booking_id: FromPath[UUID], letter_id: FromPath[UUID]) -> Response[bytes]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    letter = papers.letter_of(session, booking, letter_id)
    return pdf_answer(f"Brief-{booking.number}", papers.as_pdf(session, [(letter, booking)]))


@at_desk.post("/buchung/{booking_id:uuid}/briefe/{letter_id:uuid}/druck", WORK, N_("Brief als gedruckt vermerkt"))
def tick_printed(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
    letter_id: FromPath[UUID],
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    lifecycle.lock(session, booking)
    papers.printed(papers.letter_of(session, booking, letter_id), now, clerk.name)
    return done(request, session, clerk, booking, now, form, _("%s: Brief als gedruckt vermerkt.") % booking.number)


routes = [erase_note, keep_file, give_out, erase_file, as_pdf, tick_printed]
