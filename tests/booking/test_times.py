"""Midnight, the clock changes, weekdays and horizons, as far as a reservation."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from buchbar.base.errors import NotFound
from buchbar.booking import closures
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Claim
from buchbar.booking.policies import adopt
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import NotOffered, SlotTaken, busy_between
from buchbar.booking.weddings.slots import Wish, look_at_day
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.release import FixedInstant, MonthlyFirstWorkingDay, Rolling
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.resources.models import Site
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, assemble, reserved, slot_at

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
ALWAYS = WeeklyRule(frozenset(range(7)), 0, 1440, on_holidays=True)
SOON = Terms(release=Rolling(24), lead_days=0)


def night_town(session, from_minute, until_minute, step=60, **room):
    """The room is open at night, every day, and everybody is on duty around the clock."""
    cast = assemble(session, SOON)
    cast.room.openings[0].rule = WeeklyRule(frozenset(range(7)), from_minute, until_minute, on_holidays=True)
    cast.room.step_minutes = step
    for name, value in room.items():
        setattr(cast.room, name, value)
    for registrar in cast.registrars:
        registrar.openings[0].rule = ALWAYS
        registrar.prepare_minutes = registrar.wrap_minutes = 0
    session.flush()
    return cast


def offers(session, cast, day, now=NOW):
    times = timetable(session, cast.town)
    busy = busy_between(session, times, day, day, now)
    return [s.span for s in look_at_day(times, busy, day, now, Wish(venues=frozenset({"rathaus"}))).slots]


def walls(spans) -> list[time]:
    return [span.start.astimezone(BERLIN).time() for span in spans]


def hold(session, cast, start, at=NOW, by=CITIZEN, venue=None):
    return reservation.hold(session, cast.town, (venue or cast.room).id, start, at, by)


def test_on_29_march_the_skipped_hour_offers_nothing_twice(session):
    """In 2027 it is the 28th: 01:00, then 03:00; the grid counts real minutes."""
    cast = night_town(session, 60, 300)
    assert walls(offers(session, cast, SPRING)) == [time(1), time(3), time(4)]
    for span in offers(session, cast, SPRING):
        assert hold(session, cast, span.start).alive


def test_a_rule_that_begins_in_the_skipped_hour_begins_after_it(session):
    cast = night_town(session, 150, 300)  # 02:30, which is 03:30
    assert walls(offers(session, cast, SPRING)) == [time(3, 30), time(4, 30)]


def test_on_25_october_the_doubled_hour_is_two_slots(session):
    """In 2027 it is the 31st: 02:00 comes twice, an hour apart; both can be had."""
    cast = night_town(session, 60, 240)
    spans = offers(session, cast, AUTUMN)
    assert walls(spans) == [time(1), time(2), time(2), time(3)]
    bookings = [hold(session, cast, span.start) for span in spans]
    assert bookings[2].starts_at - bookings[1].starts_at == timedelta(hours=1)


@pytest.mark.parametrize(("day", "until"), [(SPRING, time(3, 15)), (AUTUMN, time(2, 15))])
def test_half_an_hour_is_half_an_hour_when_the_clock_jumps(session, day, until):
    cast = night_town(session, 105, 300)  # 01:45
    booking = hold(session, cast, slot_at(day, 1, 45))
    assert booking.ends_at - booking.starts_at == timedelta(minutes=30)
    assert booking.ends_at.astimezone(BERLIN).time() == until


def test_the_last_slot_may_end_at_midnight_and_not_after(session):
    cast = night_town(session, 22 * 60, 1440, step=30, length_minutes=60)
    assert walls(offers(session, cast, SATURDAY)) == [time(22), time(22, 30), time(23)]
    assert hold(session, cast, slot_at(SATURDAY, 23)).ends_at == slot_at(SATURDAY + timedelta(days=1), 0)


def test_cleaning_after_midnight_stands_in_the_next_days_way(session):
    cast = night_town(session, 0, 1440, step=15, cleaning_minutes=15)
    sunday = SATURDAY + timedelta(days=1)
    hold(session, cast, slot_at(SATURDAY, 23, 30))
    assert walls(offers(session, cast, sunday))[0] == time(0, 15)
    with pytest.raises(SlotTaken):
        hold(session, cast, slot_at(sunday, 0))
    assert hold(session, cast, slot_at(sunday, 0, 15)).alive


def test_a_long_way_in_the_evening_is_seen_the_next_morning(session):
    """The mill is four hours away: who marries there until midnight isn't back at two, and two isn't offered."""
    cast = night_town(session, 0, 600, step=60)
    cast.mill.openings[0].rule = ALWAYS
    session.get_one(Site, cast.mill.site_id).way_minutes = 240
    cast.registrars[1].active = False
    session.flush()
    sunday = SATURDAY + timedelta(days=1)
    hold(session, cast, slot_at(SATURDAY, 23), venue=cast.mill)
    assert walls(offers(session, cast, sunday)) == [time(4), time(5), time(6), time(7), time(8), time(9)]
    assert hold(session, cast, slot_at(sunday, 4)).alive


def test_what_only_overlaps_the_opening_hours_is_not_offered(session):
    cast = night_town(session, 540, 600, step=45, length_minutes=30)
    assert walls(offers(session, cast, SATURDAY)) == [time(9)], "09:45 to 10:15 lies outside"
    with pytest.raises(NotOffered):
        hold(session, cast, slot_at(SATURDAY, 9, 45))


def test_a_saturday_is_a_saturday_in_diepholz(session):
    """00:30 on Saturday is Friday in UTC: open, and at Saturday's price. 00:30 on Sunday is neither."""
    cast = night_town(session, 30, 120)
    cast.room.openings[0].rule = WeeklyRule(frozenset({5}), 30, 120)
    session.flush()
    start = slot_at(SATURDAY, 0, 30)
    assert start.astimezone(UTC).weekday() == 4
    assert walls(offers(session, cast, SATURDAY)) == [time(0, 30), time(1, 30)]
    assert offers(session, cast, SATURDAY + timedelta(days=1)) == []
    booking = reserved(session, cast, start)
    assert [line.code for line in reservation.price(session, booking)] == ["base", "saturday"]


