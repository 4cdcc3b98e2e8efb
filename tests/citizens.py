"""How tests become a citizen: with a session as signing in makes it."""

from datetime import datetime
from uuid import uuid4

from litestar.testing import TestClient
from sqlalchemy import select

from buchbar.accounts import citizens
from buchbar.accounts.people import Person
from buchbar.base.db import Database
from tests.cast import NOW


def person(database: Database, email: str, name: str = "") -> Person:
    """The person of this address."""
    with database.write() as session:
        found = session.scalar(select(Person).where(Person.email == email))
        if found is None:
            found = Person(id=uuid4(), email=email, name=name, made_at=NOW)
            session.add(found)
        return found


def become_citizen(client: TestClient, database: Database, somebody: Person, now: datetime = NOW) -> str:
    """Let the client be this person; the token of the session."""
    with database.write() as session:
        token = citizens.begin(session, session.merge(somebody, load=True), now)
    client.cookies.delete(citizens.COOKIE)
    client.cookies.set(citizens.COOKIE, token)
    return token
