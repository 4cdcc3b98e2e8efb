"""Owners of venues answer by a secret link, are asked again, and see what is to be in their house."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select

from buchbar.base.errors import NotFound, Refused
from buchbar.booking import feeds, jobs, lifecycle, owner_houses, owners
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from buchbar.resources.models import Feed, Venue
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, slot_at
from tests.clerks import become, counted

DAY = timedelta(days=1)
TERMS = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="none", approval="office_and_owner")


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, TERMS)


def at_the_mill(session, cast, hour=11, couple=ANNA_AND_BEN, at=NOW):
    booking = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, hour), at, CITIZEN)
    reservation.submit(session, booking, couple, at, CITIZEN)
    reservation.prove(session, booking, at)
    return booking


@pytest.fixture
def asked(database, town):
    """Anna and Ben have asked for the mill."""
    with database.write() as session:
        return at_the_mill(session, town)


def letters(database, kind):
    with database.read() as session:
        ordered = select(Letter).where(Letter.kind == kind).order_by(Letter.written_at, Letter.id)
        return session.scalars(ordered).all()


def link_in(letter):
    return re.search(r"http://testserver\.local(/trauort/(?!termine)\S+)", letter.text)[1]


def overview_in(letter):
    return re.search(r"http://testserver\.local(/trauort/termine/\S+)", letter.text)[1]


def now_is(database, booking):
    with database.read() as session:
        return session.get_one(Booking, booking.id)


def events(database, booking, verb):
    with database.read() as session:
        mine = BookingEvent.booking_id == booking.id, BookingEvent.verb == verb
        return session.scalars(select(BookingEvent).where(*mine).order_by(BookingEvent.id)).all()


# --- Answering --------------------------------------------------------------------------------------------


def test_the_letter_leads_to_a_page_that_says_what_is_asked_and_no_names(client, database, asked):
    [letter] = letters(database, "owner")
    page = client.get(link_in(letter)).text
    for words in (
        "Wassermühle",
        "Samstag, 15. Mai 2027, 11:00 Uhr",
        "Trauung, 10 Gäste",
        asked.number,
        "Ja, wir stimmen",
    ):
        assert words in page, words
    for name in ("Müller", "Yıldız", "anna@example.org", "05441 12345"):
        assert name not in page and name not in letter.text and name not in letter.html


def test_looking_decides_nothing(client, database, asked):
    path = link_in(letters(database, "owner")[0])
    for _scanner in range(3):
        assert client.get(path).status_code == 200
    assert client.get(f"{path}/zustimmung").status_code in (404, 405)
    assert now_is(database, asked).state == "requested"


def test_an_owner_agrees_once_however_often_the_button_is_pressed(client, posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    for _click in range(2):
        answer = posted(f"{path}/zustimmung")
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    [yes] = events(database, asked, "approve")
    assert (yes.by_kind, yes.by_name, yes.data["party"]) == ("owner", "Mühlenverein", "owner")
    page = client.get(path).text
    assert "Sie haben zugestimmt" in page and "05441 909-0" in page and "Ja, wir stimmen" not in page
    with database.write() as session:
        lifecycle.approve(session, session.get_one(Booking, asked.id), "office", NOW, CLERK)
    assert now_is(database, asked).state == "confirmed" and "Sie haben zugestimmt" in client.get(path).text


def test_a_yes_that_the_office_wrote_down_is_said_as_such(client, database, asked):
    with database.write() as session:
        lifecycle.approve(session, session.get_one(Booking, asked.id), "owner", NOW, CLERK)
    assert "Ihre Zustimmung ist eingetragen" in client.get(link_in(letters(database, "owner")[0])).text


def test_a_refusal_needs_a_reason_and_keeps_what_was_typed(client, posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    answer = posted(f"{path}/ablehnung", grund="   ")
    assert (
        answer.status_code == 422
        and "Bitte nennen Sie den Grund" in answer.text
        and '<details class="desk__more" open>' in answer.text
    )
    assert "Mahlgang" in posted(f"{path}/ablehnung", grund="Mahlgang" * 80).text
    assert now_is(database, asked).state == "requested"


def test_a_refusal_declines_the_request_and_offers_the_couple_other_dates(client, posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    for _click in range(2):
        assert posted(f"{path}/ablehnung", grund="Wir haben <Hochwasser>").status_code == 303
    assert now_is(database, asked).state == "declined"
    [no] = events(database, asked, "decline")
    assert (no.by_kind, no.by_name, no.reason) == ("owner", "Mühlenverein", "Wir haben <Hochwasser>")
    assert "Sie haben abgelehnt" in client.get(path).text
    [letter] = letters(database, "declined")
    assert (
        "Der Trauort (Mühlenverein) hat abgesagt" in letter.text and "Der Grund: Wir haben <Hochwasser>" in letter.text
    )
    assert "Samstag, 15. Mai 2027, 09:00 Uhr, Trauzimmer im Rathaus" in letter.text
    assert "Freitag, 14. Mai 2027, 10:00 Uhr, Wassermühle" in letter.text
    offered = re.findall(r"http://testserver\.local(/diepholz/hochzeit/termin\?\S+)", letter.text)
    assert len(offered) == 5 and all(client.get(offer).status_code == 200 for offer in offered)
    [notice] = letters(database, "owner_refused")
    assert notice.to_address == "standesamt@example.org" and "Mühlenverein hat die Anfrage" in notice.text
    assert not letters(database, "owner_over")


def test_the_office_reads_who_refused(client, posted, database, town, asked):
    posted(f"{link_in(letters(database, 'owner')[0])}/ablehnung", grund="Hochwasser")
    become(client, database, town.clerk)
    page = client.get(f"/diepholz/amt/buchung/{asked.id}").text
    assert "Mühlenverein" in page and "Hochwasser" in page


def test_after_a_yes_the_telephone_decides(posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    posted(f"{path}/zustimmung")
    assert posted(f"{path}/ablehnung", grund="doch nicht").status_code == 409
    assert now_is(database, asked).state == "requested"


def test_after_a_no_a_yes_changes_nothing(posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    posted(f"{path}/ablehnung", grund="Hochwasser")
    assert posted(f"{path}/zustimmung").status_code == 303
    assert now_is(database, asked).state == "declined" and not events(database, asked, "approve")


@pytest.mark.parametrize("answers", [("agree", "refuse"), ("agree", "agree"), ("refuse", "refuse")])
def test_two_answers_at_the_same_moment_are_one(database, asked, answers):
    def act(how):
        try:
            with database.write() as session:
                booking = session.get_one(Booking, asked.id)
                owners.agree(session, booking, NOW) if how == "agree" else owners.refuse(session, booking, "nein", NOW)
        except Refused as refusal:
            return refusal.sentence
        return "done"

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(act, answers))
    happened = events(database, asked, "approve") + events(database, asked, "decline")
    assert len(happened) == 1 and "done" in said


# --- Links ------------------------------------------------------------------------------------------------


def test_a_link_dies_when_the_date_moves_and_the_new_one_lives(client, posted, database, town, asked):
    path = link_in(letters(database, "owner")[0])
    with database.write() as session:
        booking = session.get_one(Booking, asked.id)
        reservation.move(session, booking, town.mill.id, slot_at(SATURDAY, 13), NOW + DAY, CITIZEN)
    dead = client.get(path)
    assert dead.status_code == 404 and "Dieser Link gilt nicht mehr" in dead.text
    assert posted(f"{path}/zustimmung").status_code == posted(f"{path}/ablehnung", grund="x").status_code == 404
    assert "13:00 Uhr" in client.get(link_in(letters(database, "owner")[-1])).text
    assert not events(database, asked, "approve")


@pytest.mark.parametrize("address", ["neu@example.org", ""])
def test_a_link_dies_when_the_venue_changes_hands(client, posted, database, town, asked, address):
    [letter] = letters(database, "owner")
    with database.write() as session:
        session.get_one(Venue, town.mill.id).owner_email = address
    assert client.get(link_in(letter)).status_code == client.get(overview_in(letter)).status_code == 404
    assert posted(f"{link_in(letter)}/zustimmung").status_code == 404


def test_when_the_request_is_over_its_link_says_no_more_than_that(client, posted, database, asked):
    path = link_in(letters(database, "owner")[0])
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, asked.id), NOW, CITIZEN)
    page = client.get(path).text
    assert "Diese Anfrage hat sich erledigt" in page and asked.number not in page and "15. Mai" not in page
    assert posted(f"{path}/zustimmung").status_code == 303 and now_is(database, asked).state == "cancelled"


def test_what_has_been_forgotten_has_no_links(database, asked):
    with database.write() as session:
        booking = session.get_one(Booking, asked.id)
        token = owners.answer_path(session, booking).rpartition("/")[2]
        booking.forgotten_at = NOW
        session.flush()
        with pytest.raises(NotFound):
            owners.asked_by(session, token)


def test_a_token_opens_its_own_booking_only(client, posted, database, town, asked):
    with database.write() as session:
        other = at_the_mill(session, town, 13)
        mine, theirs = (owners.answer_path(session, session.get_one(Booking, each.id)) for each in (asked, other))
        couples = owners.links.path(session, session.get_one(Booking, asked.id))
    assert mine != theirs
    forged = mine[:-22] + theirs[-22:]
    for path in (forged, mine[:-1], mine + "A", "/trauort/x", couples.replace("/buchung/", "/trauort/")):
        assert client.get(path).status_code == 404, path
        assert posted(f"{path}/zustimmung").status_code == 404, path
    assert client.get(mine.replace("/trauort/", "/buchung/")).status_code == 404
    assert client.get(mine.replace("/trauort/", "/trauort/termine/")).status_code == 404


# --- Asking again -----------------------------------------------------------------------------------------


def test_an_owner_who_does_not_answer_is_asked_again_after_three_and_seven_days(database, asked):
    moments = [NOW + 3 * DAY - timedelta(minutes=1), NOW + 3 * DAY, NOW + 4 * DAY, NOW + 7 * DAY, NOW + 30 * DAY]
    assert [jobs.remind_owners(database, moment) for moment in moments] == [0, 1, 0, 1, 0]
    reminders = letters(database, "owner_reminder")
    assert [letter.to_address for letter in reminders] == ["muehle@example.org"] * 2
    assert link_in(reminders[0]) == link_in(letters(database, "owner")[0])


def test_what_was_missed_is_asked_once(database, asked):
    assert jobs.remind_owners(database, NOW + 8 * DAY) == 1
    assert jobs.remind_owners(database, NOW + 9 * DAY) == 0


def test_two_processes_remind_once(database, asked):
    def run(_process):
        return jobs.remind_owners(database, NOW + 3 * DAY)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(run, range(2))) == 1
    assert len(letters(database, "owner_reminder")) == 1


def test_who_has_answered_is_left_in_peace(database, town, asked):
    with database.write() as session:
        lifecycle.approve(session, session.get_one(Booking, asked.id), "owner", NOW, CLERK)
        other = at_the_mill(session, town, 13)
        lifecycle.cancel(session, other, NOW, CITIZEN)
    assert jobs.remind_owners(database, NOW + 8 * DAY) == 0


def test_after_a_move_the_days_count_anew(database, town, asked):
    assert jobs.remind_owners(database, NOW + 3 * DAY) == 1
    with database.write() as session:
        booking = session.get_one(Booking, asked.id)
        reservation.move(session, booking, town.mill.id, slot_at(SATURDAY, 13), NOW + 5 * DAY, CITIZEN)
    assert jobs.remind_owners(database, NOW + 7 * DAY) == 0
    assert jobs.remind_owners(database, NOW + 8 * DAY) == 1


def test_a_clerk_asks_again_at_once_but_a_second_click_does_not(database, asked):
    for minutes in (0, 10):
        with database.write() as session:
            at = NOW + DAY + timedelta(minutes=minutes)
            owners.ask_again(session, session.get_one(Booking, asked.id), at, CLERK)
    assert len(letters(database, "owner_reminder")) == 1
    [event] = events(database, asked, "ask")
    assert event.by_name == "Frau Sommer"
    assert jobs.remind_owners(database, NOW + 3 * DAY) == 1  # the policy's own is still to come


def test_nobody_is_asked_about_what_needs_no_owner(database, town):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
        reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
        reservation.prove(session, booking, NOW)
        with pytest.raises(Refused):
            owners.ask_again(session, booking, NOW + DAY, CLERK)
    assert jobs.remind_owners(database, NOW + 8 * DAY) == 0


# --- Their overview and calendar --------------------------------------------------------------------------


def test_the_overview_shows_what_is_to_come_and_leads_to_what_is_unanswered(client, database, town, asked):
    with database.write() as session:
        firm = at_the_mill(session, town, 13)
        for party in ("office", "owner"):
            lifecycle.approve(session, firm, party, NOW, CLERK)
        gone = at_the_mill(session, town, 14, couple=replace(ANNA_AND_BEN, email="c@example.org"))
        lifecycle.cancel(session, gone, NOW, CITIZEN)
    [letter] = [letter for letter in letters(database, "owner") if letter.booking_id == asked.id]
    page = client.get(overview_in(letter)).text
    assert asked.number in page and firm.number in page and gone.number not in page
    assert "Ihre Antwort fehlt" in page and "reserviert" in page and "Müller" not in page
    assert link_in(letter) in page


def test_the_overview_takes_as_many_queries_with_many_dates_as_with_one(client, database, town, asked):
    path = overview_in(letters(database, "owner")[0])
    client.get(path)
    with counted(database) as few:
        client.get(path)
    with database.write() as session:
        for hour, name in ((10, "b"), (12, "c"), (13, "d"), (14, "e")):
            couple = replace(ANNA_AND_BEN, email=f"{name}@example.org")
            at_the_mill(session, town, hour, couple)
    with counted(database) as many:
        assert client.get(path).text.count("Antworten") >= 5
    assert len(many) == len(few)


def test_an_owner_gets_a_calendar_once_without_names_and_a_revoked_one_stays_so(client, database, town, asked):
    for _run in range(2):
        jobs.keep_owners_calendars(database, NOW)
    with database.read() as session:
        [feed] = session.scalars(select(Feed))
        path = feeds.path(session, feed)
        assert (feed.resource_id, feed.for_owner, feed.details) == (town.mill.id, True, "plain")
    overview = overview_in(letters(database, "owner")[0])
    assert path in client.get(overview).text
    text = client.get(path).text
    [shown] = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert "10 Gäste" in str(shown["SUMMARY"]) and "Müller" not in text
    with database.write() as session:
        session.get_one(Feed, feed.id).revoked_at = NOW
    jobs.keep_owners_calendars(database, NOW)
    assert client.get(path).status_code == 404 and path not in client.get(overview).text


def test_a_new_owner_gets_a_new_calendar_and_the_old_one_ends(client, database, town, asked):
    jobs.keep_owners_calendars(database, NOW)
    with database.write() as session:
        [old] = session.scalars(select(Feed))
        path = feeds.path(session, old)
        session.get_one(Venue, town.mill.id).owner_email = "neu@example.org"
    jobs.keep_owners_calendars(database, NOW + DAY)
    assert client.get(path).status_code == 404
    with database.read() as session:
        live = session.scalars(select(Feed).where(Feed.revoked_at.is_(None))).all()
        assert [feed.note for feed in live] == ["neu@example.org"]


def test_who_becomes_the_owner_again_has_the_calendar_again(client, database, town):
    def owned_by(address):
        with database.write() as session:
            session.get_one(Venue, town.mill.id).owner_email = address
        jobs.keep_owners_calendars(database, NOW)
        with database.read() as session:
            return {feed.note: feeds.path(session, feed) for feed in session.scalars(select(Feed))}

    first = owned_by("muehle@example.org")
    assert list(owned_by("neu@example.org")) == ["neu@example.org"], "of the former nothing is kept"
    assert owned_by("muehle@example.org") == first
    assert client.get(first["muehle@example.org"]).status_code == 200


def test_owners_are_reminded_though_their_calendars_fail(monkeypatch, database, town, asked):
    def fails(_session, _at):
        raise RuntimeError

    monkeypatch.setattr(owner_houses, "keep_feeds", fails)
    assert jobs.remind_owners(database, NOW + 4 * DAY) == 1
