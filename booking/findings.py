"""What doesn't add up in a town's books, as the cashier's desk shows it: a sentence, and a link to where to look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.base.texts import _
from buchbar.booking.models import Booking
from buchbar.payments import checks


@dataclass(frozen=True, slots=True)
class Shown:
    """A sentence; and where to look, if that is one booking: its address and how the link is called."""

    words: str
    address: str = ""
    title: str = ""


def shown(session: Session, clerk: Clerk, now: datetime) -> list[Shown]:
    """All that doesn't add up."""
    found = checks.findings(session, clerk.town, now)
    about = {each.booking_id for each in found if each.booking_id}
    named = session.execute(select(Booking.id, Booking.number).where(Booking.id.in_(about)))
    numbers = {each.id: each.number for each in named}
    return [
        Shown(each.words, f"{clerk.desk}/buchung/{each.booking_id}", _("Buchung %s ansehen") % number)
        if each.booking_id and (number := numbers.get(each.booking_id))
        else Shown(each.words)
        for each in found
    ]
