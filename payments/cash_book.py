"""The cash book: what is in the till, closed every day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from buchbar.base.db import Base, Identified


class CashDay(Identified, Base):
    """A day of the till, closed: what should be in it, and what was counted, in cents. Never changed."""

    __tablename__ = "cash_day"
    __table_args__ = (UniqueConstraint("municipality_id", "day"), UniqueConstraint("municipality_id", "serial"))

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    day: Mapped[date]
    serial: Mapped[int]
    opening: Mapped[int]
    expected: Mapped[int]
    counted: Mapped[int]
    note: Mapped[str] = mapped_column(default="")
    closed_at: Mapped[datetime]
    closed_by: Mapped[str]


class CashMove(Identified, Base):
    """Cash that is put into the till or taken to the bank, without a booking; ``cents`` below zero leaves the till."""

    __tablename__ = "cash_move"
    __table_args__ = (CheckConstraint("cents <> 0", name="cents"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    cents: Mapped[int]
    reason: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
