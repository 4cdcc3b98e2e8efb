"""What halls know of a booking beyond the kernel, series of them, who wants to hear of free dates, and the season's
rounds."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.accounts.clubs import Organisation
from buchbar.base.db import Base, Identified, Shape
from buchbar.base.texts import N_
from buchbar.booking.alike import folded
from buchbar.booking.models import Booking
from buchbar.calendar.repeats import Repeat
from buchbar.resources.halls import Hall

JOURNEY = "halls"
ROUND_STATES = {
    "draft": N_("in Vorbereitung"),
    "open": N_("nimmt Wünsche an"),
    "closed": N_("Wünsche abgeschlossen"),
    "rehearsed": N_("Vorschlag liegt vor"),
    "released": N_("vergeben"),
}


class Series(Identified, Base):
    """Dates that were booked together, each a booking of its own; the rule is how they were made. ``generation`` takes
    back its secret links. ``allotment_id``: what of a season plan it comes from."""

    __tablename__ = "hall_series"

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    hall_id: Mapped[UUID] = mapped_column(ForeignKey("hall.id"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    number: Mapped[str] = mapped_column(unique=True)
    repeat: Mapped[Repeat] = mapped_column(Shape(Repeat))
    email: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")
    generation: Mapped[int] = mapped_column(default=0)
    allotment_id: Mapped[UUID | None] = mapped_column(ForeignKey("hall_allotment.id"), index=True)

    hall: Mapped[Hall] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


class HallUse(Base):
    """What a hall's booking is for, and whose: no more than the booking needs.

    ``parts`` are the part numbers that it claims. ``organiser`` is the name it is under (the organisation's, or the
    person's), ``contact`` who answers for it, ``coach`` who is in the hall. ``conditions`` are the office's, said with
    its yes. ``missed_at``: nobody came, as the door or the caretaker has told; ``present_at``: somebody did.
    """

    __tablename__ = "hall_use"
    __table_args__ = (CheckConstraint("persons >= 0", name="persons"),)

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("hall_series.id"), index=True)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    parts: Mapped[list[int]] = mapped_column(Shape(list[int]), default=list)
    organiser: Mapped[str] = mapped_column(default="")
    contact: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    sport: Mapped[str] = mapped_column(default="")
    purpose: Mapped[str] = mapped_column(default="training")
    age_group: Mapped[str] = mapped_column(default="adults")
    traits: Mapped[list[str]] = mapped_column(Shape(list[str]), default=list)
    persons: Mapped[int] = mapped_column(default=0)
    coach: Mapped[str] = mapped_column(default="")
    coach_phone: Mapped[str] = mapped_column(default="")
    remarks: Mapped[str] = mapped_column(default="")
    conditions: Mapped[str] = mapped_column(default="")
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    sought: Mapped[str] = mapped_column(default="")
    missed_at: Mapped[datetime | None]
    present_at: Mapped[datetime | None]
    given_back_at: Mapped[datetime | None]

    booking: Mapped[Booking] = relationship(backref="hall_use")
    series: Mapped[Series | None] = relationship()
    organisation: Mapped[Organisation | None] = relationship()


@event.listens_for(HallUse, "before_insert")
@event.listens_for(HallUse, "before_update")
def _fold(_mapper: Any, _connection: Any, use: HallUse) -> None:
    use.sought = folded(f"{use.organiser} {use.contact} {use.title}")


class HallWatch(Identified, Base):
    """An address that wants to hear when a date of a hall becomes free again; ``weekdays`` (0 is Monday), empty: all.
    It hears nothing before ``proven_at``."""

    __tablename__ = "hall_watch"
    __table_args__ = (UniqueConstraint("hall_id", "email"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    hall_id: Mapped[UUID] = mapped_column(ForeignKey("hall.id", ondelete="CASCADE"))
    email: Mapped[str]
    weekdays: Mapped[list[int]] = mapped_column(Shape(list[int]), default=list)
    language: Mapped[str] = mapped_column(default="de")
    made_at: Mapped[datetime]
    proven_at: Mapped[datetime | None]
    ends_on: Mapped[date]


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """One of a round's ordered criteria: ``kind`` says what is compared (booking/halls/season_criteria.py), ``order``
    the classes in the town's order where it compares classes, ``number`` a threshold where it needs one."""

    kind: str
    order: tuple[str, ...] = ()
    number: int = 0


class Round(Identified, Base):
    """A season's plan: wishes until a cut-off count as equal, then they are allocated by the town's ordered criteria,
    lots between equals. ``seed`` is sealed until the release, ``seed_print`` is published before."""

    __tablename__ = "hall_round"
    __table_args__ = (CheckConstraint(f"state IN {tuple(ROUND_STATES)}", name="state"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    name: Mapped[str]
    first: Mapped[date]
    last: Mapped[date]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    without_holidays: Mapped[bool] = mapped_column(default=True)
    criteria: Mapped[list[Criterion]] = mapped_column(Shape(list[Criterion]), default=list)
    note: Mapped[str] = mapped_column(default="")
    seed: Mapped[str]
    seed_print: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    rehearsed_at: Mapped[datetime | None]
    rehearsed_by: Mapped[str] = mapped_column(default="")
    worked_on_by: Mapped[UUID | None]  # the clerk whose hand was the last on the plan: somebody else releases it
    released_at: Mapped[datetime | None]
    released_by: Mapped[str] = mapped_column(default="")


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """One way to fulfil a wish, the best first: a weekday, a beginning on the wall, a hall (None: any that fits)."""

    weekday: int
    from_minute: int
    hall_id: UUID | None = None


class SeasonWish(Identified, Base):
    """A weekly wish of an organisation: how long, how big, for whom, and its alternatives in order. ``rank`` is its
    importance among the organisation's own wishes, 1 the first."""

    __tablename__ = "hall_season_wish"
    __table_args__ = (
        CheckConstraint("minutes BETWEEN 15 AND 720", name="minutes"),
        CheckConstraint("parts_wanted BETWEEN 1 AND 20", name="parts_wanted"),
        Index("ix_hall_season_wish_round_organisation", "round_id", "organisation_id"),
    )

    round_id: Mapped[UUID] = mapped_column(ForeignKey("hall_round.id", ondelete="CASCADE"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    rank: Mapped[int] = mapped_column(default=1)
    title: Mapped[str]
    sport: Mapped[str] = mapped_column(default="")
    age_group: Mapped[str] = mapped_column(default="adults")
    purpose: Mapped[str] = mapped_column(default="training")
    persons: Mapped[int] = mapped_column(default=0)
    minutes: Mapped[int]
    parts_wanted: Mapped[int] = mapped_column(default=1)
    step_free: Mapped[bool] = mapped_column(default=False)
    alternatives: Mapped[list[Alternative]] = mapped_column(Shape(list[Alternative]), default=list)
    remarks: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")  # the clerk who entered it from paper
    withdrawn_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()


class Allotment(Identified, Base):
    """What a wish has got in a round (``hall_id`` None: nothing) and why: ``reason`` is a sentence for the club.

    ``by_hand``: a clerk has put it so, for ``note``. ``settled_at``: when, after the release, it has become bookings as
    far as it could; ``left_out``: days on which it couldn't."""

    __tablename__ = "hall_allotment"
    __table_args__ = (UniqueConstraint("round_id", "wish_id"),)

    round_id: Mapped[UUID] = mapped_column(ForeignKey("hall_round.id", ondelete="CASCADE"))
    wish_id: Mapped[UUID] = mapped_column(ForeignKey("hall_season_wish.id", ondelete="CASCADE"), index=True)
    hall_id: Mapped[UUID | None] = mapped_column(ForeignKey("hall.id"), index=True)
    parts: Mapped[list[int]] = mapped_column(Shape(list[int]), default=list)
    weekday: Mapped[int] = mapped_column(default=0)
    from_minute: Mapped[int] = mapped_column(default=0)
    until_minute: Mapped[int] = mapped_column(default=0)
    by_hand: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    changed_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    left_out: Mapped[list[date]] = mapped_column(Shape(list[date]), default=list)
    settled_at: Mapped[datetime | None]
    order_number: Mapped[int] = mapped_column(default=0)  # its place in the order in which wishes were looked at

    wish: Mapped[SeasonWish] = relationship()
    hall: Mapped[Hall | None] = relationship()
