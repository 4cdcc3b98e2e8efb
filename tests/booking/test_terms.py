"""Deadlines, reminders, cancellation: what a policy's terms mean on the calendar."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN, SYSTEM
from buchbar.booking.models import BookingEvent
from buchbar.booking.policies import adopt
from buchbar.booking.terms import CancellationStep, DaysAfterBooking, EarlierOf, MonthsBeforeDate, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.calendar.walls import at
from buchbar.payments import ledger
from tests.booking.money import pay
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at

NINE = slot_at(SATURDAY, 9)
STEPS = (CancellationStep(30, 100), CancellationStep(7, 50), CancellationStep(1, 20))


def midnight_after(day: date) -> datetime:
    return at(day, 1440, BERLIN)


@pytest.mark.parametrize(
    ("deadline", "reserved_on", "last_day"),
    [
        (DaysAfterBooking(40), date(2026, 11, 23), date(2027, 1, 2)),
        (MonthsBeforeDate(5), date(2026, 11, 23), date(2026, 12, 15)),
        (EarlierOf(40, 5), date(2026, 11, 23), date(2026, 12, 15)),
        (EarlierOf(10, 5), date(2026, 11, 23), date(2026, 12, 3)),
        (MonthsBeforeDate(5), date(2026, 12, 12), date(2026, 12, 19)),
        (MonthsBeforeDate(5), date(2027, 3, 1), date(2027, 3, 8)),
        (EarlierOf(3, 5), date(2027, 3, 1), date(2027, 3, 4)),
        (DaysAfterBooking(40), date(2027, 3, 1), date(2027, 4, 10)),
    ],
    ids=["40 days", "5 months before", "the earlier: months", "the earlier: days", "at least a week",
         "a week when the months have begun", "days still count", "over the clock change"],
)  # fmt: skip
def test_the_deadline_is_the_midnight_after_its_last_day(deadline, reserved_on, last_day):
    limit = Terms(deadline=deadline).deadline_at(slot_at(reserved_on, 10), NINE, BERLIN)
    assert limit == midnight_after(last_day)


def test_a_deadline_never_lies_after_the_wedding():
    forty_days = Terms(deadline=DaysAfterBooking(40))
    assert forty_days.deadline_at(slot_at(date(2027, 5, 12), 10), NINE, BERLIN) == NINE
    assert forty_days.deadline_at(slot_at(date(2027, 4, 25), 10), NINE, BERLIN) == midnight_after(date(2027, 5, 8))
    assert Terms(deadline=None).deadline_at(NOW, NINE, BERLIN) is None


@pytest.mark.parametrize("deadline", [DaysAfterBooking(40), EarlierOf(40, 5), MonthsBeforeDate(8)])
def test_no_deadline_ends_before_the_law_lets_the_couple_register(deadline):
    a_year_ahead = slot_at(date(2027, 11, 20), 9)  # registration from 20 May 2027 on (PStG §13)
    limit = Terms(deadline=deadline).deadline_at(NOW, a_year_ahead, BERLIN)
    assert limit >= midnight_after(date(2027, 5, 27))


def test_forty_days_count_from_the_first_day_of_registration_when_one_books_earlier():
    limit = Terms(deadline=DaysAfterBooking(40)).deadline_at(NOW, slot_at(date(2027, 11, 20), 9), BERLIN)
    assert limit == midnight_after(date(2027, 6, 29))


def test_five_months_before_the_31st_is_the_last_of_a_shorter_month():
    wedding = slot_at(date(2027, 7, 31), 9)
    assert Terms(deadline=MonthsBeforeDate(5)).deadline_at(NOW, wedding, BERLIN) == midnight_after(date(2027, 2, 28))


def test_a_booking_late_in_the_evening_counts_from_its_local_day():
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # half past midnight on the 24th in Diepholz
    limit = Terms(deadline=DaysAfterBooking(1)).deadline_at(late, NINE, BERLIN)
    assert limit == midnight_after(date(2026, 11, 25))


def test_who_waited_long_for_the_offices_yes_keeps_a_week(session):
    cast = assemble(session, Terms(deadline=DaysAfterBooking(10), payment="optional"))
    booking = reserved(session, cast, NINE)
    late = NOW + timedelta(days=20)
    lifecycle.approve(session, booking, "office", late, CLERK)
    assert booking.deadline_at == midnight_after(date(2026, 12, 20))
    lifecycle.release(session, booking, late + timedelta(hours=1))
    assert booking.state == "confirmed"


@pytest.mark.parametrize(
    ("cancelled_at", "percent"),
    [
        (slot_at(date(2027, 4, 15), 23, 59), 100),
        (slot_at(date(2027, 4, 16), 0, 0), 50),
        (slot_at(date(2027, 5, 8), 23, 59), 50),
        (slot_at(date(2027, 5, 9), 0, 0), 20),
        (slot_at(date(2027, 5, 14), 23, 59), 20),
        (slot_at(date(2027, 5, 15), 0, 0), 0),
    ],
)
def test_a_cancellation_gives_back_by_whole_local_days(cancelled_at, percent):
    terms = Terms(cancellation=STEPS)
    assert terms.refund_percent(cancelled_at, SATURDAY, BERLIN) == percent
    assert terms.refund_percent(cancelled_at.astimezone(UTC), SATURDAY, BERLIN) == percent


@pytest.mark.parametrize("wedding", [date(2027, 3, 28), date(2027, 3, 29), date(2027, 10, 31), date(2027, 11, 1)])
def test_the_day_before_is_the_day_before_also_when_the_clock_changes(wedding):
    terms = Terms(cancellation=(CancellationStep(1, 100),))
    eve = wedding - timedelta(days=1)
    assert terms.refund_percent(slot_at(eve, 23, 59), wedding, BERLIN) == 100
    assert terms.refund_percent(slot_at(wedding, 0, 0), wedding, BERLIN) == 0


def paid(session, terms):
    cast = assemble(session, terms)
    booking = confirmed(session, cast, NINE)
    pay(session, booking, NOW)
    return booking


@pytest.mark.parametrize(("days_before", "back"), [(30, 17000), (29, 8500), (1, 3400), (0, 0)])
def test_what_goes_back_is_what_was_said(session, days_before, back):
    booking = paid(session, Terms(release=Rolling(12), payment="required", cancellation=STEPS))
    when = NINE - timedelta(days=days_before, minutes=1)
    told = lifecycle.refund_percent(session, booking, when)
    lifecycle.cancel(session, booking, when, CITIZEN)
    account = ledger.account(session, booking.id)
    assert (account.returned, account.owed) == (back, 17000 - back)
    assert back == 17000 * told // 100


def test_an_odd_amount_is_rounded_position_by_position_and_adds_up(session):
    cast = assemble(session, Terms(release=Rolling(12), payment="required", cancellation=(CancellationStep(0, 33),)))
    cast.tariff.items[0].cents, cast.tariff.items[4].cents = 3335, 1
    booking = confirmed(session, cast, NINE)
    pay(session, booking, NOW)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    account = ledger.account(session, booking.id)
    assert (account.owed, account.returned) == (3335 - 1101 + 1, 1101) and account.surplus == account.open == 0


def test_when_the_office_cancels_everything_goes_back(session):
    booking = paid(session, Terms(release=Rolling(12), payment="required", cancellation=()))
    lifecycle.cancel(session, booking, NINE - timedelta(days=1), CLERK, reason="Wasserschaden")
    assert ledger.account(session, booking.id).returned == 17000


def test_a_hold_can_be_given_back_for_nothing(session):
    cast = assemble(session, Terms(release=Rolling(12), cancellation=()))
    booking = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    assert ledger.account(session, booking.id) == ledger.Account(0, 0, 0)


def reminders(session, booking) -> int:
    told = select(BookingEvent.at).where(BookingEvent.booking_id == booking.id, BookingEvent.verb == "remind")
    return len(session.scalars(told).all())


def test_each_reminder_comes_once_on_its_day(session):
    terms = Terms(deadline=DaysAfterBooking(40), payment="optional", reminder_days=(14, 3))
    booking = confirmed(session, assemble(session, terms), NINE)
    limit = midnight_after(date(2027, 1, 2))
    assert booking.deadline_at == limit
    counted = []
    for days in (15, 14, 14, 13, 4, 3, 3, 1, 0):
        lifecycle.remind(session, booking, limit - timedelta(days=days))
        counted.append(reminders(session, booking))
    assert counted == [0, 1, 1, 1, 1, 2, 2, 2, 2]


def test_the_next_deadline_has_reminders_of_its_own(session):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required", reminder_days=(14, 3))
    booking = confirmed(session, assemble(session, terms), NINE)
    lifecycle.remind(session, booking, booking.deadline_at - timedelta(days=2))
    pay(session, booking, booking.deadline_at - timedelta(days=1))
    before = reminders(session, booking)
    lifecycle.remind(session, booking, booking.deadline_at - timedelta(days=10))
    assert reminders(session, booking) == before + 1


def test_nobody_is_reminded_the_day_after_a_deadline_was_set(session):
    terms = Terms(release=Rolling(12), payment="required", pay_days=14, reminder_days=(14, 3))
    booking = confirmed(session, assemble(session, terms), NINE)
    lifecycle.remind(session, booking, NOW + timedelta(days=1))
    assert reminders(session, booking) == 0
    lifecycle.remind(session, booking, booking.deadline_at - timedelta(days=3))
    assert reminders(session, booking) == 1


def test_who_has_registered_is_neither_reminded_nor_released(session):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="optional")
    booking = confirmed(session, assemble(session, terms), NINE)
    lifecycle.register(session, booking, NOW, CLERK)
    lifecycle.remind(session, booking, NOW + timedelta(days=39))
    lifecycle.release(session, booking, NOW + timedelta(days=100))
    assert booking.state == "confirmed" and reminders(session, booking) == 0


def test_who_registers_before_paying_still_has_to_pay(session):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required")
    booking = confirmed(session, assemble(session, terms), NINE)
    limit = booking.deadline_at
    lifecycle.register(session, booking, NOW, CLERK)
    assert booking.deadline_at == limit
    pay(session, booking, NOW)
    assert (booking.state, booking.deadline_at) == ("confirmed", None)


def test_a_new_policy_changes_no_booking(session):
    generous = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required", cancellation=STEPS)
    cast = assemble(session, generous)
    booking = confirmed(session, cast, NINE)
    pay(session, booking, NOW)
    limit = booking.deadline_at
    strict = Terms(release=Rolling(12), deadline=DaysAfterBooking(1), payment="none", cancellation=())
    adopt(session, cast.town, "weddings", strict, valid_from=NOW.date(), at=NOW, by="Frau Sommer")
    session.flush()
    session.expire(booking)
    assert booking.deadline_at == limit
    assert lifecycle.refund_percent(session, booking, NOW) == 100
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    assert ledger.account(session, booking.id).returned == 17000
    other = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    assert other.policy.terms == strict, "new bookings are made under the new one"


def test_a_policy_for_later_doesnt_hold_yet(session):
    cast = assemble(session, Terms(release=Rolling(12), hold_minutes=20))
    tomorrow = NOW + timedelta(days=1)
    adopt(session, cast.town, "weddings", Terms(hold_minutes=5), valid_from=tomorrow.date(), at=NOW, by="Frau Sommer")
    session.flush()
    today = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    assert today.hold_until == NOW + timedelta(minutes=20)
    then = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 10, 30), tomorrow, CITIZEN)
    assert then.hold_until == tomorrow + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("terms", "state"),
    [
        (Terms(release=Rolling(12), approval="none", payment="none"), "confirmed"),
        (Terms(release=Rolling(12), approval="none", payment="optional"), "confirmed"),
        (Terms(release=Rolling(12), approval="none", payment="later"), "confirmed"),
        (Terms(release=Rolling(12), approval="none", payment="required"), "payable"),
        (Terms(release=Rolling(12), approval="office", payment="none"), "requested"),
        (Terms(release=Rolling(12), approval="office_and_owner", payment="none"), "requested"),
    ],
)
def test_who_must_agree_and_pay_decides_where_a_reservation_stands(session, terms, state):
    assert reserved(session, assemble(session, terms), NINE).state == state


def test_a_venue_on_request_is_always_asked_about(session):
    cast = assemble(session, Terms(release=Rolling(12), approval="none", payment="none"))
    cast.room.visibility = "request"
    assert reserved(session, cast, NINE).state == "requested"


def test_office_and_owner_must_both_say_yes_in_any_order(session):
    cast = assemble(session, Terms(release=Rolling(12), approval="office_and_owner", payment="none"))
    for parties, start in ((("office", "owner"), 11), (("owner", "office"), 13)):
        booking = reservation.hold(session, cast.town, cast.mill.id, slot_at(SATURDAY, start), NOW, CITIZEN)
        lifecycle.submit(session, booking, NOW, CITIZEN)
        lifecycle.prove(session, booking, [], NOW, CITIZEN)
        lifecycle.approve(session, booking, parties[0], NOW, SYSTEM)
        assert booking.state == "requested"
        lifecycle.approve(session, booking, parties[1], NOW, SYSTEM)
        assert booking.state == "confirmed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"approval": "perhaps"},
        {"payment": "cash"},
        {"hold_minutes": 0},
        {"hold_minutes": 121},
        {"pay_days": 0},
        {"lead_days": -1},
        {"holds_per_address": 0},
        {"retention_months": 0},
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        Terms(**wrong)


@pytest.mark.parametrize("wrong", [(-1, 50), (1, 101), (1, -1)])
def test_a_cancellation_step_is_a_percentage(wrong):
    with pytest.raises(ValueError):
        CancellationStep(*wrong)
