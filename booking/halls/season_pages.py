"""The season's plan for clubs: rounds that anybody can read, wishes for who is signed in and may book for a club."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import citizens
from buchbar.accounts.clubs import Organisation, organisations_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.queries import municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.base.web import Form, get, limited, page, post, redirect
from buchbar.booking.allocation import lot
from buchbar.booking.halls import (
    season_criteria,
    season_plan,
    season_release,
    season_rounds,
    season_wish_form,
    season_wishes,
    season_words,
)
from buchbar.booking.halls.models import ROUND_STATES, Round, SeasonWish
from buchbar.booking.halls.plan import HallPlan, has_halls, plan
from buchbar.booking.halls.season_letters import handed_in, page_of
from buchbar.booking.halls.series_letters import path as series_path

# Wishes that somebody hands in or changes in an hour: each is acknowledged by mail.
WISHES, WISHES_PER = 120, timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Member:
    """Who acts for which clubs in a round; the round is locked where something is to be changed."""

    town: Municipality
    season: Round
    person: Person
    clubs: Sequence[Organisation]

    @property
    def ids(self) -> list[UUID]:
        return [club.id for club in self.clubs]


@get("/{town_slug:str}/hallen/saison")
def all_rounds(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    if not has_halls(session, town):
        raise NotFound
    rounds = [
        (each, _(ROUND_STATES[shown_state(each, now)])) for each in season_rounds.rounds_of(session, town, public=True)
    ]
    return page(request, "halls/season.html", town=town, zone=town.zone, rounds=rounds)


@get("/{town_slug:str}/hallen/saison/{round_id:uuid}")
def one_round(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], round_id: FromPath[UUID]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    season = _public(session, town, round_id)
    person = citizens.person_of(request, session, now)
    clubs = organisations_of(session, town, person) if person else []
    wishes = season_wishes.wishes_of(session, season, [club.id for club in clubs]) if clubs else []
    released = season.state == "released"
    known = season_plan.allotments_of(session, season) if released and wishes else {}
    made = season_release.series_of(session, season) if known else {}
    rules = plan(session, town)
    return page(
        request,
        "halls/season_round.html",
        town=town,
        zone=town.zone,
        season=season,
        state=_(ROUND_STATES[shown_state(season, now)]),
        accepts=season_rounds.accepts(season, now),
        criteria=season_criteria.in_words(season.criteria),
        person=person,
        clubs=clubs,
        wishes=[(wish, season_words.choices(rules, wish), _result(rules, known.get(wish.id))) for wish in wishes],
        sign_in=citizens.sign_in_page(page_of(town, season)),
        own_page=page_of(town, season),
        series={each.wish_id: series_path(session, made[each.id]) for each in known.values() if each.id in made},
        seed=season_rounds.seed_of(session, season) if released else "",
        lots=_lots(session, season, clubs) if released else [],
    )


@get("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch")
def new_wish(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], round_id: FromPath[UUID]
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id)
    typed = season_wish_form.typed_of(None) | {"verein": request.query_params.get("verein", "")}
    return _form(request, session, who, None, now, typed)


@post("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch")
@limited("season_wish", most=WISHES, per=WISHES_PER)
def put_in(
    request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str], round_id: FromPath[UUID]
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id, lock=True)
    club = next((each for each in who.clubs if str(each.id) == form.get("verein", "")), None)
    if club is None and len(who.clubs) > 1:
        fault = {"verein": _("Bitte wählen Sie einen Verein.")}
        return _form(request, session, who, None, now, dict(form), fault)
    club = club or who.clubs[0]
    try:
        values = _read(session, who, form, club, now)
    except Invalid as fault:
        return _form(request, session, who, None, now, dict(form), fault.fields)
    once = forms.once(form.get("einmal", ""))
    wish = season_wishes.hand_in(session, who.season, club, values, who.person.email, now, once=once)
    if wish:
        handed_in(session, who.town, who.season, wish, now)
    return redirect(request, f"{page_of(who.town, who.season)}?erledigt=ja")


@get("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch/{wish_id:uuid}")
def one_wish(
    request: Request,
    session: Session,
    now: datetime,
    town_slug: FromPath[str],
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id)
    wish = season_wishes.wish_of(session, who.season, wish_id, who.ids)
    return _form(request, session, who, wish, now, season_wish_form.typed_of(wish))


@post("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch/{wish_id:uuid}")
@limited("season_wish", most=WISHES, per=WISHES_PER)
def change(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    town_slug: FromPath[str],
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id, lock=True)
    wish = season_wishes.wish_of(session, who.season, wish_id, who.ids)
    try:
        values = _read(session, who, form, wish.organisation, now)
    except Invalid as fault:
        return _form(request, session, who, wish, now, dict(form), fault.fields)
    season_wishes.change(who.season, wish, values, now)
    handed_in(session, who.town, who.season, wish, now)
    return redirect(request, f"{page_of(who.town, who.season)}?erledigt=ja")


@post("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch/{wish_id:uuid}/rueckzug")
def withdraw(
    request: Request,
    session: Session,
    now: datetime,
    town_slug: FromPath[str],
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id, lock=True)
    season_wishes.withdraw(session, who.season, season_wishes.wish_of(session, who.season, wish_id, who.ids), now)
    return redirect(request, f"{page_of(who.town, who.season)}?erledigt=ja")


@post("/{town_slug:str}/hallen/saison/{round_id:uuid}/wunsch/{wish_id:uuid}/hoch")
def move_up(
    request: Request,
    session: Session,
    now: datetime,
    town_slug: FromPath[str],
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    who = _member(request, session, now, town_slug, round_id, lock=True)
    season_wishes.move_up(session, who.season, season_wishes.wish_of(session, who.season, wish_id, who.ids), now)
    return redirect(request, f"{page_of(who.town, who.season)}?erledigt=ja#wuensche")


def shown_state(season: Round, now: datetime) -> str:
    """The state as the public sees it: a proposal isn't anybody's but the office's."""
    state = season_rounds.state_at(season, now)
    return "closed" if state == "rehearsed" else state


