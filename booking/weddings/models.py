"""What only a wedding's reservation knows."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base
from buchbar.booking.models import Booking


class Wedding(Base):
    """The couple's few data (no more than the reservation needs).

    ``foreign`` and ``elsewhere`` only decide fees: foreign law applies; the registration is made at another office.
    """

    __tablename__ = "wedding"
    __table_args__ = (CheckConstraint("guests >= 0", name="guests"),)

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), primary_key=True)
    partner_one: Mapped[str]
    partner_two: Mapped[str]
    guests: Mapped[int]
    foreign: Mapped[bool] = mapped_column(default=False)
    elsewhere: Mapped[bool] = mapped_column(default=False)
    remarks: Mapped[str] = mapped_column(default="")

    booking: Mapped[Booking] = relationship(backref="wedding")

    @property
    def names(self) -> str:
        return f"{self.partner_one} & {self.partner_two}"
