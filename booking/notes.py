"""What clerks write down about a booking for each other. The couple never sees it; it goes with their data."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from buchbar.accounts.models import Clerk
from buchbar.base.db import Base, Identified
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking.models import Booking

LONGEST = 2000


class Note(Identified, Base):
    """A note, by whom and when."""

    __tablename__ = "booking_note"

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id", ondelete="CASCADE"), index=True)
    clerk_id: Mapped[UUID] = mapped_column(ForeignKey("clerk.id"))
    written_by: Mapped[str]
    written_at: Mapped[datetime]
    text: Mapped[str]


def of(session: Session, booking: Booking) -> list[Note]:
    """The notes about a booking, the newest first."""
    mine = select(Note).where(Note.booking_id == booking.id)
    return list(session.scalars(mine.order_by(Note.written_at.desc(), Note.id)))


def write(session: Session, booking: Booking, clerk: Clerk, text: str, at: datetime) -> None:
    """Add a note; the same words again by the same clerk, as a second click sends them, are one."""
    if booking.forgotten_at:
        raise Refused(_("Die Daten dieser Buchung sind gelöscht. Notizen sind nicht mehr möglich."))
    newest = next(iter(of(session, booking)), None)
    if newest and (newest.clerk_id, newest.text) == (clerk.id, text):
        return
    session.add(Note(booking_id=booking.id, clerk_id=clerk.id, written_by=clerk.name, written_at=at, text=text))


def erase(session: Session, booking: Booking, clerk: Clerk, note_id: UUID) -> None:
    """Delete a note of one's own. Raises NotFound, and Refused for a colleague's."""
    note = session.scalar(select(Note).where(Note.id == note_id, Note.booking_id == booking.id))
    if note is None:
        raise NotFound
    if note.clerk_id != clerk.id:
        raise Refused(_("Diese Notiz hat %s geschrieben und kann nur dort gelöscht werden.") % note.written_by)
    session.delete(note)


def forget(session: Session, booking_id: UUID) -> None:
    """Delete all notes about a booking."""
    session.execute(delete(Note).where(Note.booking_id == booking_id))
