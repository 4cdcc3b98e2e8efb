"""The couple's way from the letter into the net: number and code from the letter, an address, and the mail that proves
it is theirs."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.desk_page import Blanks
from buchbar.accounts.models import Municipality
from buchbar.accounts.queries import municipality
from buchbar.base import forms, limits, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of
from buchbar.booking import attach, links

# Letters from before halls could be booked name the second address.
PAGE, EARLIER = "/{town_slug:str}/brief", "/{town_slug:str}/hochzeit/brief"
PROOFS = 5  # mails to one address in an hour that ask whether it is theirs: it may be a stranger's
LABELS = {"number": N_("Buchungsnummer"), "code": N_("Code"), "email": N_("E-Mail-Adresse")}


@get([PAGE, EARLIER])
def ask(request: Request, session: Session, town_slug: FromPath[str]) -> Response[Any]:
    return _form(request, municipality(session, town_slug))


@post(PAGE)
@limited("letter code", most=20, per=timedelta(hours=1))
def apply(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    """The answer is the same for a number that isn't there and for a code that is wrong."""
    town = municipality(session, town_slug)
    try:
        typed = forms.read(form, number=forms.text(40), code=forms.text(40), email=forms.address)
    except Invalid as fault:
        return _form(request, town, 422, faults=fault.fields, typed=dict(form))
    booking = attach.by_code(session, town, typed.number, typed.code, now)
    if booking is None:
        wrong = _("Nummer und Code passen nicht zusammen, oder der Code ist schon benutzt. Einen neuen druckt das Amt.")
        return _form(request, town, 422, faults={"code": wrong}, typed=dict(form))
    who = f"{town.id} {typed.email.lower()}"
    limits.count(session, settings_of(request).secret, "proof", who, most=PROOFS, per=timedelta(hours=1), now=now)
    attach.ask(session, booking, typed.email, texts.language.get(), now)
    return page(request, "weddings/attach_sent.html", town=town, email=typed.email)


@get("/brief/{token:str}")
def ask_for_proof(request: Request, session: Session, token: FromPath[str]) -> Response[Any]:
    """Only a button: programs that look into mails follow links, but press no buttons."""
    booking, known = attach.asked_by(session, token)
    if known.used_at:
        return redirect(request, links.path(session, booking))
    return page(request, "weddings/attach_proof.html", booking=booking, town=booking.municipality, token=token)


@post("/brief/{token:str}")
@limited("proof", most=60, per=timedelta(minutes=10))
def prove(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking, known = attach.asked_by(session, token)
    attach.connect(session, booking, known, token, now)
    return redirect(request, links.path(session, booking))


def _form(request: Request, town: Municipality, status: int = 200, **context: Any) -> Response[Any]:
    labels = {name: _(label) for name, label in LABELS.items()}
    context |= {name: Blanks(context.get(name, {})) for name in ("faults", "typed")}
    return page(request, "weddings/attach.html", status, town=town, labels=labels, **context)


routes = [ask, apply, ask_for_proof, prove]
