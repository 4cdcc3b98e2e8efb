"""The wishes of a round at the desk: who wants what, and what comes in on paper."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import season_rounds, season_wish_form, season_wishes, season_words
from buchbar.booking.halls.models import Round, SeasonWish
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.season_letters import handed_in


@at_desk.get("/vergabe/{round_id:uuid}/wuensche", LOOK, N_("Wünsche einer Vergaberunde angesehen"))
def all_wishes(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    rules = plan(session, clerk.town)
    wishes = season_wishes.wishes_of(session, season)
    return show(
        request,
        clerk,
        "desk/halls/round_wishes.html",
        now,
        season=season,
        wishes=[(wish, season_words.choices(rules, wish)) for wish in wishes],
        may_edit=season.state in ("open", "closed", "rehearsed"),
    )


@at_desk.get("/vergabe/{round_id:uuid}/wuensche/neu", WORK)
def new_wish(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    return _form(request, session, clerk, now, season, None, season_wish_form.typed_of(None))


@at_desk.post("/vergabe/{round_id:uuid}/wuensche/neu", WORK, N_("Wunsch eines Vereins eingetragen"))
def put_in(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    club = next((each for each in _clubs(session, clerk) if str(each.id) == form.get("verein", "")), None)
    if club is None:
        fault = {"verein": _("Bitte wählen Sie einen Verein.")}
        return _form(request, session, clerk, now, season, None, dict(form), fault)
    try:
        values = season_wish_form.read(form, plan(session, clerk.town), season, club, now)
    except Invalid as fault:
        return _form(request, session, clerk, now, season, None, dict(form), fault.fields)
    once = forms.once(form.get("einmal", ""))
    wish = season_wishes.hand_in(session, season, club, values, club.email, now, clerk=clerk.name, once=once)
    if wish:
        handed_in(session, clerk.town, season, wish, now)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.get("/vergabe/{round_id:uuid}/wuensche/{wish_id:uuid}", WORK, N_("Wunsch eines Vereins angesehen"))
def one_wish(
    request: Request,
    session: Session,
    now: datetime,
    clerk: Clerk,
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    wish = season_wishes.wish_of(session, season, wish_id)
    return _form(request, session, clerk, now, season, wish, season_wish_form.typed_of(wish))


@at_desk.post("/vergabe/{round_id:uuid}/wuensche/{wish_id:uuid}", WORK, N_("Wunsch eines Vereins geändert"))
def change(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    wish = season_wishes.wish_of(session, season, wish_id)
    try:
        values = season_wish_form.read(form, plan(session, clerk.town), season, wish.organisation, now)
    except Invalid as fault:
        return _form(request, session, clerk, now, season, wish, dict(form), fault.fields)
    season_wishes.change(season, wish, values, now, clerk=clerk.name)
    handed_in(session, clerk.town, season, wish, now)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/wuensche/{wish_id:uuid}/rueckzug", WORK, N_("Wunsch eines Vereins gestrichen"))
def withdraw(
    request: Request,
    session: Session,
    now: datetime,
    clerk: Clerk,
    round_id: FromPath[UUID],
    wish_id: FromPath[UUID],
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    wish = season_wishes.wish_of(session, season, wish_id)
    season_wishes.withdraw(session, season, wish, now, clerk=clerk.name)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


def _page(clerk: Clerk, season: Round) -> str:
    return f"{clerk.desk}/vergabe/{season.id}/wuensche"


def _clubs(session: Session, clerk: Clerk) -> Sequence[Organisation]:
    ours = select(Organisation).where(Organisation.municipality_id == clerk.town.id, Organisation.state == "approved")
    return session.scalars(ours.order_by(Organisation.name_key, Organisation.id)).all()


def _form(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    season: Round,
    wish: SeasonWish | None,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
) -> Response[Any]:
    return show(
        request,
        clerk,
        "desk/halls/round_wish.html",
        now,
        422 if faults else 200,
        season=season,
        wish=wish,
        clubs=[("", _("bitte wählen"))] + [(str(club.id), club.name) for club in _clubs(session, clerk)],
        typed=typed,
        faults=faults or {},
        **season_wish_form.context(plan(session, clerk.town), typed),
    )


routes = [all_wishes, new_wish, put_in, one_wish, change, withdraw]
