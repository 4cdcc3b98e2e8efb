"""A hall's tariff at the desk: every condition is typed and shown again, and the calculator says what it means."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import tariff_forms
from buchbar.booking.halls.tariff import TARIFFS
from buchbar.calendar.rules import WeeklyRule
from buchbar.payments.models import Conditions, Tariff, VatChange
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
TODAY = date(2026, 11, 23)
EVERY_DAY = frozenset(range(7))


@pytest.fixture
def head(client, database, town):
    become(client, database, colleague(database, town, "head", "Frau Lenz"))


def row(number, **fields):
    usual = {"code": "use", "label": "Nutzung", "euros": "6,00", "vat": "frei", "unit": "hour"}
    return {f"{name}_{number}": value for name, value in (usual | fields).items() if value is not None}


def form(*rows):
    fields = {"bereich": "halls", "valid_from": "2027-01-01"}
    for number, each in enumerate(rows or [{}], 1):
        fields |= row(number, **each)
    return fields


HALL = form(
    {"label": "Jugend", "euros": "0", "classes": ["club", "local"], "ages": ["youth"]},
    {"label": "Erwachsene", "per_part": "ja", "vat_from": "2027-07-01", "vat_then": "19"},
    {"label": "Wochenende", "kind": "surcharge", "percent": "25", "euros": "", "on": ["5", "6", "h"]},
    {"label": "Heizung", "kind": "surcharge", "euros": "1,50", "season": "1.10.", "season_end": "31.3."},
    {"label": "Halle ganz", "unit": "day", "euros": "200", "purposes": ["event"], "least": "3"},
    {
        "label": "Abends",
        "kind": "reduction",
        "percent": "10",
        "euros": "",
        "on": ["0"],
        "starts": "20:00",
        "stops": "24:00",
    },
    {"label": "mindestens", "kind": "minimum", "euros": "12", "traits": ["entry_fee"]},
)


def made(database):
    with database.read() as session:
        tariff = session.scalars(select(Tariff).where(Tariff.journey == "halls")).one()
        return tariff, list(tariff.items)


def test_a_halls_tariff_is_kept_as_it_was_typed(client, posted, database, head):
    assert posted(f"{DESK}/entgelte", **HALL).status_code == 303
    _tariff, items = made(database)
    youth, adults, weekend, heating, whole, evening, least = items
    assert youth.conditions == Conditions(user_classes=("club", "local"), age_groups=("youth",))
    assert (adults.unit, adults.per_part, adults.vat_changes) == ("hour", True, (VatChange(date(2027, 7, 1), "19"),))
    assert (weekend.kind, weekend.percent, weekend.cents) == ("surcharge", 25, 0)
    assert weekend.conditions == Conditions(hours=(WeeklyRule(frozenset({5, 6}), 0, 1440),), holidays=True)
    winter = WeeklyRule(EVERY_DAY, 0, 1440, season_from=(10, 1), season_until=(3, 31))
    assert heating.conditions == Conditions(hours=(winter,), holidays=True)
    assert (whole.unit, whole.conditions.parts, whole.conditions.purposes) == ("day", (3, 6), ("event",))
    assert evening.conditions == Conditions(hours=(WeeklyRule(frozenset({0}), 1200, 1440),))
    assert (least.kind, least.conditions.traits) == ("minimum", ("entry_fee",))
    page = client.get(f"{DESK}/entgelte?bereich=halls").text.replace("\xa0", " ")
    assert "6,00 € je angefangene Stunde und Hallenteil" in page and "25 % der Preise davor" in page
    assert "Vereine aus dem Ort oder andere aus dem Ort; Kinder und Jugendliche" in page
    assert "ab 01.07.2027: 19 % Umsatzsteuer, enthalten" in page


def test_the_form_of_a_halls_tariff_makes_the_same_again(posted, database, head):
    posted(f"{DESK}/entgelte", **HALL)
    tariff, items = made(database)
    typed = tariff_forms.typed_of(tariff, tariff.valid_from)
    again = tariff_forms.read(typed, TARIFFS, [], TODAY).items

    def said(each):
        return each.code, each.label, each.cents, each.kind, each.unit, each.per_part, each.percent, each.conditions

    assert [said(each) for each in again] == [said(each) for each in items]
    assert [each.vat_changes for each in again] == [each.vat_changes for each in items]


def test_what_stands_in_a_positions_conditions_is_shown_again(client, posted, head):
    posted(f"{DESK}/entgelte", **HALL)
    page = client.get(f"{DESK}/entgelte/neu?bereich=halls").text
    assert 'id="on_3_h" name="on_3" value="h" checked' in page and 'value="31.3."' in page
    assert "Dienstzeiten" not in page and "Nur an" not in page
    assert "Zuschlag" not in client.get(f"{DESK}/entgelte/neu").text, "weddings have prices only"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("percent_1", {"percent": "10", "euros": ""}),
        ("percent_1", {"kind": "surcharge", "percent": "10", "euros": "5"}),
        ("percent_1", {"kind": "surcharge", "percent": "101", "euros": ""}),
        ("euros_1", {"kind": "minimum", "euros": ""}),
        ("kind_1", {"kind": "gift"}),
        ("unit_1", {"unit": "year"}),
        ("classes_1", {"classes": ["friends"]}),
        ("least_1", {"least": "7"}),
        ("most_1", {"least": "3", "most": "2"}),
        ("starts_1", {"starts": "20:00"}),
        ("stops_1", {"starts": "22:00", "stops": "06:00"}),
        ("season_1", {"season": "31.2.", "season_end": "1.4."}),
        ("season_1", {"season": "1.10."}),
        ("on_1", {"on": ["h"], "starts": "20:00", "stops": "22:00"}),
        ("vat_from_1", {"vat_from": "2027-01-01"}),
        ("vat_then_1", {"vat_from": "2027-01-01", "vat_then": "16"}),
    ],
)
def test_a_fault_in_a_condition_is_named_beside_its_field(posted, database, head, field, fields):
    answer = posted(f"{DESK}/entgelte", **form(fields))
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text
    assert f'id="{field}' in answer.text


def test_the_preview_of_a_halls_tariff_shows_three_examples(posted, head):
    page = posted(f"{DESK}/entgelte/vorschau", **HALL).text.replace("\xa0", " ")
    assert page.count("<caption>") == 3 and "Bisher kostet nichts etwas." in page
    fair = page[page.index("gewerbliche Messe") :]
    assert '<th scope="row">Wochenende</th><td>–</td>' in fair


def test_the_preview_compares_a_halls_tariff_with_the_one_before_it(posted, database, head):
    posted(f"{DESK}/entgelte", **HALL)
    dearer = HALL | {"valid_from": "2028-01-01", "euros_2": "9,00", "vat_from_2": "", "vat_then_2": ""}
    page = posted(f"{DESK}/entgelte/vorschau", **dearer).text.replace("\xa0", " ")
    assert "Verglichen mit der Entgeltordnung ab Freitag, 1. Januar 2027." in page
    assert page.count("<caption>") == 3
    adults = page[page.index("Training Erwachsener eines Vereins") :]
    assert '<th scope="row">Erwachsene</th><td>24,00 €</td><td>36,00 €</td>' in adults
    assert '<th scope="row">Heizung</th><td>3,00 €</td><td>3,00 €</td>' in adults
    assert '<th scope="row">Summe</th><td>27,00 €</td><td>39,00 €</td>' in adults
    assert made(database)[0].valid_from == date(2027, 1, 1), "nothing is saved: there is still this one alone"


# --- The calculator ---------------------------------------------------------------------------------------------


def calculate(client, database, **query):
    tariff, _items = made(database)
    asked = {"tag": "2027-01-13", "von": "20:00", "bis": "22:30", "wer": "club", "alter": "adults", "zweck": "training"}
    return client.get(f"{DESK}/entgelte/{tariff.id}/rechner", params=asked | query)


def test_the_calculator_explains_a_price_line_by_line(client, posted, database, head):
    posted(f"{DESK}/entgelte", **HALL)
    page = calculate(client, database, teile="2").text.replace("\xa0", " ")
    assert "3 × angefangene Stunde à 6,00 €, 2 Hallenteile" in page and "36,00 €" in page
    assert "Heizung" in page and "40,50 €" in page, "1,50 an hour in January"
    saturday = calculate(client, database, tag="2027-07-17", teile="2").text.replace("\xa0", " ")
    assert "25 % von 36,00 €" in saturday and "45,00 €" in saturday and "19 % Umsatzsteuer" in saturday
    youth = calculate(client, database, alter="youth").text.replace("\xa0", " ")
    assert "3 × angefangene Stunde à 0,00 €" in youth


def test_the_calculator_begins_with_a_case_and_names_faults(client, posted, database, head):
    posted(f"{DESK}/entgelte", **HALL)
    tariff, _items = made(database)
    first = client.get(f"{DESK}/entgelte/{tariff.id}/rechner")
    assert first.status_code == 200 and "Summe" in first.text and "data-focus" not in first.text
    assert 'tabindex="-1" data-focus' in calculate(client, database).text, "who asked reads the answer"
    day = (tariff.valid_from - timedelta(days=1)).isoformat()
    assert "gilt diese Entgeltordnung noch nicht" in calculate(client, database, tag=day).text
    assert "noch nicht" not in calculate(client, database, tag=tariff.valid_from.isoformat()).text
    for field, query in (
        ("bis", {"bis": "19:00"}),
        ("bis_tag", {"bis_tag": "2027-03-13"}),
        ("wer", {"wer": "nobody"}),
        ("teile", {"teile": "9"}),
        ("tag", {"tag": "gestern"}),
    ):
        answer = calculate(client, database, **query)
        assert answer.status_code == 422 and f'href="#{field}"' in answer.text, field


def test_a_night_over_midnight_is_calculated_in_real_hours(client, posted, database, head):
    posted(f"{DESK}/entgelte", **HALL)
    night = {"tag": "2027-10-30", "von": "22:00", "bis_tag": "2027-10-31", "bis": "04:00"}
    assert "7 × angefangene Stunde" in calculate(client, database, **night).text


def test_the_calculator_knows_weddings_too(client, database, head, town):
    asked = {"tag": "2027-01-16", "von": "10:00", "bis": "10:30", "ort": str(town.mill.id), "foreign": "ja"}
    page = client.get(f"{DESK}/entgelte/{town.tariff.id}/rechner", params=asked).text.replace("\xa0", " ")
    assert "Nutzung der Mühle" in page and "Trauung am Samstag" in page and "ausländischen Rechts" in page
