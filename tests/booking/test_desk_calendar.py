"""The calendar's pages: what they show, what they say before anything is done, and the way back."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import calendar_view, closures, lifecycle, queries
from buchbar.booking.before import staff_of
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.spans import Span, merge
from buchbar.calendar.walls import day_span, days_span
from buchbar.resources.models import Closure
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague, counted

CALENDAR = "/diepholz/amt/kalender"
DAY = f"{CALENDAR}?tag=2027-05-15"
NINE = slot_at(SATURDAY, 9)


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional"))


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def firm(database, town):
    """Anna and Ben have Saturday, nine o'clock, in the room."""
    with database.write() as session:
        return confirmed(session, town, NINE)


def now_is(database, booking):
    with database.read() as session:
        found = session.get_one(Booking, booking.id)
        return found.starts_at, found.ends_at, found.resource_id, staff_of(session, found)


def fields(booking, town, **changes):
    """The form of a booking in the room, as it is filled in for nine o'clock."""
    filled = {"tag": "2027-05-15", "von": "09:00", "dauer": "30", "trauort": str(town.room.id), "person": ""}
    return filled | changes


def form_of(booking):
    return f"{CALENDAR}/buchung/{booking.id}"


def may(session, town):
    """Requests on the room's first slots of May."""
    times = timetable(session, session.merge(town.town))
    slots = [
        slot for day in range(1, 31) for slot in times.slots_on(date(2027, 5, day)) if slot.venue.id == town.room.id
    ]
    for number, slot in enumerate(slots[:45]):
        if slot.span.start != NINE:
            reserved(session, town, slot.span.start, replace(ANNA_AND_BEN, email=f"paar{number}@example.org"))


# --- What is shown ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["tag", "woche", "monat"])
def test_each_view_shows_who_marries_where(client, frau_sommer, firm, view):
    page = client.get(f"{DAY}&ansicht={view}").text
    assert "Anna Müller &amp; Ben Yıldız" in page and "Eine Buchung." in page
    assert f"/amt/buchung/{firm.id}" in page and "reserviert" in page


def test_a_day_says_what_is_before_and_after_and_who_is_on_duty(client, database, frau_sommer, town, firm):
    page = client.get(DAY).text
    for words in ("Reinigung", "Vorbereitung", "Nachbereitung", "frei", "geschlossen", "09:00–09:30", "Ändern"):
        assert words in page, words
    with database.read() as session:
        name = queries.staff_on(session, session.get_one(Booking, firm.id))[0]
    room = re.search(r'data-kind="venue">\s*<div class="cal-entry.*?</div>', page, re.S)[0]
    assert name in room, "the room's column says who comes"


def test_the_way_to_the_mill_and_closures_are_shown(client, database, frau_sommer, town):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
        reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
        reservation.prove(session, booking, NOW)
        closures.close(session, town.room, day_span(SATURDAY, BERLIN), "Malerarbeiten", NOW, CLERK)
    page = client.get(DAY).text
    assert "Fahrt" in page and "Aufbau" in page and "Gesperrt: Malerarbeiten" in page


def test_the_choice_stays_in_the_address(client, frau_sommer, town, firm):
    page = client.get(f"{DAY}&was={town.mill.id}").text
    assert "Anna Müller" not in page and "nichts gebucht" in page and "Wassermühle" in page
    assert f"tag=2027-05-16&amp;was={town.mill.id}" in page and "1 von 4" in page
    assert "Anna Müller" in client.get(f"{DAY}&was={town.room.id}&was={town.mill.id}").text


@pytest.mark.parametrize("query", ["?tag=x&ansicht=y&was=z", "?getan=x", "?getan=99999999999999999999", "?gesperrt=1"])
def test_what_cant_be_read_is_today(client, frau_sommer, query):
    answer = client.get(CALENDAR + query)
    assert answer.status_code == 200 and "Montag, 23. November 2026" in answer.text


