"""The days on which banks move money."""

from datetime import date

import pytest

from buchbar.calendar.bank_days import bank_day_from, is_bank_day


@pytest.mark.parametrize(
    ("day", "moves"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 28), False),
        (date(2026, 12, 25), False),
        (date(2027, 3, 26), False),
        (date(2027, 3, 29), False),
        (date(2026, 10, 31), False),
        (date(2027, 5, 6), True),  # Ascension Day is a holiday in Germany, and none for banks in SEPA
    ],
)
def test_banks_have_holidays_of_their_own(day: date, moves: bool) -> None:
    assert is_bank_day(day) is moves


def test_the_next_bank_day_may_be_the_day_itself() -> None:
    assert bank_day_from(date(2026, 11, 23)) == date(2026, 11, 23)
    assert bank_day_from(date(2026, 12, 25)) == date(2026, 12, 28)
