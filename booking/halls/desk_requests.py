"""Requests at the sports office's desk: all that wait side by side, and one of them, to be agreed to as asked, with
conditions or with something else. What has been agreed to is changed on the same page."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_
from buchbar.base.web import Form, redirect
from buchbar.booking import previews, queries
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.halls import adjust, desk, requests, slot_form
from buchbar.booking.halls.deciding import decide
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, Slot, Taken, slot_of
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import STATE_WORDS
from buchbar.booking.plans import CantBe, Plan, Wish

PAGE = "hallen/anfragen"
LONGEST_CONDITIONS = 1000


@at_desk.get(f"/{PAGE}", LOOK, N_("Hallenanfragen angesehen"))
def all_requests(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    groups, count = requests.waiting(session, clerk.town)
    shown = sum(1 + asking.more for group in groups for asking in group.asking)
    context: dict[str, Any] = {"groups": groups, "count": count, "hidden": count - shown, "hours": requests.hours}
    return show(request, clerk, "desk/halls/requests.html", now, **context)


@at_desk.get(f"/{PAGE}/{{booking_id:uuid}}", LOOK, N_("Hallenanfrage angesehen"))
def one_request(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    return _show(request, session, clerk, booking_of(session, clerk.town, booking_id), now)


@at_desk.post(f"/{PAGE}/{{booking_id:uuid}}/vorschau", WORK, N_("Folgen eines Schritts angesehen"))
def foresee(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = booking_of(session, clerk.town, locked(session, clerk, booking_id, form).id)
    try:
        slot, conditions = _read(session, form, booking)
        wish = Wish(slot.hall_id, slot.span, parts=slot.parts)
        made = adjust.plan(session, booking, wish, now)
        if made.obstacles:
            return _show(request, session, clerk, booking, now, 422, typed=dict(form), made=made, wish=slot)
        act = lambda: decide(session, booking, slot, conditions, now, by(clerk), anyway=True)  # noqa: E731
        preview = previews.foresee(session, booking, act)
    except Invalid as fault:
        return _show(request, session, clerk, booking, now, 422, typed=dict(form), faults=fault.fields)
    shown = _with_names(session, clerk, booking) | {"preview": preview, "made": made, "typed": form}
    kept = [(name, value) for name, value in form.items() if not name.startswith("_")]
    return show(request, clerk, "desk/halls/decide.html", now, kept=kept, conditions=conditions, **shown)


@at_desk.post(f"/{PAGE}/{{booking_id:uuid}}", WORK, N_("Hallenbuchung entschieden"))
def do_it(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = booking_of(session, clerk.town, locked(session, clerk, booking_id, form).id)
    asked = booking.state == "requested"
    try:
        slot, conditions = _read(session, form, booking)
        with session.begin_nested():
            decide(session, booking, slot, conditions, now, by(clerk), anyway=bool(form.get("trotzdem")))
    except Invalid as fault:
        return _show(request, session, clerk, booking, now, 422, typed=dict(form), faults=fault.fields)
    except (CantBe, NotOffered, Taken):
        made = adjust.plan(session, booking, Wish(slot.hall_id, slot.span, parts=slot.parts), now)
        return _show(request, session, clerk, booking, now, 422, typed=dict(form), made=made, wish=slot)
    return redirect(request, f"{clerk.desk}/{PAGE if asked else f'buchung/{booking.id}'}?erledigt=ja")


def booking_of(session: Session, town: Municipality, booking_id: UUID) -> Booking:
    """A hall's booking of this town. Raises NotFound for any other."""
    booking = queries.booking_of(session, town, booking_id)
    if booking.journey != JOURNEY or session.get(HallUse, booking.id) is None:
        raise NotFound
    return booking


def _read(session: Session, form: Form, booking: Booking) -> tuple[Slot, str]:
    """The slot and the conditions that a clerk has put in. Raises Invalid field by field."""
    fields = slot_form.FIELDS | {"auflagen": forms.text(LONGEST_CONDITIONS, required=False, lines=True)}
    typed = forms.read(form, **fields)
    own = slot_of(booking, session.get_one(HallUse, booking.id))
    return slot_form.slot(typed, plan(session, booking.municipality), own), typed.auflagen


def _with_names(session: Session, clerk: Clerk, booking: Booking) -> dict[str, Any]:
    return {
        "booking": booking,
        "names": queries.names_of(session, [booking]).get(booking.id, ""),
        "state_words": STATE_WORDS,
        "asked": booking.state == "requested",
        "page": f"{clerk.desk}/{PAGE}",
    }


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    status: int = 200,
    typed: dict[str, str] | None = None,
    made: Plan | None = None,
    wish: Slot | None = None,
    **context: Any,
) -> Response[Any]:
    """The page of one request; ``made`` says what stands against what was typed."""
    rules = plan(session, clerk.town)
    asking = requests.one(session, clerk.town, booking)
    shown = _with_names(session, clerk, booking) | {
        "asking": asking,
        "facts": desk.facts(session, booking),
        "seen": asking.row.seen,
        "places": slot_form.places(rules, slot_of(booking, asking.use), asking.parts),
        "typed": typed or {**slot_form.typed(slot_of(booking, asking.use), rules), "auflagen": asking.use.conditions},
        "made": made,
        "room": _room(clerk, booking, made, wish, (typed or {}).get("auflagen", "")),
        "decides": booking.state in ("requested", "payable", "confirmed") and booking.starts_at > now,
        "faults": {},
        "hours": requests.hours,
    }
    return show(request, clerk, "desk/halls/request.html", now, status, **(shown | context))


def _room(clerk: Clerk, booking: Booking, made: Plan | None, wish: Slot | None, conditions: str) -> str:
    """Where room can be made for what was wished; empty where only other bookings don't stand against it."""
    if made is None or wish is None or not all(each.booking_id for each in made.obstacles):
        return ""
    asked = {"fuer": str(booking.id), "termin": slot_form.value(wish), "auflagen": conditions}
    return f"{clerk.desk}/hallen/platz?{urlencode(asked)}"


routes = [all_requests, one_request, foresee, do_it]
