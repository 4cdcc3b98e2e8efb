"""What is offered is always accepted, and what isn't offered is always refused: over random towns, days and moments."""

from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, connect
from buchbar.booking import closures
from buchbar.booking.closures import InTheWay
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
from buchbar.resources.models import Opening, OpeningException, Registrar, Site, Venue
from tests import cast as people
from tests.cast import BERLIN, CLERK

DAYS = [
    date(2027, 3, 28),  # 02:00 to 03:00 doesn't exist
    date(2027, 10, 31),  # 02:00 to 03:00 exists twice
    date(2027, 3, 27), date(2027, 10, 30), date(2027, 5, 15), date(2027, 5, 17), date(2028, 2, 29),
]  # fmt: skip
few = st.sampled_from([0, 0, 5, 10, 15, 15, 20, 30, 60, 240])


@st.composite
def rules(draw, day: date) -> WeeklyRule:
    begin = draw(st.sampled_from([0, 0, 60, 120, 150, 165, 480, 540, 600, 1200]))
    until = draw(st.sampled_from([begin // 15 + 1, begin // 15 + 8, 90, 96])) * 15
    weekdays = draw(st.sampled_from([{*range(7)}, {*range(7)}, {day.weekday(), 2}, {0}]))
    return WeeklyRule(frozenset(weekdays), begin, until, on_holidays=draw(st.sampled_from([True, True, True, False])))


@st.composite
def duties(draw, day: date) -> list[WeeklyRule]:
    """Registrars mostly work long: otherwise hardly any town offered anything."""
    if draw(st.booleans()):
        return [WeeklyRule(frozenset(range(7)), draw(st.sampled_from([0, 75, 480])), 1440, on_holidays=True)]
    return draw(st.lists(rules(day), min_size=1, max_size=2))


@st.composite
def exceptions(draw, day: date) -> DayException:
    when = day + timedelta(days=draw(st.sampled_from([0, 0, 1, -1])))
    begin = draw(st.sampled_from([None, 0, 130, 540]))
    return DayException(when) if begin is None else DayException(when, begin, begin + draw(st.integers(1, 60)) * 15)


@st.composite
def towns(draw):
    """A day, and all that decides about it."""
    day = draw(st.sampled_from(DAYS))
    opened = st.lists(rules(day), min_size=1, max_size=2)
    changed = st.sampled_from([0, 0, 0, 1]).flatmap(lambda n: st.lists(exceptions(day), min_size=n, max_size=n))
    venue = st.fixed_dictionaries(
        {
            "length_minutes": st.sampled_from([10, 20, 30, 45, 90]),
            "step_minutes": st.sampled_from([15, 30, 45, 60, 240]),
            "setup_minutes": few,
            "cleaning_minutes": few,
            "visibility": st.sampled_from(["bookable", "bookable", "request", "information"]),
            "rules": opened,
            "exceptions": changed,
            "way": few,
        }
    )
    registrar = st.fixed_dictionaries(
        {
            "prepare_minutes": few,
            "wrap_minutes": few,
            "rules": duties(day),
            "exceptions": changed,
            "venues": st.sets(st.integers(0, 1), min_size=1),
        }
    )
    return {
        "day": day,
        "venues": draw(st.lists(venue, min_size=1, max_size=2)),
        "registrars": draw(st.lists(registrar, min_size=1, max_size=3)),
        "terms": draw(
            st.builds(
                Terms,
                release=st.sampled_from(
                    [Rolling(24), Rolling(24), Rolling(6), FixedInstant(datetime(2026, 11, 1, tzinfo=BERLIN), day)]
                ),
                lead_days=st.sampled_from([0, 0, 14]),
            )
        ),
        "ahead": draw(st.sampled_from([timedelta(days=100), timedelta(hours=4), timedelta(days=13, hours=12)])),
        "bookings": draw(st.lists(st.integers(0, 1000), max_size=5)),
        "closures": draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 90), st.integers(1, 20)), max_size=2)),
    }