def test_who_only_looks_is_offered_nothing_to_change(client, database, town, firm):
    become(client, database, colleague(database, town, "auditor"))
    page = client.get(DAY).text
    assert "Anna Müller" in page and "Ändern" not in page and "Sperren" not in page and "data-change" not in page


def test_another_towns_weddings_are_not_shown(client, database, frau_sommer):
    with database.write() as session:
        stuhr = assemble(session, slug="stuhr")
        booking = confirmed(session, stuhr, NINE)
        event = session.scalars(select(BookingEvent.id).where(BookingEvent.booking_id == booking.id)).all()[-1]
    page = client.get(f"{DAY}&was={stuhr.room.id}&getan={event}").text
    assert "Anna Müller" not in page
    assert client.get(form_of(booking)).status_code == 404


def test_a_holiday_is_named(client, frau_sommer):
    assert "Christi Himmelfahrt" in client.get(f"{CALENDAR}?tag=2027-05-06").text
    assert "Christi Himmelfahrt" in client.get(f"{CALENDAR}?tag=2027-05-06&ansicht=monat").text


def test_a_hold_that_has_run_out_takes_up_nothing(client, database, frau_sommer, town, clock):
    with database.write() as session:
        reservation.hold(session, town.town, town.room.id, NINE, NOW, CITIZEN)
    assert "vorgemerkt" in client.get(DAY).text
    clock.now = NOW + timedelta(minutes=21)
    assert "vorgemerkt" not in client.get(DAY).text


def test_the_calendar_asks_a_constant_number_of_times(client, database, frau_sommer, town):
    pages = [f"{DAY}&ansicht={view}" for view in ("tag", "woche", "monat")]

    def questions():
        numbers = []
        for page in pages:
            client.get(page)  # the first look goes into the audit trail
            with counted(database) as sent:
                assert client.get(page).status_code == 200
            numbers.append(len(sent))
        return numbers

    with database.write() as session:
        confirmed(session, town, NINE)
    few = questions()
    assert max(few) < 16, few
    with database.write() as session:
        may(session, town)
        assert session.scalar(select(func.count()).select_from(Claim)) > 80
        closures.close(session, town.mill, day_span(SATURDAY, BERLIN), "Hochwasser", NOW, CLERK)
    assert questions() == few


# --- The pieces of a day ------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [SATURDAY, date(2027, 3, 28), date(2027, 10, 31)])
def test_each_moment_of_a_day_lies_in_one_piece(session, day):
    town = assemble(session)
    closures.close(session, town.room, Span(slot_at(day, 1), slot_at(day, 4)), "Wartung", NOW, CLERK)
    shown = day_span(day, BERLIN)
    entries = calendar_view.entries(session, [town.room], shown, NOW)
    pieces = calendar_view.pieces(entries, calendar_view.open_on(town.room, day, town.town), shown)
    assert merge(piece.span for piece in pieces) == [shown]
    assert sum((piece.span.length for piece in pieces), timedelta(0)) == shown.length, "none twice"
    rows = calendar_view.table([pieces], shown, BERLIN)
    assert sum(row.minutes for row in rows) == shown.length.total_seconds() / 60
    cells = [cell for row in rows for cell in row.cells]
    assert sum(cell.rows for cell in cells) == len(rows), "the column is whole"


def test_a_month_shows_a_booking_once_and_a_closure_on_each_day(session):
    town = assemble(session)
    confirmed(session, town, NINE)
    three = days_span(date(2027, 5, 17), date(2027, 5, 19), BERLIN)
    closures.close(session, town.room, three, "Malerarbeiten", NOW, CLERK)
    month = days_span(date(2027, 5, 1), date(2027, 5, 31), BERLIN)
    found = calendar_view.entries(session, [town.room, *town.registrars], month, NOW)
    by_day = calendar_view.by_day(found, BERLIN)
    assert {day: len(those) for day, those in by_day.items()} == {
        SATURDAY: 1,
        date(2027, 5, 17): 1,
        date(2027, 5, 18): 1,
        date(2027, 5, 19): 1,
    }


