"""Who may book for a club: its managers invite, remove and make each other so. One manager must always be left."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from buchbar.accounts import citizen_letters
from buchbar.accounts.clubs import Invitation, Member, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.base.db import in_line
from buchbar.base.errors import Forbidden, Invalid, NotFound, Refused
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.base.tokens import genuine, named_by

# So long an invitation may be accepted, and so many may be open at once: enough for all coaches of a big club.
INVITED_FOR = timedelta(days=14)
MOST_INVITED = 50


Left = Callable[[Session, Organisation, Person, datetime], None]
_left: list[Left] = []


def hand_down(*, left: Left) -> None:
    """Let something follow when somebody books no longer for a club."""
    _left[:] = [left]


def gone(session: Session, organisation: Organisation, person: Person, at: datetime) -> None:
    """Somebody has just ceased to be a member: what hangs on that follows."""
    for follow in _left:
        follow(session, organisation, person, at)


def memberships(session: Session, person: Person) -> list[Member]:
    """A person's part in clubs of all towns, by the clubs' names; also in those that wait or were refused."""
    theirs = (
        select(Member)
        .join(Member.organisation)
        .where(Member.person_id == person.id)
        .options(contains_eager(Member.organisation).joinedload(Organisation.municipality))
    )
    return list(session.scalars(theirs.order_by(Organisation.name_key, Organisation.id)))


def membership(session: Session, person: Person, organisation_id: UUID) -> Member:
    """The person's part in one club. Raises NotFound for everybody else's clubs."""
    found = session.scalar(
        select(Member)
        .where(Member.person_id == person.id, Member.organisation_id == organisation_id)
        .options(joinedload(Member.organisation).joinedload(Organisation.municipality))
    )
    if found is None:
        raise NotFound
    return found


def examples(session: Session) -> list[Member]:
    """For trying out: some who book in towns that are a demonstration. Only made-up addresses, never a visitor's."""
    made_up = (
        select(Member)
        .join(Member.organisation)
        .join(Organisation.municipality)
        .join(Member.person)
        .where(Municipality.demonstration, Organisation.state == "approved")
        .where(or_(Person.email.like("%@example.org"), Person.email.like("%.example.org")))
        .options(contains_eager(Member.organisation), contains_eager(Member.person))
    )
    return list(session.scalars(made_up.order_by(Organisation.name_key, Person.email).limit(6)))


def managed(session: Session, person: Person, organisation_id: UUID) -> Organisation:
    """A club that the person manages. Raises NotFound for strangers, Forbidden for other members."""
    member = membership(session, person, organisation_id)
    if member.role != "manager":
        raise Forbidden(_("Das kann nur, wer den Verein verwaltet."))
    return member.organisation


def members(session: Session, organisation: Organisation) -> list[Member]:
    """Who may book for a club: managers first, then in the order in which they came."""
    ours = select(Member).where(Member.organisation_id == organisation.id).options(joinedload(Member.person))
    return list(session.scalars(ours.order_by(Member.role.desc(), Member.added_at, Member.id)))


def invitations(session: Session, organisation: Organisation, now: datetime) -> list[Invitation]:
    """Those that can still be accepted, the oldest first."""
    open_ones = Invitation.organisation_id == organisation.id, Invitation.expires_at > now
    return list(session.scalars(select(Invitation).where(*open_ones).order_by(Invitation.made_at, Invitation.id)))


def invitations_of(session: Session, person: Person) -> list[Invitation]:
    """Those that went to the person's address and weren't accepted."""
    theirs = select(Invitation).where(Invitation.email == person.email).order_by(Invitation.made_at, Invitation.id)
    return list(session.scalars(theirs.options(joinedload(Invitation.organisation))))


def invite(session: Session, organisation: Organisation, email: str, role: str, at: datetime, by: str) -> Invitation:
    """Invite an address; once more makes the old link void. Raises Refused, and Invalid for who is a member."""
    _one_at_a_time(session, organisation)
    if organisation.state != "approved":
        raise Refused(_("Einladen können Sie, sobald der Verein zugelassen ist."))
    address = email.lower()
    if any(member.person.email == address for member in members(session, organisation)):
        raise Invalid({"email": _("Wer diese Adresse hat, gehört schon dazu.")})
    session.execute(
        delete(Invitation).where(Invitation.organisation_id == organisation.id, Invitation.email == address)
    )
    if len(invitations(session, organisation, at)) >= MOST_INVITED:
        raise Refused(_("Es sind schon %d Einladungen offen. Nehmen Sie erst eine zurück.") % MOST_INVITED)
    made = Invitation(
        id=uuid4(),
        organisation_id=organisation.id,
        email=address,
        role=role,
        made_at=at,
        made_by=by,
        expires_at=at + INVITED_FOR,
    )
    session.add(made)
    session.flush()
    citizen_letters.invite(session, made, at)
    return made


