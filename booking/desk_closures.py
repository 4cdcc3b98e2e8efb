"""Closures at the desk: what is closed and until when, and closing, with what becomes of the bookings in the way."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import RULES, WORK
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import closing_forms, closures, making_way, queries
from buchbar.booking.closed import in_words as while_in_words
from buchbar.booking.closed import together
from buchbar.booking.closing_forms import ALL
from buchbar.booking.desk_frame import by, show
from buchbar.booking.making_way import WAYS, Closing, InWay
from buchbar.resources.models import Closure, Resource
from buchbar.resources.opening_words import exception_in_words, in_words

PAST = timedelta(days=90)  # so long they are kept (booking/retention.py)


@at_desk.get("/sperrzeiten", RULES, journey="weddings")
def all_closures(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/sperrzeiten", WORK, N_("Sperrzeit eingetragen"), journey="weddings")
def close(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """Close, unless something is in the way: then first ask what becomes of it (``entschieden``)."""
    return _act(request, session, now, form, clerk, rehearsal=False)


@at_desk.post("/sperrzeiten/vorschau", WORK, N_("Sperrzeit ausprobiert"), journey="weddings")
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    return _act(request, session, now, form, clerk, rehearsal=True)


@at_desk.post("/sperrzeiten/{closure_id:uuid}/aufhebung", WORK, N_("Sperrzeit aufgehoben"), journey="weddings")
def reopen(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    closure_id: FromPath[UUID],
) -> Response[Any]:
    """``alle`` lifts those that belong together with it too."""
    closure = queries.closure_of(session, clerk.town, closure_id)
    for each in queries.closures_like(session, closure) if form.get("alle") else [closure]:
        closures.reopen(session, each)
    return redirect(request, f"{clerk.desk}/sperrzeiten?erledigt=ja")


def _act(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, *, rehearsal: bool
) -> Response[Any]:
    asked: list[InWay] = []
    closing: Closing | None = None
    shown: dict[str, Any] = {"typed": dict(form), "ticked": closing_forms.wanted(form)}
    try:
        closing = _closing(session, form, clerk, now)
        if not form.get("entschieden"):
            closures.close_all(session, closing.resources, closing.spans, closing.reason, now, closing.by)
            return redirect(request, f"{clerk.desk}/sperrzeiten?erledigt=ja")
        asked = making_way.choices(session, clerk.town, closing)
        decisions, reason = closing_forms.decided(form, asked)
        if not rehearsal:
            making_way.carry_out(session, closing, decisions, reason)
            return redirect(request, f"{clerk.desk}/sperrzeiten?erledigt=ja")
        shown |= {"outcome": making_way.rehearse(session, closing, decisions, reason), "decisions": decisions}
        return _show(request, session, clerk, now, asked=asked, **shown)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, asked=asked, faults=fault.fields, **shown)
    except closures.InTheWay as refusal:
        asked = making_way.choices(session, clerk.town, closing) if closing else []
        return _show(request, session, clerk, now, 409, asked=asked, refusal=refusal, **shown)
    except NotFound:
        raise
    except Refused as refusal:
        if form.get("entschieden"):
            return _show(request, session, clerk, now, 409, asked=asked, refusal=refusal, **shown)
        return _show(request, session, clerk, now, 422, faults={"bis_tag": refusal.sentence}, **shown)


def _closing(session: Session, form: Form, clerk: Clerk, now: datetime) -> Closing:
    """What the form wants to close. Raises Invalid, and NotFound for another town's resource."""
    faults: dict[str, str] = {}
    resources: list[Resource] = []
    try:
        resources = _chosen(session, clerk, closing_forms.wanted(form))
    except Invalid as fault:
        faults |= fault.fields
    try:
        spans, reason = closing_forms.read(form, clerk.town.zone)
    except Invalid as fault:
        raise Invalid(faults | fault.fields) from None
    if faults:
        raise Invalid(faults)
    return Closing(resources, spans, reason, now, by(clerk))


def _chosen(session: Session, clerk: Clerk, wanted: list[str]) -> list[Resource]:
    """What was ticked: single resources, or all venues, or all people."""
    ours = queries.resources(session, clerk.town)
    kinds = {ALL[value] for value in wanted if value in ALL}
    try:
        ids = {UUID(value) for value in wanted if value not in ALL}
    except ValueError:
        raise Invalid({"ressource": _("Bitte wählen Sie, was gesperrt wird.")}) from None
    chosen = {each.id: each for each in ours if each.kind in kinds or each.id in ids}
    chosen |= {each: queries.resource_of(session, clerk.town, each) for each in ids if each not in chosen}
    if not chosen:
        raise Invalid({"ressource": _("Bitte wählen Sie, was gesperrt wird.")})
    return list(chosen.values())


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = clerk.town
    resources = queries.resources(session, town)
    shown: dict[str, Any] = {"typed": {}, "ticked": [], "refusal": None, "asked": [], "outcome": None} | context
    return show(
        request,
        clerk,
        "desk/closures.html",
        now,
        status,
        groups=together(queries.closures(session, town, now), town.zone),
        past=together(_past(session, clerk, now), town.zone)[::-1],
        resources=resources,
        ways={way: _(words) for way, words in WAYS.items()},
        when=lambda start, end: while_in_words(start, end, town.zone),
        in_words=in_words,
        exception_in_words=exception_in_words,
        **{"decisions": {}} | shown,
    )


def _past(session: Session, clerk: Clerk, now: datetime) -> list[Closure]:
    """The closures that are over, as long as they are kept."""
    kept = queries.closures(session, clerk.town, now - PAST)
    return [each for each in kept if each.ends_at <= now]


routes = [all_closures, close, preview, reopen]
