"""Stripe's messages: forged, doubled, late, out of order, for what isn't ours, with the wrong amount."""

from datetime import timedelta

import msgspec
import pytest

from buchbar.base.settings import DEMO_WEBHOOK_SECRET
from buchbar.notices.models import Errand
from buchbar.payments import checkout
from buchbar.payments.models import Payment, ProviderEvent
from buchbar.payments.routes import MOST_BYTES
from buchbar.payments.standin_messages import signature
from tests.cast import NOW

FEES = 17000


def said(kind="checkout.session.completed", name="evt_1", **about):
    """A message about a checkout, as Stripe would write it."""
    checkout_session = {
        "id": "cs_test_1",
        "object": "checkout.session",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": FEES,
        "currency": "eur",
        "payment_intent": "pi_1",
        "metadata": {},
    }
    event = {"id": name, "object": "event", "type": kind, "data": {"object": checkout_session | about}}
    return msgspec.json.encode(event)


def post(house, body, secret=DEMO_WEBHOOK_SECRET, at=NOW):
    return house.post(body, **{"stripe-signature": signature(body, secret, at)})


def begun(house):
    booking = house.book()
    house.pay_button(booking)
    return booking, house.rows(Payment)[-1]


def test_a_message_without_stripes_signature_is_refused(house):
    booking, payment = begun(house)
    body = said(id=payment.checkout_id)
    zeros = "t=1,v1=" + "0" * 64
    for header in ("", "t=1", "v1=abc", "t=x,v1=abc", "nonsense", zeros, "t=1,v1=\u00e4", "t=,v1=,t=1"):
        assert house.post(body, **{"stripe-signature": header.encode("latin-1")}).status_code == 400
    assert house.rows(ProviderEvent) == []


def test_a_message_signed_with_another_secret_or_changed_on_its_way_is_refused(house):
    booking, payment = begun(house)
    body = said(id=payment.checkout_id)
    assert post(house, body, secret="whsec_somebody_else").status_code == 400
    header = {"stripe-signature": signature(body, DEMO_WEBHOOK_SECRET, NOW)}
    assert house.post(body.replace(b"evt_1", b"evt_2"), **header).status_code == 400
    assert house.post(b"\xff\xfe", **header).status_code == 400
    assert house.work() == 0 and house.state(booking) == "payable"


def test_a_message_from_the_day_before_yesterday_is_refused(house):
    body = said()
    assert post(house, body, at=NOW - timedelta(minutes=6)).status_code == 400
    assert post(house, body, at=NOW - timedelta(minutes=4)).status_code == 200


def test_a_message_is_not_as_big_as_a_film(house):
    body = said(filler="x" * MOST_BYTES)
    assert post(house, body).status_code == 413
    assert house.rows(ProviderEvent) == []


