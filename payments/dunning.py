"""Dunning: letters about what is overdue, level by level."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from buchbar.base.db import Base, Identified


class DunningNotice(Identified, Base):
    """That somebody was reminded of a charge, at which level, and by when they have to pay now. ``fee_id`` is the
    charge of the fee for it."""

    __tablename__ = "dunning_notice"
    __table_args__ = (UniqueConstraint("charge_id", "level"),)

    charge_id: Mapped[UUID] = mapped_column(ForeignKey("charge.id"))
    level: Mapped[int]
    open_cents: Mapped[int]
    pay_by: Mapped[date]
    fee_id: Mapped[UUID | None] = mapped_column(ForeignKey("charge.id"))
    written_at: Mapped[datetime]
    written_by: Mapped[str]
