"""What the town writes, and what is still to be sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from buchbar.base.db import Base, Identified, Shape

# A letter on paper: what kind of part it is ("p", "heading", "fact", "point"), and its words.
Part = tuple[str, ...]


class Letter(Identified, Base):
    """A letter as it was written. ``calendar`` is its iCalendar part, ``calendar_method`` how it is meant.

    Who has no e-mail address gets it on paper: then ``paper`` holds its parts, nobody mails it, and a clerk prints it
    (``printed_at``, ``printed_by``).

    ``message_id`` is decided when the letter is written, so that a letter which is sent twice by accident is
    recognised as one.
    """

    __tablename__ = "letter"

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    to_address: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    language: Mapped[str] = mapped_column(default="de")
    calendar: Mapped[str | None]
    calendar_method: Mapped[str | None]
    reply_to: Mapped[str] = mapped_column(default="")
    message_id: Mapped[str] = mapped_column(unique=True)
    written_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    paper: Mapped[tuple[Part, ...] | None] = mapped_column(Shape(tuple[Part, ...]))
    printed_at: Mapped[datetime | None]
    printed_by: Mapped[str] = mapped_column(default="")


class Errand(Identified, Base):
    """A row of the outbox: something to do outside, once, after the transaction that wrote it.

    ``kind`` says which worker does it, ``subject_id`` names the row that it is about. A worker takes it for a while
    (``leased_until``); if it dies, the errand is free again after that. ``done_by`` names the clerk who settled what
    no worker could, or had it tried again.
    """

    __tablename__ = "errand"
    __table_args__ = (
        UniqueConstraint("kind", "subject_id"),
        CheckConstraint("state IN ('waiting', 'done', 'failed')", name="state"),
        Index("ix_errand_waiting", "next_at", postgresql_where=text("state = 'waiting'")),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    written_at: Mapped[datetime]
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    done_by: Mapped[str | None]
    fault: Mapped[str] = mapped_column(default="")
