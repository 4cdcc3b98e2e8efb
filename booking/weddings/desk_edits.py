"""The venues and registrars of a clerk's town, for the pages that edit them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.base.errors import NotFound
from buchbar.resources.models import Registrar, Venue


def venue_of(session: Session, clerk: Clerk, venue_id: UUID, *, lock: bool = False) -> Venue:
    """A venue of the clerk's town, in use or not. Raises NotFound for any other."""
    ours = select(Venue).where(Venue.municipality_id == clerk.town.id, Venue.id == venue_id)
    return _found(session.scalar(ours.with_for_update() if lock else ours))


def registrar_of(session: Session, clerk: Clerk, registrar_id: UUID, *, lock: bool = False) -> Registrar:
    """A registrar of the clerk's town, in use or not. Raises NotFound for any other."""
    ours = select(Registrar).where(Registrar.municipality_id == clerk.town.id, Registrar.id == registrar_id)
    return _found(session.scalar(ours.with_for_update() if lock else ours))


def _found(row: Any) -> Any:
    if row is None:
        raise NotFound
    return row
