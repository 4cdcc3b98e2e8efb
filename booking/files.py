"""Files that clerks keep with a booking: a scanned form, a copy of a letter.

What a file is, its content says and not its name. Pictures are made anew, so that nothing hidden comes along; a PDF
is kept as it is and only ever given out as a download, sealed off from our pages.
"""

import io
import re
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.base import images
from buchbar.base.db import Base, Identified
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking.models import Booking

MOST_MEGABYTES = 5
MOST_BYTES = MOST_MEGABYTES * 1_000_000
MOST_FILES = 20
MOST_MEGAPIXELS = 40  # more than any camera's photo of a form; a bomb has thousands
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


class File(Identified, Base):
    """A file of a booking; ``name`` is how it is offered for download, safe and with the ending of what it is."""

    __tablename__ = "booking_file"
    __table_args__ = (CheckConstraint(f"media_type IN {tuple(ENDINGS)}", name="media_type"),)

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    added_by: Mapped[str]
    added_at: Mapped[datetime]


def of(session: Session, booking: Booking) -> list[File]:
    """The files of a booking without their contents, in the order in which they came."""
    mine = select(File).where(File.booking_id == booking.id)
    return list(session.scalars(mine.order_by(File.added_at, File.id)))


def file_of(session: Session, booking: Booking, file_id: UUID) -> File:
    """One file of a booking. Raises NotFound."""
    found = session.scalar(select(File).where(File.id == file_id, File.booking_id == booking.id))
    if found is None:
        raise NotFound
    return found


def keep(session: Session, booking: Booking, name: str, content: bytes, at: datetime, by: str) -> File:
    """Keep a file with a booking, which the caller has locked. Raises Invalid with a sentence for what isn't taken."""
    if booking.forgotten_at:
        raise Refused(_("Die Daten dieser Buchung sind gelöscht. Dateien sind nicht mehr möglich."))
    count = session.scalar(select(func.count()).select_from(File).where(File.booking_id == booking.id)) or 0
    if count >= MOST_FILES:
        raise _faulty(_("Zu einer Buchung gehören höchstens %d Dateien.") % MOST_FILES)
    media_type, clean = checked(content)
    kept = File(
        id=uuid4(),
        booking_id=booking.id,
        name=safe_name(name, ENDINGS[media_type]),
        media_type=media_type,
        size=len(clean),
        content=clean,
        added_by=by,
        added_at=at,
    )
    session.add(kept)
    session.flush()
    return kept


def checked(content: bytes) -> tuple[str, bytes]:
    """What an upload is, and what of it is kept. Raises Invalid for anything but a sound PDF, PNG or JPEG."""
    try:
        images.sized(content, MOST_MEGABYTES)
        return ("application/pdf", content) if content.startswith(b"%PDF-") else _made_anew(content)
    except ValueError as fault:
        raise _faulty(str(fault)) from None


def _made_anew(content: bytes) -> tuple[str, bytes]:
    otherwise = _("Das ist keine PDF-, PNG- oder JPEG-Datei, oder sie ist beschädigt.")
    made = io.BytesIO()
    with images.bare(content, ("PNG", "JPEG"), MOST_MEGAPIXELS, otherwise) as picture:
        # Some telephones' photos hold several pictures; what begins them is a JPEG nevertheless.
        kind = "PNG" if content.startswith(b"\x89PNG") else "JPEG"
        picture.save(made, kind, **({"quality": 88} if kind == "JPEG" else {}))
    if made.tell() > 2 * MOST_BYTES:
        raise ValueError(_("Die Datei ist zu groß. Bitte höchstens %d MB.") % MOST_MEGABYTES)
    return f"image/{kind.lower()}", made.getvalue()


def safe_name(name: str, ending: str) -> str:
    """The last part of a name without anything that a path, a header or a page could stumble over, and the ending."""
    last = re.split(r"[/\\]", name)[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", last)
    stem = re.sub(r"[^\w \-().,]", "_", stem).strip(" .")[:80]
    return f"{stem or _('Datei')}.{ending}"


def erase(session: Session, booking: Booking, file_id: UUID) -> str:
    """Delete a file; how it was called. Raises NotFound."""
    found = file_of(session, booking, file_id)
    session.delete(found)
    return found.name


def forget(session: Session, booking_id: UUID) -> None:
    """Delete all files of a booking."""
    session.execute(delete(File).where(File.booking_id == booking_id))


def _faulty(sentence: str) -> Invalid:
    return Invalid({"datei": sentence})
