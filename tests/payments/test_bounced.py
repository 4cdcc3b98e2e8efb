"""Money that was given back and came back to us: what was exported and printed stays, and it goes once more, once."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import failures, history, journal, lifecycle
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span
from buchbar.notices.outbox import NotYet
from buchbar.payments import books, checks, ledger, payouts, refunds
from buchbar.payments.models import Payment, Refund
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.payments.test_payouts import OTHER, cancelled, handed_over
from tests.payments.test_refunds import paid, rows

FEES = 17000
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
LATER = NOW + timedelta(days=20)


def exported(session, town, first):
    """What the accounting system got of a month's refunds."""
    start = NOW - timedelta(days=22) if first == NOVEMBER else NOW + timedelta(days=9)
    months = journal.movements(session, town, Span(start, start + timedelta(days=30)))
    return [(each.way, each.cents) for each in months if each.kind == "refund"]


def test_a_month_that_was_printed_stays_and_what_came_back_is_in_the_next(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    payment = pay(session, booking, NOW)
    lifecycle.cancel(session, booking, NOW, CLERK)
    refund = session.scalars(select(Refund)).one()
    refunds.taken_over(session, refund.id, "re_1", NOW)
    printed = books.statement(session, cast.town, NOVEMBER)
    assert exported(session, cast.town, NOVEMBER) == [("stripe", -FEES)]
    for _told in range(2):
        refunds.bounced(session, [payment], "re_1", FEES, LATER)
    december = books.statement(session, cast.town, DECEMBER)
    assert (december.moved.returned, december.surplus, december.adds_up) == ({"stripe": -FEES}, FEES, True)
    anew = refunds.instead_of(session, refund)
    assert refunds.by_hand(session, anew.id, LATER) == FEES
    assert exported(session, cast.town, NOVEMBER) == [("stripe", -FEES)]
    assert sorted(exported(session, cast.town, DECEMBER)) == [("hand", -FEES), ("stripe", FEES)]
    assert books.statement(session, cast.town, NOVEMBER) == printed
    december = books.statement(session, cast.town, DECEMBER)
    assert (december.closing, december.adds_up) == (0, True)
    assert checks.findings(session, cast.town, NOW) == [] and ledger.account(session, booking.id).returned == FEES


@pytest.mark.parametrize("how", ["came back", "withdrawn"])
def test_so_it_is_with_what_went_in_a_file(session, how):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    printed = books.statement(session, town, NOVEMBER)
    if how == "came back":
        anew = payouts.came_back(session, refund.id.hex, LATER)
        payouts.send_to(session, anew, OTHER)
    else:
        payouts.withdraw(session, order, LATER, order.execute_on, "Herr Winter")
        (anew,) = payouts.waiting(session, town.id)
    payouts.hand_over(session, town.id, [anew.id], date(2026, 12, 15), LATER, "Herr Winter")
    assert books.statement(session, town, NOVEMBER) == printed
    assert sorted(exported(session, town, DECEMBER)) == [("debit", -FEES), ("debit", FEES)]
    assert books.statement(session, town, DECEMBER).adds_up and checks.findings(session, town, NOW) == []
    moves = history.money(session, session.get_one(Booking, refund.booking_id))
    back = "Erstattung zurückgekommen" if how == "came back" else "Erstattung nicht ausgeführt, Datei zurückgezogen"
    assert [(move.what, move.cents) for move in moves][2:] == [("Erstattung", -FEES), (back, FEES)]


def test_what_was_sent_in_the_dashboard_and_bounced_waits_for_a_clerk(house, stripe):
    booking = paid(house, stripe)
    stripe.refund_by_hand(house.rows(Payment)[0], FEES)
    house.work()
    stripe.bounce(stripe.books()["refunds"][0]["id"])
    house.work()
    assert rows(house) == [("done", FEES), ("done", -FEES), ("failed", FEES)]
    assert house.account(booking) == (FEES, FEES, FEES)
    with house.database.read() as session:
        (failure,) = failures.failures(session, house.town.town)
    assert (failure.verbs, failure.refund.state) == (("repay",), "failed")
    with house.database.write() as session:
        failures.settle(session, house.town.town, failure.errand.id, "repay", house.clock.now, CLERK, False)
        assert failures.failures(session, house.town.town) == []
    assert rows(house) == [("done", FEES), ("done", -FEES), ("done", FEES)]


def test_what_was_noticed_as_one_bounces_for_itself(house, stripe):
    booking = paid(house, stripe)
    stripe.behave(lost=True)
    stripe.refund_by_hand(house.rows(Payment)[0], 6000)
    stripe.behave()
    stripe.refund_by_hand(house.rows(Payment)[0], 4000)
    house.work()
    assert rows(house) == [("done", 10000)]
    first, second = (each["id"] for each in stripe.books()["refunds"])
    stripe.bounce(first)
    house.work()
    assert sorted(rows(house)) == [("done", -10000), ("done", 4000), ("done", 10000), ("failed", 6000)]
    assert house.account(booking) == (FEES, FEES, 10000)
    stripe.bounce(second)
    house.work()
    assert [cents for state, cents in sorted(rows(house)) if state == "failed"] == [4000, 6000]
    assert house.account(booking) == (FEES, FEES, 10000)
    with house.database.read() as session:
        assert [each.verbs for each in failures.failures(session, house.town.town)] == [("repay",)] * 2
        assert checks.findings(session, house.town.town, house.clock.now) == []


def test_that_it_bounced_may_be_told_before_it_was_sent(house, stripe):
    paid(house, stripe)
    stripe.behave(lost=True)
    stripe.refund_by_hand(house.rows(Payment)[0], FEES)
    stripe.behave()
    stripe.bounce(stripe.books()["refunds"][0]["id"])
    house.work()
    assert rows(house) == []
    house.clock.now += timedelta(minutes=10)
    house.catch_up()
    house.work()
    house.clock.now += timedelta(minutes=10)
    house.work()
    assert rows(house) == [("done", FEES), ("done", -FEES), ("failed", FEES)]


def test_nothing_is_taken_for_it_of_which_less_went(house, stripe):
    paid(house, stripe)
    stripe.refund_by_hand(house.rows(Payment)[0], 5000)
    house.work()
    with house.database.write() as session, pytest.raises(NotYet):
        refunds.bounced(session, session.query(Payment).all(), "re_of_another", 7000, house.clock.now)
    assert rows(house) == [("done", 5000)]
