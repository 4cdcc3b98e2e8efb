"""The front doors: the portal, a town's page, the language switch, and what the law wants every site to say."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import Place, municipality, places, towns_of
from buchbar.base.errors import NotFound
from buchbar.base.texts import LANGUAGES, N_
from buchbar.base.web import get, own_path, page, redirect, settings_of
from buchbar.resources.halls import Hall
from buchbar.resources.models import Resource, Venue

LANGUAGE_COOKIE = "sprache"
YEAR = 365 * 24 * 60 * 60
# Whom citizens can turn to if a barrier isn't removed (§ 16 BGG and the Länder's laws), by Land.
CONCILIATION = {
    "NI": N_("Schlichtungsstelle nach § 9 d des Niedersächsischen Behindertengleichstellungsgesetzes, Hannover"),
    "NW": N_("Ombudsstelle für barrierefreie Informationstechnik des Landes Nordrhein-Westfalen, Düsseldorf"),
}


@get("/")
def portal(request: Request, session: Session) -> Response[Any]:
    sought = request.query_params.get("ort", "").strip()[:80]
    found = named(places(session), sought)
    venues, halls = _count(session, Venue), _count(session, Hall)
    return page(request, "portal/portal.html", places=found, sought=sought, venues=venues, halls=halls)


@get("/{town_slug:str}")
def town_page(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    if town.kind == "county":
        towns, venues, halls = towns_of(session, town), _count(session, Venue), _count(session, Hall)
        return page(request, "portal/county.html", town=town, towns=towns, venues=venues, halls=halls)
    chosen = select(Venue).where(Venue.municipality_id == town.id, Venue.active).order_by(Venue.position, Venue.name)
    ours = select(Hall).where(Hall.municipality_id == town.id, Hall.active).order_by(Hall.position, Hall.name)
    places, rooms = session.scalars(chosen).all(), session.scalars(ours).all()
    return page(request, "portal/town.html", town=town, venues=places, halls=rooms)


@get("/sprache/{code:str}")
def choose_language(request: Request, code: FromPath[str]) -> Response[Any]:
    if code not in LANGUAGES:
        raise NotFound
    answer = redirect(request, own_path(request.query_params.get("zurueck", "/")))
    answer.set_cookie(
        LANGUAGE_COOKIE,
        code,
        path="/",
        max_age=YEAR,
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure,
    )
    return answer


@get("/impressum")
def imprint(request: Request, session: Session) -> Response[Any]:
    return page(request, "portal/imprint.html", offices=_offices(session), halls=_count(session, Hall))


@get("/datenschutz")
def privacy(request: Request, session: Session) -> Response[Any]:
    return page(request, "portal/privacy.html", offices=_offices(session), halls=_count(session, Hall))


@get("/barrierefreiheit")
def accessibility(request: Request, session: Session) -> Response[Any]:
    offices = _offices(session)
    lands = sorted({office.land for office in offices} & CONCILIATION.keys())
    bodies, halls = [CONCILIATION[land] for land in lands], _count(session, Hall)
    return page(request, "portal/accessibility.html", offices=offices, halls=halls, bodies=bodies)


@get("/leichte-sprache")
def easy_language(request: Request, session: Session) -> Response[Any]:
    return page(request, "portal/easy.html", offices=_offices(session), halls=_count(session, Hall))


def named(everywhere: list[Place], sought: str) -> list[Place]:
    """The towns whose name contains what was typed, in any case; a county's name finds all its towns."""
    if not sought:
        return everywhere
    typed = sought.casefold()
    found = []
    for place in everywhere:
        whole = place.county is not None and typed in place.county.name.casefold()
        towns = place.towns if whole else [town for town in place.towns if typed in town.name.casefold()]
        if towns or whole:
            found.append(Place(place.county, towns))
    return found


def _count(session: Session, kind: type[Resource]) -> dict[UUID, int]:
    """How many places to marry, or sports halls, each municipality shows."""
    count = select(kind.municipality_id, func.count()).where(kind.active).group_by(kind.municipality_id)
    return {row[0]: row[1] for row in session.execute(count)}


def _offices(session: Session) -> list[Municipality]:
    """All municipalities, counties before their towns."""
    return [one for place in places(session) for one in (place.county, *place.towns) if one is not None]


routes = [portal, town_page, choose_language, imprint, privacy, accessibility, easy_language]
