"""Money goes back the way it came, once, whatever dies in between and whoever sends it."""

from datetime import timedelta

import pytest

from buchbar.booking import failures, lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.notices import outbox
from buchbar.notices.models import Errand
from buchbar.payments import checkout, inbox, paying, refunds, workers
from buchbar.payments.models import Payment, Refund
from tests.cast import CLERK

FEES = 17000


def paid(house, stripe):
    booking = house.book()
    stripe.choose(house.pay_button(booking), "zahlen")
    house.work()
    assert house.state(booking) == "confirmed"
    return booking


def rows(house):
    """What was given back, what of it came back, and what is to go in its place."""
    return [(refund.state, refund.cents) for refund in chain(house)]


def chain(house):
    after = {refund.follows_id: refund for refund in house.rows(Refund)}
    after.pop(None, None)
    found = []
    for refund in (each for each in house.rows(Refund) if each.follows_id is None):
        while refund:
            found.append(refund)
            refund = after.get(refund.id)
    return found


def sent(stripe):
    return [refund["amount"] for refund in stripe.books()["refunds"]]


def test_a_cancelled_reservation_is_refunded(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    assert house.account(booking) == (0, FEES, FEES)  # wanted, not sent yet
    assert sent(stripe) == []
    house.work()
    assert sent(stripe) == [FEES]
    (refund,) = house.rows(Refund)
    assert refund.state == "done" and refund.refund_id == stripe.books()["refunds"][0]["id"]
    house.work()
    assert house.account(booking) == (0, FEES, FEES)


def test_a_refund_job_that_dies_between_call_and_save_does_not_refund_twice(house, stripe, monkeypatch):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)

    def die(*_arguments):
        raise SystemExit("the machine goes down")

    with monkeypatch.context() as broken, pytest.raises(SystemExit):
        broken.setattr(refunds, "taken_over", die)
        house.work()
    assert sent(stripe) == [FEES] and house.rows(Refund)[0].state == "wanted"
    assert house.work() == 0  # the refund is still leased to the dead, and Stripe's message may be about it
    house.clock.now += outbox.LEASE
    house.work()
    assert house.work() == 0
    assert sent(stripe) == [FEES] and house.rows(Refund)[0].state == "done"
    assert house.account(booking) == (0, FEES, FEES)


