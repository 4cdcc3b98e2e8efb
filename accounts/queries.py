"""Who there is to ask for: towns and their counties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from litestar import Request
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from buchbar.accounts import sign_in
from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _

_BY_SLUG = select(Municipality).where(Municipality.slug == bindparam("slug"))  # made once: every page asks it


@dataclass(frozen=True, slots=True)
class Place:
    """A county with its towns by name; ``county`` is None for the towns that belong to none here."""

    county: Municipality | None
    towns: Sequence[Municipality]


def municipality(
    session: Session, slug: str, request: Request | None = None, now: datetime | None = None
) -> Municipality:
    """The town or county of this address, as citizens see it. Raises NotFound, also for one that isn't published.

    With the ``request`` and its moment, the pages of an unpublished one are shown to those who work at its desk.
    """
    found = session.scalar(_BY_SLUG, {"slug": slug})
    if found is None or not (found.published or _prepared_by(found, session, request, now)):
        raise NotFound(_("Diesen Ort gibt es hier nicht."))
    return found


def with_desk(session: Session, slug: str) -> Municipality:
    """The town or county at whose desk somebody wants to sign in, published or not. Raises NotFound."""
    found = session.scalar(_BY_SLUG, {"slug": slug})
    if found is None:
        raise NotFound(_("Diesen Ort gibt es hier nicht."))
    return found


def _prepared_by(town: Municipality, session: Session, request: Request | None, now: datetime | None) -> bool:
    """Whether the request comes from somebody who sets the town up."""
    if request is None or now is None:
        return False
    clerk = sign_in.who_asks(request, session, now)
    if clerk is None or not sign_in.works_at(clerk, town):
        return False
    clerk.sit_down(town)
    return not clerk.must_enrol


def places(session: Session) -> list[Place]:
    """All published counties by name with their towns, then the towns without a county; one query."""
    shown = select(Municipality).where(Municipality.published).order_by(Municipality.name)
    everyone = session.scalars(shown).all()
    counties = [one for one in everyone if one.kind == "county"]
    towns = [one for one in everyone if one.kind == "town"]
    grouped = [Place(county, [town for town in towns if town.county_id == county.id]) for county in counties]
    alone = [town for town in towns if town.county_id not in {county.id for county in counties}]
    return grouped + ([Place(None, alone)] if alone else [])


def towns_of(session: Session, county: Municipality) -> Sequence[Municipality]:
    """The county's published towns, by name."""
    theirs = select(Municipality).where(Municipality.county_id == county.id, Municipality.published)
    return session.scalars(theirs.order_by(Municipality.name)).all()
