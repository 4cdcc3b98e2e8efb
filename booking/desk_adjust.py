"""The calendar's verbs at the desk: put a booking elsewhere, let it last longer, send somebody else, close; and undo.

Each first shows what would happen (a page that changes nothing), then does it, then can be taken back as long as
nothing else has happened. The mouse fills in the same forms (static/calendar.js).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import before, journeys, previews, queries
from buchbar.booking.desk_calendar import Look, event_of, ids
from buchbar.booking.desk_frame import Overtaken, by, by_whom, locked, show, what
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.next_steps import STATE_WORDS, choices
from buchbar.booking.plans import CantBe, Obstacle, Overrun, Plan, Wish
from buchbar.booking.previews import Preview
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at, local_date, wall_minutes

SHORTEST, LONGEST = 10, 240  # minutes, as of a venue
FIELDS = ("tag", "von", "dauer", "trauort", "person")


@at_desk.get(
    "/kalender/buchung/{booking_id:uuid}",
    WORK,
    N_("Verlegung einer Buchung vorbereitet"),
    tries=True,
    journey="weddings",
)
def adjust_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = _in_calendar(queries.booking_of(session, clerk.town, booking_id))
    query = request.query_params
    typed = {name: query[name] for name in FIELDS if name in query} or None
    return _show(request, session, clerk, booking, now, ids(query.getall("was", [])), typed)


@at_desk.post(
    "/kalender/buchung/{booking_id:uuid}",
    WORK,
    N_("Termin, Dauer oder Person einer Buchung geändert"),
    journey="weddings",
)
def adjust(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking, was = _in_calendar(locked(session, clerk, booking_id, form)), ids(form.all("was"))
    try:
        wish = _read(form, clerk)
        event = journeys.of(booking).desk.put(session, booking, wish, now, by(clerk), anyway=bool(form.get("trotzdem")))
    except Invalid as fault:
        return _show(request, session, clerk, booking, now, was, dict(form), 422, faults=fault.fields)
    except (CantBe, Overrun) as refusal:
        return _show(request, session, clerk, booking, now, was, dict(form), 409, refusal=refusal.sentence)
    session.flush()
    if event is None:  # it is so already: perhaps the form came twice
        event = next(iter(reversed(queries.events_since(session, booking, 0))), None)
    return _back(request, clerk, booking, was, event.id if event else 0)


@at_desk.post("/kalender/buchung/{booking_id:uuid}/ruecknahme", WORK, N_("Änderung einer Buchung zurückgenommen"))
def take_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    """``ereignis`` is the event that the page showed; whatever has happened after it stands against it."""
    booking = locked(session, clerk, booking_id, form)
    event, undone = _to_undo(session, clerk, booking, form)
    done = undone or journeys.of(booking).desk.put_back(session, booking, event, now, by(clerk))
    session.flush()
    if form.get("zurueck") == "buchung":
        return redirect(request, f"{clerk.desk}/buchung/{booking.id}")
    return _back(request, clerk, booking, ids(form.all("was")), done.id if done else 0)


@at_desk.post("/kalender/buchung/{booking_id:uuid}/ruecknahme/vorschau", WORK, N_("Folgen eines Schritts angesehen"))
def foresee_taking_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    """What taking it back would mean, where money has followed: a refund that is under way isn't taken back."""
    booking = locked(session, clerk, booking_id, form)
    event, undone = _to_undo(session, clerk, booking, form)
    back = journeys.of(booking).desk.put_back
    shown: dict[str, Any] = {
        "booking": booking,
        "preview": previews.foresee(session, booking, lambda: undone or back(session, booking, event, now, by(clerk))),
        "names": queries.names_of(session, [booking]).get(booking.id, ""),
        "title": _("Diese Änderung zurücknehmen?"),
        "state_words": STATE_WORDS,
        "target": f"{clerk.desk}/kalender/buchung/{booking.id}/ruecknahme",
        "kept": [(name, value) for name in ("stand", "ereignis", "zurueck", "was") for value in form.all(name)],
    }
    return show(request, clerk, "desk/preview.html", now, **shown)


def _in_calendar(booking: Booking) -> Booking:
    """Raises NotFound for a booking that the calendar of venues and registrars doesn't show."""
    if booking.journey != "weddings":
        raise NotFound
    return booking


def _to_undo(session: Session, clerk: Clerk, booking: Booking, form: Form) -> tuple[BookingEvent, BookingEvent | None]:
    """The event that is to be taken back, and the one that has done so already. Raises Overtaken."""
    event = event_of(session, form.get("ereignis", ""))
    if event is None or event.booking_id != booking.id:
        raise Invalid({"ereignis": _("Es ist nicht klar, was zurückgenommen werden soll.")})
    later = queries.events_since(session, booking, event.id)
    undone = next((each for each in later if each.data.get("undoes") == str(event.id)), None)
    if undone is None and not before.can_be_taken_back(event, later):
        last = later[-1] if later else event
        words = {"what": what(last), "who": by_whom(last, booking), "when": texts.clock(last.at, clerk.town.zone)}
        raise Overtaken(
            _("Das lässt sich nicht mehr zurücknehmen. Zuletzt geschehen: %(what)s (%(who)s, %(when)s).") % words
        )
    return event, undone


