"""What a case costs: examples from real tariffs (DOMAIN.md 2.4), and what must hold for any tariff and any case."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import at
from buchbar.payments.models import Conditions, TariffItem, VatChange
from buchbar.payments.pricing import Case, price

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY, SATURDAY = date(2027, 1, 13), date(2027, 1, 16)
HALL = UUID(int=7)
WORKDAYS = WeeklyRule(frozenset(range(5)), 0, 1440)


def item(cents=0, *, code="use", **fields) -> TariffItem:
    usual = {"label": "Nutzung", "vat": "frei", "kind": "price", "unit": "booking", "per_part": False, "percent": 0}
    usual |= {"conditions": Conditions(), "vat_changes": (), "resource_id": None}
    return TariffItem(code=code, cents=cents, **usual | fields)


def case(start="18:00", hours=1.0, day=WEDNESDAY, **fields) -> Case:
    clock = int(start[:2]) * 60 + int(start[3:])
    begins = at(day, clock, BERLIN)
    usual = {"zone": BERLIN, "land": "NI", "due": ("use", "extra"), "resource_id": HALL}
    return Case(start=begins, end=begins + timedelta(hours=hours), **usual | fields)


def total(items, asked: Case) -> int:
    return sum(line.cents for line in price(items, asked))


# --- Tariffs that are in force somewhere ------------------------------------------------------------------------


def test_hohberg_youth_and_adults_per_hour_and_third_of_the_hall():
    hohberg = [
        item(200, label="Jugend", unit="hour", per_part=True, conditions=Conditions(age_groups=("youth",))),
        item(600, label="Erwachsene", unit="hour", per_part=True),
    ]
    (line,) = price(hohberg, case(hours=2.5, age_group="adults", parts=2))
    assert (line.label, line.cents) == ("Erwachsene", 3 * 600 * 2)
    assert line.note.replace("\xa0", " ") == "3 × angefangene Stunde à 6,00 €, 2 Hallenteile"
    assert total(hohberg, case(hours=2.5, age_group="youth", parts=2)) == 3 * 200 * 2


def test_halver_a_third_of_the_hall_and_half_of_it_under_18():
    halver = [
        item(160, unit="hour", per_part=True),
        item(kind="reduction", percent=50, label="unter 18", conditions=Conditions(age_groups=("youth",))),
    ]
    assert total(halver, case(hours=3, parts=3)) == 1440
    lines = price(halver, case(hours=3, parts=3, age_group="youth"))
    assert [line.cents for line in lines] == [1440, -720]
    assert lines[1].note.replace("\xa0", " ") == "50 % von 14,40 €"


def test_hildburghausen_three_classes_of_users_per_started_hour():
    prices = {"own": 51, "outside": 511, "commercial": 511}
    tariff = [
        item(cents, unit="hour", conditions=Conditions(user_classes=(who,)), label=who) for who, cents in prices.items()
    ]
    assert total(tariff, case(hours=1.5, user_class="own")) == 102, "an hour and a half is two started hours"
    assert total(tariff, case(hours=1.5, user_class="commercial")) == 1022
    assert total(tariff, case(hours=1.5, user_class="somebody")) == 0


def test_konstanz_adults_pay_with_vat_from_2025_and_youth_is_free():
    konstanz = [
        item(0, label="Jugend", unit="hour", conditions=Conditions(age_groups=("youth",))),
        item(800, label="Erwachsene", unit="hour", vat="frei", vat_changes=(VatChange(date(2025, 1, 1), "19"),)),
    ]
    (free,) = price(konstanz, case(hours=2, age_group="youth"))
    assert (free.label, free.cents) == ("Jugend", 0)
    assert [(line.cents, line.vat) for line in price(konstanz, case(hours=2))] == [(1600, "19")]
    before = case(hours=2, day=date(2024, 12, 31))
    assert [line.vat for line in price(konstanz, before)] == ["frei"]


# --- Units --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "hours", "cents"),
    [
        ("booking", 5, 100),
        ("hour", 1, 100),
        ("hour", 1 + 1 / 60, 200),
        ("half_hour", 1, 200),
        ("half_hour", 1.25, 300),
        ("day", 6, 100),
        ("day", 6 + 1 / 60, 200),
        ("person", 5, 1200),
        ("hour", 0, 100),
    ],
)
def test_what_is_begun_counts_whole(unit, hours, cents):
    assert total([item(100, unit=unit)], case(hours=hours, persons=12)) == cents


def test_the_night_in_october_has_an_hour_more_and_the_one_in_march_one_less():
    autumn = Case(
        start=at(date(2026, 10, 24), 22 * 60, BERLIN),
        end=at(date(2026, 10, 25), 4 * 60, BERLIN),
        zone=BERLIN,
        land="NI",
        due=("use",),
    )
    spring = replace(autumn, start=at(date(2027, 3, 27), 1320, BERLIN), end=at(date(2027, 3, 28), 240, BERLIN))
    assert total([item(100, unit="hour")], autumn) == 700
    assert total([item(100, unit="hour")], spring) == 500
    assert total([item(100, unit="day")], autumn) == 200


def test_each_hour_belongs_to_the_band_in_which_it_begins():
    evening = WeeklyRule(frozenset(range(7)), 20 * 60, 1440)
    items = [item(1000, label="Abend", unit="hour", conditions=Conditions(hours=(evening,))), item(600, unit="hour")]
    assert [line.cents for line in price(items, case("18:30", 3))] == [1000, 1200]


def test_a_price_begins_to_count_when_its_hours_begin():
    day = WeeklyRule(frozenset(range(7)), 8 * 60, 20 * 60)
    items = [item(600, unit="hour", conditions=Conditions(hours=(day,)))]
    assert total(items, case("07:45", 1.25)) == 600
    assert total(items, case("19:30", 20)) == 600 + 8 * 600, "one begun in the evening, eight the next morning"


def test_weekends_and_holidays_cost_what_is_left_over_by_the_workdays():
    items = [item(500, unit="hour", conditions=Conditions(hours=(WORKDAYS,))), item(900, unit="hour")]
    assert total(items, case()) == 500
    assert total(items, case(day=SATURDAY)) == 900
    assert total(items, case(day=date(2027, 5, 6))) == 900, "Ascension Day, a Thursday"


def test_a_price_for_the_weekend_can_hold_on_holidays_too():
    weekend = Conditions(hours=(WeeklyRule(frozenset({5, 6}), 0, 1440),), holidays=True)
    items = [item(600, unit="hour"), item(kind="surcharge", percent=25, conditions=weekend)]
    assert total(items, case()) == 600
    assert total(items, case(day=SATURDAY)) == total(items, case(day=date(2027, 5, 6))) == 750


def test_a_band_or_season_holds_on_holidays_like_on_its_weekdays_where_holidays_count():
    evening = WeeklyRule(frozenset({5, 6}), 18 * 60, 1440, season_from=(5, 1), season_until=(9, 30))
    items = [item(600, unit="hour", conditions=Conditions(hours=(evening,), holidays=True))]
    ascension, new_year = date(2027, 5, 6), date(2027, 1, 1)
    assert [total(items, case(start, day=ascension)) for start in ("16:00", "18:00")] == [0, 600]
    assert total(items, case("18:00", day=new_year)) == 0


def test_a_surcharge_can_hold_on_holidays_only():
    items = [item(600), item(kind="surcharge", percent=10, conditions=Conditions(holidays=True))]
    assert [total(items, case(day=day)) for day in (date(2027, 5, 6), SATURDAY)] == [660, 600]


def test_heating_is_paid_in_winter():
    winter = WeeklyRule(frozenset(range(7)), 0, 1440, season_from=(10, 1), season_until=(3, 31), on_holidays=True)
    items = [
        item(600, unit="hour"),
        item(150, kind="surcharge", unit="hour", label="Heizung", conditions=Conditions(hours=(winter,))),
    ]
    assert [line.cents for line in price(items, case(hours=2))] == [1200, 300]
    assert [line.cents for line in price(items, case(hours=2, day=date(2027, 6, 2)))] == [1200]


# --- Which of them hold -----------------------------------------------------------------------------------------


def test_of_one_code_the_first_that_fits_holds_and_plain_ones_hold_together():
    club = item(2000, label="Verein", conditions=Conditions(user_classes=("club",)))
    others, cleaning = item(5000, label="sonst"), item(1500, label="Reinigung")
    items = [club, others, cleaning]
    assert [line.label for line in price(items, case(user_class="club"))] == ["Verein"]
    assert [line.label for line in price(items, case())] == ["sonst", "Reinigung"]


def test_only_what_is_due_and_for_this_resource_counts():
    items = [item(100, code="never"), item(200, resource_id=UUID(int=8)), item(300, resource_id=HALL)]
    assert total(items, case()) == 300


@pytest.mark.parametrize(("parts", "cents"), [(1, 500), (2, 500), (3, 1200)])
def test_a_whole_hall_has_a_price_of_its_own(parts, cents):
    items = [item(1200, conditions=Conditions(parts=(3, 9))), item(500)]
    assert total(items, case(parts=parts)) == cents


def test_siblings_and_the_social_card_lower_the_price_one_after_the_other():
    items = [
        item(10000),
        item(kind="reduction", percent=25, label="Geschwister", conditions=Conditions(traits=("sibling",))),
        item(3000, kind="reduction", label="Sozialpass", conditions=Conditions(traits=("social_card",))),
    ]
    assert total(items, case(traits=("sibling",))) == 7500
    assert total(items, case(traits=("sibling", "social_card"))) == 4500


def test_a_percentage_is_of_the_prices_before_it_and_rounded_as_on_paper():
    items = [item(333, unit="hour"), item(kind="surcharge", percent=50), item(1000, code="extra")]
    assert [line.cents for line in price(items, case())] == [333, 167, 1000]


def test_a_percentage_has_the_vat_of_the_prices_that_it_is_of():
    items = [item(1000), item(600, code="extra", vat="19"), item(kind="reduction", percent=50, vat="hoheitlich")]
    lines = price(items, case())
    assert [(line.cents, line.vat) for line in lines[2:]] == [(-500, "frei"), (-300, "19")]


@pytest.mark.parametrize(
    ("bound", "shares"),
    [
        (item(30000, kind="maximum"), [("19", -22727), ("hoheitlich", -2273)]),
        (item(66000, kind="minimum"), [("19", 10000), ("hoheitlich", 1000)]),
        (item(11001, kind="reduction"), [("19", -10001), ("hoheitlich", -1000)]),
        (item(99999, kind="reduction"), [("19", -50000), ("hoheitlich", -5000)]),
    ],
)
def test_what_changes_the_whole_sum_is_shared_out_over_the_vat_in_it(bound, shares):
    """What is paid less or more for all is so for each: otherwise one tax would be below zero, another too high."""
    lines = price([item(50000, vat="19"), item(5000, code="extra", vat="hoheitlich"), bound], case())
    assert [(line.vat, line.cents) for line in lines[2:]] == shares
    assert all(line.note.endswith("anteilig") for line in lines[2:])


def test_of_prices_twice_reduced_none_is_below_nothing():
    items = [item(1000, vat="19"), item(1000, code="extra", vat="7"), *[item(kind="reduction", percent=60)] * 2]
    assert [(line.vat, line.cents) for line in price(items, case())[2:]] == [
        *(("19", -600), ("7", -600)),
        *(("19", -400), ("7", -400)),
    ]


def test_a_minimum_of_what_costs_nothing_has_its_own_vat():
    assert price([item(0), item(500, kind="minimum", vat="19")], case())[-1].vat == "19"


def test_a_surcharge_alone_is_bounded_too():
    assert total([item(900, kind="surcharge"), item(500, kind="maximum")], case()) == 500


def test_no_reduction_makes_the_sum_negative_and_the_minimum_holds():
    items = [item(500), item(900, kind="reduction"), item(200, kind="minimum", label="Mindestens")]
    lines = price(items, case())
    assert [line.cents for line in lines] == [500, -500, 200]
    assert lines[-1].note.replace("\xa0", " ") == "mindestens 2,00 €"


def test_a_maximum_caps_and_nothing_due_costs_no_minimum():
    items = [item(600, unit="hour"), item(2000, kind="maximum"), item(1000, kind="minimum")]
    assert total(items, case(hours=5)) == 2000
    assert total(items, case(hours=1)) == 1000
    assert price(items, case(due=("extra",))) == []


def test_a_naive_moment_and_an_end_before_the_start_are_no_case():
    for end in (datetime.fromisoformat("2027-01-13T12:00"), datetime(2026, 1, 1, tzinfo=UTC)):
        with pytest.raises(ValueError):
            Case(start=datetime(2027, 1, 1, tzinfo=UTC), end=end, zone=BERLIN, land="NI", due=())


# --- For any tariff and any case --------------------------------------------------------------------------------

RULES = st.builds(
    lambda days, start, length: WeeklyRule(days, start * 60, min(24, start + length) * 60),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.integers(0, 23),
    st.integers(1, 24),
)
CONDITIONS = st.builds(
    Conditions,
    user_classes=st.sampled_from([(), ("club",), ("commercial", "outside")]),
    traits=st.sampled_from([(), ("social_card",)]),
    hours=st.lists(RULES, max_size=2).map(tuple),
    holidays=st.booleans(),
)
ITEMS = st.builds(
    item,
    st.integers(0, 50000),
    code=st.sampled_from(["use", "extra"]),
    kind=st.sampled_from(["price", "price", "surcharge", "reduction"]),
    unit=st.sampled_from(["booking", "hour", "half_hour", "day", "person"]),
    per_part=st.booleans(),
    percent=st.sampled_from([0, 0, 7, 33, 100]),
    vat=st.sampled_from(["hoheitlich", "7", "19"]),
    conditions=CONDITIONS,
)
CASES = st.builds(
    lambda minutes, length, user, traits, parts: replace(
        case(hours=length / 60, user_class=user, traits=traits, parts=parts, persons=parts),
        start=(begins := at(date(2027, 3, 24), 0, BERLIN) + timedelta(minutes=minutes)),
        end=begins + timedelta(minutes=length),
    ),
    st.integers(0, 7 * 1440),
    st.integers(0, 3 * 1440),
    st.sampled_from(["club", "commercial", ""]),
    st.sampled_from([(), ("social_card",)]),
    st.integers(1, 3),
)


@given(st.lists(ITEMS, max_size=7), CASES)
def test_a_sum_is_never_negative(items, asked):
    assert total(items, asked) >= 0


@given(st.lists(ITEMS, max_size=7), CASES, st.integers(0, 20000), st.integers(0, 100000))
def test_nothing_is_negative_under_any_vat_key_and_what_bounds_is_met_to_the_cent(items, asked, least, more):
    unbound = total(items, asked)
    lines = price([*items, item(least, kind="minimum"), item(least + more, kind="maximum")], asked)
    sums = {key: sum(line.cents for line in lines if line.vat == key) for key in {line.vat for line in lines}}
    assert all(cents >= 0 for cents in sums.values())
    assert not lines or sum(sums.values()) == min(max(unbound, least), least + more)


@given(st.lists(ITEMS, max_size=5), CASES, st.integers(0, 20000), st.integers(0, 100000))
def test_a_sum_lies_between_minimum_and_maximum(items, asked, least, more):
    bounds = [item(least, kind="minimum"), item(least + more, kind="maximum")]
    lines = price([*items, *bounds], asked)
    assert not lines or least <= sum(line.cents for line in lines) <= least + more


@given(st.lists(ITEMS, max_size=5), CASES, st.sampled_from(["UTC", "Pacific/Auckland", "America/St_Johns"]))
def test_it_doesnt_matter_in_which_zone_a_moment_is_written(items, asked, name):
    zone = ZoneInfo(name)
    same = replace(asked, start=asked.start.astimezone(zone), end=asked.end.astimezone(zone))
    assert price(items, same) == price(items, asked)


@given(st.lists(ITEMS.filter(lambda each: each.kind == "price"), max_size=5), CASES, st.integers(1, 70))
def test_hours_that_follow_each_other_add_up(items, asked, hours):
    """Also over the change of the clocks, which is in the middle of these days."""
    for each in items:
        each.unit, each.conditions = "hour", Conditions(hours=(), user_classes=each.conditions.user_classes)
    middle = asked.start + timedelta(hours=hours)
    if middle < asked.end:
        first, second = replace(asked, end=middle), replace(asked, start=middle)
        assert total(items, asked) == total(items, first) + total(items, second)


@given(st.lists(ITEMS.filter(lambda each: each.kind != "reduction"), max_size=6), CASES, st.integers(0, 600))
def test_who_stays_longer_never_pays_less(items, asked, minutes):
    longer = replace(asked, end=asked.end + timedelta(minutes=minutes))
    assert total(items, longer) >= total(items, asked)
