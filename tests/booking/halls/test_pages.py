"""What citizens and clubs see of the halls, from the question to the booking, through the pages."""

import re
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.accounts import citizens
from buchbar.accounts.clubs import Member, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.booking import links
from buchbar.booking.halls.answering import answer
from buchbar.booking.halls.find import Wish
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import plan
from buchbar.booking.instants import instant
from buchbar.booking.models import Booking, Policy
from buchbar.booking.terms import CancellationStep
from buchbar.calendar.rules import WeeklyRule
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.resources.halls import Hall, HallHours
from tests import gym
from tests.cast import NOW, SATURDAY, confirmed, slot_at
from tests.gym import TERMS, TUESDAY, slot

HALLS = "/diepholz/hallen"
HALL = f"{HALLS}/dreifeldhalle"
TYPED = {
    "contact": "Kim Weber",
    "organiser": "",
    "street": "Musterweg 1",
    "city": "49356 Diepholz",
    "email": "kim@example.org",
    "phone": "",
    "title": "Kindergeburtstag",
    "sport": "Badminton",
    "purpose": "event",
    "age_group": "youth",
    "persons": "12",
    "coach": "",
    "coach_phone": "",
    "remarks": "",
}


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


@pytest.fixture
def sign_in(client, database):
    """Begin a citizen's session."""

    def begin(person):
        with database.write() as session:
            client.cookies.set(citizens.COOKIE, citizens.begin(session, session.get_one(Person, person.id), NOW))

    return begin


def take(posted, wanted, **fields):
    minutes = int(wanted.span.length.total_seconds()) // 60
    given = {"beginn": instant(wanted.span.start), "minuten": str(minutes), "teile": "+".join(map(str, wanted.parts))}
    return posted(f"{HALL}/vormerkung", **given, **fields)


def count(database):
    with database.read() as session:
        return session.scalar(select(func.count(Booking.id)))


def book(client, posted, database, wanted, **changes):
    """A citizen's whole way: hold, form, summary, the link in the mail."""
    own_page = take(posted, wanted).headers["location"]
    answer = posted(f"{own_page}/hallenangaben", **TYPED | changes)
    assert "Stimmt alles?" in answer.text, answer.text
    assert posted(f"{own_page}/hallenbuchung", **TYPED | changes).headers["location"] == own_page
    with database.read() as session:
        booking = session.scalars(select(Booking).order_by(Booking.made_at.desc()).limit(1)).one()
        proof = links.path(session, booking, "bestaetigung")
    assert "Fast geschafft" in client.get(own_page).text
    assert posted(proof).headers["location"] == own_page
    return own_page


def test_a_free_hall_is_found_and_leads_to_its_booking(client, here):
    page = client.get(f"{HALLS}?tag={TUESDAY}&zeit=18:00&dauer=90&wer=local").text
    assert "Ja: 1 Halle ist frei." in page and "18:00–19:30" in page and "9,00" not in page
    assert "12,00\xa0€ für Erwachsene (Training)" in page
    [address] = re.findall(r'href="(/diepholz/hallen/dreifeldhalle/buchung\?tag[^"]*)"', page)
    page = client.get(address.replace("&amp;", "&")).text
    assert "Das ist frei." in page and "12,00" in page and f'action="{HALL}/vormerkung"' in page
    answer = client.get(f"{HALLS}?tag=31.2.2027&zeit=18:00")
    assert answer.status_code == 422 and "Bitte ein Datum" in answer.text and 'value="31.2.2027"' in answer.text


def test_a_citizen_books_once_from_the_hold_to_the_link_in_the_mail(client, posted, database, here):
    own_page = book(client, posted, database, slot(here, 1, 2))
    page = client.get(own_page).text
    assert "Die Halle ist für Sie gebucht." in page and "Feld 1 und Feld 2" in page and "18:00–20:00" in page
    with database.read() as session:
        booking = session.scalars(select(Booking)).one()
        assert booking.state == "confirmed" and ledger.account(session, booking.id).owed == 2 * 2 * 600
        assert session.get_one(HallUse, booking.id).organiser == "Kim Weber"


def test_a_double_click_finds_the_same_hold_and_somebody_else_gets_alternatives(client, posted, database, here):
    wanted = slot(here, 1)
    first = take(posted, wanted)
    assert take(posted, wanted).headers["location"] == first.headers["location"] and count(database) == 1
    client.cookies.clear()
    other = take(posted, wanted)
    assert other.status_code == 409 and "Gerade vergeben" in other.text and "Feld 2" in other.text
    assert "Schule" in take(posted, slot(here, 1, hour=10)).text and count(database) == 1


