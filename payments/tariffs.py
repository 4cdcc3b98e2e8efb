"""Prices as dated data."""

from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.payments.models import Tariff


def tariffs(session: Session, municipality_id: UUID, journey: str) -> list[Tariff]:
    """All tariffs of a journey, the latest first."""
    return list(
        session.scalars(
            select(Tariff)
            .where(Tariff.municipality_id == municipality_id, Tariff.journey == journey)
            .order_by(Tariff.valid_from.desc())
        )
    )


def in_force(session: Session, municipality_id: UUID, journey: str, day: date) -> Tariff | None:
    """The tariff that holds on a day."""
    return next((tariff for tariff in tariffs(session, municipality_id, journey) if tariff.valid_from <= day), None)
