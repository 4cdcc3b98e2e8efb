"""What the desk doesn't show to everybody who may look: secret links, calendars' addresses, colleagues' data."""

import re
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions, staff
from buchbar.accounts.models import AuditEntry, Clerk
from buchbar.base import tokens
from buchbar.booking import attach, feeds, history, telling
from buchbar.booking.events import CITIZEN
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import letter_examples, letters, reservation
from buchbar.booking.weddings.edits import VENUE
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.resources.models import Feed, Venue
from tests.cast import ANNA_AND_BEN, NOW, SATURDAY, assemble, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
SECRET = re.compile(r"/[\w-]{43}(?![\w-])")


@pytest.fixture
def town(database):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="none", approval="office_and_owner")
    with database.write() as session:
        return assemble(session, terms)


@pytest.fixture
def asked(database, town):
    """Anna and Ben have asked for the mill, which has an owner."""
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
        reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
        reservation.prove(session, booking, NOW)
        return booking


@pytest.fixture
def auditor(client, database, town):
    clerk = colleague(database, town, "auditor", "Frau Prüfer")
    become(client, database, clerk)
    return clerk


def looks(database):
    with database.read() as session:
        return session.scalars(select(AuditEntry.words).order_by(AuditEntry.id)).all()


def test_no_letter_shows_a_secret_link_at_the_desk(session):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), approval="office_and_owner")
    cast = assemble(session, terms)
    booking = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    reservation.prove(session, booking, NOW)
    attach.get_ready(session, booking, NOW)
    session.get_one(attach.LetterCode, booking.id).email = "doris@example.org"
    booking.hold_until = booking.deadline_at = slot_at(SATURDAY, 9)  # some letters name them
    event = booking.events[-1]
    event.data = event.data | {"cents": "5000", "from_venue": "Trauzimmer"}
    more = telling.money(session, booking, event) | {"connect_link": attach.proof_url(session, booking)}
    more["credit_note"] = ledger.charges(session, booking.id)[0]
    more["dunned"] = letter_examples._dunned(session, cast.town, "RF18 5390", SATURDAY, NOW)
    more |= {"over": True, "revived": False}
    for kind in letters.SUBJECTS:
        letters._write(session, booking, event, kind, "anna@example.org", **more)
    raw = "\n".join(session.scalars(select(Letter.text)))
    pages = {f"/{link.split('/')[3]}" for link in re.findall(r"http\S+/[\w-]{43}(?![\w-])", raw)}
    assert pages == {"/buchung", "/bestaetigung", "/brief", "/trauort"}, "or it is in vain that we look"
    shown = history.written(session, booking)
    assert {each.letter.kind for each in shown} >= set(letters.SUBJECTS)
    assert [each.letter.kind for each in shown if SECRET.search(each.text)] == []
    assert any("http://testserver.local/buchung/…" in each.text for each in shown)


def test_what_is_no_secret_link_stays():
    address = f"http://testserver.local/diepholz/amt/buchung/{uuid4()} und HZ-7K3M-9QXB"
    assert tokens.hidden(address) == address
    link = f"https://x.example/kalender/{tokens.link_token('s', 'feed', uuid4())}.ics"
    assert tokens.hidden(link) == "https://x.example/kalender/….ics"


def test_neither_who_audits_nor_who_works_there_acts_as_the_couple_or_the_owner(
    client, posted, database, town, auditor, asked
):
    for clerk in (auditor, town.clerk):
        become(client, database, clerk)
        page = client.get(f"{DESK}/buchung/{asked.id}").text
        assert "Bitte um Ihre Zustimmung" in page and not SECRET.search(page)
    answer = posted(f"{DESK}/buchung/{asked.id}/ablehnung/vorschau", grund_ablehnung="Stadtfest")
    assert answer.status_code == 200 and "Stadtfest" in answer.text and not SECRET.search(answer.text)


def test_only_who_works_with_them_sees_the_addresses_of_calendars(client, database, town, auditor):
    with database.write() as session:
        feed = Feed(id=uuid4(), municipality_id=town.town.id, details="names", created_by="Frau Sommer", created_at=NOW)
        session.add(feed)
        session.flush()
        address = feeds.path(session, feed)
    page = client.get(f"{DESK}/abos").text
    assert "Mit Namen" in page and address not in page
    assert looks(database) == ["Kalender-Abos angesehen"]
    become(client, database, town.clerk)
    assert address in client.get(f"{DESK}/abos").text


def test_edits_of_colleagues_are_for_who_administers_and_the_pages_stay_full(client, database, town):
    with database.write() as session:
        clerk, mill = session.get_one(Clerk, town.clerk.id), session.get_one(Venue, town.mill.id)
        revisions.edit(
            session, town.town, VENUE, mill, {"persons": 41}, valid_from=date(2026, 11, 23), at=NOW, by="Frau Lenz"
        )
        for number in range(25):
            staff.edit(
                session,
                town.town,
                clerk,
                {"email": f"privat{number}@example.org"},
                NOW + timedelta(minutes=number),
                "Frau Quast",
            )
    become(client, database, colleague(database, town, "registrar", "Herr Neu"))
    page = client.get(f"{DESK}/aenderungen").text
    assert "<ins>41</ins>" in page and "privat" not in page and "?seite=2" not in page
    assert looks(database) == ["Änderungen angesehen"]
    become(client, database, colleague(database, town, "administrator", "Frau Quast"))
    page = client.get(f"{DESK}/aenderungen").text
    assert "privat24@example.org" in page and "?seite=2" in page


def test_each_export_is_kept_and_a_booking_looked_at_twice_is_one_look(client, database, town, asked):
    become(client, database, town.clerk)
    for query in ("?zustand=offen", "?zustand=alle", "?zustand=offen"):
        assert client.get(f"{DESK}/buchungen/datei/json{query}").status_code == 200
    for query in ("", "?tag=2027-05-14", "?tag=2027-05-15"):
        assert client.get(f"{DESK}/buchung/{asked.id}{query}").status_code == 200
    assert looks(database) == ["Buchungen exportiert", "Buchungen exportiert", "Buchung angesehen"]
    with database.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    assert "offen" not in str([vars(entry) for entry in entries])
    assert [entry.booking_id for entry in entries] == [None, None, asked.id]
