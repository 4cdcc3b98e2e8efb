"""The documents of charges as PDF: for whom the booking is, by its secret link, and for clerks.

Whoever opens one before the job has numbered it lets it be numbered on the way: nobody gets a notice without a number.
"""

from datetime import datetime
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import ACCOUNT
from buchbar.base import texts
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_
from buchbar.base.web import asking, get
from buchbar.booking import charge_papers, links, queries
from buchbar.booking.models import Booking
from buchbar.payments import numbers
from buchbar.payments.models import Charge

FILES = {"notice": "Bescheid", "invoice": "Rechnung", "receipt": "Beleg"}


@get("/buchung/{token:str}/bescheid/{charge_id:uuid}")
def for_citizen(request: Request, now: datetime, token: FromPath[str], charge_id: FromPath[UUID]) -> Response[bytes]:
    """Not in one transaction: numbering may write, and nobody waits for another connection with one in hand."""
    database = request.app.state.database
    with database.read() as session:
        asking(session, request, now)
        charge = _seen(session, links.booking_by(session, token), charge_id)
    numbers.number(database, charge.id, now)
    with database.read() as session:
        asking(session, request, now)
        booking = links.booking_by(session, token)
        return _answer(session, booking, _seen(session, booking, charge_id))


def _seen(session: Session, booking: Booking, charge_id: UUID) -> Charge:
    """One of those that a citizen may see. Raises NotFound."""
    for charge in charge_papers.for_citizen(session, booking):
        if charge.id == charge_id:
            return charge
    raise NotFound


@at_desk.get(
    "/buchung/{booking_id:uuid}/bescheid/{charge_id:uuid}", ACCOUNT, N_("Bescheid oder Rechnung geöffnet"), tries=True
)
def for_clerk(session: Session, clerk: Clerk, booking_id: FromPath[UUID], charge_id: FromPath[UUID]) -> Response[bytes]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    charge = charge_papers.charge_of(session, booking, charge_id)
    if numbers.waits(charge):
        numbers.assign(session, clerk.town.id)
    return _answer(session, booking, charge)


def _answer(session: Session, booking: Booking, charge: Charge) -> Response[bytes]:
    with texts.speaking("de"):
        content = pdf("charge", charge_papers.as_document(session, booking, charge))
    return pdf_answer(f"{FILES[charge.document]}-{charge.number or charge.reference}", content)


routes = [for_citizen, for_clerk]
