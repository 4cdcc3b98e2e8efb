"""The venues at the desk: which there are, new ones, edits that are looked at before they are saved, in use or not."""

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
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import Preview, ahead_of, carried, edits_of, save, seen, standing, today_of, typed
from buchbar.booking.weddings import edit_effects, venue_form
from buchbar.booking.weddings.desk_edits import venue_of
from buchbar.booking.weddings.edits import DRAWINGS, SITE, VENUE, VISIBILITY
from buchbar.booking.weddings.timetable import timetable
from buchbar.booking.weddings.venue_form import NAMES, NEW
from buchbar.resources.models import Site, Venue


@at_desk.get("/trauorte", RULES)
def all_venues(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    ours = select(Venue).where(Venue.municipality_id == clerk.town.id).order_by(Venue.position, Venue.name)
    loaded = selectinload(Venue.site), selectinload(Venue.pictures), selectinload(Venue.openings)
    venues = session.scalars(ours.options(*loaded)).all()
    words = {key: _(value) for key, value in VISIBILITY.items()}
    return show(request, clerk, "desk/venues.html", now, venues=venues, sites=_sites(session, clerk), words=words)


@at_desk.get("/trauorte/neu", LEAD)
def new_venue(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    count = session.scalar(select(func.count()).select_from(Venue).where(Venue.municipality_id == clerk.town.id)) or 0
    proposed = venue_form.blank(today_of(clerk, now), count)
    if not _sites(session, clerk):
        proposed |= venue_form.beside_office(clerk.town)
    return show_venue(request, session, clerk, now, None, typed=proposed)


@at_desk.post("/trauorte", LEAD, N_("Trauort angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        values, new_site, _valid_from = _read(session, clerk, form, now, None)
    except Invalid as fault:
        return show_venue(request, session, clerk, now, None, 422, faults=fault.fields, typed=typed(form))
    _put_in_site(session, clerk, new_site, now)
    site_id = values.pop("site").id
    venue = Venue(id=uuid4(), municipality_id=clerk.town.id, site_id=site_id, **values)
    session.add(venue)
    session.flush()
    revisions.created(session, clerk.town, VENUE, venue, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/trauorte/{venue.id}/zeiten")


@at_desk.get("/trauorte/{venue_id:uuid}", RULES)
def one_venue(
    request: Request, session: Session, now: datetime, clerk: Clerk, venue_id: FromPath[UUID]
) -> Response[Any]:
    return show_venue(request, session, clerk, now, venue_of(session, clerk, venue_id))


@at_desk.post("/trauorte/{venue_id:uuid}/vorschau", LEAD, N_("Änderung eines Trauorts ausprobiert"))
def try_edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, venue_id: FromPath[UUID]
) -> Response[Any]:
    venue = venue_of(session, clerk, venue_id)
    try:
        values, new_site, valid_from = _read(session, clerk, form, now, venue)
    except Invalid as fault:
        return show_venue(request, session, clerk, now, venue, 422, faults=fault.fields, typed=typed(form))
    ahead = ahead_of(session, clerk, VENUE, venue, NAMES, form)
    if ahead:
        return show_venue(request, session, clerk, now, venue, 409, typed=typed(form), **ahead)
    rules = timetable(session, clerk.town).venues.get(venue.id)
    site = new_site or session.get_one(Site, values["site"].id)
    preview = Preview(
        differences=revisions.differences_of(VENUE, venue, values),
        effect=edit_effects.of_venue(
            session, clerk.town, venue, venue_form.as_rules(rules, values, site.way_minutes), valid_from, now
        )
        if rules
        else None,
        action=f"{clerk.desk}/trauorte/{venue.id}",
        typed=carried(form),
        valid_from=valid_from,
        planned=revisions.planned_from(session, VENUE, venue, values, valid_from),
    )
    return show_venue(request, session, clerk, now, venue, typed=typed(form), preview=preview)


@at_desk.post("/trauorte/{venue_id:uuid}", LEAD, N_("Trauort geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, venue_id: FromPath[UUID]
) -> Response[Any]:
    venue = venue_of(session, clerk, venue_id, lock=True)
    try:
        values, new_site, valid_from = _read(session, clerk, form, now, venue)
    except Invalid as fault:
        return show_venue(request, session, clerk, now, venue, 422, faults=fault.fields, typed=typed(form))
    ahead = ahead_of(session, clerk, VENUE, venue, NAMES, form)
    if ahead:
        return show_venue(request, session, clerk, now, venue, 409, typed=typed(form), **ahead)
    _put_in_site(session, clerk, new_site, now)
    save(session, clerk, VENUE, venue, values, now, valid_from)
    return redirect(request, f"{clerk.desk}/trauorte/{venue.id}?gespeichert=ja")


@at_desk.post("/trauorte/{venue_id:uuid}/stilllegung", LEAD, N_("Trauort außer Dienst genommen"))
def rest(request: Request, session: Session, now: datetime, clerk: Clerk, venue_id: FromPath[UUID]) -> Response[Any]:
    venue = venue_of(session, clerk, venue_id, lock=True)
    in_the_way = standing(session, venue, now)
    if in_the_way:
        return show_venue(request, session, clerk, now, venue, 409, in_the_way=in_the_way)
    save(session, clerk, VENUE, venue, {"active": False}, now)
    return redirect(request, f"{clerk.desk}/trauorte/{venue.id}?gespeichert=ja")


@at_desk.post("/trauorte/{venue_id:uuid}/wiederaufnahme", LEAD, N_("Trauort wieder in Dienst genommen"))
def resume(request: Request, session: Session, now: datetime, clerk: Clerk, venue_id: FromPath[UUID]) -> Response[Any]:
    venue = venue_of(session, clerk, venue_id, lock=True)
    save(session, clerk, VENUE, venue, {"active": True}, now)
    return redirect(request, f"{clerk.desk}/trauorte/{venue.id}?gespeichert=ja")


def _read(
    session: Session, clerk: Clerk, form: Form, now: datetime, venue: Venue | None
) -> tuple[dict[str, Any], Site | None, date]:
    values, new_site, valid_from = venue_form.read(form, today_of(clerk, now), _sites(session, clerk))
    if venue_form.taken(session, clerk, values["slug"], venue.id if venue else None):
        raise Invalid({"slug": _("So heißt schon ein anderer Trauort in seiner Adresse.")})
    return values, new_site, valid_from


def _sites(session: Session, clerk: Clerk) -> list[Site]:
    return list(session.scalars(select(Site).where(Site.municipality_id == clerk.town.id).order_by(Site.name, Site.id)))


def _put_in_site(session: Session, clerk: Clerk, site: Site | None, now: datetime) -> None:
    if site is None:
        return
    site.municipality_id = clerk.town.id
    session.add(site)
    session.flush()
    revisions.created(session, clerk.town, SITE, site, at=now, by=clerk.name)


def show_venue(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    venue: Venue | None,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    """The page of a venue, or that of a new one."""
    today = today_of(clerk, now)
    if venue and "typed" not in context:
        context["typed"] = venue_form.typed(venue, today)
    shown: dict[str, Any] = {
        "preview": None,
        "ahead": "",
        "theirs": [],
        "in_the_way": [],
        "picture_faults": {},
        "picture_typed": {},
    }
    return show(
        request,
        clerk,
        "desk/venue.html",
        now,
        status,
        venue=venue,
        today=today,
        labels={name: _(field.label) for name, field in VENUE.fields.items()},
        sites=[*((str(site.id), _site_label(site)) for site in _sites(session, clerk)), (NEW, _("Neuer Standort"))],
        visibilities=[(key, _(words)) for key, words in VISIBILITY.items()],
        drawings=[(key, _(words)) for key, words in DRAWINGS.items()],
        rows=edits_of(session, VENUE, venue) if venue else [],
        stand=seen(VENUE, venue, NAMES) if venue else "",
        saved=request.query_params.get("gespeichert", ""),
        return_to=f"{clerk.desk}/trauorte/{venue.id if venue else 'neu'}",
        **(shown | context | {name: Blanks(context.get(name, {})) for name in ("picture_faults", "picture_typed")}),
    )


def _site_label(site: Site) -> str:
    return f"{site.name}, {site.address}" if site.address else site.name


routes = [all_venues, new_venue, put_in, one_venue, try_edit, edit, rest, resume]
