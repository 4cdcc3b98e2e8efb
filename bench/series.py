"""A season of 40 dates, checked and booked, over 40 bare claims inserted in one transaction; on PostgreSQL."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from bench import county
from bench.figure import Figure, measure
from bench.holds import FAR
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.app.assembly import put_together
from buchbar.base.db import Database
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import series
from buchbar.booking.halls.reservation import Use
from buchbar.booking.halls.series_dates import Request, check
from buchbar.booking.models import Booking
from buchbar.calendar.repeats import Repeat
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import Gym
from tests.postgres import Cluster

DATES = 40
SEASONS = 6  # of each round
USE = Use(organiser="TuS Diepholz", contact="Alex Brandt", email="coach@example.org", title="Handball", persons=14)


def forty() -> Figure:
    """Dates a second through check and book, one season a transaction, over bare claims a second in the same way."""
    put_together()
    with Cluster(durable=True) as cluster:
        url = cluster.create_database()
        database = county.opened(url)
        with database.write() as session:
            hall = gym.build(session, assemble(session))
        wishes = _wishes(hall)
        _book(database, hall, wishes, 1)  # warms up
        with database.read() as session:
            booking_id = session.query(Booking.id).limit(1).scalar()
        parsed = make_url(url)
        with psycopg.connect(f"host={parsed.query['host']} user={parsed.username} dbname={parsed.database}") as raw:
            return measure(
                "series_40",
                "dates/s",
                None,
                lambda: (_book(database, hall, wishes, SEASONS), _insert(raw, hall, booking_id, SEASONS)),
                note="one hall, PostgreSQL, durable",
            )


def _wishes(hall: Gym) -> Iterator[Request]:
    """Seasons of which all dates are free: each weekday, each evening, each part."""
    for day, hour, part in product(range(7), (16, 18), (1, 2, 3)):
        first = date(2026, 12, 1) + timedelta(days=day)
        repeat = Repeat(first=first, from_minute=hour * 60, until_minute=(hour + 2) * 60, count=DATES)
        yield Request(hall_id=hall.hall.id, parts=(part,), repeat=repeat, use=USE)


def _book(database: Database, hall: Gym, wishes: Iterator[Request], seasons: int) -> float:
    begun = time.monotonic()
    for _season in range(seasons):
        wish = next(wishes)
        with database.write() as session:
            town, request = session.get_one(Municipality, hall.town.town.id), _for_club(session, hall, wish)
            free = [each.slot for each in check(session, town, request, NOW, CITIZEN) if each.slot and each.free]
            made = series.book(session, town, request, NOW, CITIZEN, free)
            if len(made.booked) < DATES:
                raise RuntimeError(f"{len(made.booked)} of {DATES} dates")
    return seasons * DATES / (time.monotonic() - begun)


def _for_club(session: Session, hall: Gym, wish: Request) -> Request:
    club = session.get_one(Organisation, hall.club.id)
    return Request(hall_id=wish.hall_id, parts=wish.parts, repeat=wish.repeat, use=wish.use, organisation=club)


_hours = iter(range(0, 10_000_000, 2))


def _insert(raw: psycopg.Connection, hall: Gym, booking_id: UUID, seasons: int) -> float:
    begun = time.monotonic()
    for _season in range(seasons):
        with raw.transaction():
            for _date in range(DATES):
                at = FAR + timedelta(hours=next(_hours))
                raw.execute(
                    "INSERT INTO claim (id, resource_id, starts_at, ends_at, booking_id) VALUES (%s, %s, %s, %s, %s)",
                    (uuid4(), hall.parts[1].id, at, at + timedelta(hours=1), booking_id),
                )
    return seasons * DATES / (time.monotonic() - begun)