def test_a_message_that_comes_twice_counts_once(house, stripe):
    booking = house.book()
    stripe.behave(doubled=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    assert house.work() == 1
    assert len(stripe.books()["sent"]) == 4 and len(house.rows(ProviderEvent)) == 1
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.verbs(booking).count("pay") == 1


def test_two_messages_about_one_payment_count_once(house):
    booking, payment = begun(house)
    for name in ("evt_1", "evt_2"):
        post(house, said(name=name, id=payment.checkout_id))
    assert house.work() == 2
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.verbs(booking).count("pay") == 1


def test_a_late_message_counts_as_well_and_asking_in_between_does_no_harm(house, stripe):
    booking = house.book()
    stripe.behave(late=0.5)
    stripe.choose(house.pay_button(booking), "zahlen")
    house.clock.now += timedelta(minutes=5)
    assert house.poll() == 1  # before the message
    assert house.work() == 1
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.verbs(booking).count("pay") == 1


def test_the_banks_yes_before_the_message_that_it_was_asked(house, stripe):
    booking = house.book()
    stripe.behave(slow=True, swapped=True)
    stripe.choose(house.pay_button(booking), "zahlen")
    stripe.bank(house.rows(Payment)[0].checkout_id, succeeded=True)
    sent = [message["type"] for message in stripe.books()["sent"]]
    assert sent == ["checkout.session.async_payment_succeeded", "checkout.session.completed"]
    house.work()
    assert house.state(booking) == "confirmed"
    assert house.account(booking) == (FEES, FEES, 0)


def test_expired_after_paid_changes_nothing(house):
    booking, payment = begun(house)
    post(house, said(id=payment.checkout_id))
    gone = {"id": payment.checkout_id, "status": "expired", "payment_status": "unpaid", "payment_intent": None}
    post(house, said("checkout.session.expired", "evt_2", **gone))
    assert house.work() == 2
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.rows(Payment)[0].state == "paid"


def test_paid_after_expired_counts(house):
    booking, payment = begun(house)
    gone = {"id": payment.checkout_id, "status": "expired", "payment_status": "unpaid", "payment_intent": None}
    post(house, said("checkout.session.expired", "evt_1", **gone))
    house.work()
    assert house.rows(Payment)[0].state == "expired"
    post(house, said(name="evt_2", id=payment.checkout_id))
    house.work()
    assert house.account(booking) == (FEES, FEES, 0)


def test_a_page_whose_making_we_never_heard_of_is_known_by_our_mark(house):
    """The answer with the page's id got lost, and our process with it."""
    booking = house.book()
    house.stripe.behave(down=True)
    with pytest.raises(checkout.Unreachable):
        house.pay_button(booking)
    mark = str(house.rows(Payment)[0].id)
    post(house, said(metadata={"payment_id": mark}))
    house.work()
    assert house.account(booking) == (FEES, FEES, 0)
    assert house.rows(Payment)[0].checkout_id == "cs_test_1"


def test_what_isnt_ours_is_acknowledged_and_forgotten(house):
    assert post(house, said(name="evt_1")).status_code == 200  # a shop of the same town
    assert post(house, said(name="evt_2", metadata={"payment_id": ""})).status_code == 200
    assert post(house, said("customer.created", "evt_3")).status_code == 200
    dispute = {"id": "dp_1", "payment_intent": "pi_of_a_shop", "amount": FEES, "status": "needs_response"}
    assert post(house, said("charge.dispute.created", "evt_4", **dispute)).status_code == 200
    assert house.work() == 3
    assert {event.event_id for event in house.rows(ProviderEvent)} == {"evt_1", "evt_2", "evt_4"}
    assert {errand.state for errand in house.rows(Errand) if errand.kind == "provider_event"} == {"done"}


def test_what_bears_our_mark_and_isnt_in_the_books_waits_for_a_clerk(house):
    post(house, said(metadata={"payment_id": "7b0bb5a1-52f5-4e3f-9ad8-4e0ee8ea5d09"}))
    assert house.work() == 0
    assert failed(house) == ["Stripe nennt eine Zahlung, die hier nicht verzeichnet ist. Bitte bei Stripe nachsehen."]


@pytest.mark.parametrize("wrong", [{"amount_total": 1}, {"amount_total": 2 * FEES}, {"currency": "huf"}])
def test_a_wrong_amount_waits_for_a_clerk_and_nothing_is_half_done(house, wrong):
    booking, payment = begun(house)
    post(house, said(id=payment.checkout_id, **wrong))
    assert house.work() == 0
    assert failed(house) == ["Der bezahlte Betrag ist nicht der verlangte. Bitte bei Stripe nachsehen."]
    assert house.rows(Payment)[0].state == "started" and house.rows(Payment)[0].intent_id is None
    assert house.account(booking) == (FEES, 0, 0) and house.state(booking) == "payable"
    assert "pay" not in house.verbs(booking)


def test_two_moneys_for_one_attempt_wait_for_a_clerk(house):
    booking, payment = begun(house)
    for name in ("1", "2"):
        post(house, said(name=f"evt_{name}", id=payment.checkout_id, payment_intent=f"pi_{name}"))
    assert house.work() == 1
    assert failed(house) == ["Für einen Zahlungsvorgang ist zweimal Geld gekommen. Bitte bei Stripe nachsehen."]
    assert house.account(booking) == (FEES, FEES, 0)


def failed(house):
    return [errand.fault for errand in house.rows(Errand) if errand.state == "failed"]


def test_what_is_kept_of_a_message_names_nobody(house, stripe):
    stripe.choose(house.pay_button(house.book()), "zahlen")
    house.work()
    (event,) = house.rows(ProviderEvent)
    assert "anna" not in event.body and event.done_at == house.clock.now
