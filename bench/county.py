"""The county that is measured: some towns, each with as many registrars as venues, open every hour of every day.

So each slot can be held, in any order, and nothing but the work itself is measured.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.app.migrate import migrate
from buchbar.base.db import Database, connect
from buchbar.base.settings import DEMO_SECRET, DEMO_STRIPE_KEY, DEMO_WEBHOOK_SECRET, Settings
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms
from buchbar.booking.weddings.timetable import JOURNEY, timetable
from buchbar.calendar.release import Rolling
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.models import Opening, Registrar, Site, Venue

EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True)
class Town:
    id: UUID
    slug: str
    venues: list[UUID]
    registrars: list[UUID]


def settings(url: str, port: int = 8000) -> Settings:
    """The settings of a small installation, by default values."""
    return Settings(
        demo=True,
        database_url=url,
        base_url=f"http://127.0.0.1:{port}",
        port=port,
        workers=2,
        secret=DEMO_SECRET,
        allowed_hosts=(f"127.0.0.1:{port}",),
        smtp_url="",
        mail_from="Buchbar <buchbar@example.org>",
        stripe_key=DEMO_STRIPE_KEY,
        stripe_webhook_secret=DEMO_WEBHOOK_SECRET,
        stripe_url="http://127.0.0.1:1",
        pool=10,
    )


def opened(url: str, pool: int = 10) -> Database:
    """The database, brought to the newest migration."""
    database = Database(connect(url, pool=pool), settings=settings(url))
    migrate(database.engine)
    return database


def build(database: Database, towns: int, venues: int) -> list[Town]:
    """Put the county into the database."""
    with database.write() as session:
        return [_town(session, f"stadt-{number}", venues) for number in range(towns)]


def _town(session: Session, slug: str, venues: int) -> Town:
    town = Municipality(id=uuid4(), slug=slug, name=slug.title(), land="NI", email="standesamt@example.org")
    hall = Site(id=uuid4(), municipality_id=town.id, name="Rathaus", way_minutes=0)
    rooms = [
        Venue(
            id=uuid4(),
            municipality_id=town.id,
            site_id=hall.id,
            slug=f"raum-{number}",
            name=f"Trauzimmer {number + 1}",
            position=number,
            persons=20,
            length_minutes=30,
            step_minutes=60,
            openings=[Opening(rule=WeeklyRule(EVERY_DAY, 9 * 60, 19 * 60))],
        )
        for number in range(venues)
    ]
    staff = [
        Registrar(
            id=uuid4(),
            municipality_id=town.id,
            name=f"Standesbeamtin {number + 1}",
            initials=f"S{number + 1}",
            venues=rooms,
            openings=[Opening(rule=WeeklyRule(EVERY_DAY, 8 * 60, 20 * 60))],
        )
        for number in range(venues)
    ]
    policy = Policy(
        municipality_id=town.id,
        journey=JOURNEY,
        valid_from=date(2020, 1, 1),
        terms=Terms(release=Rolling(12), lead_days=14, hold_minutes=120),
        made_at=datetime(2020, 1, 1, tzinfo=UTC),
        made_by="bench",
    )
    for rows in ([town], [hall], [*rooms, policy], staff):
        session.add_all(rows)
        session.flush()
    return Town(town.id, slug, [room.id for room in rooms], [each.id for each in staff])


def slots(database: Database, towns: list[Town], now: datetime) -> Iterator[tuple[Town, UUID, str, datetime]]:
    """Every slot that can be held now: town, venue, its slug and the beginning; by chance within each month."""
    with database.read() as session:
        known = [(town, timetable(session, session.get_one(Municipality, town.id))) for town in towns]
    chance = random.Random(1)
    for first in range(16, 360, 30):
        days = [now.date() + timedelta(days=first + n) for n in range(min(30, 360 - first))]
        month = [(town, slot) for day in days for town, times in known for slot in times.slots_on(day)]
        for town, slot in chance.sample(month, len(month)):
            yield town, slot.venue.id, slot.venue.slug, slot.span.start
