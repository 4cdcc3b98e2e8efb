"""The cash book at the desk: what is in the till, money put in or taken to the bank, and each day closed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.sheets import answer
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import at_counter, bank_import, cash_sheets, queries
from buchbar.booking.desk_frame import by, leads_back, show
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import counter, till
from buchbar.payments.models import Payment, Refund

PAGE = "kasse/kassenbuch"
# Which way money goes without a booking, and its sign.
WAYS = {"bank": (N_("Zur Bank gebracht"), -1), "wechselgeld": (N_("Wechselgeld eingelegt"), 1)}
DONE = {
    "bewegt": N_("Die Bewegung steht im Kassenbuch."),
    "zurueck": N_("Die Bewegung ist zurückgenommen."),
    "ausgezahlt": N_("Die Auszahlung steht im Kassenbuch."),
    "abgeschlossen": N_("Die Kasse ist abgeschlossen."),
}


@at_desk.get("/kasse/kassenbuch", BOOKS, N_("Kassenbuch angesehen"))
def cash_book(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    said = DONE.get(request.query_params.get("erledigt", ""), "")
    return _show(request, session, clerk, now, said=_(said) if said else "")


@at_desk.post("/kasse/kassenbuch/bewegung", CASH, N_("Geld in die Kasse gelegt oder entnommen"))
def move(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """Money put in or taken out: first it is asked with the sum, and done when that is confirmed."""

    def act() -> dict[str, Any]:
        read = forms.read(
            form,
            richtung=forms.one_of(*WAYS),
            summe=_something,
            zweck=forms.text(120, required=False),
            vorgang=forms.once,
        )
        words, sign = WAYS[read.richtung]
        reason = f"{_(words)}: {read.zweck}" if read.zweck else _(words)
        till.put(session, clerk.town.id, read.vorgang, sign * read.summe, reason, now, clerk.name)
        return {
            "closes": False,
            "moves": reason,
            "cents": read.summe,
            "left": till.today(session, clerk.town.id).expected,
        }

    return _when_sure(request, session, now, form, clerk, act, "bewegt")


@at_desk.post("/kasse/kassenbuch/bewegung/{move_id:uuid}/ruecknahme", CASH, N_("Bewegung in der Kasse zurückgenommen"))
def take_back(
    request: Request, session: Session, now: datetime, clerk: Clerk, move_id: FromPath[UUID]
) -> Response[Any]:
    try:
        with session.begin_nested():
            till.take_back(session, clerk.town, move_id, now, clerk.name)
    except Refused as refusal:
        return _show(request, session, clerk, now, refusal.status, refused=refusal.sentence)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=zurueck")


@at_desk.post("/kasse/kassenbuch/abschluss", CASH, N_("Kasse abgeschlossen"))
def close(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """A day closed: first it is asked with the sum and the difference, and done when that is confirmed."""

    def act() -> dict[str, Any]:
        read = forms.read(form, gezaehlt=forms.euros, bemerkung=forms.text(300, required=False), erwartet=_cents)
        day = till.close(
            session,
            clerk.town.id,
            local_date(now, clerk.town.zone),
            expected=read.erwartet,
            counted=read.gezaehlt,
            note=read.bemerkung,
            at=now,
            by=clerk.name,
        )
        return {"closes": True, "moves": "", "cents": day.counted, "difference": day.counted - day.expected}

    return _when_sure(request, session, now, form, clerk, act, "abgeschlossen")


@at_desk.post("/kasse/kassenbuch/auszahlung/{refund_id:uuid}", CASH, N_("Erstattung am Schalter ausgezahlt"))
def pay_out(
    request: Request, session: Session, now: datetime, clerk: Clerk, refund_id: FromPath[UUID]
) -> Response[Any]:
    wanted = select(Refund).join(Payment, Payment.id == Refund.payment_id).where(Refund.id == refund_id)
    refund = session.scalar(wanted.where(Payment.municipality_id == clerk.town.id))
    if refund is None or refund.payment.provider not in counter.AT_COUNTER:
        raise NotFound
    at_counter.pay_out(session, refund, now, by(clerk))
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ausgezahlt")


@at_desk.get("/kasse/kassenbuch/{day:str}/{kind:str}", BOOKS, N_("Kassenbuch eines Tages geöffnet"))
def closed_day(session: Session, clerk: Clerk, day: FromPath[str], kind: FromPath[str]) -> Response[Any]:
    """A closed day as PDF, XLSX, CSV or JSON."""
    try:
        found = till.day_of(session, clerk.town.id, forms.day(day))
    except ValueError:
        raise NotFound from None
    held = till.of_day(session, found)
    numbers = _numbers(session, [*held.cash, *held.card])
    name = f"kassenbuch-{found.day}"
    if kind == "pdf":
        return pdf_answer(name, pdf("cash_day", cash_sheets.as_document(clerk.town, found, held, numbers)))
    return answer(kind, name, cash_sheets.as_sheet(clerk.town, found, held, numbers))


def _when_sure(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    act: Callable[[], dict[str, Any]],
    did: str,
) -> Response[Any]:
    """Do it when the form says that the cashier is sure; else say what it would do, and ask."""
    sure = form.get("sicher") == "ja"
    try:
        would = act() if sure else bank_import.rehearse(session, act)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    except Refused as refusal:
        return _show(request, session, clerk, now, refusal.status, refused=refusal.sentence)
    if sure:
        return redirect(request, f"{clerk.desk}/{PAGE}?erledigt={did}")
    return _show(request, session, clerk, now, asked=would, typed=dict(form))


def _something(typed: str) -> int:
    cents = forms.euros(typed)
    if not cents:
        raise ValueError(_("Bitte einen Betrag über 0 eingeben."))
    return cents


def _cents(typed: str) -> int:
    """What the page said should be in the till; below zero where money was taken that had not been booked."""
    return int(typed) if typed.removeprefix("-").isdigit() and typed.isascii() else 0


def _numbers(session: Session, moves: list[till.Move]) -> Mapping[UUID | None, str]:
    """The numbers of the bookings that the moves were for."""
    ids = {move.booking_id for move in moves if move.booking_id}
    rows = session.execute(select(Booking.id, Booking.number).where(Booking.id.in_(ids)))
    return dict(row for row in rows)


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town, held = clerk.town, till.today(session, clerk.town.id)
    today = local_date(now, town.zone)
    waiting = till.to_pay_out(session, town.id)
    bookings = session.scalars(select(Booking).where(Booking.id.in_({each.booking_id for each in waiting}))).all()
    years = till.years(session, town.id)
    asked = request.query_params.get("jahr", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and int(asked) in years else next(iter(years), now.year)
    return show(
        request,
        clerk,
        "desk/cash_book.html",
        now,
        status,
        till=held,
        closed=till.closed_on(session, town.id, today),
        mistaken=till.to_take_back(held, today, town.zone),
        numbers=_numbers(session, [*held.cash, *held.card]),
        kinds={key: _(words) for key, words in cash_sheets.KINDS.items()},
        waiting=waiting,
        bookings={each.id: each for each in bookings},
        names=queries.names_of(session, bookings),
        ways=[(key, _(words)) for key, (words, _sign) in WAYS.items()],
        days=till.days(session, town.id, year),
        year=year,
        years=years,
        next_id=uuid4(),
        **{"asked": {"closes": False, "moves": ""}, "refused": ""} | context,
    )


routes = [
    *(cash_book, move, take_back, close, pay_out, closed_day),
    *(leads_back(f"/{PAGE}/{form}", BOOKS, PAGE) for form in ("bewegung", "abschluss")),
]
