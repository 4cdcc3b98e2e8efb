"""Pages for who wants to hear when a hall's date becomes free: ask for it, prove the address, end it."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.citizens import person_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base import forms, limits, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import _, ngettext
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking.halls import watches
from buchbar.booking.halls.models import HallWatch
from buchbar.booking.halls.plan import HallRules, plan

MONDAY = datetime(2024, 1, 1).date()  # noqa: DTZ001 - any Monday, to name the weekdays by
MAILS = 5  # to one address in an hour, from wherever: it may be a stranger's
PAGE = "/{town_slug:str}/hallen/{slug:str}/merken"


@get(PAGE)
def form_page(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    hall = plan(session, town).hall(slug)
    person = person_of(request, session, now)
    typed = {"email": person.email if person else "", "monate": "6"}
    return _form(request, town, hall, typed, [])


@post(PAGE)
@limited("watch", most=10, per=timedelta(hours=1))
def subscribe(
    request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """Whether the address is known already is told to nobody but to itself."""
    town = municipality(session, town_slug, request, now)
    hall = plan(session, town).hall(slug)
    weekdays = [int(each) for each in form.all("tag") if each in tuple("0123456")]
    try:
        months = forms.one_of(*(str(each) for each in watches.MONTHS))
        read = forms.read(form, email=forms.address, monate=months)
    except Invalid as fault:
        return _form(request, town, hall, dict(form), weekdays, fault.fields)
    secret, address = settings_of(request).secret, read.email.lower()
    limits.count(session, secret, "watch_address", address, most=MAILS, per=timedelta(hours=1), now=now)
    watches.subscribe(session, town, hall.id, read.email, weekdays, int(read.monate), now)
    return redirect(request, f"/{town.slug}/hallen/{hall.slug}/merken?erledigt=ja")


@get("/merken/{token:str}")
def watch_page(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    return _show(request, session, watches.watch_by(session, token), token)


@post("/merken/{token:str}")
def prove(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    watches.prove(session, watches.watch_by(session, token), now)
    return redirect(request, f"/merken/{token}?erledigt=ja")


@post("/merken/{token:str}/ende")
def end(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    watch = watches.watch_by(session, token)
    town = session.get_one(Municipality, watch.municipality_id)
    watches.end(session, watch)
    return page(request, "halls/watch.html", town=town, watch=None, hall=None, return_to=f"/{town.slug}/hallen")


def weekday_choices() -> list[tuple[int, str]]:
    """The weekdays by their number, 0 is Monday."""
    return [(number, texts.weekday(MONDAY + timedelta(days=number))) for number in range(7)]


def _form(
    request: Request,
    town: Municipality,
    hall: HallRules,
    typed: dict[str, str],
    weekdays: list[int],
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    context: dict[str, Any] = {
        "town": town,
        "hall": hall,
        "typed": {"email": "", "monate": "6"} | typed,
        "chosen": weekdays,
        "faults": faults or {},
        "weekdays": weekday_choices(),
        "months": [(n, ngettext("%(num)d Monat", "%(num)d Monate", n) % {"num": n}) for n in watches.MONTHS],
        "labels": {"email": _("E-Mail-Adresse"), "monate": _("Wie lange?")},
        "return_to": f"/{town.slug}/hallen/{hall.slug}/merken",
    }
    return page(request, "halls/watch_form.html", status=422 if faults else 200, **context)


def _show(request: Request, session: Session, watch: HallWatch, token: str) -> Response[Any]:
    town = session.get_one(Municipality, watch.municipality_id)
    context: dict[str, Any] = {
        "town": town,
        "hall": plan(session, town).halls.get(watch.hall_id),
        "watch": watch,
        "token": token,
        "days": [name for number, name in weekday_choices() if number in watch.weekdays],
    }
    return page(request, "halls/watch.html", **context)


routes = [form_page, subscribe, watch_page, prove, end]
