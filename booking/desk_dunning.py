"""Dunning at the cashier's desk: a run that is looked at before it is done, and stops for single charges."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import CASH
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import dunning_run, dunning_stops, queries
from buchbar.booking.desk_frame import by, show
from buchbar.booking.dunning_run import MOST
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments.dunning_steps import levels_of, notices_of
from buchbar.payments.rules import rules_of

# What isn't worth a letter, unless the cashier says something else.
SMALL = "5,00"
LONGEST_STOP = timedelta(days=366)
STOP_LABELS = {"bis": N_("Mahnstopp bis einschließlich"), "grund": N_("Grund")}


@at_desk.get("/kasse/mahnlauf", CASH, N_("Mahnlauf geprobt"))
def run_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _rehearsed(request, session, clerk, now, request.query_params.get("ab", SMALL).strip()[:20])


@at_desk.post("/kasse/mahnlauf", CASH, N_("Mahnlauf ausgeführt"))
def run(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    chosen = _ticked(form)
    try:
        least = forms.read(form, ab=forms.euros).ab
        if not chosen:
            raise Invalid({"mahnung": _("Bitte kreuzen Sie mindestens eine Zeile an.")})
    except Invalid as fault:
        return _rehearsed(request, session, clerk, now, form.get("ab", ""), fault.fields, dict(chosen))
    written = dunning_run.run(session, clerk.town, chosen, now, by(clerk), least)
    session.flush()
    done = {reminder.booking.id for reminder in written}
    ids = [booking_id for booking_id, _number in chosen if booking_id not in done]
    missed = session.scalars(queries.bookings(clerk.town).where(Booking.id.in_(ids)).order_by(Booking.number)).all()
    return show(
        request,
        clerk,
        "desk/dunning_done.html",
        now,
        written=written,
        on_paper=sum(not reminder.booking.email for reminder in written),
        sum=sum(reminder.open for reminder in written),
        missed=missed,
        names=queries.names_of(session, missed),
    )


def _rehearsed(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    smallest: str,
    faults: dict[str, str] | None = None,
    ticked: dict[UUID, int] | None = None,
) -> Response[Any]:
    """The rehearsal; all are ticked at first, or what was ``ticked`` before something else was wrong."""
    faults = dict(faults or {})
    try:
        least = forms.euros(smallest)
    except ValueError as fault:
        faults["ab"], least = str(fault), forms.euros(SMALL)
    town, rules = clerk.town, rules_of(session, clerk.town.id)
    rehearsal = dunning_run.rehearse(session, town, now, least)
    return show(
        request,
        clerk,
        "desk/dunning.html",
        now,
        422 if faults else 200,
        reminders=rehearsal.reminders[:MOST],
        beyond=max(0, len(rehearsal.reminders) - MOST),
        left=rehearsal.left,
        levels=levels_of(rules),
        proposed=not rules.dunning,
        smallest=smallest,
        today=local_date(now, town.zone),
        faults=faults,
        ticked=ticked,
    )


def _ticked(form: Form) -> list[tuple[UUID, int]]:
    """Which bookings at which level; what isn't such a thing is nobody's tick."""
    chosen: dict[UUID, int] = {}
    for typed in form.all("mahnung")[:MOST]:
        booking_id, _colon, number = typed.partition(":")
        try:
            chosen[UUID(booking_id)] = int(number)
        except ValueError:
            continue
    return list(chosen.items())


@at_desk.get("/kasse/mahnstopp/{charge_id:uuid}", CASH, N_("Mahnstopp angesehen"))
def stop_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, charge_id: FromPath[UUID]
) -> Response[Any]:
    charge, _booking = dunning_stops.charge_of(session, clerk.town, charge_id)
    today = local_date(now, clerk.town.zone)
    until = charge.stopped_until or today + timedelta(days=30)
    return _stop_page(request, session, clerk, now, charge_id, {"bis": until.isoformat(), "grund": charge.stop_reason})


@at_desk.post("/kasse/mahnstopp/{charge_id:uuid}", CASH, N_("Mahnstopp gesetzt"))
def stop(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, charge_id: FromPath[UUID]
) -> Response[Any]:
    try:
        read = forms.read(form, bis=_ahead(local_date(now, clerk.town.zone)), grund=forms.text(200))
    except Invalid as fault:
        return _stop_page(request, session, clerk, now, charge_id, dict(form), fault.fields)
    dunning_stops.stop(session, clerk.town, charge_id, read.bis, read.grund, now, by(clerk))
    return redirect(request, f"{clerk.desk}/kasse/offen?lage=stopp&erledigt=ja")


@at_desk.post("/kasse/mahnstopp/{charge_id:uuid}/ende", CASH, N_("Mahnstopp aufgehoben"))
def resume(request: Request, session: Session, now: datetime, clerk: Clerk, charge_id: FromPath[UUID]) -> Response[Any]:
    dunning_stops.resume(session, clerk.town, charge_id, now, by(clerk))
    return redirect(request, f"{clerk.desk}/kasse/offen?erledigt=ja")


def _ahead(today: date) -> forms.Field:
    """A day from today on, within a year: a stop that nobody remembers would be a waiver."""

    def convert(typed: str) -> date:
        day = forms.day(typed)
        if not today <= day <= today + LONGEST_STOP:
            raise ValueError(_("Bitte einen Tag von heute an bis in einem Jahr."))
        return day

    return convert


def _stop_page(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    charge_id: UUID,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    charge, booking = dunning_stops.charge_of(session, clerk.town, charge_id)
    return show(
        request,
        clerk,
        "desk/dunning_stop.html",
        now,
        422 if faults else 200,
        charge=charge,
        booking=booking,
        notices=notices_of(session, charge_id),
        typed=typed,
        faults=faults or {},
        labels={name: _(label) for name, label in STOP_LABELS.items()},
    )


routes = [run_page, run, stop_page, stop, resume]
