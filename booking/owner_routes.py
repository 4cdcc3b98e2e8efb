"""The pages of venues' owners, by secret links from their letters: one question to answer, and all that is to come.

Looking changes nothing, because programs that look into mails follow links; a button answers.
"""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking import feeds, owner_houses, owners
from buchbar.booking.models import Booking
from buchbar.booking.next_steps import state_of


@get("/trauort/{token:str}")
def ask(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    return _show(request, session, owners.asked_by(session, token), token, now)


@post("/trauort/{token:str}/zustimmung")
@limited("owner", most=60, per=timedelta(minutes=10))
def agree(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = owners.asked_by(session, token)
    if owners.answer(session, booking, now).state == "open":
        owners.agree(session, booking, now)
    return redirect(request, f"/trauort/{token}")


@post("/trauort/{token:str}/ablehnung")
@limited("owner", most=60, per=timedelta(minutes=10))
def refuse(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    booking = owners.asked_by(session, token)
    if owners.answer(session, booking, now).state in ("refused", "over"):
        return redirect(request, f"/trauort/{token}")
    try:
        reason = forms.read(form, grund=_a_reason).grund
    except Invalid as fault:
        return _show(request, session, booking, token, now, 422, faults=fault.fields, typed=dict(form))
    owners.refuse(session, booking, reason, now)
    return redirect(request, f"/trauort/{token}")


@get("/trauort/termine/{token:str}")
def overview(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    houses = owner_houses.houses_of(session, token)
    town = session.get_one(Municipality, houses[0].municipality_id)
    base_url = settings_of(request).base_url
    calendars = {
        id_: base_url + feeds.path(session, feed) for id_, feed in owner_houses.feeds_of(session, houses).items()
    }
    coming = owner_houses.coming(session, houses, now)
    return page(
        request,
        "owners/overview.html",
        town=town,
        zone=town.zone,
        houses=houses,
        coming=coming,
        calendars=calendars,
        state_of=lambda booking: state_of(booking, now),
    )


def _a_reason(typed: str) -> str:
    """Why an owner refuses."""
    if not typed:
        raise ValueError(_("Bitte nennen Sie den Grund; das Paar und das Amt lesen ihn."))
    return str(forms.text(500, lines=True)(typed))


def _show(
    request: Request, session: Session, booking: Booking, token: str, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town = booking.municipality
    return page(
        request,
        "owners/answer.html",
        status,
        town=town,
        zone=town.zone,
        booking=booking,
        venue=booking.resource,
        what=owners.summary(session, booking),
        answer=owners.answer(session, booking, now),
        token=token,
        overview=owner_houses.overview_path(session, owners.house_of(booking)),
        return_to=f"/trauort/{token}",
        **({"faults": {}, "typed": {}} | context),
    )


routes = [ask, agree, refuse, overview]
