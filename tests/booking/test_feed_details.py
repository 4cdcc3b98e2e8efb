"""What the clerk chose for a feed: how much strangers read in it, the whole office, what is around an event."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import icalendar
import pytest
import vobject
from sqlalchemy import select

from buchbar.booking import closures, corrections, feeds, lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.models import Wedding
from buchbar.calendar.walls import day_span
from buchbar.resources.models import Feed
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, counted

LATER = NOW + timedelta(days=3)


@pytest.fixture
def subscribe(database, town):
    """The address of a new feed: of the office, or of a resource."""

    def address(resource=None, **chosen):
        with database.write() as session:
            made = Feed(id=uuid4(), municipality_id=town.town.id, created_by="Frau Sommer", created_at=NOW, **chosen)
            made.resource_id = resource.id if resource else None
            session.add(made)
            session.flush()
            return feeds.path(session, made)

    return address


def read(client, address):
    """The events of a feed by their UIDs, as two parsers agree on them."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    found = {str(each["UID"]): each for each in icalendar.Calendar.from_ical(answer.content).events}
    others = {each.uid.value: each for each in vobject.readOne(answer.text).contents.get("vevent", [])}
    assert {uid: str(each["SUMMARY"]) for uid, each in found.items()} == {
        uid: each.summary.value for uid, each in others.items()
    }
    return found


def uid_of(booking):
    return f"{booking.id}@testserver.local"


def test_busy_says_only_that_something_is(database, client, town, subscribe):
    with database.write() as session:
        asked = reserved(session, town, slot_at(SATURDAY, 9))
        closures.close(session, town.room, day_span(date(2027, 6, 5), BERLIN), "Maler", NOW, CLERK)
    for address in (subscribe(town.room, details="busy"), subscribe(details="busy")):
        seen = read(client, address)
        assert {str(each["SUMMARY"]) for each in seen.values()} == {"Belegt"} and len(seen) == 2
        assert str(seen[uid_of(asked)]["STATUS"]) == "CONFIRMED", "how firm it is, is nobody's business"
        text = client.get(address).text
        for said in ("Müller", "Gäste", "Maler", asked.number, "/amt/", "LOCATION", "Rathausmarkt"):
            assert said not in text


def test_the_office_sees_all_its_venues_and_nothing_of_another_town(database, client, town, subscribe):
    office = subscribe()
    with database.write() as session:
        syke = assemble(session, slug="syke")
        there = confirmed(session, syke, slot_at(SATURDAY, 9))
        here = confirmed(session, town, slot_at(SATURDAY, 9))
        mill = reservation.hold(session, town.town, town.mill.id, slot_at(FRIDAY, 12), NOW, CITIZEN)
    seen = read(client, office)
    assert set(seen) == {uid_of(here)}, "neither a hold nor another town's wedding"
    assert str(seen[uid_of(here)]["LOCATION"]).startswith("Trauzimmer im Rathaus")
    with database.write() as session:
        closures.close(session, town.mill, day_span(date(2027, 6, 5), BERLIN), "Hochwasser", NOW, CLERK)
        closures.close(session, town.registrars[0], day_span(date(2027, 6, 5), BERLIN), "krank", NOW, CLERK)
    said = {str(each["SUMMARY"]) for each in read(client, office).values()}
    assert {"Geschlossen (Wassermühle): Hochwasser", "Nicht im Dienst (Ahrens)"} < said
    assert uid_of(there) not in client.get(office).text and str(mill.id) not in client.get(office).text


