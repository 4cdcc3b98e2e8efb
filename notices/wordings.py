"""What a town says in its own words in its letters: subject, opening and closing, with variables in braces.

What is typed is text and never HTML: a blank line begins a paragraph, an https:// address becomes a link. Variables
are looked for once, in what the town typed, so nothing that stands in a name or an address is taken for one.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base.db import Base, Identified, insert
from buchbar.base.texts import _

_VARIABLE = re.compile(r"\{([^{}]*)\}")
# An address ends before the sign that ends the sentence around it.
_ADDRESS = re.compile(r"https://[^\s<>\"{}]*[^\s<>\"{}.,;:!?)'“”]")


class Wording(Identified, Base):
    """A town's own words for one kind of letter in one language; what is empty is as it is built in."""

    __tablename__ = "wording"
    __table_args__ = (UniqueConstraint("municipality_id", "kind", "language"),)

    municipality_id: Mapped[UUID] = mapped_column(ForeignKey("municipality.id"), index=True)
    kind: Mapped[str]
    language: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    opening: Mapped[str] = mapped_column(default="")
    closing: Mapped[str] = mapped_column(default="")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of a line; with ``href`` they are a link."""

    words: str
    href: str = ""


Paragraph = list[list[Piece]]  # lines of pieces


@dataclass(frozen=True, slots=True)
class Own:
    """A town's words with the variables filled in; what is empty is as it is built in."""

    subject: str = ""
    opening: tuple[Paragraph, ...] = ()
    closing: tuple[Paragraph, ...] = ()


def of(session: Session, town_id: UUID, kind: str, language: str) -> Wording | None:
    """The town's words for a kind of letter, if it has ever had any."""
    mine = Wording.municipality_id == town_id, Wording.kind == kind, Wording.language == language
    return session.scalar(select(Wording).where(*mine))


def kept(session: Session, town_id: UUID, kind: str, language: str) -> Wording:
    """The row for the town's words, made if there is none yet; of two who make it at once, one does."""
    row = {"municipality_id": town_id, "kind": kind, "language": language, "subject": "", "opening": "", "closing": ""}
    session.execute(insert(session, Wording).values(**row).on_conflict_do_nothing())
    mine = Wording.municipality_id == town_id, Wording.kind == kind, Wording.language == language
    return session.scalars(select(Wording).where(*mine)).one()


def check(typed: str, known: Collection[str], needed: Collection[str] = ()) -> str:
    """What was typed, if its variables can be filled in. ValueError with a sentence that names what can't.

    ``known`` are the names of the variables, ``needed`` those that must not be missing unless nothing was typed.
    """
    used = _VARIABLE.findall(typed)
    for name in used:
        if name not in known:
            raise ValueError(_("„{%s}“ gibt es in diesem Brief nicht.") % name)
    if broken := re.search(r"\S*[{}]\S*", _VARIABLE.sub("", typed)):
        raise ValueError(
            _("Bei „%s“ fehlt eine geschweifte Klammer. Variablen stehen in zweien, zum Beispiel {datum}.") % broken[0]
        )
    if missing := [name for name in needed if typed and name not in used]:
        raise ValueError(_("Hier fehlt „{%s}“: Ohne diese Angabe ist der Brief nicht vollständig.") % missing[0])
    return typed


def filled(typed: str, values: Mapping[str, str]) -> str:
    """One line with its variables filled in; line breaks in what is filled in become blanks."""
    words = _VARIABLE.sub(lambda found: values.get(found[1], ""), typed)
    return " ".join(words.split())


def paragraphs(typed: str, values: Mapping[str, str]) -> tuple[Paragraph, ...]:
    """Paragraphs of lines with the variables filled in and the addresses as links."""
    parts = re.split(r"\n\s*\n", typed.replace("\r\n", "\n").strip())
    return tuple([_line(line.strip(), values) for line in part.splitlines()] for part in parts if part.strip())


def own(wording: "Wording | None", values: Mapping[str, str]) -> Own:
    """The town's words for one letter."""
    if wording is None:
        return Own()
    return Own(
        filled(wording.subject, values), paragraphs(wording.opening, values), paragraphs(wording.closing, values)
    )


def _line(line: str, values: Mapping[str, str]) -> list[Piece]:
    """Only addresses that the town typed become links, never one that stands in a couple's name."""
    pieces, end = [], 0
    for address in _ADDRESS.finditer(line):
        pieces.append(Piece(_put_in(line[end : address.start()], values)))
        pieces.append(Piece(address[0], address[0]))
        end = address.end()
    pieces.append(Piece(_put_in(line[end:], values)))
    return [piece for piece in pieces if piece.words]


def _put_in(words: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: " ".join(values.get(found[1], "").split()), words)
