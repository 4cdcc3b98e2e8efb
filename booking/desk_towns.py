"""The county's desk: its towns with what they have, and the form that puts in a new one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, towns
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import COUNTY
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.resources.models import Venue


@at_desk.get("/kommunen", COUNTY)
def all_towns(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now, {"land": _county(clerk).land})


@at_desk.post("/kommunen", COUNTY, N_("Kommune angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        town = towns.put_in(session, _county(clerk), form)
    except Invalid as fault:
        return _show(request, session, clerk, now, dict(form), fault.fields)
    return redirect(request, f"/{town.slug}/amt/einstellungen")


def _county(clerk: Clerk) -> Municipality:
    """The county at whose own desk this is. Raises NotFound at a town's."""
    if clerk.town.kind != "county":
        raise NotFound
    return clerk.town


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    county = _county(clerk)
    return show(
        request,
        clerk,
        "desk/towns.html",
        now,
        422 if faults else 200,
        towns=towns.all_towns_of(session, county),
        venues=_count(session, county, Venue),
        staff=_count(session, county, Clerk),
        lands=[(code, _(name)) for code, name in towns.LANDS.items()],
        typed=typed,
        faults=faults or {},
    )


def _count(session: Session, county: Municipality, what: type[Venue] | type[Clerk]) -> dict[UUID, int]:
    """How many active ones each town of the county has."""
    counted = (
        select(Municipality.id, func.count())
        .join(what, what.municipality_id == Municipality.id)
        .where(Municipality.county_id == county.id, what.active)
        .group_by(Municipality.id)
    )
    return {row[0]: row[1] for row in session.execute(counted)}


routes = [all_towns, put_in]
