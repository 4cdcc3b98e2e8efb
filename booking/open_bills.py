"""What of a booking's fee notices and invoices is still to be paid, as whoever booked reads it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.booking import charge_papers
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments.open_items import open_items


@dataclass(frozen=True, slots=True)
class OpenBill:
    """A document of which ``cents`` are open, what it is called, and by when it is to be paid at last. ``reminded_on``:
    when somebody was reminded of it last."""

    id: UUID
    title: str
    cents: int
    pay_by: date
    reminded_on: date | None


def open_bills(session: Session, booking: Booking) -> list[OpenBill]:
    """The documents that a citizen may see and has to pay, the longest due first."""
    theirs = {charge.id for charge in charge_papers.for_citizen(session, booking)}
    zone = booking.municipality.zone
    return [
        OpenBill(
            id=item.charge.id,
            title=charge_papers.title(item.charge),
            cents=item.open,
            pay_by=item.pay_by,
            reminded_on=local_date(item.notice.written_at, zone) if item.notice else None,
        )
        for item in open_items(session, booking.municipality_id, zone, [booking.id])
        if item.charge.id in theirs
    ]
