"""Whether a plan is plausible: what clerks look at before it is released, so that an order of criteria that went wrong
is seen by them and not by the clubs."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_, _
from buchbar.booking.halls.models import Allotment, Round, SeasonWish
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.season_allocation import Dates, HallTimes
from buchbar.booking.halls.season_criteria import GROUPS, group_of
from buchbar.booking.halls.season_plan import place_of
from buchbar.booking.halls.season_times import busy_in, halls_in, last_season
from buchbar.booking.halls.season_wishes import as_asked

# A hall of which less is given stands in the report.
LITTLE_PERCENT = 25
AGES = {"youth": N_("Kinder und Jugendliche"), "adults": N_("Erwachsene")}


@dataclass(slots=True)
class Share:
    """What a club, a group or an age group has asked for and got. Minutes a week; ``before``: last season."""

    name: str
    wishes: int = 0
    got: int = 0
    first: int = 0
    asked_minutes: int = 0
    got_minutes: int = 0
    before: int = 0

    @property
    def percent(self) -> int:
        """How much of the time that it asked for it has got."""
        return round(100 * self.got_minutes / self.asked_minutes) if self.asked_minutes else 0


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a hall is given: minutes of single parts a week."""

    name: str
    free: int
    given: int

    @property
    def percent(self) -> int:
        return round(100 * self.given / self.free) if self.free else 0


@dataclass(slots=True)
class Report:
    """``by_hand``: what clerks have decided; ``warnings``: what somebody should look at, in sentences."""

    all: Share
    clubs: list[Share]
    groups: list[Share]
    ages: list[Share]
    halls: list[Used]
    by_hand: list[Allotment]
    warnings: list[str] = field(default_factory=list)


def report(session: Session, town: Municipality, season: Round, allotments: list[Allotment], now: datetime) -> Report:
    """What the plan gives to whom."""
    rules = plan(session, town)
    made = Report(
        all=Share(_("alle Wünsche")),
        clubs=_shares(allotments, lambda wish: wish.organisation.name),
        groups=_shares(allotments, lambda wish: _(GROUPS[group_of(as_asked(wish))])),
        ages=_shares(allotments, lambda wish: _(AGES[wish.age_group])),
        halls=_used(session, rules, season, allotments, now),
        by_hand=[each for each in allotments if each.by_hand],
    )
    for each in allotments:
        _count(made.all, each)
    _add_last_season(session, rules, season, allotments, made.clubs, now)
    made.warnings = [*_about_clubs(made), *_about_order(season, made), *_about_halls(made)]
    return made


def _shares(allotments: Iterable[Allotment], name: Callable[[SeasonWish], str]) -> list[Share]:
    found: dict[str, Share] = {}
    for each in allotments:
        called = name(each.wish)
        _count(found.setdefault(called, Share(called)), each)
    return sorted(found.values(), key=lambda share: share.name.casefold())


def _count(share: Share, allotment: Allotment) -> None:
    wish, place = allotment.wish, place_of(allotment)
    share.wishes += 1
    share.asked_minutes += wish.minutes
    if place:
        first = wish.alternatives[0]
        as_first = (first.weekday, first.from_minute) == (place.weekday, place.from_minute)
        share.got += 1
        share.got_minutes += place.until_minute - place.from_minute
        share.first += as_first and first.hall_id in (None, place.hall_id)


def _add_last_season(
    session: Session,
    rules: HallPlan,
    season: Round,
    allotments: Iterable[Allotment],
    clubs: Iterable[Share],
    now: datetime,
) -> None:
    before = last_season(session, rules, season, now)
    ids = {each.wish.organisation.name: each.wish.organisation_id for each in allotments}
    for share in clubs:
        repeats = [series.repeat for series in before.get(ids[share.name], [])]
        share.before = sum(repeat.until_minute - repeat.from_minute for repeat in repeats)


def _used(
    session: Session, rules: HallPlan, season: Round, allotments: Iterable[Allotment], now: datetime
) -> list[Used]:
    given: Counter[UUID] = Counter()
    for each in allotments:
        if place := place_of(each):
            given[place.hall_id] += (place.until_minute - place.from_minute) * len(place.parts)
    halls = halls_in(rules, season, ["club"], busy_in(session, rules, season, now), now)
    return [Used(rules.halls[hall.id].name, _free_minutes(hall), given[hall.id]) for hall in halls]


def _free_minutes(hall: HallTimes) -> int:
    """Of its fields, as clubs may have them."""
    fields = {part for parts in hall.combinations for part in parts}
    return sum(_usually(dates, part) for dates in hall.free["club"].values() for part in fields)


def _usually(dates: Sequence[Dates], part: int) -> int:
    """How many minutes of the day a part is free on more than half of the dates, each minute for itself."""
    free = [(each.count, each.free[part]) for each in dates]
    edges = sorted({edge for _count, ranges in free for each in ranges for edge in each})
    minutes = 0
    for start, end in pairwise(edges):
        on = sum(count for count, ranges in free if any(first <= start and end <= last for first, last in ranges))
        minutes += end - start if 2 * on > sum(each.count for each in dates) else 0
    return minutes


def _about_clubs(made: Report) -> list[str]:
    said = []
    if nothing := [share.name for share in made.clubs if not share.got]:
        said.append(_("Ganz ohne Platz: %s.") % ", ".join(nothing))
    fewer = [share.name for share in made.clubs if share.got_minutes < min(share.before, share.asked_minutes)]
    if fewer:
        said.append(_("Weniger als in der Saison davor, obwohl mehr gewünscht war: %s.") % ", ".join(fewer))
    return said


def _about_order(season: Round, made: Report) -> list[str]:
    """Whether those who come first by the criteria really get more of what they asked for."""
    said = []
    shares = {share.name: share for share in made.groups}
    for criterion in season.criteria:
        if criterion.kind == "group":
            there = [shares[name] for group in criterion.order if (name := _(GROUPS[group])) in shares]
            said += [_worse(before, after) for before, after in pairwise(there) if before.percent < after.percent]
        if criterion.kind == "youth":
            ages = {share.name: share for share in made.ages}
            young, old = (ages.get(_(each)) for each in AGES.values())
            said += [_worse(young, old)] if young and old and young.percent < old.percent else []
    return said


def _worse(before: Share, after: Share) -> str:
    words = {"before": before.name, "less": before.percent, "after": after.name, "more": after.percent}
    return (
        _(
            "Nach den Kriterien kommen „%(before)s“ vor „%(after)s“, bekommen aber einen kleineren Teil ihrer Wünsche "
            "(%(less)d statt %(more)d Prozent). Das kann an den gewünschten Zeiten liegen; bitte sehen Sie nach."
        )
        % words
    )


def _about_halls(made: Report) -> list[str]:
    little = [hall for hall in made.halls if hall.free and hall.percent < LITTLE_PERCENT]
    return [
        _("%(hall)s ist nur zu %(percent)d Prozent vergeben.") % {"hall": hall.name, "percent": hall.percent}
        for hall in little
    ]
