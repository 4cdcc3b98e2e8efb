"""Who works here: the administrator takes colleagues on, gives them roles, and lets them go."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions, staff
from buchbar.accounts.desk_page import show_page
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import ADMINISTER, ROLES
from buchbar.base import forms
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.calendar.walls import local_date

# What the page says after it was done.
DONE = {
    "neu": N_("Eingetragen. Die Einladung ist unterwegs."),
    "gespeichert": N_("Gespeichert."),
    "eingeladen": N_("Die Einladung ist noch einmal unterwegs."),
    "gesperrt": N_("Der Zugang ist gesperrt; alle Sitzungen sind beendet."),
    "frei": N_("Der Zugang ist wieder frei."),
    "zurueckgesetzt": N_("Der zweite Faktor ist zurückgesetzt; alle Sitzungen sind beendet."),
}


@at_desk.get("/mitarbeitende", ADMINISTER, N_("Mitarbeitende angesehen"))
def staff_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _list(request, session, clerk, now)


@at_desk.post("/mitarbeitende", ADMINISTER, N_("Zugang eingetragen"))
def take_on(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town = clerk.town
    try:
        read = forms.read(form, **staff.FIELDS, role=forms.one_of(*staff.roles_at(town)))
        made = staff.take_on(session, town, read.name, read.email, read.role, now, clerk.name)
    except Invalid as fault:
        return _list(request, session, clerk, now, fault.fields, dict(form))
    staff.invite(session, town, made, now, clerk.name)
    return redirect(request, f"{clerk.desk}/mitarbeitende/{made.id}?getan=neu")


@at_desk.post("/mitarbeitende/regeln", ADMINISTER, N_("Zweiten Faktor für alle festgelegt"))
def set_rules(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        wanted = forms.read(form, second_factor=forms.yes_or_no).second_factor
    except Invalid as fault:
        return _list(request, session, clerk, now, fault.fields)
    town, values = clerk.town, {"second_factor": wanted}
    today = local_date(now, town.zone)
    revisions.edit(session, town, staff.RULES_FOR_STAFF, town, values, valid_from=today, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/mitarbeitende?getan=gespeichert")


@at_desk.get("/mitarbeitende/{clerk_id:uuid}", ADMINISTER, N_("Zugang angesehen"))
def one_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, clerk_id: FromPath[UUID]
) -> Response[Any]:
    return _show(request, session, clerk, now, staff.clerk_of(session, clerk.town, clerk_id))


@at_desk.post("/mitarbeitende/{clerk_id:uuid}", ADMINISTER, N_("Zugang geändert"))
def change(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, clerk_id: FromPath[UUID]
) -> Response[Any]:
    colleague = staff.clerk_of(session, clerk.town, clerk_id)
    fields = staff.FIELDS | {"role": forms.one_of(*staff.roles_at(clerk.town))}
    if colleague.id == clerk.id:
        fields = {"name": staff.FIELDS["name"]}
    try:
        staff.edit(session, clerk.town, colleague, vars(forms.read(form, **fields)), now, clerk.name)
    except Invalid as fault:
        return _show(request, session, clerk, now, colleague, fault.fields, dict(form))
    return _done(request, clerk, colleague, "gespeichert")


@at_desk.post("/mitarbeitende/{clerk_id:uuid}/einladung", ADMINISTER, N_("Einladung noch einmal geschickt"))
def invite(request: Request, session: Session, now: datetime, clerk: Clerk, clerk_id: FromPath[UUID]) -> Response[Any]:
    colleague = staff.clerk_of(session, clerk.town, clerk_id)
    if not colleague.active:
        raise Refused(_("Dieser Zugang ist gesperrt."))
    staff.invite(session, clerk.town, colleague, now, clerk.name)
    return _done(request, clerk, colleague, "eingeladen")


@at_desk.post("/mitarbeitende/{clerk_id:uuid}/sperrung", ADMINISTER, N_("Zugang gesperrt"))
def let_go(request: Request, session: Session, now: datetime, clerk: Clerk, clerk_id: FromPath[UUID]) -> Response[Any]:
    colleague = _other(session, clerk, clerk_id)
    staff.edit(session, clerk.town, colleague, {"active": False}, now, clerk.name)
    return _done(request, clerk, colleague, "gesperrt")


@at_desk.post("/mitarbeitende/{clerk_id:uuid}/freigabe", ADMINISTER, N_("Zugang wieder freigegeben"))
def take_back(
    request: Request, session: Session, now: datetime, clerk: Clerk, clerk_id: FromPath[UUID]
) -> Response[Any]:
    colleague = staff.clerk_of(session, clerk.town, clerk_id)
    staff.edit(session, clerk.town, colleague, {"active": True}, now, clerk.name)
    return _done(request, clerk, colleague, "frei")


@at_desk.post("/mitarbeitende/{clerk_id:uuid}/zweiter-faktor", ADMINISTER, N_("Zweiten Faktor zurückgesetzt"))
def reset(request: Request, session: Session, now: datetime, clerk: Clerk, clerk_id: FromPath[UUID]) -> Response[Any]:
    colleague = _other(session, clerk, clerk_id)
    staff.reset_second_factor(session, colleague, now)
    return _done(request, clerk, colleague, "zurueckgesetzt")


def _other(session: Session, clerk: Clerk, clerk_id: UUID) -> Clerk:
    """A colleague, and not oneself. Raises Refused."""
    colleague = staff.clerk_of(session, clerk.town, clerk_id)
    if colleague.id == clerk.id:
        raise Refused(_("Das kann nur jemand anderes für Sie tun."))
    return colleague


def _done(request: Request, clerk: Clerk, colleague: Clerk, what: str) -> Response[Any]:
    return redirect(request, f"{clerk.desk}/mitarbeitende/{colleague.id}?getan={what}")


def _said(request: Request) -> str:
    words = DONE.get(request.query_params.get("getan", ""))
    return _(words) if words else ""


def _list(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response[Any]:
    return show_page(
        request,
        clerk,
        "desk/staff.html",
        now,
        422 if faults else 200,
        staff=staff.staff_of(session, clerk.town),
        roles=_choices(clerk),
        role_words=ROLES,
        faults=faults or {},
        typed=typed or {},
        said=_said(request),
    )


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    colleague: Clerk,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response[Any]:
    history = revisions.history(session, staff.CLERK, colleague.id)
    return show_page(
        request,
        clerk,
        "desk/colleague.html",
        now,
        422 if faults else 200,
        colleague=colleague,
        oneself=colleague.id == clerk.id,
        roles=_choices(clerk),
        role_words=ROLES,
        rows=[(each, "", revisions.differences(each)) for each in history],
        faults=faults or {},
        typed=typed or {"name": colleague.name, "email": colleague.email, "role": colleague.role},
        said=_said(request),
    )


def _choices(clerk: Clerk) -> list[tuple[str, str]]:
    return [(role, _(ROLES[role])) for role in staff.roles_at(clerk.town)]


routes = [staff_page, take_on, set_rules, one_page, change, invite, let_go, take_back, reset]
