"""My own access ("Mein Zugang"): the second factor and its recovery codes, and where I am signed in."""

from datetime import datetime
from typing import Any

from litestar import Request, Response
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk, second_factor, sessions, sign_in
from buchbar.accounts.desk_page import show_page
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import OWN
from buchbar.base.errors import Refused
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, redirect

LONGEST_CODE = 40


@at_desk.get("/zugang", OWN)
def access(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show(request, session, clerk, now)


# --- The second factor ------------------------------------------------------------------------------------------


@at_desk.post("/zugang/zweiter-faktor", OWN, N_("Zweiten Faktor begonnen"))
def begin(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    second_factor.begin(session, clerk, now)
    return redirect(request, f"{clerk.desk}/zugang/zweiter-faktor")


@at_desk.get("/zugang/zweiter-faktor", OWN)
def show_key(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    return _show_key(request, session, clerk, now)


@at_desk.post("/zugang/zweiter-faktor/bestaetigung", OWN, N_("Zweiten Faktor eingerichtet"))
def confirm(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    codes = second_factor.confirm(session, clerk, form.get("code", "")[:LONGEST_CODE], now)
    if codes is None:
        fault = _(
            "Dieser Code stimmt nicht. Bitte geben Sie den ein, den die App jetzt zeigt. Geht die Uhr des Telefons?"
        )
        return _show_key(request, session, clerk, now, fault)
    sessions.keep_only(session, clerk, request.cookies.get(sign_in.COOKIE, ""))
    return show_page(request, clerk, "desk/recovery_codes.html", now, codes=codes, fresh=True)


@at_desk.post("/zugang/wiederherstellungscodes", OWN, N_("Neue Wiederherstellungscodes erzeugt"))
def renew_codes(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    if not second_factor.passes(session, clerk.id, form.get("code_neu", "")[:LONGEST_CODE], now):
        return _show(request, session, clerk, now, {"code_neu": _wrong()})
    codes = second_factor.new_recovery_codes(session, clerk)
    return show_page(request, clerk, "desk/recovery_codes.html", now, codes=codes, fresh=False)


@at_desk.post("/zugang/zweiter-faktor/entfernung", OWN, N_("Zweiten Faktor entfernt"))
def remove(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    if clerk.needs_second_factor:
        raise Refused(_("Ihre Kommune verlangt den zweiten Faktor. Für ein neues Telefon lassen Sie ihn zurücksetzen."))
    if not second_factor.passes(session, clerk.id, form.get("code_weg", "")[:LONGEST_CODE], now):
        return _show(request, session, clerk, now, {"code_weg": _wrong()})
    second_factor.remove(session, clerk, now)
    return redirect(request, f"{clerk.desk}/zugang")


def _wrong() -> str:
    return _("Dieser Code gilt nicht. Jeder gilt nur einmal: Warten Sie, bis die App einen neuen zeigt.")


# --- Sessions ---------------------------------------------------------------------------------------------------


@at_desk.post("/zugang/sitzungen/ende", OWN, N_("Eine Sitzung beendet"))
def end_one(request: Request, session: Session, form: Form, clerk: Clerk) -> Response[Any]:
    sessions.end(session, clerk, form.get("sitzung", ""))
    return redirect(request, f"{clerk.desk}/zugang")


@at_desk.post("/zugang/abmeldung", OWN, N_("Überall abgemeldet"))
def leave_everywhere(request: Request, session: Session, clerk: Clerk) -> Response[Any]:
    sign_in.sign_out_everywhere(session, clerk)
    answer = redirect(request, sign_in.page_of(clerk.town.slug))
    answer.delete_cookie(sign_in.COOKIE, path="/")
    return answer


def _show(
    request: Request, session: Session, clerk: Clerk, now: datetime, faults: dict[str, str] | None = None
) -> Response[Any]:
    own = sign_in.token_print(session, request.cookies.get(sign_in.COOKIE, ""))
    return show_page(
        request,
        clerk,
        "desk/access.html",
        now,
        422 if faults else 200,
        faults=faults or {},
        sessions=sessions.sessions_of(session, clerk, now),
        own=own,
        codes_left=second_factor.recovery_codes_left(session, clerk),
    )


def _show_key(request: Request, session: Session, clerk: Clerk, now: datetime, fault: str = "") -> Response[Any]:
    key = second_factor.to_scan(session, clerk)
    if key is None:
        return redirect(request, f"{clerk.desk}/zugang")
    faults = {"code": fault} if fault else {}
    return show_page(request, clerk, "desk/totp.html", now, 422 if fault else 200, key=key, faults=faults)


routes = [access, begin, show_key, confirm, renew_codes, remove, end_one, leave_everywhere]
