"""The doors at the desk: which there are, whether they answer, what hangs, what happened, and their settings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import DOORS, LOOK, WORK, may
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect, settings_of
from buchbar.booking import queries
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import today_of
from buchbar.booking.halls import codes_shown, door_form, presence
from buchbar.booking.halls.door_edits import DOOR, open_settings
from buchbar.booking.models import Booking
from buchbar.doors import alarms, events, locks, reconciler
from buchbar.doors.models import ENTRY_STATES, EVENT_WORDS, Door, Entry, Window
from buchbar.resources.halls import Hall

AT_ONCE = 50
READY = ("confirmed", "active")


@dataclass(frozen=True, slots=True)
class Line:
    """A code at a door: how far it is, and for which bookings next."""

    entry: Entry
    booking: Booking | None


@at_desk.get("/tueren", LOOK, N_("Türen angesehen"))
def all_doors(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    town = clerk.town
    ours = select(Door, Hall).join(Hall, Hall.id == Door.hall_id).where(Door.municipality_id == town.id)
    doors = session.execute(ours.order_by(Hall.position, Hall.name, Door.position, Door.name)).all()
    counted = select(Entry.door_id, func.count()).join(Door, Door.id == Entry.door_id)
    there = counted.where(Door.municipality_id == town.id, Entry.state.in_(READY)).group_by(Entry.door_id)
    hanging = alarms.hanging(session, town.id, now)
    return show(
        request,
        clerk,
        "desk/doors.html",
        now,
        doors=doors,
        known={row[0]: row[1] for row in session.execute(there)},
        hanging=_lines(session, hanging),
        per_door=Counter(entry.door_id for entry in hanging),
        absent=presence.no_shows(session, town, now),
        adapters=locks.NAMES,
        states=ENTRY_STATES,
        return_to=f"{clerk.desk}/tueren",
    )


@at_desk.get("/tueren/neu", DOORS)
def new_door(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    halls = door_form.halls_of(session, clerk.town)
    offered = door_form.adapters(settings_of(request), clerk.town)
    return _show(request, session, clerk, now, None, typed=door_form.proposed(0, halls, offered))


@at_desk.post("/tueren", DOORS, N_("Tür angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    halls, taken = door_form.halls_of(session, clerk.town), door_form.taken(session, clerk.town, None)
    try:
        values = door_form.read(form, settings_of(request), clerk.town, halls, None, taken)
    except Invalid as fault:
        return _again(request, session, clerk, now, None, form, fault)
    count = session.scalar(select(func.count()).select_from(Door).where(Door.municipality_id == clerk.town.id)) or 0
    door = Door(id=uuid4(), municipality_id=clerk.town.id, position=count)
    door_form.put(settings_of(request), door, values)
    session.add(door)
    session.flush()
    revisions.created(session, clerk.town, DOOR, door, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/tueren/{door.id}?erledigt=ja")


@at_desk.get("/tueren/{door_id:uuid}", LOOK, N_("Tür angesehen"))
def one_door(request: Request, session: Session, now: datetime, clerk: Clerk, door_id: FromPath[UUID]) -> Response[Any]:
    return _show(request, session, clerk, now, _door_of(session, clerk, door_id))


@at_desk.post("/tueren/{door_id:uuid}", DOORS, N_("Tür geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, door_id: FromPath[UUID]
) -> Response[Any]:
    door = _door_of(session, clerk, door_id, lock=True)
    halls, taken = door_form.halls_of(session, clerk.town), door_form.taken(session, clerk.town, door)
    try:
        values = door_form.read(form, settings_of(request), clerk.town, halls, door, taken)
    except Invalid as fault:
        return _again(request, session, clerk, now, door, form, fault)
    kept = {name: values[name] for name in DOOR.fields} | {"settings": open_settings(values["settings"])}
    today, timed = today_of(clerk, now), door.keeps_time
    revisions.edit(session, clerk.town, DOOR, door, kept, valid_from=today, at=now, by=clerk.name)
    if door_form.put(settings_of(request), door, values):
        reconciler.settle_anew(session, door, now)
        door.heard_at = door.answered_at = door.low_battery_at = None
    elif door.keeps_time != timed:
        reconciler.look_again(session, door, now)
    return redirect(request, f"{clerk.desk}/tueren/{door.id}?erledigt=ja")


@at_desk.post("/tueren/{door_id:uuid}/probe", DOORS, N_("Schloss einer Tür geprüft"))
def ask(request: Request, session: Session, now: datetime, clerk: Clerk, door_id: FromPath[UUID]) -> Response[Any]:
    """A job asks the lock: no page waits for it."""
    _door_of(session, clerk, door_id, lock=True).asked_at = now
    return redirect(request, f"{clerk.desk}/tueren/{door_id}?erledigt=ja")


@at_desk.post("/tueren/{door_id:uuid}/codes/{entry_id:uuid}/wiederholung", WORK, N_("Türcode noch einmal gesendet"))
def try_again(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    door_id: FromPath[UUID],
    entry_id: FromPath[UUID],
) -> Response[Any]:
    door = _door_of(session, clerk, door_id)
    mine = select(Entry).where(Entry.id == entry_id, Entry.door_id == door.id, Entry.state != "removed")
    entry = session.scalar(mine.with_for_update())
    if entry is None:
        raise NotFound
    reconciler.try_again(entry, now)
    page = f"tueren/{door.id}" if form.get("von") == "tuer" else "tueren"
    return redirect(request, f"{clerk.desk}/{page}?erledigt=ja")


@at_desk.post("/buchung/{booking_id:uuid}/tuercode", WORK, N_("Türcode angesehen"))
def see_code(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    """The code of a booking, for somebody who calls: that it was looked at is kept."""
    booking = queries.booking_of(session, clerk.town, booking_id)
    code = codes_shown.for_clerk(session, booking, now)
    if code is None:
        raise Refused(_("Diese Buchung hat zurzeit keinen Türcode."))
    back = f"{clerk.desk}/buchung/{booking.id}"
    return show(request, clerk, "desk/door_code.html", now, booking=booking, code=code, return_to=back)


@at_desk.get("/buchung/{booking_id:uuid}/tuercode", LOOK)
def back_to_booking(request: Request, clerk: Clerk, booking_id: FromPath[UUID]) -> Response[Any]:
    """Who reloads the page with the code comes to the booking: it is only shown to who asks for it."""
    return redirect(request, f"{clerk.desk}/buchung/{booking_id}")


def _door_of(session: Session, clerk: Clerk, door_id: UUID, *, lock: bool = False) -> Door:
    """A door of the clerk's town. Raises NotFound for any other."""
    ours = select(Door).where(Door.id == door_id, Door.municipality_id == clerk.town.id)
    found = session.scalar(ours.with_for_update() if lock else ours)
    if found is None:
        raise NotFound
    return found


