"""Closing halls at the desk: what is closed and until when; closing, with what becomes of the bookings in the way."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _, ngettext
from buchbar.base.web import Form, redirect
from buchbar.booking import closures, making_way, queries
from buchbar.booking.closed import in_words
from buchbar.booking.desk_frame import by, show
from buchbar.booking.halls import closing_form
from buchbar.booking.halls.closing_form import EVERY
from buchbar.booking.halls.lifting import lift
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.making_way import WAYS, Closing, InWay
from buchbar.resources.halls import HallPart
from buchbar.resources.models import Closure

PAGE = "hallen/sperren"
KINDS = ("part",)
PAST = timedelta(days=90)  # so long they are kept (booking/retention.py)


@dataclass(frozen=True, slots=True)
class Outing:
    """What was closed at once: the first closure, what is closed, and each while with the closures in it."""

    first: Closure
    what: str
    whiles: list[tuple[str, Closure]]

    @property
    def when(self) -> str:
        """The only while, or how many there are."""
        if len(self.whiles) == 1:
            return self.whiles[0][0]
        return ngettext("%(num)d Termin", "%(num)d Termine", len(self.whiles)) % {"num": len(self.whiles)}


@at_desk.get(f"/{PAGE}", LOOK, N_("Sperrzeiten der Hallen angesehen"))
def all_closures(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post(f"/{PAGE}", WORK, N_("Hallen gesperrt"))
def close(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """Close, unless something is in the way: then first ask what becomes of it (``entschieden``)."""
    return _act(request, session, now, form, clerk, rehearsal=False)


@at_desk.post(f"/{PAGE}/vorschau", WORK, N_("Sperrung von Hallen ausprobiert"))
def preview(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    return _act(request, session, now, form, clerk, rehearsal=True)


@at_desk.post(f"/{PAGE}/{{closure_id:uuid}}/aufhebung", WORK, N_("Sperrung von Hallen aufgehoben"))
def reopen(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, closure_id: FromPath[UUID]
) -> Response[Any]:
    """One while of what was closed at once; with ``alle`` all that isn't over of it."""
    closure = queries.closure_of(session, clerk.town, closure_id, KINDS)
    those = _at_once(session, closure)
    if not form.get("alle"):
        those = [each for each in those if (each.starts_at, each.ends_at) == (closure.starts_at, closure.ends_at)]
    lift(session, clerk.town, those, now)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


def _act(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, *, rehearsal: bool
) -> Response[Any]:
    asked: list[InWay] = []
    closing: Closing | None = None
    shown: dict[str, Any] = {"typed": dict(form), "ticked": form.all("was")}
    try:
        shown["closing"] = closing = _closing(session, form, clerk, now)
        if not form.get("entschieden"):
            closures.close_all(session, closing.resources, closing.spans, closing.reason, now, closing.by)
            return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")
        asked = making_way.choices(session, clerk.town, closing)
        decisions, reason = closing_form.decided(form, asked)
        if not rehearsal:
            making_way.carry_out(session, closing, decisions, reason)
            return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")
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
    """What the form wants to close. Raises Invalid with all its faults."""
    rules = plan(session, clerk.town)
    faults: dict[str, str] = {}
    ids: list[UUID] = []
    try:
        ids = closing_form.part_ids(form, rules)
    except Invalid as fault:
        faults |= fault.fields
    try:
        spans, reason = closing_form.read(form, rules)
    except Invalid as fault:
        raise Invalid(faults | fault.fields) from None
    if faults:
        raise Invalid(faults)
    ours = select(HallPart).where(HallPart.municipality_id == clerk.town.id, HallPart.id.in_(ids))
    return Closing(session.scalars(ours).all(), spans, reason, now, by(clerk))


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town, rules = clerk.town, plan(session, clerk.town)
    shown: dict[str, Any] = {"typed": {}, "ticked": [], "refusal": None, "asked": [], "outcome": None} | context
    kept = queries.closures(session, town, now - PAST, KINDS)
    return show(
        request,
        clerk,
        "desk/halls/closing.html",
        now,
        status,
        outings=_outings(rules, [each for each in kept if each.ends_at > now]),
        past=_outings(rules, [each for each in kept if each.ends_at <= now])[::-1],
        halls=list(rules.halls.values()),
        uses=_uses(session, rules, shown["asked"]),
        ways={way: _(words) for way, words in WAYS.items()},
        every=[(key, _(words)) for key, words in EVERY.items()],
        when=lambda start, end: in_words(start, end, town.zone),
        outcome_rows=_outcome_rows(rules, shown["outcome"]),
        in_short=_in_short(rules, shown.pop("closing", None)),
        page=f"{clerk.desk}/{PAGE}",
        **{"decisions": {}} | shown,
    )


