"""The page of a hall's booking, by its secret link."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.base.web import page
from buchbar.booking import charge_papers, events, links, on_the_way, payable, steps
from buchbar.booking.halls.letters import named
from buchbar.booking.halls.models import HallUse
from buchbar.booking.models import Booking
from buchbar.booking.open_bills import open_bills
from buchbar.calendar.deadlines import last_day
from buchbar.payments import ledger


def show(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    """The booking as it stands."""
    use, account = session.get_one(HallUse, booking.id), ledger.account(session, booking.id)
    return page(
        request,
        "halls/status.html",
        booking=booking,
        use=use,
        parts=named(session, booking, use.parts),
        town=booking.municipality,
        zone=booking.municipality.zone,
        now=now,
        terms=booking.terms,
        last_day=last_day,
        account=account,
        lines=ledger.owed(session, booking.id),
        documents=charge_papers.named(charge_papers.for_citizen(session, booking)),
        moves=on_the_way.moves(session, booking.id, account),
        going=on_the_way.going(session, booking),
        bills=open_bills(session, booking),
        pay=payable.ways(session, booking, now),
        history=[event for event in booking.events if event.verb not in events.FOR_THE_DESK],
        event_words=events.WORDS,
        state_words=steps.STATE_WORDS,
        lapsed=booking.lapsed(now) or booking.state == "expired",
        token=links.path(session, booking).rpartition("/")[2],
    )


routes: list[Any] = []
