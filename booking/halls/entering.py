"""By telephone, on paper, at the counter: a clerk enters a hall's booking, from "when would you like it?" on."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import lifecycle
from buchbar.booking.desk_frame import by, locked, show
from buchbar.booking.halls import for_whom, reservation, slot_form
from buchbar.booking.halls.desk import DESK, MOST_PERSONS
from buchbar.booking.halls.desk_requests import booking_of
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.free import busy_between, refusal, starts
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.requests import parts_of
from buchbar.booking.halls.reservation import NotOffered, Slot, Taken, Use, slot_of
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.halls.use_form import offered_traits
from buchbar.booking.models import CHANNELS, ONLINE, Booking
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span, local_date
from buchbar.payments.ledger import Line

PAGE = "hallen/eintragen"
CAME = tuple(channel for channel in CHANNELS if channel != ONLINE)
NOON, EVENING = 12, 17  # on the wall, where the afternoon and the evening begin
OLDEST = timedelta(days=366)  # nobody enters a letter that is older
LABELS = {
    "wo": N_("Halle und Teil"),
    "tag": N_("Tag"),
    "minuten": N_("Dauer in Minuten"),
    "von": N_("Beginn"),
    "wen": N_("Für wen"),
}
ASKED = slot_form.FIELDS | {"von": forms.optional(slot_form.beginning)}
USE: dict[str, forms.Field] = {
    "organiser": forms.text(120),
    "contact": forms.text(120),
    "email": forms.optional(forms.address),
    "phone": forms.phone,
    "title": forms.text(120, required=False),
    "sport": forms.text(80, required=False),
    "purpose": forms.one_of(*OFFERS.purposes),
    "age_group": forms.one_of(*OFFERS.age_groups),
    "persons": forms.whole(0, MOST_PERSONS, required=False),
    "coach": forms.text(120, required=False),
    "coach_phone": forms.phone,
    "remarks": forms.text(1000, required=False, lines=True),
    "street": forms.text(120, required=False),
    "city": forms.text(120, required=False),
}


@at_desk.get(f"/{PAGE}", WORK)
def choose(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    """Where, when, how long and for whom; with that, what is free."""
    return _choose_page(request, session, clerk, now, dict(request.query_params))


@at_desk.post(f"/{PAGE}", WORK, N_("Halle für jemanden vorgemerkt"))
def hold(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    user_class, organisation = for_whom.read(session, clerk.town, form.get("wen", ""))
    try:
        slot = slot_form.chosen(form.get("termin", ""))
        with session.begin_nested():
            booking = reservation.hold(session, clerk.town, slot, user_class, now, by(clerk), organisation=organisation)
    except Invalid as fault:
        return _choose_page(request, session, clerk, now, dict(form), 422, fault.fields)
    except (Taken, NotOffered) as refused:
        return _choose_page(request, session, clerk, now, dict(form), 422, {"termin": str(refused)})
    return redirect(request, f"{clerk.desk}/{PAGE}/{booking.id}")


@at_desk.get(f"/{PAGE}/{{booking_id:uuid}}", WORK)
def ask_for_use(
    request: Request, session: Session, now: datetime, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = _entered_here(session, clerk, booking_id)
    if booking.state != "held" or booking.lapsed(now):
        return redirect(request, f"{clerk.desk}/buchung/{booking.id}")
    return _use_page(request, session, clerk, booking, now)


@at_desk.post(f"/{PAGE}/{{booking_id:uuid}}", WORK, N_("Hallenbuchung eingetragen"))
def enter(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    """Show what it costs, or with ``eintragen`` write it down."""
    booking = _entered_here(session, clerk, booking_id)
    try:
        use, channel, received_at = _read(form, booking, now)
        if not form.get("eintragen"):
            return _use_page(request, session, clerk, booking, now, typed=dict(form), use=use)
        with session.begin_nested():
            reservation.enter(session, booking, use, now, by(clerk), channel, received_at)
    except Invalid as fault:
        return _use_page(request, session, clerk, booking, now, 422, dict(form), fault.fields)
    return redirect(request, f"{clerk.desk}/buchung/{booking.id}?eingetragen=ja")


@at_desk.post(f"/{PAGE}/{{booking_id:uuid}}/freigabe", WORK, N_("Vormerkung zurückgegeben"))
def give_back(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, booking_id: FromPath[UUID]
) -> Response[Any]:
    booking = locked(session, clerk, _entered_here(session, clerk, booking_id).id, form)
    if booking.state != "held":
        raise Refused(_("Diese Buchung ist keine Vormerkung mehr."))
    lifecycle.cancel(session, booking, now, by(clerk))
    return redirect(request, f"{clerk.desk}/{PAGE}")


def _entered_here(session: Session, clerk: Clerk, booking_id: UUID) -> Booking:
    """A hall's booking that the office enters; what somebody holds online is theirs."""
    booking = booking_of(session, clerk.town, booking_id)
    if not booking.by_office:
        raise NotFound
    return booking


def _read(form: Form, booking: Booking, now: datetime) -> tuple[Use, str, datetime | None]:
    """The use, how they came, and when, if it wasn't today. Raises Invalid field by field."""
    today = local_date(now, booking.municipality.zone)
    fields = USE | {"channel": forms.one_of(*CAME), "received": _received(today)}
    values = vars(forms.read(form, **fields))
    if bool(values["street"]) is not bool(values["city"]):
        raise Invalid({"city" if values["street"] else "street": _("Für Briefe braucht es Straße und Ort.")})
    channel, received = values.pop("channel"), values.pop("received")
    values |= {"email": values["email"] or "", "persons": values["persons"] or 0}
    use = Use(**values, traits=tuple(name for name in OFFERS.traits if form.get(f"trait-{name}")))
    # Nobody knows the hour any more: it ranks with those who were there when the day began.
    return use, channel, None if received == today else day_span(received, booking.municipality.zone).start


