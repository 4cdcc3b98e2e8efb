"""How tests become a clerk: with a session as sign-in makes it, or with the code from the mail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from litestar.testing import TestClient
from sqlalchemy import event, select

from buchbar.accounts.models import Clerk, SignIn
from buchbar.accounts.sign_in import LONGEST
from buchbar.base.db import Database
from buchbar.base.tokens import fingerprint, new_token
from buchbar.notices.models import Letter
from tests.cast import NOW, SETTINGS, Cast


def colleague(database: Database, town: Cast, role: str, name: str = "Herr Winter") -> Clerk:
    """Another clerk of the same town hall."""
    with database.write() as session:
        clerk = Clerk(
            id=uuid4(),
            municipality_id=town.town.id,
            name=name,
            email=f"{role}.{name.split()[-1].lower()}@{town.town.slug}.example.org",
            role=role,
        )
        session.add(clerk)
        return clerk


def become(client: TestClient, database: Database, clerk: Clerk, now: datetime = NOW) -> str:
    """Let the client be this clerk; the token of the session."""
    token = new_token()
    with database.write() as session:
        session.add(
            SignIn(
                token_print=fingerprint(SETTINGS.secret, f"sign-in:{token}"),
                clerk_id=clerk.id,
                signed_in_at=now,
                seen_at=now,
                ends_at=now + LONGEST,
            )
        )
    client.cookies.delete("amt")
    client.cookies.set("amt", token)
    return token


def code_in_mail(database: Database) -> str:
    """The code in the newest letter."""
    with database.read() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "sign_in").order_by(Letter.written_at)).all()[-1]
    return re.search(r"\b\d{6}\b", letter.text)[0]  # type: ignore[index]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that the block sends to the database."""
    sent: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", listen)
