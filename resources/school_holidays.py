"""The school holidays of a municipality: taken over from its Land, then the clerk's own to change."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.calendar.school_holidays import Holidays, holidays_of
from buchbar.calendar.walls import local_date
from buchbar.resources.halls import SchoolHoliday


def of(session: Session, town: Municipality, since: date | None = None) -> Sequence[SchoolHoliday]:
    """Those of a town that end on a day or later, in order."""
    ours = select(SchoolHoliday).where(SchoolHoliday.municipality_id == town.id)
    if since:
        ours = ours.where(SchoolHoliday.last >= since)
    return session.scalars(ours.order_by(SchoolHoliday.first, SchoolHoliday.last, SchoolHoliday.id)).all()


def one_of(session: Session, town: Municipality, holiday_id: UUID) -> SchoolHoliday:
    """One of a town, locked. Raises NotFound for any other's."""
    ours = select(SchoolHoliday).where(SchoolHoliday.municipality_id == town.id, SchoolHoliday.id == holiday_id)
    found = session.scalar(ours.with_for_update())
    if found is None:
        raise NotFound
    return found


def missing(session: Session, town: Municipality, at: datetime) -> list[Holidays]:
    """Those of the Land that aren't over and that the town hasn't: none of this name, and none on these days."""
    has = of(session, town)
    today = local_date(at, town.zone)
    return [
        each
        for each in holidays_of(town.land)
        if each.last >= today
        and not any(own.name == each.name or (own.first <= each.last and each.first <= own.last) for own in has)
    ]


def take_over(session: Session, town: Municipality, at: datetime) -> list[SchoolHoliday]:
    """Put in the Land's holidays that the town hasn't yet; what the clerk has changed stays. Twice is once."""
    made = [
        SchoolHoliday(
            id=uuid4(), municipality_id=town.id, name=each.name, first=each.first, last=each.last, source=each.source
        )
        for each in missing(session, town, at)
    ]
    session.add_all(made)
    session.flush()
    return made
