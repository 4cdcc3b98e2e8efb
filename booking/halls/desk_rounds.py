"""Rounds of the season plan at the desk: made, published, and where each of them stands."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import season_criteria, season_plan, season_round_form, season_rounds, season_wishes
from buchbar.booking.halls.models import ROUND_STATES, Round, SeasonWish
from buchbar.booking.halls.season_criteria import GROUPS, KINDS
from buchbar.booking.halls.season_release import may_release, progress
from buchbar.booking.halls.season_report import report
from buchbar.calendar.walls import local_date


@at_desk.get("/vergabe", LOOK)
def all_rounds(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    rounds = season_rounds.rounds_of(session, clerk.town)
    live = SeasonWish.round_id.in_([each.id for each in rounds]), SeasonWish.withdrawn_at.is_(None)
    counted = session.execute(select(SeasonWish.round_id, func.count()).where(*live).group_by(SeasonWish.round_id))
    return show(
        request,
        clerk,
        "desk/halls/rounds.html",
        now,
        rounds=[(each, _(ROUND_STATES[season_rounds.state_at(each, now)])) for each in rounds],
        wishes={row[0]: row[1] for row in counted},
    )


@at_desk.get("/vergabe/neu", WORK)
def new_round(request: Request, clerk: Clerk, now: datetime) -> Response[Any]:
    return _form(request, clerk, now, None, season_round_form.typed_of(None, clerk.town.zone, now))


@at_desk.post("/vergabe", WORK, N_("Vergaberunde angelegt"))
def put_in(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        values = season_round_form.read(form, clerk.town.zone, local_date(now, clerk.town.zone))
    except Invalid as fault:
        return _form(request, clerk, now, None, dict(form), fault.fields)
    once = forms.once(form.get("einmal", ""))
    made = season_rounds.make(session, clerk.town, **values, at=now, by=clerk.name, once=once)
    return redirect(request, _page(clerk, made))


@at_desk.get("/vergabe/{round_id:uuid}", LOOK, N_("Vergaberunde angesehen"))
def one_round(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    wishes = season_wishes.wishes_of(session, season)
    allotments = list(season_plan.allotments_of(session, season).values())
    state = season_rounds.state_at(season, now)
    booked, places = progress(allotments)
    there = state in ("rehearsed", "released") and allotments
    return show(
        request,
        clerk,
        "desk/halls/round.html",
        now,
        season=season,
        state=state,
        state_words=_(ROUND_STATES[state]),
        accepts=season_rounds.accepts(season, now),
        criteria=season_criteria.in_words(season.criteria),
        wishes=len(wishes),
        clubs=len({wish.organisation_id for wish in wishes}),
        report=report(session, clerk.town, season, allotments, now) if there else None,
        outdated=bool(allotments) and state == "closed",
        may_release=may_release(season, clerk),
        left_out=[each for each in allotments if each.left_out],
        booked=booked,
        places=places,
        seed=season_rounds.seed_of(session, season) if state == "released" else "",
    )


@at_desk.get("/vergabe/{round_id:uuid}/bearbeiten", WORK)
def edit_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    return _form(request, clerk, now, season, season_round_form.typed_of(season, clerk.town.zone, now))


@at_desk.post("/vergabe/{round_id:uuid}/bearbeiten", WORK, N_("Vergaberunde geändert"))
def edit(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    zone = clerk.town.zone
    typed = dict(form)
    if season.state != "draft":  # the rest stands
        changing = {name: form.get(name, "") for name in ("name", "anmerkung", "bis_tag", "bis_zeit")}
        typed = season_round_form.typed_of(season, zone, now) | changing
    try:
        values = season_round_form.read(typed, zone, min(local_date(now, zone), season.first))
    except Invalid as fault:
        return _form(request, clerk, now, season, typed, fault.fields)
    season_rounds.change(season, values, now)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/veroeffentlichung", WORK, N_("Vergaberunde veröffentlicht"))
def publish(request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    season_rounds.publish(season, now)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/ruecknahme", WORK, N_("Vergaberunde zurückgenommen"))
def take_back(request: Request, session: Session, clerk: Clerk, round_id: FromPath[UUID]) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    season_rounds.take_back(session, season)
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/loeschung", WORK, N_("Vergaberunde gelöscht"))
def delete(request: Request, session: Session, clerk: Clerk, round_id: FromPath[UUID]) -> Response[Any]:
    season_rounds.delete(session, season_rounds.round_of(session, clerk.town, round_id, lock=True))
    return redirect(request, f"{clerk.desk}/vergabe?erledigt=ja")


def _page(clerk: Clerk, season: Round) -> str:
    return f"{clerk.desk}/vergabe/{season.id}"


def _form(
    request: Request,
    clerk: Clerk,
    now: datetime,
    season: Round | None,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
) -> Response[Any]:
    return show(
        request,
        clerk,
        "desk/halls/round_form.html",
        now,
        422 if faults else 200,
        season=season,
        typed=typed,
        faults=faults or {},
        labels={name: _(label) for name, label in season_round_form.ROUND_LABELS.items()},
        kinds=[(kind, _(KINDS[kind].title)) for kind in KINDS],
        groups=[(group, _(words)) for group, words in GROUPS.items()],
        once=typed.get("einmal") or uuid4(),
    )


routes = [all_rounds, new_round, put_in, one_round, edit_page, edit, publish, take_back, delete]
