"""What a clerk edits takes effect at once: the version rises by itself, and the timetable in memory is renewed."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import delete

from buchbar.accounts.models import Municipality
from buchbar.booking.events import CITIZEN
from buchbar.booking.policies import adopt
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import NotOffered
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.payments.models import Tariff
from buchbar.resources.edits import edited
from buchbar.resources.models import Opening, OpeningException, Registrar, Site, Venue, eligibility
from tests.cast import BERLIN, NOW, SATURDAY, assemble, slot_at

MORNING = WeeklyRule(frozenset({5}), 9 * 60, 10 * 60)


def offers(session, cast, day=SATURDAY, venue="rathaus") -> list[time]:
    slots = timetable(session, cast.town).slots_on(day)
    return [slot.span.start.astimezone(BERLIN).time() for slot in slots if slot.venue.slug == venue]


def set_rule(session, cast):
    cast.room.openings[0].rule = MORNING


def new_opening(session, cast):
    cast.room.openings.append(Opening(rule=MORNING))


def new_opening_by_its_key(session, cast):
    session.add(Opening(resource_id=cast.room.id, rule=MORNING))


def drop_opening(session, cast):
    cast.room.openings.clear()


def delete_opening(session, cast):
    session.delete(cast.room.openings[0])


def new_exception(session, cast):
    session.add(OpeningException(resource_id=cast.room.id, exception=DayException(SATURDAY)))


def change_site(session, cast):
    session.get_one(Site, cast.mill.site_id).way_minutes = 45


def change_registrar(session, cast):
    cast.registrars[0].active = False


def change_eligibility(session, cast):
    cast.room.registrars.remove(cast.registrars[0])


def new_venue(session, cast):
    session.add(Venue(municipality_id=cast.town.id, site_id=cast.room.site_id, name="Garten", slug="garten", persons=9))


def new_policy(session, cast):
    adopt(session, cast.town, "weddings", Terms(), valid_from=NOW.date(), at=NOW, by="Frau Sommer")


def new_tariff(session, cast):
    session.add(
        Tariff(
            municipality_id=cast.town.id, journey="weddings", valid_from=NOW.date(), made_at=NOW, made_by="Frau Sommer"
        )
    )


def drop_tariff(session, cast):
    session.delete(cast.tariff)


def other_land(session, cast):
    cast.town.land = "NW"


EDITS = [
    set_rule, new_opening, new_opening_by_its_key, drop_opening, delete_opening, new_exception, change_site,
    change_registrar, change_eligibility, new_venue, new_policy, new_tariff, drop_tariff, other_land,
]  # fmt: skip


def test_every_edit_raises_the_version(session, cast):
    for edit in EDITS:
        attempt = session.begin_nested()
        before = cast.town.version
        edit(session, cast)
        session.flush()
        assert cast.town.version == before + 1, edit.__name__
        session.refresh(cast.town)
        assert cast.town.version == before + 1, f"{edit.__name__}, in the database"
        attempt.rollback()
        session.expire_all()


def test_an_edit_concerns_its_own_town_only(session, cast):
    syke = assemble(session, slug="syke")
    before = syke.town.version
    set_rule(session, cast)
    session.flush()
    assert syke.town.version == before


def test_what_decides_nothing_raises_nothing(session, cast):
    before = cast.town.version
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    booking.phone = "05441 1"
    cast.room.version += 1  # as claims do
    cast.clerk.name = "Frau Winter"
    session.flush()
    assert cast.town.version == before


def test_shortened_hours_hold_at_once(session, cast):
    """The timetable was in memory; slots beyond the new hours are no longer offered, nor accepted."""
    assert time(11, 15) in offers(session, cast)
    set_rule(session, cast)
    session.flush()
    assert offers(session, cast) == [time(9)]
    with pytest.raises(NotOffered):
        reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 11, 15), NOW, CITIZEN)


def test_shortened_hours_leave_bookings_alone(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 11, 15), NOW, CITIZEN)
    set_rule(session, cast)
    session.flush()
    session.refresh(booking)
    assert booking.alive


def test_an_exception_opens_a_sunday_and_closes_a_saturday(session, cast):
    sunday = SATURDAY + timedelta(days=1)
    cast.room.exceptions += [
        OpeningException(exception=DayException(SATURDAY), note="Umbau"),
        OpeningException(exception=DayException(sunday, 9 * 60, 10 * 60)),
    ]
    cast.registrars[0].exceptions.append(OpeningException(exception=DayException(sunday, 8 * 60, 12 * 60)))
    session.flush()
    assert offers(session, cast) == []
    assert offers(session, cast, sunday) == [time(9)]


def test_a_venue_off_duty_registrars_and_the_season_decide_together(session, cast):
    assert offers(session, cast, date(2027, 5, 1), "muehle") == [], "Labour Day"
    assert offers(session, cast, date(2027, 4, 30), "muehle") == [], "the mill opens in May"
    assert offers(session, cast, date(2027, 5, 7), "muehle")[0] == time(10)
    for registrar in cast.registrars:
        registrar.active = False
    session.flush()
    assert offers(session, cast, date(2027, 5, 7), "muehle") == []


def test_bulk_statements_can_say_so_themselves(session, cast):
    before = cast.town.version
    session.execute(delete(eligibility).where(eligibility.c.venue_id == cast.room.id))
    assert cast.town.version == before
    edited(session, [cast.town.id])
    assert cast.town.version == before + 1


def test_another_process_sees_the_edit(database, town):
    """Its own timetable is in memory; the version in the database tells it."""
    with database.read() as session:
        there = session.get_one(Municipality, town.town.id)
        assert len(timetable(session, there).slots_on(SATURDAY)) > 1
    elsewhere = type(database)(database.engine, **{k: v for k, v in database.info.items() if k != "cache"})
    with elsewhere.write() as session:
        session.get_one(Registrar, town.registrars[0].id).prepare_minutes = 60
        session.get_one(Venue, town.room.id).openings[0].rule = MORNING
    with database.read() as session:
        there = session.get_one(Municipality, town.town.id)
        times = [slot for slot in timetable(session, there).slots_on(SATURDAY) if slot.venue.slug == "rathaus"]
        assert len(times) == 1


def test_a_town_raises_no_version_before_it_exists(session):
    assert assemble(session, slug="stuhr").town.version >= 1


def test_what_is_taken_back_stays_in_nobodys_memory(database, town):
    with database.write() as session:
        there = timetable(session, session.get_one(Municipality, town.town.id))
    with database.write() as session:
        ours, room = session.get_one(Municipality, town.town.id), session.get_one(Venue, town.room.id)
        with session.begin_nested() as attempt:
            room.length_minutes = 60
            session.flush()
            assert timetable(session, ours).venues[room.id].length == timedelta(minutes=60)
            attempt.rollback()
        assert timetable(session, ours).venues[room.id].length == there.venues[room.id].length
    with database.write() as session:
        session.get_one(Venue, town.room.id).length_minutes = 40
    with database.read() as session:
        ours = session.get_one(Municipality, town.town.id)
        assert timetable(session, ours).venues[town.room.id].length == timedelta(minutes=40)
        assert timetable(session, ours) is timetable(session, ours), "and then it is kept"
