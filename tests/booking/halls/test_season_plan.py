"""A season's round: the cut-off, rehearsals that change nothing, hands that stay, and a second clerk who releases."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Forbidden, NotFound
from buchbar.booking import closures
from buchbar.booking.allocation import seed_print
from buchbar.booking.halls import season_plan, season_release, season_rounds, season_wishes
from buchbar.booking.halls.models import Allotment, Alternative, HallUse, Round, Series
from buchbar.booking.halls.season_allocation import Place
from buchbar.booking.halls.season_plan import InTheWay, decide, place_of, rehearse, undo
from buchbar.booking.halls.season_report import report
from buchbar.booking.halls.season_rounds import NotNow
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.spans import Span
from buchbar.notices.models import Letter
from buchbar.resources.halls import Hall, HallPart
from tests.booking.crowd import crowded, together
from tests.booking.halls.season import AFTER, CLOSES, MONDAY, OPENS, prepare, wish
from tests.cast import CLERK, NOW, assemble, slot_at

EVENING = (MONDAY, 18 * 60)
EARLY = (MONDAY, 16 * 60)


@pytest.fixture
def season(session):
    return prepare(session)


def rehearsed(session, season, clerk=None, at=AFTER):
    rehearse(session, season.here.town.town, season.round, clerk or season.here.clerk, at)
    return season_plan.allotments_of(session, season.round)


def released(session, season, clerk=None, at=AFTER):
    season_release.release(season.round, clerk or season.second, at)
    plan = season_plan.allotments_of(session, season.round)
    for each in plan.values():
        season_release.settle(session, season.round.id, each.id, at)
    return plan


def count(session, table):
    return session.scalar(select(func.count()).select_from(table))


def test_wishes_are_taken_until_the_cut_off_to_the_second(session, season):
    with pytest.raises(NotNow):
        wish(session, season, season.other, EVENING, at=OPENS - timedelta(seconds=1))
    made = wish(session, season, season.other, EVENING, at=CLOSES - timedelta(seconds=1))
    with pytest.raises(NotNow, match="Frist"):
        wish(session, season, season.other, EVENING, at=CLOSES)
    with pytest.raises(NotNow):
        season_wishes.change(season.round, made, {"title": "Anders"}, CLOSES)
    with pytest.raises(NotNow):
        season_wishes.withdraw(session, season.round, made, CLOSES)
    assert season_rounds.state_at(season.round, CLOSES) == "closed"
    on_paper = {"title": "Zettel", "minutes": 90, "alternatives": made.alternatives}
    season_wishes.hand_in(session, season.round, season.other, on_paper, "", AFTER, clerk="Herr Lange")
    assert [each.rank for each in season_wishes.wishes_of(session, season.round)] == [1, 2]


def test_a_club_orders_its_wishes_and_no_other_club_reaches_them(session, season):
    first, second, third = (wish(session, season, season.other, EVENING, title=title) for title in "abc")
    season_wishes.move_up(session, season.round, third, OPENS)
    season_wishes.withdraw(session, season.round, first, OPENS)
    assert [(each.title, each.rank) for each in season_wishes.wishes_of(session, season.round)] == [("c", 1), ("b", 2)]
    with pytest.raises(NotFound):
        season_wishes.wish_of(session, season.round, second.id, [season.here.club.id])
    elsewhere = assemble(session, slug="stuhr")
    with pytest.raises(NotFound):
        season_rounds.round_of(session, elsewhere.town, season.round.id)


def test_a_rehearsal_changes_nothing_but_the_proposal_and_gives_the_same_again(session, season):
    with pytest.raises(NotNow):
        rehearsed(session, season, at=CLOSES - timedelta(seconds=1))
    adults = wish(session, season, season.here.club, EVENING, EARLY)
    youth = wish(session, season, season.other, EVENING, age_group="youth")
    before = [count(session, table) for table in (Booking, Claim, Series, Letter)]
    plan = rehearsed(session, season)
    assert [place_of(plan[each.id]).from_minute for each in (youth, adults)] == [18 * 60, 16 * 60]
    assert plan[adults.id].reason.startswith("Ihre 2. Möglichkeit") and "ein anderer Verein" in plan[adults.id].reason
    assert "Reihenfolge der Gruppen" in plan[adults.id].reason and "SV Rot" not in plan[adults.id].reason
    again = rehearsed(session, season)
    assert {key: place_of(each) for key, each in again.items()} == {key: place_of(each) for key, each in plan.items()}
    assert [count(session, table) for table in (Booking, Claim, Series, Letter)] == before


def test_what_a_hand_has_decided_stays_and_nobody_sits_on_anybody(session, season):
    ours = wish(session, season, season.here.club, EVENING)
    theirs = wish(session, season, season.other, EVENING, age_group="youth")
    town, hall = season.here.town.town, season.here.hall.id
    rehearsed(session, season)
    for parts, minute, why in (((3,), 1140, "SV Rot"), ((1, 3), 960, "zusammen"), ((1,), 600, "nicht offen")):
        with pytest.raises(InTheWay, match=why):
            place = Place(hall, parts, MONDAY, minute, minute + 90)
            decide(session, town, season.round, ours, place, "Grund", season.here.clerk, AFTER)
    decide(session, town, season.round, theirs, None, "Die Gruppe hat sich aufgelöst.", season.here.clerk, AFTER)
    plan = rehearsed(session, season)
    assert plan[theirs.id].by_hand and plan[theirs.id].hall_id is None and "aufgelöst" in plan[theirs.id].reason
    assert place_of(plan[ours.id]).from_minute == 18 * 60
    undo(session, season.round, theirs, season.here.clerk)
    with pytest.raises(NotNow):
        released(session, season)
    assert place_of(rehearsed(session, season)[theirs.id]) is not None


def test_a_wish_that_comes_after_a_rehearsal_makes_it_out_of_date(session, season):
    wish(session, season, season.here.club, EVENING)
    rehearsed(session, season)
    values = {
        "title": "Zettel",
        "minutes": 90,
        "alternatives": season_wishes.wishes_of(session, season.round)[0].alternatives,
    }
    season_wishes.hand_in(session, season.round, season.other, values, "", AFTER, clerk="Herr Lange")
    with pytest.raises(NotNow):
        released(session, season)


def test_a_wish_that_is_gone_blocks_nobody(session, season):
    theirs = wish(session, season, season.other, EVENING, age_group="youth")
    ours = wish(session, season, season.here.club, EVENING)
    assert rehearsed(session, season)[ours.id].hall_id is None
    season_wishes.withdraw(session, season.round, theirs, AFTER, clerk="Herr Lange")
    assert rehearsed(session, season)[ours.id].hall_id
    season.here.club.state = "blocked"
    assert not rehearsed(session, season)


def test_only_a_second_clerk_releases_whoever_worked_on_it_last(session, season):
    ours = wish(session, season, season.here.club, EVENING)
    rehearsed(session, season)
    with pytest.raises(Forbidden):
        released(session, season, season.here.clerk)
    decide(session, season.here.town.town, season.round, ours, None, "So nicht.", season.second, AFTER)
    with pytest.raises(Forbidden):
        released(session, season, season.second)
    released(session, season, season.here.clerk)
    assert season.round.state == "released"
    with pytest.raises(NotNow):
        rehearsed(session, season)


def test_the_release_books_series_leaves_out_what_is_closed_and_tells_the_clubs(session, season):
    ours = wish(session, season, season.here.club, EVENING, parts=2)
    lost = wish(session, season, season.other, EVENING, parts=2)
    lost.organisation.user_class = "outside"
    rehearsed(session, season)
    closed = slot_at(date(2027, 3, 8), 12)
    resource = season.here.parts[1]
    for each in season.here.parts.values():
        closures.close_around(session, each, Span(closed, closed + timedelta(hours=12)), "Fest", AFTER, CLERK)
    plan = released(session, season)
    assert plan[ours.id].left_out == [date(2027, 3, 8)] and resource
    (made,) = season_release.series_of(session, season.round).values()
    bookings = session.scalars(select(Booking).join(HallUse).where(HallUse.series_id == made.id)).all()
    mondays = [date(2027, 2, 1) + timedelta(weeks=n) for n in range(13)]
    # Easter Monday is no training.
    assert len(bookings) == len([day for day in mondays if day not in (date(2027, 3, 8), date(2027, 3, 29))])
    assert {each.state for each in bookings} == {"confirmed"} and made.allotment_id == plan[ours.id].id
    results = session.scalars(select(Letter).where(Letter.kind == "season_result")).all()
    assert {each.to_address for each in results} == {"tus@example.org", "coach@example.org", "rot@example.org"}
    (told,) = [each.text for each in results if each.to_address == "rot@example.org"]
    assert "leider keinen Platz" in told and "Reihenfolge der Gruppen" in told and "TuS" not in told
    assert seed_print(season_rounds.seed_of(session, season.round)) == season.round.seed_print
    released(session, season)  # twice is once
    assert count(session, Series) == 1 and count(session, Allotment) == 2


def test_the_report_finds_who_came_first_and_got_less(session, season):
    """A clerk's hand has turned the order round: it is seen before the clubs see it."""
    young = wish(session, season, season.other, EVENING, age_group="youth")
    wish(session, season, season.here.club, EARLY)
    rehearsed(session, season)
    decide(session, season.here.town.town, season.round, young, None, "Versehen", season.here.clerk, AFTER)
    plan = list(season_plan.allotments_of(session, season.round).values())
    made = report(session, season.here.town.town, season.round, plan, AFTER)
    assert (made.all.wishes, made.all.got, made.all.first) == (2, 1, 1)
    assert any("SV Rot" in each for each in made.warnings)
    assert any("kleineren Teil" in each for each in made.warnings)
    assert [hall.percent for hall in made.halls] == [round(100 * 360 / (3 * 6 * 60 * 7 - 3 * 60 + 3 * 8 * 60 * 2))]
    assert [each.wish_id for each in made.by_hand] == [young.id]


