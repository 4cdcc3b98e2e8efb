"""Refunds to bank accounts: they wait for a file, go where the money came from, and may come back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from buchbar.base.errors import NotFound, Refused
from buchbar.booking import lifecycle
from buchbar.booking.models import Booking
from buchbar.payments import collections, ledger, mandates, payouts, refunds, workers
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment, Refund
from buchbar.payments.payouts import Account
from buchbar.payments.rules import MoneyRules
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.payments.test_mandates import ANNA, GIVEN, TODAY

OTHER = Account("Ben Yıldız", "NL91ABNA0417164300")
NEXT = date(2026, 11, 24)


def cancelled(session, provider="debit", mandate=True):
    """Anna's wedding, paid from a bank account and cancelled: the town, and the refund that waits."""
    cast = assemble(session)
    session.add(MoneyRules(municipality_id=cast.town.id, payee="Stadt Diepholz", iban="DE89370400440532013000"))
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    payment = pay(session, booking, NOW)
    payment.provider = provider
    if mandate:
        given = mandates.propose(session, cast.town.id, ANNA, GIVEN, NOW)
        mandates.sign(session, given, TODAY, NOW)
        payment.mandate_id = given.id
    lifecycle.cancel(session, booking, NOW, CLERK)
    return cast.town, session.scalars(select(Refund)).one()


def handed_over(session, town, refund):
    return payouts.hand_over(session, town.id, [refund.id], NEXT, NOW, "Herr Winter")


def texts(content, name):
    return [each.text for each in ElementTree.fromstring(content).iter() if each.tag.endswith("}" + name)]


def test_it_waits_for_the_next_file_and_not_for_a_provider(database):
    with database.write() as session:
        town, refund = cancelled(session)
    workers.send_refund(database, refund.id, NOW)
    with database.read() as session:
        assert [each.id for each in payouts.waiting(session, town.id)] == [refund.id]


@pytest.mark.parametrize("on", [date(2026, 11, 20), date(2026, 11, 28), date(2026, 12, 25)])
def test_no_file_is_for_a_day_on_which_no_bank_can_execute_it(session, on):
    town, refund = cancelled(session)
    with pytest.raises(Refused, match="führt keine Bank"):
        payouts.hand_over(session, town.id, [refund.id], on, NOW, "Herr Winter")
    assert refund.state == "wanted"


def test_it_goes_back_to_the_account_that_it_came_from(session):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    assert refund.state == "done"
    content = payouts.content(session, order)
    assert content == payouts.content(session, order)
    assert texts(content, "IBAN") == ["DE89370400440532013000", GIVEN.number]
    assert texts(content, "Nm")[-1] == "Anna Mueller"
    assert texts(content, "InstdAmt") == [f"{refund.cents / 100:.2f}"]
    assert payouts.waiting(session, town.id) == []


def test_without_an_account_it_waits_until_somebody_types_one_in(session):
    town, refund = cancelled(session, "transfer", mandate=False)
    assert payouts.accounts(session, [refund])[refund.id] == Account("", "")
    with pytest.raises(Refused, match="Konto bekannt"):
        handed_over(session, town, refund)
    payouts.send_to(session, payouts.named(session, town.id, refund.id), OTHER)
    assert payouts.accounts(session, [refund])[refund.id] == OTHER
    assert texts(payouts.content(session, handed_over(session, town, refund)), "IBAN")[-1] == OTHER.number


def test_what_comes_back_is_owed_all_the_same_and_goes_to_another_account(session):
    town, refund = cancelled(session)
    handed_over(session, town, refund)
    returned = ledger.account(session, refund.booking_id).returned
    anew = payouts.came_back(session, refund.id.hex, NOW)
    assert payouts.came_back(session, refund.id.hex, NOW) is None
    assert (refund.state, refund.done_at, anew.state) == ("done", NOW, "failed")
    assert ledger.account(session, refund.booking_id).returned == returned
    assert payouts.waiting(session, town.id) == [anew]
    assert payouts.accounts(session, [anew])[anew.id] == Account("Anna Müller", "")
    payouts.send_to(session, anew, OTHER)
    second = handed_over(session, town, anew)
    assert anew.state == "done"
    assert payouts.came_back(session, uuid4().hex, NOW) is None
    assert payouts.came_back(session, refund.id.hex, NOW) is None, "the bank tells of the first return once more"
    assert texts(payouts.content(session, second), "EndToEndId") == [anew.id.hex] != [refund.id.hex]
    assert ledger.account(session, refund.booking_id).returned == returned


def test_a_file_that_the_bank_does_not_execute_is_taken_back(session):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    payouts.withdraw(session, order, NOW, NEXT, "Herr Winter")
    payouts.withdraw(session, order, NOW, NEXT, "Herr Winter")
    (anew,) = payouts.waiting(session, town.id)
    assert (anew.state, payouts.accounts(session, [anew])[anew.id].number) == ("wanted", GIVEN.number)
    with pytest.raises(Refused, match="zurückgezogen"):
        payouts.content(session, order)
    second = handed_over(session, town, anew)
    with pytest.raises(Refused, match="vorbei"):
        payouts.withdraw(session, second, NOW, NEXT + timedelta(days=1), "Herr Winter")


