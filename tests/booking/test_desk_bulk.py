"""Many bookings at once: seen before it is done, done once, and one that refuses doesn't stop the others."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.accounts.models import AuditEntry, Municipality
from buchbar.booking import bulk, lifecycle
from buchbar.booking.bulk import MOST, Deed
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from tests.booking.many import many
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, confirmed, reserved, slot_at
from tests.clerks import become, colleague, counted

LIST = "/diepholz/amt/buchungen"
PREVIEW, DONE = f"{LIST}/sammelaktion", f"{LIST}/sammelaktion/ausfuehrung"


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def three(database, town):
    """Three requests of three couples on one morning."""
    with database.write() as session:
        couples = [replace(ANNA_AND_BEN, email=f"paar{n}@example.org") for n in range(3)]
        return [reserved(session, town, slot_at(SATURDAY, 9, 45 * n), each) for n, each in enumerate(couples)]


def state(database, booking):
    with database.read() as session:
        return session.get_one(Booking, booking.id).state


def total(database, table, *where):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table).where(*where))


def hidden(page):
    """The hidden fields of the preview's form, as a browser would send them."""
    form = page.split('ausfuehrung"')[1].split("</form>")[0]
    fields = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(name, []).append(value)
    return fields


def test_a_preview_says_what_would_happen_and_does_nothing(posted, database, frau_sommer, three):
    before = [total(database, table) for table in (BookingEvent, Letter, Claim)]
    page = posted(PREVIEW, was="cancel", buchung=[str(each.id) for each in three]).text
    assert "Noch ist nichts geschehen." in page and "3 Buchungen würden sich ändern" in page
    assert "510,00" in page and page.count("170,00\xa0€ erlassen") == 3 and page.count("ein Brief") == 3
    assert [total(database, table) for table in (BookingEvent, Letter, Claim)] == before
    assert {state(database, each) for each in three} == {"requested"}


@pytest.mark.parametrize(
    ("verb", "then", "letters"),
    [
        ("approve_office", "payable", 3),
        ("decline", "declined", 3),
        ("cancel", "cancelled", 3),
        ("register", "requested", 3),
    ],
)
def test_what_the_preview_says_is_what_happens(posted, database, frau_sommer, three, verb, then, letters):
    page = posted(PREVIEW, was=verb, buchung=[str(each.id) for each in three]).text
    assert f"<dd>{letters}</dd>" in page
    before = total(database, Letter, Letter.kind.not_in(("office", "owner")))
    fields = hidden(page)
    result = posted(DONE, **fields, grund="Das Rathaus wird renoviert.")
    assert result.status_code == 200 and "3 Buchungen sind geändert" in result.text
    assert {state(database, each) for each in three} == {then}
    assert total(database, Letter, Letter.kind.not_in(("office", "owner"))) == before + letters
    again = posted(DONE, **fields, grund="Das Rathaus wird renoviert.").text
    assert "Es hat sich nichts geändert" in again and again.count("Das ist schon geschehen.") == 3
    assert total(database, Letter, Letter.kind.not_in(("office", "owner"))) == before + letters


def test_one_that_refuses_does_not_stop_the_others(posted, database, frau_sommer, three):
    fields = hidden(posted(PREVIEW, was="approve_office", buchung=[str(each.id) for each in three]).text)
    with database.write() as session:  # meanwhile a colleague is quicker with one of them
        lifecycle.decline(
            session, session.get_one(Booking, three[1].id), "Kein Platz", NOW, Actor("clerk", "Herr Winter")
        )
    page = posted(DONE, **fields).text
    assert "2 Buchungen sind geändert" in page and "ist inzwischen etwas geschehen" in page
    assert [state(database, each) for each in three] == ["payable", "declined", "payable"]


def test_what_cannot_be_done_is_said_beforehand(posted, database, frau_sommer, three):
    with database.write() as session:
        lifecycle.decline(session, session.get_one(Booking, three[0].id), "Kein Platz", NOW, CLERK)
    page = posted(PREVIEW, was="remind", buchung=[str(each.id) for each in three]).text
    assert "Warum nicht" in page and "Der Stand ist „abgelehnt“." in page and "Der Stand ist „zu prüfen“." in page
    assert "ausfuehrung" not in page


def test_a_reminder_goes_out_once_a_day(posted, database, frau_sommer, town, clock):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
    fields = hidden(posted(PREVIEW, was="remind", buchung=str(booking.id)).text)
    reminders = Letter.kind == "reminder"
    assert "Eine Buchung ist geändert" in posted(DONE, **fields).text and total(database, Letter, reminders) == 1
    assert "schon geschehen" in posted(DONE, **fields).text and total(database, Letter, reminders) == 1
    clock.now = NOW + timedelta(days=1, minutes=1)
    with database.write() as session:
        lifecycle.remind_now(session, session.get_one(Booking, booking.id), clock.now, CLERK)
    assert total(database, Letter, reminders) == 2


@pytest.mark.parametrize("verb", ["decline", "cancel"])
def test_a_reason_is_needed_where_the_couple_reads_it(posted, database, frau_sommer, three, verb):
    fields = hidden(posted(PREVIEW, was=verb, buchung=[str(each.id) for each in three]).text)
    answer = posted(DONE, **fields, grund=" ")
    assert answer.status_code == 422 and "nennen Sie den Grund" in answer.text and "Noch ist nichts" in answer.text
    assert {state(database, each) for each in three} == {"requested"}


