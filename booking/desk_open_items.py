"""Open items at the desk: who owes what since when, what is to go back, and what failed on the way."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS
from buchbar.base import forms, sheets
from buchbar.base.sheets import Cell, Cents, Sheet
from buchbar.base.texts import N_, _
from buchbar.base.web import get_number
from buchbar.booking import journeys, open_listing
from buchbar.booking.desk_frame import show
from buchbar.booking.history import METHODS
from buchbar.booking.models import CHANNELS
from buchbar.booking.open_listing import ORDERS, PAGE, SITUATIONS, Entry, Wish
from buchbar.calendar.walls import local_date
from buchbar.payments.dunning_steps import levels_of
from buchbar.payments.rules import rules_of

# The fields in the order in which they stand on the page, and their names.
LABELS = {
    "suche": N_("Suche"),
    "lage": N_("Was?"),
    "von": N_("Fällig ab"),
    "bis": N_("Fällig bis"),
    "stufe": N_("Mahnstufe"),
    "ab": N_("Offen mindestens (Euro)"),
    "hoechstens": N_("Offen höchstens (Euro)"),
    "bereich": N_("Bereich"),
    "weg": N_("Eingegangen"),
    "sortierung": N_("Sortiert nach"),
}
MOST_LEVELS = 9
# The columns' keys are promised to programs that read the JSON: they stay, and new ones come at the end.
COLUMNS = (
    ("number", N_("Buchungsnummer")),
    ("names", N_("Namen")),
    ("document", N_("Belegnummer")),
    ("kassenzeichen", N_("Kassenzeichen der Kommune")),
    ("reference", N_("Zahlungsreferenz")),
    ("owed", N_("Zu zahlen")),
    ("paid", N_("Bezahlt")),
    ("open", N_("Offen")),
    ("due_on", N_("Fällig am")),
    ("days_overdue", N_("Tage überfällig")),
    ("level", N_("Mahnstufe")),
    ("pay_by", N_("Zahlbar bis laut letzter Mahnung")),
    ("stopped_until", N_("Mahnstopp bis")),
    ("stop_reason", N_("Grund des Mahnstopps")),
    ("on_its_way", N_("Zahlung unterwegs")),
    ("email", N_("E-Mail")),
    ("promised", N_("Zugesagt")),
)


@at_desk.get("/kasse/offen", BOOKS, N_("Offene Posten angesehen"))
def open_items_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    typed = typed_in(request.query_params)
    wish, faults = wished(typed)
    today = local_date(now, clerk.town.zone)
    levels = len(levels_of(rules_of(session, clerk.town.id)))
    entries = open_listing.found(session, clerk.town, wish, today)
    pages = max(1, -(-len(entries) // PAGE))
    number = min(get_number(request, "seite"), pages)
    return show(
        request,
        clerk,
        "desk/open_items.html",
        now,
        422 if faults else 200,
        rows=open_listing.named(session, entries[(number - 1) * PAGE : number * PAGE]),
        count=len(entries),
        sums=open_listing.sums(entries, today),
        typed=typed,
        faults=faults,
        labels={name: _(label) for name, label in LABELS.items()},
        options=_options(levels),
        unpromised=open_listing.found(session, clerk.town, Wish(situation="zusage"), today),
        narrowed=any(value for name, value in typed.items() if name != "sortierung"),
        asked=address(typed),
        page_address=lambda page: address(typed | {"seite": str(page)}),
        number=number,
        pages=pages,
        today=today,
        methods={key: _(words) for key, words in METHODS.items()},
    )


@at_desk.get("/kasse/offen/datei/{kind:str}", BOOKS, N_("Offene Posten exportiert"))
def open_items_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, kind: FromPath[str]
) -> Response[Any]:
    """The whole list as the address narrows it."""
    today = local_date(now, clerk.town.zone)
    wish, _faults = wished(typed_in(request.query_params))
    entries = open_listing.named(session, open_listing.found(session, clerk.town, wish, today))
    columns = [(key, _(heading)) for key, heading in COLUMNS]
    sheet = Sheet(_("Offene Posten"), columns, [_cells(entry, today) for entry in entries])
    return sheets.answer(kind, f"offene-posten-{clerk.town.slug}-{today}", sheet)


def typed_in(query: Mapping[str, str]) -> dict[str, str]:
    """What the address of the list says, by field."""
    return {name: query.get(name, "").strip()[:100] for name in LABELS}


def address(typed: Mapping[str, str]) -> str:
    """The list's address with these fields, from the question mark on; nothing when all are empty."""
    asked = {name: value for name, value in typed.items() if value}
    return "?" + urlencode(asked) if asked else ""


def wished(typed: Mapping[str, str]) -> tuple[Wish, dict[str, str]]:
    """What the fields ask for, and a sentence for each that can't be read; that one isn't asked."""
    faults: dict[str, str] = {}

    def read(name: str, field: forms.Field) -> Any:
        try:
            return field(typed[name]) if typed[name] else None
        except ValueError as fault:
            faults[name] = str(fault)
            return None

    wish = Wish(
        words=typed["suche"],
        situation=typed["lage"] if typed["lage"] in SITUATIONS else "",
        first=read("von", forms.day),
        last=read("bis", forms.day),
        level=read("stufe", forms.whole(0, MOST_LEVELS)),
        journey=typed["bereich"],
        channel=typed["weg"] if typed["weg"] in CHANNELS else "",
        least=read("ab", forms.euros),
        most=read("hoechstens", forms.euros),
        order=typed["sortierung"] if typed["sortierung"] in ORDERS else "faellig",
    )
    return wish, faults


def _options(levels: int) -> dict[str, list[tuple[str, str]]]:
    anything = [("", _("Alle"))]
    reached = [("0", _("noch nicht gemahnt"))] + [(str(n), _("Stufe %d") % n) for n in range(1, levels + 1)]
    return {
        "lage": [(key, _(words)) for key, words in SITUATIONS.items()],
        "stufe": anything + reached,
        "bereich": anything + [(each.name, _(each.desk.title)) for each in journeys.known()],
        "weg": anything + [(key, _(words)) for key, words in CHANNELS.items()],
        "sortierung": [("" if key == "faellig" else key, _(words)) for key, words in ORDERS.items()],
    }


def _cells(entry: Entry, today: date) -> list[Cell]:
    item, charge = entry.item, entry.item.charge
    return [
        entry.booking.number,
        entry.names,
        charge.number,
        charge.kassenzeichen or "",
        charge.readable,
        Cents(item.due),
        Cents(item.paid),
        Cents(item.open),
        item.due_on,
        item.days_overdue(today) if entry.promised else 0,
        item.level,
        item.notice.pay_by if item.notice else None,
        charge.stopped_until if item.stopped(today) else None,
        charge.stop_reason if item.stopped(today) else "",
        _(METHODS[item.on_its_way]) if item.on_its_way else "",
        entry.booking.email,
        entry.promised,
    ]


routes = [open_items_page, open_items_file]
