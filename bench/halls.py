"""Finding a free hall: how its time grows with history, in a town with very many halls."""

import time
from datetime import UTC, date, datetime, timedelta
from statistics import median
from uuid import uuid4

from sqlalchemy.orm import Session

from bench import county
from bench.county import EVERY_DAY, Town
from bench.figure import Figure, measure
from bench.holds import some_booking
from bench.months import FEW, LOOKS, MANY, load
from buchbar.accounts.queries import municipality
from buchbar.base.db import Database
from buchbar.booking.halls.answering import answer
from buchbar.booking.halls.find import Wish
from buchbar.booking.halls.models import JOURNEY
from buchbar.booking.halls.plan import plan
from buchbar.booking.models import Policy
from buchbar.booking.terms import Terms
from buchbar.calendar.months import add_months
from buchbar.calendar.release import Rolling
from buchbar.calendar.rules import WeeklyRule
from buchbar.resources.halls import Hall, HallHours, HallPart
from buchbar.resources.models import Site
from tests.postgres import Cluster

HALLS, PARTS = 300, 3
EVENING = 18 * 60
# Claims begin every six hours of UTC (bench/months.py): an hour from 18:00 on is free everywhere, three hours nowhere.
LENGTHS = (60, 180)


def find() -> Figure:
    """The time of a question for a free hall among many claims over the time among few."""
    with Cluster(max_connections=20, maintenance_work_mem="512MB", max_wal_size="8GB", autovacuum="off") as cluster:
        url = cluster.create_database()
        few = county.opened(url)
        [town] = county.build(few, towns=1, venues=1)
        month = add_months(datetime.now(UTC).date().replace(day=1), 6)
        with few.write() as session:
            _halls(session, town)
            booking_id = some_booking(session, town)
        resources = HALLS * (PARTS + 1) + 2
        load(few, booking_id, month, 0, FEW // resources)
        few.engine.dispose()
        many = county.opened(cluster.create_database(url))
        begun = time.monotonic()
        load(many, booking_id, month, FEW // resources, MANY // resources)
        took = time.monotonic() - begun
        return measure(
            "find_halls",
            "ms",
            ("≤", 1.2),
            lambda: _times(many, few, town, month.replace(day=27)),
            times=5,
            note=f"{HALLS} halls, {MANY:,} claims over {FEW:,}; loaded in {took:.0f} s".replace(",", " "),
        )


def _halls(session: Session, town: Town) -> None:
    """Put very many halls into the town, open every day."""
    place = Site(id=uuid4(), municipality_id=town.id, name="Schulzentrum")
    policy = Policy(
        municipality_id=town.id,
        journey=JOURNEY,
        valid_from=date(2020, 1, 1),
        terms=Terms(release=Rolling(12), lead_days=0, approval="none"),
        made_at=datetime(2020, 1, 1, tzinfo=UTC),
        made_by="bench",
    )
    session.add_all([place, policy])
    session.flush()
    for number in range(HALLS):
        hall = Hall(
            id=uuid4(),
            municipality_id=town.id,
            site_id=place.id,
            slug=f"halle-{number}",
            name=f"Halle {number + 1}",
            position=number,
            combinations=[(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)],
            hours=HallHours(open=(WeeklyRule(EVERY_DAY, 8 * 60, 22 * 60, on_holidays=True),)),
        )
        session.add(hall)
        session.flush()
        session.add_all(
            HallPart(id=uuid4(), municipality_id=town.id, hall_id=hall.id, number=n, name=f"Feld {n}")
            for n in range(1, PARTS + 1)
        )
    session.flush()


def _times(many: Database, few: Database, town: Town, day: date) -> tuple[float, float]:
    """Milliseconds of a question among many and among few claims, asked in turn: the median once it is warm."""
    times: dict[int, list[float]] = {id(many): [], id(few): []}
    for number in range(LOOKS):
        wish = Wish(day - timedelta(days=number % 7), minute=EVENING, minutes=LENGTHS[number % len(LENGTHS)])
        for database in (many, few):
            begun = time.perf_counter()
            with database.read() as session:
                rules = plan(session, municipality(session, town.slug))
                answered = answer(session, [rules], wish, datetime.now(UTC))
            times[id(database)].append(time.perf_counter() - begun)
            if bool(answered.free) is (wish.minutes > min(LENGTHS)):
                raise RuntimeError("the claims don't lie where they should")
    slow, fast = (median(seen[-LOOKS // 2 :]) * 1000 for seen in times.values())
    return slow, fast