def test_what_came_back_before_its_file_is_withdrawn_does_not_go_to_that_account_again(session):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    anew = payouts.came_back(session, refund.id.hex, NOW)
    payouts.withdraw(session, order, NOW, NEXT, "Herr Winter")
    assert payouts.waiting(session, town.id) == [anew]
    assert (anew.state, payouts.accounts(session, [anew])[anew.id].number) == ("failed", "")


def test_what_did_not_come_back_after_all_stands_in_its_file_and_may_come_back_later(session):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    before = payouts.content(session, order)
    payouts.came_back(session, refund.id.hex, NOW)
    later = NOW + timedelta(days=10)
    assert payouts.arrived(session, refund.id.hex, later)
    assert not payouts.arrived(session, refund.id.hex, later)
    assert payouts.waiting(session, town.id) == [] and payouts.content(session, order) == before
    anew = payouts.came_back(session, refund.id.hex, later)
    assert payouts.waiting(session, town.id) == [anew]


def test_what_goes_later_of_the_same_payment_does_not_go_to_the_account_that_sent_it_back(session):
    town, refund = cancelled(session)
    refund.cents = 5000
    handed_over(session, town, refund)
    payouts.came_back(session, refund.id.hex, NOW)
    ledger.give_back_surplus(session, refund.booking_id, NOW, "cancelled")
    accounts = payouts.accounts(session, payouts.waiting(session, town.id))
    assert len(accounts) == 2 and [each.number for each in accounts.values()] == ["", ""]


def test_what_a_clerk_gave_back_by_hand_goes_into_no_file(session):
    town, refund = cancelled(session)
    refunds.by_hand(session, refund.id, NOW)
    with pytest.raises(Refused, match="mindestens eine"):
        handed_over(session, town, refund)
    with pytest.raises(NotFound):
        payouts.named(session, town.id, refund.id)


def test_card_payments_are_none_of_these(session):
    town, refund = cancelled(session)
    session.get_one(Payment, refund.payment_id).provider = "stripe"
    session.flush()
    assert payouts.waiting(session, town.id) == []


def test_the_account_is_forgotten_with_the_booking_and_the_file_says_so(session):
    town, refund = cancelled(session)
    order = handed_over(session, town, refund)
    payouts.forget(session, [refund.booking_id])
    session.expire(refund)
    assert (refund.to_name, refund.sealed_iban) == ("", "")
    with pytest.raises(Refused, match="gelöscht"):
        payouts.content(session, order)


def one_after_the_other(database, first, second):
    """``first`` does its work up to its call, then ``second`` begins, and neither waits for ever."""
    reached, begun = threading.Event(), threading.Event()

    def meet():
        reached.set()
        begun.wait(5)

    def later():
        reached.wait(5)
        with database.write() as session:
            second(session, begun.set)

    def earlier():
        with database.write() as session:
            first(session, meet)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(earlier), pool.submit(later)]:
            done.result()


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's file lets one write at a time
@pytest.mark.parametrize("told", ["came back", "arrived"])
def test_a_file_is_taken_back_while_the_bank_tells_of_what_is_in_it(database, told):
    with database.write() as session:
        town, refund = cancelled(session)
        order = handed_over(session, town, refund)
        if told == "arrived":
            payouts.came_back(session, refund.id.hex, NOW)
        order_id, booking_id, name = order.id, refund.booking_id, refund.id.hex

    def tell(session, meet):
        lifecycle.lock(session, session.get_one(Booking, booking_id))
        meet()
        (payouts.came_back if told == "came back" else payouts.arrived)(session, name, NOW)

    def withdraw(session, begun):
        order = session.get_one(SepaOrder, order_id)
        collections.lock(session, order)
        threading.Timer(0.3, begun).start()
        payouts.withdraw(session, order, NOW, NEXT, "Herr Winter")

    one_after_the_other(database, tell, withdraw)
    with database.read() as session:
        wanted = {"came back": "failed", "arrived": "wanted"}[told]
        assert [each.state for each in payouts.waiting(session, town.id)] == [wanted]
        assert ledger.account(session, booking_id).returned == 17000


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's file lets one write at a time
@pytest.mark.parametrize("act", ["named", "hand_over"])
def test_what_is_forgotten_at_the_same_time_goes_into_no_file(database, act):
    with database.write() as session:
        town, refund = cancelled(session)
        town_id, refund_id, payment_id = town.id, refund.id, refund.payment_id

    def take(session, meet):
        payment = session.get_one(Payment, payment_id)
        ledger.reverse(session, payment, "returned", "entry:1", payment.cents, NOW)
        meet()

    def use(session, begun):
        threading.Timer(0.3, begun).start()
        if act == "named":
            payouts.named(session, town_id, refund_id)
        else:
            payouts.hand_over(session, town_id, [refund_id], NEXT, NOW, "Herr Winter")

    with pytest.raises({"named": NotFound, "hand_over": Refused}[act]):
        one_after_the_other(database, take, use)
