"""Clubs, schools and others who book, at the desk: looking at applications, deciding, putting right, putting in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from buchbar.accounts import approval, at_desk, membership, revisions
from buchbar.accounts.clubs import KINDS, ROLES, STATES, USER_CLASSES, Member, Organisation, key_of
from buchbar.accounts.desk_page import show_page
from buchbar.accounts.models import Clerk
from buchbar.accounts.roles import LOOK, WORK
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get_number, redirect

PAGE = 50
JOURNEY = "halls"
LABELS = {
    "name": N_("Name"),
    "kind": N_("Art"),
    "user_class": N_("Preise und Regeln wie für"),
    "proof": N_("Nachweis"),
    "street": N_("Straße und Hausnummer"),
    "city": N_("Postleitzahl und Ort"),
    "email": N_("E-Mail-Adresse"),
    "phone": N_("Telefonnummer"),
    "reason": N_("Grund"),
    "wen": N_("E-Mail-Adresse der Person"),
    "role": N_("Was darf sie oder er?"),
}
FIELDS = approval.FIELDS | {
    "email": lambda typed: forms.address(typed) if typed else "",
    "kind": forms.one_of(*KINDS),
    "user_class": forms.one_of(*USER_CLASSES),
}
REASON = {"reason": forms.text(500, lines=True)}
# What the page says after it was done.
DONE = {
    "neu": N_("Eingetragen. Laden Sie nun ein, wer bucht."),
    "approve": N_("Zugelassen. Wer den Verein verwaltet, bekommt eine E-Mail."),
    "refuse": N_("Abgelehnt. Wer den Antrag gestellt hat, bekommt eine E-Mail."),
    "block": N_("Gesperrt. Wer den Verein verwaltet, bekommt eine E-Mail."),
    "free": N_("Wieder frei. Wer den Verein verwaltet, bekommt eine E-Mail."),
    "eingeladen": N_("Die Einladung ist unterwegs."),
    "zurueckgenommen": N_("Die Einladung ist zurückgenommen."),
    "entfernt": N_("Entfernt. Die Person bekommt eine E-Mail."),
    "rolle": N_("Geändert. Die Person bekommt eine E-Mail."),
}


@at_desk.get("/vereine", LOOK, N_("Vereine angesehen"), journey=JOURNEY)
def list_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    typed = {name: request.query_params.get(name, "").strip()[:80] for name in ("suche", "stand")}
    wanted, number = _wanted(clerk, typed), get_number(request, "seite")
    count = session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    found = session.scalars(wanted.limit(PAGE).offset((number - 1) * PAGE)).all()
    theirs = Member.organisation_id.in_([each.id for each in found])
    people = select(Member.organisation_id, func.count()).where(theirs).group_by(Member.organisation_id)
    return show_page(
        request,
        clerk,
        "desk/clubs.html",
        now,
        clubs=found,
        people={row[0]: row[1] for row in session.execute(people)},
        count=count,
        number=number,
        pages=max(1, -(-count // PAGE)),
        typed=typed,
        **_words(),
    )


@at_desk.get("/vereine/neu", WORK, journey=JOURNEY)
def new_page(request: Request, now: datetime, clerk: Clerk) -> Response[Any]:
    return show_page(
        request, clerk, "desk/clubs_new.html", now, typed={"kind": "club", "user_class": "club"}, **_words()
    )


@at_desk.post("/vereine/neu", WORK, N_("Verein eingetragen"), journey=JOURNEY)
def enter(request: Request, session: Session, now: datetime, form: Form, clerk: Clerk) -> Response[Any]:
    try:
        made = approval.enter(session, clerk.town, vars(forms.read(form, **FIELDS)), now, clerk.name)
    except Invalid as fault:
        shown = {"faults": fault.fields, "typed": dict(form)} | _words()
        return show_page(request, clerk, "desk/clubs_new.html", now, 422, **shown)
    return _done(request, clerk, made, "neu")


@at_desk.get("/vereine/{organisation_id:uuid}", LOOK, N_("Verein angesehen"), journey=JOURNEY)
def one_page(
    request: Request, session: Session, now: datetime, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    return _show(request, session, clerk, now, approval.organisation_of(session, clerk.town, organisation_id))


@at_desk.post("/vereine/{organisation_id:uuid}", WORK, N_("Verein berichtigt"), journey=JOURNEY)
def correct(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    try:
        approval.correct(session, club, vars(forms.read(form, **FIELDS)), now, clerk.name)
    except Invalid as fault:
        return _show(request, session, clerk, now, club, dict(form), fault.fields)
    return _done(request, clerk, club, "ja")


@at_desk.post("/vereine/{organisation_id:uuid}/zulassung", WORK, N_("Verein zugelassen"), journey=JOURNEY)
def approve(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    return _decide(request, session, now, form, clerk, organisation_id, "approve")


@at_desk.post("/vereine/{organisation_id:uuid}/ablehnung", WORK, N_("Verein abgelehnt"), journey=JOURNEY)
def refuse(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    return _decide(request, session, now, form, clerk, organisation_id, "refuse")


@at_desk.post("/vereine/{organisation_id:uuid}/sperrung", WORK, N_("Verein gesperrt"), journey=JOURNEY)
def block(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    return _decide(request, session, now, form, clerk, organisation_id, "block")


@at_desk.post("/vereine/{organisation_id:uuid}/freigabe", WORK, N_("Verein wieder freigegeben"), journey=JOURNEY)
def free(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    return _decide(request, session, now, form, clerk, organisation_id, "free")


@at_desk.post("/vereine/{organisation_id:uuid}/einladung", WORK, N_("Zu einem Verein eingeladen"), journey=JOURNEY)
def invite(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: FromPath[UUID]
) -> Response[Any]:
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    typed = {"email": form.get("wen", ""), "role": form.get("role", "")}
    try:
        read = forms.read(typed, email=forms.address, role=forms.one_of(*ROLES))
        membership.invite(session, club, read.email, read.role, now, clerk.town.office_for(JOURNEY).name)
    except Invalid as fault:
        faults = {"wen" if name == "email" else name: sentence for name, sentence in fault.fields.items()}
        return _show(request, session, clerk, now, club, dict(form), faults)
    return _done(request, clerk, club, "eingeladen")


@at_desk.post(
    "/vereine/{organisation_id:uuid}/einladung/{invitation_id:uuid}/ruecknahme",
    WORK,
    N_("Einladung zu einem Verein zurückgenommen"),
    journey=JOURNEY,
)
def withdraw(
    request: Request, session: Session, clerk: Clerk, organisation_id: FromPath[UUID], invitation_id: FromPath[UUID]
) -> Response[Any]:
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    membership.withdraw(session, club, invitation_id)
    return _done(request, clerk, club, "zurueckgenommen")


@at_desk.post(
    "/vereine/{organisation_id:uuid}/mitglied/{member_id:uuid}/rolle",
    WORK,
    N_("Verwaltung eines Vereins geändert"),
    journey=JOURNEY,
)
def give_role(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    clerk: Clerk,
    organisation_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[Any]:
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    membership.give_role(session, club, member_id, forms.read(form, role=forms.one_of(*ROLES)).role, now)
    return _done(request, clerk, club, "rolle")


@at_desk.post(
    "/vereine/{organisation_id:uuid}/mitglied/{member_id:uuid}/entfernung",
    WORK,
    N_("Aus einem Verein entfernt"),
    journey=JOURNEY,
)
def remove(
    request: Request,
    session: Session,
    now: datetime,
    clerk: Clerk,
    organisation_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[Any]:
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    membership.remove(session, club, member_id, now)
    return _done(request, clerk, club, "entfernt")


def _wanted(clerk: Clerk, typed: dict[str, str]) -> Select[Organisation]:
    """The town's organisations that were asked for: what waits first, then by name."""
    ours = select(Organisation).where(Organisation.municipality_id == clerk.town.id)
    if typed["stand"] in STATES:
        ours = ours.where(Organisation.state == typed["stand"])
    if typed["suche"]:
        ours = ours.where(Organisation.name_key.contains(key_of(typed["suche"]), autoescape=True))
    return ours.order_by((Organisation.state != "applied"), Organisation.name_key, Organisation.id)