def withdraw(session: Session, organisation: Organisation, invitation_id: UUID) -> None:
    """Take an invitation of this club back; its link is void. Raises NotFound."""
    theirs = Invitation.organisation_id == organisation.id, Invitation.id == invitation_id
    if session.scalar(delete(Invitation).where(*theirs).returning(Invitation.id)) is None:
        raise NotFound


def invitation_by(session: Session, token: str, now: datetime) -> Invitation:
    """The invitation that a link names. Raises NotFound for one that was accepted, taken back, or is too old."""
    settings: Settings = session.info["settings"]
    named = named_by(token)
    found = session.get(Invitation, named) if named else None
    valid = found is not None and genuine(token, settings.secret, citizen_letters.INVITATION, found.id)
    if found is None or not valid or found.expires_at <= now or found.organisation.state != "approved":
        raise NotFound(_("Diese Einladung gilt nicht mehr. Bitte fragen Sie im Verein nach einer neuen."))
    return found


def accept(session: Session, invitation: Invitation, person: Person, at: datetime) -> Organisation:
    """Become a member. Raises Refused for who isn't the one that was invited."""
    if invitation.email != person.email:
        raise Refused(_("Diese Einladung ging an eine andere E-Mail-Adresse. Bitte melden Sie sich mit jener an."))
    organisation = invitation.organisation
    _one_at_a_time(session, organisation)
    if _member(session, organisation, Member.person_id == person.id) is None:
        withdraw(session, organisation, invitation.id)  # not there any more if it was taken back meanwhile
        add(session, organisation, person, invitation.role, at, invitation.made_by)
    return organisation


def add(session: Session, organisation: Organisation, person: Person, role: str, at: datetime, by: str) -> None:
    """Put somebody into a club who isn't there yet."""
    member = Member(
        id=uuid4(), organisation_id=organisation.id, person_id=person.id, role=role, added_at=at, added_by=by
    )
    session.add(member)
    session.flush()


def give_role(session: Session, organisation: Organisation, member_id: UUID, role: str, at: datetime) -> None:
    """Make a member a manager, or a manager one who only books. Raises Refused for the last manager."""
    member = _one_of(session, organisation, member_id)
    if member.role == role:
        return
    if role != "manager":
        _keep_manager(session, member)
    member.role = role
    session.flush()
    citizen_letters.tell(session, organisation, member.person, role, at)


def remove(session: Session, organisation: Organisation, member_id: UUID, at: datetime) -> None:
    """Somebody may no longer book for the club. Raises Refused for the last manager."""
    member = _one_of(session, organisation, member_id)
    _keep_manager(session, member)
    session.delete(member)
    session.flush()
    gone(session, organisation, member.person, at)
    citizen_letters.tell(session, organisation, member.person, "removed", at)


def leave(session: Session, organisation: Organisation, person: Person, at: datetime) -> None:
    """Leave a club of one's own accord. Raises Refused for the last manager."""
    _one_at_a_time(session, organisation)
    member = _member(session, organisation, Member.person_id == person.id)
    if member is None:
        return
    _keep_manager(session, member)
    session.delete(member)
    session.flush()
    gone(session, organisation, person, at)


def is_last_manager(session: Session, member: Member) -> bool:
    """Whether nobody else manages the club."""
    others = Member.organisation_id == member.organisation_id, Member.role == "manager", Member.id != member.id
    return member.role == "manager" and not session.scalar(select(func.count()).select_from(Member).where(*others))


def _keep_manager(session: Session, member: Member) -> None:
    if is_last_manager(session, member):
        raise Refused(
            _(
                "Das ist die letzte Person, die %s verwaltet. Bitte übergeben Sie die Verwaltung erst jemand anderem, "
                "oder wenden Sie sich an das Amt."
            )
            % member.organisation.name
        )


def _one_of(session: Session, organisation: Organisation, member_id: UUID) -> Member:
    _one_at_a_time(session, organisation)
    found = _member(session, organisation, Member.id == member_id)
    if found is None:
        raise NotFound
    return found


def _member(session: Session, organisation: Organisation, which: ColumnElement[bool]) -> Member | None:
    ours = select(Member).where(Member.organisation_id == organisation.id, which)
    return session.scalar(ours.options(joinedload(Member.person)).execution_options(populate_existing=True))


def _one_at_a_time(session: Session, organisation: Organisation) -> None:
    """Two managers who remove each other at once must not leave a club with none."""
    in_line(session, f"members {organisation.id}")
