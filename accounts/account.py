"""Giving an account up: what goes with the person, and what becomes of the clubs that they have managed."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from buchbar.accounts import api_tokens, citizens, membership
from buchbar.accounts.clubs import Invitation, Member, Organisation
from buchbar.accounts.models import Revision
from buchbar.accounts.people import Person
from buchbar.base.db import in_line
from buchbar.base.errors import Refused
from buchbar.base.texts import _

_forgetting: list[Callable[[Session, Person], None]] = []


def put_in(forget: Callable[[Session, Person], None]) -> None:
    """Make known what else goes with an account, because nothing but the account asked for it."""
    if forget not in _forgetting:
        _forgetting.append(forget)


def alone(session: Session, person: Person) -> list[Organisation]:
    """Clubs with other members that nobody would manage without this person: one of them has to, first."""
    return [
        member.organisation
        for member in membership.memberships(session, person)
        if membership.is_last_manager(session, member) and len(membership.members(session, member.organisation)) > 1
    ]


def delete_account(session: Session, person: Person, at: datetime) -> None:
    """Forget a person who wishes it. Raises Refused as long as others need them to manage a club."""
    for member in membership.memberships(session, person):
        in_line(session, f"members {member.organisation_id}")
    if left := alone(session, person):
        raise Refused(
            _("Bitte übergeben Sie erst die Verwaltung von %s jemand anderem, der dort schon dabei ist.") % left[0].name
        )
    forget_person(session, person, at)


def forget_person(session: Session, person: Person, at: datetime) -> None:
    """Delete a person with their sessions, memberships and invitations. An application that nobody stands behind any
    more goes, too. Bookings keep their own dates."""
    theirs = [member.organisation for member in membership.memberships(session, person)]
    citizens.sign_out_everywhere(session, person)
    for forget in _forgetting:
        forget(session, person)
    session.execute(delete(Invitation).where(Invitation.email == person.email))
    session.execute(delete(Member).where(Member.person_id == person.id))
    for organisation in theirs:
        membership.gone(session, organisation, person, at)
    session.execute(delete(Person).where(Person.id == person.id))
    for organisation in theirs:
        if organisation.state in ("applied", "refused") and not membership.members(session, organisation):
            forget_application(session, organisation)


def forget_application(session: Session, organisation: Organisation) -> None:
    """Delete an organisation that was never let book, with its history."""
    about = Revision.subject == "organisation", Revision.subject_id == organisation.id
    session.execute(delete(Revision).where(*about))
    session.execute(delete(Organisation).where(Organisation.id == organisation.id))


def tidy(session: Session, now: datetime) -> None:
    """Delete codes and sessions that have run out, and invitations that nobody has accepted."""
    citizens.forget(session, now)
    api_tokens.forget(session, now)
    session.execute(delete(Invitation).where(Invitation.expires_at < now))
