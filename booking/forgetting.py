"""What will be deleted in the next weeks, and what was deleted last: said beforehand, and counted afterwards."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import AuditEntry, Municipality
from buchbar.booking import queries, retention
from buchbar.booking.models import Booking, Policy
from buchbar.booking.retention import never_stood
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import day_span, local_date
from buchbar.payments import bank_entries, bills, mandates

AHEAD = 31
# Months are of different lengths: by so many days the database is asked for too much.
_SLACK = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Going:
    """A booking whose personal data goes on a day; ``names`` is empty for who may not know them."""

    booking: Booking
    on: date
    names: str


def going(session: Session, town: Municipality, now: datetime, *, with_names: bool) -> list[Going]:
    """The bookings of which the personal data goes by the end of the next 31 days, in that order.

    What is overdue, because a job didn't run or failed, comes first.
    """
    last = local_date(now, town.zone) + timedelta(days=AHEAD)
    wanted = (
        select(Booking)
        .where(
            Booking.municipality_id == town.id,
            Booking.forgotten_at.is_(None),
            or_(*_nearly_over(session, town, last)),
            ~and_(Booking.ended_at.is_not(None), *never_stood()),
        )
        .options(joinedload(Booking.policy), joinedload(Booking.municipality), joinedload(Booking.resource))
    )
    days = retention.days(session, town, session.scalars(wanted).all())
    due = sorted((booking for booking, day in days.items() if day <= last), key=lambda each: (days[each], each.number))
    names = queries.names_of(session, due) if with_names else {}
    return [Going(booking, days[booking], names.get(booking.id, "")) for booking in due]


def _nearly_over(session: Session, town: Municipality, last: date) -> list[ColumnElement[bool]]:
    """For each length of retention the condition that it could be over by the last day; policies are few."""
    lengths: dict[int, list[Policy]] = {}
    for policy in session.scalars(select(Policy).where(Policy.municipality_id == town.id)):
        lengths.setdefault(policy.terms.retention_months, []).append(policy)
    over = func.coalesce(Booking.ended_at, Booking.ends_at)
    nothing: ColumnElement[bool] = Booking.id.is_(None)
    return [nothing] + [
        and_(
            Booking.policy_id.in_([policy.id for policy in those]),
            over < day_span(add_months(last, -months) + _SLACK, town.zone).end,
        )
        for months, those in lengths.items()
    ]


def unproven(session: Session, town: Municipality) -> int:
    """How many holds that were never proven go within the next day."""
    ended = select(func.count()).select_from(Booking)
    conditions = Booking.municipality_id == town.id, Booking.forgotten_at.is_(None), Booking.ended_at.is_not(None)
    return session.scalar(ended.where(*conditions, *never_stood())) or 0


def audit_entries(session: Session, town: Municipality, now: datetime) -> int:
    """How many entries of the audit trail go by the end of the next 31 days."""
    first_kept = add_months(local_date(now, town.zone) + timedelta(days=AHEAD), -town.audit_months)
    old = AuditEntry.municipality_id == town.id, AuditEntry.at < day_span(first_kept, town.zone).start
    return session.scalar(select(func.count()).select_from(AuditEntry).where(*old)) or 0


@dataclass(frozen=True, slots=True)
class Money:
    """Of how many of each the personal data goes."""

    entries: int
    mandates: int
    charges: int


def money(session: Session, town: Municipality, now: datetime) -> Money:
    """What goes of money matters by the end of the next 31 days, beside what goes with the bookings."""
    until = now + timedelta(days=AHEAD)
    return Money(
        bank_entries.going(session, town.id, until),
        mandates.going(session, town.id, until),
        bills.going(session, town, until),
    )


def gone(session: Session, town: Municipality, now: datetime) -> list[tuple[date, int]]:
    """On which of the last 31 days how many bookings were forgotten, the last day first."""
    since = Booking.municipality_id == town.id, Booking.forgotten_at > now - timedelta(days=AHEAD)
    moments: Sequence[datetime | None] = session.scalars(select(Booking.forgotten_at).where(*since)).all()
    days = Counter(local_date(moment, town.zone) for moment in moments if moment)
    return sorted(days.items(), reverse=True)
