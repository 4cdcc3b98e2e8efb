"""What things cost, what is owed, what was paid, what goes back. Amounts are integer cents.

A booking's account only grows: charges (also negative ones, when something is forgiven), payments, refunds.
What is open is always their sum (payments/ledger.py).
"""

from datetime import date, datetime
from uuid import UUID

import msgspec
from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
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


class Conditions(msgspec.Struct, frozen=True, omit_defaults=True):
    """For whom and when a position holds; what is empty holds for all.

    ``hours`` are wall-clock rules (weekdays, time band, season); ``traits`` what must be true of the case
    ("social_card", "second_child"); ``parts`` the least and the most parts of a hall, each inclusive. Hours close on
    public holidays as an office does; with ``holidays`` such a day counts as one of their weekdays, and without hours
    the position holds only then.
    """

    user_classes: tuple[str, ...] = ()
    age_groups: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    parts: tuple[int, int] | None = None
    hours: tuple[WeeklyRule, ...] = ()
    holidays: bool = False


class VatChange(msgspec.Struct, frozen=True):
    """From this day on (of the event, not of the bill), another VAT key holds."""

    valid_from: date
    vat: str


class TariffItem(Identified, Base):
    """One price, or what raises, lowers or bounds the sum. ``code`` says when it is due (see the journey's fees),
    ``resource_id`` for which resource only, ``conditions`` for whom and when.

    ``kind``: "price" (``cents`` per ``unit``, and ``per_part`` for each part of a hall), "surcharge" and "reduction"
    (``percent`` of the prices before it, or ``cents``), "minimum" and "maximum" (of the sum, in cents). Of the prices
    with one code the first that fits holds (but see pricing.py). Units that are begun count whole.

    ``vat`` is a key: "hoheitlich" (a public fee, no VAT), "frei" (exempt), "0", "7" or "19" (per cent, included);
    ``vat_changes`` say from when another one holds.
    """

    __tablename__ = "tariff_item"
    __table_args__ = (
        CheckConstraint("cents >= 0", name="cents"),
        CheckConstraint("vat IN ('hoheitlich', 'frei', '0', '7', '19')", name="vat"),
        CheckConstraint("kind IN ('price', 'surcharge', 'reduction', 'minimum', 'maximum')", name="kind"),
        CheckConstraint("unit IN ('booking', 'hour', 'half_hour', 'day', 'person')", name="unit"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )

    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariff.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    code: Mapped[str]
    label: Mapped[str]
    cents: Mapped[int]
    vat: Mapped[str] = mapped_column(default="hoheitlich")
    kind: Mapped[str] = mapped_column(default="price", server_default="price")
    unit: Mapped[str] = mapped_column(default="booking", server_default="booking")
    per_part: Mapped[bool] = mapped_column(default=False, server_default=false())
    percent: Mapped[int] = mapped_column(default=0, server_default="0")
    conditions: Mapped[Conditions] = mapped_column(Shape(Conditions), default=Conditions(), server_default="{}")
    vat_changes: Mapped[tuple[VatChange, ...]] = mapped_column(
        Shape(tuple[VatChange, ...]), default=(), server_default="[]"
    )
    resource_id: Mapped[UUID | None] = mapped_column(ForeignKey("resource.id"))


class Charge(Identified, Base):
    """What is owed for a booking, or forgiven (negative items: a credit note, ``corrects_id`` is what it corrects).

    ``reference`` is its creditor reference (ISO 11649, reference.py), ``kassenzeichen`` the town's own sign for it,
    where the town has such signs. ``year`` and ``serial`` number a town's documents without gaps; they come right
    after the transaction, where ``numbered`` says that the town wanted it. ``document`` is what the citizen gets:
    "notice" (a fee notice), "invoice" (of private law) or "receipt". ``debtor`` are the lines of the debtor's address
    as the document has them, kept until the books' own date. ``stopped_until`` ends a stop of dunning.
    """

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("municipality_id", "year", "serial"),
        UniqueConstraint("municipality_id", "kassenzeichen"),
        CheckConstraint("document IN ('notice', 'invoice', 'receipt')", name="document"),
        CheckConstraint("(year IS NULL) = (serial IS NULL)", name="numbered"),
        Index("ix_charge_municipality_due", "municipality_id", "due_on"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    kind: Mapped[str]
    reference: Mapped[str] = mapped_column(unique=True)
    charged_at: Mapped[datetime]
    kassenzeichen: Mapped[str | None]
    numbered: Mapped[bool] = mapped_column(default=False, server_default=false())
    year: Mapped[int | None]
    serial: Mapped[int | None]
    number: Mapped[str] = mapped_column(default="", server_default="")
    document: Mapped[str] = mapped_column(default="notice", server_default="notice")
    due_on: Mapped[date | None]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("charge.id"))
    debtor: Mapped[tuple[str, ...]] = mapped_column(Shape(tuple[str, ...]), default=(), server_default="[]")
    stopped_until: Mapped[date | None]
    stopped_by: Mapped[str] = mapped_column(default="", server_default="")
    stop_reason: Mapped[str] = mapped_column(default="", server_default="")

    items: Mapped[list["ChargeItem"]] = relationship(
        cascade="all, delete-orphan", order_by="ChargeItem.position", lazy="selectin"
    )

    @property
    def cents(self) -> int:
        return sum(item.cents for item in self.items)

    @property
    def sign(self) -> str:
        """Its Kassenzeichen, by which people name it: the town's own sign, or else its reference, in groups of four."""
        return self.kassenzeichen or self.readable

    @property
    def readable(self) -> str:
        """Its reference in groups of four."""
        return grouped(self.reference)


class ChargeItem(Identified, Base):
    __tablename__ = "charge_item"

    charge_id: Mapped[UUID] = mapped_column(ForeignKey("charge.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    code: Mapped[str]
    label: Mapped[str]
    cents: Mapped[int]
    vat: Mapped[str]
    note: Mapped[str] = mapped_column(default="", server_default="")


PROVIDERS = ("stripe", "transfer", "debit", "cash", "terminal")


class Payment(Identified, Base):
    """One attempt to pay. ``started`` until the provider says otherwise; the provider's ids find it again.

    ``intent_id`` of a started one says that the bank has it. ``ask_at`` is when we ask if no message has come.
    Where several bookings are paid at once, each has a payment of its own; ``together_id`` of the others names the one
    that bears the provider's ids. ``entry_id`` is the entry of a bank's statement with which the money came,
    ``order_id`` the file with which it was collected, ``mandate_id`` by which right. ``taken_by`` is the clerk at the
    counter, ``receipt`` the number of the receipt that was given there.
    """

    __tablename__ = "payment"
    __table_args__ = (
        CheckConstraint("cents > 0", name="cents"),
        CheckConstraint("state IN ('started', 'paid', 'failed', 'expired')", name="state"),
        CheckConstraint(f"provider IN {PROVIDERS}", name="provider"),
        UniqueConstraint("municipality_id", "receipt"),
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
    together_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment.id"), index=True)
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_entry.id"), index=True)
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("sepa_order.id"), index=True)
    mandate_id: Mapped[UUID | None] = mapped_column(ForeignKey("mandate.id"), index=True)
    taken_by: Mapped[str] = mapped_column(default="", server_default="")
    receipt: Mapped[str | None]


class Reversal(Identified, Base):
    """A payment that was taken from us again: returned by the bank, disputed, or booked by mistake. ``cents`` below
    zero is such money that came back (a dispute that was won). ``key`` is what it is known by outside, so that it is
    booked once."""

    __tablename__ = "reversal"
    __table_args__ = (
        CheckConstraint("cents <> 0", name="cents"),
        CheckConstraint("kind IN ('returned', 'disputed', 'undone')", name="kind"),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"), index=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    entry_id: Mapped[UUID | None] = mapped_column(ForeignKey("bank_entry.id"), index=True)
    kind: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)
    cents: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(default="")

    payment: Mapped[Payment] = relationship()


class Refund(Identified, Base):
    """Money that goes back the way it came. ``wanted`` until the provider has taken it over; ``failed`` when it can't
    be sent so: it is owed all the same, and goes another way by a clerk's hand (refunds.by_hand). ``order_id`` is the
    file with which the bank was told, ``to_name`` and ``sealed_iban`` the account in it (payouts.py), ``paid_out_by``
    the clerk who gave it back at the counter.

    What has gone stays ``done``. If it comes back, that is a row with its cents below zero, and what goes in its place
    is a third (refunds.back): ``follows_id`` names the row before."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("cents > 0 OR (cents < 0 AND state = 'done' AND follows_id IS NOT NULL)", name="cents"),
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
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("sepa_order.id"), index=True)
    to_name: Mapped[str] = mapped_column(default="", server_default="")
    sealed_iban: Mapped[str] = mapped_column(default="", server_default="")
    paid_out_by: Mapped[str] = mapped_column(default="", server_default="")
    follows_id: Mapped[UUID | None] = mapped_column(ForeignKey("refund.id"), unique=True)

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
