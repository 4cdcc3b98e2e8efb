"""The order in which wishes are looked at: criteria first, then lots; never an id, never the order of arrival."""

import hashlib
from collections import Counter
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.booking.allocation import decided, in_turn, lot, lots, seed_print

SEED = "a seed that nobody knows before"


def order(names, seed=SEED, standing=lambda _name: ()):
    criteria = ("first", "second")[: len(standing(None))] + ("lot",)
    return [turn.applicant for turn in in_turn(names, criteria, lambda name: (*standing(name), lot(seed, name)))]


@given(st.permutations([f"club {n}" for n in range(12)]))
def test_the_order_of_arrival_never_decides(names):
    assert lots(SEED, names) == lots(SEED, sorted(names)) == order(names)


def test_the_published_print_is_one_that_anybody_can_compute():
    assert seed_print(SEED) == hashlib.sha256(SEED.encode()).hexdigest()
    assert lots(SEED, "abc") != lots("another seed", "abc")  # and the seed decides


def test_ids_that_come_early_win_no_more_often():
    """LESSONS: with ties broken by id the same children lost every year. Here each of six has each place about as
    often as the others, over 400 seeds."""
    ids = sorted(uuid4() for _n in range(6))
    firsts = Counter(lots(f"seed {n}", map(str, ids))[0] for n in range(400))
    assert all(40 <= firsts[str(each)] <= 95 for each in ids)
    assert [*firsts] and UUID(min(firsts)) in ids


def test_criteria_go_before_lots_and_it_is_told_what_decided():
    standing = {"a": (0, 2), "b": (0, 1), "c": (1, 0), "d": (1, 0)}
    turns = list(in_turn("dcba", ("class", "size", "lot"), lambda name: (*standing[name], lot(SEED, name))))
    assert [turn.applicant for turn in turns] == ["b", "a", *lots(SEED, "cd")]
    assert [turn.decided for turn in turns] == ["size", "class", "lot", ""]
    assert decided(("class",), (1,), (1,)) == ""


def test_what_one_has_got_counts_at_the_next_turn():
    """Two wishes of a, one of b: with a fair share b comes before the second of a."""
    got = Counter()
    seen = []
    for turn in in_turn([("a", 1), ("a", 2), ("b", 3)], ("share", "name"), lambda wish: (got[wish[0]], wish)):
        got[turn.applicant[0]] += 1
        seen.append(turn.applicant[0])
    assert seen == ["a", "b", "a"]


def test_equals_without_a_lot_are_a_mistake():
    with pytest.raises(ValueError):
        list(in_turn(["a", "b"], ("class",), lambda _name: (0,)))
