"""Which policy holds when, and how a clerk makes a new one."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms


def policies(session: Session, municipality_id: UUID, journey: str) -> list[Policy]:
    """All policies of a journey, the one that holds longest ahead first; of one day's, the one made last."""
    return list(
        session.scalars(
            select(Policy)
            .where(Policy.municipality_id == municipality_id, Policy.journey == journey)
            .order_by(Policy.valid_from.desc(), Policy.made_at.desc())
        )
    )


def in_force(candidates: list[Policy], day: date) -> Policy:
    """The policy that holds on a day. Raises NotFound where the municipality has none (yet)."""
    for policy in candidates:
        if policy.valid_from <= day:
            return policy
    raise NotFound


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
    """Make terms the town's policy from a day on. What is booked keeps the policy it was made under."""
    policy = Policy(
        municipality_id=town.id, journey=journey, valid_from=valid_from, terms=terms, made_at=at, made_by=by
    )
    session.add(policy)
    return policy
