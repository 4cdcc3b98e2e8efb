"""The halls at the desk: which there are, new ones, edits that are looked at before they are saved, in use or not."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.desk_page import Blanks
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import Preview, ahead_of, carried, edits_of, save, seen, today_of, typed
from buchbar.booking.halls import edit_effects, hall_form
from buchbar.booking.halls.edits import HALL, PART, VISIBILITY, standing_in
from buchbar.booking.halls.hall_form import NAMES, NEW
from buchbar.booking.halls.plan import plan
from buchbar.resources.halls import Hall, HallPart
from buchbar.resources.models import Site

PAGE = "hallen/verwalten"


@at_desk.get(f"/{PAGE}", RULES)
def all_halls(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    ours = select(Hall).where(Hall.municipality_id == clerk.town.id).order_by(Hall.position, Hall.name)
    halls = session.scalars(ours.options(selectinload(Hall.site), selectinload(Hall.parts))).all()
    words = {key: _(value) for key, value in VISIBILITY.items()}
    page = f"{clerk.desk}/{PAGE}"
    return show(request, clerk, "desk/halls/halls.html", now, halls=halls, words=words, page=page)


@at_desk.get(f"/{PAGE}/neu", LEAD)
def new_hall(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    count = session.scalar(select(func.count()).select_from(Hall).where(Hall.municipality_id == clerk.town.id)) or 0
    proposed = hall_form.blank(today_of(clerk, now), count)
    if not _sites(session, clerk):
        proposed |= hall_form.beside_office(clerk.town)
    return show_hall(request, session, clerk, now, None, typed=proposed)


@at_desk.post(f"/{PAGE}", LEAD, N_("Halle angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        count = forms.read(form, parts=forms.whole(1, 12)).parts
        values, new_site, _valid_from = _read(session, clerk, form, now, None, range(1, count + 1))
    except Invalid as fault:
        return show_hall(request, session, clerk, now, None, 422, faults=fault.fields, typed=typed(form))
    site_id = _put_in_site(session, clerk, new_site) or values.pop("site").id
    values.pop("site", None)
    hall = Hall(id=uuid4(), municipality_id=clerk.town.id, site_id=site_id, **values)
    session.add(hall)
    session.flush()
    for number in range(1, count + 1):
        name = _("Feld %d") % number if count > 1 else _("Halle")
        session.add(_part(clerk, hall, number, name))
    session.flush()
    revisions.created(session, clerk.town, HALL, hall, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/{PAGE}/{hall.id}?gespeichert=ja")


@at_desk.get(f"/{PAGE}/{{hall_id:uuid}}", RULES)
def one_hall(request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]) -> Response[Any]:
    return show_hall(request, session, clerk, now, hall_of(session, clerk, hall_id))


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/vorschau", LEAD, N_("Änderung einer Halle ausprobiert"))
def try_edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, hall_id: FromPath[UUID]
) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id)
    try:
        values, _new_site, valid_from = _read(session, clerk, form, now, hall, _fields(hall))
    except Invalid as fault:
        return show_hall(request, session, clerk, now, hall, 422, faults=fault.fields, typed=typed(form))
    ahead = ahead_of(session, clerk, HALL, hall, NAMES, form)
    if ahead:
        return show_hall(request, session, clerk, now, hall, 409, typed=typed(form), **ahead)
    rules = plan(session, clerk.town).halls.get(hall.id)
    changed = hall_form.as_rules(rules, values) if rules else None
    preview = Preview(
        differences=revisions.differences_of(HALL, hall, values),
        effect=None,
        action=f"{clerk.desk}/{PAGE}/{hall.id}",
        typed=carried(form),
        valid_from=valid_from,
        planned=revisions.planned_from(session, HALL, hall, values, valid_from),
        misfits=edit_effects.of_hall(session, clerk.town, hall, changed, valid_from, now) if changed else [],
    )
    return show_hall(request, session, clerk, now, hall, typed=typed(form), preview=preview)


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}", LEAD, N_("Halle geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, hall_id: FromPath[UUID]
) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id, lock=True)
    try:
        values, new_site, valid_from = _read(session, clerk, form, now, hall, _fields(hall))
    except Invalid as fault:
        return show_hall(request, session, clerk, now, hall, 422, faults=fault.fields, typed=typed(form))
    ahead = ahead_of(session, clerk, HALL, hall, NAMES, form)
    if ahead:
        return show_hall(request, session, clerk, now, hall, 409, typed=typed(form), **ahead)
    _put_in_site(session, clerk, new_site)
    save(session, clerk, HALL, hall, values, now, valid_from)
    return _back(request, clerk, hall)


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/stilllegung", LEAD, N_("Halle außer Dienst genommen"))
def rest(request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id, lock=True)
    in_the_way = standing_in(session, hall, now)
    if in_the_way:
        return show_hall(request, session, clerk, now, hall, 409, in_the_way=in_the_way)
    save(session, clerk, HALL, hall, {"active": False}, now)
    return _back(request, clerk, hall)


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/wiederaufnahme", LEAD, N_("Halle wieder in Dienst genommen"))
def resume(request: Request, session: Session, now: datetime, clerk: Clerk, hall_id: FromPath[UUID]) -> Response[Any]:
    hall = hall_of(session, clerk, hall_id, lock=True)
    save(session, clerk, HALL, hall, {"active": True}, now)
    return _back(request, clerk, hall)


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/teile", LEAD, N_("Hallenteil angelegt"))
def add_part(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, hall_id: FromPath[UUID]
) -> Response[Any]:
    """A field is bookable alone at once; what it can be had together with stands in the form above."""
    hall = hall_of(session, clerk, hall_id, lock=True)
    number = max((part.number for part in hall.parts), default=0) + 1
    try:
        read = forms.read(form, teil_name=forms.text(80), art=forms.one_of("feld", "raum"))
        if number > hall_form.MOST_PARTS:
            raise Invalid({"teil_name": _("Eine Halle hat höchstens %d Teile.") % hall_form.MOST_PARTS})
    except Invalid as fault:
        return show_hall(request, session, clerk, now, hall, 422, part_faults=fault.fields, part_typed=typed(form))
    part = _part(clerk, hall, number, read.teil_name, side=read.art == "raum")
    session.add(part)
    session.flush()
    revisions.created(session, clerk.town, PART, part, at=now, by=clerk.name)
    if not part.side:
        save(session, clerk, HALL, hall, {"combinations": [*hall.combinations, (number,)]}, now)
    return _back(request, clerk, hall, "#teile")


@at_desk.post(f"/{PAGE}/{{hall_id:uuid}}/teile/{{part_id:uuid}}", LEAD, N_("Hallenteil geändert"))
def edit_part(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    hall_id: FromPath[UUID],
    part_id: FromPath[UUID],
) -> Response[Any]:
    """Another name, or in and out of use (``was``). Who still has a booking in a part keeps it: Refused."""
    hall = hall_of(session, clerk, hall_id, lock=True)
    part = next((each for each in hall.parts if each.id == part_id), None)
    if part is None:
        raise NotFound
    what = form.get("was", "name")
    try:
        values = {"aus": {"active": False}, "ein": {"active": True}}.get(what) or {
            "name": forms.read(form, name=forms.text(80)).name
        }
    except Invalid as fault:
        return show_hall(
            request, session, clerk, now, hall, 422, part_faults={f"teil-{part.number}": fault.fields["name"]}
        )
    save(session, clerk, PART, part, values, now)
    return _back(request, clerk, hall, "#teile")


def hall_of(session: Session, clerk: Clerk, hall_id: UUID, *, lock: bool = False) -> Hall:
    """A hall of the clerk's town, in use or not. Raises NotFound for any other."""
    ours = select(Hall).where(Hall.municipality_id == clerk.town.id, Hall.id == hall_id)
    hall = session.scalar(ours.with_for_update() if lock else ours)
    if hall is None:
        raise NotFound
    return hall


