"""A season's places: no overlaps, nobody passed over, the same for any order of arrival, lots only between equals."""

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from buchbar.booking.halls.models import Criterion
from buchbar.booking.halls.season_allocation import Choice, Dates, HallTimes, Place, Wish, allocate
from buchbar.booking.halls.season_criteria import DEFAULT, GROUPS, names

EVENINGS = {"club": {day: [Dates(20, dict.fromkeys((1, 2, 3), ((960, 1320),)))] for day in range(5)}}
EVENINGS |= dict.fromkeys(("local", "outside", "school"), EVENINGS["club"])
THREE = ((1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3))
BIG = HallTimes(id=UUID(int=1), slug="big", combinations=THREE, free=EVENINGS, buffer=15)
SMALL = HallTimes(
    id=UUID(int=2), slug="small", combinations=((1,),), free=EVENINGS, step_free=False, sports=("Turnen", "Judo")
)
HALLS = [BIG, SMALL]
CLUBS = [UUID(int=100 + n) for n in range(5)]
SEED = "seed"

choices = st.builds(
    Choice,
    weekday=st.integers(0, 1),
    from_minute=st.sampled_from((960, 990, 1050, 1200, 1290)),
    hall_id=st.sampled_from((None, BIG.id, SMALL.id)),
)
wishes = st.builds(
    Wish,
    id=st.uuids(),
    club=st.sampled_from(CLUBS),
    minutes=st.sampled_from((60, 90, 120)),
    choices=st.lists(choices, min_size=1, max_size=3).map(tuple),
    user_class=st.sampled_from(("club", "outside", "school")),
    age_group=st.sampled_from(("youth", "adults")),
    persons=st.integers(0, 40),
    parts_wanted=st.integers(1, 3),
    step_free=st.booleans(),
    rank=st.integers(1, 3),
    kept=st.booleans(),
    most_minutes=st.sampled_from((0, 180)),
)
many = st.lists(wishes, max_size=25, unique_by=lambda wish: wish.id)
criteria = st.lists(
    st.sampled_from(
        [Criterion(kind=kind) for kind in ("group", "share", "youth", "match", "kept", "persons")]
        + [Criterion(kind="persons", number=12), Criterion(kind="group", order=tuple(reversed(GROUPS)))]
    ),
    max_size=4,
    unique_by=lambda each: each.kind,
)


def evening(club, *, minutes=90, at=1080, **more):
    return Wish(id=uuid4(), club=club, minutes=minutes, choices=(Choice(0, at, SMALL.id),), **more)


def winners(results):
    return [result.wish for result in results if result.place]


@settings(max_examples=60, deadline=None)
@given(many, criteria, st.randoms(use_true_random=False))
def test_whatever_is_asked_for(asked, ordered, random):
    results = allocate(asked, HALLS, ordered, SEED)
    assert sorted(each.wish.id for each in results) == sorted(wish.id for wish in asked)  # it ends, with all
    shuffled = random.sample(asked, len(asked))
    assert allocate(shuffled, [SMALL, BIG], ordered, SEED) == results
    halls = {hall.id: hall for hall in HALLS}
    placed = [(each.wish, each.place) for each in results if each.place]
    for number, (wish, place) in enumerate(placed):
        assert not any(place.clashes(other, halls[place.hall_id].buffer) for _wish, other in placed[:number])
        assert place.parts in halls[place.hall_id].combinations and len(place.parts) >= wish.parts_wanted
        assert halls[place.hall_id].suits(wish) and place.until_minute <= 1320
        assert any((each.weekday, each.from_minute) == (place.weekday, place.from_minute) for each in wish.choices)
    minutes: Counter[UUID] = Counter()
    for wish, _place in placed:
        minutes[wish.club] += wish.minutes
        assert minutes[wish.club] <= (wish.most_minutes or 10_000)


@settings(max_examples=60, deadline=None)
@given(many, criteria)
def test_nobody_is_passed_over(asked, ordered):
    """Whoever has what somebody else missed came before by a criterion, and what was missed really was taken."""
    results = allocate(asked, HALLS, ordered, SEED)
    by_wish = {each.wish.id: each for each in results}
    for result in results:
        assert len(result.missed) == (len(result.wish.choices) if result.choice is None else result.choice)
        for missed in result.missed:
            if missed.why == "taken":
                winner = by_wish[missed.by]
                assert winner.number < result.number and winner.place
                assert missed.decided in names(ordered)
                if missed.decided == "rank":
                    assert winner.wish.club == result.wish.club and winner.wish.rank < result.wish.rank
                if missed.decided == "youth":
                    assert (winner.wish.age_group, result.wish.age_group) == ("youth", "adults")
                if missed.decided == "kept":
                    assert winner.wish.kept and not result.wish.kept