def built(session, drawn) -> tuple[Municipality, list[UUID]]:
    """The drawn town in the database, and its resources."""
    town = Municipality(id=uuid4(), slug=uuid4().hex, name="Zufallsstadt", land="NI")
    session.add(town)
    session.flush()
    policy = Policy(
        municipality_id=town.id,
        journey="weddings",
        valid_from=date(2020, 1, 1),
        terms=drawn["terms"],
        made_at=people.NOW,
        made_by="",
    )
    session.add(policy)
    venues = []
    for number, venue in enumerate(drawn["venues"]):
        plain = {name: venue[name] for name in venue.keys() - {"rules", "exceptions", "way"}}
        site = Site(id=uuid4(), municipality_id=town.id, name=f"Ort {number}", way_minutes=venue["way"])
        made = Venue(municipality_id=town.id, site=site, name=f"V{number}", slug=f"v{number}", persons=20, **plain)
        venues.append(opened(made, venue))
    registrars = []
    for number, registrar in enumerate(drawn["registrars"]):
        plain = {name: registrar[name] for name in ("prepare_minutes", "wrap_minutes")}
        made = Registrar(municipality_id=town.id, name=f"R{number}", initials=f"R{number}", **plain)
        made.venues = [venue for index, venue in enumerate(venues) if index in registrar["venues"]]
        registrars.append(opened(made, registrar))
    session.add_all([*venues, *registrars])
    session.flush()
    return town, [resource.id for resource in (*venues, *registrars)]


def opened(resource, drawn):
    resource.openings = [Opening(rule=rule) for rule in drawn["rules"]]
    resource.exceptions = [OpeningException(exception=each) for each in drawn["exceptions"]]
    return resource


def look(session, town, day, now):
    times = timetable(session, town)
    return look_at_day(times, busy_between(session, times, day, day, now), day, now, Wish()).slots


def hold(session, town, venue_id, start, now):
    return reservation.hold(session, town, venue_id, start, now, CITIZEN)


def close_some(session, drawn, resources, now) -> None:
    begin = day_span(drawn["day"], BERLIN).start
    for which, quarter, length in drawn["closures"]:
        start = begin + timedelta(minutes=15 * quarter)
        resource = session.get_one(Venue.__mro__[1], resources[which % len(resources)])
        try:
            closures.close(session, resource, Span(start, start + timedelta(minutes=15 * length)), "zu", now, CLERK)
        except InTheWay:
            continue


def book_some(session, drawn, town, now) -> int:
    """Take offered slots one after the other, looking again each time; how many."""
    taken = 0
    for choice in drawn["bookings"]:
        slots = look(session, town, drawn["day"], now)
        if slots:
            slot = slots[choice % len(slots)]
            assert hold(session, town, slot.venue.id, slot.span.start, now).alive
            taken += 1
    return taken


def check_every_slot(session, drawn, town, now) -> int:
    day = drawn["day"]
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
    """Each example leaves the database as it was."""


def try_out(database: Database, drawn) -> int:
    """How many slots the town offered that could be had."""
    with pytest.raises(Undone), database.write() as session:
        now = day_span(drawn["day"], BERLIN).start - drawn["ahead"]
        town, resources = built(session, drawn)
        close_some(session, drawn, resources, now)
        taken = book_some(session, drawn, town, now)
        check_claims(session)
        offered = check_every_slot(session, drawn, town, now)
        raise Undone
    return taken + offered


@pytest.fixture(scope="module")
def lasting(sqlite_template):
    engine = connect(f"sqlite:///{sqlite_template}", synchronous="OFF")
    yield Database(engine, settings=people.SETTINGS)
    engine.dispose()


def over_many_towns(database: Database, examples: int) -> list[int]:
    """How many slots each of the drawn towns offered."""
    offered: list[int] = []

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(drawn=towns())
    def check(drawn) -> None:
        offered.append(try_out(database, drawn))

    check()
    return offered


def test_offered_is_always_accepted_and_nothing_else(lasting):
    offered = over_many_towns(lasting, 80)
    assert sum(map(bool, offered)) > 25 and sum(offered) > 300, "otherwise the towns proved nothing"


def test_offered_is_always_accepted_on_both_databases(database):
    assert sum(over_many_towns(database, 8)) > 5
