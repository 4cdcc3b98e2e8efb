"""Doors, the codes that open them, what each lock should know, and what it has told us.

A code belongs to a booking or to a whole series. A window says when a booking needs a door. What a lock should know
(``Entry``) follows from the windows; a job brings it there (doors/reconciler.py).
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape
from buchbar.base.texts import N_

ADAPTERS = ("simulator", "webhook", "nuki")
ENTRY_STATES = {
    "planned": N_("vorgesehen"),
    "sent": N_("an das Schloss gesendet"),
    "confirmed": N_("vom Schloss bestätigt"),
    "active": N_("gilt gerade"),
    "removing": N_("wird entfernt"),
    "removed": N_("entfernt"),
    "failed": N_("fehlgeschlagen"),
}
EVENT_KINDS = ("opened", "refused", "low_battery", "unreachable")
EVENT_WORDS = {
    "opened": N_("geöffnet"),
    "refused": N_("Code abgelehnt"),
    "low_battery": N_("Batterie schwach"),
    "unreachable": N_("nicht erreichbar"),
}


class Door(Identified, Base):
    """A door with a lock. Every booking of its hall needs it, or, with ``parts``, those of these part numbers.

    A code opens it from ``run_in_minutes`` before a booking until ``run_out_minutes`` after it. ``settings`` are the
    adapter's own, sealed (base/sealed.py): tokens, addresses. ``phone`` is whom to call when it doesn't open.

    With ``keeps_time`` its lock knows itself from when until when a code is good; else we set each when it begins, and
    clear it when it ends. ``heard_at``: when its lock was last heard of, ``polled_at`` when it was last asked for news.
    A clerk may want to know at once whether it answers (``asked_at``); a job asks, and writes down what came of it
    (``answer``, "" for all well).
    """

    __tablename__ = "door"
    __table_args__ = (
        CheckConstraint(f"adapter IN {ADAPTERS}", name="adapter"),
        CheckConstraint("run_in_minutes BETWEEN 0 AND 120", name="run_in"),
        CheckConstraint("run_out_minutes BETWEEN 0 AND 120", name="run_out"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    hall_id: Mapped[UUID] = mapped_column(ForeignKey("hall.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    position: Mapped[int] = mapped_column(default=0)
    parts: Mapped[list[int]] = mapped_column(Shape(list[int]), default=list)
    run_in_minutes: Mapped[int] = mapped_column(default=15)
    run_out_minutes: Mapped[int] = mapped_column(default=30)
    adapter: Mapped[str] = mapped_column(default="simulator")
    settings: Mapped[str] = mapped_column(default="")
    keeps_time: Mapped[bool] = mapped_column(default=True)
    phone: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    low_battery_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    polled_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(default="")


class Code(Identified, Base):
    """The digits of one booking or one series, sealed. Revoked ones stay until their locks have forgotten them.

    ``written_at``: when its owner was written that these digits can be seen. ``renewed_at``: when they were last
    replaced because a lock would never have taken the former.
    """

    __tablename__ = "door_code"
    __table_args__ = (CheckConstraint("(booking_id IS NULL) <> (series_id IS NULL)", name="owner"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id"), unique=True)
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("hall_series.id"), unique=True)
    sealed: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    written_at: Mapped[datetime | None]
    renewed_at: Mapped[datetime | None]


class Window(Base):
    """When a booking needs a door, its run-in and run-out included."""

    __tablename__ = "door_window"
    __table_args__ = (Index("ix_door_window_door_start", "door_id", "starts_at"),)

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    door_id: Mapped[UUID] = mapped_column(ForeignKey("door.id", ondelete="CASCADE"), primary_key=True)
    code_id: Mapped[UUID] = mapped_column(ForeignKey("door_code.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class Entry(Identified, Base):
    """What a lock should know of a code: from when until when (``starts_at`` to ``ends_at``, its next window), and how
    far that has come. Its id is ours at the lock, too: sending twice does it once.

    ``digits_print`` keeps live codes of one door different. ``told_from`` and ``told_until`` are what the lock was last
    told, from the moment before it is told: as long as they stand, it may have the code, whatever became of the answer.
    ``put_at``: when it was last told to know the code, which may be on its way there since. ``tries`` counts since the
    wish last changed (``changed_at``); ``next_at`` is when the job has something to do here. Whoever speaks to the lock
    about it has it until ``leased_until``, whatever is wanted in the meantime. ``alarmed_at``: the office was told that
    it isn't there in time.
    """

    __tablename__ = "door_entry"
    __table_args__ = (
        UniqueConstraint("door_id", "code_id"),
        CheckConstraint(f"state IN {tuple(ENTRY_STATES)}", name="state"),
        Index(
            "uq_door_entry_digits",
            "door_id",
            "digits_print",
            unique=True,
            postgresql_where=text("state <> 'removed'"),
            sqlite_where=text("state <> 'removed'"),
        ),
        Index("ix_door_entry_next", "next_at"),
    )

    door_id: Mapped[UUID] = mapped_column(ForeignKey("door.id", ondelete="CASCADE"))
    code_id: Mapped[UUID] = mapped_column(ForeignKey("door_code.id"), index=True)
    digits_print: Mapped[str]
    state: Mapped[str] = mapped_column(default="planned")
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    told_from: Mapped[datetime | None]
    told_until: Mapped[datetime | None]
    put_at: Mapped[datetime | None]
    remote_id: Mapped[str] = mapped_column(default="")
    tries: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    leased_until: Mapped[datetime | None]
    fault: Mapped[str] = mapped_column(default="")
    alarmed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]

    door: Mapped[Door] = relationship()
    code: Mapped[Code] = relationship()


class DoorEvent(Identified, Base):
    """What a lock has told: opened, refused, low battery. ``remote_id`` is the lock's own number of it, so that none is
    kept twice."""

    __tablename__ = "door_event"
    __table_args__ = (
        UniqueConstraint("door_id", "remote_id"),
        CheckConstraint(f"kind IN {EVENT_KINDS}", name="kind"),
        Index("ix_door_event_door_at", "door_id", "at"),
    )

    door_id: Mapped[UUID] = mapped_column(ForeignKey("door.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    kind: Mapped[str]
    remote_id: Mapped[str]
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id", ondelete="SET NULL"), index=True)
    note: Mapped[str] = mapped_column(default="")


class SimulatedKey(Base):
    """What the simulated lock of a door has stored: the stand-in's own memory, as a real lock's would be elsewhere."""

    __tablename__ = "simulated_key"

    door_id: Mapped[UUID] = mapped_column(ForeignKey("door.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
