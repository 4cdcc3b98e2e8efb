"""Calendars to subscribe to: read back by two parsers, by strangers, and after everything that can happen."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import icalendar
import pytest
import vobject
from sqlalchemy import event
from sqlalchemy.orm import Session

from buchbar.base.db import Database
from buchbar.booking import claims, closures, feeds, lifecycle, links
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, Claim
from buchbar.booking.weddings import reservation
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span
from buchbar.resources.models import Feed, Resource
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, Cast, assemble, confirmed, reserved, slot_at

LATER = NOW + timedelta(days=3)


@pytest.fixture
def subscribe(database: Database, client, town) -> Callable[..., str]:
    """The address of a new feed of a resource, or of the office."""

    def address(resource: Resource | None, details: str = "plain", **changes: Any) -> str:
        with database.write() as session:
            made = Feed(
                id=uuid4(),
                municipality_id=town.town.id,
                resource_id=resource.id if resource else None,
                details=details,
                created_by="Frau Sommer",
                created_at=NOW,
                **changes,
            )
            session.add(made)
            session.flush()
            return feeds.path(session, made)

    return address


def read(client, address: str) -> dict[str, icalendar.Event]:
    """The events of a feed by their UIDs; what two parsers agree on."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    events = {str(each["UID"]): each for each in icalendar.Calendar.from_ical(answer.content).events}
    seen = vobject.readOne(answer.text)
    others = {each.uid.value: each for each in seen.contents.get("vevent", [])}
    assert set(others) == set(events)
    for uid, each in events.items():
        assert others[uid].dtstart.value == each.start
        assert others[uid].summary.value == str(each["SUMMARY"])
        assert others[uid].status.value == str(each["STATUS"])
    return events


def uid_of(booking: Booking) -> str:
    return f"{booking.id}@testserver.local"


def registrar_of(session: Session, cast: Cast, booking: Booking) -> Resource:
    taken = {claim.resource_id for claim in session.query(Claim).where(Claim.booking_id == booking.id)}
    return next(each for each in cast.registrars if each.id in taken)


def test_a_venue_and_its_registrar_see_a_reservation_from_its_proof_on(database, client, town, subscribe):
    room = subscribe(town.room)
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
        own = subscribe_in(session, registrar_of(session, town, booking))
    assert not read(client, room), "a hold is nobody's business"
    with database.write() as session:
        booking = session.get_one(Booking, booking.id)
        reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    assert not read(client, room)
    with database.write() as session:
        reservation.prove(session, session.get_one(Booking, booking.id), NOW)
    for address in (room, own):
        [seen] = read(client, address).values()
        assert seen.start == datetime(2027, 5, 15, 9, 0, tzinfo=BERLIN) and seen.duration == timedelta(minutes=30)
        assert str(seen["SUMMARY"]) == f"Angefragt: Trauung, 10 Gäste, {booking.number}"
        assert str(seen["STATUS"]) == "TENTATIVE"
        assert str(seen["LOCATION"]) == "Trauzimmer im Rathaus, Rathausmarkt 1, Diepholz"


def subscribe_in(session: Session, resource: Resource) -> str:
    made = Feed(
        id=uuid4(),
        municipality_id=resource.municipality_id,
        resource_id=resource.id,
        created_by="Frau Sommer",
        created_at=NOW,
    )
    session.add(made)
    session.flush()
    return feeds.path(session, made)


def test_names_stand_only_in_a_feed_for_which_the_clerk_chose_them(database, client, town, subscribe):
    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
    plain, named = client.get(subscribe(town.room)).text, client.get(subscribe(town.room, details="names")).text
    for name in ("Müller", "Yıldız", "anna@example.org", "05441 12345"):
        assert name not in plain
    assert "Trauung Anna Müller & Ben Yıldız" in named and "anna@example.org" not in named


def test_a_cancelled_reservation_stays_as_cancelled_for_venue_and_registrar(database, client, town, subscribe, clock):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        registrar = registrar_of(session, town, booking)
    addresses = [subscribe(town.room), subscribe(registrar)]
    before = [read(client, address)[uid_of(booking)] for address in addresses]
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booking.id), LATER, CITIZEN)
    for address, seen in zip(addresses, before, strict=True):
        gone = read(client, address)[uid_of(booking)]
        assert str(gone["STATUS"]) == "CANCELLED" and gone["SEQUENCE"] > seen["SEQUENCE"]
        assert gone.start == seen.start and str(gone["SUMMARY"]).startswith("Abgesagt: ")
    clock.now = LATER + timedelta(days=61)
    assert not read(client, addresses[0])


@pytest.mark.parametrize("end", ["declined", "released"])
def test_so_does_one_that_was_declined_or_released(database, client, town, subscribe, end):
    with database.write() as session:
        if end == "declined":
            booking = reserved(session, town, slot_at(SATURDAY, 9))
            lifecycle.decline(session, booking, "Stromausfall", LATER, CLERK)
        else:
            booking = confirmed(session, town, slot_at(SATURDAY, 9))
            lifecycle.release(session, booking, booking.deadline_at)
        assert booking.state == end
    assert str(read(client, subscribe(town.room))[uid_of(booking)]["STATUS"]) == "CANCELLED"


