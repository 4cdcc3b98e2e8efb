"""Who came, as the doors have told: a booking whose doors tell what happens, and of which nobody came, was missed.

Three times in a row of one series, or of one organisation's single dates, is for the office to see.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.models import Booking
from buchbar.booking.policies import policies
from buchbar.booking.terms import Terms
from buchbar.calendar.walls import local_date
from buchbar.doors import events, locks, windows
from buchbar.doors.models import Door, Window

IN_A_ROW = 3
# So far back one looks for what was missed, and for rows of it.
RECENT, ROWS = timedelta(days=2), timedelta(days=120)
# Locks tell with some delay.
DELAY = timedelta(minutes=30)
# Codes that nothing needs any more are kept so long.
CODES = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NoShow:
    """Somebody who hasn't come several times in a row: ``times`` since ``since``, ``last`` the last booking."""

    organiser: str
    organisation_id: UUID | None
    series_id: UUID | None
    times: int
    since: datetime
    last: Booking


def present(session: Session, booking_id: UUID, at: datetime) -> None:
    """Somebody has opened a door with the booking's code."""
    mine = HallUse.booking_id == booking_id
    session.execute(update(HallUse).where(mine, HallUse.present_at.is_(None)).values(present_at=at))
    session.execute(update(HallUse).where(mine, HallUse.missed_at.is_not(None)).values(missed_at=None))


def note_missed(database: Database, now: datetime) -> int:
    """Write down which bookings were missed; how many."""
    with database.write() as session:
        missed = _missed(session, now)
        if missed:
            session.execute(update(HallUse).where(HallUse.booking_id.in_(missed)).values(missed_at=now))
        return len(missed)


def _missed(session: Session, now: datetime) -> list[UUID]:
    """Bookings that are over, of which each door tells who opened it and was heard of since, and none has told that."""
    over = (
        select(Window.booking_id, Window.ends_at, Door)
        .join(Door, Door.id == Window.door_id)
        .join(HallUse, HallUse.booking_id == Window.booking_id)
        .join(Booking, Booking.id == Window.booking_id)
        .where(
            Booking.journey == JOURNEY,
            Booking.state == "confirmed",
            Window.ends_at <= now - DELAY,
            Window.ends_at > now - RECENT,
            HallUse.present_at.is_(None),
            HallUse.missed_at.is_(None),
        )
    )
    told: dict[UUID, bool] = {}
    for booking_id, ended_at, door in session.execute(over):
        told[booking_id] = told.get(booking_id, True) and _has_told(session, door, ended_at)
    return sorted(booking_id for booking_id, all_told in told.items() if all_told)


def _has_told(session: Session, door: Door, ended_at: datetime) -> bool:
    """Whether the door's lock would have told by now that somebody came."""
    if door.adapter == "simulator":
        return True
    if locks.of(door).abilities.polled:
        return door.heard_at is not None and door.heard_at >= ended_at
    return door.heard_at is not None and bool(locks.settings_of(session.info["settings"], door).get("events"))


def _kept_days(session: Session, town: Municipality, now: datetime) -> int:
    """How many days the town keeps who opened; without a policy as long as policies do by themselves."""
    today = local_date(now, town.zone)
    held = [policy for policy in policies(session, town.id, JOURNEY) if policy.valid_from <= today]
    return held[0].terms.door_days if held else Terms().door_days


def no_shows(session: Session, town: Municipality, now: datetime) -> list[NoShow]:
    """Who hasn't come three times in a row or more, the longest row first. Of dates that are longer ago than it is kept
    who came, those that weren't missed end a row."""
    forgotten = now - timedelta(days=_kept_days(session, town, now))
    missed = HallUse.missed_at.is_not(None)
    known = (
        select(Booking, HallUse)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(
            Booking.municipality_id == town.id,
            Booking.journey == JOURNEY,
            Booking.ends_at > now - ROWS,
            Booking.ends_at <= now,
            Booking.state == "confirmed",
            or_(missed, HallUse.present_at.is_not(None), Booking.ends_at <= forgotten),
            or_(
                HallUse.series_id.in_(select(HallUse.series_id).where(missed)),
                HallUse.organisation_id.in_(select(HallUse.organisation_id).where(missed)),
            ),
        )
        .order_by(Booking.starts_at.desc(), Booking.id)
    )
    rows: dict[tuple[UUID | None, UUID | None], list[tuple[Booking, HallUse]]] = defaultdict(list)
    came: set[tuple[UUID | None, UUID | None]] = set()
    for booking, use in session.execute(known):
        whose = (use.series_id, None if use.series_id else use.organisation_id)
        if use.missed_at is None:
            came.add(whose)
        elif whose not in came:
            rows[whose].append((booking, use))
    found = [
        NoShow(
            organiser=those[0][1].organiser,
            organisation_id=those[0][1].organisation_id,
            series_id=series_id,
            times=len(those),
            since=those[-1][0].starts_at,
            last=those[0][0],
        )
        for (series_id, _organisation), those in rows.items()
        if len(those) >= IN_A_ROW
    ]
    return sorted(found, key=lambda each: (-each.times, each.organiser, each.last.id))


def tidy(database: Database, now: datetime) -> int:
    """Forget who opened which door, when the town's days are over, and codes that nothing needs; how many towns."""
    with database.write() as session:
        towns = session.scalars(
            select(Municipality).where(Municipality.id.in_(select(Door.municipality_id).distinct()))
        ).all()
        for town in towns:
            before = now - timedelta(days=_kept_days(session, town, now))
            events.forget(session, town.id, before)
            theirs = select(Booking.id).where(Booking.municipality_id == town.id, Booking.journey == JOURNEY)
            who_came = update(HallUse).where(HallUse.booking_id.in_(theirs), HallUse.present_at < before)
            session.execute(who_came.values(present_at=None))
        windows.tidy(session, now - CODES)
        return len(towns)
