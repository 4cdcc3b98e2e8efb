"""Members of clubs book a series: the rule, every date of it with what clashes, and then all at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from litestar import Request as Asked
from litestar import Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.citizens import signed_in_person
from buchbar.accounts.clubs import Organisation, organisations_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.queries import municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.base.web import Form, get, limited, page, post, redirect
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import series, series_form, series_letters, slot_form, words
from buchbar.booking.halls.models import Round
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.halls.reservation import NotOffered
from buchbar.booking.halls.series import Entry, NotAllFree
from buchbar.booking.halls.series_dates import Date, InSeason, Request, check
from buchbar.calendar.walls import local_date

TOWN_HALL = "/{town_slug:str}/hallen/{slug:str}/serie"


@get(TOWN_HALL)
def form_page(
    request: Asked, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """The rule and what it is for; asks to sign in first, and says how a club is let book."""
    town, hall, person = _here(request, session, now, town_slug, slug)
    return _form(request, session, town, hall, person, now, dict(request.query_params))


@post(f"{TOWN_HALL}/vorschau")
@limited("series", most=60, per=timedelta(minutes=10))
def preview(
    request: Asked, session: Session, now: datetime, form: Form, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """Every date, what clashes and what is free instead. Nothing is booked yet."""
    town, hall, person = _here(request, session, now, town_slug, slug)
    if form.get("zurueck"):
        return _form(request, session, town, hall, person, now, dict(form))
    try:
        wanted = _read(session, form, town, hall, person)
        dates = check(session, town, wanted, now, CITIZEN)
    except Invalid as fault:
        return _form(request, session, town, hall, person, now, dict(form), fault.fields)
    except NotOffered as refused:
        season = refused.season if isinstance(refused, InSeason) else None
        return _form(request, session, town, hall, person, now, dict(form), {"wo": refused.sentence}, season)
    return _preview(request, session, town, hall, form, wanted, dates)


@post(TOWN_HALL)
@limited("series", most=60, per=timedelta(minutes=10))
def book(
    request: Asked, session: Session, now: datetime, form: Form, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """Book what was chosen, or all that is free. A form that comes twice finds what it has made."""
    town, hall, person = _here(request, session, now, town_slug, slug)
    entry = Entry(once=forms.once(form.get("einmal", "")))
    try:
        wanted = _read(session, form, town, hall, person)
        only = series_form.read_chosen(form)
        made = series.book(session, town, wanted, now, CITIZEN, only, entry)
    except Invalid as fault:
        if "termin" not in fault.fields:
            return _form(request, session, town, hall, person, now, dict(form), fault.fields)
        dates = check(session, town, wanted, now, CITIZEN)
        return _preview(request, session, town, hall, form, wanted, dates, fault.fields["termin"], 422)
    except NotAllFree as refused:
        dates = check(session, town, wanted, now, CITIZEN)
        return _preview(request, session, town, hall, form, wanted, dates, refused.sentence, 409)
    except NotOffered as refused:
        season = refused.season if isinstance(refused, InSeason) else None
        return _form(request, session, town, hall, person, now, dict(form), {"wo": refused.sentence}, season)
    left = f"&ausgelassen={len(made.left_out)}" if made.left_out else ""
    return redirect(request, f"{series_letters.path(session, made.series)}?gebucht=ja{left}")


@get(f"{TOWN_HALL}/vorschau")
def back_to_the_form(request: Asked, town_slug: FromPath[str], slug: FromPath[str]) -> Response[Any]:
    """Who comes to the form's target by history begins anew."""
    return redirect(request, f"/{town_slug}/hallen/{slug}/serie")


def _here(
    request: Asked, session: Session, now: datetime, town_slug: str, slug: str
) -> tuple[Municipality, HallRules, Person]:
    town = municipality(session, town_slug, request, now)
    hall = plan(session, town).hall(slug)
    return town, hall, signed_in_person(request, session, now)


def _club(session: Session, town: Municipality, person: Person, chosen: str) -> Organisation:
    """The club for which they book. Raises NotFound for one that isn't theirs."""
    for club in organisations_of(session, town, person):
        if str(club.id) == chosen:
            return club
    raise NotFound(_("Für diesen Verein können Sie hier nicht buchen."))


def _read(session: Session, form: Form, town: Municipality, hall: HallRules, person: Person) -> Request:
    """Raises Invalid field by field, NotFound for a club that isn't theirs."""
    club, rules = _club(session, town, person, form.get("wer", "")), plan(session, town)
    (hall_id, parts), repeat, use = series_form.together(
        form,
        lambda typed: series_form.read_place(typed, rules, hall),
        series_form.read_repeat,
        lambda typed: series_form.read_use(typed, club, person.email),
    )
    return Request(hall_id=hall_id, parts=parts, repeat=repeat, use=use, organisation=club)


def _form(
    request: Asked,
    session: Session,
    town: Municipality,
    hall: HallRules,
    person: Person,
    now: datetime,
    typed: dict[str, str],
    faults: dict[str, str] | None = None,
    season: Round | None = None,
) -> Response[Any]:
    """``season``: whose round gives what was asked for."""
    clubs = organisations_of(session, town, person)
    usual = {"contact": person.name, "phone": person.phone, "minuten": "120", "purpose": "training"}
    context = series_form.choices(hall.sports) | {
        "town": town,
        "hall": hall,
        "clubs": [(str(club.id), club.name) for club in clubs],
        "places": places(plan(session, town), hall),
        "typed": series_form.EMPTY | usual | typed,
        "faults": faults or {},
        "season": season,
        "today": local_date(now, town.zone),
        "return_to": f"/{town.slug}/hallen/{hall.slug}/serie",
    }
    return page(request, "halls/series_form.html", status=422 if faults else 200, **context)


def places(rules: HallPlan, hall: HallRules) -> list[tuple[str, str]]:
    """What can be had of a hall, as options."""
    ours = [(value, label) for value, label in slot_form.places(rules) if value.startswith(f"{hall.id}/")]
    return [(value, label.removeprefix(f"{hall.name}: ")) for value, label in ours]


def _preview(
    request: Asked,
    session: Session,
    town: Municipality,
    hall: HallRules,
    form: Form,
    wanted: Request,
    dates: Sequence[Date],
    problem: str = "",
    status: int = 200,
) -> Response[Any]:
    context = shown(plan(session, town), wanted, dates) | {
        "town": town,
        "hall": hall,
        "kept": kept(form),
        "once": form.get("einmal") or uuid4(),
        "problem": problem,
        "picked": form.all("termin") if problem else [],
        "series_at": f"/{town.slug}/hallen/{hall.slug}/serie",
        "return_to": f"/{town.slug}/hallen/{hall.slug}/serie",
    }
    return page(request, "halls/series_preview.html", status=status, **context)


def shown(rules: HallPlan, wanted: Request, dates: Sequence[Date]) -> dict[str, Any]:
    """What a list of dates says."""
    free = [each for each in dates if each.free]
    return {
        "zone": rules.zone,
        "rules": rules,
        "wanted": wanted,
        "dates": dates,
        "free": free,
        "cents": sum(each.cents for each in free),
        "value": slot_form.value,
        "words": words,
        "where": lambda slot: series_letters.where(rules, slot),
    }


def kept(form: Form) -> list[tuple[str, str]]:
    """What was typed, to be sent again with the choice of dates."""
    left_out = ("_csrf_token", "termin", "alle", "zurueck", "einmal")
    return [(name, form[name]) for name in form if name not in left_out and name in form]


routes = [form_page, preview, book, back_to_the_form]
