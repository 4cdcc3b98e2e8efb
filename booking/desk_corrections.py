"""Putting right what a booking says of its people: spelling, how they are reached, where letters go."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import corrections, journeys, queries, steps
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.journeys import Asked
from buchbar.booking.models import Booking


@at_desk.get("/buchung/{booking_id:uuid}/angaben", WORK, N_("Angaben zum Berichtigen geöffnet"))
def ask(request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    steps.allow(booking, "correct", now)
    return _form(request, session, clerk, booking, now)


@at_desk.post("/buchung/{booking_id:uuid}/angaben", WORK, N_("Angaben berichtigt"))
def correct(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    steps.allow(booking, "correct", now)
    asked = _asked(session, booking)
    try:
        values = vars(forms.read(form, **{each.name: each.read for each in asked}))
        changed = [each.label for each in asked if str(values[each.name] or "") != each.value]
        contact = {"email": values.pop("email") or "", "phone": values.pop("phone")}
        with session.begin_nested():
            journeys.of(booking).desk.correct(session, booking, values)
            corrections.correct(session, booking, contact, changed, now, by(clerk))
    except Invalid as fault:
        return _form(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    return redirect(request, f"{clerk.desk}/buchung/{booking.id}?erledigt=ja")


def _asked(session: Session, booking: Booking) -> list[Asked]:
    return [
        *journeys.of(booking).desk.asked(session, booking),
        Asked("email", _("E-Mail"), booking.email, forms.optional(forms.address), False),
        Asked("phone", _("Telefon"), booking.phone, forms.phone, False),
    ]


def _form(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    asked = _asked(session, booking)
    context = {"typed": {each.name: each.value for each in asked}} | context
    seen = queries.last_events(session, [booking.id]).get(booking.id, 0)
    return show(
        request, clerk, "desk/corrections.html", now, status, booking=booking, asked=asked, seen=seen, **context
    )


routes = [ask, correct]
