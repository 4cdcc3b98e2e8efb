"""The cashier's desk: the page that leads to all of it."""

from datetime import datetime
from typing import Any

from litestar import Request, Response

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, may
from buchbar.base.texts import _
from buchbar.booking.desk_frame import show

# Where it is (below the desk), how it is called, what it is for, and the right that it takes to see it.
PAGES: tuple[tuple[str, str, str, str], ...] = ()


@at_desk.get("/kasse", BOOKS)
def cash_page(request: Request, clerk: Clerk, now: datetime) -> Response[Any]:
    pages = [(each[0], _(each[1]), _(each[2])) for each in PAGES if may(clerk.role, each[3])]
    return show(request, clerk, "desk/cash.html", now, pages=pages)


routes = [cash_page]
