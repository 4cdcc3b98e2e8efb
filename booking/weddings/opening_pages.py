"""The page of opening times or duties, with whatever has just been tried on it."""

from datetime import date, datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts.desk_page import Blanks
from buchbar.accounts.models import Clerk
from buchbar.accounts.revisions import Subject
from buchbar.accounts.roles import LOOK, may
from buchbar.base import texts
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking.desk_frame import show
from buchbar.booking.editing import edits_of, seen, today_of
from buchbar.booking.weddings.opening_form import NTH, clock, typed_rule
from buchbar.calendar.months import month_weeks
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import MINUTES_A_DAY
from buchbar.resources.models import Opening, Resource
from buchbar.resources.opening_edits import days_of, in_order, stretches
from buchbar.resources.opening_words import in_words, stretch_in_words

NAMES = ("rules", "days")
MORNINGS = WeeklyRule(frozenset(range(5)), 9 * 60, 12 * 60)
NTH_WORDS = {1: N_("ersten"), 2: N_("zweiten"), 3: N_("dritten"), 4: N_("vierten"), 5: N_("fünften"), -1: N_("letzten")}


def show_openings(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    subject: Subject,
    resource: Resource,
    here: str,
    status: int = 200,
    *,
    verb: str = "",
    form: Form | None = None,
    **context: Any,
) -> Response[Any]:
    """``verb`` is the form that was posted (``form``): only there stand what was typed and its faults."""
    today = today_of(clerk, now)
    changed = _to_change(resource, form.get("regel", "") if form else request.query_params.get("regel", ""))
    shown: dict[str, Any] = {"preview": None, "ahead": "", "theirs": [], "found": None, "ignored": []} | context
    typed, faults = shown.pop("typed", {}), shown.pop("faults", {})
    proposed = None if changed or resource.openings else _proposed(resource)
    rule = typed if verb == "regel" else typed_rule(changed.rule, today) if changed else _blank(today, proposed)
    days = typed if verb == "tage" else {"art": "zu"}
    return show(
        request,
        clerk,
        "desk/openings.html",
        now,
        status,
        resource=resource,
        registrar=resource.kind == "registrar",
        own_page=here,
        today=today,
        verb=verb,
        rules=_rules(resource, today),
        changed=changed,
        proposed=proposed,
        rule=Blanks(rule),
        rule_days=_ticked(form, "tage") if verb == "regel" else _weekdays(changed.rule if changed else proposed),
        rule_nth=_ticked(form, "nth") if verb == "regel" else {str(n) for n in changed.rule.nth} if changed else set(),
        days=Blanks(days),
        days_only=_ticked(form, "nur") if verb == "tage" else set(),
        weekdays=[(str(day.weekday()), texts.weekday(day)) for day in month_weeks(2027, 2)[0]],
        nth=[(str(n), _(NTH_WORDS[n])) for n in NTH],
        stretches=[each for each in stretches(days_of(resource)) if each.last >= today],
        in_words=in_words,
        stretch_in_words=stretch_in_words,
        with_notes=may(clerk.role, LOOK),
        rows=edits_of(session, subject, resource, NAMES),
        stand=seen(subject, resource, NAMES),
        saved=request.query_params.get("gespeichert", ""),
        return_to=here,
        faults=faults,
        rule_faults=Blanks(faults if verb == "regel" else {}),
        day_faults=Blanks(faults if verb == "tage" else {}),
        typed=typed,
        **shown,
    )


def _to_change(resource: Resource, named: str) -> Opening | None:
    return next((each for each in resource.openings if str(each.id) == named), None)


def _rules(resource: Resource, today: date) -> list[tuple[Opening, bool]]:
    """The rules that aren't over, in order, each with whether it holds already."""
    by_rule = {each.rule: each for each in resource.openings}
    rules = [rule for rule in in_order(by_rule) if not rule.valid_until or rule.valid_until >= today]
    return [(by_rule[rule], not rule.valid_from or rule.valid_from <= today) for rule in rules]


def _blank(today: date, proposed: WeeklyRule | None) -> dict[str, str]:
    """A new rule from today on, with the hours of the one that is proposed."""
    hours = {"von": clock(proposed.from_minute), "bis": clock(proposed.until_minute)} if proposed else {}
    return {"wochen": "1", "gilt_ab": today.isoformat()} | hours


def _proposed(resource: Resource) -> WeeklyRule:
    """What the form proposes where there are no times yet: weekday mornings; for a registrar the days on which the
    venues where they marry are open, and an hour around these, in which they prepare and go there."""
    rules = [each.rule for venue in getattr(resource, "venues", ()) for each in venue.openings]
    if not rules:
        return MORNINGS
    start, end = min(rule.from_minute for rule in rules), max(rule.until_minute for rule in rules)
    weekdays = frozenset[int]().union(*(rule.weekdays for rule in rules))
    return WeeklyRule(weekdays, max(0, start - 60), min(end + 60, MINUTES_A_DAY - 1))


def _ticked(form: Form | None, name: str) -> set[str]:
    return {*form.all(name)} if form else set()


def _weekdays(rule: WeeklyRule | None) -> set[str]:
    return {str(day) for day in rule.weekdays} if rule else set()