def test_the_same_refund_sent_by_two_processes_at_once_goes_out_once(house, stripe):
    """Neither sees the other's when it looks; the key makes them one."""
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    with house.database.read() as session:
        refund = refunds.wanted(session, house.rows(Refund)[0].id)
    refund.cents = FEES // 4
    first = checkout.refund(house.settings, refund)
    stripe.behave(blind=True)
    assert checkout.refund(house.settings, refund) == first
    assert sent(stripe) == [FEES // 4]
    stripe.behave(blind=True, forgetful=True)
    checkout.refund(house.settings, refund)
    assert sent(stripe) == [FEES // 4, FEES // 4], "without look and key, this test would see two"


def test_a_refund_is_recognised_after_stripe_has_forgotten_the_key(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    with house.database.read() as session:
        refund = refunds.wanted(session, house.rows(Refund)[0].id)
    refund.cents = FEES // 4  # Stripe would have enough left for another
    checkout.refund(house.settings, refund)
    stripe.behave(forgetful=True)
    checkout.refund(house.settings, refund)
    assert sent(stripe) == [FEES // 4]


def test_while_stripe_is_down_a_refund_waits(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    stripe.behave(down=True)
    assert house.work() == 0
    (errand,) = [errand for errand in house.rows(Errand) if errand.kind == "refund"]
    assert errand.state == "waiting" and errand.fault.startswith("Stripe: ")
    stripe.behave()
    house.clock.now += timedelta(minutes=1)
    house.work()
    assert sent(stripe) == [FEES]


def test_a_lost_answer_to_a_refund_does_not_make_a_second_one(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    stripe.behave(unheard=3)
    house.work()
    stripe.behave()
    house.clock.now += timedelta(hours=1)
    house.work()
    assert sent(stripe) == [FEES] and house.rows(Refund)[0].state == "done"


def test_a_refund_made_in_the_dashboard_is_noticed(house, stripe):
    booking = paid(house, stripe)
    payment = house.rows(Payment)[0]
    for _time in range(2):
        stripe.refund_by_hand(payment, 5000)
    house.work()
    assert house.account(booking) == (FEES, FEES, 10000)
    assert [(refund.cents, refund.reason) for refund in house.rows(Refund)] in (
        [(5000, "dashboard"), (5000, "dashboard")],
        [(10000, "dashboard")],
    )
    assert "refund" in house.verbs(booking)


def test_dashboard_refunds_may_be_told_in_any_order(house, stripe):
    booking = paid(house, stripe)
    stripe.behave(swapped=True)
    for _time in range(2):
        stripe.refund_by_hand(house.rows(Payment)[0], 5000)
    house.work()
    assert house.account(booking) == (FEES, FEES, 10000)


def test_after_a_refund_by_hand_a_cancellation_sends_the_rest(house, stripe):
    booking = paid(house, stripe)
    stripe.refund_by_hand(house.rows(Payment)[0], 5000)
    house.work()
    house.change(booking, lifecycle.cancel, CLERK)
    house.work()
    house.work()
    assert sent(stripe) == [5000, 12000]
    assert house.account(booking) == (0, FEES, FEES)


def test_the_cashier_was_quicker_than_our_own_refund(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    stripe.refund_by_hand(house.rows(Payment)[0], FEES)
    house.work()
    house.work()
    assert sent(stripe) == [FEES]
    assert house.account(booking) == (0, FEES, FEES)
    assert [refund.state for refund in house.rows(Refund)] == ["done"]


def rounds(house):
    for _round in range(4):
        house.work()
        house.clock.now += timedelta(minutes=3)


@pytest.mark.parametrize("first", ["message", "refusal"])
def test_the_cashier_gave_a_part_back_and_ours_sends_the_rest(house, stripe, first):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CLERK)
    if first == "message":
        stripe.refund_by_hand(house.rows(Payment)[0], 5000)
    else:
        stripe.behave(lost=True)
        stripe.refund_by_hand(house.rows(Payment)[0], 5000)
        stripe.behave()
        house.work()
        assert [refund.state for refund in house.rows(Refund)] == ["failed"]
        house.catch_up()
    rounds(house)
    assert sorted(rows(house)) == [("done", 5000), ("done", FEES - 5000)]
    assert sent(stripe) == [5000, FEES - 5000] and house.account(booking) == (0, FEES, FEES)
    with house.database.read() as session:
        assert failures.failures(session, house.town.town) == []


def test_what_a_clerk_gave_back_another_way_hides_nothing_of_the_dashboard(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CLERK)
    stripe.behave(lost=True)
    stripe.refund_by_hand(house.rows(Payment)[0], 5000)
    stripe.behave()
    house.work()
    with house.database.write() as session:
        refunds.by_hand(session, house.rows(Refund)[0].id, house.clock.now)
    house.catch_up()
    rounds(house)
    assert house.account(booking) == (0, FEES, FEES + 5000)


def test_refunded_before_the_payment_was_told(house, stripe):
    booking = house.book()
    page = house.pay_button(booking)
    stripe.behave(lost=True)
    stripe.choose(page, "zahlen")
    intent = stripe.books()["charges"][0]["payment_intent"]
    stripe.behave()
    stripe.refund_by_hand(Payment(intent_id=intent), FEES)
    assert house.work() == 0  # not yet
    house.clock.now += timedelta(minutes=5)
    house.poll()
    house.work()
    assert house.account(booking) == (FEES, FEES, FEES)


def test_a_refund_that_does_not_arrive_waits_for_a_clerk(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    house.work()
    house.work()
    stripe.bounce(stripe.books()["refunds"][0]["id"])
    house.work()
    assert house.account(booking) == (0, FEES, FEES)  # owed still, by another way
    assert rows(house) == [("done", FEES), ("done", -FEES), ("failed", FEES)]
    faults = [errand.fault for errand in house.rows(Errand) if errand.state == "failed"]
    assert faults == ["Eine Erstattung ist nicht angekommen. Bitte auf anderem Weg erstatten."]


def bounced(house, stripe):
    """Paid in two tabs; what was too much went back, and didn't arrive."""
    booking = house.book()
    first = house.pay_button(booking)
    house.clock.now += paying.LIVES - paying.ENOUGH
    for page in (first, house.pay_button(booking)):
        stripe.choose(page, "zahlen")
    house.work()
    house.work()
    stripe.bounce(stripe.books()["refunds"][0]["id"])
    house.work()
    assert rows(house) == [("done", FEES), ("done", -FEES), ("failed", FEES)]
    return booking


def test_bounced_and_then_cancelled_nothing_is_sent_twice(house, stripe):
    booking = bounced(house, stripe)
    assert house.account(booking) == (FEES, 2 * FEES, FEES)
    house.change(booking, lifecycle.cancel, CLERK)
    house.work()
    house.work()
    assert sent(stripe) == [FEES, FEES], "the bounced one, and what the cancellation gives back"
    assert house.account(booking) == (0, 2 * FEES, 2 * FEES)
    assert sorted(rows(house)) == [("done", -FEES), ("done", FEES), ("done", FEES), ("failed", FEES)]


def test_what_a_clerk_has_given_back_another_way_is_given_back_once(house, stripe):
    booking = bounced(house, stripe)
    sent_first, _came, refund = chain(house)
    for cents in (FEES, 0):
        with house.database.write() as session:
            assert refunds.by_hand(session, refund.id, house.clock.now) == cents
    with house.database.write() as session:  # the same told once more changes nothing
        refunds.bounced(session, session.query(Payment).all(), sent_first.refund_id, FEES, house.clock.now)
    house.work()
    assert rows(house) == [("done", FEES), ("done", -FEES), ("done", FEES)] and sent(stripe) == [FEES]
    assert house.account(booking) == (FEES, 2 * FEES, FEES)


def test_that_a_refund_was_sent_may_be_told_after_it_bounced(house, stripe):
    booking = bounced(house, stripe)
    with house.database.read() as session:
        intent_id = session.query(Refund).first().payment.intent_id
    told = checkout.Told(state="refunded", intent_id=intent_id, cents=FEES)
    inbox.apply(house.database, told, house.clock.now)
    assert len(house.rows(Refund)) == 3, "no refund that nobody has made"
    assert house.account(booking) == (FEES, 2 * FEES, FEES)


def test_a_bounce_that_is_told_before_the_refund_was_written_down_waits(house, stripe):
    booking = paid(house, stripe)
    house.change(booking, lifecycle.cancel, CITIZEN)
    (refund,) = house.rows(Refund)
    told = checkout.Told(state="refund_failed", object_id="re_1", intent_id=house.rows(Payment)[0].intent_id)
    with pytest.raises(outbox.NotYet):
        inbox.apply(house.database, told, house.clock.now)
    with house.database.write() as session:
        refunds.taken_over(session, refund.id, "re_1", house.clock.now)
    inbox.apply(house.database, told, house.clock.now)
    assert rows(house) == [("done", FEES), ("done", -FEES), ("failed", FEES)]


def test_money_that_came_another_way_is_not_sent_by_stripe(house, stripe):
    booking = house.book()
    with house.database.write() as session:
        at = house.clock.now
        town = session.get_one(Booking, booking).municipality_id
        sent_in = Payment(municipality_id=town, booking_id=booking, cents=FEES, state="paid", provider="transfer",
                       started_at=at, expires_at=at, settled_at=at)  # fmt: skip
        session.add(sent_in)
    house.change(booking, lifecycle.cancel, CLERK)
    house.work()
    assert sent(stripe) == []
    (errand,) = [errand for errand in house.rows(Errand) if errand.kind == "refund"]
    assert (errand.state, house.rows(Refund)[0].state) == ("done", "wanted"), "it waits for the cashier's next file"


def test_every_job_of_the_payments_has_its_worker(house):
    assert set(workers.WORKERS) == {"provider_event", "refund", "close_checkout"}
