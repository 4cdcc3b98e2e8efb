"""The list of all bookings at the desk, and that no list asks more of the database the longer it is."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from buchbar.booking import lifecycle
from buchbar.booking.models import Booking
from buchbar.booking.terms import Terms
from buchbar.booking.weddings.timetable import timetable
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, counted

DESK = "/diepholz/amt"


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
    """Anna and Ben have their date."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("zustand=fest", True),
        ("zustand=offen", False),
        ("zustand=beendet", False),
        ("monat=2027-05", True),
        ("monat=2027-06", False),
        ("monat=mai", True),
        ("suche=müller", True),
        ("suche=mueller", True),
        ("suche=MULLER", True),
        ("suche=Muell", True),
        ("suche=Yildiz", True),
        ("suche=Mieller", False),
        ("suche=Ben", True),
        ("suche=ANNA@example", True),
        ("suche=%25", False),
        ("suche=Niemand", False),
        ("ort=nirgends", True),
        ("seite=2", False),
        ("seite=x", True),
    ],
)
def test_the_list_finds_a_booking(client, frau_sommer, firm, query, found):
    assert (firm.number in client.get(f"{DESK}/buchungen?{query}").text) is found


def test_the_list_finds_by_number_and_by_venue(client, frau_sommer, firm, town):
    assert firm.number in client.get(f"{DESK}/buchungen?suche={firm.number[3:7].lower()}").text
    assert firm.number in client.get(f"{DESK}/buchungen?ort={town.room.id}").text
    assert firm.number not in client.get(f"{DESK}/buchungen?ort={town.mill.id}").text


@pytest.mark.parametrize("shown", ["", "zustand=&"])
def test_who_searches_finds_also_what_has_ended(client, database, frau_sommer, firm, shown):
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, firm.id), NOW, CLERK)
    assert firm.number not in client.get(f"{DESK}/buchungen").text
    for words in (firm.number, "anna@example.org", "Mueller"):
        assert "Eine Buchung" in client.get(f"{DESK}/buchungen?{shown}suche={words}").text
    page = client.get(f"{DESK}/buchungen").text
    assert '<option value="" selected>Aktuelle' in page and "(freiwillig)" not in page


def test_who_has_registered_is_called_so(client, database, frau_sommer, firm):
    page = client.get(f"{DESK}/buchungen").text
    assert ">reserviert<" in page and ">angemeldet<" not in page
    with database.write() as session:
        lifecycle.register(session, session.get_one(Booking, firm.id), NOW, CLERK)
    assert ">angemeldet<" in client.get(f"{DESK}/buchungen").text
    assert ">angemeldet<" in client.get(f"{DESK}/buchung/{firm.id}").text


def test_htmx_gets_only_the_list(client, frau_sommer, firm):
    answer = client.get(f"{DESK}/buchungen", headers={"hx-request": "true"})
    assert answer.text.lstrip().startswith('<div id="liste">')


def many(session, town, month, count):
    """So many requests, in the room's first slots of the month."""
    days = (date(2027, month, 1) + timedelta(days=n) for n in range(30))
    times = timetable(session, session.merge(town.town))
    slots = [slot for day in days for slot in times.slots_on(day) if slot.venue.id == town.room.id]
    for number, slot in enumerate(slots[:count]):
        reserved(session, town, slot.span.start, replace(ANNA_AND_BEN, email=f"paar{month}.{number}@example.org"))


def test_pages_ask_the_database_a_constant_number_of_times(client, database, frau_sommer, town, clock):
    pages = [DESK, f"{DESK}/buchungen", f"{DESK}/buchungen?suche=anna", f"{DESK}/sperrzeiten", f"{DESK}/abos"]

    def questions():
        numbers = []
        for page in pages:
            client.get(page)  # the first look at a page is written into the audit trail, and the next not again
            with counted(database) as sent:
                assert client.get(page).status_code == 200
            numbers.append(len(sent))
        return numbers

    with database.write() as session:
        many(session, town, 3, 5)
    few = questions()
    with database.write() as session:
        many(session, town, 4, 45)
    assert questions() == few
    assert "Seite 1 von 2" in client.get(f"{DESK}/buchungen").text
