"""What the provider's messages would have told, had they come, is asked for: late, and once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.notices.models import Errand
from buchbar.payments import checkout, workers
from buchbar.payments.models import Payment, ProviderEvent, Refund, Reversal
from tests.cast import SATURDAY
from tests.payments.test_races import at_once

FEES = 17000
SLOT = timedelta(minutes=5)


@pytest.fixture
def paid(house, stripe):
    booking = house.book()
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    assert house.state(booking) == "confirmed"
    return booking


def later(house, pause=SLOT):
    """The job has its turn again, and what it heard is worked off; how much was new, None if the job failed."""
    house.clock.now += pause
    new = house.catch_up()
    house.work()
    return new


def payment_of(house, booking):
    return next(each for each in house.rows(Payment) if each.booking_id == booking)


def test_a_refund_in_the_dashboard_whose_message_is_lost_is_noticed(house, stripe, paid):
    stripe.behave(lost=True)
    stripe.refund_by_hand(payment_of(house, paid), 5000)
    house.work()
    assert house.account(paid) == (FEES, FEES, 0), "nobody has told us"
    assert later(house) == 1
    assert house.account(paid) == (FEES, FEES, 5000) and house.verbs(paid).count("refund") == 1
    assert later(house) == 0 and house.account(paid) == (FEES, FEES, 5000)


def test_a_dispute_whose_messages_are_lost_is_booked_and_a_clerk_hears_of_it(house, stripe, paid):
    stripe.behave(lost=True)
    name = stripe.dispute(payment_of(house, paid))
    assert later(house) == 2, "created and withdrawn"
    assert [(each.kind, each.cents) for each in house.rows(Reversal)] == [("disputed", FEES)]
    assert house.open(paid) == FEES
    assert {errand.state for errand in house.rows(Errand) if errand.fault.startswith("Die Bank")} == {"failed"}
    stripe.decide(name, won=True)
    assert later(house) == 2
    assert house.open(paid) == 0 and house.account(paid) == (FEES, FEES, 0)


def test_a_payment_whose_message_is_lost_and_whose_page_we_had_given_up_is_noticed(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    stripe.choose(page, "lastschrift")
    house.work()
    with house.database.write() as session:
        session.get_one(Payment, payment_of(house, booking).id).state = "failed"  # so nobody asks about it any more
    stripe.behave(lost=True)
    stripe.bank(payment_of(house, booking).checkout_id, succeeded=True)
    assert house.poll() == 0 and later(house) == 1
    assert house.account(booking) == (FEES, FEES, 0)


def test_after_three_days_out_of_reach_all_of_them_are_heard(house, stripe, paid):
    """A message that comes through meanwhile doesn't make us believe that we had heard all before it."""
    other = house.book(day=SATURDAY + timedelta(days=7))
    stripe.choose(house.pay_button(other), "zahlen")
    house.work()
    assert later(house) == 0
    stripe.behave(lost=True)
    house.clock.now += timedelta(hours=2)
    stripe.refund_by_hand(payment_of(house, paid), 5000)
    for _day in range(3):
        stripe.behave(down=True, lost=True)
        assert later(house, timedelta(days=1)) is None
    stripe.behave()
    stripe.refund_by_hand(payment_of(house, other), 700)  # and its message comes at once
    house.work()
    assert [house.account(each)[2] for each in (paid, other)] == [0, 700]
    assert later(house) == 1
    assert [house.account(each)[2] for each in (paid, other)] == [5000, 700]


def test_a_message_that_comes_after_all_counts_no_second_time(house, stripe, paid):
    stripe.behave(swapped=True)
    stripe.refund_by_hand(payment_of(house, paid), 5000)  # its message waits for the next one
    assert later(house) == 1
    stripe.refund_by_hand(payment_of(house, paid), 100)
    assert [message["type"] for message in stripe.books()["sent"]][-2:] == ["charge.refunded"] * 2
    assert later(house) == 0
    assert house.account(paid) == (FEES, FEES, 5100) and house.verbs(paid).count("refund") == 2


def test_two_who_ask_at_once_hear_each_message_once(house, stripe, paid):
    stripe.behave(lost=True)
    for cents in range(1, 6):
        stripe.refund_by_hand(payment_of(house, paid), cents)
    new = []

    def ask():
        new.append(workers.catch_up(house.database, house.clock.now, house.settings, None))

    at_once(ask, ask)
    house.work()
    assert sum(new) == 5 and house.account(paid) == (FEES, FEES, 15)


def test_more_than_fits_on_a_page_is_heard_in_the_order_in_which_it_happened(house, stripe, paid):
    stripe.behave(lost=True)
    for _time in range(101):
        stripe.refund_by_hand(payment_of(house, paid), 1)
    told = checkout.heard(house.settings, house.clock.now)
    refunded = [message.told.cents for message in told if message.kind == "charge.refunded"]
    assert refunded == list(range(1, 102))
    assert house.catch_up() == 101
    assert stripe.books()["asked"].count("GET /v1/events") == 4


def test_where_nobody_has_paid_online_nobody_is_asked(house, stripe):
    assert house.catch_up() == 0
    assert stripe.books()["asked"] == []


def test_of_what_is_heard_the_same_little_is_kept(house, stripe, paid):
    stripe.behave(lost=True)
    stripe.refund_by_hand(payment_of(house, paid), 5000)
    later(house)
    assert {event.kind for event in house.rows(ProviderEvent)} == {"checkout.session.completed", "charge.refunded"}
    assert all("anna" not in event.body and event.done_at for event in house.rows(ProviderEvent))


# --- What asking again doesn't mend -----------------------------------------------------------------------


def with_another_key(house):
    house.settings = house.database.info["settings"] = replace(house.settings, stripe_key="gone")


def test_a_key_that_is_not_valid_any_more_is_told_to_the_desk_at_once(house, stripe, paid):
    good = house.settings
    house.change(paid, lifecycle.cancel, CITIZEN)
    with_another_key(house)
    house.work()
    (errand,) = [each for each in house.rows(Errand) if each.kind == "refund"]
    assert errand.state == "failed" and "Der Schlüssel gilt nicht mehr" in errand.fault
    assert house.rows(Refund)[0].state == "wanted", "it can be sent once the key is right"
    assert later(house) is None
    house.settings = house.database.info["settings"] = good
    with house.database.write() as session:
        session.get_one(Errand, errand.id).state = "waiting"
        session.get_one(Errand, errand.id).next_at = house.clock.now
    house.work()
    assert house.rows(Refund)[0].state == "done"


def test_who_wants_to_pay_is_not_asked_to_try_again_for_ever(house):
    booking = house.book()
    with_another_key(house)
    with pytest.raises(checkout.Unreachable, match="Bitte bezahlen Sie auf einem anderen Weg"):
        house.pay_button(booking)


def test_closing_a_page_again_is_the_same_closing(house, stripe):
    house.pay_button(house.book())
    name = house.rows(Payment)[0].checkout_id
    stripe.behave(unheard=1)  # the first answer is lost, and asked for again
    assert checkout.cancel(house.settings, name).state == "expired"
    assert checkout.cancel(house.settings, name).state == "expired"
    asked = stripe.books()["asked"]
    assert asked.count("POST /v1/checkout/sessions/expire") == 3 and "GET /v1/checkout/sessions" not in asked
