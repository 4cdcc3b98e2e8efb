"""Citizens' pages about clubs: applying, who may book, inviting and being invited, leaving."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy.orm import Session

from buchbar.accounts import approval, citizens, membership
from buchbar.accounts.clubs import KINDS, ROLES, STATES, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.queries import municipality
from buchbar.base import forms, limits
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.base.web import Form, get, limited, page, post, redirect, settings_of

MAILS = 5  # invitations to one address in an hour, whichever clubs send them: it may be a stranger's
# Who did it, in histories that last longer than a person's account; clerks read them.
THEMSELVES = "der Verein selbst"
LABELS = {
    "name": N_("Name"),
    "kind": N_("Was sind Sie?"),
    "proof": N_("Woran erkennen wir Sie?"),
    "street": N_("Straße und Hausnummer"),
    "city": N_("Postleitzahl und Ort"),
    "email": N_("E-Mail-Adresse"),
    "phone": N_("Telefonnummer"),
}


@get("/{town_slug:str}/hallen/verein")
def application_page(request: Request, session: Session, now: datetime, town_slug: FromPath[str]) -> Response[Any]:
    town = _town(session, town_slug, request, now)
    person = citizens.person_of(request, session, now)
    typed = {"kind": "club", "email": person.email, "phone": person.phone} if person else {}
    return _application(request, town, person, typed, {})


@post("/{town_slug:str}/hallen/verein")
@limited("club_application", most=10, per=timedelta(hours=1))
def apply(request: Request, session: Session, now: datetime, form: Form, town_slug: FromPath[str]) -> Response[Any]:
    town = _town(session, town_slug, request, now)
    person = citizens.signed_in_person(request, session, now)
    try:
        read = forms.read(form, **approval.FIELDS, kind=forms.one_of(*approval.APPLICANTS))
        made = approval.apply(session, town, person, vars(read), now)
    except Invalid as fault:
        return _application(request, town, person, dict(form), fault.fields)
    return redirect(request, f"/konto/verein/{made.id}?erledigt=beantragt")


@get("/konto/verein/{organisation_id:uuid}")
def club_page(request: Request, session: Session, now: datetime, organisation_id: FromPath[UUID]) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    return _club(request, session, person, organisation_id, now)


@get("/konto/verein/{organisation_id:uuid}/angaben")
def contact_page(request: Request, session: Session, now: datetime, organisation_id: FromPath[UUID]) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    club = membership.managed(session, person, organisation_id)
    return _contact(request, club, {name: getattr(club, name) for name in approval.CONTACT}, {})


@post("/konto/verein/{organisation_id:uuid}/angaben")
def keep_contact(
    request: Request, session: Session, now: datetime, form: Form, organisation_id: FromPath[UUID]
) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    club = membership.managed(session, person, organisation_id)
    try:
        read = forms.read(form, **{name: approval.FIELDS[name] for name in approval.CONTACT})
    except Invalid as fault:
        return _contact(request, club, fault.values, fault.fields)
    approval.keep_contact(session, club, vars(read), now, THEMSELVES)
    return _done(request, organisation_id, "ja")


@post("/konto/verein/{organisation_id:uuid}/einladung")
@limited("club_invitation", most=60, per=timedelta(hours=1))
def invite(
    request: Request, session: Session, now: datetime, form: Form, organisation_id: FromPath[UUID]
) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    organisation = membership.managed(session, person, organisation_id)
    try:
        read = forms.read(form, email=forms.address, role=forms.one_of(*ROLES))
        secret, address = settings_of(request).secret, read.email.lower()
        limits.count(session, secret, "invited_address", address, most=MAILS, per=timedelta(hours=1), now=now)
        membership.invite(session, organisation, read.email, read.role, now, THEMSELVES)
    except Invalid as fault:
        return _club(request, session, person, organisation_id, now, dict(form), fault.fields)
    return _done(request, organisation_id, "eingeladen")


@post("/konto/verein/{organisation_id:uuid}/einladung/{invitation_id:uuid}/ruecknahme")
def withdraw(
    request: Request, session: Session, now: datetime, organisation_id: FromPath[UUID], invitation_id: FromPath[UUID]
) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    membership.withdraw(session, membership.managed(session, person, organisation_id), invitation_id)
    return _done(request, organisation_id, "zurueckgenommen")


@post("/konto/verein/{organisation_id:uuid}/mitglied/{member_id:uuid}/rolle")
def give_role(
    request: Request,
    session: Session,
    now: datetime,
    form: Form,
    organisation_id: FromPath[UUID],
    member_id: FromPath[UUID],
) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    organisation = membership.managed(session, person, organisation_id)
    role = forms.read(form, role=forms.one_of(*ROLES)).role
    membership.give_role(session, organisation, member_id, role, now)
    return _done(request, organisation_id, "geaendert")


@post("/konto/verein/{organisation_id:uuid}/mitglied/{member_id:uuid}/entfernung")
def remove(
    request: Request, session: Session, now: datetime, organisation_id: FromPath[UUID], member_id: FromPath[UUID]
) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    membership.remove(session, membership.managed(session, person, organisation_id), member_id, now)
    return _done(request, organisation_id, "entfernt")


@post("/konto/verein/{organisation_id:uuid}/austritt")
def leave(request: Request, session: Session, now: datetime, organisation_id: FromPath[UUID]) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    membership.leave(session, membership.membership(session, person, organisation_id).organisation, person, now)
    return redirect(request, "/konto?erledigt=ausgetreten")


@get("/konto/einladung/{token:str}")
def invitation_page(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    invitation = membership.invitation_by(session, token, now)
    person = citizens.person_of(request, session, now)
    sign_in = citizens.sign_in_page(f"/konto/einladung/{token}")
    return page(request, "accounts/invitation.html", invitation=invitation, person=person, token=token, sign_in=sign_in)


@post("/konto/einladung/{token:str}")
def accept(request: Request, session: Session, now: datetime, token: FromPath[str]) -> Response[Any]:
    person = citizens.signed_in_person(request, session, now)
    organisation = membership.accept(session, membership.invitation_by(session, token, now), person, now)
    return redirect(request, f"/konto/verein/{organisation.id}?erledigt=willkommen")


def _town(session: Session, town_slug: str, request: Request, now: datetime) -> Municipality:
    """A town; a county has no halls of its own. Raises NotFound."""
    town = municipality(session, town_slug, request, now)
    if town.kind != "town":
        raise NotFound
    return town


def _application(
    request: Request, town: Municipality, person: Person | None, typed: dict[str, str], faults: dict[str, str]
) -> Response[Any]:
    here = f"/{town.slug}/hallen/verein"
    return page(
        request,
        "accounts/application.html",
        422 if faults else 200,
        town=town,
        person=person,
        kinds=[(kind, _(KINDS[kind])) for kind in approval.APPLICANTS],
        labels={name: _(words) for name, words in LABELS.items()},
        typed=typed,
        faults=faults,
        sign_in=citizens.sign_in_page(here),
        return_to=here,
    )


def _contact(request: Request, club: Organisation, typed: dict[str, str], faults: dict[str, str]) -> Response[Any]:
    shown = {"club": club, "typed": typed, "faults": faults, "labels": {name: _(LABELS[name]) for name in typed}}
    back = f"/konto/verein/{club.id}/angaben"
    return page(request, "accounts/club_contact.html", 422 if faults else 200, return_to=back, **shown)


def _club(
    request: Request,
    session: Session,
    person: Person,
    organisation_id: UUID,
    now: datetime,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
) -> Response[Any]:
    own = membership.membership(session, person, organisation_id)
    organisation, manages = own.organisation, own.role == "manager"
    return page(
        request,
        "accounts/club.html",
        422 if faults else 200,
        own=own,
        club=organisation,
        manages=manages,
        last=membership.is_last_manager(session, own),
        members=membership.members(session, organisation) if manages else [],
        invitations=membership.invitations(session, organisation, now) if manages else [],
        states=STATES,
        kinds=KINDS,
        roles=[(role, _(words)) for role, words in ROLES.items()],
        zone=organisation.municipality.zone,
        typed=typed or {"role": "booker"},
        faults=faults or {},
        return_to=f"/konto/verein/{organisation_id}",
    )


def _done(request: Request, organisation_id: UUID, what: str) -> Response[Any]:
    return redirect(request, f"/konto/verein/{organisation_id}?erledigt={what}")


routes = [
    application_page,
    apply,
    club_page,
    contact_page,
    keep_contact,
    invite,
    withdraw,
    give_role,
    remove,
    leave,
    invitation_page,
    accept,
]
