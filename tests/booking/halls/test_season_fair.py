"""What would get round a season's plan: booking its times before it is made, and having been there for nothing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import season_plan, season_release, season_rounds, series_change
from buchbar.booking.halls.series_dates import InSeason
from tests import gym
from tests.booking.halls.season import AFTER, CLOSES, FIRST, MONDAY, OPENS, prepare, wish
from tests.booking.halls.test_series import CLERK, book
from tests.booking.halls.test_series import wish as wanted
from tests.cast import NOW
from tests.gym import TUESDAY

WEEK = timedelta(days=7)


@pytest.fixture
def season(session):
    return prepare(session)


def rehearsed(session, season):
    season_plan.rehearse(session, season.here.town.town, season.round, season.here.clerk, AFTER)
    return season_plan.allotments_of(session, season.round)


def test_no_series_online_in_the_season_of_a_round_until_its_places_are_booked(session, season):
    here, inside = season.here, FIRST + timedelta(days=1)
    wish(session, season, season.other, (MONDAY, 18 * 60))
    with pytest.raises(InSeason, match="Frühjahr 2027.*Ihre Wünsche.*Einzelne Termine"):
        book(session, here, wanted(here, 1, first=inside - WEEK, count=2), at=OPENS)
    book(session, here, wanted(here, 1, first=inside - WEEK, count=1), at=OPENS)
    book(session, here, wanted(here, 1, first=inside, count=2), by=CLERK, at=OPENS)
    book(session, here, wanted(here, 4, first=inside, count=2), at=OPENS)  # the foyer isn't given
    gym.of_club(session, here, gym.slot(here, 2, day=inside), at=OPENS)
    with pytest.raises(InSeason) as closed:
        book(session, here, wanted(here, 2, first=inside + WEEK, count=2), at=CLOSES)
    assert "Ihre Wünsche" not in closed.value.sentence
    plan = rehearsed(session, season)
    season_release.release(season.round, season.second, AFTER)
    with pytest.raises(InSeason):
        book(session, here, wanted(here, 2, first=inside + WEEK, count=2), at=AFTER)
    for each in plan.values():
        season_release.settle(session, season.round.id, each.id, AFTER)
    book(session, here, wanted(here, 2, first=inside + WEEK, count=2), at=AFTER)


def test_a_series_that_is_there_may_change_in_the_season_but_not_grow(session, season):
    here, inside = season.here, FIRST + timedelta(days=1)
    season.round.state = "draft"
    made = book(session, here, wanted(here, 1, first=inside, count=3))
    season_rounds.publish(season.round, NOW)
    later = wanted(here, 1, first=inside + WEEK, hour=19, count=2)
    assert len(series_change.change_from(session, made.series, later, inside + WEEK, OPENS, CITIZEN)) == 2
    more = wanted(here, 1, first=inside + WEEK, hour=20, count=3)
    with pytest.raises(InSeason):
        series_change.change_from(session, made.series, more, inside + WEEK, OPENS, CITIZEN)


@pytest.mark.parametrize(
    ("first", "count", "at", "kept"),
    [
        (date(2026, 12, 28), 1, OPENS - timedelta(minutes=1), False),  # hasn't taken place
        (TUESDAY, 3, OPENS - timedelta(minutes=1), False),
        (TUESDAY, 4, OPENS + timedelta(minutes=1), False),  # the round is open already
        (TUESDAY, 4, OPENS - timedelta(minutes=1), True),
    ],
)
def test_a_place_is_kept_by_who_was_there_before_the_round_opened(session, season, first, count, at, kept):
    season.round.closes_at = CLOSES + timedelta(days=15)
    weekday = first.weekday()
    theirs = wish(session, season, season.other, (weekday, 18 * 60), persons=30)
    ours = wish(session, season, season.here.club, (weekday, 18 * 60), persons=2)
    request = replace(wanted(season.here, 1, first=first, count=count), organisation=season.here.club)
    book(session, season.here, request, at=at)
    now = AFTER + timedelta(days=16)
    season_plan.rehearse(session, season.here.town.town, season.round, season.here.clerk, now)
    plan = season_plan.allotments_of(session, season.round)
    assert bool(plan[ours.id].hall_id) == kept and bool(plan[theirs.id].hall_id) != kept
