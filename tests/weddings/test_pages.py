"""What a couple sees, from the question to the confirmed reservation, through the pages."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest
from litestar.middleware.csrf import generate_csrf_token
from sqlalchemy import event, func, select

from buchbar.booking import closures, links
from buchbar.booking.models import Booking, Claim
from buchbar.calendar.walls import day_span
from buchbar.notices.models import Letter
from buchbar.resources.models import Venue
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, SETTINGS, confirmed, slot_at
from tests.clerks import become

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


def test_wishes_that_no_venue_can_meet_are_told_so(client, town):
    page = client.get(f"/diepholz/hochzeit?tag={SATURDAY}&gaeste=200").text
    assert "Kein Trauort erfüllt alle diese Wünsche auf einmal." in page and "geschlossen)" not in page


def test_without_a_day_the_next_free_days_are_the_answer(client, town):
    page = client.get("/diepholz/hochzeit?tag=&monat=&wochentag=5&gaeste=10").text
    assert "Die nächsten freien Tage" in page and "Samstag, 12. Dezember 2026" in page
    assert "Freitag, 11. Dezember 2026</a>" not in page


def test_a_closed_venue_is_closed_and_not_booked_out(client, town, database):
    day = date(2027, 3, 3)
    with database.write() as session:
        closures.close(session, session.get_one(Venue, town.room.id), day_span(day, BERLIN), "Brandschutz", NOW, CLERK)
    assert "nicht (geschlossen)" in client.get(f"/diepholz/hochzeit?tag={day}").text


def test_a_day_of_yesterday_is_over(client, town):
    assert "nicht (vorbei)" in client.get("/diepholz/hochzeit?tag=2026-11-20").text
    assert "zu kurzfristig" in client.get("/diepholz/hochzeit?tag=2026-12-02").text


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
    client.cookies.clear()
    answer = posted("/diepholz/hochzeit/vormerkung", trauort="rathaus", zeit=zeit(SATURDAY, 9))
    assert answer.status_code == 409
    assert f'href="/diepholz/hochzeit/termin?tag={SATURDAY}&amp;trauort=' in answer.text
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


def test_who_clicks_twice_has_one_hold_and_is_led_to_it(client, town, posted, database):
    mine = held(posted)
    assert held(posted) == mine
    with database.read() as session:
        assert len(session.scalars(select(Booking)).all()) == 1
    posted(mine + "/angaben", **TYPED)
    again = posted("/diepholz/hochzeit/vormerkung", trauort="rathaus", zeit=zeit(SATURDAY, 9))
    assert again.status_code == 409, "who comes to the same computer afterwards isn't shown anybody's names"


def test_of_two_clicks_at_once_both_end_at_the_same_hold(client, app, town, posted, database):
    client.cookies.set("csrftoken", generate_csrf_token(SETTINGS.secret))
    together = Barrier(2)

    def click(_number):
        together.wait()
        return held(posted)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(click, range(2)))) == 1
    with database.read() as session:
        assert len(session.scalars(select(Booking)).all()) == 1


def test_who_has_lost_a_move_is_offered_other_slots_to_move_to(client, town, posted, database):
    mine = confirmed_by_link(database, town)
    held(posted)
    lost = posted(mine + "/verlegung", trauort="rathaus", zeit=zeit(SATURDAY, 9))
    assert lost.status_code == 409 and "/hochzeit/termin?" not in lost.text
    others = re.findall(r'<li><a class="kern-link" href="([^"]+)">', lost.text)
    assert all(other.startswith(f"{mine}/verlegung?") for other in others)
    assert "Auf diesen Termin verlegen?" in client.get(others[0].replace("&amp;", "&")).text


def test_a_clerk_who_has_lost_a_slot_stays_at_the_desk(client, town, posted, database):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    held(posted)
    become(client, database, town.clerk)
    chosen = f"{town.room.id}/{slot_at(SATURDAY, 9).isoformat()}"
    for page, target in ((f"buchung/{booking.id}", f"buchung/{booking.id}/verlegung"), ("eintragen", "eintragen")):
        lost = posted(f"/diepholz/amt/{target}", termin=chosen)
        assert lost.status_code == 409 and "/hochzeit/termin?" not in lost.text
        there = re.search(rf'href="(/diepholz/amt/{page}\?[^"]+)"', lost.text)[1].replace("&amp;", "&")
        assert "09:45" in client.get(there).text


def test_a_day_is_shown_as_free_from_the_second_of_its_release(client, town, clock):
    clock.now = slot_at(date(2026, 11, 30), 23, 59) + timedelta(seconds=30)
    month = "/diepholz/hochzeit/monat/2027-12"
    day = r"Mittwoch, 1. Dezember 2027: \d+ Termine frei"
    assert not re.search(day, client.get(month).text)
    clock.now += timedelta(seconds=29)
    assert not re.search(day, client.get(month).text)
    clock.now += timedelta(seconds=1)
    assert re.search(day, client.get(month).text)


def test_one_address_gets_five_mails_an_hour_whoever_asks(client, town, posted, database, clock):
    mine = held(posted)
    for _time in range(5):
        assert posted(mine + "/angaben", **TYPED).status_code == 303
    refused = posted(mine + "/angaben", **TYPED | {"email": "Anna@example.org"})
    assert refused.status_code == 429 and "zu viele Versuche" in refused.text
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Letter)) == 5
    assert posted(mine + "/angaben", **TYPED | {"email": "ben@example.org"}).status_code == 303


@pytest.mark.parametrize("year", ["0001", "1999", "2100", "9999"])
def test_a_year_beyond_the_calendar_is_a_wrong_address_not_a_bug(client, town, posted, database, year):
    for moment in (f"{year}-12-31T23:59Z", f"{year}-01-01T00:00Z"):
        assert client.get(f"/diepholz/hochzeit/termin?trauort=rathaus&zeit={moment}").status_code == 404
        assert posted("/diepholz/hochzeit/vormerkung", trauort="rathaus", zeit=moment).status_code == 404
    for day in (f"{year}-12-31", f"{year}-01-01"):
        assert client.get(f"/diepholz/hochzeit?tag={day}").status_code == 422
        assert client.get(f"/diepholz/hochzeit?monat={day[:7]}").status_code == 422


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_clerk_who_types_a_year_beyond_the_calendar_gets_a_sentence(client, town, posted, database, day):
    become(client, database, town.clerk)
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    for page in ("eintragen", f"buchung/{booking.id}"):
        shown = client.get(f"/diepholz/amt/{page}?tag={day}")
        assert shown.status_code == 200 and "Bitte ein Datum in den nächsten Jahren eingeben." in shown.text
    chosen = f"{town.room.id}/{day}T00:00:00+00:00"
    for target in ("eintragen", f"buchung/{booking.id}/verlegung"):
        assert posted(f"/diepholz/amt/{target}", termin=chosen).status_code == 422
    closed = posted("/diepholz/amt/sperrzeiten", ressource=str(town.room.id), von_tag=day, grund="x")
    assert closed.status_code == 422


def test_the_desk_shows_no_word_of_the_program_for_a_couple_that_was_turned_away(client, town, posted, database):
    mine = held(posted)
    posted(mine + "/pruefung", **TYPED | {"german": "nein"})
    become(client, database, town.clerk)
    with database.read() as session:
        booking = session.scalars(select(Booking)).one()
        assert [event.reason for event in booking.events] == [""] * len(booking.events)
    assert "gate" not in re.sub(r"<[^>]*>", "", client.get(f"/diepholz/amt/buchung/{booking.id}").text)


def test_pages_with_names_are_not_kept_by_the_browser(client, town, posted, database):
    mine = confirmed_by_link(database, town)
    become(client, database, town.clerk)
    for page in (mine, "/diepholz/amt", "/demo/post", "/diepholz/amt/anmelden", "/nirgendwo"):
        assert client.get(page).headers["cache-control"] == "no-store", page
    assert client.get("/diepholz/hochzeit").headers["cache-control"] == "no-cache"
    script = re.search(r'src="(/static/app[^"]+)"', client.get("/").text)[1]
    assert "immutable" in client.get(script).headers["cache-control"]
