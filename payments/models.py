"""What things cost, what is owed, what was paid, what goes back. Amounts are integer cents.

A booking's account only grows: charges (also negative ones, when something is forgiven), payments, refunds.
What is open is always their sum (payments/ledger.py).
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape
from buchbar.calendar.rules import WeeklyRule
from buchbar.payments.reference import grouped
from buchbar.resources.edits import Decides


class Tariff(Decides, Identified, Base):
    """A journey's prices from a date on. Never changed: an edit is a new row.

    What isn't in force yet can be withdrawn: it counts as if it had never been, and stays in the history. Outside
    ``office_hours``, as wall-clock rules, some positions cost more.
    """

    __tablename__ = "tariff"
    __table_args__ = (UniqueConstraint("municipality_id", "journey", "valid_from", "made_at"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    journey: Mapped[str]
    valid_from: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    office_hours: Mapped[tuple[WeeklyRule, ...]] = mapped_column(Shape(tuple[WeeklyRule, ...]), default=())
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")

    items: Mapped[list["TariffItem"]] = relationship(cascade="all, delete-orphan", order_by="TariffItem.position")


class TariffItem(Identified, Base):
    """One price. ``code`` says when it is due (see the journey's fees), ``resource_id`` for which resource only.

    ``vat`` is a key: "hoheitlich" (a public fee, no VAT), "frei" (exempt), "7" or "19" (per cent, included).
    """

    __tablename__ = "tariff_item"
    __table_args__ = (
        CheckConstraint("cents >= 0", name="cents"),
        CheckConstraint("vat IN ('hoheitlich', 'frei', '0', '7', '19')", name="vat"),
    )

    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariff.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    code: Mapped[str]
    label: Mapped[str]
    cents: Mapped[int]
    vat: Mapped[str] = mapped_column(default="hoheitlich")
    resource_id: Mapped[UUID | None] = mapped_column(ForeignKey("resource.id"))


class Charge(Identified, Base):
    """What is owed for a booking, or forgiven (negative items). ``reference`` is its Kassenzeichen (reference.py)."""

    __tablename__ = "charge"

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    charged_at: Mapped[datetime]

    items: Mapped[list["ChargeItem"]] = relationship(
        cascade="all, delete-orphan", order_by="ChargeItem.position", lazy="selectin"
    )

    @property
    def cents(self) -> int:
        return sum(item.cents for item in self.items)

    @property
    def readable(self) -> str:
        """The Kassenzeichen in groups of four."""
        return grouped(self.reference)


class ChargeItem(Identified, Base):
    __tablename__ = "charge_item"

    charge_id: Mapped[UUID] = mapped_column(ForeignKey("charge.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    code: Mapped[str]
    label: Mapped[str]
    cents: Mapped[int]
    vat: Mapped[str]


class Payment(Identified, Base):
    """One attempt to pay. ``started`` until the provider says otherwise; the provider's ids find it again.

    ``intent_id`` of a started one says that the bank has it. ``ask_at`` is when we ask if no message has come.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents"),
        CheckConstraint("state IN ('started', 'paid', 'failed', 'expired')", name="state"),
        Index(
            "ix_payment_started",
            "ask_at",
            postgresql_where=text("state = 'started'"),
            sqlite_where=text("state = 'started'"),
        ),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    cents: Mapped[int]
    state: Mapped[str] = mapped_column(default="started")
    provider: Mapped[str] = mapped_column(default="stripe")
    checkout_id: Mapped[str | None] = mapped_column(unique=True)
    checkout_url: Mapped[str | None]
    intent_id: Mapped[str | None] = mapped_column(index=True)
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    ask_at: Mapped[datetime | None]


class Refund(Identified, Base):
    """Money that goes back the way it came. ``wanted`` until the provider has taken it over; ``failed`` when it didn't
    arrive: it is owed all the same, and goes another way by a clerk's hand (refunds.by_hand)."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents"),
        CheckConstraint("state IN ('wanted', 'done', 'failed')", name="state"),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    cents: Mapped[int]
    state: Mapped[str] = mapped_column(default="wanted")
    reason: Mapped[str]
    refund_id: Mapped[str | None] = mapped_column(unique=True)
    wanted_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    payment: Mapped[Payment] = relationship()


class ProviderEvent(Base):
    """A message from the payment provider, stored once by its id before it is worked off.

    Only what settling needs is kept of it, no names and addresses. ``payment_id`` is the payment of ours that it
    speaks of, once that is known.
    """

    __tablename__ = "provider_event"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    errand_id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    object_id: Mapped[str]
    payment_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"), index=True)
    body: Mapped[str]
    received_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
