"""Citizens' accounts that nobody uses any more, and applications that were refused, are forgotten by themselves."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, time
from functools import partial
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from buchbar.accounts import account
from buchbar.accounts.clubs import Member, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.base.db import Database
from buchbar.booking.models import Booking
from buchbar.calendar.months import add_months

# So long after the last sign-in an account is kept, if nothing was booked under its address since.
UNUSED_MONTHS = 24
# So long somebody may ask why they were refused.
REFUSED_MONTHS = 6
log = logging.getLogger("buchbar.retention")


def forget_people(database: Database, now: datetime) -> int:
    """Forget who hasn't been here for long, refused applications, and what was only begun; how many people and
    applications. Each in a transaction of its own."""
    with database.read() as session:
        people, refused = _unused(session, now), _refused(session, now)
    forget_person = partial(_forget_person, now=now)
    forgotten = sum(_forget(database, person_id, forget_person) for person_id in people)
    forgotten += sum(_forget(database, organisation_id, _forget_application) for organisation_id in refused)
    with database.write() as session:
        account.tidy(session, now)
    return forgotten


def refused_until(session: Session, town: Municipality, until: datetime) -> int:
    """How many refused applications of a town go by a moment."""
    theirs = Organisation.municipality_id == town.id, Organisation.id.in_(_refused(session, until))
    return session.scalar(select(func.count()).select_from(Organisation).where(*theirs)) or 0


def _unused(session: Session, now: datetime) -> list[UUID]:
    """Who hasn't signed in for two years and has had no booking since. Who manages a club stays while others of it
    are here: they need somebody who lets people in."""
    before = _months_ago(now, UNUSED_MONTHS)
    booked = select(Booking.id).where(
        func.lower(Booking.email) == Person.email, Booking.forgotten_at.is_(None), Booking.ends_at >= before
    )
    other, theirs = aliased(Member), aliased(Person)
    needed = (
        select(Member.id)
        .join(other, other.organisation_id == Member.organisation_id)
        .join(theirs, theirs.id == other.person_id)
        .where(Member.person_id == Person.id, Member.role == "manager", theirs.last_in_at >= before)
        .correlate(Person)
    )
    unused = func.coalesce(Person.last_in_at, Person.made_at) < before
    return list(session.scalars(select(Person.id).where(unused, ~booked.exists(), ~needed.exists())))


def _refused(session: Session, now: datetime) -> list[UUID]:
    old = Organisation.state == "refused", Organisation.decided_at < _months_ago(now, REFUSED_MONTHS)
    return list(session.scalars(select(Organisation.id).where(*old)))


def _months_ago(now: datetime, months: int) -> datetime:
    return datetime.combine(add_months(now.date(), -months), time(), UTC)


def _forget(database: Database, one: UUID, act: Callable[[Session, UUID], None]) -> int:
    try:
        with database.write() as session:
            act(session, one)
    except Exception as fault:
        log.error("not forgotten", extra={"subject": str(one), "fault": type(fault).__name__})
        return 0
    return 1


def _forget_person(session: Session, person_id: UUID, now: datetime) -> None:
    account.forget_person(session, session.get_one(Person, person_id), now)


def _forget_application(session: Session, organisation_id: UUID) -> None:
    account.forget_application(session, session.get_one(Organisation, organisation_id))
