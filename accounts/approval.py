"""Which organisations may book in a town: they apply, the office decides, blocks, frees and puts right what it knows.

All of it is in the history (accounts/revisions.py), and those who manage the organisation are told. It is never taken
back silently: a new decision does that, which tells them as well.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from buchbar.accounts import citizen_letters, membership, revisions
from buchbar.accounts.clubs import KINDS, STATES, USER_CLASSES, Member, Organisation, key_of
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.accounts.revisions import Field, Subject
from buchbar.accounts.roles import ANEW, LOOK
from buchbar.base import forms
from buchbar.base.db import in_line
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.calendar.walls import local_date

# Nobody needs more clubs looked at at a time; and whoever plays tricks shall not fill the office's list.
MOST_WAITING = 3
# What an organisation is taken for until the office has chosen.
CLASS_OF = {"club": "club", "school": "school", "office": "office", "company": "commercial", "other": "local"}
# What a citizen may apply as: the town's own offices are put in by the office.
APPLICANTS = ("club", "school", "company", "other")
FROM = {"approve": ("applied", "refused"), "refuse": ("applied",), "block": ("approved",), "free": ("blocked",)}
TO = {"approve": "approved", "refuse": "refused", "block": "blocked", "free": "approved"}
NEWS = {"approve": "approved", "refuse": "refused", "block": "blocked", "free": "freed"}

ORGANISATION = revisions.put_in(
    Subject(
        name="organisation",
        row=Organisation,
        title=lambda organisation: organisation.name,
        right=ANEW,
        seen_with=LOOK,
        journey="halls",
        fields={
            "name": Field(N_("Name")),
            "kind": Field(N_("Art"), words=lambda kind: _(KINDS[kind])),
            "state": Field(N_("Stand"), words=lambda state: _(STATES[state])),
            "reason": Field(N_("Grund")),
            "user_class": Field(N_("Preise und Regeln wie für"), words=lambda name: _(USER_CLASSES[name])),
            "proof": Field(N_("Nachweis"), personal=True),
            "street": Field(N_("Straße und Hausnummer"), personal=True),
            "city": Field(N_("Postleitzahl und Ort")),
            "email": Field(N_("E-Mail-Adresse"), personal=True),
            "phone": Field(N_("Telefonnummer"), personal=True),
        },
    )
)
FIELDS: dict[str, forms.Field] = {
    "name": forms.text(120),
    "proof": forms.text(500, required=False, lines=True),
    "street": forms.text(120, required=False),
    "city": forms.text(120, required=False),
    "email": forms.address,
    "phone": forms.phone,
}
APPLIED = "online beantragt"  # by whom, in the history: no name, for it outlasts the person's account
CONTACT = ("street", "city", "email", "phone")


def waiting(session: Session, town: Municipality) -> int:
    """How many organisations of a town ask the office to approve them."""
    ours = Organisation.municipality_id == town.id, Organisation.state == "applied"
    return session.scalar(select(func.count()).select_from(Organisation).where(*ours)) or 0


def apply(
    session: Session, town: Municipality, person: Person, values: Mapping[str, Any], at: datetime
) -> Organisation:
    """Ask to be let book in a town; whoever asks manages the organisation. Raises Invalid for a name that is taken,
    Refused when too many of the same person wait."""
    in_line(session, f"club names {town.id}")
    waiting = (
        select(func.count())
        .select_from(Organisation)
        .join(Member, Member.organisation_id == Organisation.id)
        .where(Organisation.municipality_id == town.id, Organisation.state == "applied", Member.person_id == person.id)
    )
    if (session.scalar(waiting) or 0) >= MOST_WAITING:
        raise Refused(
            _("Von Ihnen warten hier schon %d Anträge. Bitte warten Sie, bis wir sie geprüft haben.") % MOST_WAITING
        )
    made = _make(session, town, values, CLASS_OF[values["kind"]], "applied", at)
    membership.add(session, made, person, "manager", at, APPLIED)
    revisions.created(session, town, ORGANISATION, made, at=at, by=APPLIED)
    citizen_letters.tell(session, made, person, "applied", at)
    citizen_letters.tell_office(session, made, at)
    return made


def enter(session: Session, town: Municipality, values: Mapping[str, Any], at: datetime, by: str) -> Organisation:
    """Put in an organisation that has asked by letter or telephone, or a school of the town's own: approved at once,
    and without anybody who books for it until somebody is invited."""
    in_line(session, f"club names {town.id}")
    made = _make(session, town, values, values["user_class"], "approved", at)
    made.decided_at, made.decided_by = at, by
    revisions.created(session, town, ORGANISATION, made, at=at, by=by)
    return made


def organisation_of(session: Session, town: Municipality, organisation_id: UUID) -> Organisation:
    """An organisation of this town. Raises NotFound for any other."""
    return _found(session, _one_of(town, organisation_id))


def organisation_to_change(session: Session, town: Municipality, organisation_id: UUID) -> Organisation:
    """The same, and nobody else changes it meanwhile. Its members come and go all the same: with a stronger lock, who
    accepts an invitation and a clerk would wait for each other."""
    return _found(session, _one_of(town, organisation_id).with_for_update(of=Organisation, key_share=True))


def _one_of(town: Municipality, organisation_id: UUID) -> Select[Organisation]:
    return select(Organisation).where(Organisation.municipality_id == town.id, Organisation.id == organisation_id)


def _found(session: Session, wanted: Select[Organisation]) -> Organisation:
    found = session.scalar(wanted)
    if found is None:
        raise NotFound
    return found


def decide(
    session: Session,
    organisation: Organisation,
    verb: str,
    at: datetime,
    by: str,
    *,
    reason: str = "",
    user_class: str = "",
) -> None:
    """Approve, refuse, block or free (``FROM``, ``TO``), and tell its managers. Once more does nothing. Raises
    Refused when a colleague was there before and decided otherwise."""
    if organisation.state == TO[verb]:
        return
    if organisation.state not in FROM[verb]:
        now = _(STATES[organisation.state])
        raise Refused(_("Das geht hier nicht mehr: %(name)s, %(state)s.") % {"name": organisation.name, "state": now})
    if organisation.state == "refused":
        _keep_name(session, organisation.municipality_id, organisation.name, organisation.id)
    values = {"state": TO[verb], "reason": reason} | ({"user_class": user_class} if user_class else {})
    _edit(session, organisation, values, at, by)
    organisation.decided_at, organisation.decided_by = at, by
    citizen_letters.tell_managers(session, organisation, NEWS[verb], at)


def correct(session: Session, organisation: Organisation, values: Mapping[str, Any], at: datetime, by: str) -> None:
    """Put right what the office knows of an organisation, and tell its managers if anything has changed."""
    if organisation.state != "refused":
        _keep_name(session, organisation.municipality_id, values["name"], organisation.id)
    if _edit(session, organisation, values, at, by):
        citizen_letters.tell_managers(session, organisation, "changed", at)


def keep_contact(
    session: Session, organisation: Organisation, values: Mapping[str, Any], at: datetime, by: str
) -> None:
    """What a manager says of how the organisation is reached. Its name and what it is stay with the office."""
    _edit(session, organisation, {name: values[name] for name in CONTACT}, at, by)


def _edit(session: Session, organisation: Organisation, values: Mapping[str, Any], at: datetime, by: str) -> bool:
    town = organisation.municipality
    today = local_date(at, town.zone)
    edited = revisions.edit(session, town, ORGANISATION, organisation, values, valid_from=today, at=at, by=by)
    return edited is not None


def _make(
    session: Session, town: Municipality, values: Mapping[str, Any], user_class: str, state: str, at: datetime
) -> Organisation:
    known = {name: values[name] for name in (*FIELDS, "kind")}
    _keep_name(session, town.id, known["name"], None)
    made = Organisation(id=uuid4(), municipality_id=town.id, user_class=user_class, state=state, made_at=at, **known)
    session.add(made)
    session.flush()
    return made


def _keep_name(session: Session, town_id: UUID, name: str, own: UUID | None) -> None:
    """Raises Invalid for a name that another organisation of the town has."""
    in_line(session, f"club names {town_id}")
    others = select(Organisation.id).where(
        Organisation.municipality_id == town_id,
        Organisation.name_key == key_of(name),
        Organisation.state != "refused",
        Organisation.id != (own or UUID(int=0)),
    )
    if session.scalar(others.limit(1)) is not None:
        taken = _(
            "Unter diesem Namen ist hier schon jemand eingetragen. Gehören Sie dazu? Dann kann Sie einladen, wer den "
            "Verein verwaltet. Sonst hilft das Amt."
        )
        raise Invalid({"name": taken})
