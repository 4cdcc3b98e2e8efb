"""Who works at a town's desk: taking somebody on, changing their role, letting them go. Edited by revisions.

Somebody must always be left who can say who works here: an administrator of the town, or the county's administration.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts import clerk_letters, revisions, second_factor, sign_in
from buchbar.accounts.models import Clerk, Municipality
from buchbar.accounts.revisions import Field, Subject
from buchbar.accounts.roles import ADMINISTER, ROLES, may
from buchbar.base import forms
from buchbar.base.db import in_line
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.settings import Settings
from buchbar.base.texts import N_, _
from buchbar.calendar.walls import local_date

# Which roles make sense where. At a county nobody marries or plays.
AT_TOWN = ("registrar", "sports", "head", "cashier", "administrator", "auditor")
AT_COUNTY = ("county", "administrator", "auditor")


def roles_at(town: Municipality) -> tuple[str, ...]:
    """The roles that somebody can have at this desk."""
    return AT_COUNTY if town.kind == "county" else AT_TOWN


def staff_of(session: Session, town: Municipality) -> Sequence[Clerk]:
    """Who works here and who did, by name; those who do first."""
    ours = select(Clerk).where(Clerk.municipality_id == town.id)
    ordered = ours.order_by(Clerk.active.desc(), Clerk.name, Clerk.id)
    return session.scalars(ordered.options(joinedload(Clerk.second_factor), joinedload(Clerk.municipality))).all()


def clerk_of(session: Session, town: Municipality, clerk_id: UUID) -> Clerk:
    """One of them, to be changed: nobody else changes the town's staff meanwhile. Raises NotFound."""
    in_line(session, f"staff {town.id}")
    sign_in.one_at_a_time(session, clerk_id)
    found = session.scalar(select(Clerk).where(Clerk.municipality_id == town.id, Clerk.id == clerk_id))
    if found is None:
        raise NotFound
    return found


def take_on(session: Session, town: Municipality, name: str, email: str, role: str, at: datetime, by: str) -> Clerk:
    """Let somebody sign in here. Raises Invalid for an address that another clerk has, of whatever municipality."""
    clerk = Clerk(id=uuid4(), municipality_id=town.id, name=name, email=email.lower(), role=role, active=True)
    try:
        with session.begin_nested():
            session.add(clerk)
            session.flush()
    except IntegrityError:
        raise Invalid({"email": _taken()}) from None
    revisions.created(session, town, CLERK, clerk, at=at, by=by)
    return clerk


def invite(session: Session, town: Municipality, clerk: Clerk, at: datetime, by: str) -> None:
    """Write to a new colleague where the desk is."""
    settings: Settings = session.info["settings"]
    desk = f"{settings.base_url}/{town.slug}/amt"
    context = {"email": clerk.email, "by": by, "role": _(ROLES[clerk.role]), "desk": desk}
    clerk_letters.write(session, town, clerk, "invitation", _("Ihr Zugang zum Terminsystem"), at, **context)


def edit(session: Session, town: Municipality, clerk: Clerk, values: dict[str, object], at: datetime, by: str) -> None:
    """Change name, address, role, or whether they work here. Raises Refused, and Invalid for an address taken."""
    today = local_date(at, town.zone)
    revisions.edit(session, town, CLERK, clerk, values, valid_from=today, at=at, by=by)


def reset_second_factor(session: Session, clerk: Clerk, at: datetime) -> None:
    """For who has lost the telephone: the next sign-in takes the mail's code only, and all sessions end."""
    second_factor.remove(session, clerk, at)
    sign_in.sign_out_everywhere(session, clerk)


# --- What holds whoever edits, also by taking an edit back ---------------------------------------------------------


def _put_email(session: Session, clerk: Clerk, email: str) -> None:
    """A new address takes back the codes that went to the old one."""
    other = session.scalar(select(Clerk.id).where(Clerk.email == email.lower(), Clerk.id != clerk.id))
    if other is not None:
        raise Invalid({"email": _taken()})
    clerk.email = email.lower()
    sign_in.sign_out_everywhere(session, clerk)


def _put_role(session: Session, clerk: Clerk, role: str) -> None:
    if clerk.active:
        _keep_somebody(session, clerk, role)
    clerk.role = role


def _put_active(session: Session, clerk: Clerk, active: bool) -> None:
    """Who leaves is out at once; who comes back sets up a second factor anew."""
    if not active:
        _keep_somebody(session, clerk, "")
        sign_in.sign_out_everywhere(session, clerk)
        second_factor.forget(session, clerk)
    clerk.active = active


def _keep_somebody(session: Session, leaving: Clerk, role: str) -> None:
    """Raises Refused when nobody could administer the municipality once the clerk has another role, or none.

    A town without an administrator is fine as long as its county has somebody who looks after it.
    """
    town = leaving.municipality
    in_line(session, f"staff {town.id}")
    others = select(Clerk.role).where(Clerk.municipality_id == town.id, Clerk.active, Clerk.id != leaving.id)
    left = set(session.scalars(others)) | ({role} if role else set())
    if leaving.role == "county" and "county" not in left:
        raise Refused(_("Das ist die letzte Person, die Kommunen anlegt. Bitte benennen Sie erst eine andere."))
    if not may(leaving.role, ADMINISTER) or any(may(each, ADMINISTER) for each in left):
        return
    if town.county_id is None or not _looked_after(session, town.county_id):
        raise Refused(_("Das ist die letzte Person, die das System verwaltet. Bitte benennen Sie erst eine andere."))


def _looked_after(session: Session, county_id: UUID) -> bool:
    theirs = Clerk.municipality_id == county_id, Clerk.active, Clerk.role == "county"
    return session.scalar(select(Clerk.id).where(*theirs).limit(1)) is not None


def _taken() -> str:
    return _("Mit dieser Adresse meldet sich schon jemand an, hier oder in einer anderen Kommune.")


CLERK = revisions.put_in(
    Subject(
        name="clerk",
        row=Clerk,
        title=lambda clerk: clerk.name,
        right=ADMINISTER,
        seen_with=ADMINISTER,
        fields={
            "name": Field(N_("Name"), personal=True),
            "email": Field(N_("E-Mail-Adresse"), put=_put_email, personal=True),
            "role": Field(N_("Rolle"), words=lambda role: _(ROLES[role]), put=_put_role),
            "active": Field(N_("Kann sich anmelden"), kind=bool, put=_put_active),
        },
    )
)
RULES_FOR_STAFF = revisions.put_in(
    Subject(
        name="staff_rules",
        row=Municipality,
        title=lambda town: _("Mitarbeitende"),
        right=ADMINISTER,
        fields={"second_factor": Field(N_("Alle brauchen einen zweiten Faktor"), kind=bool)},
    )
)
FIELDS = {"name": forms.text(120), "email": forms.address}
