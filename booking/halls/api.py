"""The halls for programs, under /api/v1: the same checks as on the pages, JSON instead of HTML.

Who books says who they are by the token from /konto/api, or by the account's cookie. A cookie alone can't be used from
elsewhere: it is only sent from this site (SameSite), and a body that isn't JSON is refused.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request as Asked
from litestar import Response
from litestar.params import FromPath, RawBody
from sqlalchemy.orm import Session

from buchbar.accounts import api_tokens, citizens
from buchbar.accounts.clubs import Organisation, organisations_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.queries import municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound, Problem
from buchbar.base.texts import _
from buchbar.base.web import get, limited, post
from buchbar.booking import api_answers, links
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import api_schema, series, series_letters, slot_form
from buchbar.booking.halls.api_words import (
    SeriesSaid,
    date_said,
    decoded,
    hall_said,
    request_of,
    slot_said,
    slots_of,
)
from buchbar.booking.halls.free import busy_between, starts
from buchbar.booking.halls.plan import plan, read_parts
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.series import NotAllFree, SeriesBooked
from buchbar.booking.halls.series_dates import check
from buchbar.calendar.walls import local_date

TOWN = "/api/v1/{town_slug:str}"
WRITES: dict[str, Any] = {"exclude_from_csrf": True}


class NotSignedIn(Problem):
    """No token, no session, or one that has ended."""

    status = 401


@get("/api/v1/openapi.json")
def openapi(request: Asked) -> Response[Any]:
    """What there is, for programs and those who write them."""
    return _json(api_schema.document(request.app.state.settings.base_url))


@get(f"{TOWN}/halls")
def halls(request: Asked, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    rules = plan(session, municipality(session, town_slug, request, now))
    return _json({"halls": [hall_said(hall) for hall in rules.halls.values()]})


@get(f"{TOWN}/halls/{{slug:str}}/free")
def free(
    request: Asked, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    """The free beginnings of a day: ``day``, ``minutes``, ``parts`` (1+2); ``organisation``, for whom, or else for
    people from the town."""
    town = municipality(session, town_slug, request, now)
    rules = plan(session, town)
    hall, asked = rules.hall(slug), request.query_params
    read = forms.read(asked, day=forms.day, minutes=forms.whole(5, slot_form.LONGEST_MINUTES))
    parts = read_parts(asked.get("parts", ""))
    if not hall.allows(parts):
        raise Invalid({"parts": _("Diese Teile der Halle können nicht zusammen gebucht werden.")})
    user_class = "local"
    if whom := asked.get("organisation"):
        user_class = _club(session, town, _person(request, session, now), whom).user_class
    busy = busy_between(session, [hall], rules, read.day, read.day + timedelta(days=1), now)
    spans = starts(rules, busy, hall, parts, read.day, read.minutes, user_class, now)
    return _json({"free": [slot_said(rules, Slot(hall.id, parts, span)) for span in spans]})


@post(f"{TOWN}/halls/{{slug:str}}/series/check", **WRITES)
@limited("api", most=300, per=timedelta(minutes=10))
def check_series(
    request: Asked, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str], body: RawBody
) -> Response[Any]:
    """Every date of a series, with what clashes and what is free instead. Nothing is booked."""
    town = municipality(session, town_slug, request, now)
    person, said = _person(request, session, now), _said(request, body)
    if said.hall != slug:
        raise Invalid({"hall": _("Die Halle ist eine andere als in der Adresse.")})
    rules = plan(session, town)
    wanted = request_of(said, rules, person, _club(session, town, person, str(said.organisation)))
    return _json({"dates": [date_said(rules, each) for each in check(session, town, wanted, now, CITIZEN)]})


@post(f"{TOWN}/series", **WRITES)
@limited("api", most=300, per=timedelta(minutes=10))
def book_series(
    request: Asked, session: Session, now: datetime, town_slug: FromPath[str], body: RawBody
) -> Response[Any]:
    """Book all dates that are free, or exactly those in ``only``; all in one, or nothing. With the header
    Idempotency-Key, the same request sent again is answered the same and done once."""
    town = municipality(session, town_slug, request, now)
    person, said = _person(request, session, now), _said(request, body)
    key, path = request.headers.get("idempotency-key", ""), request.url.path
    if known := api_answers.earlier(session, person, key, "POST", path, body):
        return _json(known, 201)
    rules = plan(session, town)
    wanted = request_of(said, rules, person, _club(session, town, person, str(said.organisation)))
    only = None if said.only is None else slots_of(said.only, rules)
    try:
        made = series.book(session, town, wanted, now, CITIZEN, only)
    except NotAllFree as refused:  # nothing has happened
        dates = [date_said(rules, each) for each in check(session, town, wanted, now, CITIZEN)]
        return _problem(409, refused.sentence, dates=dates)
    answer = _booked(session, town, made)
    api_answers.keep(session, person, key, "POST", path, body, answer, now)
    return _json(answer, 201)


def _booked(session: Session, town: Municipality, made: SeriesBooked) -> dict[str, Any]:
    rules = plan(session, town)
    base_url = links.settings(session).base_url
    return {
        "number": made.series.number,
        "page": base_url + series_letters.path(session, made.series),
        "booked": [
            {
                "number": booking.number,
                "state": booking.state,
                "day": local_date(booking.starts_at, rules.zone).isoformat(),
                "start": booking.starts_at.astimezone(rules.zone).isoformat(),
                "end": booking.ends_at.astimezone(rules.zone).isoformat(),
            }
            for booking in made.booked
        ],
        "left_out": [date_said(rules, each) for each in made.left_out],
    }


def _said(request: Asked, body: bytes) -> SeriesSaid:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Invalid({"body": _("Bitte schicken Sie JSON (Content-Type: application/json).")})
    return decoded(body)


def _person(request: Asked, session: Session, now: datetime) -> Person:
    """Who asks, by token or by cookie. Raises NotSignedIn."""
    scheme, _blank, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        person = api_tokens.person_of(session, token.strip(), now)
    else:
        person = citizens.person_of(request, session, now)
    if person is None:
        raise NotSignedIn(_("Bitte melden Sie sich an, oder schicken Sie das Token aus Ihrem Konto mit."))
    return person


def _club(session: Session, town: Municipality, person: Person, asked: str) -> Organisation:
    """The organisation of that id, if the person may book for it there. Raises NotFound."""
    try:
        wanted = UUID(asked)
    except ValueError:
        raise NotFound(_("Für diesen Verein können Sie hier nicht buchen.")) from None
    for club in organisations_of(session, town, person):
        if club.id == wanted:
            return club
    raise NotFound(_("Für diesen Verein können Sie hier nicht buchen."))


def _json(answer: Any, status: int = 200) -> Response[Any]:
    return Response(answer, status_code=status, media_type="application/json", headers={"cache-control": "no-store"})


def _problem(status: int, detail: str, **more: Any) -> Response[Any]:
    body = {"type": "about:blank", "status": status, "detail": detail} | more
    return Response(body, status_code=status, media_type="application/problem+json")


routes = [openapi, halls, free, check_series, book_series]
