"""A released plan becomes bookings place by place; clubs are told once, and whatever stops it, it goes on."""

from datetime import date, timedelta
from time import sleep

import pytest
from sqlalchemy import func, select

from buchbar.accounts import membership
from buchbar.accounts.people import Person
from buchbar.base.errors import Refused
from buchbar.booking import closures, papers
from buchbar.booking.halls import season_release, series
from buchbar.booking.halls.models import HallUse, Round, Series
from buchbar.booking.halls.season_allocation import Place
from buchbar.booking.halls.season_plan import allotments_of, decide, rehearse
from buchbar.booking.models import Booking
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.notices.models import Letter
from buchbar.resources.halls import HallHours
from buchbar.resources.models import Resource
from tests.booking.crowd import crowded, together
from tests.booking.halls.season import AFTER, FIRST, LAST, MONDAY, prepare, wish
from tests.cast import CLERK, slot_at

EVENING = (MONDAY, 18 * 60)


@pytest.fixture
def season(session):
    return prepare(session)


def released(session, season, at=AFTER, settled=True):
    rehearse(session, season.here.town.town, season.round, season.here.clerk, at)
    season_release.release(season.round, season.second, at)
    plan = allotments_of(session, season.round)
    for each in plan.values() if settled else ():
        season_release.settle(session, season.round.id, each.id, at)
    return plan


def days(session):
    return [
        each.date() for each in session.scalars(select(Booking.starts_at).join(HallUse).order_by(Booking.starts_at))
    ]


def letters(session, kind="season_result"):
    return session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.to_address)).all()


def test_it_goes_on_where_it_was_stopped_and_tells_each_club_once(database, monkeypatch):
    with database.write() as session:
        season = prepare(session)
        for n in range(3):
            wish(session, season, season.here.club, (n, 18 * 60), title=f"Gruppe {n}")
        wish(session, season, season.other, (3, 18 * 60))
        released(session, season, settled=False)
    book, asked = series.book, []

    def dies(*args, **more):
        asked.append(args)
        made = book(*args, **more)
        if len(asked) == 2:
            raise OSError
        return made

    monkeypatch.setattr(series, "book", dies)
    assert season_release.book_released(database, AFTER) == 3
    with database.read() as session:
        plan = allotments_of(session, session.get_one(Round, season.round.id)).values()
        assert season_release.progress(plan) == (3, 4)
        assert len(season_release.series_of(session, season.round)) == 3
        told = {each.to_address for each in letters(session)}
    assert season_release.book_released(database, AFTER) == 1
    assert season_release.book_released(database, AFTER) == 0
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Series)) == 4
        every = {"coach@example.org", "rot@example.org", "tus@example.org"}
        assert len(told) < 3 and {each.to_address for each in letters(session)} == every
        assert len(letters(session)) == 4  # the coach has handed in for both


@pytest.mark.parametrize("kind", ["postgresql"])
def test_places_and_closures_in_different_orders_do_not_wait_for_each_other(database, database_url):
    with database.write() as session:
        season = prepare(session)
        town, hall, ids = season.here.town.town, season.here.hall.id, [season.here.parts[n].id for n in (1, 2)]
        first, second = sorted((1, 2), key=lambda number: season.here.parts[number].id)
        ours = wish(session, season, season.here.club, EVENING, parts=1)
        theirs = wish(session, season, season.other, (1, 18 * 60), parts=1)
        rehearse(session, town, season.round, season.here.clerk, AFTER)
        for asked, part, weekday in ((ours, second, 0), (theirs, first, 1)):
            place = Place(hall, (part,), weekday, 18 * 60, 20 * 60)
            decide(session, town, season.round, asked, place, "Grund", season.here.clerk, AFTER)
        season_release.release(season.round, season.second, AFTER)
    weeks = [FIRST + timedelta(weeks=n, days=day) for n in range(8) for day in (0, 1)]

    def close(crowd):
        sleep(0.25)  # in between, where all places in one transaction deadlock
        with crowd.write() as session:
            parts = [session.get_one(Resource, each) for each in ids]
            spans = [Span(slot_at(day, 17), slot_at(day, 21)) for day in weeks]
            closures.close_all(session, parts, spans, "Fest", AFTER, CLERK)

    with crowded(database_url) as crowd:
        acts = [lambda: season_release.book_released(crowd, AFTER), lambda: close(crowd)]
        places, closed = together(acts)
    assert places == 2 and (closed is None or isinstance(closed, Refused))  # by what was booked before


def test_nobody_is_booked_into_the_schools_hours(session, season):
    """A clerk may; but the school keeps its hall until the first of March, and clubs come after it."""
    season.here.hall.hours = HallHours(
        open=season.here.hall.hours.open,
        school=(WeeklyRule(frozenset({0}), 16 * 60, 20 * 60, valid_until=date(2027, 3, 1)),),
    )
    season.here.town.town.version += 1
    session.flush()
    ours = wish(session, season, season.here.club, EVENING)
    plan = released(session, season)
    assert plan[ours.id].left_out == [FIRST + timedelta(weeks=n) for n in range(5)]
    assert min(days(session)) == date(2027, 3, 8)


def test_nothing_is_booked_after_the_season(session, season):
    ours = wish(session, season, season.here.club, EVENING)
    rehearse(session, season.here.town.town, season.round, season.here.clerk, AFTER)
    season_release.release(season.round, season.second, AFTER)
    allotment = allotments_of(session, season.round)[ours.id]
    season_release.settle(session, season.round.id, allotment.id, slot_at(LAST - timedelta(days=1), 10))
    assert not days(session) and allotment.settled_at
    assert allotment.left_out[0] == FIRST and allotment.left_out[-1] <= LAST
    assert "kein Termin" in letters(session)[0].text


def test_one_letter_for_all_places_of_a_club_with_the_links_for_whom_they_belong_to(session, season):
    """What came online is booked as such; what came on paper from a club without an address is told on paper."""
    also = Person(email="other@example.org", made_at=AFTER)
    session.add(also)
    session.flush()
    membership.add(session, season.here.club, also, "booker", AFTER, "x")
    for n, coach in enumerate(("coach@example.org", "other@example.org")):
        wish(session, season, season.here.club, (n, 18 * 60), title=f"Gruppe {n}").email = coach
    on_paper = wish(session, season, season.other, (2, 18 * 60), title="Zettel")
    on_paper.email, on_paper.made_by, season.other.email = "", "Herr Lange", ""
    season.other.street, season.other.city = "Am Markt 1", "49356 Diepholz"
    plan = released(session, season)
    made = season_release.series_of(session, season.round)
    assert {each.kind for each in session.scalars(select(Letter))} == {"season_result"}
    paper, coach, other, club = letters(session)
    assert [each.text.count("/serie/") for each in (coach, other, club)] == [1, 1, 2]
    assert all("12-mal, vom 01.02.2027" in each.text and "13-mal" in each.text for each in (coach, other, club))
    assert paper.paper and "13-mal" in paper.text and "/serie/" not in paper.text
    for asked, allotment in plan.items():
        uses = select(Booking).join(HallUse).where(HallUse.series_id == made[allotment.id].id)
        for booking in session.scalars(uses):
            expected = ("paper", None) if asked == on_paper.id else ("online", AFTER)
            assert (booking.channel, booking.email_proven_at) == expected
    assert papers.to_print(session, season.here.town.town) == [(paper, session.get_one(Booking, paper.booking_id))]
