"""What waits: each with its next step, gone when it is done, with the focus where one goes on. Also test_desk.py."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.base.errors import Refused
from buchbar.booking import jobs, lifecycle, retraction
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Approval, Booking, BookingEvent
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from buchbar.payments.models import Payment
from tests.cast import ANNA_AND_BEN, CLERK, FRIDAY, NOW, SATURDAY, assemble, reserved, slot_at
from tests.clerks import become, colleague, counted

DESK = "/diepholz/amt"
DAY = timedelta(days=1)


@pytest.fixture
def town(database):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required", approval="office_and_owner")
    with database.write() as session:
        return assemble(session, terms)


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


def couple(number):
    return replace(ANNA_AND_BEN, email=f"paar{number}@example.org")


@pytest.fixture
def three(database, town):
    """Three couples wait for the office, in this order."""
    with database.write() as session:
        return [
            reserved(session, town, slot_at(FRIDAY, 9 + n) - n * timedelta(minutes=15), couple(n), NOW - (3 - n) * DAY)
            for n in range(3)
        ]


def at_the_mill(session, cast, hour, number=9, at=NOW):
    booking = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, hour), at, CITIZEN)
    reservation.submit(session, booking, couple(number), at, CITIZEN)
    reservation.prove(session, booking, at)
    return booking


def row_with_focus(page):
    found = re.search(r"<tr tabindex=\"-1\" data-focus>.*?</tr>", page, re.S)
    return found and re.search(r"HZ-\w{4}-\w{4}", found[0])[0]


def form_of(page, address):
    return re.search(rf'hx-post="({re.escape(address)}[^"]*)"', page)[1]


def now_is(database, booking):
    with database.read() as session:
        return session.get_one(Booking, booking.id)


# --- The list ---------------------------------------------------------------------------------------------


def test_after_a_yes_the_focus_goes_to_the_next_row_and_the_page_says_what_was_done(client, posted, frau_sommer, three):
    page = client.get(DESK).text
    assert "3 Anfragen zu prüfen" in page
    first, second, _third = three
    after = posted(form_of(page, f"{DESK}/buchung/{first.id}/zustimmung"), htmx=True, partei="office", von="liste").text
    assert row_with_focus(after) == second.number and f"{first.id}/zustimmung" not in after
    assert "2 Anfragen zu prüfen" in after
    announced = re.search(r'<div id="said" hx-swap-oob="innerHTML">(.*?)</div>', after)[1]
    assert announced == f"{first.number}: Zustimmung eingetragen."


def test_after_the_last_row_the_focus_goes_back_up_and_then_to_what_was_said(client, posted, frau_sommer, three):
    first, second, third = three
    page = client.get(DESK).text
    for booking, then in ((third, second), (second, first), (first, None)):
        address = form_of(page, f"{DESK}/buchung/{booking.id}/zustimmung")
        page = posted(address, htmx=True, partei="office", von="liste").text
        assert row_with_focus(page) == (then.number if then else None)
    assert re.search(r'kern-alert--success" tabindex="-1" data-focus>.*Zustimmung eingetragen', page, re.S)
    assert page.count("data-focus") == 1 and 'id="said"' not in page


def test_a_row_that_somebody_names_in_the_address_gets_no_focus_by_itself(client, frau_sommer, three):
    assert row_with_focus(client.get(f"{DESK}?danach={three[0].number}").text) is None


def test_a_refused_step_leaves_the_list_as_it_is(client, posted, database, frau_sommer, three):
    answer = posted(f"{DESK}/buchung/{three[0].id}/ablehnung", htmx=True, grund_ablehnung="", von="liste")
    assert answer.headers["hx-retarget"] == "#notices" and now_is(database, three[0]).state == "requested"


def test_who_only_reads_sees_everything_and_no_steps(client, database, town, three):
    become(client, database, colleague(database, town, "auditor"))
    page = client.get(DESK).text
    assert "3 Anfragen zu prüfen" in page and "<form" not in page.partition('id="wartet"')[2].partition("</main>")[0]
    become(client, database, colleague(database, town, "county"))
    assert client.get(DESK, follow_redirects=False).status_code in (303, 404)


def test_many_wait_in_as_many_queries_as_few(client, database, town, frau_sommer):
    with database.write() as session:
        reserved(session, town, slot_at(FRIDAY, 9), couple(1))
        lifecycle.approve(session, at_the_mill(session, town, 11, 2), "office", NOW, CLERK)
    client.get(DESK)
    with counted(database) as few:
        client.get(DESK)
    with database.write() as session:
        for n, start in enumerate((slot_at(FRIDAY, 9, 45), slot_at(FRIDAY, 10, 30), slot_at(SATURDAY, 9))):
            reserved(session, town, start, couple(10 + n))
        for n, hour in enumerate((12, 13, 14)):
            lifecycle.approve(session, at_the_mill(session, town, hour, 20 + n), "office", NOW, CLERK)
    with counted(database) as many:
        page = client.get(DESK).text
    assert "4 Anfragen zu prüfen" in page and "Warten auf den Trauort (4)" in page
    assert len(many) == len(few)


# --- Owners who haven't answered --------------------------------------------------------------------------


@pytest.fixture
def unanswered(database, town):
    """Two couples wait for the mill's owner; the second of them longer, though its date is later."""
    with database.write() as session:
        made = [at_the_mill(session, town, 11, 1, NOW), at_the_mill(session, town, 13, 2, NOW - 2 * DAY)]
        for booking in made:
            lifecycle.approve(session, booking, "office", NOW, CLERK)
        return made


