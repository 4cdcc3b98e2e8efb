"""The list of bookings to take along: XLSX, CSV and JSON, with the same filters as on the page.

The columns' keys are promised to programs that read the JSON: they stay, and new ones come at the end.
"""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.roles import LOOK, sees
from buchbar.base import sheets
from buchbar.base.errors import NotFound, Refused
from buchbar.base.sheets import Cell, Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.booking import journeys, listing, queries
from buchbar.booking.desk_list import sought_among, typed_in, wished
from buchbar.booking.journeys import OnPaper
from buchbar.booking.models import CHANNELS
from buchbar.booking.next_steps import state_of
from buchbar.booking.queries import Row
from buchbar.calendar.deadlines import last_day
from buchbar.calendar.walls import local, local_date
from buchbar.payments import ledger
from buchbar.payments.ledger import Account

# What only weddings have.
OF_WEDDINGS = ("registrars", "registered")
MOST = 20_000
KINDS = ("xlsx", "csv", "json")
COLUMNS = (
    ("number", N_("Buchungsnummer")),
    ("state", N_("Stand")),
    ("date", N_("Datum")),
    ("start", N_("Beginn")),
    ("end", N_("Ende")),
    ("venue", N_("Ort")),
    ("registrars", N_("Standesbeamt:in")),
    ("names", N_("Namen")),
    ("guests", N_("Personen")),
    ("notes", N_("Zu beachten")),
    ("remarks", N_("Bemerkung")),
    ("email", N_("E-Mail")),
    ("phone", N_("Telefon")),
    ("channel", N_("Eingegangen")),
    ("received", N_("Eingegangen am")),
    ("deadline", N_("Frist bis")),
    ("registered", N_("Anmeldung liegt vor")),
    ("owed", N_("Zu zahlen")),
    ("paid", N_("Bezahlt")),
    ("returned", N_("Erstattet")),
    ("open", N_("Offen")),
    ("references", N_("Kassenzeichen")),
    ("area", N_("Bereich")),
)


@at_desk.get("/buchungen/datei/{kind:str}", LOOK, N_("Buchungen exportiert"))
def bookings_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, kind: FromPath[str]
) -> Response[Any]:
    if kind not in KINDS:
        raise NotFound
    town = clerk.town
    wish, _faults = wished(typed_in(request.query_params), sought_among(session, clerk), now)
    ids = listing.ids(session, town, wish, MOST + 1, now)
    if len(ids) > MOST:
        raise Refused(_("Das sind mehr als %d Buchungen. Bitte grenzen Sie die Liste weiter ein.") % MOST)
    rows = [cells for some in listing.chunks(session, town, ids) for cells in _cells(session, town, some, now)]
    columns = [(key, _(heading)) for key, heading in COLUMNS]
    if not sees(clerk.role, "weddings"):
        rows = [[cell for (key, _h), cell in zip(COLUMNS, row, strict=True) if key not in OF_WEDDINGS] for row in rows]
        columns = [(key, heading) for key, heading in columns if key not in OF_WEDDINGS]
    today = local_date(now, town.zone)
    return sheets.answer(kind, f"buchungen-{town.slug}-{today}", Sheet(_("Buchungen"), columns, rows))


def _cells(session: Session, town: Municipality, rows: list[Row], now: datetime) -> list[list[Cell]]:
    """The rows of one chunk, in a number of queries that doesn't grow with it."""
    ids = [row.booking.id for row in rows]
    paper = queries.on_paper(session, [row.booking for row in rows])
    staff, accounts = queries.staff_of(session, ids), ledger.accounts(session, ids)
    references = ledger.references(session, ids)
    return [
        _row(
            town,
            row,
            paper.get(row.booking.id, OnPaper()),
            staff[row.booking.id],
            accounts.get(row.booking.id, Account(0, 0, 0)),
            references.get(row.booking.id, []),
            now,
        )
        for row in rows
    ]


def _row(
    town: Municipality,
    row: Row,
    paper: OnPaper,
    staff: list[str],
    account: Account,
    references: list[str],
    now: datetime,
) -> list[Cell]:
    booking, zone = row.booking, town.zone
    start, end, received = (
        local(moment, zone).replace(tzinfo=None) for moment in (booking.starts_at, booking.ends_at, booking.ranks_at)
    )
    return [
        booking.number,
        state_of(booking, now),
        start.date(),
        start.time(),
        end.time(),
        row.place,
        ", ".join(staff),
        row.names,
        paper.guests,
        ", ".join(paper.flags),
        paper.remarks,
        booking.email,
        booking.phone,
        _(CHANNELS[booking.channel]),
        received,
        last_day(booking.deadline_at, zone) if booking.deadline_at else None,
        local_date(booking.fulfilled_at, zone) if booking.fulfilled_at else None,
        Cents(account.owed),
        Cents(account.paid),
        Cents(account.returned),
        Cents(account.open),
        ", ".join(references),
        _(journeys.of(booking).desk.title),
    ]


routes = [bookings_file]
