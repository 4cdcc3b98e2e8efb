"""Who there is: municipalities and their clerks."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified


class Municipality(Identified, Base):
    """A tenant: a town, or the county that shows its towns' offers.

    ``land`` is the ISO 3166-2:DE code without "DE-", for public holidays. ``version`` rises whenever something is
    edited that decides what can be booked; caches compare it.
    """

    __tablename__ = "municipality"
    __table_args__ = (CheckConstraint("kind IN ('county', 'town')", name="kind"),)

    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="town")
    county_id: Mapped[UUID | None] = mapped_column(ForeignKey("municipality.id"))
    land: Mapped[str]
    zone_name: Mapped[str] = mapped_column(default="Europe/Berlin")
    office: Mapped[str] = mapped_column(default="Standesamt")
    street: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    greeting: Mapped[str] = mapped_column(default="")
    demonstration: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    county: Mapped["Municipality | None"] = relationship(remote_side="Municipality.id")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)


class Clerk(Identified, Base):
    """Staff of one municipality. Leaves by becoming inactive, so that history keeps the name."""

    __tablename__ = "clerk"
    __table_args__ = (CheckConstraint("role IN ('registrar', 'head', 'administrator', 'auditor')", name="role"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(default="registrar")
    active: Mapped[bool] = mapped_column(default=True)

    municipality: Mapped[Municipality] = relationship()


class SignInCode(Identified, Base):
    """A code that was mailed to a clerk: valid for minutes, for few attempts, once."""

    __tablename__ = "sign_in_code"

    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    code_print: Mapped[str]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """A clerk's session. The cookie holds the token, the table its fingerprint; it is made new at each sign-in."""

    __tablename__ = "sign_in"

    token_print: Mapped[str] = mapped_column(primary_key=True)
    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    clerk: Mapped[Clerk] = relationship()