def _uses(session: Session, rules: HallPlan, asked: Iterable[InWay]) -> dict[UUID, str]:
    """Which parts each booking in the way takes, and of which series it is, in words."""
    ids = [each.booking.id for each in asked]
    found = session.scalars(
        select(HallUse).where(HallUse.booking_id.in_(ids)).options(joinedload(HallUse.series))
    ).all()
    halls = {each.booking.id: rules.halls.get(each.booking.resource_id) for each in asked}
    words = {}
    for use in found:
        hall = halls[use.booking_id]
        parts = hall.named(use.parts) if hall else ""
        serial = _("Serie %s") % use.series.number if use.series else ""
        words[use.booking_id] = ", ".join(word for word in (hall.name if hall else "", parts, serial) if word)
    return words


def _outcome_rows(rules: HallPlan, outcome: making_way.Outcome | None) -> list[tuple[str, str]]:
    """What would be closed: while by while, with the names of halls and parts."""
    whiles: dict[str, set[UUID]] = defaultdict(set)
    for part, start, end in outcome.closed if outcome else ():
        whiles[in_words(start, end, rules.zone)].add(part.id)
    return [(when, _named(rules, ids)) for when, ids in whiles.items()]


def _in_short(rules: HallPlan, closing: Closing | None) -> str:
    """What is to be closed, when and why, in one line."""
    if closing is None:
        return ""
    what = _named(rules, {part.id for part in closing.resources})
    when = in_words(closing.spans[0].start, closing.spans[0].end, rules.zone)
    if more := len(closing.spans) - 1:
        last = in_words(closing.spans[-1].start, closing.spans[-1].end, rules.zone)
        count = ngettext("%(num)d Termin", "%(num)d Termine", more + 1) % {"num": more + 1}
        when = _("%(count)s, der erste %(when)s, der letzte %(last)s") % {"count": count, "when": when, "last": last}
    return f"{what}: {when} ({closing.reason})"


def _outings(rules: HallPlan, found: Sequence[Closure]) -> list[Outing]:
    """Closures in order, those that were made at once in one."""
    at_once: dict[tuple[datetime, str, str], list[Closure]] = defaultdict(list)
    for closure in found:
        at_once[closure.closed_at, closure.reason, closure.closed_by].append(closure)
    return [_outing(rules, those) for those in at_once.values()]


def _outing(rules: HallPlan, those: Sequence[Closure]) -> Outing:
    whiles: dict[tuple[datetime, datetime], Closure] = {}
    for closure in those:
        whiles.setdefault((closure.starts_at, closure.ends_at), closure)
    said = _named(rules, {each.resource_id for each in those})
    said = said or ", ".join(sorted({closure.resource.name for closure in those}))
    return Outing(those[0], said, [(in_words(*key, rules.zone), closure) for key, closure in whiles.items()])


def _named(rules: HallPlan, ids: Collection[UUID]) -> str:
    """These parts in words, hall by hall; a hall with all its parts by its name."""
    named = []
    for hall in rules.halls.values():
        numbers = [part.number for part in hall.parts.values() if part.id in ids]
        if len(numbers) == len(hall.parts):
            named.append(_("%(hall)s, ganze Halle") % {"hall": hall.name})
        elif numbers:
            named.append(f"{hall.name}: {hall.named(numbers)}")
    return "; ".join(named)


def _at_once(session: Session, closure: Closure) -> list[Closure]:
    """The closures that were made at once with one."""
    same = select(Closure).where(
        *(getattr(Closure, name) == getattr(closure, name) for name in ("municipality_id", "closed_at")),
        *(getattr(Closure, name) == getattr(closure, name) for name in ("reason", "closed_by")),
    )
    return list(session.scalars(same.order_by(Closure.resource_id, Closure.starts_at)))


routes = [all_closures, close, preview, reopen]
