"""The list of all bookings at the desk, and that no list asks more of the database the longer it is."""

import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from buchbar.booking import lifecycle, sought
from buchbar.booking.models import Booking, Claim
from buchbar.booking.sought import Sought
from buchbar.booking.terms import Terms
from buchbar.booking.weddings.timetable import timetable
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from tests.booking.many import many
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague, counted

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
        ("von=2027-05-15&bis=2027-05-15", True),
        ("von=2027-05-16", False),
        ("bis=14.05.2027", False),
        ("weg=online", True),
        ("weg=paper", False),
        ("weg=pferd", True),
        ("frist=30", False),
        ("frist=100", False),
        ("frist=x", True),
        ("unbezahlt=ja", True),
        ("ohne_mail=ja", False),
        ("sortierung=eingang", True),
        ("sortierung=frist", True),
        ("sortierung=x", True),
        ("suche=müller", True),
        ("suche=mueller", True),
        ("suche=MULLER", True),
        ("suche=Muell", True),
        ("suche=Yildiz", True),
        ("suche=Mieller", False),
        ("suche=Ben", True),
        ("suche=ANNA@example", True),
        ("suche=%25", False),
        ("suche=Yildiz Müller", True),
        ("suche=Müller Yildirim", False),
        ("suche=15.5.2027", True),
        ("suche=15.05.27", True),
        ("suche=15. Mai 2027", True),
        ("suche=Mai 2027", True),
        ("suche=mueller mai 2027", True),
        ("suche=Juni 2027", False),
        ("suche=16.5.2027", False),
        ("suche=2027", True),
        ("suche=2026", False),
        ("suche=05441 12345", True),
        ("suche=05441/123 45", True),
        ("suche=%2B49 5441 12345", True),
        ("suche=12345", True),
        ("suche=%2B49 (0)5441 12345", True),
        ("suche=05441 99999", False),
        ("suche=Niemand", False),
        ("ort=nirgends", True),
        ("seite=2", True),
        ("seite=x", True),
    ],
)
def test_the_list_finds_a_booking(client, frau_sommer, firm, query, found):
    assert (firm.number in client.get(f"{DESK}/buchungen?{query}").text) is found


def test_the_list_finds_by_number_and_by_where_and_who(client, database, frau_sommer, firm, town):
    def found(query):
        return firm.number in client.get(f"{DESK}/buchungen?{query}").text

    assert found(f"suche={firm.number[3:7].lower()}") and found(f"suche={firm.number.replace('-', ' ')}")
    assert found(f"ort={town.room.id}") and not found(f"ort={town.mill.id}")
    with database.read() as session:
        on_duty = session.scalars(select(Claim.resource_id).where(Claim.booking_id == firm.id)).all()
    people = [registrar.id for registrar in town.registrars]
    assert [found(f"person={each}") for each in people] == [each in on_duty for each in people]
    assert found(f"ort={town.registrars[0].id}"), "a person is no venue, so that isn't asked"


def test_the_list_finds_by_kassenzeichen(client, database, frau_sommer, firm):
    with database.read() as session:
        charge = ledger.charges(session, firm.id)[0]
    for typed in (charge.reference, charge.readable, charge.reference.lower(), charge.reference[:8]):
        assert firm.number in client.get(f"{DESK}/buchungen?suche={typed}").text
    assert charge.readable in client.get(f"{DESK}/buchung/{firm.id}").text
    with database.read() as session:
        letters = session.scalars(select(Letter.text).where(Letter.booking_id == firm.id, Letter.kind == "received"))
        assert f"Kassenzeichen: {charge.readable}" in letters.one()
    other = "RF98" + charge.reference[4:]
    assert firm.number not in client.get(f"{DESK}/buchungen?suche={other}").text


@pytest.mark.parametrize(
    ("typed", "words", "days"),
    [
        ("Müller", ("Müller",), None),
        ("29.2.2027", ("29.2.2027",), None),
        ("Anna 1.12.2026 Müller", ("Anna", "Müller"), (date(2026, 12, 1), date(2026, 12, 1))),
        ("märz 2027", (), (date(2027, 3, 1), date(2027, 3, 31))),
        ("3. Sept. 27", (), (date(2027, 9, 3), date(2027, 9, 3))),
        ("2027-05-15", (), (date(2027, 5, 15), date(2027, 5, 15))),
        ("2027-05", (), (date(2027, 5, 1), date(2027, 5, 31))),
        ("5/2027", (), (date(2027, 5, 1), date(2027, 5, 31))),
        ("2027", (), (date(2027, 1, 1), date(2027, 12, 31))),
        ("Mai Lin", ("Mai", "Lin"), None),
        ("0821 2034 55", ("0821", "2034", "55"), None),
        ("05441 2027", ("05441", "2027"), None),
        ("15/05/2027", (), (date(2027, 5, 15), date(2027, 5, 15))),
        ("Müller 0821 2027", ("Müller", "0821"), (date(2027, 1, 1), date(2027, 12, 31))),
        ("HZ-2027-ABCD", ("HZ-2027-ABCD",), None),
        ("99.99.9999", ("99.99.9999",), None),
        ("", (), None),
    ],
)
def test_a_date_in_the_search_is_understood(typed, words, days):
    assert sought.read(typed) == Sought(words, days)


