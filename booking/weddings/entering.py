"""By telephone, on paper, at the counter: a clerk enters a wedding, from "which date would you like?" on."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import lifecycle, queries
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.models import CHANNELS, ONLINE, Booking
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.desk import MOST_GUESTS, chosen, free, nearest
from buchbar.booking.weddings.likely import likely_the_same
from buchbar.booking.weddings.reservation import Couple, SlotTaken
from buchbar.booking.weddings.timetable import JOURNEY
from buchbar.calendar.walls import day_span, local_date

CAME = tuple(channel for channel in CHANNELS if channel != ONLINE)
OLDEST = timedelta(days=366)  # nobody enters a letter that is older
COUPLE = {
    "partner_one": forms.text(120),
    "partner_two": forms.text(120),
    "guests": forms.whole(0, MOST_GUESTS),
    "phone": forms.phone,
    "email": forms.optional(forms.address),
    "street": forms.text(120, required=False),
    "city": forms.text(120, required=False),
    "foreign": forms.ticked,
    "elsewhere": forms.ticked,
    "remarks": forms.text(1000, required=False, lines=True),
}


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
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = _wedding_of(session, clerk, booking_id)
    if booking.state != "held" or booking.lapsed(now):
        return redirect(request, f"{clerk.desk}/buchung/{booking.id}")
    return _couple_page(request, session, clerk, booking, now)


@at_desk.post("/eintragen/{booking_id:uuid}", WORK, N_("Trauung eingetragen"))
def enter(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = _wedding_of(session, clerk, booking_id)
    try:
        couple, channel, received_at = _read(form, booking, now)
        alike = [] if form.get("trotzdem") else likely_the_same(session, clerk.town, couple, booking, now)
        if alike:
            return _couple_page(request, session, clerk, booking, now, 422, alike=alike, typed=dict(form))
        with session.begin_nested():
            reservation.enter(session, booking, couple, now, by(clerk), channel, received_at)
    except Invalid as fault:
        return _couple_page(request, session, clerk, booking, now, 422, faults=fault.fields, typed=dict(form))
    return redirect(request, f"{clerk.desk}/buchung/{booking.id}?eingetragen=ja")


@at_desk.post("/eintragen/{booking_id:uuid}/freigabe", WORK, N_("Vormerkung zurückgegeben"))
def give_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, booking_id, form)
    if booking.state != "held":
        raise Refused(_("Diese Buchung ist keine Vormerkung mehr."))
    lifecycle.cancel(session, booking, now, by(clerk))
    return redirect(request, f"{clerk.desk}/eintragen")


def _read(form: Form, booking: Booking, now: datetime) -> tuple[Couple, str, datetime | None]:
    """The couple, how they came, and when, if it wasn't today. Raises Invalid field by field."""
    today = local_date(now, booking.municipality.zone)
    most = getattr(booking.resource, "guests", MOST_GUESTS)
    fields = COUPLE | {"guests": forms.whole(0, most), "channel": forms.one_of(*CAME), "received": _received(today)}
    values = vars(forms.read(form, **fields))
    if bool(values["street"]) is not bool(values["city"]):
        raise Invalid({"city" if values["street"] else "street": _("Für Briefe braucht es Straße und Ort.")})
    channel, received = values.pop("channel"), values.pop("received")
    couple = Couple(**(values | {"email": values["email"] or ""}))
    if received == today:
        return couple, channel, None
    # Nobody knows the hour any more: it ranks with those who were there when the day began.
    return couple, channel, day_span(received, booking.municipality.zone).start


def _received(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed) if typed else today
        if day > today:
            raise ValueError(_("Der Eingang kann nicht in der Zukunft liegen."))
        if day < today - OLDEST:
            raise ValueError(_("Der Eingang liegt mehr als ein Jahr zurück. Stimmt das Jahr?"))
        return day

    return convert


def _wedding_of(session: Session, clerk: Clerk, booking_id: UUID) -> Booking:
    """A wedding that the office enters; what a couple holds online is theirs."""
    booking = queries.booking_of(session, clerk.town, booking_id)
    if booking.journey != JOURNEY or not booking.by_office:
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
    context["near"] = nearest(session, clerk.town, wanted, now) if wanted and not choices else []
    return show(request, clerk, "desk/enter.html", now, status, **context)


def _couple_page(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    today = local_date(now, clerk.town.zone)
    typed = {"channel": CAME[0], "received": today.isoformat(), "guests": ""} | context.pop("typed", {})
    context = {"alike": [], "booking": booking, "staff": queries.staff_on(session, booking), "typed": typed} | context
    came = [(channel, _(CHANNELS[channel])) for channel in CAME]
    return show(request, clerk, "desk/couple.html", now, status, came=came, **context)


routes = [choose, hold, ask_for_couple, enter, give_back]