def test_before_and_after_count_each_for_itself(session):
    cast = night_town(session, 540, 720, step=15, setup_minutes=30, cleaning_minutes=0)
    hold(session, cast, slot_at(SATURDAY, 10))
    free = walls(offers(session, cast, SATURDAY))
    assert time(9) in free and time(9, 15) not in free, "the next one is set up from 9:30 on"
    assert time(10, 45) not in free and time(11) in free


def test_buffers_respect_closures(session):
    cast = night_town(session, 540, 720, step=15, setup_minutes=15, cleaning_minutes=15)
    closed = Span(slot_at(SATURDAY, 10), slot_at(SATURDAY, 11))
    closures.close(session, cast.room, closed, "Fensterputzer", NOW, CLERK)
    free = walls(offers(session, cast, SATURDAY))
    assert time(9, 15) in free and time(9, 30) not in free
    assert time(11) not in free and time(11, 15) in free


def test_a_new_policy_begins_at_midnight_in_diepholz(session):
    cast = assemble(session, Terms(release=Rolling(12), hold_minutes=20))
    first = date(2026, 12, 1)
    new = Terms(release=Rolling(12), hold_minutes=5)
    adopt(session, cast.town, "weddings", new, valid_from=first, at=NOW, by="Frau Sommer")
    session.flush()
    midnight = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
    before = hold(session, cast, slot_at(SATURDAY, 9), at=midnight - timedelta(seconds=1))
    after = hold(session, cast, slot_at(SATURDAY, 10, 30), at=midnight)
    assert [b.hold_until - b.made_at for b in (before, after)] == [timedelta(minutes=20), timedelta(minutes=5)]


def test_a_phase_that_ends_with_a_day_includes_the_whole_day(session):
    terms = Terms(release=FixedInstant(datetime(2026, 11, 1, 8, 0, tzinfo=BERLIN), SATURDAY))
    cast = assemble(session, terms)
    assert hold(session, cast, slot_at(SATURDAY, 11, 15)).alive
    with pytest.raises(NotOffered):
        hold(session, cast, slot_at(SATURDAY + timedelta(days=3), 9))


def test_a_month_opens_as_a_whole_on_a_working_day(session):
    """1 May 2026 is a holiday, so May 2027 opens on Monday 4 May at 8."""
    cast = assemble(session, Terms(release=MonthlyFirstWorkingDay(12, 8 * 60)))
    opens = slot_at(date(2026, 5, 4), 8)
    for day in (date(2027, 5, 3), date(2027, 5, 31)):
        with pytest.raises(NotOffered):
            hold(session, cast, slot_at(day, 9), at=opens - timedelta(seconds=1))
        assert hold(session, cast, slot_at(day, 9), at=opens).alive


def test_a_town_without_a_policy_offers_nothing(session):
    cast = assemble(session)
    with pytest.raises(NotFound):
        hold(session, cast, slot_at(SATURDAY, 9), at=datetime(2025, 12, 31, 12, 0, tzinfo=UTC))


def test_moments_come_back_as_they_were_written(session):
    cast = assemble(session)
    booking = hold(session, cast, datetime(2027, 5, 15, 9, 0, tzinfo=BERLIN))
    session.expire(booking)
    assert booking.starts_at == datetime(2027, 5, 15, 7, 0, tzinfo=UTC)
    assert all(moment.tzinfo is UTC for moment in session.scalars(select(Claim.starts_at)))


def test_a_moment_without_a_zone_is_refused(session, cast):
    with pytest.raises(Exception, match="time zone"):
        session.scalars(select(Claim).where(Claim.starts_at > datetime(2027, 5, 15))).all()  # noqa: DTZ001
