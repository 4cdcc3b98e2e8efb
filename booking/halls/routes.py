"""What everybody sees of the halls: what is free, what each hall is, the plans of a week and of a day."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality, towns_of
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.base.web import get, page
from buchbar.booking import tariff_words
from buchbar.booking.halls import asking, week, who, words
from buchbar.booking.halls.answering import answer, prices
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.find import Answer
from buchbar.booking.halls.free import busy_between
from buchbar.booking.halls.models import JOURNEY
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.tariff import OFFERS, TARIFFS
from buchbar.calendar.months import monday_of
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.walls import local_date
from buchbar.payments.models import TariffItem
from buchbar.payments.tariffs import in_force
from buchbar.resources.halls import Hall
from buchbar.resources.opening_words import in_words

MOST_HALLS = 30
WEEKS_AHEAD = 60
_WEEK = timedelta(days=7)
_ONE_DAY = timedelta(days=1)


@get("/{town_slug:str}/hallen")
def find(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    towns = towns_of(session, town) if town.kind == "county" else [town]
    plans = [rules for rules in (plan(session, each) for each in towns) if rules.halls]
    if not plans and town.kind != "county":
        raise NotFound
    asks = who.asking(request, session, town if town.kind == "town" else None, request.query_params.get("wer", ""), now)
    question = asking.asked(request.query_params, asks.chosen.user_class)
    answered = answer(session, plans, question.wish, now) if question.wish and plans else None
    halls = _halls(session, towns)
    sites = {hall.site_id: hall.site.name for hall in halls}
    context = {
        "town": town,
        "towns": {each.id: each for each in towns},
        "halls": halls,
        "plans": plans,
        "question": question,
        "answer": answered,
        "prices": _first_prices(session, answered, Answers(asks.chosen.user_class, purpose=question.purpose), now),
        "most": MOST_HALLS,
        "asks": asks,
        "sites": sites,
        "booker_choices": [(booker.value, booker.label) for booker in asks.bookers],
        "site_choices": sorted(sites.items(), key=lambda site: site[1]),
        "sport_choices": [(sport, sport) for sport in asking.sports_of(plans)],
        "field_choices": asking.field_choices(plans),
        "times": asking.time_choices(),
        "durations": asking.duration_choices(),
        "purposes": {name: _(label) for name, label in OFFERS.purposes.items()},
        "duration": asking.duration,
        "today": local_date(now, town.zone),
        "words": words,
    }
    return page(request, "halls/find.html", status=422 if question.faults else 200, **context)


@get("/{town_slug:str}/hallen/tag/{day:str}")
def day_plan(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], day: FromPath[str]
) -> Response[Any]:
    """All halls of a town on one day."""
    town = municipality(session, town_slug, request, now)
    rules = plan(session, town)
    asked, today = asking.day_typed(day), local_date(now, rules.zone)
    if asked is None or not rules.halls or not today <= asked <= today + WEEKS_AHEAD * _WEEK:
        raise NotFound
    halls = list(rules.halls.values())
    context = _plans(session, rules, halls, asked, asked, now) | {"town": town, "day": asked, "today": today}
    context |= {"before": asked - _ONE_DAY, "after": asked + _ONE_DAY}
    return page(request, "halls/day.html", **context)


@get("/{town_slug:str}/hallen/{slug:str}")
def hall_page(
    request: Request, session: Session, now: datetime, town_slug: FromPath[str], slug: FromPath[str]
) -> Response[Any]:
    town = municipality(session, town_slug, request, now)
    rules = plan(session, town)
    hall = rules.hall(slug)
    today = local_date(now, rules.zone)
    monday = _monday(request.query_params.get("woche", ""), today)
    tariff = in_force(session, town.id, JOURNEY, today)
    ours = {None, hall.id, *hall.part_ids}
    context = _plans(session, rules, [hall], monday, monday + 6 * _ONE_DAY, now) | {
        "town": town,
        "hall": session.get_one(Hall, hall.id, options=[selectinload(Hall.site)]),
        "rules": hall,
        "items": [item for item in tariff.items if item.resource_id in ours] if tariff else [],
        "conditions": _conditions,
        "amount": _amount,
        "in_words": in_words,
        "today": today,
        "monday": monday,
        "before": monday - _WEEK if monday > monday_of(today) else None,
        "after": monday + _WEEK if monday < monday_of(today) + WEEKS_AHEAD * _WEEK else None,
    }
    return page(request, "halls/hall.html", **context)


def _plans(
    session: Session, rules: HallPlan, halls: Sequence[HallRules], first: date, last: date, now: datetime
) -> dict[str, Any]:
    """What a plan shows of these halls from one day to another: stretches by part and day."""
    busy = busy_between(session, halls, rules, first, last, now)
    names = week.names_of(session, rules, halls, first, last, now)
    days = [first + n * _ONE_DAY for n in range((last - first).days + 1)]
    seen = {
        (part.id, day): week.day_of(rules, busy, hall, part, day, names, now)
        for hall in halls
        for part in hall.parts.values()
        for day in days
    }
    closed = {day: holiday_name(day, rules.land) or rules.school_holiday(day) or "" for day in days}
    return {
        "plan": rules,
        "zone": rules.zone,
        "halls": halls,
        "days": days,
        "seen": seen,
        "off": closed,
        "words": words,
    }


def _conditions(item: TariffItem) -> str:
    """What its name doesn't say already."""
    said = tariff_words.conditions(item, TARIFFS)
    return "; ".join(each for each in said if each.casefold() not in item.label.casefold())


def _amount(item: TariffItem) -> str:
    if not item.percent:
        return tariff_words.amount(item)
    said = _("%d %% auf die Preise darüber") if item.kind == "surcharge" else _("%d %% der Preise darüber")
    return said % item.percent


def _monday(typed: str, today: date) -> date:
    """The week that an address names, if it can be leafed to; else this one."""
    this = monday_of(today)
    try:
        asked = datetime.strptime(f"{typed}-1", "%G-W%V-%u").date()  # noqa: DTZ007
    except ValueError:
        return this
    return asked if this <= asked <= this + WEEKS_AHEAD * _WEEK else this


def _halls(session: Session, towns: Sequence[Municipality]) -> list[Hall]:
    order = {town.id: number for number, town in enumerate(towns)}
    ours = select(Hall).where(Hall.municipality_id.in_(order), Hall.active).options(selectinload(Hall.site))
    halls = session.scalars(ours).all()
    return sorted(halls, key=lambda hall: (order[hall.municipality_id], hall.position, hall.name))


def _first_prices(session: Session, answered: Answer | None, answers: Answers, now: datetime) -> dict[Slot, int]:
    """What is shown first of each hall, and what is offered instead."""
    if answered is None:
        return {}
    first = [offers[0] for _place, offers in islice(answered.free, MOST_HALLS)]
    return prices(session, [*first, *answered.near], answers, now)


routes = [find, day_plan, hall_page]
