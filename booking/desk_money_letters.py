"""Letters about money on paper, at the cashier's desk: printed together, and ticked when they are on their way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import CASH
from buchbar.base.documents import pdf_answer
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_
from buchbar.base.web import Form, redirect
from buchbar.booking import papers, queries
from buchbar.booking.desk_frame import show

# What the cashier's own acts write. All else is printed by whoever works with the bookings.
_ABOUT_MONEY = ("dunned", "paid", "refunded", "lost", "underway", "unpaid")
KINDS = (*_ABOUT_MONEY, *(f"hall_{kind}" for kind in _ABOUT_MONEY))
MOST = 200  # so many letters are one document


@at_desk.get("/kasse/briefe", CASH, N_("Briefe der Kasse angesehen"))
def letters_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    waiting = papers.to_print(session, clerk.town, KINDS)
    names = queries.names_of(session, [booking for _letter, booking in waiting[:MOST]])
    beyond = max(0, len(waiting) - MOST)
    return show(
        request,
        clerk,
        "desk/money_letters.html",
        now,
        waiting=waiting[:MOST],
        names=names,
        count=len(waiting),
        beyond=beyond,
    )


# They carry no code by which a booking can be connected with an address: only who may act on it hands that out.
@at_desk.get("/kasse/briefe/pdf", CASH, N_("Briefe der Kasse zum Drucken geöffnet"))
def all_as_pdf(session: Session, clerk: Clerk) -> Response[bytes]:
    waiting = papers.to_print(session, clerk.town, KINDS)[:MOST]
    if not waiting:
        raise NotFound
    return pdf_answer("Briefe", papers.as_pdf(session, waiting, way_on=False))


@at_desk.get("/kasse/briefe/{letter_id:uuid}/pdf", CASH, N_("Brief der Kasse zum Drucken geöffnet"))
def one_as_pdf(session: Session, clerk: Clerk, letter_id: FromPath[UUID]) -> Response[bytes]:
    letter, booking = papers.letter_about(session, clerk.town, letter_id, KINDS)
    return pdf_answer(f"Brief-{booking.number}", papers.as_pdf(session, [(letter, booking)], way_on=False))


@at_desk.post("/kasse/briefe/druck", CASH, N_("Briefe der Kasse als gedruckt vermerkt"))
def tick_printed(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """Those that the page showed: what was written since is still to be printed."""
    shown = set(form.all("brief"))
    for letter, _booking in papers.to_print(session, clerk.town, KINDS):
        if str(letter.id) in shown:
            papers.printed(letter, now, clerk.name)
    return redirect(request, f"{clerk.desk}/kasse/briefe?erledigt=ja")


routes = [letters_page, all_as_pdf, one_as_pdf, tick_printed]
