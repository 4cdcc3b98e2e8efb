"""One booking at the desk: everything about it in one place, and the verbs that clerks have."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, is_htmx, redirect
from buchbar.booking import approvals, journeys, lifecycle, queries
from buchbar.booking.desk_frame import by, for_couple, locked, show
from buchbar.booking.desk_waiting import show_waiting
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import WORDS, choices, cost_of_cancelling
from buchbar.payments import ledger


def a_reason(typed: str) -> str:
    """Why something ends, for the couple."""
    if not typed:
        raise ValueError(_("Bitte nennen Sie den Grund; das Paar liest ihn."))
    return str(forms.text(500, lines=True)(typed))


@at_desk.get("/buchung/{booking_id:uuid}", LOOK, N_("Buchung angesehen"))
def booking_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    return _show(request, session, clerk, booking, now)


@at_desk.post("/buchung/{booking_id:uuid}/zustimmung", WORK, N_("Zustimmung eingetragen"))
def approve(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    party = forms.read(form, partei=forms.one_of("office", "owner")).partei
    lifecycle.approve(session, booking, party, now, by(clerk))
    return _done(request, session, clerk, booking, now, form, _("%s: Zustimmung eingetragen.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/ablehnung", WORK, N_("Anfrage abgelehnt"))
def decline(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    try:
        reason = forms.read(form, grund_ablehnung=a_reason).grund_ablehnung
    except Invalid as fault:
        if is_htmx(request) and form.get("von") == "liste":
            raise  # into the notices: the list stays as it is, with what was typed
        return _show(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    lifecycle.decline(session, booking, reason, now, by(clerk))
    return _done(request, session, clerk, booking, now, form, _("%s: abgelehnt.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/stornierung", WORK, N_("Buchung storniert"))
def cancel(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    try:
        read = forms.read(form, grund_stornierung=a_reason, wer=forms.one_of("amt", "paar"))
    except Invalid as fault:
        return _show(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    asked = for_couple(clerk) if read.wer == "paar" else by(clerk)  # who cancels decides what it costs
    lifecycle.cancel(session, booking, now, asked, read.grund_stornierung)
    return _done(request, session, clerk, booking, now, form, _("%s: storniert.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/anmeldung", WORK, N_("Anmeldung eingetragen"))
def register(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    lifecycle.register(session, booking, now, by(clerk))
    return _done(request, session, clerk, booking, now, form, _("%s: Anmeldung liegt vor.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/verlaengerung", WORK, N_("Vormerkung verlängert"))
def extend(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    lifecycle.extend(session, booking, now, by(clerk))
    return _done(request, session, clerk, booking, now, form, _("%s: Vormerkung verlängert.") % booking.number)


@at_desk.post("/buchung/{booking_id:uuid}/verlegung", WORK, N_("Buchung verlegt"))
def move(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    try:
        journeys.of(booking).desk.move(session, booking, form.get("termin", ""), now, by(clerk))
    except Invalid as fault:
        return _show(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    return _done(request, session, clerk, booking, now, form, _("%s: verlegt.") % booking.number)


def _done(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, form: Form, said: str
) -> Response[Any]:
    """Back to where the form stood: the list of what waits, or the booking."""
    session.flush()
    desk = clerk.desk
    from_list = form.get("von") == "liste"
    if not is_htmx(request):
        return redirect(request, desk if from_list else f"{desk}/buchung/{booking.id}")
    session.expire(booking)
    if from_list:
        return show_waiting(request, session, clerk, now, said)
    return _show(request, session, clerk, booking, now, said=said)


def _show(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    """All about a booking. ``?tag=`` adds the free slots of a day to which it could be moved."""
    journey = journeys.of(booking)
    given = queries.agreed(session, [booking.id])[booking.id]
    typed: dict[str, str] = context.pop("typed", {})
    faults: dict[str, str] = context.pop("faults", {})
    wanted = typed.get("tag") or request.query_params.get("tag") or ""
    day = _day(wanted, faults)
    events = queries.events_since(session, booking, 0)
    shown = context | {
        "booking": booking,
        "names": queries.names_of(session, [booking]).get(booking.id, ""),
        "facts": journey.desk.facts(session, booking),
        "staff": queries.staff_on(session, booking),
        "needed": approvals.needed(booking),
        "given": given,
        "account": ledger.account(session, booking.id),
        "charges": ledger.charges(session, booking.id),
        "events": list(reversed(events)),
        "seen": events[-1].id if events else 0,
        "letters": queries.letters_of(session, booking),
        "steps": {step.verb: step for step in choices(booking, given, now)},
        "words": WORDS,
        "costs": {
            "amt": cost_of_cancelling(session, booking, 100),
            "paar": cost_of_cancelling(session, booking, lifecycle.refund_percent(session, booking, now)),
        },
        "day": day,
        "wanted": wanted,
        "choices": journey.desk.free(session, booking, day, now) if day else [],
        "typed": typed,
        "faults": faults,
    }
    template = "desk/_booking.html" if is_htmx(request) else "desk/booking.html"
    return show(request, clerk, template, now, status, **shown)


def _day(typed: str, faults: dict[str, str]) -> date | None:
    if not typed:
        return None
    try:
        return forms.day(typed)
    except ValueError as fault:
        faults["tag"] = str(fault)
        return None


routes = [booking_page, approve, decline, cancel, register, extend, move]
