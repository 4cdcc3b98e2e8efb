"""What can be booked, when it is open, and how one gets there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Constraint, ForeignKey, LargeBinary, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from buchbar.base.db import Base, Identified, Shape
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.resources.edits import Decides


class Site(Decides, Identified, Base):
    """A place with an address. ``way_minutes`` is the way from the town hall to it."""

    __tablename__ = "site"
    __table_args__ = (CheckConstraint("way_minutes BETWEEN 0 AND 240", name="way"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    name: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    way_minutes: Mapped[int] = mapped_column(default=0)

    @property
    def address(self) -> str:
        return ", ".join(part for part in (self.street, f"{self.postcode} {self.city}".strip()) if part)


class Resource(Decides, Identified, Base):
    """What one booking at a time may hold. ``version`` rises with each change of its claims; caches compare it."""

    __tablename__ = "resource"
    __mapper_args__ = {"polymorphic_on": "kind"}
    __table_args__: tuple[Constraint, ...] = (
        UniqueConstraint("municipality_id", "slug"),
        CheckConstraint("kind <> 'venue' OR slug IS NOT NULL", name="slug"),
    )

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    slug: Mapped[str] = mapped_column(nullable=True)  # the name in addresses, of what has one
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)

    openings: Mapped[list["Opening"]] = relationship(cascade="all, delete-orphan", order_by="Opening.id")
    exceptions: Mapped[list["OpeningException"]] = relationship(cascade="all, delete-orphan")


eligibility = Table(
    "eligibility",
    Base.metadata,
    Column("registrar_id", ForeignKey("registrar.id", ondelete="CASCADE"), primary_key=True),
    Column("venue_id", ForeignKey("venue.id", ondelete="CASCADE"), primary_key=True),
)


class Venue(Resource):
    """Where people marry.

    ``persons`` is how many may be in the room; ``counts_couple`` whether the couple is among them (the registrar
    never is). ``visibility`` is how it can be had: at once, on request (the office always decides), or not online.
    Lengths are minutes: the ceremony, the step between two beginnings, before it and after it.
    """

    __tablename__ = "venue"
    __mapper_args__ = {"polymorphic_identity": "venue"}
    __table_args__ = (
        CheckConstraint("visibility IN ('bookable', 'request', 'information')", name="visibility"),
        CheckConstraint("length_minutes BETWEEN 10 AND 240", name="length"),
        CheckConstraint("step_minutes BETWEEN 5 AND 240", name="step"),
        CheckConstraint("setup_minutes BETWEEN 0 AND 240", name="setup"),
        CheckConstraint("cleaning_minutes BETWEEN 0 AND 240", name="cleaning"),
        CheckConstraint("persons > 0", name="persons"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    visibility: Mapped[str] = mapped_column(default="bookable")
    summary: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    house_rules: Mapped[list[str]] = mapped_column(Shape(list[str]), default=list)
    picture: Mapped[str] = mapped_column(default="rathaus")
    persons: Mapped[int]
    counts_couple: Mapped[bool] = mapped_column(default=True)
    step_free: Mapped[bool] = mapped_column(default=False)
    access_note: Mapped[str] = mapped_column(default="")
    season_note: Mapped[str] = mapped_column(default="")
    length_minutes: Mapped[int] = mapped_column(default=30)
    step_minutes: Mapped[int] = mapped_column(default=45)
    setup_minutes: Mapped[int] = mapped_column(default=0)
    cleaning_minutes: Mapped[int] = mapped_column(default=15)
    owner_name: Mapped[str] = mapped_column(default="")
    owner_email: Mapped[str] = mapped_column(default="")

    site: Mapped[Site] = relationship()
    registrars: Mapped[list["Registrar"]] = relationship(
        secondary=eligibility, back_populates="venues", order_by="Registrar.name"
    )

    pictures: Mapped[list["Picture"]] = relationship(
        primaryjoin="and_(Picture.venue_id == Venue.id, Picture.position.is_not(None))",
        order_by="Picture.position",
        viewonly=True,
    )

    @property
    def guests(self) -> int:
        """How many guests fit beside the couple."""
        return self.persons - 2 if self.counts_couple else self.persons


class Picture(Decides, Identified, Base):
    """A photograph of a venue, as resources/pictures.py has made it anew: JPEG, without metadata, in two sizes.

    ``position`` is its place among the venue's pictures, from 0; None for one that was taken down (``removed_at``) and
    can be put back for a while. ``alt`` says in words what it shows. Width and height are the large one's, in pixels.
    """

    __tablename__ = "picture"

    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venue.id", ondelete="CASCADE"), index=True)
    position: Mapped[int | None]
    alt: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    large: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    small: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    def decides_in(self, session: Session) -> UUID | None:
        return _town_of(session, self.venue_id)


class Registrar(Resource):
    """A registrar (Standesbeamt:in). Openings are duty; ``prepare_minutes`` precede, ``wrap_minutes`` follow."""

    __tablename__ = "registrar"
    __mapper_args__ = {"polymorphic_identity": "registrar"}
    __table_args__ = (
        CheckConstraint("prepare_minutes BETWEEN 0 AND 240", name="prepare"),
        CheckConstraint("wrap_minutes BETWEEN 0 AND 240", name="wrap"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), primary_key=True)
    initials: Mapped[str]
    prepare_minutes: Mapped[int] = mapped_column(default=15)
    wrap_minutes: Mapped[int] = mapped_column(default=10)

    venues: Mapped[list[Venue]] = relationship(secondary=eligibility, back_populates="registrars")


class Opening(Decides, Identified, Base):
    """One weekly rule by which a resource is open (a registrar: on duty), in the municipality's zone."""

    __tablename__ = "opening"

    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), index=True)
    rule: Mapped[WeeklyRule] = mapped_column(Shape(WeeklyRule))

    def decides_in(self, session: Session) -> UUID | None:
        return _town_of(session, self.resource_id)


class OpeningException(Decides, Identified, Base):
    """What holds instead of the rules on one day, and why."""

    __tablename__ = "opening_exception"

    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), index=True)
    exception: Mapped[DayException] = mapped_column(Shape(DayException))
    note: Mapped[str] = mapped_column(default="")

    def decides_in(self, session: Session) -> UUID | None:
        return _town_of(session, self.resource_id)


def _town_of(session: Session, resource_id: UUID | None) -> UUID | None:
    resource = session.get(Resource, resource_id) if resource_id else None
    return resource.municipality_id if resource else None


class Closure(Identified, Base):
    """The town hall takes a resource out of use for a while; its claims keep it free of bookings."""

    __tablename__ = "closure"

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime]

    resource: Mapped[Resource] = relationship()


class Feed(Identified, Base):
    """An iCalendar subscription. Its address is a secret link, and dies with ``revoked_at``.

    It shows one resource, or without ``resource_id`` the whole office. ``details``: "busy" (only that something is),
    "plain" (what, where and how firm it is, no names), "names" (with the people's names). ``with_around``: setting up,
    preparing and ways as events of their own. ``note`` says for whom it is; ``for_owner``: it belongs to the venue's
    owner, who gets it by letter. ``fetched_at`` is when a calendar last asked for it, to the hour.
    """

    __tablename__ = "feed"
    __table_args__ = (CheckConstraint("details IN ('busy', 'plain', 'names')", name="details"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    resource_id: Mapped[UUID | None] = mapped_column(ForeignKey("resource.id", ondelete="CASCADE"), index=True)
    details: Mapped[str] = mapped_column(default="plain")
    with_around: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    for_owner: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    resource: Mapped[Resource | None] = relationship()