def test_what_was_typed_stays_and_each_fault_has_its_sentence(posted, database, here):
    own_page = take(posted, slot(here, 1)).headers["location"]
    answer = posted(f"{own_page}/hallenangaben", **TYPED | {"persons": "viele", "street": ""})
    assert answer.status_code == 422 and "Bitte eine ganze Zahl" in answer.text and 'value="Kim Weber"' in answer.text
    answer = posted(f"{own_page}/hallenangaben", **TYPED | {"street": ""})
    assert answer.status_code == 422 and "Anschrift für die Rechnung" in answer.text


def test_a_member_books_for_the_club_without_a_mail_to_prove_and_at_its_price(client, posted, database, here, sign_in):
    sign_in(here.coach)
    club = str(here.club.id)
    page = client.get(f"{HALL}/buchung?tag={TUESDAY}&von=18:00&minuten=120&teile=1+2&alter=youth").text
    assert "TuS Diepholz" in page and "8,00" in page
    own_page = take(posted, slot(here, 1, 2), wer=club, alter="youth").headers["location"]
    assert "Sie buchen für TuS Diepholz." in client.get(own_page).text
    posted(f"{own_page}/hallenbuchung", **TYPED | {"email": "stranger@example.org", "street": "", "city": ""})
    with database.read() as session:
        booking, use = session.scalars(select(Booking)).one(), session.scalars(select(HallUse)).one()
        assert (booking.state, booking.email, booking.user_class) == ("confirmed", "coach@example.org", "club")
        assert (use.organiser, use.organisation_id) == ("TuS Diepholz", here.club.id)
        assert not session.scalars(select(Letter).where(Letter.kind == "hall_address")).all()


def test_a_strangers_club_cannot_be_used_nor_one_that_somebody_has_left(client, posted, database, here, sign_in):
    with database.write() as session:
        stranger = Person(id=uuid4(), email="fremd@example.org", made_at=NOW)
        other = Organisation(
            id=uuid4(), municipality_id=here.town.town.id, name="SV Anders", state="approved", made_at=NOW
        )
        session.add_all([stranger, other])
        session.flush()
        session.add(Member(id=uuid4(), organisation_id=other.id, person_id=stranger.id, added_at=NOW, added_by=""))
    for wer in (here.club.id, uuid4(), "unsinn"):
        assert client.get(f"{HALLS}?wer={wer}").status_code == 404
    sign_in(stranger)
    assert take(posted, slot(here, 1), wer=str(here.club.id)).status_code == 404
    sign_in(here.coach)
    assert take(posted, slot(here, 1), wer=str(other.id)).status_code == 404
    own_page = take(posted, slot(here, 1), wer=str(here.club.id)).headers["location"]
    with database.write() as session:
        session.delete(session.scalars(select(Member).where(Member.person_id == here.coach.id)).one())
    assert posted(f"{own_page}/hallenbuchung", **TYPED).status_code == 404
    client.cookies.delete(citizens.COOKIE)
    assert "/konto/anmelden" in posted(f"{own_page}/hallenbuchung", **TYPED).headers["location"]
    with database.read() as session:
        assert session.scalars(select(Booking.state)).all() == ["held"]


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("named", [True, False])
def test_public_plans_name_clubs_only_where_the_town_says_so_and_people_never(client, database, town, named):
    with database.write() as session:
        here = gym.build(session, town, msgspec.structs.replace(TERMS, public_names=named))
        gym.of_club(session, here, slot(here, 1))
        gym.booked(session, here, slot(here, 2))
    week = client.get(f"{HALL}?woche=2026-W49").text
    day = client.get(f"{HALLS}/tag/{TUESDAY}").text
    for page in (week, day):
        assert ("TuS Diepholz" in page) is named and "Kim Weber" not in page and "Alex Brandt" not in page
        assert "belegt" in page and "Schule" in page and "frei" in page


def test_a_booking_is_moved_after_its_price_was_shown_and_given_back(client, posted, database, here):
    own_page = book(client, posted, database, slot(here, 1))
    later = slot(here, 1, 2, hour=20)
    page = client.get(f"{own_page}/umbuchung?tag={TUESDAY}&von=20:00&minuten=120&teile=1%2B2").text
    assert "12,00\xa0€ mehr als bisher" in page
    new = {"halle": "dreifeldhalle", "beginn": instant(later.span.start), "minuten": "120", "teile": "1+2"}
    moved = posted(f"{own_page}/umbuchung", **new).headers["location"]
    page = client.get(moved).text
    assert moved.startswith(own_page) and "Umgebucht auf Dienstag, 1. Dezember 2026, 20:00–22:00" in page
    assert "Feld 1 und Feld 2" in page
    assert posted(f"{own_page}/umbuchung", **new | {"beginn": instant(NOW)}).status_code == 409
    assert "Brauchen Sie diesen Termin nicht?" in client.get(f"{own_page}/freigabe").text
    posted(f"{own_page}/freigabe")
    page = client.get(own_page).text
    assert page.count("Freigegeben") == 2 and "Storniert" not in page
    with database.read() as session:
        assert session.scalars(select(HallUse.given_back_at)).one() == NOW
    assert "Ja: 1 Halle ist frei." in client.get(f"{HALLS}?tag={TUESDAY}&zeit=20:00&felder=3").text


