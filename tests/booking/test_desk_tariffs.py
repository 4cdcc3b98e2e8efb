"""Tariffs at the desk: made from a date on, looked at before they are saved, withdrawn, changed; booked ones stay."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.booking.models import Booking
from buchbar.payments import ledger, tariffs
from buchbar.payments.models import Tariff
from tests.cast import NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"


@pytest.fixture
def head(client, database, town):
    frau_lenz = colleague(database, town, "head", "Frau Lenz")
    become(client, database, frau_lenz)
    return frau_lenz


def all_of(database, model):
    with database.read() as session:
        return session.scalars(select(model)).all()


def form(**changed):
    """A small tariff as it is typed: 70 euros, and 120 more on Saturdays."""
    fields = {
        "valid_from": "2027-01-01",
        "code_1": "base",
        "label_1": "Eheschließung",
        "euros_1": "70,00",
        "vat_1": "hoheitlich",
        "venue_1": "",
        "code_2": "saturday",
        "label_2": "Samstag",
        "euros_2": "120",
        "vat_2": "hoheitlich",
        "venue_2": "",
        "days_1": ["0", "1", "2", "3"],
        "from_1": "08:00",
        "until_1": "16:00",
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}


def test_clicking_twice_makes_one_tariff_also_where_one_is_replaced(posted, database, head, town, clock):
    def click_twice(**fields):
        for _click in range(2):
            clock.now += timedelta(seconds=1)
            assert posted(f"{DESK}/entgelte", **form(**fields)).status_code == 303
        return [each for each in all_of(database, Tariff) if each.id != town.tariff.id and not each.withdrawn_at]

    (first,) = click_twice()
    (second,) = click_twice(euros_1="80,00", ersetzt=str(first.id))
    assert second.id != first.id


def test_the_head_makes_a_tariff_from_a_day_on(client, posted, database, head, town):
    assert posted(f"{DESK}/entgelte", **form()).status_code == 303
    (made,) = [each for each in all_of(database, Tariff) if each.id != town.tariff.id]
    assert (made.valid_from, made.made_by, made.made_at) == (date(2027, 1, 1), "Frau Lenz", NOW)
    with database.read() as session:
        items = session.get_one(Tariff, made.id).items
        assert [(item.code, item.cents) for item in items] == [("base", 7000), ("saturday", 12000)]
        assert [rule.weekdays for rule in session.get_one(Tariff, made.id).office_hours] == [frozenset(range(4))]
    page = client.get(f"{DESK}/entgelte").text
    assert "Ab Freitag, 1. Januar 2027" in page and page.index("gilt noch nicht") < page.index("gilt heute")


def test_a_tariff_takes_effect_on_its_day_and_what_is_booked_keeps_its_price(posted, database, head, town, clock):
    with database.write() as session:
        old = confirmed(session, town, slot_at(SATURDAY, 9)).id
    posted(f"{DESK}/entgelte", **form())
    later = NOW + timedelta(days=60)
    with database.write() as session:
        today = replace(town, town=session.get_one(Municipality, town.town.id))
        new = confirmed(session, today, slot_at(SATURDAY, 10, 30), at=later).id
    with database.read() as session:
        assert ledger.account(session, old).owed == 17000
        assert ledger.account(session, new).owed == 19000
        assert session.get_one(Booking, old).tariff_id == town.tariff.id


def test_the_form_starts_from_the_tariff_in_force(client, head, town):
    page = client.get(f"{DESK}/entgelte/neu").text
    assert 'value="Nutzung der Mühle"' in page and 'value="150,00"' in page
    assert f'<option value="{town.mill.id}" selected>' in page
    assert "Ausgefüllt wie die Entgeltordnung ab Donnerstag, 1. Januar 2026." in page
    assert page.count("checked") == 5, "Mondays to Thursdays, and Fridays"


def test_the_preview_says_old_and_new_price_line_by_line_and_saves_nothing(posted, database, head, town):
    room = {"code_3": "room", "label_3": "Mühle", "euros_3": "200", "vat_3": "19", "venue_3": str(town.mill.id)}
    page = " ".join(posted(f"{DESK}/entgelte/vorschau", **form(**room)).text.split())
    assert "Verglichen mit der Entgeltordnung ab Donnerstag, 1. Januar 2026." in page
    assert page.count("<caption>") == 5, "in hours, outside, on a Saturday, at the mill, and with everything else"
    saturday = page[page.index("<caption>Samstag") :]
    lines = saturday[: saturday.index("</table>")].replace("\xa0", " ")
    assert '<th scope="row">Samstag</th><td>–</td><td>120,00 €</td>' in lines
    assert '<th scope="row">Trauung am Samstag</th><td>110,00 €</td><td>–</td>' in lines
    assert '<th scope="row">Summe</th><td>170,00 €</td><td>190,00 €</td>' in lines
    mill = page[page.index("Wassermühle</caption>") :].replace("\xa0", " ")
    assert "200,00 €" in mill[: mill.index("</table>")]
    assert len(all_of(database, Tariff)) == 1


def test_a_town_without_slots_sees_its_prices_all_the_same(client, posted, database, head, town):
    with database.write() as session:
        for venue in (town.room, town.mill):
            session.merge(venue).active = False
    page = posted(f"{DESK}/entgelte/vorschau", **form()).text
    assert page.count("<caption>") == 3


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("valid_from", "2026-11-22"),
        ("code_1", "fun"),
        ("label_1", ""),
        ("euros_1", "7O"),
        ("euros_1", "-5"),
        ("euros_2", "100.000,01"),
        ("vat_2", "16"),
        ("venue_2", "00000000-0000-4000-8000-000000000000"),
        ("days_1", ""),
        ("from_1", "8 Uhr"),
        ("until_1", "07:00"),
    ],
)
def test_a_faulty_field_is_named_and_what_was_typed_stays(posted, database, head, field, typed):
    answer = posted(f"{DESK}/entgelte", **form(note="Rat vom 1.12.", **{field: typed}))
    assert answer.status_code == 422 and f'href="#{field}"' in answer.text
    assert 'value="Rat vom 1.12."' in answer.text and (typed in answer.text or field in ("code_1", "venue_2"))
    assert len(all_of(database, Tariff)) == 1


def test_another_towns_venue_is_none_of_the_choices(posted, database, head):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    answer = posted(f"{DESK}/entgelte", **form(venue_2=str(syke.room.id)))
    assert answer.status_code == 422 and 'href="#venue_2"' in answer.text


def test_a_tariff_without_positions_is_none(posted, head):
    empty = form(label_1="", euros_1="", label_2="", euros_2="")
    assert 'href="#label_1"' in posted(f"{DESK}/entgelte", **empty).text


def test_more_rows_keep_what_was_typed(posted, database, head):
    page = posted(f"{DESK}/entgelte/zeilen", mehr="positionen", **form(label_1="Ein halber Satz", euros_1="")).text
    assert "Position 10" in page and "Ein halber Satz" in page and 'id="faults"' not in page
    page = posted(f"{DESK}/entgelte/zeilen", mehr="zeiten", **form()).text
    assert "Dienstzeit 5" in page and 'value="16:00"' in page


def test_what_isnt_in_force_yet_is_withdrawn_and_stays_in_the_history(client, posted, database, head, town):
    posted(f"{DESK}/entgelte", **form())
    (made,) = [each for each in all_of(database, Tariff) if each.id != town.tariff.id]
    assert posted(f"{DESK}/entgelte/{made.id}/rueckzug").status_code == 303
    assert posted(f"{DESK}/entgelte/{made.id}/rueckzug").status_code == 303, "twice is once"
    with database.read() as session:
        (counts,) = tariffs.tariffs(session, town.town.id, "weddings")
        assert counts.id == town.tariff.id
        assert session.get_one(Tariff, made.id).withdrawn_by == "Frau Lenz"
    assert "Zurückgezogen oder ersetzt (1)" in " ".join(client.get(f"{DESK}/entgelte").text.split())
    again = client.get(f"{DESK}/entgelte/neu?vorlage={made.id}").text
    assert 'value="Eheschließung"' in again


def test_what_is_in_force_cant_be_withdrawn(posted, database, head, town):
    assert posted(f"{DESK}/entgelte/{town.tariff.id}/rueckzug").status_code == 409
    assert all_of(database, Tariff)[0].withdrawn_at is None


def test_what_isnt_in_force_yet_is_changed_by_a_new_row_for_the_same_day(client, posted, database, head, town, clock):
    posted(f"{DESK}/entgelte", **form())
    (made,) = [each for each in all_of(database, Tariff) if each.id != town.tariff.id]
    page = client.get(f"{DESK}/entgelte/neu?ersetzt={made.id}").text
    assert 'value="2027-01-01"' in page and f'name="ersetzt" value="{made.id}"' in page
    changed = form(ersetzt=str(made.id), euros_1="75")
    clock.now += timedelta(minutes=1)
    assert posted(f"{DESK}/entgelte", **changed).status_code == 303
    with database.read() as session:
        newest, _oldest = tariffs.tariffs(session, town.town.id, "weddings")
        assert (newest.items[0].cents, newest.valid_from) == (7500, made.valid_from)
    assert posted(f"{DESK}/entgelte", **changed).status_code == 303, "twice is once"
    late = posted(f"{DESK}/entgelte", **form(ersetzt=str(made.id), euros_1="80"))
    assert late.status_code == 409 and "inzwischen zurückgezogen oder ersetzt" in late.text


def test_the_tariff_in_force_isnt_changed_behind_its_bookings_backs(posted, database, head, town):
    assert posted(f"{DESK}/entgelte", **form(ersetzt=str(town.tariff.id))).status_code == 409
    assert len(all_of(database, Tariff)) == 1


def test_another_towns_tariff_is_not_found(posted, database, head):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    assert posted(f"{DESK}/entgelte/{syke.tariff.id}/rueckzug").status_code == 404
    assert posted(f"{DESK}/entgelte", **form(ersetzt=str(syke.tariff.id))).status_code == 303, "it is nobody's here"
    with database.read() as session:
        assert session.get_one(Tariff, syke.tariff.id).withdrawn_at is None


def test_a_registrar_reads_the_tariffs_but_sets_none(client, posted, database, town):
    become(client, database, town.clerk)
    page = client.get(f"{DESK}/entgelte").text
    assert "Anmeldung und Eheschließung" in page and "Neue Entgeltordnung" not in page
    assert client.get(f"{DESK}/entgelte/neu").status_code == 403
    assert posted(f"{DESK}/entgelte", **form()).status_code == 403
