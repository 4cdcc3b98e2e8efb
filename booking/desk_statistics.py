"""Statistics at the desk: what took place in a period and what came to nothing, beside the period before."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LEAD, LOOK
from buchbar.base import charts, forms, sheets
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.booking import statistics, statistics_tables
from buchbar.booking.desk_frame import show
from buchbar.booking.statistics import BY, Period, Question
from buchbar.booking.statistics_tables import Table
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import local_date

LONGEST = timedelta(days=10 * 366)


@at_desk.get("/statistik", LOOK, journey="weddings")
def overview(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _page(request, session, clerk, now, "desk/statistics.html", _figures)


@at_desk.get("/statistik/datei/{file:str}", LOOK, journey="weddings")
def overview_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, file: FromPath[str]
) -> Response[Any]:
    return _file(_figures(session, _question(request, clerk, now)), file)


@at_desk.get("/statistik/team", LEAD, N_("Auslastung der Standesbeamt:innen angesehen"), journey="weddings")
def team(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _page(request, session, clerk, now, "desk/statistics_team.html", _team)


@at_desk.get(
    "/statistik/team/datei/{file:str}", LEAD, N_("Auslastung der Standesbeamt:innen angesehen"), journey="weddings"
)
def team_file(request: Request, session: Session, now: datetime, clerk: Clerk, file: FromPath[str]) -> Response[Any]:
    return _file(_team(session, _question(request, clerk, now)), file)


def _figures(session: Session, question: Question) -> list[Table]:
    """All tables of a period; none where nobody reserved anything."""
    seen = statistics.bookings(session, question)
    if not any(not each.earlier for each in seen):
        return []
    found = [
        *statistics_tables.tables(question, seen, statistics.venue_names(session, question.town)),
        statistics_tables.by_fee(statistics.fees(session, question)),
        statistics_tables.by_money(statistics.money(session, question)),
    ]
    return found if any(each.earlier for each in seen) else [table.alone() for table in found]


def _team(session: Session, question: Question) -> list[Table]:
    found = statistics.load(session, question)
    if not any(each.count for each in found):
        return []
    table = statistics_tables.by_registrar(found)
    return [table if any(each.before for each in found) else table.alone()]


def _question(request: Request, clerk: Clerk, now: datetime) -> Question:
    """What the address asks for; this year where it says nothing. Raises Invalid."""
    today = local_date(now, clerk.town.zone)
    given = {name: request.query_params.get(name, "")[:40] for name in ("von", "bis", "nach")}
    typed = forms.read(
        given,
        von=forms.optional(forms.day),
        bis=forms.optional(forms.day),
        nach=lambda by: forms.one_of(*BY)(by or "termin"),
    )
    first = typed.von or (typed.bis or today).replace(month=1, day=1)
    last = typed.bis or first.replace(month=12, day=31)
    if last < first:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")}, given)
    if last - first > LONGEST:
        raise Invalid({"bis": _("Bitte höchstens zehn Jahre auf einmal.")}, given)
    return Question(clerk.town, "weddings", Period(first, last), typed.nach, now)


def _page(request: Request, session: Session, clerk: Clerk, now: datetime, template: str, read: Any) -> Response[Any]:
    status, faults, given, question = 200, {}, {}, None
    try:
        question = _question(request, clerk, now)
    except Invalid as fault:
        status, faults, given = 422, fault.fields, fault.values
    found: Sequence[Table] = read(session, question) if question else []
    if question:
        given = {"von": question.period.first.isoformat(), "bis": question.period.last.isoformat()}
        given["nach"] = question.by
    return show(
        request,
        clerk,
        template,
        now,
        status,
        tables=found,
        question=question,
        faults=faults,
        typed=given,
        query=urlencode(given),
        bys=[(key, _(words)) for key, words in BY.items()],
        shortcuts=_shortcuts(local_date(now, clerk.town.zone), given.get("nach", "termin")),
        in_words=statistics_tables.in_words,
        chart=_chart,
    )


def _shortcuts(today: date, by: str) -> list[tuple[str, str]]:
    """Periods that are asked for often: words and query."""
    year = today.year
    spans = [(str(each), date(each, 1, 1), date(each, 12, 31)) for each in (year - 1, year, year + 1)]
    spans.append((_("letzte 12 Monate"), add_months(today, -12) + timedelta(days=1), today))
    spans.append((_("nächste 12 Monate"), today, add_months(today, 12) - timedelta(days=1)))
    return [(words, urlencode({"von": first, "bis": last, "nach": by})) for words, first, last in spans]


def _chart(table: Table) -> str:
    """A table's chart; nothing where it has none."""
    if not table.bars:
        return ""
    most = max(table.bars, key=lambda bar: bar.value)
    words = _("Balken für %(count)d Zeilen; am meisten: %(label)s mit %(number)s. Alle Zahlen stehen in der Tabelle.")
    described = words % {"count": len(table.bars), "label": most.label, "number": most.words}
    legend = (_("dieser Zeitraum"), _("Zeitraum davor"))
    tick = (lambda value: _("%s €") % statistics_tables.number(value)) if table.money else statistics_tables.number
    return charts.bars(f"bild-{table.key}", table.title, described, table.bars, legend, tick)


def _file(tables: Sequence[Table], file: str) -> Response[Any]:
    """All tables as a workbook, or one as CSV or JSON. Raises NotFound for what there isn't."""
    key, _dot, form = file.partition(".")
    if key == "alle" and form == "xlsx" and tables:
        return sheets.answer(form, "auswertung", *(table.sheet for table in tables))
    for table in tables:
        if table.key == key:
            return sheets.answer(form, f"auswertung-{key}", table.sheet)
    raise NotFound(_("Für diesen Zeitraum gibt es diese Tabelle nicht."))


routes = [overview, overview_file, team, team_file]
