"""Sports halls: their parts, which of them can be had together, when they are open, and the school holidays."""

from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, Constraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.edits import Decides
from buchbar.resources.models import Resource, Site


class HallHours(msgspec.Struct, frozen=True, kw_only=True):
    """When a hall is open, in the municipality's zone.

    ``open``: the weekly opening hours. ``in_holidays``: those in the school holidays, where they differ; None: the
    same. ``school``: what of them belongs to schools alone, on school days. ``cleaning``: when nobody gets in.
    """

    open: tuple[WeeklyRule, ...] = ()
    in_holidays: tuple[WeeklyRule, ...] | None = None
    school: tuple[WeeklyRule, ...] = ()
    cleaning: tuple[WeeklyRule, ...] = ()


class Hall(Resource):
    """A sports hall. Nobody claims it: what is claimed are its parts, and a booking names the hall.

    ``combinations`` are the sets of part numbers that can be had together, each sorted: (1,), (1, 2), (1, 2, 3).
    Side rooms stand in none of them: each can be had alone or in addition. ``visibility`` as of a venue. Bookings
    begin every ``step_minutes`` from the opening on, and after each ``buffer_minutes`` stay free. ``spectators`` is how
    many there is room for.
    """

    __tablename__ = "hall"
    __mapper_args__ = {"polymorphic_identity": "hall"}
    __table_args__: tuple[Constraint, ...] = (
        CheckConstraint("visibility IN ('bookable', 'request', 'information')", name="visibility"),
        CheckConstraint("step_minutes BETWEEN 5 AND 120", name="step"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 60", name="buffer"),
        CheckConstraint("spectators >= 0", name="spectators"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    visibility: Mapped[str] = mapped_column(default="bookable")
    summary: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    house_rules: Mapped[list[str]] = mapped_column(Shape(list[str]), default=list)
    floor: Mapped[str] = mapped_column(default="")
    sports: Mapped[list[str]] = mapped_column(Shape(list[str]), default=list)
    resin: Mapped[bool] = mapped_column(default=False)
    spectators: Mapped[int] = mapped_column(default=0)
    scoreboard: Mapped[bool] = mapped_column(default=False)
    step_free: Mapped[bool] = mapped_column(default=False)
    access_note: Mapped[str] = mapped_column(default="")
    combinations: Mapped[list[tuple[int, ...]]] = mapped_column(Shape(list[tuple[int, ...]]), default=list)
    hours: Mapped[HallHours] = mapped_column(Shape(HallHours), default=HallHours)
    step_minutes: Mapped[int] = mapped_column(default=30)
    buffer_minutes: Mapped[int] = mapped_column(default=0)
    caretaker: Mapped[str] = mapped_column(default="")
    caretaker_phone: Mapped[str] = mapped_column(default="")
    generation: Mapped[int] = mapped_column(default=0)  # takes back the caretaker's secret links

    site: Mapped[Site] = relationship()
    parts: Mapped[list["HallPart"]] = relationship(
        primaryjoin="Hall.id == foreign(HallPart.hall_id)", order_by="HallPart.number", viewonly=True
    )


class HallPart(Resource):
    """What of a hall is claimed: a field between two curtains, or (``side``) a room beside it: foyer, kitchen."""

    __tablename__ = "hall_part"
    __mapper_args__ = {"polymorphic_identity": "part"}
    __table_args__: tuple[Constraint, ...] = (
        UniqueConstraint("hall_id", "number"),
        CheckConstraint("number BETWEEN 1 AND 20", name="number"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    hall_id: Mapped[UUID] = mapped_column(ForeignKey("hall.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    side: Mapped[bool] = mapped_column(default=False)


class SchoolHoliday(Decides, Identified, Base):
    """Days without school in a municipality, both included: those of its Land (``source``), as the clerk has left
    them, and its own."""

    __tablename__ = "school_holiday"
    __table_args__ = (
        CheckConstraint("last >= first", name="order"),
        Index("ix_school_holiday_municipality_first", "municipality_id", "first"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    source: Mapped[str] = mapped_column(default="")

    def decides_in(self, session: Session) -> UUID | None:
        return self.municipality_id
