"""The list of all bookings: one field to search in, and filters that have an address."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, sees
from buchbar.base import forms, texts
from buchbar.base.texts import N_, _
from buchbar.base.web import get_number, is_htmx
from buchbar.booking import journeys, listing, queries
from buchbar.booking.bulk import MOST, VERBS
from buchbar.booking.day_sheet import KINDS
from buchbar.booking.desk_frame import show
from buchbar.booking.journeys import Journey
from buchbar.booking.listing import ORDERS, PAGE, Wish
from buchbar.booking.models import CHANNELS, OVER
from buchbar.booking.queries import STANDING
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.resources.models import Resource

# What the list can be narrowed to, and the states that this means.
STATES: dict[str, tuple[str, tuple[str, ...]]] = {
    "": (N_("Aktuelle; bei Suche alle"), STANDING),
    "offen": (N_("Zu prüfen"), ("requested",)),
    "zahlung": (N_("Warten auf Zahlung"), ("payable",)),
    "fest": (N_("Reserviert"), ("confirmed",)),
    "vorgemerkt": (N_("Vorgemerkt"), ("held", "submitted")),
    "beendet": (N_("Beendet"), OVER),
    "alle": (N_("Alle"), ()),
}
DUE = (3, 7, 14, 30)
# The fields in the order in which they stand on the page, and their names.
LABELS = {
    "suche": N_("Suche"),
    "zustand": N_("Stand"),
    "bereich": N_("Bereich"),
    "ort": N_("Ort"),
    "von": N_("Termin ab"),
    "bis": N_("Termin bis"),
    "person": N_("Standesbeamt:in"),
    "weg": N_("Eingegangen"),
    "frist": N_("Frist endet"),
    "unbezahlt": N_("Noch nicht bezahlt"),
    "ohne_mail": N_("Ohne E-Mail-Adresse"),
    "sortierung": N_("Sortiert nach"),
}


PLACES = ("venue", "hall")


@at_desk.get("/buchungen", LOOK, N_("Buchungsliste angesehen"))
def bookings(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return show_list(request, session, clerk, typed_in(request.query_params), now)


def show_list(
    request: Request,
    session: Session,
    clerk: Clerk,
    typed: dict[str, str],
    now: datetime,
    chosen: Mapping[str, str] | None = None,
) -> Response[Any]:
    """The list that the fields ask for; ``chosen`` are the faults of what was to be done with it."""
    town = clerk.town
    areas, resources = journeys.seen_by(clerk.role), sought_among(session, clerk)
    wish, faults = wished(typed, resources, now)
    faults.update(chosen or {})
    found = listing.count(session, town, wish, now)
    pages = max(1, -(-found // PAGE))
    number = min(get_number(request, "seite"), pages)
    rows = listing.page(session, town, wish, number, now)
    accounts = ledger.accounts(session, [row.booking.id for row in rows])
    return show(
        request,
        clerk,
        "desk/_list.html" if is_htmx(request) else "desk/list.html",
        now,
        422 if faults else 200,
        rows=rows,
        open={booking_id: account.open for booking_id, account in accounts.items()},
        count=found,
        typed=typed,
        faults=faults,
        labels={name: _(label) for name, label in LABELS.items()} | {"umfang": _("Welche?")},
        number=number,
        pages=pages,
        options=options(areas, resources),
        venues=[("", _("Alle")), *((str(each.id), each.name) for each in resources if each.kind == "venue")],
        narrowed=narrowed(typed, options(areas, resources)),
        asked=address(typed),
        page_address=lambda page: address(typed | {"seite": str(page)}),
        sheets=[(kind, _(words)) for kind, words in KINDS.items()],
        verbs=[(verb, _(words)) for verb, words in VERBS.items() if any(verb not in each.desk.lacks for each in areas)],
        most=MOST,
        today=local_date(now, town.zone),
        print_day=wish.first or local_date(now, town.zone),
    )


def typed_in(query: Mapping[str, str]) -> dict[str, str]:
    """What the address of the list says, by field."""
    return {name: query.get(name, "").strip()[:100] for name in LABELS}


def typed_before(query: str) -> dict[str, str]:
    """The same, from the address that a form on the list has kept."""
    return typed_in(dict(parse_qsl(query[:4000])))


def address(typed: Mapping[str, str]) -> str:
    """The list's address with these fields, from the question mark on; nothing when all are empty."""
    asked = {name: value for name, value in typed.items() if value}
    return "?" + urlencode(asked) if asked else ""