def _part(clerk: Clerk, hall: Hall, number: int, name: str, *, side: bool = False) -> HallPart:
    return HallPart(
        id=uuid4(), municipality_id=clerk.town.id, hall_id=hall.id, number=number, name=name, slug=None, side=side
    )


def _fields(hall: Hall) -> list[int]:
    """The numbers of its parts that are no side rooms, also of those at rest: they may come back."""
    return [part.number for part in hall.parts if not part.side]


def _read(
    session: Session, clerk: Clerk, form: Form, now: datetime, hall: Hall | None, fields_known: Sequence[int]
) -> tuple[dict[str, Any], Site | None, date]:
    sites = _sites(session, clerk)
    values, new_site, valid_from = hall_form.read(form, today_of(clerk, now), sites, fields_known)
    if hall_form.taken(session, clerk, values["slug"], hall.id if hall else None):
        raise Invalid({"slug": _("So heißt hier schon etwas anderes in seiner Adresse.")})
    return values, new_site, valid_from


def _sites(session: Session, clerk: Clerk) -> list[Site]:
    return list(session.scalars(select(Site).where(Site.municipality_id == clerk.town.id).order_by(Site.name, Site.id)))


def _put_in_site(session: Session, clerk: Clerk, site: Site | None) -> UUID | None:
    if site is None:
        return None
    site.municipality_id = clerk.town.id
    session.add(site)
    session.flush()
    return site.id


def _back(request: Request, clerk: Clerk, hall: Hall, where: str = "") -> Response[Any]:
    return redirect(request, f"{clerk.desk}/{PAGE}/{hall.id}?gespeichert=ja{where}")


def show_hall(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    hall: Hall | None,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """The page of a hall, or that of a new one."""
    today = today_of(clerk, now)
    if hall and "typed" not in context:
        context["typed"] = hall_form.typed(hall, today)
    shown: dict[str, Any] = {"preview": None, "ahead": "", "theirs": [], "in_the_way": []}
    rows = [*edits_of(session, HALL, hall), *_edits_of_parts(session, hall)] if hall else []
    return show(
        request,
        clerk,
        "desk/halls/hall.html",
        now,
        status,
        hall=hall,
        today=today,
        labels={name: _(field.label) for name, field in HALL.fields.items()},
        sites=[*((str(site.id), _site_label(site)) for site in _sites(session, clerk)), (NEW, _("Neuer Standort"))],
        visibilities=[(key, _(words)) for key, words in VISIBILITY.items()],
        rows=sorted(rows, key=lambda row: row[0].made_at, reverse=True),
        stand=seen(HALL, hall, NAMES) if hall else "",
        saved=request.query_params.get("gespeichert", ""),
        page=f"{clerk.desk}/{PAGE}",
        **(shown | context | {name: Blanks(context.get(name, {})) for name in ("part_faults", "part_typed")}),
    )


def _edits_of_parts(session: Session, hall: Hall) -> list[tuple[Any, str, Any]]:
    """The history of the hall's parts, in one question."""
    names = {part.id: part.name for part in hall.parts}
    found = revisions.histories(session, PART, list(names))
    return [(each, names[each.subject_id], revisions.differences(each)) for each in found]


def _site_label(site: Site) -> str:
    return f"{site.name}, {site.address}" if site.address else site.name


routes = [all_halls, new_hall, put_in, one_hall, try_edit, edit, rest, resume, add_part, edit_part]