def _back(request: Request, clerk: Clerk, booking: Booking, was: tuple[UUID, ...], event: int) -> Response[Any]:
    """To the day on which the booking is now, where the event can be taken back."""
    look = Look("tag", local_date(booking.starts_at, clerk.town.zone), was)
    return redirect(request, f"{clerk.desk}/kalender?{look.query}&getan={event}")


def _read(typed: Mapping[str, str], clerk: Clerk) -> Wish:
    """The wish that a form describes. Raises Invalid."""
    read = forms.read(
        typed,
        tag=forms.day,
        von=forms.minute,
        dauer=forms.whole(SHORTEST, LONGEST),
        trauort=an_id,
        person=forms.optional(an_id),
    )
    start = moment(read.tag, read.von, "von", clerk)
    return Wish(read.trauort, Span(start, start + timedelta(minutes=read.dauer)), read.person)


def moment(day: Any, minute: int, field: str, clerk: Clerk) -> datetime:
    """The moment at a time of a day. Raises Invalid for a time that the day hasn't got: March leaves out an hour."""
    found = at(day, minute, clerk.town.zone)
    if wall_minutes(found, clerk.town.zone) != minute % 1440:
        raise Invalid({field: _("Diese Uhrzeit gibt es an diesem Tag nicht: Die Uhren werden umgestellt.")})
    return found


def an_id(typed: str) -> UUID:
    """One of the choices of a list."""
    try:
        return UUID(typed)
    except ValueError:
        raise ValueError(_("Bitte wählen Sie eine der Möglichkeiten.")) from None


def _as_it_is(session: Session, booking: Booking) -> dict[str, str]:
    """The form's fields for the booking as it stands."""
    zone, staff = booking.municipality.zone, before.staff_of(session, booking)
    start = booking.starts_at.astimezone(zone)
    return {
        "tag": start.date().isoformat(),
        "von": f"{start:%H:%M}",
        "dauer": str(int((booking.ends_at - booking.starts_at).total_seconds()) // 60),
        "trauort": str(booking.resource_id),
        "person": str(staff or ""),
    }


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    was: tuple[UUID, ...],
    typed: dict[str, str] | None,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """The form and, when it is filled in, what would happen."""
    filled = _as_it_is(session, booking) | (typed or {})
    faults: dict[str, str] = context.pop("faults", {})
    plan: Plan | None = None
    preview: Preview | None = None
    if typed is not None:
        try:
            plan = journeys.of(booking).desk.plan(session, booking, _read(filled, clerk), now)
            plan, preview = _foreseen(session, clerk, booking, plan, now)
        except Invalid as fault:
            faults = faults | fault.fields
    events = queries.events_since(session, booking, 0)
    resources = queries.resources(session, clerk.town)
    steps = {step.verb: step.why_not for step in choices(booking, set(), now)}
    shown: dict[str, Any] = {"refusal": ""} | context
    return show(
        request,
        clerk,
        "desk/calendar_booking.html",
        now,
        status,
        booking=booking,
        names=queries.names_of(session, [booking]).get(booking.id, ""),
        why_not=steps["move"],
        plan=plan,
        preview=preview,
        state_words=STATE_WORDS,
        person=str(plan.wish.staff_id or "") if plan else "",
        typed=filled,
        faults=faults,
        places=[(str(each.id), each.name) for each in resources if each.kind == "venue"],
        people=[("", _("Wer frei ist")), *((str(each.id), each.name) for each in resources if each.kind != "venue")],
        seen=events[-1].id if events else 0,
        was=was,
        back=f"{clerk.desk}/kalender?{Look('tag', local_date(booking.starts_at, clerk.town.zone), was).query}",
        **shown,
    )


def _foreseen(
    session: Session, clerk: Clerk, booking: Booking, plan: Plan, now: datetime
) -> tuple[Plan, Preview | None]:
    """What carrying out the plan would bring about, where nothing stands against it: done, looked at and undone."""
    desk = journeys.of(booking).desk
    if not plan.verb or plan.obstacles:
        return plan, None
    try:
        return plan, previews.foresee(
            session, booking, lambda: desk.put(session, booking, plan.wish, now, by(clerk), anyway=True)
        )
    except Refused as refusal:
        return replace(plan, obstacles=(Obstacle(refusal.sentence),)), None


routes = [adjust_page, adjust, take_back, foresee_taking_back]
