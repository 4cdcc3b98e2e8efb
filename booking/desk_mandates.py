"""Mandates at the cashier's desk: all that are known, those on paper from the form to the signature, revoked."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import BOOKS, CASH
from buchbar.base import forms, texts
from buchbar.base.documents import pdf, pdf_answer
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect
from buchbar.booking import mandate_words
from buchbar.booking.desk_frame import show
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import iban, mandates
from buchbar.payments.mandates import Mandate
from buchbar.payments.rules import rules_of

PAGE = "kasse/mandate"


@at_desk.get("/kasse/mandate", BOOKS, N_("Lastschriftmandate angesehen"))
def mandates_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


@at_desk.post("/kasse/mandate", CASH, N_("Lastschriftmandat vorbereitet"))
def prepare(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    """A mandate on paper: its form is printed with all that was typed, and signed."""
    try:
        email, given = _typed(form)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    if form.get("trotzdem") != email and not _booked(session, clerk, email):
        unknown = _("Zu dieser Adresse gibt es keine Buchung. Bitte prüfen Sie sie.")
        typed = dict(form)
        return _show(request, session, clerk, now, 422, faults={"email": unknown}, typed=typed, unknown=email)
    mandates.propose(session, clerk.town.id, email, given, now, clerk.name, paper=True)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.get("/kasse/mandate/{mandate_id:uuid}/formular", CASH, N_("Mandatsformular geöffnet"))
def as_pdf(session: Session, clerk: Clerk, mandate_id: FromPath[UUID]) -> Response[bytes]:
    mandate = mandates.named(session, clerk.town.id, mandate_id)
    return pdf_answer(f"Mandat-{mandate.reference}", pdf("mandate", document(session, clerk, mandate)))


@at_desk.post("/kasse/mandate/{mandate_id:uuid}/unterschrift", CASH, N_("Unterschrift unter Mandat vermerkt"))
def signed(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, mandate_id: FromPath[UUID]
) -> Response[Any]:
    mandate = mandates.named(session, clerk.town.id, mandate_id)
    name = f"am-{mandate.reference}"
    try:
        on = getattr(forms.read(form, **{name: _past_day(local_date(now, clerk.town.zone))}), name)
    except Invalid as fault:
        return _show(request, session, clerk, now, 422, faults=fault.fields, typed=dict(form))
    mandates.sign(session, mandate, on, now, clerk.name)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


@at_desk.post("/kasse/mandate/{mandate_id:uuid}/widerruf", CASH, N_("Lastschriftmandat widerrufen"))
def revoke(
    request: Request, session: Session, now: datetime, clerk: Clerk, mandate_id: FromPath[UUID]
) -> Response[Any]:
    mandate = mandates.named(session, clerk.town.id, mandate_id)
    was = mandate.state
    mandates.revoke(session, mandate, now, clerk.name)
    if was == "active":
        mandate_words.write(session, clerk.town, "mandate_revoked", mandate, now)
    return redirect(request, f"{clerk.desk}/{PAGE}?erledigt=ja")


def document(session: Session, clerk: Clerk, mandate: Mandate) -> dict[str, Any]:
    """What the form on paper needs."""
    town, rules = clerk.town, rules_of(session, clerk.town.id)
    number = iban.readable(iban.unsealed(session, mandate.sealed_iban))
    lines = (rules.payee or town.name, town.office, town.street, f"{town.postcode} {town.city}")
    return {
        "title": _("SEPA-Lastschriftmandat"),
        "creditor": [line.strip() for line in lines if line.strip()],
        "paragraphs": mandate_words.paragraphs(rules.payee),
        "facts": [list(fact) for fact in mandate_words.facts(mandate, rules, number)],
        "signed": texts.day(mandate.signed_on) if mandate.signed_on else "",
        "where": _("Ort und Datum"),
        "who": _("Unterschrift der Kontoinhaberin oder des Kontoinhabers"),
        "reach": _("E-Mail-Adresse für die Ankündigungen: %s") % mandate.email,
    }


def _booked(session: Session, clerk: Clerk, email: str) -> bool:
    """Whether any of the town's bookings has this address: a mandate holds for no others."""
    theirs = Booking.municipality_id == clerk.town.id, func.lower(Booking.email) == email.lower()
    return session.scalar(select(Booking.id).where(*theirs).limit(1)) is not None


def _typed(form: Form) -> tuple[str, mandates.Given]:
    """The address and the account, with all faults at once."""
    faults: dict[str, str] = {}
    try:
        email = forms.read(form, email=forms.address).email
    except Invalid as fault:
        faults, email = fault.fields, ""
    try:
        given = mandate_words.read(form)
    except Invalid as fault:
        raise Invalid(faults | fault.fields) from None
    if faults:
        raise Invalid(faults)
    return email, given


def _past_day(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day: date = forms.day(typed)
        if day > today:
            raise ValueError(_("Bitte den Tag der Unterschrift; er liegt nicht in der Zukunft."))
        return day

    return convert


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, status: int = 200, **context: Any
) -> Response[Any]:
    today = local_date(now, clerk.town.zone)
    return show(
        request,
        clerk,
        "desk/sepa_mandates.html",
        now,
        status,
        mandates=mandates.of_town(session, clerk.town.id),
        holds=lambda mandate: mandates.holds(mandate, today),
        ends_on=mandates.ends_on,
        masked=iban.masked,
        today=today,
        labels=mandate_words.LABELS | {"email": N_("E-Mail-Adresse")},
        ready=mandate_words.offered(rules_of(session, clerk.town.id)),
        **{"unknown": ""} | context,
    )


routes = [mandates_page, prepare, as_pdf, signed, revoke]