def test_what_ends_or_moves_is_told_by_the_office_too(database, client, town, subscribe):
    office = subscribe()
    with database.write() as session:
        moved = confirmed(session, town, slot_at(SATURDAY, 9))
        reservation.move(session, moved, town.mill.id, slot_at(SATURDAY, 11), LATER, CLERK)
        held = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9), NOW, CITIZEN)
        lifecycle.cancel(session, held, NOW, CITIZEN)
    seen = read(client, office)
    assert set(seen) == {uid_of(moved)}, "a hold that ended never was in it"
    assert seen[uid_of(moved)].start == datetime(2027, 5, 15, 11, 0, tzinfo=BERLIN)
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, moved.id), LATER, CITIZEN)
    gone = read(client, office)[uid_of(moved)]
    assert str(gone["STATUS"]) == "CANCELLED" and gone["SEQUENCE"] > seen[uid_of(moved)]["SEQUENCE"]


def test_any_claim_in_the_office_changes_the_offices_tag_and_nobody_elses_does(database, client, town, subscribe):
    office = subscribe()
    tags = [client.get(office).headers["etag"]]

    def changed():
        tags.append(client.get(office).headers["etag"])
        return tags[-1] != tags[-2]

    assert not changed()
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.mill.id, slot_at(FRIDAY, 12), NOW, CITIZEN)
    assert changed()
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booking.id), NOW, CITIZEN)
    assert changed()
    with database.write() as session:
        closures.close(session, town.registrars[1], day_span(date(2027, 6, 5), BERLIN), "krank", NOW, CLERK)
    assert changed()
    with database.write() as session:
        confirmed(session, assemble(session, slug="syke"), slot_at(SATURDAY, 9))
    assert not changed()


def test_the_office_that_has_nothing_new_is_a_304_by_one_question(database, client, town, subscribe):
    office = subscribe()
    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
    tag = client.get(office).headers["etag"]
    with counted(database) as sent:
        answer = client.get(office, headers={"if-none-match": tag})
    assert answer.status_code == 304 and not answer.content
    [question] = [each for each in sent if not each.startswith("BEGIN")]
    assert "booking" not in question


def test_set_up_and_ways_are_events_of_their_own(database, client, town, subscribe):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.mill.id, slot_at(SATURDAY, 11), NOW, CITIZEN)
        reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
        reservation.prove(session, booking, NOW)
    mill = read(client, subscribe(town.mill, with_around=True))
    assert [(str(each["SUMMARY"]), each.start.hour, each.start.minute) for each in in_order(mill)] == [
        (f"Aufbau, {booking.number}", 10, 45),
        (str(mill[uid_of(booking)]["SUMMARY"]), 11, 0),
        (f"Abbau und Reinigung, {booking.number}", 11, 30),
    ]
    office = read(client, subscribe(with_around=True))
    assert len(office) == 5, "the venue's two, the registrar's two, and the wedding itself"
    on_the_way = [each for each in in_order(office) if "Vorbereitung und Weg" in str(each["SUMMARY"])]
    assert on_the_way[0].start == datetime(2027, 5, 15, 10, 25, tzinfo=BERLIN), "15 minutes, and 20 on the way"
    busy = read(client, subscribe(town.mill, details="busy", with_around=True))
    assert [str(each["SUMMARY"]) for each in busy.values()] == ["Belegt"] * 3
    assert len(read(client, subscribe(town.mill))) == 1
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booking.id), LATER, CLERK)
    assert set(read(client, subscribe(with_around=True))) == {uid_of(booking)}


def in_order(events):
    return sorted(events.values(), key=lambda each: each.start)


def test_an_owners_calendar_leads_nobody_to_the_desk(database, client, town, subscribe):
    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
    assert "/amt/buchung/" in client.get(subscribe(town.room)).text
    assert "/amt/" not in client.get(subscribe(town.room, for_owner=True)).text


