"""Statistics of the halls at the desk: hours by class and hall, given back, cancelled, nobody there."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK
from buchbar.base import charts, forms, sheets
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.booking import statistics_tables
from buchbar.booking.desk_frame import show
from buchbar.booking.halls import statistics
from buchbar.booking.statistics import Period
from buchbar.booking.statistics_tables import Table
from buchbar.calendar.months import add_months, month_end
from buchbar.calendar.walls import local_date

PAGE = "hallen/statistik"
LONGEST = timedelta(days=5 * 366)


@at_desk.get(f"/{PAGE}", LOOK)
def overview(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    status, faults, period = 200, {}, None
    try:
        period = _period(request, clerk, now)
        given = {"von": period.first.isoformat(), "bis": period.last.isoformat()}
    except Invalid as fault:
        status, faults, given = 422, fault.fields, fault.values
    return show(
        request,
        clerk,
        "desk/halls/statistics.html",
        now,
        status,
        tables=_tables(session, clerk, period) if period else [],
        asked=period,
        faults=faults,
        typed=given,
        query=urlencode(given),
        page=f"{clerk.desk}/{PAGE}",
        shortcuts=_shortcuts(local_date(now, clerk.town.zone)),
        in_words=statistics_tables.in_words,
        chart=_chart,
    )


@at_desk.get(f"/{PAGE}/datei/{{file:str}}", LOOK)
def as_file(request: Request, session: Session, now: datetime, clerk: Clerk, file: FromPath[str]) -> Response[Any]:
    """All tables as a workbook, or one as CSV or JSON. Raises NotFound for what there isn't."""
    found = _tables(session, clerk, _period(request, clerk, now))
    key, _dot, form = file.partition(".")
    if key == "alle" and form == "xlsx" and found:
        return sheets.answer(form, "hallen", *(table.sheet for table in found))
    for table in found:
        if table.key == key:
            return sheets.answer(form, f"hallen-{key}", table.sheet)
    raise NotFound(_("Für diesen Zeitraum gibt es diese Tabelle nicht."))


def _tables(session: Session, clerk: Clerk, period: Period) -> list[Table]:
    found = statistics.of_period(session, clerk.town, period)
    return statistics.tables(period, found, statistics.hall_names(session, clerk.town))


def _period(request: Request, clerk: Clerk, now: datetime) -> Period:
    """What the address asks for; this year where it says nothing. Raises Invalid."""
    today = local_date(now, clerk.town.zone)
    given = {name: request.query_params.get(name, "")[:40] for name in ("von", "bis")}
    typed = forms.read(given, von=forms.optional(forms.day), bis=forms.optional(forms.day))
    first = typed.von or (typed.bis or today).replace(month=1, day=1)
    last = typed.bis or first.replace(month=12, day=31)
    if last < first:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")}, given)
    if last - first > LONGEST:
        raise Invalid({"bis": _("Bitte höchstens fünf Jahre auf einmal.")}, given)
    return Period(first, last)


def _shortcuts(today: date) -> list[tuple[str, str]]:
    """Periods that are asked for often: words and query. The school year runs from August to July."""
    school = today.year if today.month > 7 else today.year - 1
    month = add_months(today.replace(day=1), -1)
    spans = [(str(year), date(year, 1, 1), date(year, 12, 31)) for year in (today.year - 1, today.year)]
    spans += [
        (_("Schuljahr %(first)d/%(last)d") % {"first": year, "last": year + 1}, date(year, 8, 1), date(year + 1, 7, 31))
        for year in (school - 1, school)
    ]
    spans.append((_("letzter Monat"), month, month_end(month)))
    return [(words, urlencode({"von": first, "bis": last})) for words, first, last in spans]


def _chart(table: Table) -> str:
    """A table's chart; nothing where it has none."""
    if not table.bars:
        return ""
    most = max(table.bars, key=lambda bar: bar.value)
    words = _("Balken für %(count)d Zeilen; am meisten: %(label)s mit %(number)s. Alle Zahlen stehen in der Tabelle.")
    described = words % {"count": len(table.bars), "label": most.label, "number": most.words}
    return charts.bars(f"bild-{table.key}", table.title, described, table.bars, (_("dieser Zeitraum"), ""))


routes = [overview, as_file]
