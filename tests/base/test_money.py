"""Integer cents, one way to round, and no amount that becomes zero by mistake."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.base.money import cents, parse_euros, share, spread
from buchbar.base.texts import euros


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", 1), ("0.0049", 0), ("1.015", 102), ("2.675", 268), ("-0.005", -1), ("-1.015", -102), ("12.34", 1234)],
)
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert cents(Decimal(amount)) == rounded


@pytest.mark.parametrize(
    ("amount", "percent", "part"), [(17000, 50, 8500), (1, 50, 1), (-1, 50, -1), (3335, 33, 1101), (999, 0, 0)]
)
def test_a_share_is_whole_cents(amount, percent, part):
    assert share(amount, percent) == part


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_a_share_is_never_more_than_the_whole_and_both_parts_are_within_a_cent(amount, percent):
    assert 0 <= share(amount, percent) <= amount
    assert abs(share(amount, percent) + share(amount, 100 - percent) - amount) <= 1


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [(-25000, [50000, 5000], [-22727, -2273]), (1, [1, 1], [1, 0]), (100, [1, 0, 2], [33, 0, 67]), (0, [7, 9], [0, 0])],
)
def test_an_amount_is_shared_out_in_proportion(amount, weights, parts):
    assert spread(amount, weights) == parts


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_the_parts_are_the_amount_to_the_cent_and_none_is_more_than_its_weight_where_all_are_not(amount, weights):
    parts = spread(amount, weights)
    assert sum(parts) == amount and all(part * amount >= 0 for part in parts)
    assert all(abs(part - amount * weight / sum(weights)) <= 1 for part, weight in zip(parts, weights, strict=True))
    if abs(amount) <= sum(weights):
        assert all(abs(part) <= weight for part, weight in zip(parts, weights, strict=True))


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("12", 1200), ("12,5", 1250), ("12,50", 1250), ("12,50 €", 1250), ("€ 12,50", 1250), ("0", 0), ("0,00", 0),
        ("1.250", 125000), ("1.250,00 €", 125000), ("1\u00a0250,00\u00a0€", 125000), ("1.234.567,89", 123456789),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(typed, value):
    assert parse_euros(typed) == value


@pytest.mark.parametrize(
    "typed",
    ["", " ", "€", ",", ",50", "12,", "12,345", "12.5", "12.50", "1.25,00", "1250.000,00.1", ".250", "1..250", "-5",
     "+5", "1e3", "12,5x", "zwölf", "NaN", "Infinity", "12,²", "1,2,3", "0x10", "१२,²"],
)  # fmt: skip
def test_what_is_no_amount_is_never_read_as_one(typed):
    with pytest.raises(ValueError):
        parse_euros(typed)


@given(st.integers(0, 10**11))
def test_an_amount_that_we_write_is_the_amount_that_we_read(value):
    assert parse_euros(euros(value)) == value


@given(st.text(max_size=12))
def test_only_a_zero_is_read_as_nothing(typed):
    try:
        value = parse_euros(typed)
    except ValueError:
        return
    assert value > 0 or set(typed) & set("0") and not set(typed) & set("123456789")
