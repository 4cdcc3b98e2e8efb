"""A registrar's leave from their own calendar: the file is read, what it means is shown, and what is chosen is saved.

The file itself isn't kept: the form that saves carries the days.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking.editing import Preview, ahead_of, save, today_of
from buchbar.booking.weddings.desk_openings import KINDS, Kind, effect_of
from buchbar.booking.weddings.opening_form import as_choice, read_choices
from buchbar.booking.weddings.opening_pages import NAMES, show_openings
from buchbar.calendar.months import add_months
from buchbar.resources import absences
from buchbar.resources.away import proposals
from buchbar.resources.models import Resource
from buchbar.resources.opening_edits import Differing, Stretch, days_of, rules_of, with_days

MONTHS_AHEAD = 24
MOST_POSTED = absences.MOST_BYTES + 100_000


def _read_file(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, kind: Kind, resource: Resource
) -> Response[Any]:
    """Show what the uploaded file means."""
    page, today, town = kind.page(clerk, resource), today_of(clerk, now), clerk.town
    again = (request, session, clerk, now, kind.subject, resource, page)
    try:
        name_and_content = form.upload("datei")
        if name_and_content is None:
            raise ValueError(_("Bitte wählen Sie eine Datei aus."))
        away = absences.read(name_and_content[1], town.zone, today, add_months(today, MONTHS_AHEAD))
    except ValueError as fault:
        return show_openings(*again, 422, verb="kalender", faults={"datei": str(fault)})
    found, ignored = proposals(rules_of(resource), days_of(resource), away, town.zone, town.land)
    days = _entered(resource, [each.stretch for each in found], "")
    start = found[0].stretch.first if found else today
    effect = effect_of(session, clerk, resource, {"days": days}, start, now) if found else None
    preview = Preview([], effect, f"{page}/kalender", [])
    choices = [(as_choice(each.stretch), each) for each in found]
    return show_openings(*again, verb="kalender", found=choices, ignored=ignored, preview=preview)


def _save(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, kind: Kind, resource: Resource
) -> Response[Any]:
    """Enter the days that were chosen, all or none."""
    page, today = kind.page(clerk, resource), today_of(clerk, now)
    again = (request, session, clerk, now, kind.subject, resource, page)
    try:
        chosen = read_choices(form.all("tag"), today, add_months(today, MONTHS_AHEAD))
        note = forms.read(form, grund=forms.text(200, required=False)).grund
    except Invalid as fault:
        return show_openings(*again, 422, verb="kalender", faults={"datei": fault.sentence})
    ahead = ahead_of(session, clerk, kind.subject, resource, NAMES, form)
    if ahead:
        return show_openings(*again, 409, verb="kalender", **ahead)
    save(session, clerk, kind.subject, resource, {"days": _entered(resource, chosen, note)}, now)
    return redirect(request, f"{page}?gespeichert=ja")


def _entered(resource: Resource, chosen: list[Stretch], note: str) -> list[Differing]:
    """The days that differ, with the chosen ones among them."""
    days = days_of(resource)
    for each in chosen:
        days = with_days(days, each.days(), each.hours, note)
    return days


def _upload_of(kind: Kind) -> Any:
    @at_desk.post(
        f"{kind.path}/kalender/vorschau", WORK, N_("Kalenderdatei ausprobiert"), request_max_body_size=MOST_POSTED
    )
    def upload(
        request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, resource_id: FromPath[UUID]
    ) -> Response[Any]:
        return _read_file(request, session, now, form, clerk, kind, kind.load(session, clerk, resource_id))

    return upload


def _save_of(kind: Kind) -> Any:
    @at_desk.post(f"{kind.path}/kalender", WORK, N_("Abwesenheiten aus Kalenderdatei eingetragen"))
    def enter(
        request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, resource_id: FromPath[UUID]
    ) -> Response[Any]:
        return _save(request, session, now, form, clerk, kind, kind.load(session, clerk, resource_id, lock=True))

    return enter


routes = [make(kind) for kind in KINDS for make in (_upload_of, _save_of)]
