"""Direct debits at the cashier's desk: whose turn it is, and the files for the bank."""

from dataclasses import dataclass
from datetime import date, datetime
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
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import collecting, desk_mandates, desk_payouts, desk_sepa_files, queries
from buchbar.booking.desk_frame import by, show
from buchbar.calendar.walls import local_date
from buchbar.payments import collections, iban
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of

PAGE = "kasse/lastschriften"


@dataclass(frozen=True, slots=True)
class File:
    """A file for the bank in the list: how many payments it holds, of how many cents, and how it stands: "begun",
    "closed", "booked" (in part or in whole) or "withdrawn"."""

    order: SepaOrder
    count: int
    cents: int
    state: str


@at_desk.get("/kasse/lastschriften", BOOKS, N_("Lastschriften angesehen"))
def debits_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/kasse/lastschriften", CASH, N_("Lastschriften angekündigt"))
def announce(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        typed = forms.read(form, tag=forms.day)
        collecting.announce(session, clerk.town, _chosen(form), typed.tag, now, by(clerk))
    except Refused as fault:
        faults = {"tag": fault.sentence}
    except Invalid as fault:
        faults = fault.fields
    else:
        return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")
    return _show(request, session, clerk, now, 422, form.all("buchung"), faults=faults, typed=dict(form))


@at_desk.post("/kasse/lastschriften/{order_id:uuid}/abschluss", CASH, N_("Lastschriftdatei abgeschlossen"))
def close_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, order_id: FromPath[UUID]
) -> Response[Any]:
    order = collections.order_of(session, clerk.town.id, order_id, "collection")
    left_out = collecting.hand_over(session, order, now, by(clerk))
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja&ausgelassen={len(left_out)}")


@at_desk.post("/kasse/lastschriften/{order_id:uuid}/ruecknahme", CASH, N_("Lastschriftdatei zurückgezogen"))
def take_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, order_id: FromPath[UUID]
) -> Response[Any]:
    order = collections.order_of(session, clerk.town.id, order_id, "collection")
    cancelled = bool(form.get(f"storniert_{order_id}"))
    try:
        collecting.withdraw(session, order, now, by(clerk), bank_has_cancelled=cancelled)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.get("/kasse/lastschriften/{order_id:uuid}/datei", CASH, N_("Lastschriftdatei heruntergeladen"))
def debits_file(session: Session, clerk: Clerk, order_id: FromPath[UUID]) -> Response[bytes]:
    order = collections.order_of(session, clerk.town.id, order_id, "collection")
    return desk_payouts.as_file(order, collections.content(session, order))


def state_of(order: SepaOrder, *, booked: bool) -> str:
    """How a file stands (see File)."""
    if order.withdrawn_at:
        return "withdrawn"
    if booked:
        return "booked"
    return "closed" if order.handed_over_at else "begun"


def _files(session: Session, clerk: Clerk) -> list[File]:
    orders = collections.orders(session, clerk.town.id, "collection")
    counted = select(Payment.order_id, Payment.state, func.count(), func.sum(Payment.cents)).where(
        Payment.order_id.in_([order.id for order in orders]), Payment.state.in_(("started", "paid"))
    )
    sums: dict[UUID | None, dict[str, tuple[int, int]]] = {}
    for order_id, state, count, cents in session.execute(counted.group_by(Payment.order_id, Payment.state)):
        sums.setdefault(order_id, {})[state] = (count, int(cents))
    return [_file(order, sums.get(order.id, {})) for order in orders]


def _file(order: SepaOrder, sums: dict[str, tuple[int, int]]) -> File:
    count, cents = (sum(each) for each in zip((0, 0), *sums.values(), strict=True))
    return File(order, count, cents, state_of(order, booked="paid" in sums))


def _chosen(form: Form) -> list[UUID]:
    """The bookings that are ticked. Raises Invalid for none."""
    chosen = []
    for typed in form.all("buchung"):
        try:
            chosen.append(UUID(typed))
        except ValueError:
            raise Invalid({"buchung": _("Bitte wählen Sie eine der Möglichkeiten.")}) from None
    if not chosen:
        raise Invalid({"buchung": _("Bitte wählen Sie mindestens eine Buchung.")})
    return chosen


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    status: int = 200,
    chosen: list[str] | None = None,
    **context: Any,
) -> Response[Any]:
    town, rules = clerk.town, rules_of(session, clerk.town.id)
    today = local_date(now, town.zone)
    first = collections.first_day(today)
    turns = collecting.turns(session, town, _day(context.get("typed", {}).get("tag", ""), first))
    return show(
        request,
        clerk,
        "desk/sepa.html",
        now,
        status,
        ready=bool(rules.iban and rules.payee and rules.creditor_id),
        first=first,
        last=collections.last_day(today),
        turns=turns,
        is_ticked=lambda booking_id: chosen is None or str(booking_id) in chosen,
        names=queries.names_of(session, [turn.booking for turn in turns]),
        total=sum(turn.cents for turn in turns),
        files=_files(session, clerk),
        masked=iban.masked,
        left_out=request.query_params.get("ausgelassen", "0"),
        **({"typed": {"tag": first.isoformat()}, "faults": {}} | context),
    )


def _day(typed: str, otherwise: date) -> date:
    try:
        return max(otherwise, forms.day(typed))
    except ValueError:
        return otherwise


routes = [
    debits_page,
    announce,
    close_file,
    take_back,
    debits_file,
    *desk_mandates.routes,
    *desk_payouts.routes,
    *desk_sepa_files.routes,
]
