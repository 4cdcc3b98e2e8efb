"""The cash book: what is in the till, closed every day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, Identified, in_line
from buchbar.base.errors import Refused
from buchbar.base.texts import _


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
    """Cash that is put into the till or taken to the bank, without a booking; ``cents`` below zero leaves the till.

    What was entered by mistake stays: another one takes it back, once."""

    __tablename__ = "cash_move"
    __table_args__ = (CheckConstraint("cents <> 0", name="cents"), UniqueConstraint("takes_back_id"))

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    cents: Mapped[int]
    reason: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    takes_back_id: Mapped[UUID | None] = mapped_column(ForeignKey("cash_move.id"))


def line_up(session: Session, municipality_id: UUID) -> None:
    """Wait for who moves money in the same till. The last lock to be taken."""
    in_line(session, f"till:{municipality_id}")


def stand_in_line(session: Session, municipality_id: UUID, at: datetime) -> None:
    """The same for who moves money, so that a closed day never changes.

    Raises Refused where the till was closed after the moment at which the money shall have moved.
    """
    line_up(session, municipality_id)
    closed = closed_until(session, municipality_id)
    if closed is not None and at <= closed:
        raise Refused(_("Die Kasse ist gerade abgeschlossen worden. Bitte versuchen Sie es noch einmal."))


def closed_until(session: Session, municipality_id: UUID) -> datetime | None:
    """When the till was closed last; what came later belongs to the next day that is closed."""
    return session.scalar(select(func.max(CashDay.closed_at)).where(CashDay.municipality_id == municipality_id))
