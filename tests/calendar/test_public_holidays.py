from datetime import date

import pytest

from buchbar.calendar.public_holidays import first_working_day, holiday_name, is_working_day

LAENDER = ["BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST", "TH"]


def test_reformation_day_is_a_holiday_in_lower_saxony_and_not_in_north_rhine_westphalia():
    assert holiday_name(date(2026, 10, 31), "NI") == "Reformationstag"
    assert holiday_name(date(2026, 10, 31), "NW") is None


def test_all_saints_and_corpus_christi_are_holidays_in_north_rhine_westphalia_only():
    assert holiday_name(date(2026, 11, 1), "NW") == "Allerheiligen"
    assert holiday_name(date(2026, 6, 4), "NW") == "Fronleichnam"
    assert holiday_name(date(2026, 11, 1), "NI") is None
    assert holiday_name(date(2026, 6, 4), "NI") is None


def test_easter_moves():
    assert holiday_name(date(2026, 4, 6), "NI") == "Ostermontag"
    assert holiday_name(date(2027, 3, 29), "NI") == "Ostermontag"
    assert holiday_name(date(2027, 4, 6), "NI") is None


def test_holidays_have_english_names():
    assert holiday_name(date(2026, 10, 31), "NI", "en") == "Reformation Day"


@pytest.mark.parametrize("land", LAENDER)
def test_every_land_knows_the_nine_common_holidays(land):
    common = [(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)]
    assert all(holiday_name(date(2026, *day), land) for day in common)


def test_assumption_day_is_a_holiday_in_catholic_municipalities_of_bavaria():
    assert holiday_name(date(2026, 8, 15), "BY") is None
    assert holiday_name(date(2026, 8, 15), "BY-catholic") == "Mariä Himmelfahrt"
    assert holiday_name(date(2026, 1, 1), "BY-catholic") == "Neujahr"


@pytest.mark.parametrize("land", ["XX", "", "ni", "BY-protestant", "AT"])
def test_an_unknown_land_is_refused(land):
    with pytest.raises(ValueError, match=r"no such Land|no holidays"):
        holiday_name(date(2026, 1, 1), land)


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match="no holidays"):
        holiday_name(date(2026, 1, 1), "NI", "tlh")


def test_working_days_are_monday_to_friday_without_holidays():
    assert is_working_day(date(2026, 5, 4), "NI")
    assert not is_working_day(date(2026, 5, 2), "NI")
    assert not is_working_day(date(2026, 5, 3), "NI")
    assert not is_working_day(date(2026, 5, 1), "NI")


def test_christmas_eve_and_new_years_eve_are_working_days_by_law():
    assert is_working_day(date(2026, 12, 24), "NI")
    assert is_working_day(date(2026, 12, 31), "NI")


@pytest.mark.parametrize(
    ("year", "month", "land", "expected"),
    [
        (2027, 1, "NI", date(2027, 1, 4)),
        (2026, 5, "NI", date(2026, 5, 4)),
        (2027, 11, "NI", date(2027, 11, 1)),
        (2027, 11, "NW", date(2027, 11, 2)),
        (2026, 6, "NI", date(2026, 6, 1)),
    ],
)
def test_the_first_working_day_skips_holidays_and_weekends(year, month, land, expected):
    assert first_working_day(year, month, land) == expected
