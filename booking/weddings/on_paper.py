"""What sheets and exports say of weddings: who marries, how many come with them, what the office has to think of."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.texts import N_, _
from buchbar.booking.journeys import OnPaper
from buchbar.booking.weddings.models import Wedding

FLAGS = {"foreign": N_("ausländisches Recht"), "elsewhere": N_("Anmeldung in einem anderen Standesamt")}


def on_paper(session: Session, ids: Collection[UUID]) -> dict[UUID, OnPaper]:
    """The weddings of these bookings, in one query."""
    weddings = session.scalars(select(Wedding).where(Wedding.booking_id.in_(ids)))
    return {
        wedding.booking_id: OnPaper(
            people=(wedding.partner_one, wedding.partner_two),
            guests=wedding.guests,
            flags=tuple(_(words) for name, words in FLAGS.items() if getattr(wedding, name)),
            remarks=wedding.remarks,
        )
        for wedding in weddings
    }
