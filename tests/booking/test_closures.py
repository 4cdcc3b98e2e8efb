"""The town hall closes a room, or a registrar is away: nobody can book it meanwhile, and nobody is overlooked."""

import threading
import time
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Refused
from buchbar.booking import claims, closures, lifecycle
from buchbar.booking.closures import InTheWay
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, Claim
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import SlotTaken, busy_between
from buchbar.booking.weddings.slots import Wish, look_at_day
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.spans import Span, merge
from buchbar.calendar.walls import day_span, days_span
from buchbar.resources.models import Closure, Resource
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, confirmed, slot_at

NINE = slot_at(SATURDAY, 9)


def close(session, cast, span, resource=None, reason="Malerarbeiten", at=NOW):
    return closures.close(session, resource or cast.room, span, reason, at, CLERK)


def hold(session, cast, start=NINE, at=NOW, venue=None):
    return reservation.hold(session, cast.town, (venue or cast.room).id, start, at, CITIZEN)


def claimed(session, closure):
    rows = session.execute(select(Claim.starts_at, Claim.ends_at).where(Claim.closure_id == closure.id))
    return sorted(Span(*row) for row in rows)


def test_a_closed_day_takes_no_bookings_and_offers_none(session, cast):
    close(session, cast, day_span(SATURDAY, BERLIN))
    with pytest.raises(SlotTaken):
        hold(session, cast)
    times = timetable(session, cast.town)
    busy = busy_between(session, times, SATURDAY, SATURDAY, NOW)
    assert look_at_day(times, busy, SATURDAY, NOW, Wish(venues=frozenset({"rathaus"}))).state == "closed"
    assert hold(session, cast, slot_at(SATURDAY, 11), venue=cast.mill).alive, "the mill is open"


def test_a_closed_morning_leaves_the_rest_of_the_day(session, cast):
    close(session, cast, Span(slot_at(SATURDAY, 0), slot_at(SATURDAY, 10)))
    with pytest.raises(SlotTaken):
        hold(session, cast, slot_at(SATURDAY, 9, 45))
    assert hold(session, cast, slot_at(SATURDAY, 10, 30)).alive


def test_a_registrar_who_is_away_is_not_sent(session, cast):
    for registrar in cast.registrars:
        close(session, cast, day_span(SATURDAY, BERLIN), registrar, "Urlaub")
    with pytest.raises(SlotTaken):
        hold(session, cast)


@pytest.mark.parametrize("first", [date(2027, 3, 21), date(2027, 10, 24), date(2027, 6, 1)])
def test_two_weeks_are_a_claim_a_day_also_over_a_clock_change(session, cast, first):
    last = first + timedelta(days=13)
    closure = close(session, cast, days_span(first, last, BERLIN))
    spans = claimed(session, closure)
    assert len(spans) == 14
    assert merge(spans) == [days_span(first, last, BERLIN)], "without a gap"
    assert all(span == day_span(first + timedelta(days=n), BERLIN) for n, span in enumerate(spans))


def test_a_closure_from_hour_to_hour_is_cut_at_midnight(session, cast):
    sunday = SATURDAY + timedelta(days=1)
    closure = close(session, cast, Span(slot_at(SATURDAY, 20), slot_at(sunday, 6)))
    midnight = slot_at(sunday, 0)
    assert claimed(session, closure) == [Span(slot_at(SATURDAY, 20), midnight), Span(midnight, slot_at(sunday, 6))]


def test_a_closure_names_the_bookings_in_its_way_and_changes_nothing(session, cast):
    ours = confirmed(session, cast, NINE)
    with pytest.raises(InTheWay) as refusal:
        close(session, cast, days_span(SATURDAY - timedelta(days=3), SATURDAY, BERLIN))
    assert [standing.id for standing in refusal.value.bookings] == [ours.id]
    assert ours.number in refusal.value.sentence and "15. Mai 2027, 09:00 Uhr" in refusal.value.sentence
    assert not session.scalars(select(Closure.id)).all()
    assert session.scalar(select(func.count()).select_from(Claim).where(Claim.closure_id.is_not(None))) == 0
    lifecycle.cancel(session, ours, NOW, CLERK)
    assert close(session, cast, day_span(SATURDAY, BERLIN)).reason == "Malerarbeiten"


def test_cleaning_after_a_booking_is_in_the_way_too(session, cast):
    hold(session, cast)
    with pytest.raises(InTheWay):
        close(session, cast, Span(slot_at(SATURDAY, 9, 40), slot_at(SATURDAY, 12)))
    assert close(session, cast, Span(slot_at(SATURDAY, 9, 45), slot_at(SATURDAY, 12)))


