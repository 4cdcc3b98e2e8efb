"""Several bookings paid at once: a citizen's open bookings in one town, known by the same proven e-mail address.

Who holds the link to one booking sees of the others only their numbers and what is open.
"""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.base.web import asking, limited, post, redirect, settings_of
from buchbar.booking import links, payable, steps
from buchbar.booking.models import Booking
from buchbar.payments import ledger, paying
from buchbar.payments.models import Payment


def offered(session: Session, booking: Booking, now: datetime) -> list[tuple[str, int]]:
    """The numbers of the citizen's other bookings that could be paid together with this one, and what is open of each;
    none if this one itself can't be paid now."""
    others = _others(session, booking, now)
    if not others or not payable.ways(session, booking, now).online:
        return []
    accounts = ledger.accounts(session, [booking.id, *(each.id for each in others)])
    if not accounts[booking.id].open:
        return []
    sums = [(each.number, accounts[each.id].open) for each in others if each.id in accounts]
    return [(number, cents) for number, cents in sums if cents]


def begin(session: Session, booking: Booking, at: datetime) -> tuple[Payment, dict[Any, str]]:
    """Begin to pay all that is open of this booking and the citizen's others; the payment, and the bookings' numbers.

    Raises NotAllowed, NothingOpen, TooLittle, UnderWay.
    """
    payment = payable.begin_to_pay(session, booking, at, _others(session, booking, at))
    ids = [each.booking_id for each in paying.together(session, payment)]
    paid = session.scalars(select(Booking).where(Booking.id.in_(ids)))
    return payment, {each.id: each.number for each in paid}


def _others(session: Session, booking: Booking, now: datetime) -> list[Booking]:
    if booking.email_proven_at is None or not booking.email:
        return []
    wanted = select(Booking).where(
        Booking.municipality_id == booking.municipality_id,
        func.lower(Booking.email) == booking.email.lower(),
        Booking.email_proven_at.is_not(None),
        Booking.state.in_(steps.STEPS["pay"]),
        Booking.id != booking.id,
    )
    return [each for each in session.scalars(wanted.order_by(Booking.starts_at)) if payable.can_be_paid(each, now)]


@post("/buchung/{token:str}/zahlung/zusammen")
@limited("pay", most=60, per=timedelta(minutes=10))
def pay_together(request: Request, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Begin to pay all of the citizen's open bookings, then lead to the payment page."""
    database = request.app.state.database
    with database.write() as session:
        asking(session, request, now)
        booking = links.booking_by(session, token)
        payment, numbers = begin(session, booking, now)
        own_page, email = links.url(session, booking), booking.email
    first, *others = sorted(numbers.values(), key=lambda number: number != booking.number)
    url = paying.pay_url(
        database,
        settings_of(request),
        payment,
        purpose=_("%(number)s und %(count)d weitere") % {"number": first, "count": len(others)} if others else first,
        return_url=own_page,
        email=email,
        numbers={booking_id: _("Buchung %s") % number for booking_id, number in numbers.items()},
    )
    return redirect(request, url)


routes = [pay_together]