@pytest.mark.parametrize("typed", ["von=gestern", "bis=2027-13-01", "von=2027-05-02&bis=2027-05-01"])
def test_a_date_that_cannot_be_read_is_said_beside_its_field(client, frau_sommer, firm, typed):
    answer = client.get(f"{DESK}/buchungen?{typed}&suche=anna")
    assert answer.status_code == 422 and "kern-error" in answer.text and "prüfen Sie eine Angabe" in answer.text
    assert 'value="anna"' in answer.text
    part = client.get(f"{DESK}/buchungen?{typed}", headers={"hx-request": "true"})
    assert part.status_code == 422 and "prüfen Sie eine Angabe" in part.text


def test_each_filter_can_be_lifted_by_itself(client, frau_sommer, firm, town):
    page = client.get(f"{DESK}/buchungen?suche=niemand&ort={town.room.id}&unbezahlt=ja&von=2027-05-01").text
    assert "Keine" not in page and "Dazu gibt es keine Buchung." in page and "Filter aufheben" in page
    lifted = [unescape(each) for each in re.findall(r'class="found__one" href="([^"]+)"', page)]
    assert [sorted(parse_qs(urlsplit(each).query)) for each in lifted] == [
        ["ort", "unbezahlt", "von"],
        ["suche", "unbezahlt", "von"],
        ["ort", "suche", "unbezahlt"],
        ["ort", "suche", "von"],
    ]
    assert firm.number in client.get(lifted[0]).text
    assert "Ort: Trauzimmer im Rathaus" in page and "Termin ab: 01.05.2027" in page


def test_an_empty_desk_says_what_to_do(client, frau_sommer):
    page = client.get(f"{DESK}/buchungen").text
    assert "Es gibt keine kommenden Buchungen." in page and "Auch vergangene und beendete zeigen" in page


def test_the_list_is_sorted_as_asked(client, database, frau_sommer, town):
    couples = {name: replace(ANNA_AND_BEN, email=f"{name}@example.org") for name in ("eins", "zwei", "drei")}
    with database.write() as session:
        one = confirmed(session, town, slot_at(SATURDAY, 9), couples["eins"], NOW + timedelta(hours=2))
        two = confirmed(session, town, slot_at(SATURDAY, 9, 45), couples["zwei"], NOW)
        three = reserved(session, town, slot_at(SATURDAY, 10, 30), couples["drei"], NOW + timedelta(hours=1))
        one.deadline_at, two.deadline_at = NOW + timedelta(days=9), NOW + timedelta(days=8)

    def order(wanted):
        page = client.get(f"{DESK}/buchungen?sortierung={wanted}").text
        return sorted((one, two, three), key=lambda booking: page.index(f"{booking.number}</span></span>"))

    assert order("termin") == [one, two, three]
    assert order("eingang") == [one, three, two]
    assert order("frist") == [two, one, three]
    page = client.get(f"{DESK}/buchungen?frist=8").text
    assert two.number in page and one.number not in page and three.number not in page


def test_who_may_only_look_has_nothing_to_tick(client, database, firm, town):
    become(client, database, colleague(database, town, "auditor"))
    page = client.get(f"{DESK}/buchungen").text
    assert firm.number in page and "sammelaktion" not in page.split("<table")[1] and 'name="buchung"' not in page
    assert "datei/xlsx" in page


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


def some(session, town, month, count):
    """So many requests, in the room's first slots of the month."""
    days = (date(2027, month, 1) + timedelta(days=n) for n in range(30))
    times = timetable(session, session.merge(town.town))
    slots = [slot for day in days for slot in times.slots_on(day) if slot.venue.id == town.room.id]
    for number, slot in enumerate(slots[:count]):
        reserved(session, town, slot.span.start, replace(ANNA_AND_BEN, email=f"paar{month}.{number}@example.org"))


def test_pages_ask_the_database_a_constant_number_of_times(client, database, frau_sommer, town, clock):
    filters = "ort=&weg=online&frist=30&unbezahlt=ja&sortierung=frist"
    pages = [DESK, f"{DESK}/buchungen", f"{DESK}/buchungen?suche=anna", f"{DESK}/buchungen?zustand=alle&{filters}"]
    pages += [f"{DESK}/sperrzeiten", f"{DESK}/abos"]

    def questions():
        numbers = []
        for page in pages:
            client.get(page)  # the first look at a page is written into the audit trail, and the next not again
            with counted(database) as sent:
                assert client.get(page).status_code == 200
            numbers.append(len(sent))
        return numbers

    with database.write() as session:
        some(session, town, 3, 5)
    few = questions()
    with database.write() as session:
        some(session, town, 4, 45)
    assert questions() == few
    assert "Seite 1 von 2" in client.get(f"{DESK}/buchungen").text


def test_ten_thousand_bookings_cost_no_more_questions(client, database, frau_sommer, town):
    pages = [f"{DESK}/buchungen", f"{DESK}/buchungen?suche=grossmann", f"{DESK}/buchungen?suche=november 2026"]
    pages += [f"{DESK}/buchungen?unbezahlt=ja&seite=7", f"{DESK}/buchungen?zustand=alle&sortierung=eingang"]

    def questions():
        numbers = []
        for page in pages:
            client.get(page)
            with counted(database) as sent:
                assert client.get(page).status_code == 200
            numbers.append(len(sent))
        return numbers

    with database.write() as session:
        many(session, town, 400, offset=4900)
    few = questions()
    with database.write() as session:
        many(session, town, 4900)
        many(session, town, 4700, offset=5300)
    assert questions() == few
    assert "10000 Buchungen" in client.get(f"{DESK}/buchungen?zustand=alle").text
    assert "1429 Buchungen" in client.get(f"{DESK}/buchungen?suche=Grossmann").text