def _read(session: Session, who: Member, form: Form, club: Organisation, now: datetime) -> dict[str, Any]:
    return season_wish_form.read(form, plan(session, who.town), who.season, club, now)


def _public(session: Session, town: Municipality, round_id: UUID, *, lock: bool = False) -> Round:
    season = season_rounds.round_of(session, town, round_id, lock=lock)
    if season.state == "draft":
        raise NotFound
    return season


def _member(
    request: Request, session: Session, now: datetime, town_slug: str, round_id: UUID, *, lock: bool = False
) -> Member:
    """Who asks, with the clubs for which they may book here. Raises SignInNeeded, NotFound."""
    town = municipality(session, town_slug, request, now)
    if lock:
        citizens.seen(session, request, now)
    person = citizens.signed_in_person(request, session, now)
    season = _public(session, town, round_id, lock=lock)
    clubs = organisations_of(session, town, person)
    if not clubs:
        raise NotFound(_("Wünsche gibt ab, wer für einen zugelassenen Verein buchen darf."))
    return Member(town, season, person, clubs)


def _form(
    request: Request,
    session: Session,
    who: Member,
    wish: SeasonWish | None,
    now: datetime,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
) -> Response[Any]:
    return page(
        request,
        "halls/season_wish.html",
        422 if faults else 200,
        town=who.town,
        zone=who.town.zone,
        season=who.season,
        clubs=[(str(club.id), club.name) for club in who.clubs],
        wish=wish,
        accepts=season_rounds.accepts(who.season, now),
        typed=typed,
        faults=faults or {},
        own_page=page_of(who.town, who.season),
        **season_wish_form.context(plan(session, who.town), typed),
    )


def _result(rules: HallPlan, allotment: Any) -> tuple[str, Any]:
    """Where a wish's place is, in words, and the allotment with its reason; ("", None) before the release."""
    if allotment is None:
        return "", None
    place = season_plan.place_of(allotment)
    return season_words.place(rules, place) if place else _("kein Platz"), allotment


def _lots(session: Session, season: Round, clubs: Sequence[Organisation]) -> list[tuple[str, UUID, str]]:
    """For one's own clubs: the name under which the lot was drawn, and the lot of the first place."""
    seed = season_rounds.seed_of(session, season)
    return [(club.name, club.id, lot(seed, f"{club.id}:1")[:12]) for club in clubs]


routes = [all_rounds, one_round, new_wish, put_in, one_wish, change, withdraw, move_up]