def _codes_at(session: Session, door: Door) -> Sequence[Entry]:
    live = select(Entry).where(Entry.door_id == door.id, Entry.state != "removed")
    return session.scalars(live.order_by(Entry.starts_at, Entry.id).limit(AT_ONCE)).all()


def _lines(session: Session, entries: Sequence[Entry]) -> list[Line]:
    """Codes with their bookings, in one query."""
    starts = and_(
        Window.code_id.in_([entry.code_id for entry in entries]),
        Window.starts_at.in_([entry.starts_at for entry in entries]),
    )
    theirs = select(Window.door_id, Window.code_id, Window.starts_at, Booking).where(starts)
    if not entries:
        return []
    rows = session.execute(theirs.join(Booking, Booking.id == Window.booking_id))
    bookings = {(row[0], row[1], row[2]): row[3] for row in rows}
    return [Line(entry, bookings.get((entry.door_id, entry.code_id, entry.starts_at))) for entry in entries]


def _again(
    request: Request, session: Session, clerk: Clerk, now: datetime, door: Door | None, form: Form, fault: Invalid
) -> Response[Any]:
    """The page with what was typed, but for secrets."""
    typed = {name: form[name] for name in form if name not in door_form.SECRETS}
    chosen = form.all("parts")
    return _show(request, session, clerk, now, door, 422, typed=typed, chosen=chosen, faults=fault.fields)


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    door: Door | None,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    settings, leads = settings_of(request), may(clerk.role, DOORS)
    shown: dict[str, Any] = {"chosen": [str(number) for number in door.parts] if door else []}
    shown["typed"] = door_form.as_typed(settings, door) if door and leads else {}
    known = locks.settings_of(settings, door) if door else {}
    lines = _lines(session, _codes_at(session, door)) if door else []
    return show(
        request,
        clerk,
        "desk/door.html",
        now,
        status,
        door=door,
        can=locks.in_words(door) if door else [],
        hall=session.get(Hall, door.hall_id) if door else None,
        halls=door_form.halls_of(session, clerk.town),
        adapters=door_form.adapters(settings, clerk.town),
        adapter_names=locks.NAMES,
        set_secrets=[name for name in door_form.SECRETS if known.get(name)],
        lines=lines,
        names=queries.names_of(session, [line.booking for line in lines if line.booking]),
        states=ENTRY_STATES,
        log=events.log_of(session, door.id) if door else [],
        event_words=EVENT_WORDS,
        event_url=f"{settings.base_url}/tueren/{door.id}/ereignis" if door else "",
        return_to=f"{clerk.desk}/tueren/{door.id if door else 'neu'}",
        **(shown | context),
    )


routes = [
    all_doors,
    new_door,
    put_in,
    one_door,
    edit,
    ask,
    try_again,
    see_code,
    back_to_booking,
]