def test_who_waits_longest_for_an_owner_stands_first(client, frau_sommer, unanswered):
    page = client.get(DESK).text
    newer, older = (page.index(booking.number) for booking in unanswered)
    assert older < newer
    assert "Mühlenverein hat seit 2 Tagen nicht geantwortet" in page and "hat noch nicht geantwortet" in page


def test_an_owner_is_reminded_at_once_and_the_row_says_when(client, posted, database, clock, frau_sommer, unanswered):
    clock.now = NOW + DAY
    become(client, database, frau_sommer, clock.now)
    booking = unanswered[0]
    address = form_of(client.get(DESK).text, f"{DESK}/buchung/{booking.id}/trauort-frage")
    after = posted(address, htmx=True, von="liste").text
    assert "Der Trauort ist noch einmal gefragt." in after and "zuletzt erinnert am 24.11.2026" in after
    assert row_with_focus(after) == booking.number
    with database.read() as session:
        assert session.scalars(select(Letter.kind).where(Letter.kind == "owner_reminder")).all() == ["owner_reminder"]


def test_when_all_reminders_are_out_somebody_should_telephone(client, database, clock, frau_sommer, unanswered):
    clock.now = NOW + 6 * DAY
    jobs.remind_owners(database, clock.now)  # seven days for the older, six for the newer
    become(client, database, frau_sommer, clock.now)
    assert client.get(DESK).text.count("bitte anrufen") == 1


def test_an_owners_yes_by_telephone_ends_the_wait(client, posted, database, frau_sommer, unanswered):
    booking = unanswered[0]
    after = posted(f"{DESK}/buchung/{booking.id}/zustimmung", htmx=True, partei="owner", von="liste").text
    assert "Warten auf den Trauort (1)" in after and now_is(database, booking).state == "payable"


# --- Deadlines --------------------------------------------------------------------------------------------


def test_a_couple_is_reminded_from_the_list(client, posted, database, clock, frau_sommer, three):
    with database.write() as session:
        lifecycle.approve(session, session.get_one(Booking, three[0].id), "office", NOW, CLERK)
    clock.now = NOW + DAY
    become(client, database, frau_sommer, clock.now)
    page = client.get(DESK).text
    assert "Fristen in den nächsten 14 Tagen (1)" in page
    address = form_of(page, f"{DESK}/buchung/{three[0].id}/erinnerung")
    after = posted(address, htmx=True, von="liste").text
    assert "Erinnerung geschrieben" in after and row_with_focus(after) == three[0].number


