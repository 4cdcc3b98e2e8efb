"""Making room at the desk: who is in the way of a slot is moved or cancelled; the clerk sees first what it causes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import queries
from buchbar.booking.desk_booking import a_reason
from buchbar.booking.desk_frame import by, show
from buchbar.booking.halls import for_whom, reservation, slot_form
from buchbar.booking.halls.deciding import WAYS, InWay, decide, in_way, make_room, rehearse
from buchbar.booking.halls.desk_requests import LONGEST_CONDITIONS, booking_of
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.making_way import Decision
from buchbar.booking.models import Booking

PAGE = "hallen/platz"


@dataclass(frozen=True, slots=True)
class _Need:
    """Who needs a slot: a booking, or (None) somebody new of a user class, perhaps an organisation."""

    slot: Slot
    booking: Booking | None
    conditions: str
    user_class: str
    organisation: Organisation | None

    @property
    def but(self) -> UUID | None:
        return self.booking.id if self.booking else None


@at_desk.get(f"/{PAGE}", WORK, N_("Angesehen, wer einem Termin im Weg steht"))
def choose(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    need = _need(session, clerk, request.query_params)
    return _show(request, session, clerk, need, now, dict(request.query_params))


@at_desk.post(f"/{PAGE}/vorschau", WORK, N_("Folgen eines Schritts angesehen"))
def foresee(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    need = _need(session, clerk, form)
    try:
        decisions, reason = _read(form, in_way(session, clerk.town, need.slot, now, need.but))
        act = _act(session, clerk, need, decisions, reason, now)
        caused = rehearse(session, clerk.town, decisions, act)
    except Invalid as fault:
        return _show(request, session, clerk, need, now, dict(form), 422, fault.fields)
    shown = _about(session, clerk, _need(session, clerk, form))
    kept = [(name, value) for name, value in form.items() if not name.startswith("_")]
    return show(request, clerk, "desk/halls/room_caused.html", now, caused=caused, reason=reason, kept=kept, **shown)


@at_desk.post(f"/{PAGE}", WORK, N_("Platz in einer Halle geschaffen"))
def do_it(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    need = _need(session, clerk, form)
    try:
        decisions, reason = _read(form, in_way(session, clerk.town, need.slot, now, need.but))
        booking = _act(session, clerk, need, decisions, reason, now)()
    except Invalid as fault:
        return _show(request, session, clerk, need, now, dict(form), 422, fault.fields)
    goes_on = "buchung" if need.booking else "hallen/eintragen"
    return redirect(request, f"{clerk.desk}/{goes_on}/{booking.id}?erledigt=ja")


def _act(
    session: Session, clerk: Clerk, need: _Need, decisions: Mapping[UUID, Decision], reason: str, now: datetime
) -> Callable[[], Booking]:
    """Making room, and then giving it to who needs it."""

    def then() -> Booking:
        if need.booking is None:
            return reservation.hold(
                session, clerk.town, need.slot, need.user_class, now, by(clerk), organisation=need.organisation
            )
        decide(session, need.booking, need.slot, need.conditions, now, by(clerk), anyway=True)
        return need.booking

    return lambda: make_room(session, clerk.town, need.slot, decisions, reason, now, by(clerk), then, need.but)


def _need(session: Session, clerk: Clerk, typed: Mapping[str, str]) -> _Need:
    """Who needs room where, from a form or an address. Raises NotFound or Invalid for what no page of ours asks."""
    slot = slot_form.chosen(typed.get("termin", ""))
    if slot.hall_id not in plan(session, clerk.town).halls:
        raise NotFound
    booking = None
    if typed.get("fuer"):
        try:
            booking = booking_of(session, clerk.town, UUID(typed["fuer"]))
        except ValueError:
            raise NotFound from None
    user_class, organisation = ("", None) if booking else for_whom.read(session, clerk.town, typed.get("wen", ""))
    return _Need(slot, booking, typed.get("auflagen", "")[:LONGEST_CONDITIONS], user_class, organisation)


def _read(form: Form, found: list[InWay]) -> tuple[dict[UUID, Decision], str]:
    """What becomes of whom, and why. Raises Invalid field by field."""
    faults: dict[str, str] = {}
    decisions: dict[UUID, Decision] = {}
    for each in found:
        number, key = each.booking.number, each.booking.id
        way, to, stand = (form.get(f"{name}-{number}", "") for name in ("weg", "nach", "stand"))
        if way not in each.ways:
            faults[f"weg-{number}"] = _("Bitte entscheiden Sie, was aus dieser Buchung wird.")
        elif way == "verlegen" and to not in {choice.value for choice in each.slots}:
            faults[f"nach-{number}"] = _("Bitte wählen Sie einen Termin.")
        decisions[key] = Decision(way, to, int(stand) if stand.isascii() and stand.isdigit() else 0)
    try:
        reason = forms.read(form, grund=a_reason).grund
    except Invalid as fault:
        raise Invalid(faults | fault.fields) from None
    if faults:
        raise Invalid(faults)
    return decisions, reason


def _about(session: Session, clerk: Clerk, need: _Need) -> dict[str, Any]:
    hall = plan(session, clerk.town).halls[need.slot.hall_id]
    names = queries.names_of(session, [need.booking]) if need.booking else {}
    return {
        "slot": need.slot,
        "where": f"{hall.name}, {hall.named(need.slot.parts)}",
        "booking": need.booking,
        "names": names.get(need.booking.id, "") if need.booking else "",
        "page": f"{clerk.desk}/{PAGE}",
    }


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    need: _Need,
    now: datetime,
    typed: dict[str, str],
    status: int = 200,
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    asked = ("fuer", "termin", "auflagen", "wen")
    context = _about(session, clerk, need) | {
        "found": in_way(session, clerk.town, need.slot, now, need.but),
        "typed": typed,
        "faults": faults or {},
        "ways": WAYS,
        "kept": [(name, typed[name]) for name in asked if typed.get(name)],
    }
    return show(request, clerk, "desk/halls/room.html", now, status, **context)


routes = [choose, foresee, do_it]
