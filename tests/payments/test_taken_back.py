"""What was to go back, and the payer's bank has taken: it goes once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import bank_import, bank_undoing, collecting, failures, lifecycle
from buchbar.booking.models import Booking
from buchbar.notices.models import Errand
from buchbar.payments import collections, disputes, ledger, payouts, refunds
from buchbar.payments.models import Payment, Refund
from buchbar.payments.rules import MoneyRules
from buchbar.payments.statements import BankEntry
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.payments.statement_files import entry, statement
from tests.payments.test_payouts import NEXT, cancelled, handed_over


def account_of(session, refund):
    return ledger.account(session, refund.booking_id)


def test_a_debit_that_comes_back_goes_into_no_file_and_is_not_collected_again(session):
    town, refund = cancelled(session)
    refund.payment.intent_id = refund.payment.id.hex
    session.flush()
    booking = session.get_one(Booking, refund.booking_id)
    collections.returned(session, refund.payment.id.hex, "entry:1", NOW, reason="MD06")
    assert payouts.waiting(session, town.id) == []
    assert ledger.account(session, booking.id).open == 0
    assert collecting.turns(session, town, date(2027, 3, 1)) == []
    assert session.scalars(select(Errand).where(Errand.kind == "refund")).all() == []


def test_nor_is_what_came_back_from_the_payer_before(session):
    town, refund = cancelled(session)
    refund.payment.intent_id = refund.payment.id.hex
    handed_over(session, town, refund)
    payouts.came_back(session, refund.id.hex, NOW)
    collections.returned(session, refund.payment.id.hex, "entry:1", NOW)
    assert payouts.waiting(session, town.id) == [] and account_of(session, refund).open == 0


def test_what_is_in_a_file_has_gone(session):
    town, refund = cancelled(session)
    refund.payment.intent_id = refund.payment.id.hex
    handed_over(session, town, refund)
    collections.returned(session, refund.payment.id.hex, "entry:1", NOW)
    assert refund.state == "done" and account_of(session, refund).open == refund.cents


def test_a_transfer_that_is_recalled_does_not_go_back_as_well(session, cast):
    session.add(MoneyRules(municipality_id=cast.town.id, payee="Stadt Diepholz", iban="DE89370400440532013000"))
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    said = ledger.charges(session, booking.id)[0].readable
    cents = ledger.account(session, booking.id).open
    paid = entry(cents, said, ref="A1", name="Anna", iban="DE02120300000000202051")
    bank_import.bring_in(session, cast.town, "auszug.xml", statement(paid), NOW, "Frau Kasse")
    lifecycle.cancel(session, booking, NOW, CLERK)
    assert len(payouts.waiting(session, cast.town.id)) == 1
    payment, row = session.scalars(select(Payment)).one(), session.scalars(select(BankEntry)).one()
    bank_import._give_back(session, row, payment.id, NOW)
    assert payouts.waiting(session, cast.town.id) == [] and ledger.account(session, booking.id).open == 0


@pytest.mark.parametrize("taken", [17000, 5000])
def test_of_a_disputed_payment_goes_back_what_is_left(session, cast, taken):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    payment = pay(session, booking, NOW)
    payment.intent_id = "pi_1"
    lifecycle.cancel(session, booking, NOW, CLERK)
    disputes.taken(session, [payment], "dp_1", taken, NOW)
    assert [refund.cents for refund in session.scalars(select(Refund))] == [17000 - taken] * (taken < 17000)
    assert failures.failures(session, cast.town) == [] and ledger.account(session, booking.id).open == 0
    disputes.came_back(session, [payment], "dp_1", taken, NOW)
    assert sum(refund.cents for refund in session.scalars(select(Refund))) == 17000


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's file lets one write at a time
@pytest.mark.parametrize("way", ["file", "provider"])
def test_what_is_just_going_while_the_bank_takes_the_payment_stays_in_the_books(database, way):
    with database.write() as session:
        town, refund = cancelled(session, "debit" if way == "file" else "stripe")
        payment_id, refund_id, town_id = refund.payment_id, refund.id, town.id
    going, taken = threading.Event(), threading.Event()

    def send():
        with database.write() as session:
            if way == "file":
                payouts.hand_over(session, town_id, [refund_id], NEXT, NOW, "Herr Winter")
            else:
                refunds.taken_over(session, refund_id, "re_1", NOW)
            going.set()
            taken.wait(0.5)  # the other waits for us by then

    def take():
        going.wait()
        with database.write() as session:
            payment = session.get_one(Payment, payment_id)
            ledger.reverse(session, payment, "returned", "entry:1", payment.cents, NOW)
        taken.set()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(send), pool.submit(take)]:
            done.result()
    with database.read() as session:
        assert [refund.state for refund in session.scalars(select(Refund))] == ["done"]


def paid_twice(session, cast, first):
    """A booking that was paid once more, by transfer: what was too much waits for the cashier's next file."""
    booking = session.get_one(Booking, first.booking_id)
    again = pay(session, booking, NOW + timedelta(hours=1), first.cents)
    again.provider = "transfer"
    session.flush()
    assert [refund.cents for refund in payouts.waiting(session, cast.town.id)] == [first.cents]
    return booking


def test_paid_twice_and_one_is_taken_back_the_other_pays(session, cast):
    first = pay(session, confirmed(session, cast, slot_at(SATURDAY, 9)), NOW)
    first.provider, first.intent_id = "debit", first.id.hex
    booking = paid_twice(session, cast, first)
    collections.returned(session, first.intent_id, "entry:1", NOW + timedelta(days=3), reason="MD06")
    assert payouts.waiting(session, cast.town.id) == [] and ledger.account(session, booking.id).open == 0


@pytest.mark.parametrize("surplus", [0, 3000])
def test_so_it_is_where_a_clerk_takes_one_back_and_what_is_left_over_goes(session, cast, surplus):
    session.add(MoneyRules(municipality_id=cast.town.id, payee="Stadt Diepholz", iban="DE89370400440532013000"))
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    said, cents = ledger.charges(session, booking.id)[0].readable, ledger.account(session, booking.id).open
    came = entry(cents, said, ref="A1", name="Anna", iban="DE02120300000000202051")
    bank_import.bring_in(session, cast.town, "auszug.xml", statement(came), NOW, "Frau Kasse")
    again = pay(session, booking, NOW + timedelta(hours=1), cents + surplus)
    again.provider = "transfer"
    row = session.scalars(select(BankEntry)).one()
    bank_undoing.undo(session, cast.town, row.id, "falsch zugeordnet", NOW + timedelta(hours=2), CLERK)
    assert (booking.state, ledger.account(session, booking.id).open) == ("confirmed", 0)
    assert [refund.cents for refund in payouts.waiting(session, cast.town.id)] == [surplus] * (surplus > 0)


def test_paid_three_times_and_one_is_taken_back_one_goes(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    first = pay(session, booking, NOW)
    first.provider, first.intent_id = "debit", first.id.hex
    paid_twice(session, cast, first)
    pay(session, booking, NOW + timedelta(hours=2), first.cents).provider = "transfer"
    session.flush()
    assert len(payouts.waiting(session, cast.town.id)) == 2
    collections.returned(session, first.intent_id, "entry:1", NOW + timedelta(days=3))
    assert len(payouts.waiting(session, cast.town.id)) == 1
    assert ledger.account(session, booking.id).open == 0
