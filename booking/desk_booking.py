"""One booking at the desk: everything about it in one place. What clerks do to it: desk_verbs.py and desk_papers.py."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import ACCOUNT
from buchbar.base import forms
from buchbar.base.texts import N_, _
from buchbar.base.web import is_htmx
from buchbar.booking import (
    approvals,
    at_counter,
    attach,
    before,
    charge_papers,
    corrections,
    files,
    history,
    journeys,
    lifecycle,
    notes,
    on_the_way,
    queries,
    retraction,
)
from buchbar.booking.desk_frame import show
from buchbar.booking.models import CHANNELS, Booking
from buchbar.booking.next_steps import WORDS, choices, cost_of_cancelling
from buchbar.calendar.deadlines import last_day
from buchbar.payments import credit_notes, ledger


def a_reason(typed: str) -> str:
    """Why something is done, for those who booked."""
    if not typed:
        raise ValueError(_("Bitte nennen Sie den Grund; er steht in der Nachricht."))
    return str(forms.text(500, lines=True)(typed))


@at_desk.get("/buchung/{booking_id:uuid}", ACCOUNT, N_("Buchung angesehen"))
def booking_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = queries.booking_of(session, clerk.town, booking_id)
    return show_booking(request, session, clerk, booking, now, entered=bool(request.query_params.get("eingetragen")))


def show_booking(
    request: Request, session: Session, clerk: Clerk, booking: Booking, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    """All about a booking. ``?tag=`` adds the free slots of a day to which it could be moved."""
    typed: dict[str, str] = context.pop("typed", {})
    faults: dict[str, str] = context.pop("faults", {})
    wanted = typed.get("tag") or request.query_params.get("tag") or ""
    day = _day(wanted, faults)
    shown = {"entered": False, "receipt": None} | context | _what_is_known(session, booking, now)
    shown |= {
        "day": day,
        "wanted": wanted,
        "choices": journeys.of(booking).desk.free(session, booking, day, now) if day else [],
        "typed": typed,
        "faults": faults,
    }
    template = "desk/_booking.html" if is_htmx(request) else "desk/booking.html"
    return show(request, clerk, template, now, status, **shown)


def _what_is_known(session: Session, booking: Booking, now: datetime) -> dict[str, Any]:
    journey, zone = journeys.of(booking), booking.municipality.zone
    given = queries.agreed(session, [booking.id])[booking.id]
    events = queries.events_since(session, booking, 0)
    written, money = history.written(session, booking), history.money(session, booking)
    charges, account = ledger.charges(session, booking.id), ledger.account(session, booking.id)
    latest, change = corrections.latest_letter(session, booking), before.last_change(events)
    return {
        "booking": booking,
        "names": queries.names_of(session, [booking]).get(booking.id, ""),
        "where": queries.places_of(session, [booking])[booking.id],
        "facts": journey.desk.facts(session, booking),
        "channel": _(CHANNELS[booking.channel]),
        "staff": queries.staff_on(session, booking),
        "needed": approvals.needed(booking),
        "given": given,
        "account": account,
        "moves": on_the_way.moves(session, booking.id, account),
        "charges": charges,
        "documents": charge_papers.named(charges),
        "creditable": {charge.id for charge in charges if credit_notes.left(charges, charge).cents},
        "at_counter": at_counter.shown(session, booking, now),
        "money": money,
        "entries": history.entries(booking, events, written, money),
        "seen": events[-1].id if events else 0,
        "written": written,
        "latest": latest,
        "needs_code": latest is not None and latest.paper is not None and attach.is_spent(session, booking),
        "to_print": latest if latest is not None and latest.paper is not None and not latest.printed_at else None,
        "notes": notes.of(session, booking),
        "files": files.of(session, booking),
        "most_files": files.MOST_FILES,
        "steps": {step.verb: step for step in choices(booking, given, now)},
        "words": WORDS,
        "change": change,
        "undo": before.undo_address(change, [each for each in events if each.id > change.id]) if change else "",
        "retractable": retraction.possible(session, booking, now),
        "owner_silent": booking.state == "requested" and "owner" in approvals.needed(booking) - given,
        "costs": {
            "amt": cost_of_cancelling(session, booking, 100),
            "paar": cost_of_cancelling(session, booking, lifecycle.refund_percent(session, booking, now)),
        },
        "deadline_day": last_day(booking.deadline_at, zone) if booking.deadline_at else None,
    }


def _day(typed: str, faults: dict[str, str]) -> date | None:
    if not typed:
        return None
    try:
        return forms.day(typed)
    except ValueError as fault:
        faults["tag"] = str(fault)
        return None


routes = [booking_page]
