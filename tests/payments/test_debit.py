"""SEPA debit on Stripe's page: the bank takes its days, and the citizen hears of it each time."""

from datetime import timedelta

import pytest

from buchbar.booking import jobs
from buchbar.notices.models import Letter
from buchbar.payments import paying
from buchbar.payments.models import Payment
from tests.payments.test_messages import post, said

FEES = 17000


@pytest.fixture
def underway(house, stripe):
    """A booking whose debit the bank has."""
    booking = house.book()
    back = stripe.choose(house.pay_button(booking), "lastschrift")
    assert back.status_code == 303
    house.work()
    return booking


def bank(house, succeeded):
    house.stripe.bank(house.rows(Payment)[0].checkout_id, succeeded=succeeded)
    house.work()


def test_the_page_offers_cards_and_sepa_debit(house, stripe):
    house.pay_button(house.book())
    assert stripe.books()["sessions"][0]["methods"] == ["card", "sepa_debit"]


def test_who_pays_by_debit_is_told_that_it_is_on_its_way_and_then_that_it_has_come(house, underway):
    assert house.state(underway) == "payable" and house.letters(underway)[-1] == "underway"
    house.clock.now += timedelta(days=4)
    bank(house, succeeded=True)
    assert house.state(underway) == "confirmed" and house.account(underway) == (FEES, FEES, 0)
    assert set(house.letters(underway)[-2:]) == {"paid", "confirmed"}


def test_who_pays_by_debit_is_told_when_the_bank_does_not_pay(house, underway):
    house.clock.now += timedelta(days=1)
    bank(house, succeeded=False)
    bank(house, succeeded=False)
    assert house.letters(underway)[-1] == "unpaid" and house.letters(underway).count("unpaid") == 1
    assert house.verbs(underway)[-2:] == ["underway", "unpaid"]
    assert house.state(underway) == "payable" and house.open(underway) == FEES
    house.pay_button(underway)


def test_doubled_messages_tell_the_citizen_once(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    stripe.behave(doubled=True, swapped=True)
    stripe.choose(page, "lastschrift")
    bank(house, succeeded=False)
    assert house.letters(booking).count("unpaid") == 1
    assert house.letters(booking).count("underway") <= 1, "none, if the bank's no came first"


def test_as_long_as_the_bank_has_the_money_the_date_is_kept(house, underway):
    house.clock.now += timedelta(days=20)
    assert jobs.release_overdue(house.database, house.clock.now) == 0
    bank(house, succeeded=True)
    assert house.state(underway) == "confirmed"


def test_a_no_after_the_deadline_is_told_and_the_date_is_free_again(house, underway):
    house.clock.now += timedelta(days=20)
    bank(house, succeeded=False)
    letter = next(each for each in house.rows(Letter) if each.kind == "unpaid")
    assert "Die Frist zum Bezahlen ist inzwischen abgelaufen" in letter.text
    house.clock.now += timedelta(minutes=1)
    assert jobs.release_overdue(house.database, house.clock.now) == 1
    assert house.state(underway) == "released" and house.account(underway) == (0, 0, 0)
    assert house.letters(underway)[-1] == "released"


def test_a_page_that_simply_ends_is_no_refused_payment(house, stripe):
    booking = house.book()
    house.pay_button(booking)
    house.clock.now += paying.LIVES
    house.poll()
    assert "unpaid" not in house.letters(booking)


def test_a_bank_that_changes_its_mind_counts(house, underway):
    """Stripe may say no, and the bank pays all the same: what has come has come."""
    bank(house, succeeded=False)
    payment = house.rows(Payment)[0]
    post(house, said(id=payment.checkout_id, payment_intent=payment.intent_id))
    house.work()
    assert house.state(underway) == "confirmed" and house.account(underway) == (FEES, FEES, 0)
