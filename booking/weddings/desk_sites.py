"""The sites at the desk: where a place is, and how long the way to it takes."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import Preview, ahead_of, carried, edits_of, save, seen, starting, today_of, typed
from buchbar.booking.weddings import edit_effects
from buchbar.booking.weddings.edits import SITE
from buchbar.resources.models import Site, Venue

NAMES = ("name", "street", "postcode", "city", "way_minutes")


@at_desk.get("/trauorte/standorte/{site_id:uuid}", RULES)
def one_site(request: Request, session: Session, now: datetime, clerk: Clerk, site_id: FromPath[UUID]) -> Response[Any]:
    return _show(request, session, clerk, now, _site(session, clerk, site_id))


@at_desk.post("/trauorte/standorte/{site_id:uuid}/vorschau", LEAD, N_("Änderung eines Standorts ausprobiert"))
def try_edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, site_id: FromPath[UUID]
) -> Response[Any]:
    return _edit(request, session, now, form, clerk, _site(session, clerk, site_id), wanted=False)


@at_desk.post("/trauorte/standorte/{site_id:uuid}", LEAD, N_("Standort geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, site_id: FromPath[UUID]
) -> Response[Any]:
    return _edit(request, session, now, form, clerk, _site(session, clerk, site_id, lock=True), wanted=True)


def _edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, site: Site, *, wanted: bool
) -> Response[Any]:
    try:
        read = _read(form, clerk, now)
    except Invalid as fault:
        return _show(request, session, clerk, now, site, 422, faults=fault.fields, typed=typed(form))
    ahead = ahead_of(session, clerk, SITE, site, NAMES, form)
    if ahead:
        return _show(request, session, clerk, now, site, 409, typed=typed(form), **ahead)
    values = {name: getattr(read, name) for name in NAMES}
    if wanted:
        save(session, clerk, SITE, site, values, now, read.valid_from)
        return redirect(request, f"{clerk.desk}/trauorte/standorte/{site.id}?gespeichert=ja")
    preview = Preview(
        differences=revisions.differences_of(SITE, site, values),
        effect=edit_effects.of_site(
            session, clerk.town, site, timedelta(minutes=read.way_minutes), read.valid_from, now
        ),
        action=f"{clerk.desk}/trauorte/standorte/{site.id}",
        typed=carried(form),
        valid_from=read.valid_from,
        planned=revisions.planned_from(session, SITE, site, values, read.valid_from),
    )
    return _show(request, session, clerk, now, site, typed=typed(form), preview=preview)


def _read(form: Form, clerk: Clerk, now: datetime) -> SimpleNamespace:
    return forms.read(
        form,
        name=forms.text(120),
        street=forms.text(120, required=False),
        postcode=forms.text(10, required=False),
        city=forms.text(80, required=False),
        way_minutes=forms.whole(0, 240),
        valid_from=starting(today_of(clerk, now)),
    )


def _site(session: Session, clerk: Clerk, site_id: UUID, *, lock: bool = False) -> Site:
    """A site of the clerk's town. Raises NotFound for any other."""
    ours = select(Site).where(Site.municipality_id == clerk.town.id, Site.id == site_id)
    site = session.scalar(ours.with_for_update() if lock else ours)
    if site is None:
        raise NotFound
    return site


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, site: Site, status: int = 200, **context: Any
) -> Response[Any]:
    today = today_of(clerk, now)
    shown: dict[str, Any] = {"preview": None, "ahead": "", "theirs": []}
    shown["typed"] = {name: str(getattr(site, name)) for name in NAMES} | {"valid_from": today.isoformat()}
    here = select(Venue).where(Venue.site_id == site.id).order_by(Venue.position, Venue.name)
    return show(
        request,
        clerk,
        "desk/site.html",
        now,
        status,
        site=site,
        today=today,
        venues=session.scalars(here).all(),
        labels={name: _(field.label) for name, field in SITE.fields.items()},
        rows=edits_of(session, SITE, site),
        stand=seen(SITE, site, NAMES),
        saved=request.query_params.get("gespeichert", ""),
        return_to=f"{clerk.desk}/trauorte/standorte/{site.id}",
        **(shown | context),
    )


routes = [one_site, try_edit, edit]
