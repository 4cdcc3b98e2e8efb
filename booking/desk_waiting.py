"""What waits for a clerk, as a page or, after something was done, as the part of it that changes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import WORK, may
from buchbar.base.web import is_htmx
from buchbar.booking import journeys, owners, papers, queries, retraction
from buchbar.booking.desk_frame import show
from buchbar.booking.failures import failures
from buchbar.booking.models import Booking


def show_waiting(request: Request, session: Session, clerk: Clerk, now: datetime, said: str = "") -> Response[Any]:
    """The list of what waits; ``said`` is announced.

    ``?danach=`` names what stood behind the row that was acted on: the focus goes there if it is still in the list.
    """
    town = clerk.town
    requests = queries.requests(session, town)
    asked = owners.asked(session, [row.booking for row in requests if "owner" in row.missing], now)
    waiting = [row for row in requests if row.missing == {"owner"}]
    found = failures(session, town, strays=clerk.role == "administrator")
    return show(
        request,
        clerk,
        "desk/_waiting.html" if is_htmx(request) else "desk/waiting.html",
        now,
        said=said,
        next_up=request.query_params.get("danach", "") if said else "",
        swapped_in=is_htmx(request),
        undo=_to_undo(request, session, clerk, now) if said else None,
        office=[row for row in requests if "office" in row.missing],
        owners=sorted(waiting, key=lambda row: asked[row.booking.id].since if row.booking.id in asked else now),
        asked=asked,
        overdue=lambda row: _overdue(row.booking, asked[row.booking.id]) if row.booking.id in asked else False,
        deadlines=queries.deadlines(session, town, now),
        to_print=papers.to_print(session, town),
        failures=found,
        matters=[each for one in journeys.seen_by(clerk.role) for each in one.desk.matters(session, town, now)],
        days=queries.upcoming(session, town, now),
    )


def _overdue(booking: Booking, asked: owners.Asked) -> bool:
    """Whether all reminders have gone out, so that somebody had better telephone."""
    return asked.reminders >= len(booking.terms.owner_reminder_days)


def _to_undo(request: Request, session: Session, clerk: Clerk, now: datetime) -> Booking | None:
    """The booking that was just agreed to, as long as that can be taken back."""
    booking_id = request.path_params.get("booking_id")
    if not isinstance(booking_id, UUID) or not request.url.path.endswith("/zustimmung") or not may(clerk.role, WORK):
        return None
    booking = queries.booking_of(session, clerk.town, booking_id)
    return booking if retraction.possible(session, booking, now) else None
