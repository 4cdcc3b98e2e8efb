"""A citizen's booking, by its secret link: see it, prove the address, extend the hold, cancel, pay. Their account."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import NotFound
from buchbar.base.money import decimal
from buchbar.base.web import asking, get, limited, page, post, redirect, settings_of
from buchbar.booking import (
    account_page,
    charge_pages,
    journeys,
    lifecycle,
    links,
    mandate_routes,
    on_the_way,
    payable,
    steps,
    transfer_slips,
)
from buchbar.booking.events import CITIZEN
from buchbar.booking.open_bills import open_bills
from buchbar.calendar.deadlines import last_day
from buchbar.payments import girocode, ledger, paying


@get("/buchung/{token:str}")
def show(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token, bare=True)
    return journeys.of(booking).page(request, session, booking, now)


@get("/bestaetigung/{token:str}")
def ask_for_proof(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Only a button: programs that look into mails follow links, but press no buttons."""
    booking = links.booking_by(session, token, "bestaetigung")
    if booking.email_proven_at or steps.over(booking) or booking.lapsed(now):
        return redirect(request, links.path(session, booking))
    return page(request, "booking/proof.html", booking=booking, town=booking.municipality, token=token)


@post("/bestaetigung/{token:str}")
@limited("proof", most=60, per=timedelta(minutes=10))
def prove(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token, "bestaetigung")
    journeys.of(booking).prove(session, booking, now)
    return redirect(request, links.path(session, booking))


@post("/buchung/{token:str}/verlaengerung")
def extend(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token)
    lifecycle.extend(session, booking, now, CITIZEN)
    return redirect(request, links.path(session, booking))


@get("/buchung/{token:str}/stornierung")
def ask_to_cancel(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """What it would cost, before anything happens."""
    booking = links.booking_by(session, token)
    if steps.over(booking):
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "cancel", now)
    account = ledger.account(session, booking.id)
    forgiven = -sum(
        line.cents for line in ledger.share_of(session, booking.id, lifecycle.refund_percent(session, booking, now))
    )
    left, coming = replace(account, owed=account.owed - forgiven), on_the_way.coming(session, booking.id)
    return page(
        request,
        "booking/cancel.html",
        booking=booking,
        town=booking.municipality,
        zone=booking.municipality.zone,
        token=token,
        cost=left.owed,
        returned=left.surplus,
        later=coming.after_the_end(left) if coming else "",
        percent=lifecycle.refund_percent(session, booking, now),
    )


@post("/buchung/{token:str}/stornierung")
def cancel(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_by(session, token)
    if not booking.lapsed(now):
        lifecycle.cancel(session, booking, now, CITIZEN)
    return redirect(request, links.path(session, booking))


@get("/buchung/{token:str}/zahlung")
def ways_to_pay(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """How to pay what is open, each way with what it means."""
    booking = links.booking_by(session, token)
    ways, zone = payable.ways(session, booking, now), booking.municipality.zone
    account = ledger.account(session, booking.id)
    return page(
        request,
        "booking/pay.html",
        booking=booking,
        town=booking.municipality,
        token=token,
        account=account,
        ways=ways,
        picture=girocode.data_uri(ways.transfer) if ways.transfer else "",
        amount=decimal(account.open),
        debit=mandate_routes.offered(session, booking, now),
        bills=open_bills(session, booking),
        until=last_day(booking.deadline_at, zone) if booking.state == "payable" and booking.deadline_at else None,
    )


@get("/buchung/{token:str}/ueberweisung.pdf")
def transfer_slip(session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """The bank details on paper. NotFound where a transfer isn't a way to pay now."""
    booking = links.booking_by(session, token)
    transfer = payable.ways(session, booking, now).transfer
    if transfer is None:
        raise NotFound
    return pdf_answer(f"ueberweisung-{booking.number}", pdf("transfer", transfer_slips.as_document(booking, transfer)))


@post("/buchung/{token:str}/zahlung")
@limited("pay", most=60, per=timedelta(minutes=10))
def pay(request: Request, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Begin to pay, then lead to the payment page. That is asked for outside of the transaction: nobody waits for
    the provider with a lock in hand."""
    database = request.app.state.database
    with database.write() as session:
        asking(session, request, now)
        booking = links.booking_by(session, token)
        payment = payable.begin_to_pay(session, booking, now)
        own_page, number, email = links.url(session, booking), booking.number, booking.email
    url = paying.pay_url(database, settings_of(request), payment, purpose=number, return_url=own_page, email=email)
    return redirect(request, url)


routes = [
    show,
    ask_for_proof,
    prove,
    extend,
    ask_to_cancel,
    cancel,
    ways_to_pay,
    transfer_slip,
    pay,
    *charge_pages.routes,
    *account_page.routes,
]
