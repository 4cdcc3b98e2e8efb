"""Which policy holds when, and how a clerk makes a new one."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import in_line
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms
from buchbar.calendar.walls import local_date


def policies(session: Session, municipality_id: UUID, journey: str) -> list[Policy]:
    """All policies of a journey that count, the one that holds longest ahead first; of one day's, the one made last."""
    return [policy for policy in history(session, municipality_id, journey) if policy.withdrawn_at is None]


def history(session: Session, municipality_id: UUID, journey: str) -> list[Policy]:
    """All policies of a journey, in the same order, also those that were withdrawn."""
    return list(
        session.scalars(
            select(Policy)
            .where(Policy.municipality_id == municipality_id, Policy.journey == journey)
            .order_by(Policy.valid_from.desc(), Policy.made_at.desc())
        )
    )


def policy_of(session: Session, town: Municipality, policy_id: UUID) -> Policy:
    """A policy of this town, also a withdrawn one. Raises NotFound for any other."""
    found = session.scalar(select(Policy).where(Policy.id == policy_id, Policy.municipality_id == town.id))
    if found is None:
        raise NotFound
    return found


def adopt(
    session: Session,
    town: Municipality,
    journey: str,
    terms: Terms,
    *,
    valid_from: date,
    at: datetime,
    by: str,
) -> Policy:
    """Make terms the town's policy from a day on; twice is once. What is booked keeps the policy it was made under."""
    in_line(session, f"policy:{town.id}:{journey}")
    same_day = [each for each in policies(session, town.id, journey) if each.valid_from == valid_from]
    if same_day and same_day[0].terms == terms:
        return same_day[0]
    policy = Policy(
        municipality_id=town.id, journey=journey, valid_from=valid_from, terms=terms, made_at=at, made_by=by
    )
    session.add(policy)
    return policy


def withdraw(session: Session, town: Municipality, policy: Policy, at: datetime, by: str) -> None:
    """Take back a policy that isn't in force yet; twice is once. Raises Refused for one that is."""
    session.refresh(policy, with_for_update=True)
    if policy.withdrawn_at:
        return
    if policy.valid_from <= local_date(at, town.zone):
        raise Refused(_("Diese Regelung gilt schon. Bitte legen Sie stattdessen eine neue ab heute fest."))
    policy.withdrawn_at, policy.withdrawn_by = at, by
    session.flush()
