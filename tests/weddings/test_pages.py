"""What a couple sees, from the question to the confirmed reservation, through the pages."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event, select

from buchbar.booking import links
from buchbar.booking.models import Booking, Claim
from tests.cast import ANNA_AND_BEN, FRIDAY, SATURDAY, confirmed, slot_at

TYPED = {
    "german": "ja",
    "divorced_abroad": "nein",
    "elsewhere": "hier",
    "partner_one": "Anna Müller",
    "partner_two": "Ben Yıldız",
    "email": "anna@example.org",
    "phone": "",
    "guests": "12",
    "remarks": "",
}


def zeit(day, hour, minute=0):
    return slot_at(day, hour, minute).strftime("%Y-%m-%dT%H:%MZ")


def held(posted, day=SATURDAY, hour=9):
    answer = posted("/diepholz/hochzeit/vormerkung", trauort="rathaus", zeit=zeit(day, hour))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_a_free_day_is_answered_with_its_times_at_each_venue(client, town):
    page = client.get(f"/diepholz/hochzeit?tag={SATURDAY}").text
    assert "Trauzimmer im Rathaus" in page and "Wassermühle" in page
    assert "09:00 Uhr" in page and "09:45 Uhr" in page
    assert "Ja: " in page


def test_a_day_typed_as_people_type_it_is_understood(client, town):
    assert "Ja: " in client.get("/diepholz/hochzeit?tag=15.5.2027").text


def test_an_impossible_day_gets_a_sentence_beside_the_field_and_keeps_what_was_typed(client, town):
    answer = client.get("/diepholz/hochzeit?tag=30.02.2027&gaeste=12")
    assert answer.status_code == 422
    assert "Bitte ein Datum wie 15.05.2027 eingeben." in answer.text and 'value="30.02.2027"' in answer.text


def test_a_closed_day_is_answered_with_the_nearest_days_before_and_after(client, town):
    page = client.get("/diepholz/hochzeit?tag=2027-05-06").text  # Ascension Day
    assert "geschlossen: Christi Himmelfahrt" in page
    assert "Am nächsten dran sind" in page and "Mittwoch, 5. Mai 2027" in page and "Freitag, 7. Mai 2027" in page


def test_a_month_is_answered_with_its_free_saturdays(client, town):
    page = client.get("/diepholz/hochzeit?monat=2027-05&wochentag=5").text
    answer = page[page.index('id="antwort"') : page.index("venues-section")]
    assert "Samstag, 15. Mai 2027" in answer and "Freitag, 14. Mai 2027" not in answer


def test_a_day_that_is_not_released_says_when_it_will_be(client, town):
    page = client.get("/diepholz/hochzeit?tag=2027-12-01").text
    assert "ab 01.12.2026, 00:00 Uhr buchbar" in page


def test_wishes_leave_out_what_does_not_fit(client, town):
    page = client.get(f"/diepholz/hochzeit?tag={SATURDAY}&gaeste=30").text
    answer = page[page.index('id="antwort"') : page.index("venues-section")]
    assert "Wassermühle" in answer and "Trauzimmer" not in answer
    page = client.get(f"/diepholz/hochzeit?tag={SATURDAY}&stufenlos=ja").text
    answer = page[page.index('id="antwort"') : page.index("venues-section")]
    assert "Trauzimmer" in answer and "Wassermühle" not in answer


def test_htmx_gets_only_the_answer(client, town):
    part = client.get(f"/diepholz/hochzeit?tag={SATURDAY}", headers={"hx-request": "true"}).text
    assert part.lstrip().startswith("<section") and "<html" not in part


def test_the_year_counts_what_is_free_and_a_hold_changes_it_at_once(client, town, posted):
    def cell():
        page = client.get("/diepholz/hochzeit/monat/2027-03").text
        return re.search(r"Samstag, 20. März 2027: (\d+) Termine frei", page)[1]

    before = int(cell())
    held(posted, SATURDAY.replace(month=3, day=20))
    assert int(cell()) == before - 1


def test_the_kept_page_frees_a_slot_at_the_second_its_hold_ends(client, town, posted, clock):
    def cell():
        page = client.get("/diepholz/hochzeit/monat/2027-03").text
        return int(re.search(r"Samstag, 20. März 2027: (\d+) Termine frei", page)[1])

    before = cell()
    held(posted, SATURDAY.replace(month=3, day=20))
    terms = town.policy.terms
    clock.now += timedelta(minutes=terms.hold_minutes) - timedelta(seconds=1)
    assert cell() == before - 1
    clock.now += timedelta(seconds=1)
    assert cell() == before


def test_from_the_slot_to_the_reservation(client, town, posted, database):
    slot = client.get(f"/diepholz/hochzeit/termin?trauort=rathaus&zeit={zeit(SATURDAY, 9)}").text
    assert "170,00" in slot and "Diesen Termin vormerken" in slot
    mine = held(posted)
    assert "Schritt 1 von 3" in client.get(mine).text
    summary = posted(mine + "/pruefung", **TYPED)
    assert summary.status_code == 200 and "Stimmt alles?" in summary.text and "170,00" in summary.text
    assert posted(mine + "/angaben", **TYPED).headers["location"] == mine
    assert "anna@example.org" in client.get(mine).text
    with database.read() as session:
        booking = session.scalars(select(Booking)).one()
        assert booking.state == "submitted"
        proof = links.path(session, booking, "bestaetigung")
    assert "Adresse bestätigen" in client.get(proof).text
    with database.read() as session:
        assert session.scalars(select(Booking)).one().state == "submitted", "looking at the link proves nothing"
    assert posted(proof).headers["location"] == mine
    status = client.get(mine).text
    assert "wird vom Amt geprüft" in status and "Anna Müller &amp; Ben Yıldız" in status
    assert posted(proof).status_code == 303, "a second click changes nothing"


def confirmed_by_link(database, town):
    with database.write() as session:
        return links.path(session, confirmed(session, town, slot_at(FRIDAY, 9)))


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("email", "anna@", "Bitte eine E-Mail-Adresse"),
        ("guests", "21", "Bitte eine ganze Zahl von 0 bis 20."),
        ("partner_one", "", "Bitte füllen Sie dieses Feld aus."),
        ("german", "", "Bitte wählen Sie eine der Möglichkeiten."),
    ],
)
def test_what_is_typed_wrongly_gets_its_sentence_and_everything_stays(client, town, posted, field, typed, sentence):
    mine = held(posted)
    answer = posted(mine + "/pruefung", **(TYPED | {field: typed}))
    assert answer.status_code == 422 and sentence in answer.text and 'value="Ben Yıldız"' in answer.text


@pytest.mark.parametrize(("field", "typed"), [("german", "nein"), ("divorced_abroad", "ja")])
def test_whom_foreign_law_concerns_is_sent_to_the_office_and_the_hold_is_released(
    client, town, posted, database, field, typed
):
    mine = held(posted)
    answer = posted(mine + "/pruefung", **(TYPED | {field: typed}))
    assert "Bitte sprechen Sie zuerst mit dem Standesamt" in answer.text and "05441 909-0" in answer.text
    with database.read() as session:
        assert session.scalars(select(Booking)).one().state == "cancelled"
        assert session.scalars(select(Claim)).all() == []


def test_who_comes_second_is_told_what_is_taken_and_what_is_near(client, town, posted):
    held(posted)
    answer = posted("/diepholz/hochzeit/vormerkung", trauort="rathaus", zeit=zeit(SATURDAY, 9))
    assert answer.status_code == 409
    assert "Gerade vergeben: Trauzimmer im Rathaus" in answer.text and "Noch frei sind zum Beispiel" in answer.text


def test_a_strange_link_is_not_found(client, town):
    assert client.get("/buchung/" + "A" * 43).status_code == 404
    assert client.get("/nirgendwo/hochzeit").status_code == 404
    assert client.get("/diepholz/hochzeit/termin?trauort=rathaus&zeit=gestern").status_code == 404


def test_the_couple_sees_the_cost_before_it_cancels(client, town, posted, database):
    mine = confirmed_by_link(database, town)
    asked = client.get(mine + "/stornierung").text
    assert "Die Stornierung kostet nichts." in asked
    assert posted(mine + "/stornierung").status_code == 303
    assert "storniert" in client.get(mine).text
    assert posted(mine + "/stornierung").status_code == 303, "twice is once"


def test_the_couple_moves_to_another_slot_and_the_old_one_is_free(client, town, posted, database):
    mine = confirmed_by_link(database, town)
    offered = client.get(mine + f"/verlegung?tag={SATURDAY}").text
    assert "09:45 Uhr" in offered
    shown = client.get(mine + f"/verlegung?trauort=rathaus&zeit={zeit(SATURDAY, 9, 45)}").text
    assert "110,00" in shown and "mehr als bisher" in shown
    assert posted(mine + "/verlegung", trauort="rathaus", zeit=zeit(SATURDAY, 9, 45)).status_code == 303
    assert "Samstag, 15. Mai 2027, 09:45 Uhr" in client.get(mine).text
    held(posted, FRIDAY)


def test_the_question_page_asks_the_database_a_constant_number_of_times(client, town, database):
    def questions():
        seen = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(database.engine, "before_cursor_execute", listener)
        database.info["cache"].clear()
        client.get("/diepholz/hochzeit")
        event.remove(database.engine, "before_cursor_execute", listener)
        return len(seen)

    few = questions()
    with database.write() as session:
        for day in range(12, 18):  # a Monday to a Saturday in April
            couple = replace(ANNA_AND_BEN, email=f"paar{day}@example.org")
            confirmed(session, town, slot_at(date(2027, 4, day), 9), couple)
    assert questions() == few