def test_who_is_in_the_hall_can_be_put_right(client, posted, database, here):
    own_page = book(client, posted, database, slot(here, 1))
    posted(f"{own_page}/daten", title="Turnier", coach="Robin", coach_phone="05441 99", phone="", remarks="")
    page = client.get(own_page).text
    assert "Turnier" in page and "Robin 05441 99" in page and "Angaben berichtigt" in page
    assert posted(f"{own_page}/daten", coach_phone="keine").status_code == 422


def test_a_hold_that_has_run_out_leads_back_to_the_same_choice(client, posted, database, here, clock):
    own_page = take(posted, slot(here, 2, 3)).headers["location"]
    clock.now = NOW + timedelta(hours=1)
    page = client.get(own_page).text
    assert "Ihre Vormerkung ist abgelaufen" in page and "teile=2%2B3" in page
    assert posted(f"{own_page}/hallenbuchung", **TYPED).headers["location"] == own_page


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_weddings_link_opens_no_page_of_halls_and_the_other_way_round(client, posted, database, here):
    with database.write() as session:
        wedding = links.path(session, confirmed(session, here.town, slot_at(SATURDAY, 9)))
        hall = links.path(session, gym.booked(session, here, slot(here, 1)))
    assert client.get(f"{wedding}/umbuchung").status_code == client.get(f"{hall}/verlegung").status_code == 404
    assert client.get(f"{wedding}/freigabe").status_code == 404 and client.get(hall).status_code == 200


@pytest.mark.parametrize("kind", ["sqlite"])
def test_addresses_that_mean_nothing_are_unknown_pages(client, posted, here):
    for address in (f"{HALLS}/nirgends", f"{HALLS}/tag/2020-01-01", f"{HALLS}/tag/heute", f"{HALL}/buchung?teile=x"):
        assert client.get(address).status_code == 404, address
    assert client.get(f"{HALL}?woche=unsinn").status_code == 200
    assert client.get(f"{HALL}/buchung?teile=1%2B3&tag=2026-12-01").status_code == 422
    assert posted(f"{HALL}/vormerkung", beginn="gestern", minuten="60", teile="1").status_code == 404


@pytest.mark.parametrize("kind", ["sqlite"])
def test_parts_that_a_hall_no_longer_has_are_refused_and_not_priced(posted, database, here):
    refused = take(posted, slot(here, 1, 4, 9))
    assert refused.status_code == 409 and "nicht zusammen gebucht" in refused.text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_moves_late_reads_what_that_means_for_giving_it_back(client, posted, database, here):
    own_page = book(client, posted, database, slot(here, 1))
    asked = f"{own_page}/umbuchung?tag={TUESDAY + timedelta(days=30)}&von=20:00&minuten=120&teile=1"
    assert "schon nah" not in client.get(asked).text
    for percent, words in ((0, "trotzdem ganz bezahlen"), (50, "so viel erlassen wie heute: 50 %")):
        with database.write() as session:
            steps = (CancellationStep(60, 100), CancellationStep(0, percent))
            session.get_one(Policy, here.policy.id).terms = msgspec.structs.replace(TERMS, cancellation=steps)
        assert words in client.get(asked).text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_is_taken_past_the_noon_of_the_next_day_is_not_offered(client, database, here):
    with database.write() as session:
        session.get_one(Policy, here.policy.id).terms = msgspec.structs.replace(TERMS, longest_minutes=1440)
        every_day = WeeklyRule(frozenset(range(7)), 0, 24 * 60, on_holidays=True)
        session.get_one(Hall, here.hall.id).hours = HallHours(open=(every_day,))
        own = links.path(session, gym.booked(session, here, slot(here, 1, day=TUESDAY + timedelta(days=30))))
    whole_day = f"tag={TUESDAY}&von=14:00&minuten=1380&teile=1"
    assert "Das ist frei." in client.get(f"{HALL}/buchung?{whole_day}").text
    with database.write() as session:
        gym.booked(session, here, slot(here, 1, 2, 3, day=TUESDAY + timedelta(days=1), hour=12, minutes=60))
    assert "Das ist frei." not in client.get(f"{HALL}/buchung?{whole_day}").text
    assert "schon vergeben" in client.get(f"{own}/umbuchung?{whole_day}").text
    with database.read() as session:
        wish = Wish(TUESDAY, 14 * 60, 1380)
        assert answer(session, [plan(session, session.get_one(Municipality, here.town.town.id))], wish, NOW).free == []
