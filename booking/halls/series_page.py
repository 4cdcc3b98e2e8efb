"""A series by its secret link: all its dates; give some back, change the rest from a date on, end it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request as Asked
from litestar import Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.base.web import Form, get, get_and_head, limited, page, post, redirect
from buchbar.booking import calendar_entries, links
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import club_access, series_change, series_form, series_letters, slot_form, words
from buchbar.booking.halls.codes_shown import shown as code_of
from buchbar.booking.halls.models import Series
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, slot_of
from buchbar.booking.halls.series import NotAllFree
from buchbar.booking.halls.series_change import Proposal
from buchbar.booking.halls.series_dates import Request
from buchbar.booking.halls.series_routes import kept
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.steps import STATE_WORDS
from buchbar.calendar import ical
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger

PAGE = "/serie/{token:str}"
# A code is shown until its doors are shut, a while after the booking.
_RUN_OUT = timedelta(hours=2)


@get(PAGE)
def show(request: Asked, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """All of it for the club; for others who have the link, when it takes place."""
    series = series_letters.series_by(session, token)
    context = about(session, series, now)
    if club_access.may(session, series.organisation_id):
        return _shown(request, "halls/series.html", token, context)
    context["sign_in"] = club_access.sign_in_page(session, f"/serie/{token}")
    return _shown(request, "halls/series_bare.html", token, context)


@get_and_head(f"{PAGE}/termine.ics", opt={"exclude_from_csrf": True})
def calendar_file(request: Asked, session: Session, token: FromPath[str]) -> Response[Any]:
    """All dates that stand, to put into one's own calendar."""
    series = club_access.series_by(session, token)
    town = session.get_one(Municipality, series.municipality_id)
    standing = [each for each in series_change.dates_of(session, series) if each.state in series_change.STANDING]
    if not standing:
        raise NotFound
    stamps = _stamps(session, standing)
    events = [calendar_entries.own_event(session, each, stamps[each.id]) for each in standing]
    body = ical.download_all(events, town.zone, calendar_entries.organizer(session, standing[0]))
    headers = {"content-disposition": 'attachment; filename="termine.ics"', "cache-control": "no-store"}
    return Response(body, media_type="text/calendar", headers=headers)


def _stamps(session: Session, bookings: Sequence[Booking]) -> dict[UUID, datetime]:
    """When something last happened to each of them, in one query."""
    ours = BookingEvent.booking_id.in_([booking.id for booking in bookings])
    last = select(BookingEvent.booking_id, func.max(BookingEvent.at)).where(ours).group_by(BookingEvent.booking_id)
    return dict(session.execute(last).all())