def test_many_bookings_in_the_way_are_counted(session, cast):
    saturdays = [SATURDAY + timedelta(days=7 * week) for week in range(7)]
    for day in saturdays:
        hold(session, cast, slot_at(day, 9))
    with pytest.raises(InTheWay) as refusal:
        close(session, cast, days_span(SATURDAY, saturdays[-1], BERLIN))
    assert len(refusal.value.bookings) == 7 and "und 2 weitere" in refusal.value.sentence


def test_a_hold_that_has_run_out_is_not_in_the_way(session, cast):
    stale = hold(session, cast)
    later = NOW + timedelta(minutes=20)
    with pytest.raises(InTheWay):
        close(session, cast, day_span(SATURDAY, BERLIN), at=later - timedelta(seconds=1))
    assert close(session, cast, day_span(SATURDAY, BERLIN), at=later)
    assert session.get_one(Booking, stale.id, populate_existing=True).state == "expired"


def test_a_closure_in_a_closure_is_refused_with_its_reason(session, cast):
    close(session, cast, day_span(SATURDAY, BERLIN), reason="Stromausfall")
    with pytest.raises(InTheWay, match="Stromausfall"):
        close(session, cast, days_span(SATURDAY - timedelta(days=2), SATURDAY, BERLIN))


def test_reopening_gives_the_room_back_and_twice_is_once(session, cast):
    closure = close(session, cast, days_span(SATURDAY, SATURDAY + timedelta(days=13), BERLIN))
    closures.reopen(session, closure)
    closures.reopen(session, closure)
    assert not session.scalars(select(Closure.id)).all()
    assert hold(session, cast).alive


def test_the_past_and_more_than_a_year_cant_be_closed(session, cast):
    with pytest.raises(Refused):
        close(session, cast, Span(NOW - timedelta(hours=2), NOW))
    with pytest.raises(Refused):
        close(session, cast, Span(NOW, NOW + timedelta(days=367)))
    assert close(session, cast, Span(NOW - timedelta(hours=2), NOW + timedelta(hours=1))), "begun, not over"


def test_closing_raises_the_version_that_pages_and_feeds_compare(session, cast):
    before = cast.room.version
    closure = close(session, cast, day_span(SATURDAY, BERLIN))
    session.refresh(cast.room)
    closed = cast.room.version
    closures.reopen(session, closure)
    session.refresh(cast.room)
    assert before < closed < cast.room.version


def test_several_are_closed_all_or_none_and_every_booking_in_the_way_is_named(session, cast):
    nine = confirmed(session, cast, NINE)
    mill = hold(session, cast, slot_at(SATURDAY, 12), venue=cast.mill)
    both = [cast.room, cast.mill]
    with pytest.raises(InTheWay) as refusal:
        closures.close_all(session, both, [day_span(SATURDAY, BERLIN)], "Feier", NOW, CLERK)
    assert [standing.id for standing in refusal.value.bookings] == [nine.id, mill.id]
    lifecycle.cancel(session, nine, NOW, CLERK)
    with pytest.raises(InTheWay, match=mill.number):
        closures.close_all(session, both, [day_span(SATURDAY, BERLIN)], "Feier", NOW, CLERK)
    assert not session.scalars(select(Closure.id)).all(), "the room isn't closed alone"
    lifecycle.cancel(session, mill, NOW, CLERK)
    assert len(closures.close_all(session, both, [day_span(SATURDAY, BERLIN)], "Feier", NOW, CLERK)) == 2


def test_closing_several_waits_for_a_taker_and_both_come_to_an_end(monkeypatch, database, town):
    """The taker ends a hold that has run out, and then wants what is about to be closed."""
    first, second = sorted([town.room, town.mill], key=lambda venue: venue.id)
    times = {town.room.id: NINE, town.mill.id: slot_at(SATURDAY, 12)}
    with database.write() as session:
        reservation.hold(session, town.town, second.id, times[second.id], NOW, CITIZEN)
    swept, later, faults = threading.Event(), NOW + timedelta(hours=1), []
    clear = claims.clear

    def slowly(*args):
        found = clear(*args)
        swept.set()
        time.sleep(0.5)
        return found

    def attempt(act):
        try:
            with database.write() as session:
                act(session)
        except Refused:
            pass
        except Exception as fault:
            faults.append(fault)

    monkeypatch.setattr(claims, "clear", slowly)
    taker = threading.Thread(
        target=attempt,
        args=[lambda session: reservation.hold(session, town.town, first.id, times[first.id], later, CITIZEN)],
    )
    taker.start()
    assert swept.wait(20)
    both, day = [first.id, second.id], [day_span(SATURDAY, BERLIN)]
    attempt(
        lambda session: closures.close_all(
            session, [session.get_one(Resource, each) for each in both], day, "Feier", later, CLERK
        )
    )
    taker.join(30)
    assert faults == []
