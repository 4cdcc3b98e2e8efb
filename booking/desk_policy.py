"""The policy at the desk: what holds from when, and the form by which the head makes a new one."""

from datetime import date, datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base import texts
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import forms, journeys
from buchbar.booking.desk_frame import show
from buchbar.booking.models import Policy
from buchbar.booking.policies import adopt, policies
from buchbar.booking.terms import Terms
from buchbar.booking.terms_in_words import in_words
from buchbar.calendar.deadlines import last_day
from buchbar.calendar.months import add_months
from buchbar.calendar.release import opens_at
from buchbar.calendar.walls import at, local_date


@at_desk.get("/regelung", RULES)
def policy_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now, _journey(request.query_params.get("bereich", "")))


@at_desk.post("/regelung/vorschau", LEAD, N_("Regelung ausprobiert"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    journey, town = _journey(form.get("bereich", "")), clerk.town
    try:
        terms, _valid_from = forms.read(form, town.zone, local_date(now, town.zone))
    except Invalid as fault:
        return _show(request, session, clerk, now, journey, 422, faults=fault.fields, typed=dict(form))
    return _show(request, session, clerk, now, journey, typed=dict(form), examples=examples(terms, town, now))


@at_desk.post("/regelung", LEAD, N_("Regelung festgelegt"))
def make(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    journey, town = _journey(form.get("bereich", "")), clerk.town
    try:
        terms, valid_from = forms.read(form, town.zone, local_date(now, town.zone))
    except Invalid as fault:
        return _show(request, session, clerk, now, journey, 422, faults=fault.fields, typed=dict(form))
    adopt(session, town, journey.name, terms, valid_from=valid_from, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/regelung")


def examples(terms: Terms, town: Municipality, now: datetime) -> list[str]:
    """What the terms mean for a date that is hard to reckon: the last of the next but one August."""
    today = local_date(now, town.zone)
    day = date(today.year + (1 if today.month < 9 else 2), 8, 31)
    return [_opening_sentence(terms, town, day), _deadline_sentence(terms, town, day, today)]


def _opening_sentence(terms: Terms, town: Municipality, day: date) -> str:
    opens = opens_at(terms.release, day, town.zone, town.land)
    when = {"day": texts.day(day, "short")}
    if opens is None:
        return _("Der %(day)s wird nach dieser Regelung nie buchbar.") % when
    when |= {"opens": texts.day(local_date(opens, town.zone)), "time": texts.clock(opens, town.zone)}
    return _("Der %(day)s wird am %(opens)s um %(time)s buchbar.") % when


def _deadline_sentence(terms: Terms, town: Municipality, day: date, today: date) -> str:
    """For somebody who reserves five months before the day, for noon, at noon."""
    reserved = max(add_months(day, -5), today)
    limit = terms.deadline_at(at(reserved, 12 * 60, town.zone), at(day, 12 * 60, town.zone), town.zone)
    when = {"day": texts.day(day, "short"), "reserved": texts.day(reserved, "short")}
    if limit is None:
        return _("Wer ihn am %(reserved)s reserviert, hat keine Frist für die Anmeldung.") % when
    when["limit"] = texts.day(last_day(limit, town.zone))
    return _("Wer ihn am %(reserved)s reserviert, muss sich bis %(limit)s anmelden.") % when


def current(candidates: list[Policy], today: date) -> Policy | None:
    """The policy that holds today, if any does yet."""
    return next((policy for policy in candidates if policy.valid_from <= today), None)


def _journey(name: str) -> journeys.Journey:
    """The journey of this name, by default the first. Raises NotFound."""
    for journey in journeys.known():
        if name in ("", journey.name):
            return journey
    raise NotFound


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    journey: journeys.Journey,
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    town = clerk.town
    today = local_date(now, town.zone)
    candidates = policies(session, town.id, journey.name)
    holds = current(candidates, today)
    if "typed" not in context:
        context["typed"] = forms.typed(holds.terms if holds else Terms(), town.zone, today)
    filled = sum(1 for number in range(1, forms.STEPS + 1) if context["typed"].get(f"step_days_{number}"))
    shown: dict[str, Any] = {"examples": []} | context
    return show(
        request,
        clerk,
        "desk/policy.html",
        now,
        status,
        journey=journey,
        journeys=journeys.known(),
        policies=candidates,
        holds=holds,
        today=today,
        settled={policy.id: in_words(policy.terms, town.zone) for policy in candidates},
        sentences={policy.id: examples(policy.terms, town, now) for policy in candidates},
        options={
            name: [(key, _(words)) for key, words in choices.items()]
            for name, choices in (
                ("release", forms.RELEASE),
                ("deadline", forms.DEADLINE),
                ("approval", forms.APPROVAL),
                ("payment", forms.PAYMENT),
            )
        },
        step_rows=range(1, min(forms.STEPS, max(4, filled + 1)) + 1),
        **shown,
    )


routes = [policy_page, preview, make]