# --- Put elsewhere, last longer, send somebody else ----------------------------------------------------------


def test_the_form_shows_what_would_happen_and_changes_nothing(client, database, frau_sommer, town, firm):
    was = now_is(database, firm)
    assert "Das würde" not in client.get(form_of(firm)).text
    page = client.get(f"{form_of(firm)}?tag=2027-05-15&von=10:30").text
    assert "Das würde geschehen" in page and "10:30 Uhr" in page and "So verlegen" in page
    assert "per E-Mail an anna@example.org" in page and "Gebühren bleiben gleich" in page
    letter = "Ihr Termin ist verlegt. Bisher: Samstag, 15. Mai 2027, 09:00 Uhr, Trauzimmer im Rathaus. Jetzt:"
    assert letter in " ".join(page.split()), "the letter itself"
    assert now_is(database, firm) == was


def test_moved_by_the_form_and_taken_back(client, posted, database, frau_sommer, town, firm):
    was = now_is(database, firm)
    answer = posted(form_of(firm), **fields(firm, town, von="10:30"))
    assert answer.status_code == 303 and now_is(database, firm)[0] == slot_at(SATURDAY, 10, 30)
    page = client.get(answer.headers["location"]).text
    assert "Termin verlegt: Anna Müller &amp; Ben Yıldız" in page and "Rückgängig" in page
    event = re.search(r'name="ereignis" value="(\d+)"', page)[1]
    for _twice in range(2):
        back = posted(f"{form_of(firm)}/ruecknahme", ereignis=event)
        assert back.status_code == 303 and now_is(database, firm) == was
        assert "Zurückgenommen" in client.get(back.headers["location"]).text
    with database.read() as session:
        verbs = [each.verb for each in queries.events_since(session, session.get_one(Booking, firm.id), int(event) - 1)]
    assert verbs == ["move", "move"], "taking back twice is once"


def test_what_follows_for_a_request_is_shown_before(client, posted, database, frau_sommer, town):
    with database.write() as session:
        asked = reserved(session, town, NINE)
    page = client.get(f"{form_of(asked)}?von=10:30").text
    assert "zu prüfen → reserviert" in page and "gilt damit als vom Amt bestätigt" in page
    with database.read() as session:
        assert session.get_one(Booking, asked.id).state == "requested"
    answer = posted(form_of(asked), **fields(asked, town, von="10:30"))
    assert "/ruecknahme/vorschau" in client.get(answer.headers["location"]).text


def test_taking_back_what_was_refunded_says_first_what_is_to_be_paid_again(client, posted, database, frau_sommer, town):
    with database.write() as session:
        booking = confirmed(session, town, NINE)
        pay(session, booking, NOW)
    moved = posted(form_of(booking), **fields(booking, town, tag="2027-05-14"))
    done = client.get(moved.headers["location"]).text
    address = re.search(r'action="([^"]+/ruecknahme/vorschau)"', done)[1]
    event = re.search(r'name="ereignis" value="(\d+)"', done)[1]
    seen = posted(address, ereignis=event)
    assert "110,00\xa0€ kommen dazu" in seen.text and "davon offen: 110,00" in seen.text
    assert now_is(database, booking)[0] == slot_at(SATURDAY - timedelta(days=1), 9), "only looked"
    target = re.search(r'<form method="post" action="([^"]+/ruecknahme)"', seen.text)[1]
    assert posted(target, ereignis=event).status_code == 303 and now_is(database, booking)[0] == NINE


