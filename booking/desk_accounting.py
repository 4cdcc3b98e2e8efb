"""The export to the accounting system at the cashier's desk: a period as a file, and which columns it has."""

from datetime import date, datetime, timedelta
from typing import Any

from litestar import Request, Response
from msgspec import structs
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, revisions
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH, may
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import export_forms, journal
from buchbar.booking.desk_frame import show
from buchbar.calendar.months import add_months, month_end
from buchbar.calendar.walls import days_span, local, local_date
from buchbar.payments import accounting
from buchbar.payments.rules import own_rules, rules_of

LONGEST = timedelta(days=2 * 366)
SHOWN = 10  # rows of a preview
RECENT = timedelta(days=92)  # what the preview of the columns shows rows of
Period = tuple[date, date]


@at_desk.get("/kasse/export", BOOKS, N_("Export für die Buchhaltung angesehen"))
def export_page(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    rules = rules_of(session, clerk.town.id)
    status, faults, typed, period = 200, {}, {}, None
    try:
        period = _asked(request, clerk, now)
        typed = {"von": period[0].isoformat(), "bis": period[1].isoformat()}
    except Invalid as fault:
        status, faults, typed = 422, fault.fields, fault.values
    moved = journal.movements(session, clerk.town, days_span(*period, clerk.town.zone)) if period else []
    return show(
        request,
        clerk,
        "desk/accounting.html",
        now,
        status,
        columns=rules.export,
        lines=accounting.lines(rules.export, rules.export_form, moved[:SHOWN]),
        count=len(moved),
        faults=faults,
        typed=typed,
        may_cash=may(clerk.role, CASH),
    )


@at_desk.get("/kasse/export/datei", CASH, N_("Export für die Buchhaltung gespeichert"))
def export_file(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    rules = rules_of(session, clerk.town.id)
    if not rules.export:
        raise NotFound
    first, last = _asked(request, clerk, now)
    moved = journal.movements(session, clerk.town, days_span(first, last, clerk.town.zone))
    in_head = accounting.places(first, last, local(now, clerk.town.zone))
    content = accounting.as_csv(rules.export, rules.export_form, moved, in_head)
    encoding = rules.export_form.encoding.removesuffix("-sig")
    headers = {"content-disposition": f'attachment; filename="buchhaltung-{first}-{last}.csv"'}
    return Response(content, media_type="text/csv", encoding=encoding, headers=headers)


@at_desk.get("/kasse/export/spalten", BOOKS)
def columns_page(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    """The form; filled with the example where the address asks for it, or where the town has no columns yet."""
    rules = rules_of(session, clerk.town.id)
    proposed = not rules.export or "beispiel" in request.query_params
    columns, form = rules.export, rules.export_form
    if proposed:
        columns, form = accounting.EXAMPLE, structs.replace(form, postings=accounting.EXAMPLE_POSTINGS)
    typed = export_forms.typed_of(columns, form)
    return _columns(request, session, clerk, now, typed, proposed=proposed)


@at_desk.post("/kasse/export/spalten/vorschau", CASH, N_("Spalten des Exports ausprobiert"))
def preview_columns(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        values = export_forms.read(form)
    except Invalid as fault:
        return _columns(request, session, clerk, now, dict(form), 422, faults=fault.fields)
    today = local_date(now, clerk.town.zone)
    moved = journal.movements(session, clerk.town, days_span(today - RECENT, today, clerk.town.zone))[-SHOWN:]
    lines = accounting.lines(values["export"], values["export_form"], moved)
    return _columns(request, session, clerk, now, dict(form), columns=values["export"], lines=lines, previewed=True)


@at_desk.post("/kasse/export/spalten", CASH, N_("Spalten des Exports geändert"))
def save_columns(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    town = clerk.town
    try:
        values = export_forms.read(form)
    except Invalid as fault:
        return _columns(request, session, clerk, now, dict(form), 422, faults=fault.fields)
    rules, today = own_rules(session, town.id), local_date(now, town.zone)
    revisions.edit(session, town, export_forms.EXPORT, rules, values, valid_from=today, at=now, by=clerk.name)
    return redirect(request, f"{clerk.desk}/kasse/export?erledigt=ja")


def _columns(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    typed: dict[str, str],
    status: int = 200,
    **context: Any,
) -> Response[Any]:
    shown = {"proposed": False, "previewed": False, "columns": (), "lines": ()} | context
    edits = revisions.history(session, export_forms.EXPORT, rules_of(session, clerk.town.id).id)
    choices = {
        "separators": export_forms.SEPARATORS,
        "encodings": export_forms.ENCODINGS,
        "decimals": export_forms.DECIMALS,
        "dates": export_forms.DATES,
    }
    return show(
        request,
        clerk,
        "desk/accounting_columns.html",
        now,
        status,
        typed=typed,
        rows=export_forms.rows(typed),
        fields=[("", _("fester Text"))] + [(name, _(words)) for name, (words, _of) in accounting.FIELDS.items()],
        posting_words=export_forms.posting_words(),
        edits=[(each, "", revisions.differences(each)) for each in edits],
        may_cash=may(clerk.role, CASH),
        today=local_date(now, clerk.town.zone),
        **{name: [(str(n), _(words)) for n, words in enumerate(each.values())] for name, each in choices.items()},
        **shown,
    )


def _asked(request: Request, clerk: Clerk, now: datetime) -> Period:
    """The period that the address names; last month where it names none. Raises Invalid."""
    given = {name: request.query_params.get(name, "")[:40] for name in ("von", "bis")}
    typed = forms.read(given, von=forms.optional(forms.day), bis=forms.optional(forms.day))
    first = typed.von or add_months(local_date(now, clerk.town.zone).replace(day=1), -1)
    last = typed.bis or month_end(first)
    if last < first:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")}, given)
    if last - first > LONGEST:
        raise Invalid({"bis": _("Bitte höchstens zwei Jahre auf einmal.")}, given)
    return first, last


routes = [export_page, export_file, columns_page, preview_columns, save_columns]