def _decide(
    request: Request, session: Session, now: datetime, form: Form, clerk: Clerk, organisation_id: UUID, verb: str
) -> Response[Any]:
    """Refusing and blocking need a reason, which those concerned read; approving says for whom prices and rules are."""
    club = approval.organisation_to_change(session, clerk.town, organisation_id)
    asked: dict[str, forms.Field] = {}
    if verb in ("refuse", "block"):
        asked = REASON
    elif verb == "approve":
        asked = {"user_class": FIELDS["user_class"]}
    try:
        read = vars(forms.read(form, **asked))
        approval.decide(session, club, verb, now, clerk.name, **read)
    except Invalid as fault:
        return _show(request, session, clerk, now, club, dict(form), fault.fields)
    return _done(request, clerk, club, verb)


def _show(
    request: Request,
    session: Session,
    clerk: Clerk,
    now: datetime,
    club: Organisation,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    known = {name: getattr(club, name) for name in FIELDS}
    past = revisions.history(session, approval.ORGANISATION, club.id)
    return show_page(
        request,
        clerk,
        "desk/clubs_one.html",
        now,
        422 if faults else 200,
        club=club,
        members=membership.members(session, club),
        invitations=membership.invitations(session, club, now),
        rows=[(each, "", revisions.differences(each)) for each in past],
        may_verbs=[verb for verb, states in approval.FROM.items() if club.state in states],
        typed=known | (typed or {}),
        faults=faults or {},
        said=_(DONE.get(request.query_params.get("erledigt", ""), N_("Gespeichert."))),
        **_words(),
    )


def _words() -> dict[str, Any]:
    """How fields and choices are called on the pages."""
    return {
        "labels": {name: _(words) for name, words in LABELS.items()},
        "kinds": [(name, _(words)) for name, words in KINDS.items()],
        "classes": [(name, _(words)) for name, words in USER_CLASSES.items()],
        "states": STATES,
        "kind_words": KINDS,
    }


def _done(request: Request, clerk: Clerk, club: Organisation, what: str) -> Response[Any]:
    return redirect(request, f"{clerk.desk}/vereine/{club.id}?erledigt={what}")


routes = [
    list_page,
    new_page,
    enter,
    one_page,
    correct,
    approve,
    refuse,
    block,
    free,
    invite,
    withdraw,
    give_role,
    remove,
]
