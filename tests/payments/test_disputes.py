"""The payer's bank claims a payment back: once, in any order of the messages, and it may be won."""

from datetime import timedelta

import pytest

from buchbar.booking import lifecycle
from buchbar.notices.models import Errand
from buchbar.payments.models import Payment, Refund, Reversal
from tests.cast import CLERK

FEES = 17000
TAKEN = "Die Bank hat eine Zahlung zurückgefordert. Bitte bei Stripe nachsehen."
LOST = "Eine Rückforderung der Bank ist endgültig: Das Geld ist weg, die Gebühr wieder offen."


@pytest.fixture
def paid(house, stripe):
    booking = house.book()
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    return booking


def payment_of(house, booking):
    return next(each for each in house.rows(Payment) if each.booking_id == booking)


def reversals(house):
    return [(each.kind, each.cents) for each in house.rows(Reversal)]


def failed(house):
    return [errand.fault for errand in house.rows(Errand) if errand.state == "failed"]


def test_a_disputed_payment_is_gone_at_once_and_open_again(house, stripe, paid):
    stripe.dispute(payment_of(house, paid))
    house.work()
    assert reversals(house) == [("disputed", FEES)] and house.open(paid) == FEES
    assert house.state(paid) == "confirmed", "whether the date stands is the clerk's to decide"
    assert house.verbs(paid).count("lose") == 1 and house.letters(paid).count("lost") == 1
    assert failed(house) == [TAKEN, TAKEN], "both messages, created and withdrawn"


def test_the_messages_about_one_dispute_book_it_once(house, stripe, paid):
    stripe.behave(doubled=True, swapped=True)
    name = stripe.dispute(payment_of(house, paid))
    house.work()
    stripe.decide(name, won=True)
    house.work()
    assert reversals(house) == [("disputed", FEES), ("disputed", -FEES)]
    assert (house.verbs(paid).count("lose"), house.verbs(paid).count("regain")) == (1, 1)
    assert house.open(paid) == 0 and house.rows(Refund) == []


def test_a_dispute_that_is_lost_stays_gone_and_a_clerk_hears_of_it(house, stripe, paid):
    name = stripe.dispute(payment_of(house, paid))
    stripe.decide(name, won=False)
    house.work()
    assert reversals(house) == [("disputed", FEES)] and house.open(paid) == FEES
    assert LOST in failed(house)


def test_won_before_it_was_told_as_begun(house, stripe, paid):
    stripe.behave(lost=True)
    name = stripe.dispute(payment_of(house, paid))
    stripe.behave()
    stripe.decide(name, won=True)
    house.work()
    assert sum(cents for _kind, cents in reversals(house)) == 0 and house.open(paid) == 0
    assert house.account(paid) == (FEES, FEES, 0), "nothing was given back that had never come twice"


def test_an_inquiry_takes_no_money_until_it_becomes_a_dispute(house, stripe, paid):
    name = stripe.dispute(payment_of(house, paid), inquiry=True)
    house.work()
    assert reversals(house) == [] and "Bitte bei Stripe antworten" in failed(house)[0]
    stripe.decide(name, won=False)
    house.work()
    assert reversals(house) == [("disputed", FEES)]


def test_an_inquiry_that_is_closed_changes_nothing(house, stripe, paid):
    name = stripe.dispute(payment_of(house, paid), inquiry=True)
    stripe.decide(name, won=True)
    house.work()
    assert reversals(house) == [] and house.open(paid) == 0


def test_a_dispute_before_the_payment_was_told_waits_for_it(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    stripe.behave(slow=True)
    stripe.choose(page, "zahlen")
    house.work()
    stripe.behave(lost=True)
    stripe.bank(payment_of(house, booking).checkout_id, succeeded=True)
    stripe.behave()
    stripe.dispute(payment_of(house, booking))
    house.work()
    assert reversals(house) == []
    house.clock.now += timedelta(minutes=10)
    house.poll()
    house.work()
    assert reversals(house) == [("disputed", FEES)] and house.open(booking) == FEES


def test_who_paid_again_gets_it_back_when_the_dispute_is_won(house, stripe, paid):
    name = stripe.dispute(payment_of(house, paid))
    house.work()
    stripe.choose(house.pay_button(paid), "zahlen")
    house.work()
    assert house.open(paid) == 0
    stripe.decide(name, won=True)
    house.work()
    assert house.account(paid) == (FEES, 2 * FEES, FEES)
    house.work()
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]


def test_a_part_that_is_disputed_is_a_part_that_is_open(house, stripe, paid):
    stripe.dispute(payment_of(house, paid), amount=5000)
    house.work()
    assert house.open(paid) == 5000


def test_a_cancelled_booking_gives_back_no_money_that_the_bank_has_taken(house, stripe, paid):
    name = stripe.dispute(payment_of(house, paid))
    house.work()
    house.change(paid, lifecycle.cancel, CLERK)
    house.work()
    assert house.rows(Refund) == [] and house.open(paid) == 0
    stripe.decide(name, won=True)
    house.work()
    house.work()
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]


def test_a_dispute_waits_for_a_payment_of_which_no_word_has_come(house, stripe):
    booking = house.book()
    stripe.behave(lost=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    stripe.behave()
    (charge,) = stripe.books()["charges"]
    stripe.http.post(f"{stripe.url}/_standin/dispute/{charge['payment_intent']}", json={}).raise_for_status()
    house.work()
    assert reversals(house) == [] and failed(house) == [], "the dispute itself bears no mark of ours"
    house.clock.now += timedelta(minutes=10)
    house.poll()
    house.work()
    assert reversals(house) == [("disputed", FEES)] and house.open(booking) == FEES


def test_what_was_to_go_back_and_the_bank_has_taken_goes_once(house, stripe, paid):
    house.change(paid, lifecycle.cancel, CLERK)
    name = stripe.dispute(payment_of(house, paid))
    house.work()
    assert house.rows(Refund) == [] and reversals(house) == [("disputed", FEES)]
    assert house.open(paid) == 0, "nobody is asked to pay what was never given back"
    stripe.decide(name, won=True)
    house.work()
    house.work()
    assert house.account(paid) == (0, FEES, FEES)
    assert [refund["amount"] for refund in stripe.books()["refunds"]] == [FEES]
