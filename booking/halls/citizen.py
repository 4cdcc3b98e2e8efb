"""The pages of a hall's booking, by its secret link: the form, the summary, the booking as it stands."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.citizens import person_of, signed_in_person
from buchbar.accounts.clubs import organisations_of
from buchbar.accounts.people import Person
from buchbar.base import limits, texts
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking import (
    charge_papers,
    events,
    links,
    mandate_routes,
    on_the_way,
    payable,
    steps,
    together,
)
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import club_access, reservation, series_letters, use_form, words
from buchbar.booking.halls.codes_shown import shown
from buchbar.booking.halls.letters import named
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.plan import parts_in_words
from buchbar.booking.halls.tariff import OFFERS
from buchbar.booking.models import Booking
from buchbar.booking.open_bills import open_bills
from buchbar.booking.refund_words import cancelling
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger

PROOFS = 5  # mails to one address in an hour that ask whether it is theirs: it may be a stranger's


def show(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    """The booking as it stands: the form while it is held, then the status."""
    ended = steps.over(booking) or booking.lapsed(now)
    if (ended or booking.state != "held") and not club_access.may(session, _use(session, booking).organisation_id):
        return _bare(request, session, booking, now)
    if ended:
        return _status(request, session, booking, now)
    if booking.state == "held":
        return _form(request, session, booking, now, {}, {})
    if booking.state == "submitted":
        return page(request, "halls/check_mail.html", **about(session, booking, now))
    return _status(request, session, booking, now)


@post("/buchung/{token:str}/hallenangaben")
def check(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """Look at what was typed and show the summary with the price; nothing is kept yet."""
    booking = links.booking_of(JOURNEY, session, token)
    if booking.lapsed(now):
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "submit", now)
    if form.get("zurueck"):
        return _form(request, session, booking, now, dict(form), {})
    try:
        use = use_form.read(form, session, booking, member := _member(request, session, booking, now))
    except Invalid as fault:
        return _form(request, session, booking, now, dict(form), fault.fields)
    context = about(session, booking, now) | {
        "member": member,
        "typed": dict(form),
        "use": use,
        "lines": use_form.cost(session, booking, use),
        "traits": [_(OFFERS.traits[name]) for name in use.traits],
        "age": _(OFFERS.age_groups[use.age_group]),
        "purpose": _(OFFERS.purposes[use.purpose]),
    }
    return page(request, "halls/summary.html", **context)


@post("/buchung/{token:str}/hallenbuchung")
@limited("mail", most=20, per=timedelta(hours=1))
def submit(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """The summary is right: a member's booking stands, else a mail goes out that proves the address."""
    booking = links.booking_of(JOURNEY, session, token)
    if booking.lapsed(now) or booking.email_proven_at:
        return redirect(request, links.path(session, booking))
    steps.allow(booking, "submit", now)
    member = _member(request, session, booking, now)
    try:
        use = use_form.read(form, session, booking, member)
    except Invalid as fault:
        return _form(request, session, booking, now, dict(form), fault.fields)
    booking.language = texts.language.get()
    if member:
        reservation.book_for(session, booking, use, now, CITIZEN)
    else:
        who = f"{booking.municipality_id} {use.email.lower()}"
        limits.count(session, settings_of(request).secret, "proof", who, most=PROOFS, per=timedelta(hours=1), now=now)
        reservation.submit(session, booking, use, now, CITIZEN)
    return redirect(request, links.path(session, booking))


@get(["/buchung/{token:str}/hallenangaben", "/buchung/{token:str}/hallenbuchung"])
def back_to_the_booking(request: Request, session: Session, token: FromPath[str]) -> Response[Any]:
    """Who comes to a form's target by history or a reopened window is led to the booking as it stands."""
    return redirect(request, links.path(session, links.booking_of(JOURNEY, session, token)))


def _member(request: Request, session: Session, booking: Booking, now: datetime) -> Person | None:
    """Who books for the organisation that the hold names; None where it names none. Raises SignInNeeded, and NotFound
    for somebody who may not book for it (any more)."""
    use = session.get_one(HallUse, booking.id)
    if use.organisation_id is None:
        return None
    person = signed_in_person(request, session, now)
    if use.organisation_id not in {each.id for each in organisations_of(session, booking.municipality, person)}:
        raise NotFound(_("Für diesen Verein können Sie nicht mehr buchen."))
    return person


def _use(session: Session, booking: Booking) -> HallUse:
    return session.get_one(HallUse, booking.id)


