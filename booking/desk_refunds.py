"""Money that is to go back, at the cashier's desk, and what of the money failed on its way, with what can be done."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import redirect
from buchbar.booking import failures, queries
from buchbar.booking.desk_frame import by, show
from buchbar.booking.history import METHODS
from buchbar.booking.models import Booking
from buchbar.booking.money_lists import refund_state
from buchbar.notices.models import Errand
from buchbar.payments import ledger, payouts
from buchbar.payments.counter import AT_COUNTER
from buchbar.payments.models import Refund
from buchbar.payments.open_items import waiting_refunds


@at_desk.get("/kasse/erstattungen", BOOKS, N_("Wartende Erstattungen angesehen"))
def refunds_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    waiting = waiting_refunds(session, clerk.town.id)
    overpaid = {booking_id: int(cents) for booking_id, cents in session.execute(ledger.overpaid(clerk.town.id))}
    ids = {refund.booking_id for refund in waiting} | set(overpaid)
    bookings = {each.id: each for each in session.scalars(select(Booking).where(Booking.id.in_(ids)))}
    return show(
        request,
        clerk,
        "desk/open_items_refunds.html",
        now,
        refunds=waiting,
        overpaid=overpaid,
        bookings=bookings,
        names=queries.names_of(session, bookings.values()),
        total=sum(refund.cents for refund in waiting),
        state_of_refund=refund_state,
        next_page=_next_page,
        methods={key: _(words) for key, words in METHODS.items()},
    )


def _next_page(refund: Refund) -> tuple[str, str]:
    """Where somebody has to do something for it, and how that is called; empty for what goes by itself."""
    if refund.payment.provider in payouts.PROVIDERS:
        return "kasse/rueckueberweisungen", _("Zu den Rücküberweisungen")
    if refund.payment.provider in AT_COUNTER:
        return "kasse/kassenbuch", _("Zum Kassenbuch")
    return ("kasse/fehlschlaege", _("Zu den Fehlschlägen")) if refund.state == "failed" else ("", "")


@at_desk.get("/kasse/fehlschlaege", BOOKS, N_("Fehlgeschlagene Zahlungen angesehen"))
def failures_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    found = failures.failures(session, clerk.town, strays=clerk.role == "administrator")
    of_money = [failure for failure in found if failure.errand.kind != "mail"]
    return show(request, clerk, "desk/open_items_failures.html", now, failures=of_money)


@at_desk.post("/kasse/fehlschlaege/{errand_id:uuid}/wiederholung", CASH, N_("Zahlung noch einmal versucht"))
def retry(request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "retry")


@at_desk.post("/kasse/fehlschlaege/{errand_id:uuid}/erstattung", CASH, N_("Erstattung auf anderem Weg vermerkt"))
def repay(request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "repay")


@at_desk.post("/kasse/fehlschlaege/{errand_id:uuid}/erledigung", CASH, N_("Fehlschlag als erledigt vermerkt"))
def dismiss(
    request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]
) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "dismiss")


def _settle(
    request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: UUID, verb: str
) -> Response[Any]:
    """Letters that failed are not the cashier's: they stay on the page of what waits."""
    errand = session.get(Errand, errand_id)
    if errand is None or errand.kind == "mail":
        raise NotFound
    failures.settle(session, clerk.town, errand_id, verb, now, by(clerk), clerk.role == "administrator")
    return redirect(request, f"{clerk.desk}/kasse/fehlschlaege?erledigt=ja")


routes = [refunds_page, failures_page, retry, repay, dismiss]
