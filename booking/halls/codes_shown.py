"""What the page of a hall's booking says of its door code, and the letter that says that it is there.

The digits stand on the page alone, from a while before the booking until its doors are shut. Letters lead there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import Database
from buchbar.base.texts import N_, _
from buchbar.booking import lifecycle, links
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.doors import codes, windows
from buchbar.doors.models import Code, Door, Entry, Window
from buchbar.notices import letters
from buchbar.resources.halls import Hall

# No policy shows a code earlier (booking/terms.py).
EARLIEST = timedelta(hours=336)
READY = ("confirmed", "active")
STATES = {
    "ready": N_("bereit"),
    "later": N_("wird rechtzeitig eingerichtet"),
    "coming": N_("wird gerade eingerichtet"),
    "silent": N_("meldet sich nicht"),
}


@dataclass(frozen=True, slots=True)
class ShownDoor:
    """A door of the booking: from when until when it opens, and whether it can be relied on ("ready"; "later" says that
    it isn't time yet). ``try_at`` is the address of its keypad, where it is a lock for trying out."""

    name: str
    state: str
    opens_at: datetime
    closes_at: datetime
    phone: str
    try_at: str = ""

    @property
    def words(self) -> str:
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class Shown:
    """``digits`` are empty before ``appears_at``."""

    appears_at: datetime
    digits: str = field(default="", repr=False)
    doors: tuple[ShownDoor, ...] = ()

    @property
    def ready(self) -> bool:
        """Nothing is wrong at any door."""
        return all(door.state in ("ready", "later") for door in self.doors)

    @property
    def phones(self) -> list[str]:
        """Whom to call where a door doesn't open, those first that aren't ready."""
        ordered = sorted(self.doors, key=lambda door: door.state in ("ready", "later"))
        return list(dict.fromkeys(door.phone for door in ordered if door.phone))


def shown(session: Session, booking: Booking, now: datetime) -> Shown | None:
    """What the page says of the booking's code; None: it has none (yet), or it is over."""
    appears_at = appears(booking)
    if now < appears_at:
        return Shown(appears_at) if _rows(session, booking, now) else None
    return for_clerk(session, booking, now)


def for_clerk(session: Session, booking: Booking, now: datetime) -> Shown | None:
    """The booking's code, also before its owner sees it; None: it has none (yet), or it is over."""
    rows = _rows(session, booking, now)
    if not rows:
        return None
    town, hall = booking.municipality, session.get_one(Hall, booking.resource_id)
    doors = tuple(_door(row[0], row[1], row[2], town, hall, now) for row in rows)
    return Shown(appears(booking), codes.digits_of(session, rows[0][3]), doors)


def _rows(session: Session, booking: Booking, now: datetime) -> Sequence[Row[Window, Door, Entry, Code]]:
    """When the booking needs which door, what its lock knows, and the code."""
    if booking.state != "confirmed":
        return []
    return session.execute(
        select(Window, Door, Entry, Code)
        .join(Door, Door.id == Window.door_id)
        .join(Code, Code.id == Window.code_id)
        .join(Entry, and_(Entry.door_id == Window.door_id, Entry.code_id == Window.code_id))
        .where(Window.booking_id == booking.id, Window.ends_at > now)
        .order_by(Door.position, Door.name)
    ).all()


def appears(booking: Booking) -> datetime:
    """From when on its code is shown."""
    return booking.starts_at - timedelta(hours=booking.terms.code_hours)


def _door(window: Window, door: Door, entry: Entry, town: Municipality, hall: Hall, now: datetime) -> ShownDoor:
    told = entry.told_from is not None and entry.told_until is not None
    covered = told and entry.told_from <= window.starts_at and entry.told_until >= window.ends_at  # type: ignore[operator]
    if entry.state in READY and covered:
        state = "ready"
    elif now < window.starts_at - windows.ahead(door):
        state = "later"
    else:
        state = "silent" if entry.state == "failed" else "coming"
    return ShownDoor(
        name=door.name,
        state=state,
        opens_at=window.starts_at,
        closes_at=window.ends_at,
        phone=door.phone or hall.caretaker_phone or town.office_for(JOURNEY).phone,
        try_at=f"/demo/tuer/{door.id}" if door.adapter == "simulator" and town.demonstration else "",
    )


def write_letters(database: Database, now: datetime) -> int:
    """Write to those whose code can be seen from now on that it is there, each code once; how many."""
    with database.read() as session:
        due = _due(session, now)
    written = 0
    for code_id, booking_id in due.items():
        with database.write() as session:
            written += _write(session, code_id, booking_id, now)
    return written


def _due(session: Session, now: datetime) -> dict[UUID, UUID]:
    """By code, of which nobody has been told: the first booking on whose page it can be seen."""
    near = (
        select(Window.code_id, Booking)
        .join(Booking, Booking.id == Window.booking_id)
        .join(Code, Code.id == Window.code_id)
        .where(*_to_tell(now), Booking.starts_at <= now + EARLIEST)
        .options(joinedload(Booking.policy))
        .order_by(Booking.starts_at, Booking.id)
    )
    due: dict[UUID, UUID] = {}
    for code_id, booking in session.execute(near):
        if booking.state == "confirmed" and appears(booking) <= now:
            due.setdefault(code_id, booking.id)
    return due


def _to_tell(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """A code that is needed, of which nobody was told, and that no lock has refused: who reads of it shall get in."""
    refused = select(Entry.code_id).where(Entry.state == "failed")
    return Code.written_at.is_(None), Code.id.not_in(refused), Window.ends_at > now


def _write(session: Session, code_id: UUID, booking_id: UUID, now: datetime) -> bool:
    booking, use = session.get_one(Booking, booking_id), session.get_one(HallUse, booking_id)
    lifecycle.lock(session, booking)
    needs = select(Code).join(Window, Window.code_id == Code.id).where(Window.booking_id == booking_id)
    still = needs.where(Code.id == code_id, *_to_tell(now)).limit(1).with_for_update(of=Code)
    code = session.scalar(still.execution_options(populate_existing=True))
    if code is None or booking.state != "confirmed" or appears(booking) > now:
        return False
    code.written_at = now
    if not booking.email:
        return False
    town, hall = booking.municipality, session.get_one(Hall, booking.resource_id)
    with texts.speaking(booking.language):
        words = {"hall": hall.name, "day": texts.day(local_date(booking.starts_at, town.zone), "short")}
        subject = _("Ihr Türcode ist da: %(hall)s am %(day)s") % words
        text, html = letters.rendered(
            "door_code",
            town=town,
            office=booking.office,
            subject=subject,
            name=use.contact,
            hall=hall,
            start=booking.starts_at,
            zone=town.zone,
            series=use.series_id is not None,
            link_to_booking=links.url(session, booking),
        )
        letters.write(
            session,
            municipality=town,
            booking_id=booking.id,
            kind="door_code",
            to=booking.email,
            subject=subject,
            text=text,
            html=html,
            at=now,
            office=booking.office,
        )
    return True