# --- Taking a yes back ------------------------------------------------------------------------------------


def test_a_yes_can_be_taken_back_where_it_was_given(client, posted, database, frau_sommer, three):
    here = f"{DESK}/buchung/{three[0].id}"
    after = posted(f"{here}/zustimmung", htmx=True, partei="office", von="liste").text
    assert now_is(database, three[0]).state == "payable"
    back = posted(form_of(after, f"{here}/ruecknahme"), htmx=True, von="liste").text
    assert "Zustimmung zurückgenommen." in back and "3 Anfragen zu prüfen" in back
    again = now_is(database, three[0])
    assert (again.state, again.deadline_at, again.reminded) == ("requested", None, 0)
    with database.read() as session:
        assert not session.scalars(select(Approval).where(Approval.booking_id == three[0].id)).all()
        letter = session.scalars(select(Letter).where(Letter.kind == "retracted")).one()
    assert "Bitte bezahlen Sie noch nicht" in letter.text
    posted(f"{here}/ruecknahme", htmx=True, von="liste")  # twice is once
    with database.read() as session:
        assert len(session.scalars(select(BookingEvent).where(BookingEvent.verb == "retract")).all()) == 1
    posted(f"{here}/zustimmung", htmx=True, partei="office", von="liste")
    assert now_is(database, three[0]).state == "payable"


def test_of_a_yes_that_nobody_was_told_of_there_is_no_letter(session):
    cast = assemble(session, Terms(release=Rolling(12), approval="office_and_owner", payment="none"))
    booking = at_the_mill(session, cast, 11)
    lifecycle.approve(session, booking, "office", NOW, CLERK)
    retraction.retract(session, booking, NOW, CLERK)
    assert booking.state == "requested" and not session.scalars(select(Letter).where(Letter.kind == "retracted")).all()


@pytest.mark.parametrize("since", ["payment", "owner", "paid", "declined"])
def test_a_yes_stays_when_somebody_has_acted_on_it(session, since):
    required = since in ("payment", "paid")
    terms = Terms(release=Rolling(12), approval="office_and_owner", payment="required" if required else "none")
    cast = assemble(session, terms)
    booking = at_the_mill(session, cast, 11)
    if required:
        lifecycle.approve(session, booking, "owner", NOW, CLERK)
    lifecycle.approve(session, booking, "office", NOW, CLERK)
    later = NOW + timedelta(minutes=5)
    if since == "owner":
        lifecycle.approve(session, booking, "owner", later, CLERK)
    elif since == "declined":
        lifecycle.decline(session, booking, "nein", later, CLERK)
    else:
        state = "paid" if since == "paid" else "started"
        times = {"started_at": later, "expires_at": later + DAY}
        session.add(
            Payment(
                municipality_id=cast.town.id, booking_id=booking.id, cents=100, checkout_id="1", state=state, **times
            )
        )
        session.flush()
    state = booking.state
    assert not retraction.possible(session, booking, later)
    with pytest.raises(Refused):
        retraction.retract(session, booking, later, CLERK)
    assert booking.state == state and "office" in session.scalars(
        select(Approval.party).where(Approval.booking_id == booking.id)
    )


def test_there_is_no_way_back_where_the_date_is_firm(client, posted, frau_sommer, database, town, three):
    with database.write() as session:
        session.merge(town.policy).terms = Terms(release=Rolling(12), approval="office", payment="none")
    after = posted(f"{DESK}/buchung/{three[0].id}/zustimmung", htmx=True, partei="office", von="liste").text
    assert now_is(database, three[0]).state == "confirmed" and "ruecknahme" not in after
    assert posted(f"{DESK}/buchung/{three[0].id}/ruecknahme", htmx=True, von="liste").status_code == 409