def test_a_move_on_the_bookings_page_is_taken_back_there(client, posted, database, frau_sommer, town, firm):
    page = f"/diepholz/amt/buchung/{firm.id}"
    assert "Rückgängig machen" not in client.get(page).text
    posted(f"{page}/verlegung", termin=f"{town.room.id}/{slot_at(SATURDAY, 10, 30).isoformat()}")
    moved = client.get(page).text
    assert "Rückgängig machen: Termin verlegt" in moved and now_is(database, firm)[0] != NINE
    event = re.search(r'name="ereignis" value="(\d+)"', moved)[1]
    back = posted(f"{form_of(firm)}/ruecknahme", ereignis=event, zurueck="buchung")
    assert back.headers["location"] == page and now_is(database, firm)[0] == NINE


def test_lengthened_and_reassigned_by_the_form(client, posted, database, frau_sommer, town, firm):
    posted(form_of(firm), **fields(firm, town, dauer="60"))
    assert now_is(database, firm)[1] == slot_at(SATURDAY, 10)
    other = next(each for each in town.registrars if each.id != now_is(database, firm)[3])
    answer = posted(form_of(firm), **fields(firm, town, dauer="60", person=str(other.id)))
    assert now_is(database, firm)[3] == other.id
    assert "Andere Person eingeteilt" in client.get(answer.headers["location"]).text
    again = posted(form_of(firm), **fields(firm, town, dauer="60", person=str(other.id)))
    assert again.headers["location"] == answer.headers["location"], "sent twice, done once, answered alike"


def test_clashes_are_shown_before_and_refused_after(client, posted, database, frau_sommer, town, firm):
    with database.write() as session:
        theirs = confirmed(
            session, town, slot_at(SATURDAY, 10, 30), replace(ANNA_AND_BEN, email="x@example.org", partner_one="Cleo")
        )
    page = client.get(f"{form_of(firm)}?von=10:40").text
    assert "Das geht so nicht" in page and "belegt von 10:30" in page and "Cleo" in page
    assert f"/amt/buchung/{theirs.id}" in page and "So verlegen" not in page
    answer = posted(form_of(firm), **fields(firm, town, von="10:40"))
    assert answer.status_code == 409 and "Es ist nichts geändert worden" in answer.text
    assert now_is(database, firm)[0] == NINE


def test_outside_the_hours_needs_a_tick(client, posted, database, frau_sommer, town, firm):
    evening = fields(firm, town, von="18:00", person=str(town.registrars[0].id))
    answer = posted(form_of(firm), **evening)
    assert answer.status_code == 422 and 'id="trotzdem-error"' in answer.text and now_is(database, firm)[0] == NINE
    assert posted(form_of(firm), **evening, trotzdem="ja").status_code == 303
    assert now_is(database, firm)[0] == slot_at(SATURDAY, 18)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("tag", "irgendwann"),
        ("von", "25:00"),
        ("dauer", "5"),
        ("dauer", "241"),
        ("trauort", "x"),
        ("person", "x"),
    ],
)
def test_what_is_typed_wrongly_is_said_beside_the_field(client, posted, frau_sommer, town, firm, field, typed):
    answer = posted(form_of(firm), **fields(firm, town, **{field: typed}))
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert f'id="{field}-error"' in client.get(form_of(firm), params={field: typed}).text


def test_the_hour_that_is_left_out_in_march_is_no_time(posted, frau_sommer, town, firm):
    answer = posted(form_of(firm), **fields(firm, town, tag="2027-03-28", von="02:30"))
    assert answer.status_code == 422 and "Die Uhren werden umgestellt" in answer.text


def test_a_colleague_who_was_quicker_is_named(posted, database, frau_sommer, town, firm):
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        stand = queries.events_since(session, booking, 0)[-1].id
        lifecycle.register(session, booking, NOW, replace(CLERK, name="Herr Winter"))
    answer = posted(form_of(firm), **fields(firm, town, von="10:30"), stand=str(stand))
    assert answer.status_code == 409 and "Herr Winter" in answer.text and now_is(database, firm)[0] == NINE


