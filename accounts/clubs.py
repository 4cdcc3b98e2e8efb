"""Organisations that book: clubs, schools, offices, companies, and the people who may book for them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, event, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

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
    ``proof`` is what it says of itself for that (register number, statute). A town has each name once, in any case
    (``name_key``); what was refused doesn't keep its name from others.
    """

    __tablename__ = "organisation"
    __table_args__ = (
        CheckConstraint(f"kind IN {tuple(KINDS)}", name="kind"),
        CheckConstraint(f"state IN {tuple(STATES)}", name="state"),
        CheckConstraint(f"user_class IN {tuple(USER_CLASSES)}", name="user_class"),
        Index("ix_organisation_municipality_state", "municipality_id", "state"),
        Index(
            "uq_organisation_name",
            "municipality_id",
            "name_key",
            unique=True,
            postgresql_where=text("state <> 'refused'"),
            sqlite_where=text("state <> 'refused'"),
        ),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    name: Mapped[str]
    name_key: Mapped[str]
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


class Invitation(Identified, Base):
    """That somebody who has this address (in lower case) may become a member. It is gone once it is accepted."""

    __tablename__ = "invitation"
    __table_args__ = (
        UniqueConstraint("organisation_id", "email"),
        CheckConstraint(f"role IN {tuple(ROLES)}", name="role"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    email: Mapped[str]
    role: Mapped[str] = mapped_column(default="booker")
    made_at: Mapped[datetime]
    made_by: Mapped[str] = mapped_column(default="")
    expires_at: Mapped[datetime]

    organisation: Mapped[Organisation] = relationship()


def key_of(name: str) -> str:
    """A name as it is compared: in any case, with any blanks."""
    return " ".join(name.casefold().split())


@event.listens_for(Organisation, "before_insert")
@event.listens_for(Organisation, "before_update")
def _fold(_mapper: Any, _connection: Any, organisation: Organisation) -> None:
    organisation.name_key = key_of(organisation.name)


def organisations_of(session: Session, town: Municipality, person: Person) -> list[Organisation]:
    """The approved organisations of a town for which the person may book, by name."""
    theirs = (
        select(Organisation)
        .join(Member, Member.organisation_id == Organisation.id)
        .where(
            Organisation.municipality_id == town.id,
            Organisation.state == "approved",
            Member.person_id == person.id,
        )
    )
    return list(session.scalars(theirs.order_by(Organisation.name_key, Organisation.id)))


def belongs(session: Session, organisation_id: UUID, person: Person) -> bool:
    """Whether the person is a member, whatever the office thinks of the organisation."""
    theirs = Member.organisation_id == organisation_id, Member.person_id == person.id
    return session.scalar(select(Member.id).where(*theirs)) is not None


def anybody(session: Session, organisation_id: UUID) -> bool:
    """Whether an organisation has members at all. Who books by telephone may have none."""
    return session.scalar(select(Member.id).where(Member.organisation_id == organisation_id).limit(1)) is not None


def reached_at(session: Session, organisation: Organisation, email: str) -> list[str]:
    """Where to write about something that was begun under an address: there, while it is a member's (or the
    organisation's own); else to those who manage the organisation, who came first before others. Of whom nobody has
    an account, the address that the office knows."""
    rows = session.execute(
        select(Person.email, Member.role)
        .join(Member, Member.person_id == Person.id)
        .where(Member.organisation_id == organisation.id)
        .order_by(Member.added_at, Member.id)
    ).all()
    own = organisation.email.lower()
    if email and (not rows or email.lower() in {own, *(address for address, _role in rows)}):
        return [email]
    return [address for address, role in rows if role == "manager"] or [each for each in (organisation.email,) if each]
