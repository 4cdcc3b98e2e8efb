"""What is offered is always accepted, and what isn't offered is always refused: over random towns, days and moments."""

import shutil
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, connect
from buchbar.base.errors import Refused
from buchbar.booking import closures
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, Claim, Policy
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import NotOffered, SlotTaken, busy_between
from buchbar.booking.weddings.slots import Wish, look_at_day
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.release import FixedInstant, Rolling
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span
from buchbar.resources.models import Opening, OpeningException, Registrar, Resource, Site, Venue
from tests import cast as people
from tests.cast import BERLIN, CLERK

DAYS = [
    date(2027, 3, 28),  # 02:00 to 03:00 doesn't exist
    date(2027, 10, 31),  # 02:00 to 03:00 exists twice
    date(2027, 3, 27), date(2027, 10, 30), date(2027, 5, 15), date(2027, 5, 17), date(2028, 2, 29),
]  # fmt: skip
FEW = [0, 0, 5, 10, 15, 15, 20, 30, 60, 240]


def rule(dice: Random, day: date) -> WeeklyRule:
    begin = dice.choice([0, 0, 60, 120, 150, 165, 480, 540, 600, 1200])
    until = dice.choice([begin + 15, begin + 120, 1320, 1440, dice.randrange(begin + 15, 1441, 5)])
    weekdays = dice.choice([{*range(7)}, {*range(7)}, {day.weekday(), 2}, {0}])
    return WeeklyRule(frozenset(weekdays), begin, until, on_holidays=dice.random() < 0.8)


def opened(dice: Random, day: date) -> dict:
    """One or two weekly rules, and sometimes a day that differs."""
    changed = []
    if dice.random() < 0.3:
        when, begin = day + timedelta(days=dice.choice([0, 0, 1, -1])), dice.choice([None, 0, 130, 540])
        until = begin if begin is None else dice.randrange(begin + 15, 1441, 15)
        changed.append(OpeningException(exception=DayException(when, begin, until)))
    rules = [rule(dice, day) for _rule in range(dice.choice([1, 1, 2]))]
    return {"openings": [Opening(rule=each) for each in rules], "exceptions": changed}


def on_duty(dice: Random, day: date) -> dict:
    """Registrars mostly work long: otherwise hardly any town offered anything."""
    if dice.random() < 0.4:
        return opened(dice, day)
    long = WeeklyRule(frozenset(range(7)), dice.choice([0, 75, 480]), 1440, on_holidays=True)
    return {"openings": [Opening(rule=long)]}


def terms(dice: Random, day: date) -> Terms:
    at_once = FixedInstant(datetime(2026, 11, 1, tzinfo=BERLIN), day)
    release = dice.choice([Rolling(24), Rolling(24), Rolling(6), at_once])
    return Terms(release=release, lead_days=dice.choice([0, 0, 14]))


def built(session, dice: Random, day: date) -> tuple[Municipality, list[UUID]]:
    """A town as the dice fall, in the database, and its resources."""
    town = Municipality(id=uuid4(), slug=uuid4().hex, name="Zufallsstadt", land="NI")
    session.add(town)
    session.flush()
    valid = {"valid_from": date(2020, 1, 1), "made_at": people.NOW, "made_by": ""}
    session.add(Policy(municipality_id=town.id, journey="weddings", terms=terms(dice, day), **valid))
    venues = [
        Venue(
            municipality_id=town.id,
            site=Site(id=uuid4(), municipality_id=town.id, name=f"Ort {number}", way_minutes=dice.choice(FEW)),
            name=f"V{number}",
            slug=f"v{number}",
            persons=20,
            length_minutes=dice.choice([10, 20, 30, 45, 90]),
            step_minutes=dice.choice([15, 30, 45, 60, 240]),
            setup_minutes=dice.choice(FEW),
            cleaning_minutes=dice.choice(FEW),
            visibility=dice.choice(["bookable", "bookable", "bookable", "request", "information"]),
            **opened(dice, day),
        )
        for number in range(dice.choice([1, 2, 2]))
    ]
    registrars = [
        Registrar(
            municipality_id=town.id,
            name=f"R{number}",
            initials=f"R{number}",
            prepare_minutes=dice.choice(FEW),
            wrap_minutes=dice.choice(FEW),
            venues=[venue for venue in venues if dice.random() < 0.8],
            **on_duty(dice, day),
        )
        for number in range(dice.choice([1, 2, 3]))
    ]
    session.add_all([*venues, *registrars])
    session.flush()
    return town, [resource.id for resource in (*venues, *registrars)]


def look(session, town, day, now):
    times = timetable(session, town)
    return look_at_day(times, busy_between(session, times, day, day, now), day, now, Wish()).slots


def hold(session, town, venue_id, start, now):
    return reservation.hold(session, town, venue_id, start, now, CITIZEN)


