"""The desk: what waits and what comes. The other pages of the desk stand beside it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, COUNTY, LOOK, PRICES, WORK, may
from buchbar.base.texts import N_, _
from buchbar.base.web import is_htmx, redirect
from buchbar.booking import (
    desk_adjust,
    desk_booking,
    desk_bulk,
    desk_calendar,
    desk_cash,
    desk_closing,
    desk_closures,
    desk_corrections,
    desk_counter,
    desk_feeds,
    desk_list,
    desk_papers,
    desk_policy,
    desk_settings,
    desk_sheets,
    desk_statistics,
    desk_towns,
    desk_verbs,
    desk_wordings,
    exports,
)
from buchbar.booking.desk_frame import by
from buchbar.booking.desk_waiting import show_waiting
from buchbar.booking.failures import settle


@at_desk.get("", PRICES, N_("Schreibtisch angesehen"), looks_with=LOOK)
def waiting(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    """Where everybody begins, whatever their role: with what it is about."""
    if may(clerk.role, LOOK):
        return show_waiting(request, session, clerk, now)
    at_county = may(clerk.role, COUNTY) and clerk.town.kind == "county"
    first = "kasse" if may(clerk.role, BOOKS) else "kommunen" if at_county else "einstellungen"
    return redirect(request, f"{clerk.desk}/{first}")


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


routes = [
    waiting,
    retry,
    repay,
    dismiss,
    *desk_list.routes,
    *desk_bulk.routes,
    *desk_sheets.routes,
    *exports.routes,
    *desk_calendar.routes,
    *desk_adjust.routes,
    *desk_closing.routes,
    *desk_booking.routes,
    *desk_verbs.routes,
    *desk_papers.routes,
    *desk_corrections.routes,
    *desk_counter.routes,
    *desk_closures.routes,
    *desk_policy.routes,
    *desk_feeds.routes,
    *desk_statistics.routes,
    *desk_cash.routes,
    *desk_settings.routes,
    *desk_wordings.routes,
    *desk_towns.routes,
]