def test_when_it_was_last_asked_for_is_kept_to_the_hour(database, client, town, subscribe, clock):
    office = subscribe()

    def fetched():
        with database.read() as session:
            return session.scalar(select(Feed.fetched_at))

    assert fetched() is None
    clock.now = datetime(2026, 11, 23, 9, 47, tzinfo=UTC)
    tag = client.get(office).headers["etag"]
    assert fetched() == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    clock.now += timedelta(minutes=10)
    with counted(database) as sent:
        client.get(office, headers={"if-none-match": tag})
    assert not [each for each in sent if each.startswith("UPDATE")]
    clock.now += timedelta(minutes=10)
    client.head(office)
    assert fetched() == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def test_a_corrected_name_is_read_at_once(database, client, town, subscribe):
    with database.write() as session:
        booked = confirmed(session, town, slot_at(SATURDAY, 9))
    office = subscribe(details="names")
    assert "Anna Müller" in client.get(office).text
    with database.write() as session:
        booking = session.get_one(Booking, booked.id)
        session.get_one(Wedding, booked.id).partner_one = "Anna Möller"
        corrections.correct(session, booking, {"email": booking.email, "phone": ""}, ["Name"], NOW, CLERK)
    assert "Anna Möller" in client.get(office).text


def test_the_office_asks_as_often_for_many_as_for_few(database, client, town, subscribe):
    office = subscribe(details="names", with_around=True)

    def questions():
        with counted(database) as sent:
            assert client.get(office).status_code == 200
        return len(sent)

    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
        closures.close(session, town.mill, day_span(date(2027, 6, 5), BERLIN), "Hochwasser", NOW, CLERK)
    client.get(office)
    with database.write() as session:
        lifecycle.cancel(session, confirmed(session, town, slot_at(FRIDAY, 9)), NOW, CLERK)
    few = questions()
    with database.write() as session:
        for week in range(4, 10):  # no holiday among these Saturdays
            couple = replace(ANNA_AND_BEN, email=f"paar{week}@example.org")
            reserved(session, town, slot_at(SATURDAY - timedelta(weeks=week), 9), couple)
    assert questions() == few


# --- At the desk ------------------------------------------------------------------------------------------


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)


def test_a_clerk_chooses_what_it_shows_and_notes_for_whom(client, posted, database, town, frau_sommer):
    chosen = {"ressource": "amt", "einzelheiten": "busy", "rundum": "ja", "notiz": "Hausmeister Schloss"}
    assert posted("/diepholz/amt/abos", **chosen).status_code == 303
    with database.read() as session:
        feed = session.scalars(select(Feed)).one()
    assert (feed.resource_id, feed.details, feed.with_around, feed.note, feed.for_owner) == (
        None,
        "busy",
        True,
        "Hausmeister Schloss",
        False,
    )
    page = client.get("/diepholz/amt/abos").text
    for said in ("Das ganze Standesamt", "Nur belegt", "mit Aufbau und Wegen", "Hausmeister Schloss", "noch nie"):
        assert said in page


def test_without_a_choice_there_are_no_names_in_it(posted, database, town, frau_sommer):
    assert posted("/diepholz/amt/abos", ressource=str(town.room.id)).status_code == 303
    with database.read() as session:
        assert session.scalars(select(Feed.details)).one() == "plain"


def test_what_makes_no_sense_is_refused_beside_its_field(posted, database, town, frau_sommer):
    wrong = {"ressource": str(town.room.id), "einzelheiten": "alles", "notiz": "x" * 121}
    answer = posted("/diepholz/amt/abos", **wrong)
    assert answer.status_code == 422
    assert 'id="einzelheiten-error"' in answer.text and 'id="notiz-error"' in answer.text and "x" * 121 in answer.text
    with database.read() as session:
        assert session.scalars(select(Feed)).all() == []


def test_an_owners_address_is_not_shown_at_the_desk_and_can_be_revoked(
    client, posted, database, town, frau_sommer, subscribe
):
    address = subscribe(town.mill, for_owner=True)
    page = client.get("/diepholz/amt/abos").text
    assert address not in page and "steht in den E-Mails an den Trauort" in page
    with database.read() as session:
        feed_id = session.scalars(select(Feed.id)).one()
    posted(f"/diepholz/amt/abos/{feed_id}/widerruf")
    assert client.get(address).status_code == 404
