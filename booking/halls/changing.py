"""What citizens and clubs change of a hall's booking themselves: another time or other parts, giving it back, who is in
the hall."""

from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.base.web import Form, get, page, post, redirect
from buchbar.booking import claims, lifecycle, links, on_the_way, steps
from buchbar.booking.approvals import required_at
from buchbar.booking.events import CITIZEN, record
from buchbar.booking.halls import asking, club_access, reservation, use_form
from buchbar.booking.halls.choosing import Choice, chosen, part_choices
from buchbar.booking.halls.citizen import about
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.free import Busy, busy_between, refusal, starts
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.next_free import nothing_on
from buchbar.booking.halls.plan import HallPlan, HallRules, parts_in_words, plan, read_parts
from buchbar.booking.halls.reservation import NotOffered, Slot, Taken, TooMuch
from buchbar.booking.instants import instant, read_instant
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import cost_of_cancelling
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date, wall_minutes
from buchbar.payments import ledger
from buchbar.resources.models import Resource

SHOWN = 8  # beginnings that are offered without asking for more


@get("/buchung/{token:str}/umbuchung")
def ask_to_move(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Choose other parts or another time; with a slot that is free, what it would cost."""
    booking = links.booking_of(JOURNEY, session, token)
    club_access.refuse_blocked(session.get_one(HallUse, booking.id).organisation)
    steps.allow(booking, "move", now)
    return _choice(request, session, booking, now)


@post("/buchung/{token:str}/umbuchung")
def move(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_of(JOURNEY, session, token)
    club_access.refuse_blocked(session.get_one(HallUse, booking.id).organisation)
    start, minutes = read_instant(form.get("beginn", "")), form.get("minuten", "")
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= 1440):
        raise NotFound
    hall = plan(session, booking.municipality).hall(form.get("halle", ""))
    slot = Slot(hall.id, read_parts(form.get("teile", "")), Span(start, start + timedelta(minutes=int(minutes))))
    try:
        reservation.move(session, booking, slot, now, CITIZEN)
    except (NotOffered, Taken, TooMuch) as refused:
        return _choice(request, session, booking, now, refused.sentence)
    return redirect(request, links.path(session, booking) + "?umgebucht=ja")


@get("/buchung/{token:str}/freigabe")
def ask_to_give_back(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """What giving it back costs, before anything happens."""
    booking = links.booking_of(JOURNEY, session, token)
    if steps.over(booking):
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "cancel", now)
    cost = cost_of_cancelling(session, booking, lifecycle.refund_percent(session, booking, now))
    context = about(session, booking, now) | {
        "cost": cost.kept,
        "returned": cost.back,
        "coming": on_the_way.coming(session, booking.id),
    }
    return page(request, "halls/give_back.html", **context)


@post("/buchung/{token:str}/freigabe")
def give_back(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_of(JOURNEY, session, token)
    if not booking.lapsed(now):
        reservation.give_back(session, booking, now, CITIZEN)
    return redirect(request, links.path(session, booking))


@get("/buchung/{token:str}/daten")
def ask_for_data(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Who is in the hall and how they are reached can be put right; what the price depends on can't."""
    booking = links.booking_of(JOURNEY, session, token)
    steps.allow(booking, "correct", now)
    use = session.get_one(HallUse, booking.id)
    typed = {name: getattr(use, name) for name in ("title", "coach", "coach_phone", "remarks")}
    return _data(request, session, booking, now, typed | {"phone": booking.phone}, {})


@post("/buchung/{token:str}/daten")
def keep_data(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    booking = links.booking_of(JOURNEY, session, token)
    lifecycle.lock(session, booking)
    steps.allow(booking, "correct", now)
    fields: dict[str, forms.Field] = {
        "title": forms.text(120, required=False),
        "coach": forms.text(120, required=False),
        "coach_phone": forms.phone,
        "phone": forms.phone,
        "remarks": forms.text(500, required=False, lines=True),
    }
    try:
        values = vars(forms.read(form, **fields))
    except Invalid as fault:
        return _data(request, session, booking, now, dict(form), fault.fields)
    use = session.get_one(HallUse, booking.id)
    changed = [name for name, value in values.items() if value != getattr(booking if name == "phone" else use, name)]
    for name in changed:
        setattr(booking if name == "phone" else use, name, values[name])
    if changed:
        labels = ", ".join(_(use_form.LABELS[name]) for name in changed)
        record(session, booking, "correct", now, CITIZEN, labels)
        claims.shown(session, booking.id)
    return redirect(request, links.path(session, booking) + "?erledigt=ja")


def _data(
    request: Request, session: Session, booking: Booking, now: datetime, typed: dict[str, str], faults: dict[str, str]
) -> Response[Any]:
    labels = {name: _(label) for name, label in use_form.LABELS.items()}
    context = about(session, booking, now) | {"typed": dict.fromkeys(labels, "") | typed, "faults": faults}
    context["labels"] = labels
    return page(request, "halls/data.html", 422 if faults else 200, **context)


def _choice(request: Request, session: Session, booking: Booking, now: datetime, refused: str = "") -> Response[Any]:
    """Other parts and times, in the booking's own hall or another; with one that is chosen, what it costs."""
    rules, use = plan(session, booking.municipality), session.get_one(HallUse, booking.id)
    hall = rules.hall(request.query_params.get("halle") or booking.resource.slug)
    was = reservation.slot_of(booking, use)
    choice = chosen(request.query_params, rules, hall, was)
    day = choice.day or max(local_date(booking.starts_at, rules.zone), local_date(now, rules.zone))
    busy = busy_between(session, [hall], rules, day, day + timedelta(days=1), now, but=booking.id)
    times = [] if choice.faults else _times(rules, busy, hall, choice, day, booking, now, but=was)
    context = about(session, booking, now) | {
        "choice": choice,
        "chosen_day": day,
        "times": times,
        "near": _nearest(times, booking, rules),
        "nothing": None,
        "new_hall": hall,
        "halls": [(each.slug, each.name) for each in rules.halls.values() if each.visibility != "information"],
        "part_choices": part_choices(hall),
        "fields": hall.fields_of(choice.parts),
        "rooms": [part for part in hall.parts.values() if part.side],
        "durations": asking.duration_choices(),
        "parts_in_words": parts_in_words,
        "instant": instant,
        "refused": refused,
        "slot": None,
        "asks_again": bool(required_at(booking, session.get_one(Resource, hall.id))),
    }
    if not (times or choice.faults or choice.slot):
        parts, minutes, who = choice.parts, choice.minutes, booking.user_class
        context["nothing"] = nothing_on(session, rules, hall, parts, day, minutes, who, now, booking.id)
    if choice.slot and not refused:
        free = busy.free(hall.claims(choice.slot.parts, choice.slot.span))
        context |= _new(session, rules, hall, booking, choice.slot, now, free=free)
    status = 409 if refused else 422 if choice.faults else 200
    return page(request, "halls/move.html", status=status, **context)


def _times(
    rules: HallPlan,
    busy: Busy,
    hall: HallRules,
    choice: Choice,
    day: date,
    booking: Booking,
    now: datetime,
    but: Slot,
) -> list[Span]:
    """When it could be instead of ``but``."""
    spans = starts(rules, busy, hall, choice.parts, day, choice.minutes, booking.user_class, now)
    return [span for span in spans if Slot(hall.id, choice.parts, span) != but]


def _nearest(times: list[Span], booking: Booking, rules: HallPlan) -> list[Span]:
    """Those that are shown at once: around the hour at which it is now."""
    hour = wall_minutes(booking.starts_at, rules.zone)
    return sorted(sorted(times, key=lambda span: abs(wall_minutes(span.start, rules.zone) - hour))[:SHOWN])


def _new(
    session: Session, rules: HallPlan, hall: HallRules, booking: Booking, slot: Slot, now: datetime, *, free: bool
) -> dict[str, Any]:
    """The new slot with its price, or why it can't be had."""
    use, user_class = session.get_one(HallUse, booking.id), booking.user_class
    why = refusal(rules, hall, slot.parts, slot.span, user_class, now)
    if slot == reservation.slot_of(booking, use):
        return {"refused": _("So ist es schon gebucht.")}
    if why or not free:
        return {"refused": why or _("Diese Zeit ist schon vergeben.")}
    answers = Answers(user_class, use.age_group, use.purpose, tuple(use.traits), use.persons)
    lines = reservation.price_of(session, rules, slot, booking.tariff_id, answers)
    change = sum(line.cents for line in lines) - ledger.account(session, booking.id).owed
    later = lifecycle.refund_percent(session, booking, now)
    return {"slot": slot, "lines": lines, "change": change, "given_back_later": later}


routes = [ask_to_move, move, ask_to_give_back, give_back, ask_for_data, keep_data]
