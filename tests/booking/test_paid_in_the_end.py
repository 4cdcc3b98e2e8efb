"""Money that comes back, that comes too late, or for which the price has changed meanwhile."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.weddings import reservation
from buchbar.notices.models import Errand
from buchbar.payments import disputes, ledger, paying
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at

NINE, LATER = slot_at(SATURDAY, 9), slot_at(SATURDAY, 9, 45)


@pytest.mark.parametrize("who", [CITIZEN, CLERK])
def test_who_has_to_pay_again_and_then_the_town_wins_has_paid(session, cast, who):
    booking = confirmed(session, cast, NINE)
    payment = pay(session, booking, NOW)
    payment.intent_id = "pi_1"
    disputes.taken(session, [payment], "dp_1", payment.cents, NOW)
    reservation.move(session, booking, cast.room.id, LATER, NOW, who)
    if booking.state == "requested":
        lifecycle.approve(session, booking, "office", NOW, CLERK)
    assert booking.state == "payable"
    late = booking.deadline_at + timedelta(minutes=1)
    disputes.came_back(session, [payment], "dp_1", payment.cents, NOW)
    assert (booking.state, ledger.account(session, booking.id).open) == ("confirmed", 0)
    assert booking.deadline_at is None or booking.deadline_at > late
    lifecycle.release(session, booking, late)
    assert booking.state == "confirmed"


def test_part_of_what_was_lost_makes_a_firm_date_no_less_firm(session, cast):
    booking = confirmed(session, cast, NINE)
    payment = pay(session, booking, NOW)
    for name in ("dp_1", "dp_2"):
        disputes.taken(session, [payment], name, payment.cents // 2, NOW)
    pay(session, booking, NOW, 100)
    disputes.came_back(session, [payment], "dp_1", payment.cents // 2, NOW)
    assert booking.state == "confirmed" and ledger.account(session, booking.id).open == payment.cents // 2 - 100


@pytest.mark.parametrize(("cents", "state", "returned"), [(1, "released", 1), (17000, "confirmed", 0)])
def test_only_who_pays_all_that_was_forgiven_has_a_released_date_again(session, cast, cents, state, returned):
    booking = confirmed(session, cast, NINE)
    late = booking.deadline_at
    lifecycle.release(session, booking, late)
    pay(session, booking, late, cents)
    assert (booking.state, ledger.account(session, booking.id).returned) == (state, returned)


@pytest.mark.parametrize(("day", "closed"), [(date(2027, 5, 18), 1), (SATURDAY + timedelta(days=7), 0)])
def test_a_page_on_which_the_former_price_is_paid_is_closed(session, cast, day, closed):
    booking = confirmed(session, cast, NINE)
    payment = paying.begin(session, cast.town.id, booking.id, NOW)
    payment.checkout_id, payment.checkout_url = "cs_1", "https://stripe.example.org/1"
    reservation.move(session, booking, cast.room.id, slot_at(day, 9), NOW, CLERK)
    assert (ledger.account(session, booking.id).open != payment.cents) is bool(closed)
    assert session.scalar(select(func.count()).where(Errand.kind == "close_checkout")) == closed