def test_all_that_the_list_finds(posted, database, frau_sommer, three):
    page = posted(PREVIEW, was="approve_office", umfang="alle", liste="suche=paar1").text
    assert "Eine Buchung würde sich ändern" in page and three[1].number in page and three[0].number not in page


def test_two_hundred_are_the_most(posted, client, database, frau_sommer, town):
    with database.write() as session:
        many(session, town, MOST + 1, offset=5001)
    answer = posted(PREVIEW, was="cancel", umfang="alle", liste="zustand=alle")
    assert answer.status_code == 422 and "höchstens 200" in answer.text
    assert "Alle 201" not in client.get(f"{LIST}?zustand=alle").text


@pytest.mark.parametrize(
    "fields", [{}, {"was": "cancel"}, {"was": "drop", "buchung": "x"}, {"was": "cancel", "buchung": "x"}]
)
def test_an_empty_choice_is_refused(posted, frau_sommer, fields):
    assert posted(PREVIEW, **fields).status_code == 422
    assert posted(DONE, **fields).status_code == 422


def test_nobody_touches_another_towns_bookings(posted, client, database, three, town):
    stranger = colleague(database, town, "registrar")
    with database.write() as session:
        session.add(stuhr := Municipality(slug="stuhr", name="Stuhr", land="NI"))
        session.flush()
        session.merge(stranger).municipality_id = stuhr.id
    become(client, database, stranger)
    answer = posted("/stuhr/amt/buchungen/sammelaktion", was="cancel", buchung=[str(each.id) for each in three])
    assert answer.status_code == 422
    assert {state(database, each) for each in three} == {"requested"}


def test_it_stands_in_the_audit_trail_and_in_each_history(posted, database, frau_sommer, three):
    fields = hidden(posted(PREVIEW, was="approve_office", buchung=[str(each.id) for each in three]).text)
    posted(DONE, **fields)
    with database.read() as session:
        words = session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()
        who = set(session.scalars(select(BookingEvent.by_name).where(BookingEvent.verb == "approve")))
    assert words == ["Sammelaktion in der Vorschau angesehen", "Sammelaktion ausgeführt"]
    assert who == {frau_sommer.name}


def test_money_that_was_paid_goes_back(posted, database, frau_sommer, town):
    with database.write() as session:
        many(session, town, 2, offset=5001)
        paid = session.scalars(select(Booking)).all()
        assert sorted(ledger.account(session, each.id).paid for each in paid) == [0, 6000]
    page = posted(PREVIEW, was="cancel", buchung=[str(each.id) for each in paid]).text
    assert "120,00\xa0€" in page and "60,00\xa0€ zurück" in page


def test_a_rehearsal_takes_back_what_it_did_and_performing_does_not(session, cast):
    booking = reserved(session, cast, slot_at(SATURDAY, 9))
    deed = Deed("cancel", "Krank", NOW, CLERK)
    (seen,) = bulk.rehearse(session, [booking], deed)
    assert booking.state == "requested" and session.scalar(select(func.count()).select_from(Claim)) == 2
    (done,) = bulk.perform(session, [booking.id], deed, lambda booking_id: session.get_one(Booking, booking_id))
    assert done == seen and booking.state == "cancelled" and done.forgiven == 17000 and done.letters == 1


def test_a_preview_of_many_asks_no_more_for_each_than_its_verb_does(posted, database, frau_sommer, three):
    def questions(bookings):
        with counted(database) as sent:
            assert posted(PREVIEW, was="register", buchung=[str(each.id) for each in bookings]).status_code == 200
        return len(sent)

    one, two, all_three = questions(three[:1]), questions(three[:2]), questions(three)
    assert all_three - two <= two - one


def test_two_clerks_with_the_same_bookings_do_each_once(database, town):
    """In opposite orders, so that whoever doesn't keep the order of locks deadlocks."""
    with database.write() as session:
        couples = [replace(ANNA_AND_BEN, email=f"paar{n}@example.org") for n in range(4)]
        days = [SATURDAY + timedelta(days=7 * (n // 2)) for n in range(4)]
        ids = [
            reserved(session, town, slot_at(day, 9, 45 * (n % 2)), couple).id
            for n, (day, couple) in enumerate(zip(days, couples, strict=True))
        ]

    def all_of_them(verb, order, name):
        with database.write() as session:
            deed = Deed(verb, "Das Rathaus wird renoviert.", NOW, Actor("clerk", name))
            return bulk.perform(session, order, deed, lambda booking_id: session.get_one(Booking, booking_id))

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(all_of_them, "cancel", ids, "Frau Sommer")
        second = pool.submit(all_of_them, "cancel", ids[::-1], "Herr Winter")
        outcomes = [*first.result(timeout=60), *second.result(timeout=60)]
    assert sum(outcome.changed for outcome in outcomes) == 4 and not any(outcome.why_not for outcome in outcomes)
    assert total(database, BookingEvent, BookingEvent.verb == "cancel") == 4
    assert total(database, Claim) == 0 and total(database, Letter, Letter.kind == "cancelled") == 4


def test_nothing_ticked_is_said_on_the_list_with_its_filter(posted, frau_sommer, town):
    answer = posted(PREVIEW, was="approve_office", liste="zustand=offen")
    assert answer.status_code == 422 and 'href="#umfang"' in answer.text
    assert "mindestens eine Buchung" in answer.text and 'value="offen" selected' in answer.text
