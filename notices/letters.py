"""Writing a letter: the row and the errand that delivers it, in the transaction of what it tells about.

If that transaction is undone there is no letter, and none goes out before it is saved.
"""

import re
from datetime import datetime
from email.headerregistry import Address
from html import unescape
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import delete
from sqlalchemy.orm import Session

from buchbar.base import texts
from buchbar.base.pages import render
from buchbar.notices import outbox
from buchbar.notices.models import Letter, Part
from buchbar.notices.wordings import Own


class Sender(Protocol):
    """The municipality in whose name a letter goes out; answers go to its office, if no other one is named."""

    @property
    def id(self) -> UUID: ...
    @property
    def office(self) -> str: ...
    @property
    def email(self) -> str: ...


class Answers(Protocol):
    """The office to which answers go."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...


def rendered(kind: str, **context: Any) -> tuple[str, str]:
    """A letter as text and as HTML, both from templates/letters/{kind}.html, so that they never say different things.

    The template extends the frame and imports the parts of the ``form`` that it is rendered in. In text nothing needs
    escaping, so what was escaped on the way is put back.
    """
    template = f"letters/{kind}.html"
    context = {"wording": Own()} | context
    in_text = unescape(render(None, template, form="txt", **context))
    return re.sub(r"\n{3,}", "\n\n", in_text).strip() + "\n", render(None, template, form="html", **context)


def on_paper(kind: str, **context: Any) -> tuple[Part, ...]:
    """The same letter in parts, for a page that is printed: ("p", words), ("heading", words), ("fact", label, value),
    ("point", words), ("picture", what it shows, SVG): beside the facts after it."""
    made = unescape(render(None, f"letters/{kind}.html", form="paper", **({"wording": Own()} | context)))
    parts = (part.split("\x1f") for part in made.split("\x1e")[1:])
    return tuple((kind, *(" ".join(words.split()) for words in rest)) for kind, *rest in parts)


def write(
    session: Session,
    *,
    municipality: Sender,
    booking_id: UUID | None,
    kind: str,
    to: str,
    subject: str,
    text: str,
    html: str,
    at: datetime,
    calendar: bytes | None = None,
    method: str | None = None,
    office: Answers | None = None,
) -> Letter:
    """Write a letter and put it into the outbox.

    ``calendar`` is iCalendar text whose METHOD is ``method`` ("REQUEST" or "CANCEL"). The letter's language is the
    one in which it was just rendered. ValueError for a line break in the subject: nothing may smuggle in a header.
    """
    if len(subject.splitlines()) != 1:
        raise ValueError("a subject is one line")
    name, email = (office.name, office.email) if office else (municipality.office, municipality.email)
    letter_id = uuid4()
    letter = Letter(
        id=letter_id,
        municipality_id=municipality.id,
        booking_id=booking_id,
        kind=kind,
        to_address=to,
        subject=subject,
        text=text,
        html=html,
        language=texts.language.get(),
        calendar=calendar.decode() if calendar else None,
        calendar_method=method,
        reply_to=str(Address(name, addr_spec=email)) if email else "",
        message_id=f"<{letter_id}@{urlsplit(session.info['settings'].base_url).hostname}>",
        written_at=at,
    )
    session.add(letter)
    session.flush()
    outbox.send(session, "mail", letter.id, at)
    return letter


def lay_out(
    session: Session,
    *,
    municipality: Sender,
    booking_id: UUID,
    kind: str,
    subject: str,
    parts: tuple[Part, ...],
    at: datetime,
) -> Letter:
    """Write a letter on paper: nobody mails it, it waits to be printed."""
    letter_id = uuid4()
    letter = Letter(
        id=letter_id,
        municipality_id=municipality.id,
        booking_id=booking_id,
        kind=kind,
        to_address="",
        subject=subject,
        text="\n\n".join(": ".join(words) for kind, *words in parts if kind != "picture"),
        html="",
        language=texts.language.get(),
        message_id=f"<{letter_id}@{urlsplit(session.info['settings'].base_url).hostname}>",
        written_at=at,
        paper=parts,
    )
    session.add(letter)
    session.flush()
    return letter


def forget(session: Session, booking_id: UUID) -> None:
    """Delete the letters about a booking, for they hold names and addresses."""
    session.execute(delete(Letter).where(Letter.booking_id == booking_id))
