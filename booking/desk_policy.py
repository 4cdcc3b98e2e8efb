"""The policy at the desk: what holds from when, and the form by which the head makes a new one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, RULES
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import class_forms, foresight, forms, journeys
from buchbar.booking.desk_frame import show
from buchbar.booking.models import Policy
from buchbar.booking.policies import adopt, history, policies, policy_of, withdraw
from buchbar.booking.terms import Terms
from buchbar.booking.terms_in_words import in_words
from buchbar.calendar.walls import local_date


@at_desk.get("/regelung", RULES)
def policy_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now, journeys.named(request.query_params.get("bereich", ""), clerk.role))


@at_desk.post("/regelung/vorschau", LEAD, N_("Regelung ausprobiert"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    journey, town = journeys.named(form.get("bereich", ""), clerk.role), clerk.town
    try:
        terms, valid_from = forms.read(form, town.zone, local_date(now, town.zone), journey.rules.by_class)
    except Invalid as fault:
        return _show(request, session, clerk, now, journey, 422, faults=fault.fields, typed=dict(form))
    holds, by_class = current(policies(session, town.id, journey.name), valid_from), journey.rules.by_class
    before = holds.terms if holds else None
    seen = {
        "examples": foresight.examples(terms, town, now, by_class),
        "differences": foresight.differences(before, terms, town, by_class) if before else [],
        "against": holds,
        "effect": foresight.effect(session, journey, town, before, terms, valid_from, now),
    }
    return _show(request, session, clerk, now, journey, typed=dict(form), preview=seen)


@at_desk.post("/regelung", LEAD, N_("Regelung festgelegt"))
def make(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    journey, town = journeys.named(form.get("bereich", ""), clerk.role), clerk.town
    try:
        terms, valid_from = forms.read(form, town.zone, local_date(now, town.zone), journey.rules.by_class)
    except Invalid as fault:
        return _show(request, session, clerk, now, journey, 422, faults=fault.fields, typed=dict(form))
    adopt(session, town, journey.name, terms, valid_from=valid_from, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/regelung?bereich={journey.name}&erledigt=ja")


@at_desk.post("/regelung/{policy_id:uuid}/rueckzug", LEAD, N_("Regelung zurückgezogen"))
def take_back(
    request: Request, session: Session, now: datetime, clerk: Clerk, policy_id: FromPath[UUID]
) -> Response[Any]:
    policy = policy_of(session, clerk.town, policy_id)
    withdraw(session, clerk.town, policy, now, clerk.name)
    return redirect(request, f"{clerk.desk}/regelung?bereich={policy.journey}&erledigt=ja")


def current(candidates: list[Policy], day: date) -> Policy | None:
    """The policy that holds on a day, if any does."""
    return next((policy for policy in candidates if policy.valid_from <= day), None)


def _pattern(request: Request, made: list[Policy], holds: Policy | None) -> Policy | None:
    """What the form starts from: the policy that the address names (``?vorlage=``), else the one that holds."""
    named = request.query_params.get("vorlage", "")
    return next((policy for policy in made if str(policy.id) == named), holds)


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
    today, by_class = local_date(now, town.zone), journey.rules.by_class
    made = history(session, town.id, journey.name)
    candidates = [policy for policy in made if policy.withdrawn_at is None]
    holds = current(candidates, today)
    pattern = _pattern(request, made, holds)
    if "typed" not in context:
        context["typed"] = forms.typed(pattern.terms if pattern else Terms(), town.zone, today)
    filled = sum(1 for number in range(1, forms.STEPS + 1) if context["typed"].get(f"step_days_{number}"))
    shown: dict[str, Any] = {"preview": None} | context
    return show(
        request,
        clerk,
        "desk/policy.html",
        now,
        status,
        journey=journey,
        journeys=journeys.seen_by(clerk.role),
        policies=candidates,
        withdrawn=[policy for policy in made if policy.withdrawn_at],
        holds=holds,
        pattern=pattern if pattern is not holds else None,
        today=today,
        settled={policy.id: in_words(policy.terms, town.zone, by_class) for policy in made},
        sentences={policy.id: foresight.examples(policy.terms, town, now, by_class) for policy in candidates},
        options={
            name: [(key, _(words)) for key, words in choices.items()]
            for name, choices in (
                ("release", forms.RELEASE),
                ("deadline", forms.DEADLINE),
                ("approval", _approvals(by_class)),
                ("payment", forms.PAYMENT),
            )
        },
        by_class=by_class,
        classes=[(name, _(words), _is_different(name, context)) for name, words in USER_CLASSES.items()],
        class_fields=list(class_forms.OF_CLASS),
        yes_no=[(key, _(words)) for key, words in class_forms.YES_NO.items()],
        step_rows=range(1, min(forms.STEPS, max(4, filled + 1)) + 1),
        **shown,
    )


def _approvals(by_class: bool) -> dict[str, str]:
    """Who can have to agree; owners are asked only for venues."""
    return {key: words for key, words in forms.APPROVAL.items() if key != "office_and_owner" or not by_class}


def _is_different(name: str, context: dict[str, Any]) -> bool:
    """Whether the form says something of this user class, or something is wrong with it."""
    said = context["typed"] | context.get("faults", {})
    return any(said.get(f"{name}_{field}") for field in class_forms.OF_CLASS)


routes = [policy_page, preview, make, take_back]
