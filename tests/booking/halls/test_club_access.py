"""Who may: what a club has booked is its members', whoever has the link; what went to a wrong address is nobody's."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.accounts import approval, citizens, membership
from buchbar.accounts.clubs import Member, Organisation
from buchbar.accounts.people import Person
from buchbar.booking import corrections, links
from buchbar.booking.events import Actor
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import Series
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from tests import gym
from tests.booking.halls.test_series_pages import SERIES, WEEK, booked, path, typed
from tests.cast import NOW
from tests.citizens import become_citizen, person
from tests.doors import porter
from tests.gym import TUESDAY

CLERK = Actor("clerk", "Herr Lange")


@pytest.fixture
def here(database, town):
    with database.write() as session:
        made = gym.build(session, town)
        porter.doors(session, made, adapter="simulator")
        return made


@pytest.fixture
def helper(client, posted, database, here):
    """Books for the club, as the coach does who has booked its series."""
    become_citizen(client, database, here.coach)
    assert posted(SERIES, **typed(here), alle="ja").status_code == 303
    kim = person(database, "kim@example.org")
    with database.write() as session:
        membership.add(session, session.get_one(Organisation, here.club.id), kim, "booker", NOW, "x")
    become_citizen(client, database, kim)
    return kim


def digits(database):
    with database.read() as session:
        return porter.digits(session)


def own_pages(database):
    with database.read() as session:
        return [links.path(session, each) for each in session.scalars(select(Booking).order_by(Booking.starts_at))]


def test_who_is_removed_from_a_club_has_nothing_in_hand_any_more(client, posted, clock, database, here, helper):
    link = path(database)
    assert link in client.get("/konto").text
    clock.now = porter.START - timedelta(hours=1)
    code = digits(database)
    assert code in client.get(link).text and code in client.get(own_pages(database)[0]).text
    with database.write() as session:
        club = session.get_one(Organisation, here.club.id)
        of_helper = Member.person_id == helper.id
        membership.remove(session, club, session.scalars(select(Member).where(of_helper)).one().id, clock.now)
    assert client.get(link).status_code == 404, "the link that they had"
    assert digits(database) != code, "the digits that they have seen"
    for page in (path(database), own_pages(database)[0]):  # the new ones, given on to them
        shown = client.get(page)
        assert shown.status_code == 200 and "Dreifeldhalle" in shown.text and "nicht (mehr)" in shown.text
        assert not any(secret in shown.text for secret in (digits(database), "Alex Brandt", "Handball", "/freigabe"))
    ids = [str(each) for each in all_ids(database)]
    changed = {"wo": f"{here.hall.id}/2", "tag": TUESDAY.isoformat(), "ab": TUESDAY.isoformat(), "anzahl": "10"}
    assert posted(f"{path(database)}/freigabe", datum=ids, ja="ja").status_code == 404
    assert posted(f"{path(database)}/aendern", **typed(here, **changed), alle="ja").status_code == 404
    for verb in ("freigabe", "stornierung", "umbuchung", "daten", "zahlung"):
        assert posted(f"{own_pages(database)[3]}/{verb}").status_code == 404, verb
    assert booked(database) == 4
    client.cookies.delete(citizens.COOKIE)
    page = own_pages(database)[0]
    assert f"/konto/anmelden?weiter={page.replace('/', '%2F')}" in client.get(page).text
    answer = client.get(f"{page}/termin.ics", follow_redirects=False)
    assert answer.headers["location"].startswith("/konto/anmelden?weiter=")
    become_citizen(client, database, here.coach, clock.now)
    assert digits(database) in client.get(path(database)).text, "who has stayed sees the new digits"


def all_ids(database):
    with database.read() as session:
        return session.scalars(select(Booking.id).order_by(Booking.starts_at)).all()


def test_what_somebody_booked_who_leaves_is_the_managers(database, here, helper):
    with database.write() as session:
        session.execute(select(Series)).scalars().one().email = helper.email
        for booking in session.scalars(select(Booking)):
            booking.email = "Kim@example.org"
        membership.leave(session, session.get_one(Organisation, here.club.id), session.get_one(Person, helper.id), NOW)
    with database.read() as session:
        assert {*session.scalars(select(Booking.email)), *session.scalars(select(Series.email))} == {here.coach.email}


def test_a_blocked_club_gives_back_but_sees_no_code_and_changes_nothing(client, posted, clock, database, here, helper):
    with database.write() as session:
        approval.decide(session, session.get_one(Organisation, here.club.id), "block", NOW, "x", reason="Schäden")
    clock.now = porter.START - timedelta(hours=1)
    for page in (path(database), own_pages(database)[0]):
        shown = client.get(page).text
        assert digits(database) not in shown and "zurzeit gesperrt" in shown
    assert client.get(f"{path(database)}/aendern").status_code == 409
    assert client.get(f"{own_pages(database)[2]}/umbuchung").status_code == 409
    assert posted(f"{path(database)}/freigabe", ab=(TUESDAY + 3 * WEEK).isoformat(), ja="ja").status_code == 303
    assert booked(database) == 3


def test_a_club_of_which_nobody_has_an_account_keeps_its_links(client, clock, database, here):
    with database.write() as session:
        session.delete(session.scalars(select(Member)).one())
        booking = gym.of_club(session, here, gym.slot(here, 1))
        porter.follow(session, booking, NOW)
    clock.now = porter.START - timedelta(hours=1)
    assert digits(database) in client.get(own_pages(database)[0]).text


def test_with_one_dates_address_that_of_the_whole_series_is_put_right(client, clock, database, here, helper):
    old_link, old_pages, old_digits = path(database), own_pages(database), digits(database)
    with database.write() as session:
        first = session.scalars(select(Booking).order_by(Booking.starts_at)).first()
        corrections.correct(session, first, {"email": "right@example.org", "phone": ""}, ["E-Mail"], NOW, CLERK)
    clock.now = porter.START - timedelta(hours=1)
    assert all(client.get(page).status_code == 404 for page in (old_link, *old_pages))
    assert digits(database) != old_digits
    with database.read() as session:
        series = session.scalars(select(Series)).one()
        letters = session.scalars(select(Letter).where(Letter.to_address == "right@example.org")).all()
        assert series.email == "right@example.org"
        assert {*session.scalars(select(Booking.email))} == {"right@example.org"}
        assert any(series_letters.path(session, series) in letter.text for letter in letters)
        assert len(re.findall("hall_corrected", " ".join(letter.kind for letter in letters))) == 1