def test_the_towns_order_of_groups_decides():
    school, youth, club = (
        evening(CLUBS[0], user_class="school"),
        evening(CLUBS[1], age_group="youth"),
        evening(CLUBS[2]),
    )
    results = allocate([club, youth, school], HALLS, DEFAULT, SEED)
    assert winners(results) == [school]
    assert [(each.missed[0].by, each.missed[0].decided) for each in results[1:]] == [(school.id, "group")] * 2
    other = (Criterion(kind="group", order=("club", "youth")),)
    assert winners(allocate([club, youth, school], HALLS, other, SEED)) == [club]


def test_nobody_gets_a_second_place_before_everybody_of_the_same_group_has_a_first():
    greedy = [evening(CLUBS[0], at=960 + 90 * n, persons=40, rank=n + 1) for n in range(4)]
    modest = evening(CLUBS[1], at=1050, persons=8)
    fair = allocate([*greedy, modest], HALLS, [Criterion(kind="share"), Criterion(kind="persons")], SEED)
    assert modest in winners(fair) and len(winners(fair)) == 4
    missed = next(each for each in fair if each.place is None).missed[0]
    assert (missed.by, missed.decided) == (modest.id, "share")
    assert modest not in winners(allocate([*greedy, modest], HALLS, [Criterion(kind="persons")], SEED))


def test_lots_fall_between_equals_and_no_club_by_its_id_or_by_asking_often():
    """One evening, three equal clubs; the first asks three times for it. Over 400 seeds all win about as often."""
    asked = [evening(CLUBS[0]), evening(CLUBS[0]), evening(CLUBS[0]), evening(CLUBS[1]), evening(CLUBS[2])]
    won = Counter(winners(allocate(asked, HALLS, DEFAULT, f"seed {n}"))[0].club for n in range(400))
    assert all(100 <= won[club] <= 170 for club in CLUBS[:3]), won
    lost = allocate(asked, HALLS, DEFAULT, SEED)
    assert {each.missed[0].decided for each in lost[1:]} == {"lot"}


def test_the_smallest_combination_that_leaves_most_to_others():
    """One part is given at the edge, so that two neighbours stay together."""
    one = replace(evening(CLUBS[0]), choices=(Choice(0, 1080),), step_free=True)
    two = replace(evening(CLUBS[1], parts_wanted=2), choices=(Choice(0, 1080, BIG.id),))
    results = allocate([one, two], HALLS, [Criterion(kind="persons")], SEED)
    assert sorted(len(each.place.parts) for each in results) == [1, 2]
    assert (2,) not in [each.place.parts for each in results]


def test_what_a_clerk_has_decided_stays_and_is_gone_for_the_others():
    place = Place(SMALL.id, (1,), 0, 1080, 1170)
    by_hand = evening(CLUBS[0], by_hand=True, place=place)
    nothing = evening(CLUBS[1], by_hand=True, user_class="school")
    results = allocate([nothing, evening(CLUBS[2]), by_hand], HALLS, DEFAULT, SEED)
    assert winners(results) == [by_hand]
    assert (results[-1].missed[0].why, results[-1].missed[0].by) == ("hand", by_hand.id)


def test_why_a_choice_cannot_be_had_by_anybody():
    late, football = evening(CLUBS[0], at=1290), evening(CLUBS[1], sport="Fußball")
    assert {each.missed[0].why for each in allocate([late, football], HALLS, DEFAULT, SEED)} == {"closed"}
    much = [evening(CLUBS[0], at=at, most_minutes=120) for at in (960, 1080)]
    assert [each.missed[0].why for each in allocate(much, HALLS, DEFAULT, SEED) if each.missed] == ["limit"]


def test_a_place_is_free_as_a_whole_on_more_than_half_of_its_dates():
    """From six to seven on three dates of five, from seven to eight on three: from six to eight only on one."""
    early, late, both = ((1080, 1140),), ((1140, 1200),), ((1080, 1200),)
    times = [Dates(2, {1: early, 2: both}), Dates(1, {1: both, 2: both}), Dates(2, {1: late, 2: early})]
    hall = HallTimes(id=BIG.id, slug="big", combinations=THREE, free={"club": {0: times}})
    places = [((1,), 1080, 1140), ((1,), 1140, 1200), ((1,), 1080, 1200), ((2,), 1080, 1200), ((1, 2), 1080, 1140)]
    free = [hall.open_for("club", Place(BIG.id, parts, 0, start, end)) for parts, start, end in places]
    assert free == [True, True, False, True, True]
    assert not hall.open_for("club", Place(BIG.id, (1, 2), 0, 1140, 1200))
