"""Refunds to bank accounts at the cashier's desk: what waits, to which account, and the files for the bank."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import mandate_words, queries
from buchbar.booking.desk_frame import show
from buchbar.booking.models import Booking
from buchbar.calendar.bank_days import bank_day_from
from buchbar.calendar.walls import local_date
from buchbar.payments import collections, iban, payouts
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Refund

PAGE = "kasse/rueckueberweisungen"


@at_desk.get("/kasse/rueckueberweisungen", BOOKS, N_("Rücküberweisungen angesehen"))
def payouts_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/kasse/rueckueberweisungen", CASH, N_("Datei mit Rücküberweisungen angelegt"))
def make_file(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    chosen = set(form.all("erstattung"))
    town = clerk.town
    ids = [refund.id for refund in payouts.waiting(session, town.id) if str(refund.id) in chosen]
    if not ids:
        faults = {"erstattung": _("Bitte wählen Sie mindestens eine Erstattung.")}
        return _show(request, session, clerk, now, 422, faults=faults)
    on = bank_day_from(local_date(now, town.zone) + timedelta(days=1))
    payouts.hand_over(session, town.id, ids, on, now, clerk.name)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.post("/kasse/rueckueberweisungen/{refund_id:uuid}/konto", CASH, N_("Konto für Erstattung eingetragen"))
def set_account(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, refund_id: FromPath[UUID]
) -> Response[Any]:
    refund = payouts.named(session, clerk.town.id, refund_id)
    name, number = f"inhaber-{refund_id}", f"iban-{refund_id}"
    try:
        typed = vars(forms.read(form, **{name: mandate_words.account_holder, number: iban.iban}))
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    payouts.send_to(session, refund, payouts.Account(typed[name], typed[number]))
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.get("/kasse/rueckueberweisungen/{order_id:uuid}/datei", CASH, N_("Datei mit Rücküberweisungen geladen"))
def payouts_file(session: Session, clerk: Clerk, order_id: FromPath[UUID]) -> Response[bytes]:
    order = collections.order_of(session, clerk.town.id, order_id, "refunds")
    return as_file(order, payouts.content(session, order))


def as_file(order: SepaOrder, content: bytes) -> Response[bytes]:
    """A file for the bank, to be kept and handed in."""
    named = {"content-disposition": f'attachment; filename="{order.message_id}.xml"'}
    return Response(content, media_type="application/xml", headers=named)


@at_desk.post("/kasse/rueckueberweisungen/{order_id:uuid}/ruecknahme", CASH, N_("Rücküberweisungen zurückgezogen"))
def take_back(
    request: Request, session: Session, now: datetime, clerk: Clerk, order_id: FromPath[UUID]
) -> Response[Any]:
    order = collections.order_of(session, clerk.town.id, order_id, "refunds")
    payouts.withdraw(session, order, now, local_date(now, clerk.town.zone), clerk.name)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = clerk.town
    waiting = payouts.waiting(session, town.id)
    ids = {refund.booking_id for refund in waiting}
    bookings = {each.id: each for each in session.scalars(select(Booking).where(Booking.id.in_(ids)))}
    orders = collections.orders(session, town.id, "refunds")
    counted = select(Refund.order_id, func.count(), func.sum(Refund.cents)).group_by(Refund.order_id)
    rows = session.execute(counted.where(Refund.order_id.in_([order.id for order in orders])))
    return show(
        request,
        clerk,
        "desk/sepa_payouts.html",
        now,
        status,
        waiting=waiting,
        accounts=payouts.accounts(session, waiting),
        bookings=bookings,
        names=queries.names_of(session, bookings.values()),
        total=sum(refund.cents for refund in waiting),
        orders=orders,
        sums={order_id: (count, int(cents)) for order_id, count, cents in rows},
        masked=lambda number: iban.masked(number[-4:]),
        today=local_date(now, town.zone),
        **context,
    )


routes = [payouts_page, make_file, set_account, payouts_file, take_back]
