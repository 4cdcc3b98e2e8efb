"""A person's token for programs that act for them: one at a time, shown once, kept as a fingerprint."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.accounts.people import Person
from buchbar.base.db import Base
from buchbar.base.tokens import fingerprint, new_token

# Then a new one has to be made: nobody remembers for ever where the old one lies.
LIFE = timedelta(days=365)


class ApiToken(Base):
    """The table holds the fingerprint of the token; whoever has the token is the person, for a year."""

    __tablename__ = "api_token"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    token_print: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime]


def make(session: Session, person: Person, at: datetime) -> str:
    """A new token instead of the person's last one, to be shown once."""
    end(session, person)
    token = new_token()
    session.add(ApiToken(person_id=person.id, token_print=_print(session, token), made_at=at))
    session.flush()
    return token


def end(session: Session, person: Person) -> None:
    """From now on the person's token is nobody's."""
    session.execute(delete(ApiToken).where(ApiToken.person_id == person.id))


def forget(session: Session, now: datetime) -> None:
    """Delete those that have run out."""
    session.execute(delete(ApiToken).where(ApiToken.made_at <= now - LIFE))


def known(session: Session, person: Person, now: datetime) -> datetime | None:
    """Since when the person has a token, or None."""
    return session.scalar(select(ApiToken.made_at).where(ApiToken.person_id == person.id, _valid(now)))


def person_of(session: Session, token: str, now: datetime) -> Person | None:
    """Whose token it is."""
    theirs = select(ApiToken.person_id).where(ApiToken.token_print == _print(session, token), _valid(now))
    return session.scalar(select(Person).where(Person.id.in_(theirs))) if token else None


def _valid(now: datetime) -> ColumnElement[bool]:
    return ApiToken.made_at > now - LIFE


def _print(session: Session, token: str) -> str:
    return fingerprint(session.info["settings"].secret, f"api-token:{token}")
