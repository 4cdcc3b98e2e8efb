"""When a venue is open, when a registrar is on duty: weekly rules, days that differ, calendar files.

Both have the same pages. Every edit is shown with its effect first, and is saved by the form that stands below it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.revisions import Subject
from buchbar.accounts.roles import LEAD, RULES, WORK
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.editing import Effect, Preview, ahead_of, carried, save, today_of, typed
from buchbar.booking.weddings import edit_effects
from buchbar.booking.weddings.desk_edits import registrar_of, venue_of
from buchbar.booking.weddings.edits import REGISTRAR, VENUE
from buchbar.booking.weddings.opening_form import read_days, read_end, read_rule, read_span
from buchbar.booking.weddings.opening_pages import NAMES, show_openings
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.models import Registrar, Resource
from buchbar.resources.opening_edits import (
    change_rule,
    days_of,
    end_rule,
    in_order,
    rules_of,
    with_days,
    without_days,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Of whom the pages are: where they stand below the desk, and how the audit trail calls a look at them."""

    subject: Subject
    load: Callable[..., Any]
    path: str
    looked: str

    def page(self, clerk: Clerk, resource: Resource) -> str:
        """The address of the page."""
        return clerk.desk + self.path.replace("{resource_id:uuid}", str(resource.id))


KINDS = (
    Kind(VENUE, venue_of, "/trauorte/{resource_id:uuid}/zeiten", ""),
    Kind(
        REGISTRAR, registrar_of, "/standesbeamte/{resource_id:uuid}/dienste", N_("Dienste und Abwesenheiten angesehen")
    ),
)


@dataclass(frozen=True, slots=True)
class Edit:
    """What a form asks for: the fields that change, and from when this has an effect."""

    values: Mapping[str, Any]
    start: date


def rule_form(resource: Resource, form: Form, today: date) -> Edit:
    """A new rule, or another instead of one (``regel``) from the day that the form says."""
    rule, rules = read_rule(form), rules_of(resource)
    if form.get("regel"):
        return Edit(
            {"rules": change_rule(rules, _named(resource, form), rule, rule.valid_from)}, rule.valid_from or today
        )
    return Edit({"rules": in_order([*rules, rule])}, rule.valid_from or today)


def end_form(resource: Resource, form: Form, today: date) -> Edit:
    """A rule ends on a day."""
    rule, last = _named(resource, form), read_end(form, today)
    return Edit({"rules": end_rule(rules_of(resource), rule, last)}, last)


def days_form(resource: Resource, form: Form, today: date) -> Edit:
    """Some days differ."""
    days, hours, note, beside = read_days(form, today)
    return Edit({"days": with_days(days_of(resource), days, hours, note, beside=beside)}, days[0])


def back_form(resource: Resource, form: Form, today: date) -> Edit:
    """Some days follow the rules again."""
    days = read_span(form)
    return Edit({"days": without_days(days_of(resource), days)}, days[0])


def _named(resource: Resource, form: Form) -> WeeklyRule:
    """The rule that the form names. Raises Refused when it is gone."""
    for opening in resource.openings:
        if str(opening.id) == form.get("regel"):
            return opening.rule
    raise Refused(_("Diese Regel gibt es nicht mehr. Bitte sehen Sie die Seite noch einmal an."))


# Where the form goes, who may post it, how the audit trail calls it when tried and when done.
VERBS: tuple[tuple[str, str, str, str, Callable[[Resource, Form, date], Edit]], ...] = (
    ("regel", LEAD, N_("Regelmäßige Zeit ausprobiert"), N_("Regelmäßige Zeit festgelegt"), rule_form),
    ("ende", LEAD, N_("Ende einer Zeit ausprobiert"), N_("Regelmäßige Zeit beendet"), end_form),
    ("tage", WORK, N_("Abweichende Tage ausprobiert"), N_("Abweichende Tage eingetragen"), days_form),
    ("aufhebung", WORK, N_("Aufhebung ausprobiert"), N_("Abweichende Tage aufgehoben"), back_form),
)


def effect_of(
    session: Session, clerk: Clerk, resource: Resource, edit: Mapping[str, Any], start: date, now: datetime
) -> Effect | None:
    """What the edit would do; None for what isn't in use."""
    times = timetable(session, clerk.town)
    weekly = tuple(edit.get("rules", rules_of(resource)))
    exceptions = tuple(each.exception for each in edit.get("days", days_of(resource)))
    if isinstance(resource, Registrar):
        duty = times.registrars.get(resource.id)
        venue_ids = {each.id for each in resource.venues}
        if duty is None:
            return None
        return edit_effects.of_registrar(
            session, clerk.town, resource, replace(duty, weekly=weekly, exceptions=exceptions), venue_ids, start, now
        )
    rules = times.venues.get(resource.id)
    if rules is None:
        return None
    return edit_effects.of_venue(
        session, clerk.town, resource, replace(rules, weekly=weekly, exceptions=exceptions), start, now
    )


def act(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    kind: Kind,
    resource: Resource,
    verb: str,
    *,
    wanted: bool,
) -> Response[Any]:
    """Show what the form would do, or do it."""
    read = next(each[4] for each in VERBS if each[0] == verb)
    page = kind.page(clerk, resource)
    form_of: dict[str, Any] = {"verb": verb, "typed": typed(form), "form": form}
    try:
        edit = read(resource, form, today_of(clerk, now))
    except Invalid as fault:
        return show_openings(
            request, session, clerk, now, kind.subject, resource, page, 422, faults=fault.fields, **form_of
        )
    ahead = ahead_of(session, clerk, kind.subject, resource, NAMES, form)
    if ahead:
        return show_openings(request, session, clerk, now, kind.subject, resource, page, 409, **ahead, **form_of)
    if wanted:
        save(session, clerk, kind.subject, resource, edit.values, now)
        return redirect(request, f"{page}?gespeichert=ja")
    preview = Preview(
        differences=revisions.differences_of(kind.subject, resource, edit.values),
        effect=effect_of(session, clerk, resource, edit.values, edit.start, now),
        action=f"{page}/{verb}",
        typed=carried(form),
    )
    return show_openings(request, session, clerk, now, kind.subject, resource, page, preview=preview, **form_of)


def _page_of(kind: Kind) -> Any:
    @at_desk.get(kind.path, RULES, kind.looked)
    def openings(
        request: Request, session: Session, now: datetime, clerk: Clerk, resource_id: FromPath[UUID]
    ) -> Response[Any]:
        resource = kind.load(session, clerk, resource_id)
        return show_openings(request, session, clerk, now, kind.subject, resource, kind.page(clerk, resource))

    return openings


def _form_of(kind: Kind, verb: str, path: str, right: str, words: str, *, wanted: bool) -> Any:
    @at_desk.post(f"{kind.path}/{path}", right, words)
    def change(
        request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, resource_id: FromPath[UUID]
    ) -> Response[Any]:
        resource = kind.load(session, clerk, resource_id, lock=wanted)
        return act(request, session, now, form, clerk, kind, resource, verb, wanted=wanted)

    return change


routes = [
    *(_page_of(kind) for kind in KINDS),
    *(
        _form_of(kind, verb, verb if wanted else f"{verb}/vorschau", right, did if wanted else tried, wanted=wanted)
        for kind in KINDS
        for verb, right, tried, did, _read in VERBS
        for wanted in (False, True)
    ),
]
