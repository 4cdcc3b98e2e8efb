"""The plan of a round at the desk: rehearsed, looked at week by week, corrected by hand, released by a second clerk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import season_plan, season_release, season_rounds, season_wishes, season_words
from buchbar.booking.halls.models import Allotment, Round, SeasonWish
from buchbar.booking.halls.plan import HallPlan, HallRules, parts_in_words, plan, read_parts
from buchbar.booking.halls.season_allocation import Place
from buchbar.booking.halls.season_plan import place_of
from buchbar.booking.halls.season_times import given

LABELS = {
    "platz": N_("Wo?"),
    "tag": N_("Wochentag"),
    "von": N_("Beginn"),
    "grund": N_("Grund, wie ihn der Verein liest"),
}


@dataclass(frozen=True, slots=True)
class Week:
    """A hall's week in the plan: ``rows`` are weekdays in words, each with the allotments of every field by time."""

    hall: HallRules
    parts: list[str]
    rows: list[tuple[str, list[list[Allotment]]]]


@at_desk.post("/vergabe/{round_id:uuid}/probe", WORK, N_("Vergabe geprobt"))
def rehearse(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    season_plan.rehearse(session, clerk.town, season, clerk, now)
    return redirect(request, f"{clerk.desk}/vergabe/{season.id}?erledigt=ja")


@at_desk.get("/vergabe/{round_id:uuid}/plan", LOOK, N_("Saisonplan angesehen"))
def plan_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    rules = plan(session, clerk.town)
    allotments = season_plan.allotments_of(session, season)
    rows = sorted(allotments.values(), key=_by_club)
    made = season_release.series_of(session, season) if season.state == "released" else {}
    return show(
        request,
        clerk,
        "desk/halls/round_plan.html",
        now,
        season=season,
        weeks=_weeks(rules, rows),
        results=[(each, _place_words(rules, each)) for each in rows],
        series=made,
        clock=season_words.clock,
        may_edit=season.state == "rehearsed",
        may_release=season_release.may_release(season, clerk),
    )


@at_desk.get("/vergabe/{round_id:uuid}/plan/{wish_id:uuid}", WORK, N_("Ergebnis eines Vereins angesehen"))
def one_result(
    request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID], wish_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id)
    wish = season_wishes.wish_of(session, season, wish_id)
    allotment = season_plan.allotments_of(session, season).get(wish.id)
    return _form(request, session, clerk, now, season, wish, _typed(allotment, wish))


@at_desk.post("/vergabe/{round_id:uuid}/plan/{wish_id:uuid}", WORK, N_("Saisonplan von Hand geändert"))
def decide(
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
        read = forms.read(form, grund=forms.text(300))
        place = _read_place(form, wish) if form.get("platz") else None
        season_plan.decide(session, clerk.town, season, wish, place, read.grund, clerk, now)
    except Invalid as fault:
        return _form(request, session, clerk, now, season, wish, dict(form), fault.fields)
    except Refused as refusal:
        return _form(request, session, clerk, now, season, wish, dict(form), {"platz": refusal.sentence})
    return redirect(request, f"{_page(clerk, season)}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/plan/{wish_id:uuid}/zurueck", WORK, N_("Änderung von Hand zurückgenommen"))
def undo(
    request: Request, session: Session, clerk: Clerk, round_id: FromPath[UUID], wish_id: FromPath[UUID]
) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    season_plan.undo(session, season, season_wishes.wish_of(session, season, wish_id), clerk)
    return redirect(request, f"{clerk.desk}/vergabe/{season.id}?erledigt=ja")


@at_desk.post("/vergabe/{round_id:uuid}/freigabe", WORK, N_("Saisonplan freigegeben"))
def release(request: Request, session: Session, now: datetime, clerk: Clerk, round_id: FromPath[UUID]) -> Response[Any]:
    season = season_rounds.round_of(session, clerk.town, round_id, lock=True)
    season_release.release(season, clerk, now)
    return redirect(request, f"{clerk.desk}/vergabe/{season.id}?erledigt=ja")


def _page(clerk: Clerk, season: Round) -> str:
    return f"{clerk.desk}/vergabe/{season.id}/plan"


def _by_club(allotment: Allotment) -> tuple[str, int, str]:
    return allotment.wish.organisation.name_key, allotment.wish.rank, str(allotment.wish_id)


def _place_words(rules: HallPlan, allotment: Allotment) -> str:
    place = place_of(allotment)
    return season_words.place(rules, place) if place else ""


def _weeks(rules: HallPlan, allotments: Iterable[Allotment]) -> list[Week]:
    placed: dict[tuple[UUID, int], list[Allotment]] = {}
    for each in sorted(allotments, key=lambda each: (each.from_minute, each.parts)):
        if each.hall_id:
            placed.setdefault((each.hall_id, each.weekday), []).append(each)
    return [_week(hall, placed) for hall in given(rules)]


def _week(hall: HallRules, placed: Mapping[tuple[UUID, int], list[Allotment]]) -> Week:
    rows = []
    for weekday in range(7):
        here = placed.get((hall.id, weekday), [])
        if here:
            cells = [[each for each in here if part in each.parts] for part in hall.fields]
            rows.append((season_words.weekday(weekday), cells))
    return Week(hall, [hall.parts[number].name for number in hall.fields], rows)


def _typed(allotment: Allotment | None, wish: SeasonWish) -> dict[str, str]:
    first = wish.alternatives[0]
    if allotment is None or allotment.hall_id is None:
        return {"tag": str(first.weekday), "von": season_words.clock(first.from_minute)}
    place = f"{allotment.hall_id}/{parts_in_words(allotment.parts)}"
    typed = {"platz": place, "tag": str(allotment.weekday), "von": season_words.clock(allotment.from_minute)}
    return typed | {"grund": allotment.note}


def _read_place(form: Form, wish: SeasonWish) -> Place:
    """The place that was chosen. Raises Invalid."""
    hall_id, _slash, parts = form["platz"].partition("/")
    read = forms.read(form, tag=forms.whole(0, 6), von=forms.minute)
    if read.von + wish.minutes > 1440:
        raise Invalid({"von": _("Der Wunsch dauert dann über Mitternacht hinaus.")})
    try:
        return Place(UUID(hall_id), read_parts(parts), read.tag, read.von, read.von + wish.minutes)
    except ValueError:
        raise Invalid({"platz": _("Bitte wählen Sie eine der Möglichkeiten.")}) from None


def _form(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    season: Round,
    wish: SeasonWish,
    typed: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
) -> Response[Any]:
    rules = plan(session, clerk.town)
    places = [
        (f"{hall.id}/{parts_in_words(parts)}", f"{hall.name}, {hall.named(parts)}")
        for hall in given(rules)
        for parts in hall.combinations
    ]
    allotment = season_plan.allotments_of(session, season).get(wish.id)
    return show(
        request,
        clerk,
        "desk/halls/round_result.html",
        now,
        422 if faults else 200,
        season=season,
        wish=wish,
        choices=season_words.choices(rules, wish),
        allotment=allotment,
        where=_place_words(rules, allotment) if allotment else "",
        places=[("", _("kein Platz"))] + places,
        weekdays=[(str(n), season_words.weekday(n)) for n in range(7)],
        labels={name: _(label) for name, label in LABELS.items()},
        typed=typed,
        faults=faults or {},
        may_edit=season.state == "rehearsed",
    )


routes = [rehearse, plan_page, one_result, decide, undo, release]
