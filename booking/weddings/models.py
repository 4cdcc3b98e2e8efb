"""What only a wedding's reservation knows."""

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, event
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base
from buchbar.booking.alike import folded
from buchbar.booking.models import Booking


class Wedding(Base):
    """The couple's few data (no more than the reservation needs).

    ``foreign`` and ``elsewhere`` only decide fees: foreign law applies; the registration is made at another office.
    ``sought`` is the names as searches compare them (booking/alike.py); it follows them by itself.
    ``street`` and ``city`` (with the postcode) are for letters on paper, where there is no e-mail address.
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
    sought: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")

    booking: Mapped[Booking] = relationship(backref="wedding")

    @property
    def names(self) -> str:
        return f"{self.partner_one} & {self.partner_two}"


@event.listens_for(Wedding, "before_insert")
@event.listens_for(Wedding, "before_update")
def _fold(_mapper: Any, _connection: Any, wedding: Wedding) -> None:
    wedding.sought = folded(wedding.names)
