"""The counter at the desk: money taken for a booking, its receipt, and a mistake taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import ACCOUNT, TAKE
from buchbar.base import forms, texts
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking import at_counter, desk_cash_book, queries, receipts
from buchbar.booking.desk_booking import show_booking
from buchbar.booking.desk_frame import by, locked
from buchbar.booking.desk_verbs import done
from buchbar.payments import counter


def a_reason(typed: str) -> str:
    """Why a payment is taken back, for the books."""
    if not typed:
        raise ValueError(_("Bitte nennen Sie den Grund; er steht in den Büchern."))
    return str(forms.text(200)(typed))


@at_desk.post("/buchung/{booking_id:uuid}/schalter", TAKE, N_("Geld am Schalter angenommen"))
def take(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    try:
        read = forms.read(form, betrag=forms.euros, wie=forms.one_of(*counter.AT_COUNTER), vorgang=forms.once)
        at_counter.take(session, booking, read.vorgang, read.betrag, read.wie, now, by(clerk))
    except Invalid as fault:
        return show_booking(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    words = {"number": booking.number, "amount": texts.euros(read.betrag)}
    said = _("%(number)s: %(amount)s angenommen.") % words
    return done(request, session, clerk, booking, now, form, said, receipt=read.vorgang)


@at_desk.post(
    "/buchung/{booking_id:uuid}/schalter/{payment_id:uuid}/ruecknahme", TAKE, N_("Zahlung am Schalter zurückgenommen")
)
def undo(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
    payment_id: FromPath[UUID],
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    try:
        reason = forms.read(form, grund_zahlung=a_reason).grund_zahlung
    except Invalid as fault:
        return show_booking(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    at_counter.undo(session, booking, payment_id, reason, now, by(clerk))
    return done(request, session, clerk, booking, now, form, _("%s: Zahlung zurückgenommen.") % booking.number)


@at_desk.get("/buchung/{booking_id:uuid}/quittung/{payment_id:uuid}", ACCOUNT, N_("Quittung geöffnet"))
def receipt(session: Session, clerk: Clerk, booking_id: FromPath[UUID], payment_id: FromPath[UUID]) -> Response[bytes]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    payment = at_counter.payment_of(session, booking, payment_id)
    return pdf_answer(f"quittung-{payment.receipt}", pdf("receipt", receipts.as_document(session, booking, payment)))


routes = [take, undo, receipt, *desk_cash_book.routes]
