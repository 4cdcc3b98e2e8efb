"""The pages by which citizens sign in and out, and where they see to their own account."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import account, citizen_letters, citizens, club_pages, membership
from buchbar.base import forms, limits, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form, client, get, limited, page, post, redirect, settings_of

# Codes to one address: few from one place on the network; from all places together so many that nobody shuts somebody
# out by asking for codes in their name, and yet too few for guessing (five tries a code, of a million).
MAILS, MAILS_PER = 5, timedelta(minutes=15)
MAILS_FROM_ANYWHERE, MAILS_FROM_ANYWHERE_PER = 30, timedelta(hours=1)


@get("/konto/anmelden")
def ask_for_address(request: Request, session: Session, now: datetime) -> Response[Any]:
    onward = citizens.believed(request.query_params.get("weiter", citizens.PAGE))
    if citizens.person_of(request, session, now):
        return redirect(request, onward)
    return _address_page(request, session, onward)


@post("/konto/anmelden")
@limited("citizen_mail", most=20, per=timedelta(minutes=10))
def send_code(request: Request, session: Session, now: datetime, form: Form) -> Response[Any]:
    onward = citizens.believed(form.get("weiter", citizens.PAGE))
    try:
        email = forms.read(form, email=forms.address).email
    except Invalid as fault:
        return _address_page(request, session, onward, fault)
    _count_mail(request, session, email.lower(), now)
    asked, code = citizens.new_code_for(session, email, now)
    minutes = int(citizens.CODE_LIFE.total_seconds()) // 60
    citizen_letters.write_code(session, onward, email, code, minutes, now)
    return _code_page(request, asked, email, onward)


@post("/konto/anmelden/code")
@limited("citizen_code", most=30, per=timedelta(minutes=10))
def enter_code(request: Request, session: Session, now: datetime, form: Form) -> Response[Any]:
    onward = citizens.believed(form.get("weiter", citizens.PAGE))
    try:
        asked, email = UUID(form.get("anfrage", "")), forms.address(form.get("email", ""))
    except ValueError:
        return redirect(request, citizens.sign_in_page(onward))
    token = citizens.redeem(session, asked, email, "".join(form.get("code", "").split()), now)
    if token is None:
        fault = _("Dieser Code gilt nicht. Nach zehn Minuten oder fünf Versuchen brauchen Sie einen neuen.")
        return _code_page(request, asked, email, onward, fault)
    citizens.sign_out(session, request.cookies.get(citizens.COOKIE, ""))
    answer = redirect(request, onward)
    answer.set_cookie(
        citizens.COOKIE,
        token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=settings_of(request).secure,
        max_age=int(citizens.LONGEST.total_seconds()),
    )
    return answer


@post("/konto/abmelden")
def leave(request: Request, session: Session) -> Response[Any]:
    citizens.sign_out(session, request.cookies.get(citizens.COOKIE, ""))
    return _signed_out(request, "abgemeldet")


@post("/konto/abmelden/ueberall")
def leave_everywhere(request: Request, session: Session, now: datetime) -> Response[Any]:
    citizens.sign_out_everywhere(session, citizens.signed_in_person(request, session, now))
    return _signed_out(request, "ueberall")


@post("/konto/angaben")
def save(request: Request, session: Session, now: datetime, form: Form) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    try:
        language = forms.one_of(*texts.LANGUAGES)
        read = forms.read(form, name=forms.text(120, required=False), phone=forms.phone, language=language)
    except Invalid as fault:
        return _data_page(request, person.email, fault.values, fault.fields)
    person.name, person.phone, person.language = read.name, read.phone, read.language
    return redirect(request, "/konto?erledigt=gespeichert")


@get("/konto/angaben")
def data_page(request: Request, session: Session, now: datetime) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    typed = {"name": person.name, "phone": person.phone, "language": person.language}
    return _data_page(request, person.email, typed, {})


@get("/konto/loeschung")
def deletion_page(request: Request, session: Session, now: datetime) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    return page(request, "accounts/delete.html", person=person, alone=account.alone(session, person))


@post("/konto/loeschung")
def delete(request: Request, session: Session, now: datetime) -> Response[Any]:
    account.delete_account(session, citizens.signed_in_person(request, session, now), now)
    return _signed_out(request, "geloescht")


def _signed_out(request: Request, done: str) -> Response[Any]:
    answer = redirect(request, f"{citizens.SIGN_IN}?erledigt={done}")
    answer.delete_cookie(citizens.COOKIE, path="/")
    return answer


def _data_page(request: Request, email: str, typed: dict[str, str], faults: dict[str, str]) -> Response[Any]:
    shown = {"email": email, "typed": typed, "faults": faults, "choices": list(texts.LANGUAGES.items())}
    return page(request, "accounts/data.html", 422 if faults else 200, return_to="/konto/angaben", **shown)


def _address_page(request: Request, session: Session, onward: str, fault: Invalid | None = None) -> Response[Any]:
    """The question for the address; for trying out, it names some who book for a club."""
    return page(
        request,
        "accounts/sign_in.html",
        422 if fault else 200,
        onward=onward,
        faults=fault.fields if fault else {},
        typed=fault.values if fault else {},
        return_to=citizens.sign_in_page(onward),
        days=(citizens.IDLE.days, citizens.LONGEST.days),
        examples=membership.examples(session) if settings_of(request).demo else [],
    )


def _code_page(request: Request, asked: UUID, email: str, onward: str, fault: str = "") -> Response[Any]:
    faults = {"code": fault} if fault else {}
    back = citizens.sign_in_page(onward)
    shown = {"asked": asked, "email": email, "onward": onward, "faults": faults, "again": back, "return_to": back}
    return page(request, "accounts/code.html", 422 if fault else 200, **shown)


def _count_mail(request: Request, session: Session, email: str, now: datetime) -> None:
    """Count one more code to an address. Raises TooMany."""
    secret = settings_of(request).secret
    here = f"{email} {client(request)}"
    limits.count(session, secret, "citizen_here", here, most=MAILS, per=MAILS_PER, now=now)
    anywhere: dict[str, Any] = {"most": MAILS_FROM_ANYWHERE, "per": MAILS_FROM_ANYWHERE_PER}
    limits.count(session, secret, "citizen_address", email, **anywhere, now=now)


routes = [
    ask_for_address,
    send_code,
    enter_code,
    leave,
    leave_everywhere,
    data_page,
    save,
    deletion_page,
    delete,
    *club_pages.routes,
]
