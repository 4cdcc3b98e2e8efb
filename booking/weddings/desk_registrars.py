"""The registrars at the desk: who there is, how long they need before and after, and where they marry."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import (
    Preview,
    ahead_of,
    carried,
    edits_of,
    save,
    seen,
    standing,
    starting,
    today_of,
    typed,
)
from buchbar.booking.weddings import edit_effects
from buchbar.booking.weddings.desk_edits import registrar_of
from buchbar.booking.weddings.edits import REGISTRAR, Named
from buchbar.booking.weddings.timetable import timetable
from buchbar.resources.models import Registrar, Venue

NAMES = ("name", "initials", "prepare_minutes", "wrap_minutes", "venues")


@at_desk.get("/standesbeamte", RULES)
def all_registrars(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    ours = select(Registrar).where(Registrar.municipality_id == clerk.town.id).order_by(Registrar.name)
    registrars = session.scalars(ours.options(selectinload(Registrar.venues), selectinload(Registrar.openings))).all()
    return show(request, clerk, "desk/registrars.html", now, registrars=registrars)


@at_desk.get("/standesbeamte/neu", LEAD)
def new_registrar(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    proposed = {"prepare_minutes": "15", "wrap_minutes": "10"}
    chosen = [str(each.id) for each in _venues(session, clerk) if each.active]
    return _show(request, session, clerk, now, None, typed=proposed, chosen=chosen)


@at_desk.post("/standesbeamte", LEAD, N_("Standesbeamt:in angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        values, _valid_from = _read(session, clerk, form, now)
    except Invalid as fault:
        return _again(request, session, clerk, now, None, form, 422, faults=fault.fields)
    ids = [each.id for each in values.pop("venues")]
    venues = [each for each in _venues(session, clerk) if each.id in ids]
    registrar = Registrar(id=uuid4(), municipality_id=clerk.town.id, venues=venues, **values)
    session.add(registrar)
    session.flush()
    revisions.created(session, clerk.town, REGISTRAR, registrar, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/standesbeamte/{registrar.id}/dienste")


@at_desk.get("/standesbeamte/{registrar_id:uuid}", RULES)
def one_registrar(
    request: Request, session: Session, now: datetime, clerk: Clerk, registrar_id: FromPath[UUID]
) -> Response[Any]:
    return _show(request, session, clerk, now, registrar_of(session, clerk, registrar_id))


@at_desk.post("/standesbeamte/{registrar_id:uuid}/vorschau", LEAD, N_("Änderung an Standesbeamt:in ausprobiert"))
def try_edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, registrar_id: FromPath[UUID]
) -> Response[Any]:
    return _edit(request, session, now, form, clerk, registrar_of(session, clerk, registrar_id), wanted=False)


@at_desk.post("/standesbeamte/{registrar_id:uuid}", LEAD, N_("Standesbeamt:in geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, registrar_id: FromPath[UUID]
) -> Response[Any]:
    registrar = registrar_of(session, clerk, registrar_id, lock=True)
    return _edit(request, session, now, form, clerk, registrar, wanted=True)


@at_desk.post("/standesbeamte/{registrar_id:uuid}/stilllegung", LEAD, N_("Standesbeamt:in außer Dienst genommen"))
def rest(
    request: Request, session: Session, now: datetime, clerk: Clerk, registrar_id: FromPath[UUID]
) -> Response[Any]:
    registrar = registrar_of(session, clerk, registrar_id, lock=True)
    in_the_way = standing(session, registrar, now)
    if in_the_way:
        return _show(request, session, clerk, now, registrar, 409, in_the_way=in_the_way)
    save(session, clerk, REGISTRAR, registrar, {"active": False}, now)
    return redirect(request, f"{clerk.desk}/standesbeamte/{registrar.id}?gespeichert=ja")


@at_desk.post("/standesbeamte/{registrar_id:uuid}/wiederaufnahme", LEAD, N_("Standesbeamt:in wieder in Dienst"))
def resume(
    request: Request, session: Session, now: datetime, clerk: Clerk, registrar_id: FromPath[UUID]
) -> Response[Any]:
    registrar = registrar_of(session, clerk, registrar_id, lock=True)
    save(session, clerk, REGISTRAR, registrar, {"active": True}, now)
    return redirect(request, f"{clerk.desk}/standesbeamte/{registrar.id}?gespeichert=ja")


def _edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, registrar: Registrar, *, wanted: bool
) -> Response[Any]:
    try:
        values, valid_from = _read(session, clerk, form, now)
    except Invalid as fault:
        return _again(request, session, clerk, now, registrar, form, 422, faults=fault.fields)
    ahead = ahead_of(session, clerk, REGISTRAR, registrar, NAMES, form)
    if ahead:
        return _again(request, session, clerk, now, registrar, form, 409, **ahead)
    if wanted:
        save(session, clerk, REGISTRAR, registrar, values, now, valid_from)
        return redirect(request, f"{clerk.desk}/standesbeamte/{registrar.id}?gespeichert=ja")
    preview = Preview(
        differences=revisions.differences_of(REGISTRAR, registrar, values),
        effect=_effect(session, clerk, registrar, values, valid_from, now),
        action=f"{clerk.desk}/standesbeamte/{registrar.id}",
        typed=carried(form),
        valid_from=valid_from,
        planned=revisions.planned_from(session, REGISTRAR, registrar, values, valid_from),
    )
    return _again(request, session, clerk, now, registrar, form, preview=preview)


def _effect(
    session: Session, clerk: Clerk, registrar: Registrar, values: dict[str, Any], start: date, now: datetime
) -> edit_effects.Effect | None:
    rules = timetable(session, clerk.town).registrars.get(registrar.id)
    if rules is None:
        return None
    prepare, wrap = (timedelta(minutes=values[name]) for name in ("prepare_minutes", "wrap_minutes"))
    changed = replace(rules, name=values["name"], prepare=prepare, wrap=wrap)
    venue_ids = {each.id for each in values["venues"]}
    return edit_effects.of_registrar(session, clerk.town, registrar, changed, venue_ids, start, now)


def _read(session: Session, clerk: Clerk, form: Form, now: datetime) -> tuple[dict[str, Any], date]:
    read = forms.read(
        form,
        name=forms.text(120),
        initials=forms.text(6, required=False),
        prepare_minutes=forms.whole(0, 240),
        wrap_minutes=forms.whole(0, 240),
        valid_from=starting(today_of(clerk, now)),
    )
    chosen = {*form.all("venues")}
    venues = [Named(each.id, each.name) for each in _venues(session, clerk) if str(each.id) in chosen]
    read.initials = read.initials or initials_of(read.name)
    values = {name: getattr(read, name) for name in NAMES if name != "venues"}
    return values | {"venues": sorted(venues, key=lambda each: (each.name, each.id))}, read.valid_from


def initials_of(name: str) -> str:
    """How lists call somebody who was given no initials: "Maria von Hagen" → "MvH", "Ahrens" → "Ah"."""
    words = [word for word in re.split(r"[^\w]+", name) if word]
    return "".join(word[0] for word in words)[:6] if len(words) > 1 else "".join(words)[:2]


def _venues(session: Session, clerk: Clerk) -> Sequence[Venue]:
    ours = select(Venue).where(Venue.municipality_id == clerk.town.id)
    return session.scalars(ours.order_by(Venue.position, Venue.name)).all()


def _again(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    registrar: Registrar | None,
    form: Form,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """The page with what was typed."""
    chosen = form.all("venues")
    return _show(request, session, clerk, now, registrar, status, typed=typed(form), chosen=chosen, **context)


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    registrar: Registrar | None,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    today = today_of(clerk, now)
    shown: dict[str, Any] = {"preview": None, "ahead": "", "theirs": [], "in_the_way": [], "chosen": [], "typed": {}}
    if registrar:
        shown["typed"] = {name: str(getattr(registrar, name)) for name in NAMES if name != "venues"}
        shown["chosen"] = [str(each.id) for each in registrar.venues]
    shown["typed"]["valid_from"] = today.isoformat()
    return show(
        request,
        clerk,
        "desk/registrar.html",
        now,
        status,
        registrar=registrar,
        today=today,
        venues=_venues(session, clerk),
        labels={name: _(field.label) for name, field in REGISTRAR.fields.items()},
        rows=edits_of(session, REGISTRAR, registrar) if registrar else [],
        stand=seen(REGISTRAR, registrar, NAMES) if registrar else "",
        saved=request.query_params.get("gespeichert", ""),
        return_to=f"{clerk.desk}/standesbeamte/{registrar.id if registrar else 'neu'}",
        **(shown | context),
    )


routes = [all_registrars, new_registrar, put_in, one_registrar, try_edit, edit, rest, resume]