def close_some(session, dice: Random, day: date, resources: list[UUID], now: datetime) -> None:
    begin = day_span(day, BERLIN).start
    for _closure in range(dice.choice([0, 1, 2])):
        start = begin + timedelta(minutes=15 * dice.randrange(90))
        span = Span(start, start + timedelta(minutes=15 * dice.randint(1, 12)))
        try:
            closures.close(session, session.get_one(Resource, dice.choice(resources)), span, "zu", now, CLERK)
        except Refused:  # over already, or closed already
            continue


def book_some(session, dice: Random, day: date, town: Municipality, now: datetime) -> int:
    """Take offered slots of the day and its neighbours one after the other, looking again each time; how many."""
    taken = 0
    for _booking in range(dice.randint(0, 8)):
        slots = look(session, town, day + timedelta(days=dice.choice([0, 0, 0, -1, 1])), now)
        if slots:
            slot = dice.choice(slots)
            assert hold(session, town, slot.venue.id, slot.span.start, now).alive
            taken += 1
    return taken


def check_every_slot(session, day: date, town: Municipality, now: datetime) -> int:
    offered = {(slot.venue.id, slot.span.start) for slot in look(session, town, day, now)}
    possible = {(slot.venue.id, slot.span.start) for slot in timetable(session, town).slots_on(day)}
    whole, step = day_span(day, BERLIN), timedelta(minutes=5)
    raw = [whole.start + n * step for n in range(int(whole.length / step))]
    venues = session.scalars(select(Venue.id).where(Venue.municipality_id == town.id)).all()
    before = standing(session)
    for venue_id, start in {(venue_id, start) for venue_id in venues for start in raw} | possible:
        attempt = session.begin_nested()
        if (venue_id, start) in offered:
            assert hold(session, town, venue_id, start, now).alive
        else:
            with pytest.raises((NotOffered, SlotTaken)):
                hold(session, town, venue_id, start, now)
            assert standing(session) == before if (venue_id, start) in possible else True
        attempt.rollback()
    return len(offered)


def standing(session) -> tuple[int, ...]:
    return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in (Claim, Booking))


def check_claims(session) -> None:
    """Independent of the guards: nobody is in two places, and there is time for both ways."""
    rows = session.execute(
        select(Claim.resource_id, Claim.starts_at, Claim.ends_at, Claim.site_id, Site.way_minutes)
        .outerjoin(Site, Site.id == Claim.site_id)
        .order_by(Claim.resource_id, Claim.starts_at)
    ).all()
    for earlier, later in zip(rows, rows[1:], strict=False):
        if earlier.resource_id == later.resource_id:
            ways = timedelta(minutes=(earlier.way_minutes or 0) + (later.way_minutes or 0))
            travels = earlier.site_id and later.site_id and earlier.site_id != later.site_id
            assert later.starts_at - earlier.ends_at >= (ways if travels else timedelta(0))


class Undone(Exception):
    """Each example leaves nothing behind but its town."""


def try_out(database: Database, dice: Random) -> int:
    """How many slots the town offered that could be had. The town is there before anybody books: whoever edits and
    books in one transaction reads all rules anew for each booking."""
    day = dice.choice(DAYS)
    ahead = dice.choice(
        [timedelta(days=250), timedelta(days=100), timedelta(days=20), timedelta(hours=4), timedelta(days=13, hours=12)]
    )
    now = day_span(day, BERLIN).start - ahead
    with database.write() as session:
        new, resources = built(session, dice, day)
    with pytest.raises(Undone), database.write() as session:
        town = session.get_one(Municipality, new.id)
        close_some(session, dice, day, resources, now)
        taken = book_some(session, dice, day, town, now)
        check_claims(session)
        offered = check_every_slot(session, day, town, now)
        raise Undone
    return taken + offered


@pytest.fixture(scope="module")
def lasting(sqlite_template, tmp_path_factory):
    path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("towns") / "towns.sqlite")
    engine = connect(f"sqlite:///{path}", synchronous="OFF")
    yield Database(engine, settings=people.SETTINGS)
    engine.dispose()


def over_many_towns(database: Database, examples: int) -> list[int]:
    """How many slots each of the drawn towns offered."""
    offered: list[int] = []

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(seed=st.integers(0, 2**63))
    def check(seed) -> None:
        offered.append(try_out(database, Random(str(seed))))

    check()
    return offered


def test_offered_is_always_accepted_and_nothing_else(lasting):
    offered = over_many_towns(lasting, 120)
    assert sum(map(bool, offered)) > 40 and sum(offered) > 400, "otherwise the towns proved nothing"


def test_offered_is_always_accepted_on_both_databases(database):
    assert sum(over_many_towns(database, 12)) > 10