def test_a_hold_that_ends_leaves_no_trace(database, client, town, subscribe):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
        lifecycle.cancel(session, booking, NOW, CITIZEN)
    assert not read(client, subscribe(town.room))


def test_what_is_moved_elsewhere_is_cancelled_here_until_it_comes_back(database, client, town, subscribe):
    room, mill = subscribe(town.room), subscribe(town.mill)
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        first = booking.sequence
        reservation.move(session, booking, town.mill.id, slot_at(SATURDAY, 11), LATER, CLERK)
    left, came = read(client, room)[uid_of(booking)], read(client, mill)[uid_of(booking)]
    assert str(left["STATUS"]) == "CANCELLED" and left.start == datetime(2027, 5, 15, 9, 0, tzinfo=BERLIN)
    assert str(came["STATUS"]) != "CANCELLED" and came.start == datetime(2027, 5, 15, 11, 0, tzinfo=BERLIN)
    assert left["SEQUENCE"] > first
    with database.write() as session:
        booking = session.get_one(Booking, booking.id)
        reservation.move(session, booking, town.room.id, slot_at(FRIDAY, 9), LATER, CLERK)
    back, left = read(client, room)[uid_of(booking)], read(client, mill)[uid_of(booking)]
    assert str(back["STATUS"]) != "CANCELLED" and back.start == datetime(2027, 5, 14, 9, 0, tzinfo=BERLIN)
    assert str(left["STATUS"]) == "CANCELLED"


def test_a_feed_never_holds_another_resources_events(database, client, town, subscribe):
    with database.write() as session:
        syke = assemble(session, slug="syke")
        here = confirmed(session, town, slot_at(SATURDAY, 9))
        there = confirmed(session, syke, slot_at(SATURDAY, 9))
        for cast in (town, syke):
            closures.close(session, cast.room, day_span(date(2027, 6, 5), BERLIN), "Maler", NOW, CLERK)
        busy = registrar_of(session, town, here)
    idle = next(each for each in town.registrars if each.id != busy.id)
    assert not read(client, subscribe(town.mill)) and not read(client, subscribe(idle))
    seen = read(client, subscribe(town.room))
    assert uid_of(here) in seen and uid_of(there) not in seen and len(seen) == 2


def test_closures_stand_in_it_and_only_those_who_may_see_names_read_why_a_registrar_is_away(
    database, client, town, subscribe
):
    with database.write() as session:
        closures.close(session, town.room, day_span(date(2027, 6, 5), BERLIN), "Maler", NOW, CLERK)
        closures.close(session, town.registrars[0], day_span(date(2027, 6, 5), BERLIN), "krank", NOW, CLERK)
    [room] = read(client, subscribe(town.room)).values()
    assert str(room["SUMMARY"]) == "Geschlossen: Maler"
    assert (room.start, room.end) == (
        datetime(2027, 6, 5, tzinfo=BERLIN),
        datetime(2027, 6, 6, tzinfo=BERLIN),
    )
    assert "krank" not in client.get(subscribe(town.registrars[0])).text
    assert "Nicht im Dienst: krank" in client.get(subscribe(town.registrars[0], details="names")).text


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2027, 10, 31)])
def test_times_are_right_on_the_days_when_the_clocks_change(database, client, town, subscribe, day, clock):
    span = Span(
        datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC), datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    )
    clock.now = datetime(2027, 3, 1, tzinfo=UTC)
    with database.write() as session:
        closures.close(session, town.room, span, "Umstellung", NOW, CLERK)
        closures.close(session, town.room, day_span(day - timedelta(days=1), BERLIN), "Vorher", NOW, CLERK)
    answer = client.get(subscribe(town.room))
    before, during = sorted(icalendar.Calendar.from_ical(answer.content).events, key=lambda each: each.start)
    assert (during.start.astimezone(UTC), during.end.astimezone(UTC)) == (span.start, span.end)
    assert before.start.astimezone(BERLIN).hour == before.end.astimezone(BERLIN).hour == 0