def _bare(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    """What everybody sees who has the link to a club's booking."""
    state = "expired" if booking.lapsed(now) else booking.state
    context = about(session, booking, now) | {"state": _(words.BOOKING_STATES[state])}
    context["sign_in"] = club_access.sign_in_page(session, links.path(session, booking))
    return page(request, "halls/bare.html", **context)


def _form(
    request: Request, session: Session, booking: Booking, now: datetime, typed: dict[str, str], faults: dict[str, str]
) -> Response[Any]:
    member = _member(request, session, booking, now)
    labels = {name: _(label) for name, label in use_form.LABELS.items()}
    before = {} if "contact" in typed else use_form.known(session, booking, member)
    context = about(session, booking, now) | {
        "typed": dict.fromkeys(labels, "") | before | typed,
        "faults": {name: faults[name] for name in use_form.LABELS if name in faults},
        "labels": labels,
        "member": member,
        "traits": [(name, _(OFFERS.traits[name])) for name in use_form.offered_traits(session, booking)],
        "ages": [(name, _(label)) for name, label in OFFERS.age_groups.items()],
        "purposes": [(name, _(label)) for name, label in OFFERS.purposes.items()],
        "sport_choices": [
            ("", _("etwas anderes")),
            *((each, each) for each in getattr(booking.resource, "sports", ())),
        ],
        "most_persons": use_form.MOST_PERSONS,
    }
    return page(request, "halls/form.html", 422 if faults else 200, **context)


def _status(request: Request, session: Session, booking: Booking, now: datetime) -> Response[Any]:
    account = ledger.account(session, booking.id)
    blocked = club_access.is_blocked(_use(session, booking).organisation)
    context = about(session, booking, now) | {
        "series": _series(request, session, booking, now),
        "purposes": OFFERS.purposes,
        "ages": OFFERS.age_groups,
        "code": None if blocked else shown(session, booking, now),
        "blocked": blocked,
        "account": account,
        "lines": ledger.owed(session, booking.id),
        "documents": charge_papers.named(charge_papers.for_citizen(session, booking)),
        "history": [event for event in booking.events if event.verb not in events.FOR_THE_DESK],
        "event_words": words.EVENTS,
        "state_words": words.BOOKING_STATES,
        "back_from_paying": request.query_params.get("zahlung", ""),
        "lapsed": booking.lapsed(now) or booking.state == "expired",
        "started": booking.starts_at <= now,
        "pay": payable.ways(session, booking, now),
        "moves": on_the_way.moves(session, booking.id, account),
        "going": on_the_way.going(session, booking),
        "bills": open_bills(session, booking),
        "together": together.offered(session, booking, now),
        "debit_offered": mandate_routes.offered(session, booking, now),
        "mandated": mandate_routes.active(session, booking, now) is not None,
    }
    return page(request, "halls/status.html", **context)


def _series(request: Request, session: Session, booking: Booking, now: datetime) -> str:
    """The page of the series to which a date belongs, for a member of its club; the link to one date gives no right to
    the others."""
    use, person = session.get_one(HallUse, booking.id), person_of(request, session, now)
    clubs = organisations_of(session, booking.municipality, person) if person and use.series else []
    theirs = use.series and use.series.organisation_id in {club.id for club in clubs}
    return series_letters.path(session, use.series) if use.series and theirs else ""


def about(session: Session, booking: Booking, now: datetime) -> dict[str, Any]:
    """What every page about a hall's booking shows."""
    use, zone = session.get_one(HallUse, booking.id), booking.municipality.zone
    span = Span(booking.starts_at, booking.ends_at)
    day = local_date(booking.starts_at, zone)
    again = words.slot_query(reservation.slot_of(booking, use), zone)
    return {
        "booking": booking,
        "use": use,
        "hall": booking.resource,
        "parts": named(session, booking, use.parts),
        "part_numbers": parts_in_words(use.parts),
        "span": span,
        "minutes": words.length(span),
        "day": day,
        "between": words.between(span, zone),
        "town": booking.municipality,
        "zone": zone,
        "terms": booking.terms,
        "now": now,
        "today": local_date(now, zone),
        "cancelling": cancelling(booking.terms, day, local_date(now, zone)),
        "own_url": links.url(session, booking),
        "again": f"/{booking.municipality.slug}/hallen/{booking.resource.slug}/buchung?{again}",
        "return_to": links.path(session, booking),
        "token": links.path(session, booking).rpartition("/")[2],
        "words": words,
    }


routes = [check, submit, back_to_the_booking]
