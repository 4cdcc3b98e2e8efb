"""What time alone does to bookings, day after day, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from buchbar.booking import jobs, lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.weddings import reservation
from buchbar.notices.models import Letter
from buchbar.payments import paying
from tests.cast import FRIDAY, NOW, SATURDAY, confirmed, slot_at


def states(database):
    with database.read() as session:
        return dict(session.execute(select(Booking.id, Booking.state)).all())


def count(database, verb):
    with database.read() as session:
        return session.scalar(select(func.count()).where(BookingEvent.verb == verb))


def unpaid(database, town, *starts):
    """Reservations that wait for their payment, due 14 days after NOW."""
    with database.write() as session:
        return [confirmed(session, town, start).id for start in starts]


def test_holds_that_have_run_out_are_written_down_and_freed_once(database, town):
    with database.write() as session:
        first = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9), NOW, CITIZEN)
        later = NOW + timedelta(minutes=10)
        second = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9, 45), later, CITIZEN)
    assert jobs.expire_holds(database, NOW + timedelta(minutes=19)) == 0
    assert jobs.expire_holds(database, NOW + timedelta(minutes=20)) == 1
    assert states(database) == {first.id: "expired", second.id: "held"}
    with database.read() as session:
        assert set(session.scalars(select(Claim.booking_id))) == {second.id}
    assert jobs.expire_holds(database, NOW + timedelta(minutes=20)) == 0
    assert count(database, "expire") == 1


def test_more_holds_than_one_batch_expire_in_one_run(database, town, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    with database.write() as session:
        for minutes in (0, 45, 90):
            start = slot_at(FRIDAY, 9) + timedelta(minutes=minutes)
            reservation.hold(session, town.town, town.room.id, start, NOW, CITIZEN)
    assert jobs.expire_holds(database, NOW + timedelta(hours=1)) == 3


def test_a_deadline_that_has_passed_releases_the_date_once(database, town):
    (booking_id,) = unpaid(database, town, slot_at(SATURDAY, 9))
    with database.read() as session:
        deadline = session.get_one(Booking, booking_id).deadline_at
    assert jobs.release_overdue(database, deadline - timedelta(seconds=1)) == 0
    assert jobs.release_overdue(database, deadline) == 1
    assert jobs.release_overdue(database, deadline + timedelta(minutes=1)) == 0
    assert states(database) == {booking_id: "released"}
    assert count(database, "release") == 1


def test_a_date_is_not_released_while_its_payment_page_is_open(database, town):
    (booking_id,) = unpaid(database, town, slot_at(SATURDAY, 9))
    with database.write() as session:
        booking = session.get_one(Booking, booking_id)
        deadline = booking.deadline_at
        payment = paying.begin(session, town.town.id, booking_id, deadline - timedelta(minutes=5))
        closes = payment.expires_at
    assert jobs.release_overdue(database, deadline + timedelta(minutes=1)) == 0
    assert states(database) == {booking_id: "payable"}
    assert jobs.release_overdue(database, closes) == 1


def test_a_page_that_was_begun_after_the_deadline_keeps_no_date(database, town):
    (booking_id,) = unpaid(database, town, slot_at(SATURDAY, 9))
    with database.write() as session:
        deadline = session.get_one(Booking, booking_id).deadline_at
        paying.begin(session, town.town.id, booking_id, deadline)
    assert jobs.release_overdue(database, deadline + timedelta(minutes=1)) == 1


def test_a_date_is_not_released_while_the_bank_has_the_money(database, town):
    (booking_id,) = unpaid(database, town, slot_at(SATURDAY, 9))
    with database.write() as session:
        payment = paying.begin(session, town.town.id, booking_id, NOW)
        paying.on_its_way(session, payment.id, "pi_1")
    assert jobs.release_overdue(database, NOW + timedelta(days=20)) == 0
    with database.write() as session:
        paying.end(session, payment.id, "failed")
    assert jobs.release_overdue(database, NOW + timedelta(days=20)) == 1


def test_one_booking_that_fails_does_not_keep_the_others(database, town, monkeypatch, caplog):
    bad, good = unpaid(database, town, slot_at(SATURDAY, 9), slot_at(SATURDAY, 10, 30))
    with database.write() as session:  # the bad one comes first
        earlier = Booking.deadline_at == session.get_one(Booking, bad).deadline_at
        session.execute(update(Booking).where(Booking.id == bad, earlier).values(deadline_at=NOW + timedelta(days=1)))
    release = lifecycle.release

    def fails_for_one(session, booking, at):
        release(session, booking, at)
        if booking.id == bad:
            raise RuntimeError("anna@example.org")

    monkeypatch.setattr(lifecycle, "release", fails_for_one)
    assert jobs.release_overdue(database, NOW + timedelta(days=20)) == 1
    assert states(database) == {bad: "payable", good: "released"}
    assert "anna@example.org" not in caplog.text and "job failed" in caplog.text


def test_each_reminder_goes_out_once_on_its_day(database, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        booking.deadline_at, booking.reminded = NOW + timedelta(days=30), 0  # reminders: 14 and 3 days before
        letters = session.scalar(select(func.count(Letter.id)))
    reminded_on = []
    for hour in range(0, 30 * 24, 6):
        if jobs.remind_of_deadlines(database, NOW + timedelta(hours=hour)):
            reminded_on.append(30 - hour / 24)
    assert reminded_on == [14, 3]
    assert count(database, "remind") == 2
    with database.read() as session:
        assert session.scalar(select(func.count(Letter.id))) == letters + 2


def test_nobody_is_reminded_of_a_deadline_that_has_passed(database, town):
    unpaid(database, town, slot_at(SATURDAY, 9))
    assert jobs.remind_of_deadlines(database, NOW + timedelta(days=20)) == 0


@pytest.mark.parametrize("work", [jobs.expire_holds, jobs.release_overdue, jobs.remind_of_deadlines])
def test_with_nothing_to_do_nothing_is_done(database, town, work):
    assert work(database, NOW) == 0