@post(f"{PAGE}/freigabe")
@limited("series", most=60, per=timedelta(minutes=10))
def give_back(request: Asked, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """Show what giving the ticked dates back costs (or all from a day on), and with ``ja`` do it."""
    series = club_access.series_by(session, token)
    try:
        ids = ticked(session, series, form, now)
        if form.get("ja"):
            series_change.give_back(session, series, ids, now, CITIZEN)
            return redirect(request, f"/serie/{token}?erledigt=ja")
        context = ending(session, series, ids, now, CITIZEN)
    except (Invalid, Refused) as problem:
        context = about(session, series, now) | {"problem": problem.sentence}
        return _shown(request, "halls/series.html", token, context, 409)
    return _shown(request, "halls/series_end.html", token, context)


@get(f"{PAGE}/aendern")
def change_form(request: Asked, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    series = club_access.series_by(session, token)
    club_access.refuse_blocked(series.organisation)
    return _form(request, session, series, token, now, {})


@post(f"{PAGE}/aendern/vorschau")
@limited("series", most=60, per=timedelta(minutes=10))
def change_preview(request: Asked, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """The dates as they would be, with what clashes, and what that does to the price. Nothing is changed yet."""
    series = club_access.series_by(session, token)
    club_access.refuse_blocked(series.organisation)
    if form.get("zurueck"):
        return _form(request, session, series, token, now, dict(form))
    try:
        wanted, since = read_change(session, series, form)
        context = proposed(session, series, wanted, since, now, CITIZEN, form)
    except Invalid as fault:
        return _form(request, session, series, token, now, dict(form), fault.fields)
    except Refused as refused:
        return _form(request, session, series, token, now, dict(form), {"tag": refused.sentence})
    return _shown(request, "halls/series_change.html", token, context)


@post(f"{PAGE}/aendern")
@limited("series", most=60, per=timedelta(minutes=10))
def change(request: Asked, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    series = club_access.series_by(session, token)
    club_access.refuse_blocked(series.organisation)
    try:
        wanted, since = read_change(session, series, form)
        series_change.change_from(session, series, wanted, since, now, CITIZEN, series_form.read_chosen(form))
    except (NotAllFree, Invalid) as problem:
        if isinstance(problem, Invalid) and "termin" not in problem.fields:
            return _form(request, session, series, token, now, dict(form), problem.fields)
        context = proposed(session, series, wanted, since, now, CITIZEN, form) | {"problem": problem.sentence}
        return _shown(request, "halls/series_change.html", token, context, 409)
    except NotOffered as refused:
        return _form(request, session, series, token, now, dict(form), {"wo": refused.sentence})
    return redirect(request, f"/serie/{token}?erledigt=ja")


def about(session: Session, series: Series, now: datetime) -> dict[str, Any]:
    """What a page says of a series: its dates with their state and what is open of them, and the code of the next."""
    town = session.get_one(Municipality, series.municipality_id)
    rules, bookings = plan(session, town), series_change.dates_of(session, series)
    uses = series_letters.uses_of(session, bookings)
    accounts = ledger.accounts(session, [booking.id for booking in bookings])
    rows = [
        {
            "booking": booking,
            "slot": slot_of(booking, uses[booking.id]),
            "state": _(STATE_WORDS[booking.state]) if not uses[booking.id].given_back_at else _("freigegeben"),
            "open": accounts[booking.id].open if booking.id in accounts else 0,
            "link": links.path(session, booking),
            "can_end": booking.state in series_change.STANDING and booking.starts_at > now,
        }
        for booking in bookings
    ]
    coming = [row for row in rows if row["can_end"]]
    blocked = club_access.is_blocked(series.organisation)
    near = next((each for each in bookings if each.state == "confirmed" and each.ends_at + _RUN_OUT > now), None)
    return {
        "town": town,
        "zone": town.zone,
        "series": series,
        "hall": series.hall,
        "use": uses[bookings[-1].id] if bookings else None,
        "rows": rows,
        "coming": coming,
        "past": [row for row in rows if not row["can_end"]],
        "open": sum(account.open for account in accounts.values()),
        "code": code_of(session, near, now) if near and not blocked else None,
        "blocked": blocked,
        "near": near,
        "rhythm": _(series_form.RHYTHMS[series.repeat.every]),
        "words": words,
        "where": lambda slot: series_letters.where(rules, slot),
        "from_choices": from_choices(rows, town),
        "problem": "",
    }


def from_choices(rows: Sequence[dict[str, Any]], town: Municipality) -> list[tuple[str, str]]:
    """The dates from which on the rest can be changed or ended."""
    days = [local_date(row["booking"].starts_at, town.zone) for row in rows if row["can_end"]]
    return [(day.isoformat(), series_letters.day_words(day)) for day in dict.fromkeys(days)]


def ticked(session: Session, series: Series, form: Form, now: datetime) -> list[UUID]:
    """The dates that were ticked, or all from a day on. Raises Invalid for none."""
    if form.get("ab"):
        since = forms.read(form, ab=forms.day).ab
        ids = [booking.id for booking in series_change.to_come(session, series, now, since)]
    else:
        ids = [each for each in (_id(value) for value in form.all("datum")) if each]
    if not ids:
        raise Invalid({"datum": _("Bitte wählen Sie mindestens einen Termin.")})
    return ids


def ending(session: Session, series: Series, ids: Sequence[UUID], now: datetime, by: Actor) -> dict[str, Any]:
    """What is asked before dates end: which, and what it costs. Raises Refused for what can't end any more."""
    town = session.get_one(Municipality, series.municipality_id)
    rules = plan(session, town)
    bookings = [booking for booking in series_change.to_come(session, series, now) if booking.id in ids]
    if len(bookings) < len(set(ids)):
        raise Refused(_("Einer der Termine ist schon vorbei oder beendet. Bitte sehen Sie noch einmal hin."))
    uses = series_letters.uses_of(session, bookings)
    slots = [(booking, slot_of(booking, uses[booking.id])) for booking in bookings]
    return {
        "town": town,
        "series": series,
        "hall": series.hall,
        "ids": ids,
        "names": [(series_letters.when(rules, slot), series_letters.where(rules, slot)) for _booking, slot in slots],
        "cost": series_change.cost_of_ending(session, bookings, now, by),
    }


def read_change(session: Session, series: Series, form: Form) -> tuple[Request, date]:
    """What the rest of the series is to be, and from which day on. Raises Invalid field by field."""
    rules = plan(session, session.get_one(Municipality, series.municipality_id))
    since, (hall_id, parts), repeat = series_form.together(
        form,
        lambda typed: forms.read(typed, ab=forms.day).ab,
        lambda typed: series_form.read_place(typed, rules),
        series_form.read_repeat,
    )

    def wanted(use: Any, user_class: str) -> Request:
        return Request(
            hall_id=hall_id,
            parts=parts,
            repeat=repeat,
            use=use,
            user_class=user_class,
            organisation=series.organisation,
        )

    return series_change.again(session, series, wanted), since


def proposed(
    session: Session, series: Series, wanted: Request, since: date, now: datetime, by: Actor, form: Form
) -> dict[str, Any]:
    """What a page shows before the rest is changed. Raises Refused."""
    town = session.get_one(Municipality, series.municipality_id)
    rules = plan(session, town)
    proposal = series_change.propose(session, series, wanted, since, now, by)
    return {
        "town": town,
        "zone": town.zone,
        "series": series,
        "hall": series.hall,
        "dates": [each.date for each in proposal.changes],
        "picked": form.all("termin") or [slot_form.value(slot) for slot in _usual(proposal)] or ["-"],
        "ending": [series_letters.when(rules, slot) for slot in _slots(session, proposal.ending)],
        "money": _money(session, series, wanted, since, now, by),
        "kept": kept(form),
        "value": slot_form.value,
        "words": words,
        "where": lambda slot: series_letters.where(rules, slot),
        "problem": "",
    }


def _usual(proposal: Proposal) -> list[Any]:
    return [each.date.slot for each in proposal.changes if each.usual and each.date.slot]


def _money(
    session: Session, series: Series, wanted: Request, since: date, now: datetime, by: Actor
) -> tuple[int, int] | None:
    """What doing all that can be done would change of the price; None where nothing can."""
    try:
        act = lambda: series_change.change_from(session, series, wanted, since, now, by)  # noqa: E731
        return series_change.rehearse(session, series, act)
    except Refused:
        return None


def _slots(session: Session, bookings: Sequence[Booking]) -> list[Any]:
    uses = series_letters.uses_of(session, bookings)
    return [slot_of(booking, uses[booking.id]) for booking in bookings]


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def _form(
    request: Asked,
    session: Session,
    series: Series,
    token: str,
    now: datetime,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    context = form_context(session, series, now, typed, faults)
    return _shown(request, "halls/series_change_form.html", token, context, 422 if faults else 200, "/aendern")


def _shown(
    request: Asked, template: str, token: str, context: dict[str, Any], status: int = 200, below: str = ""
) -> Response[Any]:
    """A page of the series; who changes its language after a form comes back to ``below`` it."""
    series_at = f"/serie/{token}"
    return page(request, template, status, **context, series_at=series_at, return_to=f"{series_at}{below}")


def form_context(
    session: Session, series: Series, now: datetime, typed: dict[str, str], faults: dict[str, str] | None
) -> dict[str, Any]:
    """The form for changing the rest: as the series is now, or as it was typed."""
    shown = about(session, series, now)
    rules = plan(session, shown["town"])
    if not shown["coming"]:
        raise Refused(_("Diese Serie hat keine Termine mehr, die sich ändern ließen."))
    first = shown["coming"][0]
    day = local_date(first["booking"].starts_at, rules.zone)
    known = series_form.known(rules, series.repeat, first["slot"], day) | {"ab": day.isoformat()}
    if not known["bis"]:
        known["bis"] = local_date(shown["coming"][-1]["booking"].starts_at, rules.zone).isoformat()
    return (
        shown
        | series_form.choices([])
        | {
            "places": slot_form.places(rules, first["slot"]),
            "typed": series_form.EMPTY | known | typed,
            "faults": faults or {},
        }
    )


routes = [show, calendar_file, give_back, change_form, change_preview, change]
