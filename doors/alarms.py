"""Tells the office before the hour when a door doesn't have a code yet that somebody will soon stand before it with."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import Database
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.doors.models import ENTRY_STATES, Door, Entry, Window
from buchbar.notices import letters

BEFORE = timedelta(hours=2)
# What has only just been wanted is given a while.
JUST_NOW = timedelta(minutes=5)
READY = ("confirmed", "active")


def raise_all(database: Database, now: datetime) -> int:
    """Write to each office of the doors that don't have their codes two hours before, each code and time once; how
    many of these."""
    with database.read() as session:
        towns = session.scalars(select(Door.municipality_id).join(Entry).where(*_late(now)).distinct()).all()
    told = 0
    for town_id in towns:
        with database.write() as session:
            told += _tell(session, session.get_one(Municipality, town_id), now)
    return told


def hanging(session: Session, municipality_id: UUID, now: datetime) -> Sequence[Entry]:
    """What a clerk should look at: codes that their doors refuse or don't take in time, or don't forget, and such as
    are needed at a door and not there."""
    soon = and_(_soon(now), Entry.ends_at > now, Entry.state.in_(("planned", "sent")))
    long = and_(Entry.state.in_(("sent", "removing")), Entry.tries >= 3)
    ours = (
        select(Entry)
        .join(Door, Door.id == Entry.door_id)
        .where(Door.municipality_id == municipality_id, Entry.changed_at <= now - JUST_NOW)
        .where(or_(Entry.state == "failed", soon, long, _lost(now)))
    )
    return session.scalars(ours.options(joinedload(Entry.door)).order_by(Entry.starts_at, Entry.id)).all()


def _late(now: datetime) -> tuple[ColumnElement[bool], ...]:
    not_there = and_(Entry.state.in_(("planned", "sent", "failed")), _soon(now), Entry.ends_at > now)
    return Entry.alarmed_at.is_(None), or_(not_there, _lost(now)), Entry.changed_at <= now - JUST_NOW


def _soon(now: datetime) -> ColumnElement[bool]:
    """It is high time; a lock that knows no times gets its code only when that begins."""
    return or_(and_(Door.keeps_time.is_(True), Entry.starts_at <= now + BEFORE), Entry.starts_at <= now - JUST_NOW)


def _lost(now: datetime) -> ColumnElement[bool]:
    """Removed, although a booking needs it soon and the door is in use. The job that finds such has been there since
    (booking/halls/door_codes.py)."""
    needed = exists().where(
        Window.door_id == Entry.door_id,
        Window.code_id == Entry.code_id,
        Window.starts_at <= now + BEFORE,
        Window.ends_at > now,
    )
    return and_(Entry.state == "removed", Door.active.is_(True), Entry.changed_at <= now - 2 * JUST_NOW, needed)


def _tell(session: Session, town: Municipality, now: datetime) -> int:
    ours = select(Entry).join(Door, Door.id == Entry.door_id).where(Door.municipality_id == town.id, *_late(now))
    locked = ours.options(joinedload(Entry.door)).order_by(Entry.starts_at, Entry.id)
    late = session.scalars(locked.with_for_update(of=Entry, skip_locked=True)).all()
    office = town.office_for("halls")
    if not office.email:
        return 0  # nobody was told
    if late:
        for entry in late:
            entry.alarmed_at = now
        settings: Settings = session.info["settings"]
        with texts.speaking("de"):
            lines = [
                (entry.door.name, texts.moment(entry.starts_at, town.zone), _(entry.fault or ENTRY_STATES[entry.state]))
                for entry in late
            ]
            subject = _("Eine Tür ist nicht bereit") if len(late) == 1 else _("Mehrere Türen sind nicht bereit")
            link = f"{settings.base_url}/{town.slug}/amt/tueren"
            text, html = letters.rendered(
                "door_alarm", town=town, office=office, subject=subject, lines=lines, desk_link=link
            )
            letters.write(
                session,
                municipality=town,
                booking_id=None,
                kind="door_alarm",
                to=office.email,
                subject=subject,
                text=text,
                html=html,
                at=now,
                office=office,
            )
    return len(late)
