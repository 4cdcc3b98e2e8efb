"""What clerks do to one booking. Each verb is one small function; what all of them need stands around it once:
the lock, the guard against a colleague who was quicker, faults beside their fields, and the way back."""

from collections.abc import Callable
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
from buchbar.base.web import Form, is_htmx, redirect
from buchbar.booking import corrections, journeys, lifecycle, notes, owners, previews, queries, retraction
from buchbar.booking.desk_booking import a_reason, show_booking
from buchbar.booking.desk_frame import by, for_them, locked, show
from buchbar.booking.desk_waiting import show_waiting
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import STATE_WORDS, known

# A verb reads the form and does it; it raises Invalid for what is typed wrongly. It may say what happened instead of
# the usual.
Act = Callable[[Session, Booking, Form, datetime, Clerk], str | None]


routes: list[Any] = []


def verb(noun: str, did: str, said: str, title: str = "") -> Callable[[Act], Act]:
    """Make a form of the booking's page of a function: its address, what the audit trail says of it, and what is said
    to the clerk afterwards. With a ``title`` its effect can be looked at first."""

    def make(act: Act) -> Act:
        def run(
            request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
        ) -> Response[Any]:
            booking = locked(session, clerk, booking_id, form)
            try:
                with session.begin_nested():
                    instead = act(session, booking, form, now, clerk)
            except Invalid as fault:
                return _faulty(request, session, clerk, booking, now, form, fault)
            return done(request, session, clerk, booking, now, form, _(instead or said) % booking.number)

        def foresee(
            request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
        ) -> Response[Any]:
            booking = locked(session, clerk, booking_id, form)
            return _foresee(request, session, clerk, booking, now, form, act, noun, title)

        address = f"/buchung/{{booking_id:uuid}}/{noun}"
        run.__name__, run.__doc__ = act.__name__, act.__doc__
        routes.append(at_desk.post(address, WORK, did)(run))
        if title:
            routes.append(at_desk.post(f"{address}/vorschau", WORK, N_("Folgen eines Schritts angesehen"))(foresee))
        return act

    return make


@verb("zustimmung", N_("Zustimmung eingetragen"), N_("%s: Zustimmung eingetragen."))
def approve(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    party = forms.read(form, partei=forms.one_of("office", "owner")).partei
    lifecycle.approve(session, booking, party, now, by(clerk))


@verb("ruecknahme", N_("Zustimmung zurückgenommen"), N_("%s: Zustimmung zurückgenommen."))
def retract(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    retraction.retract(session, booking, now, by(clerk))


@verb("trauort-frage", N_("Trauort noch einmal gefragt"), N_("%s: Der Trauort ist noch einmal gefragt."))
def ask_owner(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    owners.ask_again(session, booking, now, by(clerk))


@verb("ablehnung", N_("Anfrage abgelehnt"), N_("%s: abgelehnt."), N_("Anfrage ablehnen?"))
def decline(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    reason = forms.read(form, grund_ablehnung=a_reason).grund_ablehnung
    lifecycle.decline(session, booking, reason, now, by(clerk))


@verb("stornierung", N_("Buchung storniert"), N_("%s: storniert."), N_("Buchung stornieren?"))
def cancel(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    read = forms.read(form, wer=forms.one_of("amt", "paar"), grund_stornierung=a_reason)
    asked = for_them(clerk, booking) if read.wer == "paar" else by(clerk)  # who cancels decides what it costs
    lifecycle.cancel(session, booking, now, asked, read.grund_stornierung)


@verb("anmeldung", N_("Anmeldung eingetragen"), N_("%s: Anmeldung liegt vor."))
def register(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    known(booking, "register")
    lifecycle.register(session, booking, now, by(clerk))


@verb("verlaengerung", N_("Vormerkung verlängert"), N_("%s: Vormerkung verlängert."))
def extend(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    lifecycle.extend(session, booking, now, by(clerk))


@verb("verlegung", N_("Buchung verlegt"), N_("%s: verlegt."), N_("Auf diesen Termin verlegen?"))
def move(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    journeys.of(booking).desk.move(session, booking, form.get("termin", ""), now, by(clerk))


@verb("frist", N_("Frist verlängert"), N_("%s: Frist verlängert."), N_("Frist verlängern?"))
def prolong(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    read = forms.read(form, frist=forms.day, grund_frist=a_reason)
    corrections.prolong(session, booking, read.frist, read.grund_frist, now, by(clerk))


@verb("erinnerung", N_("An die Frist erinnert"), N_("%s: Erinnerung geschrieben."))
def remind(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> str | None:
    if lifecycle.remind_now(session, booking, now, by(clerk)):
        return None
    return N_("%s: In den letzten 24 Stunden ist schon erinnert worden, es geht nichts Neues hinaus.")


@verb(
    "nachricht", N_("Letzte Nachricht noch einmal geschickt"), N_("%s: Die letzte Nachricht geht noch einmal hinaus.")
)
def resend(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    corrections.resend(session, booking, now, by(clerk))


@verb("notizen", N_("Notiz geschrieben"), N_("%s: Notiz gespeichert."))
def write_note(session: Session, booking: Booking, form: Form, now: datetime, clerk: Clerk) -> None:
    words = forms.read(form, notiz=forms.text(notes.LONGEST, lines=True)).notiz
    notes.write(session, booking, clerk, words, now)


def _foresee(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    form: Form,
    act: Act,
    noun: str,
    title: str,
) -> Response[Any]:
    """What the verb would do, with a button that does it. Nothing is written."""
    try:
        foreseen = previews.foresee(session, booking, lambda: act(session, booking, form, now, clerk))
    except Invalid as fault:
        return _faulty(request, session, clerk, booking, now, form, fault)
    shown: dict[str, Any] = {
        "booking": booking,
        "names": queries.names_of(session, [booking]).get(booking.id, ""),
        "title": _(title),
        "preview": foreseen,
        "state_words": STATE_WORDS,
        "target": f"{clerk.desk}/buchung/{booking.id}/{noun}",
        "kept": [(name, value) for name, value in form.items() if not name.startswith("_")],
    }
    return show(request, clerk, "desk/_preview.html" if is_htmx(request) else "desk/preview.html", now, **shown)


def done(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    form: Form,
    said: str,
    receipt: UUID | None = None,
) -> Response[Any]:
    """Back to where the form stood: the list of what waits, or the booking; there with the ``receipt`` of a payment."""
    session.flush()
    from_list = form.get("von") == "liste"
    if not is_htmx(request):
        return redirect(request, clerk.desk if from_list else f"{clerk.desk}/buchung/{booking.id}")
    session.expire(booking)
    if from_list:
        return show_waiting(request, session, clerk, now, said)
    return show_booking(request, session, clerk, booking, now, said=said, receipt=receipt)


def _faulty(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, form: Form, fault: Invalid
) -> Response[Any]:
    if is_htmx(request) and form.get("von") == "liste":
        raise fault  # into the notices: the list stays as it is, with what was typed
    return show_booking(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