def test_a_draft_can_be_changed_and_thrown_away_and_a_published_one_keeps_its_criteria(session, season):
    values = {"name": "Neu", "note": "", "closes_at": CLOSES + timedelta(days=1), "criteria": []}
    season_rounds.change(season.round, values, NOW)
    assert season.round.name == "Neu" and season.round.criteria and season.round.closes_at > CLOSES
    with pytest.raises(NotNow):
        season_rounds.change(season.round, values | {"closes_at": CLOSES}, NOW)
    season_rounds.take_back(session, season.round)
    season_rounds.delete(session, season.round)


@pytest.mark.parametrize("kind", ["postgresql"])
def test_two_who_release_at_the_same_moment_book_it_once(database, database_url):
    with database.write() as session:
        season = prepare(session)
        wish(session, season, season.here.club, EVENING)
        rehearsed(session, season)
    town, clerk = season.here.town.town, season.second

    def act(crowd):
        with crowd.write() as session:
            locked = season_rounds.round_of(session, town, season.round.id, lock=True)
            season_release.release(locked, clerk, AFTER)
        season_release.book_released(crowd, AFTER)

    with crowded(database_url) as crowd:
        assert together([lambda: act(crowd)] * 4) == [None] * 4
    with database.read() as session:
        assert count(session, Series) == 1
        assert session.get_one(Round, season.round.id).state == "released"
        letters = session.scalars(select(Letter.to_address).where(Letter.kind == "season_result")).all()
        assert sorted(letters) == ["coach@example.org", "tus@example.org"]


def test_a_club_reads_each_possibility_on_its_own_line_and_which_hall_alone_counts(session, season):
    hall = season.here.hall
    small = Hall(municipality_id=hall.municipality_id, name="Kleine Halle", slug="klein", site_id=hall.site_id)
    small.combinations, small.hours = [(1,)], hall.hours
    session.add(small)
    session.flush()
    session.add(HallPart(municipality_id=hall.municipality_id, hall_id=small.id, number=1, name="Halle"))
    session.flush()
    wish(session, season, season.other, EVENING, title="Erste")
    anywhere = [Alternative(weekday=MONDAY, from_minute=minute) for minute in (18 * 60, 19 * 60)]
    lost = wish(session, season, season.other, title="Zweite", alternatives=anywhere)
    told = rehearsed(session, season)[lost.id].reason.split("\n")
    assert len(told) == 4 and told[1] == "Nur „Dreifeldhalle“ hat 3 Felder."
    assert all("gleich welche Halle" in line for line in told[2:])
