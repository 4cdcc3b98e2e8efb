"""Plans at the sports office's desk: the day of all halls, the week of one, and how much of them is used."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK, may
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking import calendar_view, statistics_tables
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import day_plan, slot_form, utilisation
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.calendar.months import add_months, monday_of, month_end
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date

WEEK = timedelta(days=7)
MOST_DAYS = timedelta(days=366)
MOST_DAYS_OF_ALL = timedelta(days=92)  # of all halls at once
SHORTEST = timedelta(minutes=30)  # to be worth a link


@at_desk.get("/hallen", LOOK, N_("Belegung der Hallen angesehen"))
def day_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    rules, day = plan(session, clerk.town), _day(request, now, clerk)
    halls = list(rules.halls.values())
    found = day_plan.entries(session, rules, halls, day, day, now)
    return show(
        request,
        clerk,
        "desk/halls/day.html",
        now,
        day=day,
        today=local_date(now, clerk.town.zone),
        table=day_plan.of_day(rules, halls, day, found),
        off=_off(rules, day),
        count=len({each.booking.id for each in found if each.booking}),
        entering=_entering(rules, clerk, now),
        **_words(rules),
    )


@at_desk.get("/hallen/woche", LOOK, N_("Wochenplan einer Halle angesehen"))
def week_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    rules = plan(session, clerk.town)
    monday = monday_of(_day(request, now, clerk))
    hall = _asked_hall(request, rules) or next(iter(rules.halls.values()), None)
    days = [monday + timedelta(days=n) for n in range(7)]
    found = day_plan.entries(session, rules, [hall], days[0], days[-1], now) if hall else []
    words = {"number": monday.isocalendar().week, "first": texts.day(days[0], "short")}
    title = _("Woche %(number)d: %(first)s bis %(last)s") % (words | {"last": texts.day(days[-1], "short")})
    return show(
        request,
        clerk,
        "desk/halls/week.html",
        now,
        title=title,
        days=days,
        today=local_date(now, clerk.town.zone),
        hall=hall,
        halls=[(each.slug, each.name) for each in rules.halls.values()],
        cells=day_plan.by_part_and_day(rules, found),
        parts=sorted(hall.parts.values(), key=lambda part: (part.side, part.number)) if hall else [],
        hours=lambda day: calendar_view.hours(rules.opening(hall, day, ""), rules.zone) if hall else "",
        off=lambda day: _off(rules, day),
        entering=_entering(rules, clerk, now),
        **_words(rules),
    )


@at_desk.get("/hallen/auslastung", LOOK)
def utilisation_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    rules, today = plan(session, clerk.town), local_date(now, clerk.town.zone)
    given = {name: request.query_params.get(name, "")[:40] for name in ("von", "bis", "halle")}
    status, faults, found, first, last = 200, {}, None, today, today
    hall = _asked_hall(request, rules)
    try:
        first, last = _period(given, today, hall)
        halls = [hall] if hall else list(rules.halls.values())
        found = utilisation.of_period(session, rules, halls, first, last)
        given = {"von": first.isoformat(), "bis": last.isoformat(), "halle": hall.slug if hall else ""}
    except Invalid as fault:
        status, faults = 422, fault.fields
    return show(
        request,
        clerk,
        "desk/halls/utilisation.html",
        now,
        status,
        tables=utilisation.tables(found, hall) if found else [],
        bands=utilisation.by_band(found) if found else [],
        first=first,
        last=last,
        typed=given,
        faults=faults,
        halls=[("", _("Alle Hallen")), *((each.slug, each.name) for each in rules.halls.values())],
        shortcuts=_shortcuts(today, given["halle"]),
        weekdays=utilisation.weekdays(),
        in_words=statistics_tables.in_words,
    )


def _day(request: Request, now: datetime, clerk: Clerk) -> date:
    """The day that the address names; today for what can't be read."""
    try:
        return forms.day(request.query_params.get("tag", ""))
    except ValueError:
        return local_date(now, clerk.town.zone)


def _asked_hall(request: Request, rules: HallPlan) -> HallRules | None:
    """The hall that the address names. Raises NotFound for what is none."""
    slug = request.query_params.get("halle", "")
    return rules.hall(slug) if slug else None


def _period(given: dict[str, str], today: date, hall: HallRules | None) -> tuple[date, date]:
    """From when to when, both included; this month where nothing is said. Raises Invalid."""
    read = forms.read(given, von=forms.optional(forms.day), bis=forms.optional(forms.day))
    first = read.von or (read.bis or today).replace(day=1)
    last = read.bis or month_end(first)
    if last < first:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")}, given)
    if hall is None and last - first > MOST_DAYS_OF_ALL:
        raise Invalid({"bis": _("Für alle Hallen bitte höchstens drei Monate auf einmal.")}, given)
    if last - first > MOST_DAYS:
        raise Invalid({"bis": _("Bitte höchstens ein Jahr auf einmal.")}, given)
    return first, last


def _shortcuts(today: date, slug: str) -> list[tuple[str, str]]:
    """Periods that are asked for often: words and query."""
    month, monday = today.replace(day=1), monday_of(today)
    spans = [
        (_("diese Woche"), monday, monday + WEEK - timedelta(days=1)),
        (_("letzter Monat"), add_months(month, -1), month - timedelta(days=1)),
        (_("dieser Monat"), month, month_end(month)),
        (_("nächster Monat"), add_months(month, 1), month_end(add_months(month, 1))),
    ]
    if slug:
        spans.append((_("dieses Jahr"), date(today.year, 1, 1), date(today.year, 12, 31)))
    return [(words, urlencode({"von": first, "bis": last, "halle": slug})) for words, first, last in spans]


def _off(rules: HallPlan, day: date) -> str:
    """The public or the school holiday."""
    return holiday_name(day, rules.land, texts.language.get()) or rules.school_holiday(day) or ""


def _entering(rules: HallPlan, clerk: Clerk, now: datetime) -> Callable[..., str]:
    """Where somebody is entered into what is free of a part on a day: an address, empty for what is over, for who may
    not, and for what nobody books."""

    def page(hall: HallRules, number: int, day: date, free: Span | None = None) -> str:
        over = day < local_date(now, rules.zone) if free is None else free.end <= now
        short = free is not None and free.length < SHORTEST
        if over or short or not may(clerk.role, WORK):
            return ""
        ahead = free if free is None or free.start > now else None
        return f"{clerk.desk}/hallen/eintragen?{slot_form.entering(hall, number, day, rules, ahead)}"

    return page


def _words(rules: HallPlan) -> dict[str, Any]:
    """How the templates say times."""

    def when(entry: calendar_view.Entry) -> str:
        return calendar_view.hours([entry.span], rules.zone)

    return {
        "when": when,
        "hours_of": lambda span: calendar_view.hours([span], rules.zone),
        "one_day": timedelta(days=1),
    }


routes = [day_page, week_page, utilisation_page]
