"""A request that a program sends twice under the same key is done once, and answered the same.

The answer is written in the transaction that does the work: a killed process leaves neither. A key belongs to a person
and to one request: method, path and body.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.accounts.people import Person
from buchbar.base.db import Base, Database, in_line
from buchbar.base.errors import Invalid
from buchbar.base.texts import _

KEPT = timedelta(days=1)
LONGEST_KEY = 200


class ApiAnswer(Base):
    """What was answered to a request. ``key_print`` names the person's key, ``request_print`` what was asked."""

    __tablename__ = "api_answer"

    key_print: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    request_print: Mapped[str]
    body: Mapped[str]
    made_at: Mapped[datetime]


def earlier(session: Session, person: Person, key: str, method: str, path: str, body: bytes) -> Any | None:
    """What was answered to the same request under this key, or None; who asks at the same time waits. Raises Invalid
    for a key that stands for another request."""
    if not key:
        return None
    if len(key) > LONGEST_KEY:
        raise Invalid({"Idempotency-Key": _("Bitte höchstens %d Zeichen.") % LONGEST_KEY})
    in_line(session, f"api {_key(person, key)}")
    known = session.get(ApiAnswer, _key(person, key))
    if known is None:
        return None
    if known.request_print != _asked(method, path, body):
        raise Invalid({"Idempotency-Key": _("Dieser Schlüssel gehört zu einer anderen Anfrage.")})
    return msgspec.json.decode(known.body)


def keep(
    session: Session, person: Person, key: str, method: str, path: str, body: bytes, answer: Any, at: datetime
) -> None:
    """Remember what is answered, for a day."""
    if key:
        session.add(
            ApiAnswer(
                key_print=_key(person, key),
                person_id=person.id,
                request_print=_asked(method, path, body),
                body=msgspec.json.encode(answer).decode(),
                made_at=at,
            )
        )


def forget(database: Database, now: datetime) -> int:
    """Delete answers that nobody asks for again; how many."""
    with database.write() as session:
        old = delete(ApiAnswer).where(ApiAnswer.made_at < now - KEPT).returning(ApiAnswer.key_print)
        return len(session.scalars(old).all())


def _key(person: Person, key: str) -> str:
    return hashlib.sha256(f"{person.id} {key}".encode()).hexdigest()


def _asked(method: str, path: str, body: bytes) -> str:
    return hashlib.sha256(f"{method} {path} ".encode() + hashlib.sha256(body).digest()).hexdigest()
