"""Mandates for SEPA direct debits (SEPA Core), and the files that go to the bank: collections and refunds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from buchbar.base.db import Base, Identified


class Mandate(Identified, Base):
    """Somebody lets the town collect what they owe. It holds for all bookings of one proven e-mail address in one town.

    It ends by being revoked, or 36 months after it was used last (SEPA Core Rulebook 4.1). ``iban_end`` are the last
    four signs, for people; the whole number is sealed.
    """

    __tablename__ = "mandate"
    __table_args__ = (
        UniqueConstraint("municipality_id", "reference"),
        CheckConstraint("state IN ('proposed', 'active', 'revoked')", name="state"),
        Index("ix_mandate_email", "municipality_id", "email"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    reference: Mapped[str]
    email: Mapped[str]
    holder: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    sealed_iban: Mapped[str]
    iban_end: Mapped[str]
    bic: Mapped[str] = mapped_column(default="")
    recurring: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(default="proposed")
    signed_on: Mapped[date | None]
    on_paper: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")
    last_used_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(default="")


class SepaOrder(Identified, Base):
    """A file for the bank: a collection (pain.008) or refunds (pain.001). Its content is made from its payments or
    refunds whenever it is fetched; ``message_id`` lets the bank recognise it as one. Withdrawn, nothing of it counts.
    """

    __tablename__ = "sepa_order"
    __table_args__ = (CheckConstraint("kind IN ('collection', 'refunds')", name="kind"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    kind: Mapped[str]
    message_id: Mapped[str] = mapped_column(unique=True)
    execute_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    handed_over_at: Mapped[datetime | None]
    handed_over_by: Mapped[str] = mapped_column(default="")
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")
