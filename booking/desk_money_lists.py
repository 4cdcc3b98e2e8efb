"""The cashier's lists as files: XLSX, CSV and JSON."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms, sheets
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_
from buchbar.booking import dunning_run, money_lists
from buchbar.booking.desk_dunning import SMALL
from buchbar.calendar.walls import local_date


@at_desk.get("/kasse/listen/{name:str}/{kind:str}", BOOKS, N_("Liste der Kasse exportiert"))
def as_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, name: FromPath[str], kind: FromPath[str]
) -> Response[Any]:
    """``?von=`` names the file whose rows are wanted, where the list is one file's."""
    if name not in money_lists.LISTS:
        raise NotFound
    asked = money_lists.Asked(session, clerk, now, _id(request.query_params.get("von", "")))
    return sheets.answer(kind, f"{name}-{clerk.town.slug}-{asked.day(now)}", money_lists.LISTS[name](asked))


@at_desk.get("/kasse/mahnlauf/datei/{kind:str}", CASH, N_("Mahnlauf exportiert"))
def dunning_as_file(
    request: Request, session: Session, now: datetime, clerk: Clerk, kind: FromPath[str]
) -> Response[Any]:
    """Who would get a letter today, and who not; ``?ab=`` as on the page."""
    try:
        least = forms.euros(request.query_params.get("ab", SMALL)[:20])
    except ValueError:
        least = forms.euros(SMALL)
    rehearsal = dunning_run.rehearse(session, clerk.town, now, least)
    name = f"mahnlauf-{clerk.town.slug}-{local_date(now, clerk.town.zone)}"
    return sheets.answer(kind, name, money_lists.dunning(rehearsal))


def _id(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


routes = [as_file, dunning_as_file]
