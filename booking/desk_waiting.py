"""What waits for a clerk, as a page or, after something was done, as the part of it that changes."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk
from buchbar.base.web import is_htmx
from buchbar.booking import queries
from buchbar.booking.desk_frame import show
from buchbar.booking.failures import failures


def show_waiting(request: Request, session: Session, clerk: Clerk, now: datetime, said: str = "") -> Response[Any]:
    """The list of what waits; ``said`` is announced."""
    town = clerk.town
    requests = queries.requests(session, town)
    return show(
        request,
        clerk,
        "desk/_waiting.html" if is_htmx(request) else "desk/waiting.html",
        now,
        said=said,
        office=[row for row in requests if "office" in row.missing],
        owners=[row for row in requests if row.missing == {"owner"}],
        deadlines=queries.deadlines(session, town, now),
        failures=failures(session, town, strays=clerk.role == "administrator"),
        days=queries.upcoming(session, town, now),
    )