def sought_among(session: Session, clerk: Clerk) -> list[Resource]:
    """The places and people by which the clerk's office can look for bookings."""
    found: list[Resource] = queries.resources(session, clerk.town) if sees(clerk.role, "weddings") else []
    return [*found, *queries.halls(session, clerk.town)] if sees(clerk.role, "halls") else found


def options(areas: Sequence[Journey], resources: Sequence[Resource]) -> dict[str, list[tuple[str, str]]]:
    """The choices of each field that has some; none where there is nothing to choose from."""
    anything = [("", _("Alle"))]
    places = [(str(each.id), each.name) for each in resources if each.kind in PLACES]
    staff = [(str(each.id), each.name) for each in resources if each.kind == "registrar"]
    within = [(str(days), _("in den nächsten %d Tagen") % days) for days in DUE]
    return {
        "zustand": [(key, _(words)) for key, (words, _states) in STATES.items()],
        "bereich": anything + [(each.name, _(each.desk.title)) for each in areas] if len(areas) > 1 else [],
        "ort": anything + places,
        "person": anything + staff if staff else [],
        "weg": anything + [(key, _(words)) for key, words in CHANNELS.items()],
        "frist": [("", _("irgendwann"))] + within,
        "sortierung": [("" if key == "termin" else key, _(words)) for key, words in ORDERS.items()],
    }


def narrowed(typed: Mapping[str, str], chosen_from: Mapping[str, list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """By what the list is narrowed, in words, and the list's address without that; the order doesn't narrow it."""
    found = []
    for name, label in LABELS.items():
        if not typed[name] or name == "sortierung":
            continue
        value = dict(chosen_from.get(name, [])).get(typed[name], _in_words(name, typed[name]))
        found.append((f"{_(label)}: {value}" if value else _(label), address({**typed, name: ""})))
    return found


def _in_words(name: str, value: str) -> str:
    if name in ("unbezahlt", "ohne_mail"):
        return ""
    try:
        return texts.day(forms.day(value), "short") if name in ("von", "bis") else value
    except ValueError:
        return value


def wished(typed: Mapping[str, str], resources: Sequence[Resource], now: datetime) -> tuple[Wish, dict[str, str]]:
    """What the fields ask for, and a sentence for each that can't be read; that one isn't asked."""
    faults: dict[str, str] = {}
    first, last = (_day(typed, name, faults) for name in ("von", "bis"))
    if first and last and last < first:
        faults["bis"] = _("Das liegt vor dem ersten Tag.")
        last = None
    state = typed["zustand"] if typed["zustand"] in STATES else ""
    if not state and (typed["suche"] or first or last):
        state = "alle"  # who calls about a booking doesn't know whether it has ended
    ahead = STATES[state][1] not in ((), OVER) and not (typed["suche"] or first or last)
    wish = Wish(
        words=typed["suche"],
        states=STATES[state][1],
        journey=typed["bereich"],
        place_id=_one_of(typed["ort"], resources, PLACES),
        registrar_id=_one_of(typed["person"], resources, ("registrar",)),
        first=first,
        last=last,
        since=now if ahead else None,
        channel=typed["weg"] if typed["weg"] in CHANNELS else "",
        due_days=_whole(typed["frist"]),
        unpaid=bool(typed["unbezahlt"]),
        without_email=bool(typed["ohne_mail"]),
        order=typed["sortierung"] if typed["sortierung"] in ORDERS else "termin",
    )
    return wish, faults


def _day(typed: Mapping[str, str], name: str, faults: dict[str, str]) -> date | None:
    try:
        return forms.day(typed[name]) if typed[name] else None
    except ValueError as fault:
        faults[name] = str(fault)
        return None


def _one_of(typed: str, resources: Sequence[Resource], kinds: Sequence[str]) -> UUID | None:
    return next((each.id for each in resources if each.kind in kinds and str(each.id) == typed), None)


def _whole(typed: str) -> int | None:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else None


routes = [bookings]
