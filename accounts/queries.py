"""Who there is to ask for: towns and their counties."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _

_BY_SLUG = select(Municipality).where(Municipality.slug == bindparam("slug"))  # made once: every page asks it


@dataclass(frozen=True, slots=True)
class Place:
    """A county with its towns by name; ``county`` is None for the towns that belong to none here."""

    county: Municipality | None
    towns: Sequence[Municipality]


def municipality(session: Session, slug: str) -> Municipality:
    """The town or county of this address. Raises NotFound."""
    found = session.scalar(_BY_SLUG, {"slug": slug})
    if found is None:
        raise NotFound(_("Diesen Ort gibt es hier nicht."))
    return found


def places(session: Session) -> list[Place]:
    """All counties by name with their towns, then the towns without a county; one query."""
    everyone = session.scalars(select(Municipality).order_by(Municipality.name)).all()
    counties = [one for one in everyone if one.kind == "county"]
    towns = [one for one in everyone if one.kind == "town"]
    grouped = [Place(county, [town for town in towns if town.county_id == county.id]) for county in counties]
    alone = [town for town in towns if town.county_id is None]
    return grouped + ([Place(None, alone)] if alone else [])


def towns_of(session: Session, county: Municipality) -> Sequence[Municipality]:
    """The county's towns, by name."""
    theirs = select(Municipality).where(Municipality.county_id == county.id).order_by(Municipality.name)
    return session.scalars(theirs).all()
