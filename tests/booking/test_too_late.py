"""What must not go on for ever, and what must not happen once the day has come."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import lifecycle, retention
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Claim
from buchbar.booking.steps import NotAllowed
from buchbar.booking.terms import CancellationStep, Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.models import Wedding
from buchbar.calendar.release import Rolling
from buchbar.payments import ledger
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, confirmed, reserved, slot_at

NINE, LATER = slot_at(SATURDAY, 9), slot_at(SATURDAY, 9, 45)
FREE = Terms(release=Rolling(12), approval="none", payment="required", pay_days=3)


def test_a_wedding_that_has_begun_is_not_moved_approved_or_cancelled(session, cast):
    booking = confirmed(session, cast, NINE)
    pay(session, booking, NOW)
    for verb in (
        lambda: reservation.move(session, booking, cast.room.id, LATER, NINE, CITIZEN),
        lambda: lifecycle.cancel(session, booking, NINE, CITIZEN),
    ):
        with pytest.raises(NotAllowed, match="hat schon begonnen"):
            verb()
    waiting = reserved(session, cast, LATER)
    with pytest.raises(NotAllowed, match="hat schon begonnen"):
        lifecycle.approve(session, waiting, "office", LATER, CLERK)


def test_a_request_that_nobody_decides_ends_with_its_day_and_owes_nothing(session, cast):
    booking = reserved(session, cast, NINE)
    lifecycle.release(session, booking, NINE - timedelta(seconds=1))
    assert booking.state == "requested"
    lifecycle.release(session, booking, NINE)
    assert (booking.state, ledger.account(session, booking.id).owed) == ("released", 0)


def test_moving_on_and_on_gives_no_more_time_to_pay(session):
    cast = assemble(session, FREE)
    booking = reserved(session, cast, NINE)
    limit = booking.deadline_at
    for day, start in enumerate((LATER, NINE, LATER)):
        reservation.move(session, booking, cast.room.id, start, NOW + timedelta(days=day), CITIZEN)
        assert (booking.state, booking.deadline_at) == ("payable", limit)


def test_who_moves_to_something_dearer_has_time_to_pay_it(session):
    cast = assemble(session, FREE)
    booking = reserved(session, cast, slot_at(SATURDAY - timedelta(days=1), 9))
    limit = booking.deadline_at
    reservation.move(session, booking, cast.room.id, NINE, NOW + timedelta(days=2), CITIZEN)
    assert booking.deadline_at > limit


def test_withdrawing_before_anybody_has_said_yes_costs_nothing(session):
    strict = Terms(release=Rolling(12), payment="required", cancellation=(CancellationStep(0, 0),))
    cast = assemble(session, strict)
    booking = reserved(session, cast, NINE)
    lifecycle.cancel(session, booking, NOW, CITIZEN)
    assert ledger.account(session, booking.id).owed == 0
    agreed = confirmed(session, cast, LATER)
    reservation.move(session, agreed, cast.room.id, NINE, NOW, CITIZEN)
    assert agreed.state == "requested"
    lifecycle.cancel(session, agreed, NOW, CITIZEN)
    assert ledger.account(session, agreed.id).owed == 17000, "moving back to a request is no way around the fee"


def test_a_later_edit_of_the_venue_leaves_no_request_without_somebody_to_decide_it(session):
    cast = assemble(session, Terms(release=Rolling(12), approval="none", payment="optional"))
    cast.room.visibility = "request"
    session.flush()
    booking = reserved(session, cast, NINE)
    assert booking.state == "requested"
    cast.room.visibility = "bookable"
    session.flush()
    lifecycle.approve(session, booking, "office", NOW, CLERK)
    assert booking.state == "confirmed"


def test_entering_twice_is_entering_once(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CLERK)
    reservation.enter(session, booking, ANNA_AND_BEN, NOW, CLERK)
    state = booking.state
    lifecycle.enter(session, booking, [], NOW, CLERK)
    reservation.enter(session, booking, replace(ANNA_AND_BEN, guests=3), NOW, CLERK)
    assert session.get_one(Wedding, booking.id).guests == ANNA_AND_BEN.guests
    assert booking.state == state and ledger.account(session, booking.id).owed == 17000


def test_of_a_couple_that_is_turned_away_nothing_is_kept(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    reservation.turn_away(session, booking, NOW)
    assert booking.email == "" and session.get(Wedding, booking.id) is None
    assert session.scalar(select(func.count()).select_from(Claim)) == 0


def test_what_was_never_proven_is_forgotten_after_a_day(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, NINE, NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    ended = booking.hold_until
    lifecycle.expire(session, booking, ended)
    assert not retention.is_due(booking, ended + timedelta(hours=23))
    assert retention.is_due(booking, ended + timedelta(hours=24))
