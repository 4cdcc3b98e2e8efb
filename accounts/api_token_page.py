"""The page on which a person makes the token for their programs, and ends it."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import api_tokens
from buchbar.accounts.citizens import signed_in_person
from buchbar.base.web import get, limited, page, post, redirect


@get("/konto/api")
def token_page(request: Request, session: Session, now: datetime) -> Response[Any]:
    person = signed_in_person(request, session, now)
    return page(
        request, "accounts/api.html", since=api_tokens.known(session, person, now), token="", days=api_tokens.LIFE.days
    )


@post("/konto/api")
@limited("api_token", most=20, per=timedelta(hours=1))
def make(request: Request, session: Session, now: datetime) -> Response[Any]:
    """Shown in the answer itself and never again."""
    token = api_tokens.make(session, signed_in_person(request, session, now), now)
    return page(request, "accounts/api.html", since=now, token=token, days=api_tokens.LIFE.days, return_to="/konto/api")


@post("/konto/api/ende")
def end(request: Request, session: Session, now: datetime) -> Response[Any]:
    api_tokens.end(session, signed_in_person(request, session, now))
    return redirect(request, "/konto/api?erledigt=ja")


routes = [token_page, make, end]
