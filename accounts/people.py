"""Citizens: one account for all towns of an installation, found again by its e-mail address."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from buchbar.base.db import Base, Identified


class Person(Identified, Base):
    """Somebody who has proven an e-mail address (kept in lower case). Has no password: signs in by a code by mail."""

    __tablename__ = "person"

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="de")
    made_at: Mapped[datetime]
    last_in_at: Mapped[datetime | None]


class PersonCode(Identified, Base):
    """A code that was mailed to an address: valid for minutes, for few attempts, once. ``email`` is a fingerprint of
    the address; the person is there only once the code was right."""

    __tablename__ = "person_code"

    email: Mapped[str]
    code_print: Mapped[str]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class PersonSignIn(Base):
    """A citizen's session. The cookie holds the token, the table its fingerprint; it is made new at each sign-in."""

    __tablename__ = "person_sign_in"

    token_print: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    person: Mapped[Person] = relationship()
