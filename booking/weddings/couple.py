"""The couple's own pages, by their secret link: the form, the summary, the status, moving to another slot."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.base import forms, limits, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking import (
    approvals,
    charge_papers,
    events,
    lifecycle,
    links,
    mandate_routes,
    on_the_way,
    payable,
    steps,
    together,
)
from buchbar.booking.events import CITIZEN
from buchbar.booking.instants import instant, read_instant
from buchbar.booking.models import Booking
from buchbar.booking.open_bills import open_bills
from buchbar.booking.refund_words import cancelling
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.fees import Answers
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.question import asked, by_venue
from buchbar.booking.weddings.reservation import Couple, SlotTaken
from buchbar.booking.weddings.slots import Wish, look_at_day, nearest_days
from buchbar.booking.weddings.timetable import JOURNEY, timetable
from buchbar.booking.weddings.words import in_full
from buchbar.calendar.deadlines import last_day, registration_window
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.resources.models import Venue

PROOFS = 5  # mails to one address in an hour that ask whether it is theirs: it may be a stranger's
LABELS = {
    "german": N_("Staatsangehörigkeit"),
    "divorced_abroad": N_("Frühere Ehe"),
    "elsewhere": N_("Anmeldung"),
    "partner_one": N_("Name, erste Person"),
    "partner_two": N_("Name, zweite Person"),
    "email": N_("E-Mail-Adresse"),
    "phone": N_("Telefonnummer"),
    "guests": N_("Gäste"),
    "remarks": N_("Bemerkung"),
}


class TurnedAway(Exception):
    """This couple must speak to the office first: foreign law has to be looked at before a date makes sense."""


def show(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    """The booking as it stands: the form while it is held, then the status."""
    if steps.over(booking) or booking.lapsed(now):
        return _status(request, session, booking, now)
    if booking.state == "held":
        return _form(request, session, booking, now, {}, {})
    if booking.state == "submitted":
        context = _about(session, booking, now) | {"token": _token(session, booking)}
        return page(request, "weddings/check_mail.html", **context)
    return _status(request, session, booking, now)


@post("/buchung/{token:str}/pruefung")
def check(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """Look at what was typed and show the summary with the fees; nothing is kept yet."""
    booking = links.booking_of(JOURNEY, session, token)
    if booking.lapsed(now):
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "submit", now)
    typed = dict(form)
    if form.get("zurueck"):
        return _form(request, session, booking, now, typed, {})
    try:
        couple = read_couple(form, booking)
    except Invalid as fault:
        return _form(request, session, booking, now, typed, fault.fields)
    except TurnedAway:
        return _turn_away(request, session, booking, now)
    answers = Answers(couple.foreign, couple.elsewhere)
    lines = reservation.price_of(
        session, booking.tariff_id, booking.municipality, booking.resource_id, booking.starts_at, answers
    )
    context = _about(session, booking, now) | {"typed": typed, "couple": couple, "lines": lines, "token": token}
    return page(request, "weddings/summary.html", **context)


@post("/buchung/{token:str}/angaben")
@limited("mail", most=20, per=timedelta(hours=1))
def submit(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """The summary is right: keep it and send the mail that proves the address."""
    booking = links.booking_of(JOURNEY, session, token)
    if booking.lapsed(now):
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "submit", now)
    try:
        couple = read_couple(form, booking)
    except Invalid as fault:
        return _form(request, session, booking, now, dict(form), fault.fields)
    except TurnedAway:
        return _turn_away(request, session, booking, now)
    booking.language = texts.language.get()
    who = f"{booking.municipality_id} {couple.email.lower()}"
    limits.count(session, settings_of(request).secret, "proof", who, most=PROOFS, per=timedelta(hours=1), now=now)
    reservation.submit(session, booking, couple, now, CITIZEN)
    return redirect(request, links.path(session, booking))


@get(["/buchung/{token:str}/pruefung", "/buchung/{token:str}/angaben"])
def back_to_the_booking(request: Request, session: Session, token: FromPath[str]) -> Response[Any]:
    """Who comes to a form's target by history or a reopened window is led to the booking as it stands."""
    return redirect(request, links.path(session, links.booking_of(JOURNEY, session, token)))


