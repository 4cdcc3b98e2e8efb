"""What only weddings show at the desk: the couple's names, where a wedding can be moved to, entering by telephone."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import WORK
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import lifecycle, queries
from buchbar.booking.alike import sounds_like
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.events import Actor
from buchbar.booking.journeys import AtDesk, Choice
from buchbar.booking.models import Booking
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.reservation import Couple, SlotTaken, busy_between
from buchbar.booking.weddings.timetable import JOURNEY, timetable

MOST_GUESTS = 500  # where the place itself sets no limit
FIELDS = {
    "partner_one": forms.text(120),
    "partner_two": forms.text(120),
    "guests": forms.whole(0, MOST_GUESTS),
    "phone": forms.phone,
    "email": forms.optional(forms.address),
    "foreign": forms.ticked,
    "elsewhere": forms.ticked,
    "remarks": forms.text(1000, required=False, lines=True),
}


def names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """The couples' names, by booking."""
    weddings = session.scalars(select(Wedding).where(Wedding.booking_id.in_(ids)))
    return {wedding.booking_id: wedding.names for wedding in weddings}


def called(word: str) -> ColumnElement[bool]:
    """The condition that one of the couple has the word in the name, however the umlauts are spelt."""
    either = or_(*(sounds_like(name, word) for name in (Wedding.partner_one, Wedding.partner_two)))
    return Booking.id.in_(select(Wedding.booking_id).where(either))


def facts(session: Session, booking: Booking) -> list[tuple[str, str]]:
    """What the couple has said."""
    wedding = session.get(Wedding, booking.id)
    if wedding is None:
        return []
    said = [
        (_("Paar"), wedding.names),
        (_("Gäste"), str(wedding.guests)),
        (_("Ausländisches Recht"), _("ja") if wedding.foreign else _("nein")),
        (_("Anmeldung in einem anderen Standesamt"), _("ja") if wedding.elsewhere else _("nein")),
    ]
    return [*said, (_("Bemerkung"), wedding.remarks)] if wedding.remarks else said


def free(session: Session, town: Municipality, day: date, now: datetime) -> list[Choice]:
    """A day's free slots for the office: also before the release, never in the past."""
    times = timetable(session, town)
    busy = busy_between(session, times, day, day, now)
    slots = [slot for slot in times.slots_on(day) if slot.span.start > now and busy.free(slot)]
    return [
        Choice(
            f"{slot.venue.id}/{slot.span.start.isoformat()}", texts.clock(slot.span.start, town.zone), slot.venue.name
        )
        for slot in slots
    ]


def free_for(session: Session, booking: Booking, day: date, now: datetime) -> list[Choice]:
    """Where a wedding could be moved to on a day."""
    return free(session, booking.municipality, day, now)


def chosen(value: str) -> tuple[UUID, datetime]:
    """The venue and the beginning that a form's choice names. Raises Invalid for anything else."""
    venue_id, _slash, start = value.partition("/")
    try:
        beginning = datetime.fromisoformat(start)
        if beginning.tzinfo is None or beginning.year not in forms.YEARS:
            raise ValueError(start)
        return UUID(venue_id), beginning
    except ValueError:
        raise Invalid({"termin": _("Bitte wählen Sie einen Termin.")}) from None


def move(session: Session, booking: Booking, value: str, at: datetime, actor: Actor) -> None:
    """Put a wedding on the chosen slot."""
    venue_id, start = chosen(value)
    try:
        reservation.move(session, booking, venue_id, start, at, actor)
    except SlotTaken as taken:
        raise taken.instead(f"/{booking.municipality.slug}/amt/buchung/{booking.id}") from None


AT_DESK = AtDesk(N_("Trauungen"), names, called, facts, free_for, move)


@at_desk.get("/eintragen", WORK)
def choose(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _choose_page(request, session, clerk, now)


@at_desk.post("/eintragen", WORK, N_("Termin für ein Paar vorgemerkt"))
def hold(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        venue_id, start = chosen(form.get("termin", ""))
    except Invalid as fault:
        return _choose_page(request, session, clerk, now, 422, day=form.get("tag", ""), faults=fault.fields)
    try:
        booking = reservation.hold(session, clerk.town, venue_id, start, now, by(clerk))
    except SlotTaken as taken:
        raise taken.instead(f"{clerk.desk}/eintragen") from None
    return redirect(request, f"{clerk.desk}/eintragen/{booking.id}")


@at_desk.get("/eintragen/{booking_id:uuid}", WORK)
def ask_for_couple(
    request: Request,
    session: Session,
    now: datetime,
    clerk: Clerk,
    booking_id: FromPath[UUID],
) -> Response[Any]:
    booking = _wedding_of(session, clerk, booking_id)
    if booking.state != "held" or booking.lapsed(now):
        return redirect(request, f"{clerk.desk}/buchung/{booking.id}")
    return _couple_page(request, session, clerk, booking, now)


@at_desk.post("/eintragen/{booking_id:uuid}", WORK, N_("Trauung eingetragen"))
def enter(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
) -> Response[Any]:
    booking = _wedding_of(session, clerk, booking_id)
    try:
        typed = forms.read(form, **_fields(booking))
        couple = Couple(**(vars(typed) | {"email": typed.email or ""}))
        with session.begin_nested():
            reservation.enter(session, booking, couple, now, by(clerk))
    except Invalid as fault:
        return _couple_page(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    return redirect(request, f"{clerk.desk}/buchung/{booking.id}")


@at_desk.post("/eintragen/{booking_id:uuid}/freigabe", WORK, N_("Vormerkung zurückgegeben"))
def give_back(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    booking_id: FromPath[UUID],
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    if booking.state != "held":
        raise Refused(_("Diese Buchung ist keine Vormerkung mehr."))
    lifecycle.cancel(session, booking, now, by(clerk))
    return redirect(request, f"{clerk.desk}/eintragen")


def _fields(booking: Booking) -> dict[str, forms.Field]:
    """The fields of the form; there are as many guests as the venue has room for."""
    return FIELDS | {"guests": forms.whole(0, getattr(booking.resource, "guests", MOST_GUESTS))}


def _wedding_of(session: Session, clerk: Clerk, booking_id: UUID) -> Booking:
    booking = queries.booking_of(session, clerk.town, booking_id)
    if booking.journey != JOURNEY:
        raise NotFound
    return booking


def _choose_page(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, day: str = "", **context: Any
) -> Response[Any]:
    typed = day or request.query_params.get("tag", "")
    faults: dict[str, str] = context.pop("faults", {})
    wanted: date | None = None
    try:
        wanted = forms.day(typed) if typed else None
    except ValueError as fault:
        faults |= {"tag": str(fault)}
    choices = free(session, clerk.town, wanted, now) if wanted else []
    context |= {"wanted": typed, "day": wanted, "choices": choices, "faults": faults}
    return show(request, clerk, "desk/enter.html", now, status, **context)


def _couple_page(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    context = {"booking": booking, "typed": {}, "staff": queries.staff_on(session, booking)} | context
    return show(request, clerk, "desk/couple.html", now, status, **context)


routes = [choose, hold, ask_for_couple, enter, give_back]