def test_what_was_followed_by_something_else_isnt_taken_back(client, posted, database, frau_sommer, town, firm):
    answer = posted(form_of(firm), **fields(firm, town, von="10:30"))
    event = answer.headers["location"].rpartition("=")[2]
    with database.write() as session:
        lifecycle.register(session, session.get_one(Booking, firm.id), NOW, CLERK)
    assert "Rückgängig" not in client.get(answer.headers["location"]).text
    back = posted(f"{form_of(firm)}/ruecknahme", ereignis=event)
    assert back.status_code == 409 and "Anmeldung" in back.text
    assert now_is(database, firm)[0] == slot_at(SATURDAY, 10, 30)


def test_an_event_of_another_booking_is_not_taken_back(posted, database, frau_sommer, town, firm):
    with database.write() as session:
        other = confirmed(session, town, slot_at(SATURDAY, 10, 30), replace(ANNA_AND_BEN, email="x@example.org"))
    moved = posted(form_of(firm), **fields(firm, town, von="11:15"))
    event = moved.headers["location"].rpartition("=")[2]
    assert posted(f"{form_of(other)}/ruecknahme", ereignis=event).status_code == 422


def test_what_has_ended_says_why_nothing_can_be_changed(client, database, frau_sommer, firm):
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, firm.id), NOW, CLERK)
    page = client.get(form_of(firm)).text
    assert "Hier lässt sich nichts mehr ändern" in page and "storniert" in page and "Zeigen, was" not in page


# --- Close --------------------------------------------------------------------------------------------------


def test_a_while_is_closed_and_opened_again(client, posted, database, frau_sommer, town):
    typed = {"ressource": str(town.room.id), "tag": "2027-05-15", "von": "10:00", "bis": "11:30"}
    page = client.get(f"{CALENDAR}/sperrung", params=typed | {"vorschau": "ja"}).text
    assert "Das würde geschehen" in page and "Sa. 15.05.2027, 10:00 bis 11:30 Uhr" in page
    answer = posted(f"{CALENDAR}/sperrung", **typed, grund="Fotoprobe")
    assert answer.status_code == 303
    shown = client.get(answer.headers["location"]).text
    assert "Gesperrt: Fotoprobe" in shown and "Rückgängig" in shown
    with database.read() as session:
        (closure,) = session.scalars(select(Closure)).all()
    assert (closure.starts_at, closure.ends_at) == (slot_at(SATURDAY, 10), slot_at(SATURDAY, 11, 30))
    assert posted(f"{CALENDAR}/sperrung/{closure.id}/ruecknahme").status_code == 303
    with database.read() as session:
        assert not session.scalars(select(Claim)).all()
    assert posted(f"{CALENDAR}/sperrung/{closure.id}/ruecknahme").status_code == 404


def test_bookings_in_the_way_of_a_closure_are_shown_first(client, posted, database, frau_sommer, town, firm):
    typed = {"ressource": str(town.room.id), "tag": "2027-05-15", "von": "", "bis": ""}
    page = client.get(f"{CALENDAR}/sperrung", params=typed | {"vorschau": "ja"}).text
    assert "Das geht so nicht" in page and "Anna Müller" in page and f"kalender/buchung/{firm.id}" in page
    answer = posted(f"{CALENDAR}/sperrung", **typed, grund="Fotoprobe")
    assert answer.status_code == 409 and firm.number in answer.text


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("ressource", {"ressource": ""}),
        ("tag", {"tag": ""}),
        ("bis", {"bis": "09:00"}),
        ("bis", {"tag": "2026-11-22"}),
        ("von", {"tag": "2027-03-28", "von": "02:30"}),
        ("grund", {"grund": ""}),
    ],
)
def test_what_cant_be_closed_is_said_beside_the_field(posted, database, frau_sommer, town, field, changes):
    typed = {"ressource": str(town.room.id), "tag": "2027-05-15", "von": "10:00", "bis": "11:30", "grund": "Probe"}
    answer = posted(f"{CALENDAR}/sperrung", **(typed | changes))
    assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    with database.read() as session:
        assert not session.scalars(select(Closure)).all()
