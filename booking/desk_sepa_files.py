"""Who is in a file for the bank: the direct debits or the refunds, each with its booking."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS
from buchbar.base.texts import N_, _
from buchbar.booking.bank_books import named
from buchbar.booking.desk_frame import show
from buchbar.payments import collections
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment, Refund


@at_desk.get("/kasse/lastschriften/{order_id:uuid}", BOOKS, N_("Lastschriftdatei angesehen"))
def debits(request: Request, session: Session, now: datetime, clerk: Clerk, order_id: FromPath[UUID]) -> Response[Any]:
    order = collections.order_of(session, clerk.town.id, order_id, "collection")
    back = "kasse/lastschriften", _("Lastschriften")
    return _show(request, session, clerk, now, order, collections.inside(session, order), back)


@at_desk.get("/kasse/rueckueberweisungen/{order_id:uuid}", BOOKS, N_("Datei mit Rücküberweisungen angesehen"))
def payouts(request: Request, session: Session, now: datetime, clerk: Clerk, order_id: FromPath[UUID]) -> Response[Any]:
    order = collections.order_of(session, clerk.town.id, order_id, "refunds")
    inside = session.scalars(select(Refund).where(Refund.order_id == order.id).order_by(Refund.id)).all()
    return _show(request, session, clerk, now, order, inside, ("kasse/rueckueberweisungen", _("Rücküberweisungen")))


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    order: SepaOrder,
    inside: Sequence[Payment | Refund],
    back: tuple[str, str],
) -> Response[Any]:
    known = named(session, {each.booking_id for each in inside})
    return show(
        request,
        clerk,
        "desk/sepa_file.html",
        now,
        order=order,
        rows=sorted(
            ((each.booking_id, *known[each.booking_id], each.cents) for each in inside), key=lambda row: row[1]
        ),
        total=sum(each.cents for each in inside),
        listed=back,
    )


routes = [debits, payouts]
