"""What is offered of a hall is always accepted, and what isn't is always refused, over random days; and what user
classes may."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from buchbar.base.db import Database, connect
from buchbar.base.errors import Refused
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import reservation
from buchbar.booking.halls.free import busy_between, starts
from buchbar.booking.halls.plan import plan
from buchbar.booking.halls.reservation import NotOffered, Slot, TooMuch
from buchbar.booking.terms import ClassTerms
from buchbar.calendar.release import Rolling
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span
from buchbar.resources.halls import HallHours
from buchbar.resources.models import OpeningException
from tests import gym
from tests.cast import BERLIN, NOW, SETTINGS, assemble
from tests.gym import KIM, TERMS, TUESDAY, slot

LANGE = Actor("clerk", "Herr Lange")
DAYS = [date(2027, 3, 28), date(2027, 10, 31), date(2026, 12, 1), date(2026, 12, 24), date(2027, 5, 1)]
QUARTER = timedelta(minutes=15)
ALL_WEEK = frozenset(range(7))


@pytest.fixture
def emptied(database_url):
    engine = connect(database_url)
    yield Database(engine, settings=SETTINGS)
    engine.dispose()


def hours(dice, day):
    """Openings, school and cleaning as the dice fall."""

    def rule(weekdays=ALL_WEEK):
        begin = dice.choice([0, 60, 120, 480, 600, 1200])
        return WeeklyRule(
            weekdays, begin, dice.choice([begin + 60, begin + 240, 1440]), on_holidays=dice.random() < 0.7
        )

    return HallHours(
        open=tuple(rule() for _rule in range(dice.choice([1, 2]))),
        in_holidays=dice.choice([None, (rule(),)]),
        school=dice.choice([(), (rule(frozenset({day.weekday()})),)]),
        cleaning=dice.choice([(), (rule(),)]),
    )


def town(session, dice, day):
    terms = msgspec.structs.replace(
        TERMS, shortest_minutes=dice.choice([30, 60]), longest_minutes=dice.choice([90, 600])
    )
    here = gym.build(
        session, assemble(session, slug=f"ort{dice.getrandbits(60)}"), terms, slug=f"h{dice.getrandbits(60)}"
    )
    here.hall.hours = hours(dice, day)
    here.hall.step_minutes, here.hall.buffer_minutes = dice.choice([15, 30, 60]), dice.choice([0, 0, 15])
    if dice.random() < 0.2:
        here.hall.exceptions = [OpeningException(exception=DayException(day, None, None))]
    session.flush()
    return here


def test_what_is_offered_is_accepted_and_nothing_else(emptied):
    @settings(max_examples=8, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
    @given(seed=st.integers(0, 10**9), day=st.sampled_from(DAYS))
    def check(seed, day):
        with emptied.write() as session:
            _compare(session, Random(seed), day)
            session.rollback()

    check()


def _compare(session, dice, day):
    here = town(session, dice, day)
    rules = plan(session, here.town.town)
    hall = rules.halls[here.hall.id]
    minutes, user_class = dice.choice([30, 60, 90, 180]), dice.choice(["local", "school", "club"])
    _book_some(session, here, dice, day)
    for parts in dice.sample(hall.choices(), 2):
        busy = busy_between(session, [hall], rules, day, day + timedelta(days=1), NOW)
        offered = {span.start for span in starts(rules, busy, hall, parts, day, minutes, user_class, NOW)}
        whole = day_span(day, rules.zone)
        quarters = {whole.start + n * QUARTER for n in range(int(whole.length / QUARTER))}
        for start in _some(dice, offered, 5) + _some(dice, quarters - offered, 12):
            wanted = Slot(hall.id, parts, Span(start, start + timedelta(minutes=minutes)))
            accepted = _tries(session, here, wanted, user_class)
            assert accepted is (start in offered), (start.astimezone(BERLIN), parts, minutes, user_class)


def _some(dice, moments, most):
    return dice.sample(sorted(moments), min(most, len(moments)))


def _tries(session, here, wanted, user_class):
    """Whether it could be held; it isn't."""
    attempt = session.begin_nested()
    try:
        reservation.hold(session, here.town.town, wanted, user_class, NOW, CITIZEN)
    except Refused:
        return False
    finally:
        attempt.rollback()
    return True


def _book_some(session, here, dice, day):
    for _booking in range(4):
        parts = dice.choice(gym.COMBINATIONS)
        wanted = slot(here, *parts, day=day, hour=dice.randrange(0, 23), minutes=dice.choice([60, 120]))
        attempt = session.begin_nested()
        try:
            reservation.hold(session, here.town.town, wanted, "school", NOW, LANGE)
        except Refused:
            attempt.rollback()
        else:
            attempt.commit()


CLASSES = (
    ClassTerms(name="outside", books=False),
    ClassTerms(name="local", release=Rolling(1), longest_minutes=90, week_minutes=120),
    ClassTerms(name="commercial", approval="office", lead_days=14),
)


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session), msgspec.structs.replace(TERMS, week_minutes=240, classes=CLASSES))


def test_classes_have_their_own_terms_and_a_clerk_isnt_bound_to_them(session, here):
    for user_class, wanted, why in (
        ("outside", slot(here, 1), "Amt"),
        ("local", slot(here, 1, day=date(2027, 1, 12), minutes=60), "freigegeben"),
        ("local", slot(here, 1, minutes=120), "60 bis 90 Minuten"),
        ("commercial", slot(here, 1), "zu nah"),
    ):
        with pytest.raises(NotOffered, match=why):
            gym.held(session, here, wanted, user_class)
        attempt = session.begin_nested()
        reservation.hold(session, here.town.town, wanted, user_class, NOW, LANGE)
        attempt.rollback()
    assert gym.held(session, here, slot(here, 1, day=date(2027, 1, 12)), "club").state == "held"
    asked = gym.booked(session, here, slot(here, 2, day=date(2027, 1, 13), minutes=60), user_class="commercial")
    assert asked.state == "requested", "this class asks the office, the others book at once"


def test_a_week_is_counted_by_organisation_and_by_address(session, here):
    gym.of_club(session, here, slot(here, 1, minutes=120))
    gym.of_club(session, here, slot(here, 2, minutes=120))
    with pytest.raises(TooMuch, match="4:00"):
        gym.of_club(session, here, slot(here, 3, minutes=60))
    gym.of_club(session, here, slot(here, 3, day=TUESDAY + timedelta(days=7)))
    mine = replace(KIM, email="alex@example.org")
    gym.booked(session, here, slot(here, 1, hour=20, minutes=90), mine)
    with pytest.raises(TooMuch, match="2:00"):
        gym.booked(session, here, slot(here, 2, hour=20, minutes=60), replace(KIM, email="ALEX@example.org"))
    gym.booked(session, here, slot(here, 4, minutes=60), KIM)