def _received(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed) if typed else today
        if day > today:
            raise ValueError(_("Der Eingang kann nicht in der Zukunft liegen."))
        if day < today - OLDEST:
            raise ValueError(_("Der Eingang liegt mehr als ein Jahr zurück. Stimmt das Jahr?"))
        return day

    return convert


def _choose_page(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    typed: dict[str, str],
    status: int = 200,
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    rules = plan(session, clerk.town)
    found: list[Slot] = []
    room, faults, asked = "", dict(faults or {}), None
    if typed.get("wen") and typed.get("wo"):
        try:
            asked = forms.read(typed, **ASKED)
            found, room = _found(session, rules, clerk, asked, typed.get("wen", ""), now)
        except Invalid as fault:
            faults |= fault.fields
            asked = None
    context = {
        "typed": {"minuten": str(slot_form.USUAL_MINUTES)} | typed,
        "faults": faults,
        "labels": {name: _(label) for name, label in LABELS.items()} | {"termin": _("Termin")},
        "places": slot_form.places(rules),
        "people": for_whom.options(session, clerk.town),
        "slots": _by_time(found, rules),
        "asked": asked,
        "room": room,
        "page": f"{clerk.desk}/{PAGE}",
    }
    return show(request, clerk, "desk/halls/enter.html", now, 422 if faults else status, **context)


def _found(
    session: Session, rules: HallPlan, clerk: Clerk, asked: SimpleNamespace, whom: str, now: datetime
) -> tuple[list[Slot], str]:
    """What is free of what was asked; and where room could be made for the beginning that was wished, if it isn't.
    Raises Invalid for what the rules refuse."""
    user_class, _organisation = for_whom.read(session, clerk.town, whom)
    hall_id, parts = asked.wo
    hall = rules.halls.get(hall_id)
    if hall is None:
        raise NotFound
    if not hall.allows(parts):
        raise Invalid({"wo": _("Diese Teile der Halle können nicht zusammen gebucht werden.")})
    busy = busy_between(session, [hall], rules, asked.tag, asked.tag + timedelta(days=1), now)
    if asked.von is None:
        free = starts(rules, busy, hall, parts, asked.tag, asked.minuten, user_class, now, DESK)
        return [Slot(hall.id, parts, span) for span in free], ""
    slot = slot_form.slot(asked, rules)
    if why := refusal(rules, hall, parts, slot.span, user_class, now, DESK):
        raise Invalid({"von": why})
    if busy.free(hall.claims(parts, slot.span)):
        return [slot], ""
    return [], f"{clerk.desk}/hallen/platz?{urlencode({'termin': slot_form.value(slot), 'wen': whom})}"


def _by_time(found: Sequence[Slot], rules: HallPlan) -> list[tuple[str, list[tuple[str, Span]]]]:
    """The slots as a form offers them, in words for the time of day."""
    words = {"morning": _("Vormittags"), "afternoon": _("Nachmittags"), "evening": _("Abends")}
    groups: dict[str, list[tuple[str, Span]]] = {name: [] for name in words}
    for slot in found:
        hour = slot.span.start.astimezone(rules.zone).hour
        name = "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"
        groups[name].append((slot_form.value(slot), slot.span))
    return [(words[name], slots) for name, slots in groups.items() if slots]


def _use_page(
    request: Request,
    session: Session,
    clerk: Clerk,
    booking: Booking,
    now: datetime,
    status: int = 200,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    use: Use | None = None,
) -> Response[Any]:
    """The form; with a ``use`` that can be entered, also what it costs."""
    rules, row = plan(session, clerk.town), session.get_one(HallUse, booking.id)
    context = {
        "booking": booking,
        "parts": parts_of(rules, booking, row),
        "typed": _as_known(row, clerk, now) | (typed or {}),
        "faults": faults or {},
        "came": [(channel, _(CHANNELS[channel])) for channel in CAME],
        "offers": OFFERS,
        "traits": [(name, _(OFFERS.traits[name])) for name in offered_traits(session, booking)],
        "lines": _lines(session, rules, booking, row, use) if use else None,
        "page": f"{clerk.desk}/{PAGE}",
    }
    return show(request, clerk, "desk/halls/use.html", now, status, **context)


def _as_known(row: HallUse, clerk: Clerk, now: datetime) -> dict[str, str]:
    """What is known before anything is typed: the organisation, and that it came today by telephone."""
    organisation = row.organisation
    return {
        "channel": CAME[0],
        "received": local_date(now, clerk.town.zone).isoformat(),
        "purpose": "training",
        "age_group": "adults",
        "organiser": row.organiser,
        "email": organisation.email if organisation else "",
        "phone": organisation.phone if organisation else "",
        "street": organisation.street if organisation else "",
        "city": organisation.city if organisation else "",
    }


def _lines(session: Session, rules: HallPlan, booking: Booking, row: HallUse, use: Use) -> list[Line]:
    answers = Answers(booking.user_class, use.age_group, use.purpose, tuple(use.traits), use.persons)
    return reservation.price_of(session, rules, slot_of(booking, row), booking.tariff_id, answers)


routes = [choose, hold, ask_for_use, enter, give_back]
