"""From a free hall to a hold: choose parts and times, see the price, take it."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.base.tokens import fingerprint
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking import links
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import asking, who, words
from buchbar.booking.halls.choosing import Choice, chosen, part_choices
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.free import Busy, busy_between, refusal, starts
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.next_free import nothing_on
from buchbar.booking.halls.plan import HallPlan, HallRules, parts_in_words, plan, read_parts
from buchbar.booking.halls.reservation import NotOffered, Slot, Taken, hold, price_of
from buchbar.booking.halls.series_dates import instead
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.halls.who import Asking
from buchbar.booking.instants import instant, read_instant
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date


@get("/{town_slug:str}/hallen/{slug:str}/buchung")
def slot_page(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    rules = plan(session, town)
    hall = rules.hall(slug)
    asks = who.asking(request, session, town, request.query_params.get("wer", ""), now)
    choice = chosen(request.query_params, rules, hall)
    return _shown(request, session, town, rules, hall, asks, choice, now)


@post("/{town_slug:str}/hallen/{slug:str}/vormerkung")
@limited("hold", most=30, per=timedelta(minutes=10))
def hold_slot(
    request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """Take it. A form that comes twice finds what it has taken."""
    town = municipality(session, town_slug, request, now)
    rules = plan(session, town)
    hall = rules.hall(slug)
    asks = who.asking(request, session, town, form.get("wer", ""), now)
    start, minutes = read_instant(form.get("beginn", "")), form.get("minuten", "")
    if not (minutes.isascii() and minutes.isdigit() and 0 < int(minutes) <= 1440):
        raise NotFound
    span = Span(start, start + timedelta(minutes=int(minutes)))
    slot = Slot(hall.id, read_parts(form.get("teile", "")), span)
    visitor = _visitor(request, slot)
    club = asks.chosen.organisation
    choice = _posted(form, slot, rules)
    try:
        booking = hold(session, town, slot, asks.chosen.user_class, now, CITIZEN, visitor, club)
    except (NotOffered, Taken) as refused:  # by a double click?
        mine = _held_already(session, slot, now, visitor) if isinstance(refused, Taken) else None
        if mine is None:
            return _shown(request, session, town, rules, hall, asks, choice, now, refused.sentence)
        return redirect(request, links.path(session, mine))
    use = session.get_one(HallUse, booking.id)
    use.age_group, use.purpose = choice.age_group, choice.purpose
    return redirect(request, links.path(session, booking))


@get("/{town_slug:str}/hallen/{slug:str}/vormerkung")
def back_to_the_choice(request: Request, town_slug: FromPath[str], slug: FromPath[str]) -> Response[Any]:
    """Who comes to the form's target by history chooses anew."""
    return redirect(request, f"/{town_slug}/hallen/{slug}/buchung")


def _shown(
    request: Request,
    session: Session,
    town: Municipality,
    rules: HallPlan,
    hall: HallRules,
    asks: Asking,
    choice: Choice,
    now: datetime,
    refused: str = "",
) -> Response[Any]:
    """The choice, what it costs or what is free instead, and when else these parts are free that day."""
    today, user_class = local_date(now, rules.zone), asks.chosen.user_class
    context: dict[str, Any] = {"free": False, "why": refused, "others": [], "times": [], "lines": [], "nothing": None}
    if choice.day and not choice.faults:
        busy = _busy(session, rules, choice, now)
        context["times"] = starts(rules, busy, hall, choice.parts, choice.day, choice.minutes, user_class, now)
        if not (context["times"] or choice.slot):
            parts, minutes = choice.parts, choice.minutes
            context["nothing"] = nothing_on(session, rules, hall, parts, choice.day, minutes, user_class, now)
        if choice.slot:
            context |= _judged(session, rules, hall, busy, choice, choice.slot, user_class, now, refused)
    context |= {
        "town": town,
        "hall": hall,
        "zone": rules.zone,
        "asks": asks,
        "choice": choice,
        "terms": rules.terms(today, user_class) if rules.policies else None,
        "today": today,
        "instant": instant,
        "parts_in_words": parts_in_words,
        "words": words,
        "halls": rules.halls,
        "booker_choices": [(booker.value, booker.label) for booker in asks.bookers],
        "part_choices": part_choices(hall),
        "fields": hall.fields_of(choice.parts),
        "rooms": [part for part in hall.parts.values() if part.side],
        "durations": asking.duration_choices(),
        "ages": [(name, _(label)) for name, label in OFFERS.age_groups.items()],
        "purposes": [(name, _(label)) for name, label in OFFERS.purposes.items()],
        "return_to": f"/{town.slug}/hallen/{hall.slug}/buchung",
    }
    status = 409 if refused else 422 if choice.faults else 200
    return page(request, "halls/slot.html", status=status, **context)


def _judged(
    session: Session,
    rules: HallPlan,
    hall: HallRules,
    busy: Busy,
    choice: Choice,
    slot: Slot,
    user_class: str,
    now: datetime,
    refused: str,
) -> dict[str, Any]:
    """Whether a slot can be had, what it costs, and what is free instead."""
    why = refused or refusal(rules, hall, slot.parts, slot.span, user_class, now)
    free = not why and busy.free(hall.claims(slot.parts, slot.span))
    answers = Answers(user_class, choice.age_group, choice.purpose)
    lines = price_of(session, rules, slot, rules.tariff_id(local_date(now, rules.zone)), answers) if free else []
    others = [] if free else instead(rules, busy, slot, user_class, now, CITIZEN)
    return {
        "free": free,
        "why": why or ("" if free else _("Diese Zeit ist schon vergeben.")),
        "lines": lines,
        "others": others,
    }


def _busy(session: Session, rules: HallPlan, choice: Choice, now: datetime) -> Busy:
    """What is taken of all halls that day and the next, into which it may last, so that another can be named."""
    day = choice.day or local_date(now, rules.zone)
    return busy_between(session, list(rules.halls.values()), rules, day, day + timedelta(days=1), now)


def _posted(form: Form, slot: Slot, rules: HallPlan) -> Choice:
    """What the hold was asked for, to be shown again."""
    minutes = words.length(slot.span)
    start = slot.span.start.astimezone(rules.zone)
    typed = {
        "tag": str(start.date()),
        "von": f"{start:%H:%M}",
        "minuten": str(minutes),
        "alter": form.get("alter", ""),
        "zweck": form.get("zweck", ""),
    }
    return Choice(typed, {}, slot.parts, minutes, start.date(), slot)


def _visitor(request: Request, slot: Slot) -> str:
    """Who posts this form, as a fingerprint that says nothing elsewhere: of the browser's token and the slot."""
    token = request.cookies.get("csrftoken", "")
    what = f"{slot.hall_id} {parts_in_words(slot.parts)} {slot.span.start} {slot.span.end}"
    return fingerprint(settings_of(request).secret, f"hold {token} {what}") if token else ""


def _held_already(session: Session, slot: Slot, now: datetime, visitor: str) -> Booking | None:
    """The hold that this visitor has on a slot, as long as nothing was typed into it yet."""
    held = session.scalars(
        select(Booking)
        .where(Booking.resource_id == slot.hall_id, Booking.starts_at == slot.span.start)
        .where(Booking.state == "held", Booking.hold_until > now)
        .options(selectinload(Booking.events))
    )
    mine = (each for each in held if visitor in (event.data.get("visitor") for event in each.events))
    return next(mine, None) if visitor else None


routes = [slot_page, hold_slot, back_to_the_choice]
