"""A bank's statements: files that were imported, and their entries."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape


class BankFile(Identified, Base):
    """A statement that was imported (camt.053 or camt.054), known by the digest of its bytes. Undone, it stays in the
    list, and can be imported anew."""

    __tablename__ = "bank_file"
    __table_args__ = (Index("ix_bank_file_digest", "municipality_id", "digest"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str]
    digest: Mapped[str]
    kind: Mapped[str]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str] = mapped_column(default="")
    faults: Mapped[tuple[str, ...]] = mapped_column(Shape(tuple[str, ...]), default=())


class BankEntry(Identified, Base):
    """One movement on the town's account, or one transaction of a batch. ``cents`` below zero went out; ``place`` is
    where it stands in its file.

    ``key`` is what the bank knows it by, or a digest of what it says: the same one again is the same. ``sealed_iban``
    is the other side's account, needed to give money back. ``state``: "open" (nobody knows what it is), "suggested",
    "matched", "set_aside" (a clerk says that it is none of ours).
    """

    __tablename__ = "bank_entry"
    __table_args__ = (
        UniqueConstraint("municipality_id", "key"),
        CheckConstraint("state IN ('open', 'suggested', 'matched', 'set_aside')", name="state"),
        Index("ix_bank_entry_state", "municipality_id", "state", "booked_on"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    file_id: Mapped[UUID] = mapped_column(ForeignKey("bank_file.id"), index=True)
    place: Mapped[int]
    key: Mapped[str]
    booked_on: Mapped[date]
    value_on: Mapped[date | None]
    cents: Mapped[int]
    is_return: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(default="")
    sealed_iban: Mapped[str] = mapped_column(default="")
    text: Mapped[str] = mapped_column(default="")
    references: Mapped[tuple[str, ...]] = mapped_column("reference", Shape(tuple[str, ...]), default=())
    end_to_end: Mapped[str] = mapped_column(default="")
    return_reason: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="open")
    why: Mapped[str] = mapped_column(default="")
    settled_by: Mapped[str] = mapped_column(default="")

    file: Mapped[BankFile] = relationship()
