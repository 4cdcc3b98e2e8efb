"""Organisations that book: clubs, schools, offices, companies, and the people who may book for them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.base.db import Base, Identified
from buchbar.base.texts import N_

KINDS = {
    "club": N_("Verein"),
    "school": N_("Schule"),
    "office": N_("Stelle der Verwaltung"),
    "company": N_("Unternehmen"),
    "other": N_("andere Gruppe"),
}
# For whom prices and rules differ (booking/halls/tariff.py names the same ones).
USER_CLASSES = {
    "school": N_("Schulen"),
    "office": N_("die Verwaltung selbst"),
    "club": N_("Vereine aus dem Ort"),
    "local": N_("andere aus dem Ort"),
    "outside": N_("Auswärtige"),
    "commercial": N_("Gewerbliche"),
}
STATES = {
    "applied": N_("wartet auf Prüfung"),
    "approved": N_("zugelassen"),
    "refused": N_("abgelehnt"),
    "blocked": N_("gesperrt"),
}
ROLES = {"manager": N_("Verwaltung des Vereins"), "booker": N_("darf buchen")}


class Organisation(Identified, Base):
    """Who books as more than one person, as one municipality knows it (``user_class`` is what it is there).

    The office approves it; only then may its members book for it. ``reason`` says why it was refused or blocked.
    ``proof`` is what it says of itself for that (register number, statute).
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint(f"kind IN {tuple(KINDS)}", name="kind"),
        CheckConstraint(f"state IN {tuple(STATES)}", name="state"),
        CheckConstraint(f"user_class IN {tuple(USER_CLASSES)}", name="user_class"),
        Index("ix_organisation_municipality_state", "municipality_id", "state"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="club")
    user_class: Mapped[str] = mapped_column(default="club")
    state: Mapped[str] = mapped_column(default="applied")
    proof: Mapped[str] = mapped_column(default="")
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    made_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")

    municipality: Mapped[Municipality] = relationship()
    members: Mapped[list["Member"]] = relationship(
        back_populates="organisation", cascade="all, delete-orphan", order_by="Member.added_at"
    )


class Member(Identified, Base):
    """Somebody who may book for an organisation ("booker"), or also says who may ("manager")."""

    __tablename__ = "member"
    __table_args__ = (
        UniqueConstraint("organisation_id", "person_id"),
        CheckConstraint(f"role IN {tuple(ROLES)}", name="role"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(default="booker")
    added_at: Mapped[datetime]
    added_by: Mapped[str] = mapped_column(default="")

    organisation: Mapped[Organisation] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()
