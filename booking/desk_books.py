"""The month's statement at the cashier's desk: on the page, as a spreadsheet, and as a document."""

from datetime import date, datetime
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS
from buchbar.base import sheets
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_
from buchbar.booking import journal, month_statement
from buchbar.booking.desk_frame import show
from buchbar.calendar.months import add_months, month_end, parse_month
from buchbar.calendar.walls import days_span, local_date
from buchbar.payments import books


@at_desk.get("/kasse/monat", BOOKS)
def month_page(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    first = _asked(request, clerk, now)
    oldest = books.first_month(session, clerk.town)
    newest = local_date(now, clerk.town.zone).replace(day=1)
    month = books.statement(session, clerk.town, first)
    return show(
        request,
        clerk,
        "desk/books.html",
        now,
        month=month,
        rows=month_statement.rows(month),
        verdict=month_statement.verdict(month),
        note=month_statement.note(),
        running=first == newest,
        earlier=add_months(first, -1) if oldest and first > oldest else None,
        later=add_months(first, 1) if first < newest else None,
    )


@at_desk.get("/kasse/monat/datei/{file:str}", BOOKS, N_("Monatsabschluss gespeichert"))
def month_file(request: Request, session: Session, clerk: Clerk, now: datetime, file: FromPath[str]) -> Response[Any]:
    """ "abschluss" as pdf, csv, json, or with all movements as xlsx; "bewegungen" alone as csv or json."""
    key, _dot, form = file.partition(".")
    first, town = _asked(request, clerk, now), clerk.town
    month = books.statement(session, town, first)
    name = f"{key}-{first:%Y-%m}"
    if (key, form) == ("abschluss", "pdf"):
        return pdf_answer(name, pdf("month", month_statement.document(town, month, now)))
    moved = journal.movements(session, town, days_span(first, month_end(first), town.zone))
    known = {"abschluss": month_statement.sheet(month), "bewegungen": month_statement.movements_sheet(moved)}
    if key not in known:
        raise NotFound
    others = [each for each in known.values() if each is not known[key]]
    return sheets.answer(form, name, known[key], *others)


def _asked(request: Request, clerk: Clerk, now: datetime) -> date:
    """The month that the address names; the last that is over where it names none. Raises NotFound for no month."""
    typed = request.query_params.get("monat", "")
    if not typed:
        return add_months(local_date(now, clerk.town.zone).replace(day=1), -1)
    try:
        return parse_month(typed)
    except ValueError:
        raise NotFound from None


routes = [month_page, month_file]