def test_nothing_new_is_a_304_without_a_look_at_the_bookings(database, client, town, subscribe):
    address = subscribe(town.room)
    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
    first = client.get(address)
    asked: list[str] = []

    def count(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    again = client.get(address, headers={"if-none-match": f'W/{first.headers["etag"]}, "other"'})
    event.remove(database.engine, "before_cursor_execute", count)
    assert again.status_code == 304 and not again.content and again.headers["etag"] == first.headers["etag"]
    [question] = [statement for statement in asked if statement.startswith("SELECT")]
    assert "booking" not in question
    assert "max-age=300" in first.headers["cache-control"] and "private" in first.headers["cache-control"]
    assert "set-cookie" not in first.headers


def test_every_step_that_the_calendar_shows_changes_its_tag(database, client, town, subscribe):
    room, mill = subscribe(town.room), subscribe(town.mill)

    def tags() -> tuple[str, str]:
        seen = []
        for address in (room, mill):
            answer = client.get(address)
            assert answer.content, address
            seen.append(answer.headers["etag"])
        return seen[0], seen[1]

    def step(what: Callable[[Session], object]) -> bool:
        before = tags()
        with database.write() as session:
            what(session)
        return tags()[0] != before[0]

    with database.write() as session:
        made = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN).id
    with database.write() as session:
        reservation.submit(session, session.get_one(Booking, made), ANNA_AND_BEN, NOW, CITIZEN)
    assert step(lambda session: reservation.prove(session, session.get_one(Booking, made), NOW))
    assert step(lambda session: lifecycle.approve(session, session.get_one(Booking, made), "office", NOW, CLERK))
    assert step(
        lambda session: reservation.move(
            session, session.get_one(Booking, made), town.room.id, slot_at(FRIDAY, 9), NOW, CLERK
        )
    )
    assert step(lambda session: lifecycle.cancel(session, session.get_one(Booking, made), NOW, CITIZEN))


def test_a_day_later_it_is_rendered_anew_so_that_what_is_long_over_leaves(client, town, subscribe, clock):
    address = subscribe(town.room)
    first = client.get(address).headers["etag"]
    clock.now = NOW + timedelta(days=1)
    assert client.get(address).headers["etag"] != first


@pytest.mark.parametrize("how", ["revoked", "altered", "no .ics", "junk", "of a booking"])
def test_a_link_that_is_revoked_or_invented_leads_nowhere(database, client, town, subscribe, how):
    address = subscribe(town.room, **({"revoked_at": NOW} if how == "revoked" else {}))
    if how == "altered":
        address = address.replace(address[15], "A" if address[15] != "A" else "B")
    elif how == "no .ics":
        address = address.removesuffix(".ics")
    elif how == "junk":
        address = "/kalender/%F0%9F%92%92.ics"
    elif how == "of a booking":
        with database.write() as session:
            address = f"/kalender/{links.path(session, reserved(session, town, slot_at(SATURDAY, 9)))[9:]}.ics"
    assert client.get(address).status_code == 404


def test_head_answers_like_get_without_the_body(client, town, subscribe):
    address = subscribe(town.room)
    full, head = client.get(address), client.head(address)
    assert head.status_code == 200 and not head.content
    assert head.headers["etag"] == full.headers["etag"]
    assert head.headers["content-type"] == "text/calendar; charset=utf-8"


def test_a_long_calendar_asks_no_more_questions_than_a_short_one(database, client, town, subscribe):
    def questions() -> int:
        asked: list[str] = []

        def count(_connection, _cursor, statement, *_rest) -> None:
            asked.append(statement)

        address = subscribe(town.room)
        event.listen(database.engine, "before_cursor_execute", count)
        assert client.get(address).status_code == 200
        event.remove(database.engine, "before_cursor_execute", count)
        return len(asked)

    with database.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 9))
        lifecycle.cancel(session, confirmed(session, town, slot_at(FRIDAY, 9)), NOW, CLERK)
    few = questions()
    with database.write() as session:
        for week in range(4, 10):
            couple = replace(ANNA_AND_BEN, email=f"paar{week}@example.org")
            booking = confirmed(session, town, slot_at(SATURDAY - timedelta(weeks=week), 9), couple)
            if week % 2:
                lifecycle.cancel(session, booking, NOW, CLERK)
    assert questions() == few


def test_the_couple_takes_its_own_event_home_without_secrets_in_it(database, client, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        path = links.path(session, booking)
    answer = client.get(f"{path}/termin.ics")
    assert answer.headers["content-disposition"] == 'attachment; filename="termin.ics"'
    own = icalendar.Calendar.from_ical(answer.content)
    [seen] = own.events
    assert str(own["METHOD"]) == "PUBLISH" and str(seen["UID"]) == uid_of(booking)
    assert seen.start == datetime(2027, 5, 15, 9, 0, tzinfo=BERLIN)
    assert path.rpartition("/")[2] not in answer.text and "Müller" not in answer.text
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booking.id), LATER, CITIZEN)
    [gone] = icalendar.Calendar.from_ical(client.get(f"{path}/termin.ics").content).events
    assert str(gone["STATUS"]) == "CANCELLED" and gone["SEQUENCE"] > seen["SEQUENCE"]


def test_a_hold_has_no_event_yet(database, client, town):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
        path = links.path(session, booking)
    assert client.get(f"{path}/termin.ics").status_code == 404


def test_what_a_booking_gives_back_is_remembered_once_and_never_for_a_hold(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    for at in (NOW, LATER):
        claims.remember(session, booking, at)
    held = reservation.hold(session, cast.town, cast.room.id, slot_at(FRIDAY, 9), NOW, CITIZEN)
    claims.remember(session, held, NOW)
    kept = session.query(feeds.FormerClaim).all()
    assert {(row.booking_id, row.freed_at) for row in kept} == {(booking.id, LATER)} and len(kept) == 2
