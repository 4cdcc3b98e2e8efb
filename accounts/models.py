"""Who there is: municipalities and their clerks."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape


@dataclass(frozen=True, slots=True)
class Office:
    """Who in a town hall sees to something, and how it is reached."""

    name: str
    phone: str
    email: str


class Municipality(Identified, Base):
    """A tenant: a town, or the county that shows its towns' offers.

    ``land`` is the ISO 3166-2:DE code without "DE-", for public holidays. ``version`` rises whenever something is
    edited that decides what can be booked; caches compare it. ``published`` is whether the portal shows it: a new town
    is set up first. ``audit_months`` is how long it is kept who did and who looked at what at its desk. With
    ``second_factor`` its staff reach the desk only with a code from their telephone, too.

    ``office`` sees to weddings, and to halls as well unless there is a ``sports_office``.

    ``accent`` and ``accent_dark`` ("#2044aa", or empty for KERN's) are its colour on light and on dark ground,
    ``logo_id`` the logo that it shows (accounts/logos.py). What its imprint says: ``responsible``, ``supervision``,
    ``vat_id``, ``imprint``; whom to turn to: ``privacy_contact``, ``access_contact``.
    """

    __tablename__ = "municipality"
    __table_args__ = (
        CheckConstraint("kind IN ('county', 'town')", name="kind"),
        CheckConstraint("audit_months BETWEEN 1 AND 120", name="audit_months"),
    )

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
    published: Mapped[bool] = mapped_column(default=True)
    audit_months: Mapped[int] = mapped_column(default=12)
    second_factor: Mapped[bool] = mapped_column(default=False)
    accent: Mapped[str] = mapped_column(default="")
    accent_dark: Mapped[str] = mapped_column(default="")
    logo_id: Mapped[UUID | None]
    sports_office: Mapped[str] = mapped_column(default="")
    sports_phone: Mapped[str] = mapped_column(default="")
    sports_email: Mapped[str] = mapped_column(default="")
    responsible: Mapped[str] = mapped_column(default="")
    supervision: Mapped[str] = mapped_column(default="")
    vat_id: Mapped[str] = mapped_column(default="")
    imprint: Mapped[str] = mapped_column(default="")
    privacy_contact: Mapped[str] = mapped_column(default="")
    access_contact: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)

    county: Mapped["Municipality | None"] = relationship(remote_side="Municipality.id")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    def office_for(self, journey: str) -> Office:
        """Who sees to a journey; what isn't said of the sports office is the office's."""
        if journey != "halls":
            return Office(self.office, self.phone, self.email)
        return Office(
            self.sports_office or self.office, self.sports_phone or self.phone, self.sports_email or self.email
        )


class Logo(Identified, Base):
    """A municipality's logo as PNG. Kept as long as its settings or their history refer to it."""

    __tablename__ = "logo"

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    content: Mapped[bytes]
    made_at: Mapped[datetime]


class Clerk(Identified, Base):
    """Staff of one municipality. Leaves by becoming inactive, so that history keeps the name."""

    __tablename__ = "clerk"
    __table_args__ = (
        CheckConstraint(
            "role IN ('registrar', 'sports', 'head', 'cashier', 'administrator', 'county', 'auditor')", name="role"
        ),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str] = mapped_column(default="registrar")
    active: Mapped[bool] = mapped_column(default=True)
    last_in_at: Mapped[datetime | None]

    municipality: Mapped[Municipality] = relationship()
    second_factor: Mapped["SecondFactor | None"] = relationship(viewonly=True, uselist=False)

    _seat = None

    @property
    def enrolled(self) -> bool:
        """Whether signing in also takes a code from their telephone."""
        return self.second_factor is not None and self.second_factor.confirmed_at is not None

    @property
    def needs_second_factor(self) -> bool:
        """Whether their own municipality asks for a second factor, or the one at whose desk they sit."""
        return self.municipality.second_factor or self.town.second_factor

    @property
    def must_enrol(self) -> bool:
        """Whether they need a second factor that they haven't set up yet."""
        return self.needs_second_factor and not self.enrolled

    @property
    def town(self) -> Municipality:
        """At whose desk they sit: their own, or, for the county's administration, that of one of its towns."""
        return self._seat or self.municipality

    @property
    def desk(self) -> str:
        """The address of that desk."""
        return f"/{self.town.slug}/amt"

    def sit_down(self, town: Municipality) -> None:
        """Work at another desk for this request."""
        self._seat = town


class SignInCode(Identified, Base):
    """A code that was mailed to a clerk: valid for minutes, for few attempts, once."""

    __tablename__ = "sign_in_code"

    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    code_print: Mapped[str]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """What a clerk's telephone makes codes from (TOTP, RFC 6238). ``sealed_key`` is encrypted (base/sealed.py).

    It counts from ``confirmed_at`` on, when a first code has shown that the telephone has it. ``last_step`` is the
    half minute of the last code that was accepted, so that none is accepted twice.
    """

    __tablename__ = "second_factor"

    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), primary_key=True)
    sealed_key: Mapped[str]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Base):
    """Stands in for the telephone, once; of the code itself only the fingerprint is kept."""

    __tablename__ = "recovery_code"

    code_print: Mapped[str] = mapped_column(primary_key=True)
    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class SecondStep(Identified, Base):
    """The mail's code was right, the telephone's is still to come. Whoever knows the id may type it in: it goes only
    to the browser that typed the first one."""

    __tablename__ = "second_step"

    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class SignIn(Base):
    """A clerk's session. The cookie holds the token, the table its fingerprint; it is made new at each sign-in.

    ``strong``: the second factor was passed as well.
    """

    __tablename__ = "sign_in"

    token_print: Mapped[str] = mapped_column(primary_key=True)
    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id", ondelete="CASCADE"), index=True)
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    strong: Mapped[bool] = mapped_column(default=False)

    clerk: Mapped[Clerk] = relationship()


class AuditEntry(Base):
    """That a clerk did or looked at something at a town's desk. ``words`` is a text of ours, to be translated.

    ``query_print`` tells one search from another by its fingerprint; what was searched for isn't kept.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (
        CheckConstraint("kind IN ('look', 'change')", name="kind"),
        Index("ix_audit_entry_municipality_at", "municipality_id", "at"),
        Index("ix_audit_entry_clerk_at", "clerk_id", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    at: Mapped[datetime]
    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id"))
    clerk_name: Mapped[str]
    kind: Mapped[str]
    words: Mapped[str]
    address: Mapped[str]
    query_print: Mapped[str] = mapped_column(default="")
    booking_id: Mapped[UUID | None] = mapped_column(index=True)


class Revision(Identified, Base):
    """One edit of something that a town sets itself (accounts/revisions.py): what it made of which fields.

    ``values`` are the new ones, ``before`` those that they replace. It holds from ``valid_from`` on: until then it is
    planned (``applied_at`` is empty) and can be withdrawn. ``undoes_id`` is the revision that this one takes back.
    """

    __tablename__ = "revision"
    __table_args__ = (
        Index("ix_revision_subject", "subject", "subject_id", "made_at"),
        Index("ix_revision_waiting", "applied_at", "valid_from"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"))
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    valid_from: Mapped[date]
    values: Mapped[dict[str, Any]] = mapped_column(Shape(dict[str, Any]))
    before: Mapped[dict[str, Any]] = mapped_column(Shape(dict[str, Any]))
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    applied_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(default="")
    undoes_id: Mapped[UUID | None] = mapped_column(ForeignKey("revision.id"))
