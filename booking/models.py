"""Policies, bookings, what happened to them, and the claims that they hold."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, func, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from buchbar.accounts.models import Municipality, Office
from buchbar.base.db import Base, Identified, Shape
from buchbar.base.texts import N_
from buchbar.booking.terms import Terms
from buchbar.resources.edits import Decides
from buchbar.resources.models import Resource

ALIVE = ("held", "submitted", "requested", "payable", "confirmed")
OVER = ("expired", "declined", "cancelled", "released")
ONLINE = "online"
# How a booking came to the town hall, in words.
CHANNELS = {
    ONLINE: N_("online"),
    "telephone": N_("am Telefon"),
    "paper": N_("auf Papier"),
    "counter": N_("am Schalter"),
}
# No claim is longer: a day of 25 hours. Longer closures are one claim a day (booking/closures.py).
LONGEST_CLAIM_HOURS = 25


class Policy(Decides, Identified, Base):
    """A municipality's rules for a journey from a date on. Never changed: an edit is a new row.

    What isn't in force yet can be withdrawn: it counts as if it had never been, and stays in the history.
    """

    __tablename__ = "policy"
    __table_args__ = (UniqueConstraint("municipality_id", "journey", "valid_from", "made_at"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    journey: Mapped[str]
    valid_from: Mapped[date]
    terms: Mapped[Terms] = mapped_column(Shape(Terms))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")


class Booking(Identified, Base):
    """What the citizen has. ``starts_at`` and ``ends_at`` are the event itself, without set-up and cleaning.

    ``parties`` are those who have to agree. ``hold_until`` ends a hold or an unproven reservation by itself;
    ``deadline_at`` is by when somebody has to act (pay, register), else it is released; ``fulfilled_at`` when what the
    deadline waited for has come. ``generation`` takes back secret links; ``sequence`` counts what changed in the
    calendar (RFC 5545 3.8.7.4). ``channel`` is how it came in (``CHANNELS``), ``received_at`` when, if that was before
    it was entered: a letter ranks by the day on which it came. ``user_class`` is for whom it is, where rules and prices
    differ by that ("club", "outside").
    """

    __tablename__ = "booking"
    __table_args__ = (
        CheckConstraint(f"state IN {ALIVE + OVER}", name="state"),
        CheckConstraint("state NOT IN ('held', 'submitted') OR hold_until IS NOT NULL", name="hold"),
        CheckConstraint(f"channel IN {tuple(CHANNELS)}", name="channel"),
        Index("ix_booking_municipality_start", "municipality_id", "starts_at"),
        Index("ix_booking_municipality_state", "municipality_id", "state", "starts_at"),
        Index("ix_booking_resource_start", "resource_id", "starts_at"),
        # Addresses are kept as they were typed, and found however they are.
        Index("ix_booking_email_lower", text("lower(email)")),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    journey: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default="held")
    policy_id: Mapped[UUID] = mapped_column(ForeignKey("policy.id"))
    tariff_id: Mapped[UUID | None] = mapped_column(ForeignKey("tariff.id"))
    channel: Mapped[str] = mapped_column(default=ONLINE)
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    made_at: Mapped[datetime]
    received_at: Mapped[datetime | None]
    parties: Mapped[list[str]] = mapped_column(Shape(list[str]), default=list)
    hold_until: Mapped[datetime | None] = mapped_column(index=True)
    extended: Mapped[bool] = mapped_column(default=False)
    deadline_at: Mapped[datetime | None] = mapped_column(index=True)
    fulfilled_at: Mapped[datetime | None]
    reminded: Mapped[int] = mapped_column(default=0)
    email: Mapped[str] = mapped_column(default="", index=True)
    email_proven_at: Mapped[datetime | None]
    phone: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="de")
    user_class: Mapped[str] = mapped_column(default="")
    generation: Mapped[int] = mapped_column(default=0)
    sequence: Mapped[int] = mapped_column(default=0)
    ended_at: Mapped[datetime | None]
    forgotten_at: Mapped[datetime | None]

    municipality: Mapped[Municipality] = relationship()
    resource: Mapped[Resource] = relationship()
    policy: Mapped[Policy] = relationship()
    claims: Mapped[list["Claim"]] = relationship(viewonly=True)
    events: Mapped[list["BookingEvent"]] = relationship(order_by="BookingEvent.id", viewonly=True)

    @property
    def terms(self) -> Terms:
        """The rules it was made under, as they are for whom it is."""
        return self.policy.terms.of(self.user_class)

    @property
    def office(self) -> Office:
        """Who in the town hall sees to it."""
        return self.municipality.office_for(self.journey)

    @hybrid_property
    def by_office(self) -> bool:
        """Whether the town hall entered it, for people who called, wrote or came."""
        return self.channel != ONLINE

    @hybrid_property
    def ranks_at(self) -> datetime:
        """Since when it waits among the others: since it came in, which may be before it was entered."""
        return self.received_at or self.made_at

    @ranks_at.inplace.expression
    @classmethod
    def _ranks_at(cls) -> ColumnElement[datetime]:
        return func.coalesce(cls.received_at, cls.made_at)

    @property
    def reserved_at(self) -> datetime:
        """Since when it is a reservation, and so from when its deadlines count."""
        return self.made_at if self.by_office else self.email_proven_at or self.made_at

    @property
    def alive(self) -> bool:
        """Whether it still occupies what it claims, as far as the row knows (an expired hold: see ``lapsed``)."""
        return self.state in ALIVE

    def lapsed(self, now: datetime) -> bool:
        """Whether its hold has run out: it is over at that second, whether or not a job has written it down."""
        return self.state in ("held", "submitted") and self.hold_until is not None and self.hold_until <= now


class BookingEvent(Base):
    """What happened to a booking: audit trail, status timeline and the trigger of letters at once."""

    __tablename__ = "booking_event"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    verb: Mapped[str]
    by_kind: Mapped[str]
    by_name: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, str]] = mapped_column(Shape(dict[str, str]), default=dict)


class Claim(Identified, Base):
    """Exclusive use of one resource for a span. A row is a claim; freeing it deletes the row.

    ``expires_at`` ends a hold's claim by itself. Who has to travel to ``site_id`` also needs the way:
    ``leaves_at`` to ``returns_at``. The database keeps claims apart (base/db.py ``keep_apart``, ``keep_reachable``).
    """

    __tablename__ = "claim"
    __table_args__ = (
        CheckConstraint("(booking_id IS NULL) <> (closure_id IS NULL)", name="owner"),
        CheckConstraint(
            "site_id IS NULL OR (leaves_at IS NOT NULL AND returns_at IS NOT NULL AND leaves_at <= starts_at "
            "AND returns_at >= ends_at)",
            name="way",
        ),
        Index("ix_claim_resource_start", "resource_id", "starts_at"),
        Index(
            "ix_claim_expires",
            "expires_at",
            postgresql_where=text("expires_at IS NOT NULL"),
            sqlite_where=text("expires_at IS NOT NULL"),
        ),
    )

    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"))
    leaves_at: Mapped[datetime | None]
    returns_at: Mapped[datetime | None]
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    closure_id: Mapped[UUID | None] = mapped_column(ForeignKey("closure.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime | None]


class FormerClaim(Base):
    """That a reservation was to be at a resource, and isn't any more: cancelled, or moved elsewhere.

    Calendars that have shown it must go on saying so for a while (booking/feeds.py). The span is the event's.
    """

    __tablename__ = "former_claim"
    __table_args__ = (Index("ix_former_claim_resource_freed", "resource_id", "freed_at"),)

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    freed_at: Mapped[datetime]


class Approval(Identified, Base):
    """One party's yes to a request: the office, or the owner of the venue."""

    __tablename__ = "approval"
    __table_args__ = (
        UniqueConstraint("booking_id", "party"),
        CheckConstraint("party IN ('office', 'owner')", name="party"),
    )

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"))
    party: Mapped[str]
    given_at: Mapped[datetime]
    given_by: Mapped[str]
