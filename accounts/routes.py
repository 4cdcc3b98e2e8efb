"""The pages by which clerks sign in and out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import citizen_routes, desk_access, desk_clubs, desk_staff, sign_in, way_back
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.queries import with_desk
from buchbar.accounts.roles import ROLES
from buchbar.base import forms, limits
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form, client, get, limited, page, post, redirect, settings_of

# Codes to one address. Few from one place on the network, and from all places together so many that nobody shuts a
# clerk out by asking for codes in their name, and yet too few for guessing (five tries a code, of a million).
MAILS, MAILS_PER = 5, timedelta(minutes=15)
MAILS_FROM_ANYWHERE, MAILS_FROM_ANYWHERE_PER = 30, timedelta(hours=1)


@get("/{town_slug:str}/amt/anmelden")
def ask_for_address(request: Request, session: Session, town_slug: FromPath[str]) -> Response[Any]:
    onward = request.query_params.get("weiter", "")
    return _address_page(request, session, with_desk(session, town_slug), onward)


@post("/{town_slug:str}/amt/anmelden")
@limited("sign_in_mail", most=20, per=timedelta(minutes=10))
def send_code(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    town = with_desk(session, town_slug)
    onward = form.get("weiter", "")
    try:
        email = forms.read(form, email=forms.address).email
    except Invalid as fault:
        return _address_page(request, session, town, onward, fault)
    _count_mail(request, session, email.lower(), now)
    asked = sign_in.send_code(session, town, email, now)
    return _code_page(request, "desk/code.html", town, asked, onward)


@post("/{town_slug:str}/amt/anmelden/code")
@limited("sign_in_code", most=30, per=timedelta(minutes=10))
def enter_code(
    request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]
) -> Response[Any]:
    town = with_desk(session, town_slug)
    asked, onward = _asked(form), form.get("weiter", "")
    if asked is None:
        return redirect(request, sign_in.page_of(town.slug))
    passed = sign_in.redeem(session, town, asked, form.get("code", "").replace(" ", ""), now)
    if passed is None:
        fault = _("Dieser Code gilt nicht. Nach zehn Minuten oder fünf Versuchen brauchen Sie einen neuen.")
        return _code_page(request, "desk/code.html", town, asked, onward, fault)
    if passed.second:
        return _code_page(request, "desk/second_code.html", town, passed.second, onward)
    return _let_in(request, session, town, passed.token, onward)


@post("/{town_slug:str}/amt/anmelden/zweiter-faktor")
@limited("sign_in_code", most=30, per=timedelta(minutes=10))
def enter_second_code(
    request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]
) -> Response[Any]:
    town = with_desk(session, town_slug)
    asked, onward = _asked(form), form.get("weiter", "")
    if asked is None:
        return redirect(request, sign_in.page_of(town.slug))
    token = sign_in.redeem_second(session, town, asked, form.get("code", "")[:40], now)
    if token is None:
        fault = _(
            "Dieser Code gilt nicht. Jeder gilt nur einmal: Warten Sie, bis die App einen neuen zeigt. "
            "Nach zehn Minuten oder fünf Versuchen beginnt die Anmeldung von vorn."
        )
        return _code_page(request, "desk/second_code.html", town, asked, onward, fault)
    return _let_in(request, session, town, token, onward)


def _asked(form: Form) -> UUID | None:
    """Under which id a code is typed in."""
    try:
        return UUID(form.get("anfrage", ""))
    except ValueError:
        return None


def _code_page(
    request: Request, template: str, town: Municipality, asked: UUID, onward: str, fault: str = ""
) -> Response[Any]:
    faults = {"code": fault} if fault else {}
    return page(request, template, 422 if fault else 200, town=town, asked=asked, onward=onward, faults=faults)


def _let_in(request: Request, session: Session, town: Municipality, token: str, onward: str) -> Response[Any]:
    """Give the browser the new session instead of the one it had, and go on to what it wanted."""
    sign_in.sign_out(session, request.cookies.get(sign_in.COOKIE, ""))
    answer = redirect(request, way_back.believed(onward, town.slug))
    answer.set_cookie(
        sign_in.COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure,
        max_age=int(sign_in.LONGEST.total_seconds()),
    )
    return answer


@post("/{town_slug:str}/amt/abmelden")
def leave(request: Request, session: Session, town_slug: FromPath[str]) -> Response[Any]:
    town = with_desk(session, town_slug)
    sign_in.sign_out(session, request.cookies.get(sign_in.COOKIE, ""))
    answer = redirect(request, sign_in.page_of(town.slug))
    answer.delete_cookie(sign_in.COOKIE, path="/")
    return answer


def _count_mail(request: Request, session: Session, email: str, now: datetime) -> None:
    """Count one more code to an address. Raises TooMany."""
    secret = settings_of(request).secret
    here = f"{email} {client(request)}"
    limits.count(session, secret, "sign_in_here", here, most=MAILS, per=MAILS_PER, now=now)
    anywhere: dict[str, Any] = {"most": MAILS_FROM_ANYWHERE, "per": MAILS_FROM_ANYWHERE_PER}
    limits.count(session, secret, "sign_in_address", email, **anywhere, now=now)


def _address_page(
    request: Request, session: Session, town: Municipality, onward: str, fault: Invalid | None = None
) -> Response[Any]:
    """The question for the address; for trying out, it names somebody who may sign in."""
    shown = settings_of(request).demo and town.demonstration
    known = select(Clerk).where(Clerk.municipality_id == town.id, Clerk.active.is_(True)).order_by(Clerk.name)
    return page(
        request,
        "desk/sign_in.html",
        422 if fault else 200,
        town=town,
        onward=onward,
        faults=fault.fields if fault else {},
        typed=fault.values if fault else {},
        roles=ROLES,
        clerks=list(session.scalars(known)) if shown else [],
    )


routes = [
    ask_for_address,
    send_code,
    enter_code,
    enter_second_code,
    leave,
    *desk_access.routes,
    *desk_staff.routes,
    *desk_clubs.routes,
    *citizen_routes.routes,
]
