"""Until when what is open can be claimed: so long a town needs to know who owes it, and how to write to them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from buchbar.payments.open_items import open_items

# So many years after the end of the year in which it was due: fees by notice (Section 228 AO, which the states' laws on
# local charges apply), and all else (Sections 195 and 199 BGB).
YEARS_BY_NOTICE = 5
YEARS = 3


def claimable(session: Session, municipality_id: UUID, zone: ZoneInfo, ids: Sequence[UUID]) -> dict[UUID, date]:
    """The last day on which something of a booking can be claimed; none for a booking of which nothing is open. In a
    number of queries that grows only with every thousand bookings."""
    last: dict[UUID, date] = {}
    for item in open_items(session, municipality_id, zone, ids):
        years = YEARS_BY_NOTICE if item.charge.document == "notice" else YEARS
        until = date(item.due_on.year + years, 12, 31)
        last[item.charge.booking_id] = max(last.get(item.charge.booking_id, until), until)
    return last
