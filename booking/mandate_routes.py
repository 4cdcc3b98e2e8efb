"""A citizen's mandate, by the secret link of a booking whose address is proven: give it, see it, revoke it."""

from datetime import datetime, timedelta
from typing import Any

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts.desk_page import Blanks
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.web import Form, get, limited, page, post, redirect
from buchbar.booking import links, mandate_words
from buchbar.booking.events import CITIZEN, record
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import iban, mandates
from buchbar.payments.mandates import Mandate
from buchbar.payments.rules import rules_of


def offered(session: Session, booking: Booking, now: datetime) -> bool:
    """Whether the page of a mandate is there for a booking: where the town collects, and where there is one to revoke.

    It takes a proven address: a mandate holds for all bookings of it.
    """
    if not booking.email_proven_at or not booking.email:
        return False
    rules = rules_of(session, booking.municipality_id)
    return mandate_words.offered(rules) or active(session, booking, now) is not None


@get("/buchung/{token:str}/lastschrift")
def see(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    return _show(request, session, _booking(session, token, now), token, now)


@post("/buchung/{token:str}/lastschrift")
@limited("mandate", most=20, per=timedelta(minutes=10))
def propose(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    """The account, as somebody typed it; it is shown with the mandate's text before anybody signs."""
    booking = _booking(session, token, now)
    if not mandate_words.offered(rules_of(session, booking.municipality_id)):
        raise NotFound
    try:
        given = mandate_words.read(form)
    except Invalid as fault:
        return _show(request, session, booking, token, now, 422, faults=fault.fields, typed=dict(form))
    mandates.propose(session, booking.municipality_id, booking.email, given, now)
    return redirect(request, f"/buchung/{token}/lastschrift")


@post("/buchung/{token:str}/lastschrift/erteilung")
@limited("mandate", most=20, per=timedelta(minutes=10))
def sign(request: Request, session: Session, now: datetime, form: Form, token: FromPath[str]) -> Response[Any]:
    booking = _booking(session, token, now)
    mandate = mandates.proposed(session, booking.municipality_id, booking.email)
    if mandate is None or form.get("mandat") != mandate.reference:
        return redirect(request, f"/buchung/{token}/lastschrift")  # signed already, or replaced by another
    try:
        forms.read(form, einverstanden=forms.must_tick)
    except Invalid as fault:
        return _show(request, session, booking, token, now, 422, faults=fault.fields)
    mandates.sign(session, mandate, local_date(now, booking.municipality.zone), now)
    record(session, booking, "mandate", now, CITIZEN)
    mandate_words.write(session, booking.municipality, "mandate", mandate, now, booking)
    return redirect(request, f"/buchung/{token}/lastschrift")


@post("/buchung/{token:str}/lastschrift/verwerfung")
def discard(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    """Back to the form: something in it was wrong."""
    booking = _booking(session, token, now)
    mandate = mandates.proposed(session, booking.municipality_id, booking.email)
    if mandate:
        session.delete(mandate)
    return redirect(request, f"/buchung/{token}/lastschrift")


@post("/buchung/{token:str}/lastschrift/widerruf")
def revoke(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    booking = _booking(session, token, now)
    mandate = active(session, booking, now)
    if mandate:
        mandates.revoke(session, mandate, now)
        record(session, booking, "unmandate", now, CITIZEN)
        mandate_words.write(session, booking.municipality, "mandate_revoked", mandate, now, booking)
    return redirect(request, f"/buchung/{token}/lastschrift")


def _booking(session: Session, token: str, now: datetime) -> Booking:
    booking = links.booking_by(session, token)
    if not offered(session, booking, now):
        raise NotFound
    return booking


def active(session: Session, booking: Booking, now: datetime) -> Mandate | None:
    """The mandate that stands for whoever booked."""
    today = local_date(now, booking.municipality.zone)
    return mandates.of_email(session, booking.municipality_id, booking.email, today)


def _show(
    request: Request, session: Session, booking: Booking, token: str, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    town, rules = booking.municipality, rules_of(session, booking.municipality_id)
    standing = active(session, booking, now)
    shown = standing or mandates.proposed(session, town.id, booking.email)
    return page(
        request,
        "booking/mandate.html",
        status,
        town=town,
        zone=town.zone,
        booking=booking,
        own_page=f"/buchung/{token}",
        offered=mandate_words.offered(rules),
        active=standing,
        mandate=shown,
        paragraphs=mandate_words.paragraphs(rules.payee),
        facts=mandate_words.facts(shown, rules, _number(session, shown)) if shown else [],
        labels=mandate_words.LABELS,
        **{name: Blanks(context.get(name, {})) for name in ("faults", "typed")},
    )


def _number(session: Session, mandate: Mandate) -> str:
    """The account: in full as long as somebody has to check what they typed, and only then."""
    if mandate.state != "proposed":
        return iban.masked(mandate.iban_end)
    return iban.readable(iban.unsealed(session, mandate.sealed_iban))


routes = [see, propose, sign, discard, revoke]