@get("/buchung/{token:str}/verlegung")
def ask_to_move(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Choose another slot; with a slot chosen, what it would cost."""
    booking = links.booking_of(JOURNEY, session, token)
    steps.allow(booking, "move", now)
    times = timetable(session, booking.municipality)
    wedding = session.get_one(Wedding, booking.id)
    context = _about(session, booking, now) | {"token": token, "account": ledger.account(session, booking.id)}
    if request.query_params.get("zeit"):
        rules = times.venue(request.query_params.get("trauort", ""))
        start = read_instant(request.query_params.get("zeit", ""))
        slot = reservation.offered(times, rules.id, start, now)
        answers = Answers(wedding.foreign, wedding.elsewhere)
        lines = reservation.price_of(session, booking.tariff_id, booking.municipality, rules.id, start, answers)
        context |= {"slot": slot, "new_venue": session.get_one(Venue, rules.id), "lines": lines}
        context["given_back_later"] = lifecycle.refund_percent(session, booking, now)
        return page(request, "weddings/move_confirm.html", **context)
    question = asked(request.query_params, times)
    day = question.day or local_date(booking.starts_at, times.zone)
    busy = reservation.busy_between(session, times, day - timedelta(days=62), day + timedelta(days=62), now)
    wish = Wish(guests=wedding.guests)
    before, after = nearest_days(times, busy, day, now, wish, each=3)
    context |= {
        "question": question,
        "seen": look_at_day(times, busy, day, now, wish),
        "near": [*reversed(before), *after],
        "by_venue": by_venue,
        "in_full": in_full,
    }
    return page(request, "weddings/move.html", **context)


@post("/buchung/{token:str}/verlegung")
def move(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_of(JOURNEY, session, token)
    rules = timetable(session, booking.municipality).venue(form.get("trauort", ""))
    try:
        reservation.move(session, booking, rules.id, read_instant(form.get("zeit", "")), now, CITIZEN)
    except SlotTaken as taken:
        raise taken.instead(f"/buchung/{token}/verlegung") from None
    return redirect(request, links.path(session, booking))


def read_couple(form: Mapping[str, str], booking: Booking) -> Couple:
    """What the couple typed. Raises Invalid field by field, TurnedAway when the gate is closed for them."""
    guests_most = booking.resource.guests if isinstance(booking.resource, Venue) else 500
    values = forms.read(
        form,
        german=forms.yes_or_no,
        divorced_abroad=forms.yes_or_no,
        elsewhere=forms.one_of("hier", "andernorts"),
        partner_one=forms.text(120),
        partner_two=forms.text(120),
        email=forms.address,
        phone=forms.phone,
        guests=forms.whole(0, guests_most),
        remarks=forms.text(500, required=False, lines=True),
    )
    foreign = not values.german or values.divorced_abroad
    if foreign and booking.terms.gate_foreign:
        raise TurnedAway
    return Couple(
        partner_one=values.partner_one,
        partner_two=values.partner_two,
        email=values.email,
        phone=values.phone,
        guests=values.guests,
        foreign=foreign,
        elsewhere=values.elsewhere == "andernorts",
        remarks=values.remarks,
    )


def _form(
    request: Request, session: Session, booking: Booking, now: datetime, typed: dict[str, str], faults: dict[str, str]
) -> Response[Any]:
    labels = {name: _(label) for name, label in LABELS.items()}
    typed = dict.fromkeys(LABELS, "") | _known(session, booking) | typed
    faults = {name: faults[name] for name in LABELS if name in faults}
    context = _about(session, booking, now) | {"typed": typed, "faults": faults, "labels": labels}
    context["token"] = _token(session, booking)
    return page(request, "weddings/form.html", 422 if faults else 200, **context)


def _known(session: Session, booking: Booking) -> dict[str, str]:
    """What the couple has told before, for correcting it."""
    wedding = session.get(Wedding, booking.id)
    if wedding is None:
        return {}
    return {
        "german": "nein" if wedding.foreign else "ja",
        "divorced_abroad": "" if wedding.foreign else "nein",
        "elsewhere": "andernorts" if wedding.elsewhere else "hier",
        "partner_one": wedding.partner_one,
        "partner_two": wedding.partner_two,
        "email": booking.email,
        "phone": booking.phone,
        "guests": str(wedding.guests),
        "remarks": wedding.remarks,
    }


def _turn_away(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    """Politely: the office has to look at it first. The hold is given back at once, nothing is kept."""
    context = _about(session, booking, now)
    reservation.turn_away(session, booking, now)
    return page(request, "weddings/gate.html", **context)


def _status(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    wedding = session.get(Wedding, booking.id)
    parties, account = approvals.needed(booking), ledger.account(session, booking.id)
    context = _about(session, booking, now) | {
        "wedding": wedding,
        "account": account,
        "lines": ledger.owed(session, booking.id),
        "documents": charge_papers.named(charge_papers.for_citizen(session, booking)),
        "history": [event for event in booking.events if event.verb not in events.FOR_THE_DESK],
        "event_words": events.WORDS,
        "state_words": steps.STATE_WORDS,
        "waiting_for": sorted(parties - approvals.given(session, booking)),
        "token": _token(session, booking),
        "back_from_paying": request.query_params.get("zahlung", ""),
        "lapsed": booking.lapsed(now) or booking.state == "expired",
        "started": booking.starts_at <= now,
        "pay": payable.ways(session, booking, now),
        "moves": on_the_way.moves(session, booking.id, account),
        "going": on_the_way.going(session, booking),
        "bills": open_bills(session, booking),
        "together": together.offered(session, booking, now),
        "debit_offered": mandate_routes.offered(session, booking, now),
    }
    return page(request, "weddings/status.html", **context)


def _about(session: Session, booking: Booking, now: datetime) -> dict[str, Any]:
    """What every page about a reservation shows."""
    zone = booking.municipality.zone
    day = local_date(booking.starts_at, zone)
    limit = booking.deadline_at or booking.terms.deadline_at(now, booking.starts_at, zone)
    return {
        "today_is": local_date(now, zone),
        "deadline_day": limit and last_day(limit, zone),
        "cancelling": cancelling(booking.terms, day, local_date(now, zone)),
        "asks_again": bool(approvals.required(booking)),
        "return_to": links.path(session, booking),
        "booking": booking,
        "now": now,
        "town": booking.municipality,
        "venue": booking.resource,
        "zone": zone,
        "last_day": last_day,
        "terms": booking.terms,
        "window": registration_window(day),
        "own_url": links.url(session, booking),
        "instant": instant,
    }


def _token(session: Session, booking: Booking) -> str:
    return links.path(session, booking).rpartition("/")[2]


routes = [check, submit, back_to_the_booking, ask_to_move, move]
