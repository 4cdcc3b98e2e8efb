"""What is personal of a season's wishes, who handed them in and what they remarked, is kept as long after the season as
bookings are after their date."""

import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database
from buchbar.base.errors import NotFound
from buchbar.booking.halls.models import Round, SeasonWish
from buchbar.booking.halls.plan import plan
from buchbar.booking.terms import Terms
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import local_date

log = logging.getLogger("buchbar.retention")
_PERSONAL = or_(SeasonWish.email != "", SeasonWish.remarks != "")


def forget_wishes(database: Database, now: datetime) -> int:
    """Delete addresses and remarks of wishes whose time is over; how many wishes. Each round in its own transaction."""
    with database.read() as session:
        due = [season.id for season in session.scalars(_with_personal(now)) if _is_due(session, season, now)]
    return sum(_forget(database, round_id) for round_id in due)


def _with_personal(now: datetime) -> Select[Round]:
    wishes = select(SeasonWish.round_id).where(_PERSONAL)
    return select(Round).where(Round.last < now.date(), Round.id.in_(wishes))


def _is_due(session: Session, season: Round, now: datetime) -> bool:
    town = session.get_one(Municipality, season.municipality_id)
    today = local_date(now, town.zone)
    try:
        terms = plan(session, town).policy(today).terms
    except NotFound:
        terms = Terms()
    return add_months(season.last, terms.retention_months) <= today


def _forget(database: Database, round_id: UUID) -> int:
    try:
        with database.write() as session:
            theirs = update(SeasonWish).where(SeasonWish.round_id == round_id, _PERSONAL)
            return len(session.execute(theirs.values(email="", remarks="").returning(SeasonWish.id)).all())
    except Exception as fault:
        log.error("not forgotten", extra={"subject": str(round_id), "fault": type(fault).__name__})
        return 0
