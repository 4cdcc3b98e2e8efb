"""The desk: what waits, what comes, and the list of all bookings. The other pages of the desk stand beside it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, RULES, WORK, may
from buchbar.base.texts import N_, _
from buchbar.base.web import get_number, is_htmx, redirect
from buchbar.booking import desk_booking, desk_closures, desk_feeds, desk_policy, desk_settings, queries
from buchbar.booking.desk_frame import by, show
from buchbar.booking.desk_waiting import show_waiting
from buchbar.booking.failures import settle
from buchbar.booking.models import OVER
from buchbar.booking.queries import PAGE, STANDING, Search
from buchbar.calendar.months import parse_month

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


@at_desk.get("", RULES)
def waiting(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    if not may(clerk.role, LOOK):
        return redirect(request, f"{clerk.desk}/einstellungen")
    return show_waiting(request, session, clerk, now)


@at_desk.post("/postausgang/{errand_id:uuid}/wiederholung", WORK, N_("E-Mail oder Zahlung noch einmal versucht"))
def retry(request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "retry", _("Wird noch einmal versucht."))


@at_desk.post("/postausgang/{errand_id:uuid}/erstattung", WORK, N_("Erstattung auf anderem Weg vermerkt"))
def repay(request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "repay", _("Als auf anderem Weg erstattet vermerkt."))


@at_desk.post("/postausgang/{errand_id:uuid}/erledigung", WORK, N_("Fehlschlag als erledigt vermerkt"))
def dismiss(
    request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: FromPath[UUID]
) -> Response[Any]:
    return _settle(request, session, now, clerk, errand_id, "dismiss", _("Als erledigt vermerkt."))


def _settle(
    request: Request, session: Session, now: datetime, clerk: Clerk, errand_id: UUID, verb: str, said: str
) -> Response[Any]:
    settle(session, clerk.town, errand_id, verb, now, by(clerk), clerk.role == "administrator")
    session.flush()
    if is_htmx(request):
        return show_waiting(request, session, clerk, now, said)
    return redirect(request, clerk.desk)


@at_desk.get("/buchungen", LOOK, N_("Buchungsliste angesehen"))
def bookings(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _list(request, session, clerk, now)


def _list(request: Request, session: Session, clerk: Clerk, now: datetime) -> Response[Any]:
    query = request.query_params
    typed = {name: query.get(name, "").strip()[:100] for name in ("zustand", "ort", "monat", "suche")}
    resources = queries.resources(session, clerk.town)
    number = get_number(request, "seite")
    rows, count = queries.search(session, clerk.town, _search(typed, now), number)
    pages = max(1, -(-count // PAGE))
    return show(
        request,
        clerk,
        "desk/_list.html" if is_htmx(request) else "desk/list.html",
        now,
        rows=rows,
        count=count,
        typed=typed,
        number=number,
        pages=pages,
        states=[(key, _(words)) for key, (words, _states) in STATES.items()],
        places=[(str(each.id), each.name) for each in resources if each.kind == "venue"],
        address=lambda page: "?" + urlencode({k: v for k, v in (typed | {"seite": str(page)}).items() if v}),
    )


def _search(typed: Mapping[str, str], now: datetime) -> Search:
    """What the address asks for; what can't be read isn't asked."""
    state = typed["zustand"] if typed["zustand"] in STATES else ""
    if not state and (typed["suche"] or typed["monat"]):
        state = "alle"  # who calls about a booking doesn't know whether it has ended
    try:
        resource_id = UUID(typed["ort"])
    except ValueError:
        resource_id = None
    try:
        month = parse_month(typed["monat"])
    except ValueError:
        month = None
    return Search(STATES[state][1], resource_id, month, typed["suche"], None if state else now)


routes = [
    waiting,
    retry,
    repay,
    dismiss,
    bookings,
    *desk_booking.routes,
    *desk_closures.routes,
    *desk_policy.routes,
    *desk_feeds.routes,
    *desk_settings.routes,
]
