"""Our stand-in for Stripe is as strict as Stripe: what it accepts, Stripe accepts (as far as the SDK's types know)."""

import pytest
from litestar.testing import TestClient

from buchbar.payments.standin import create_standin, nested
from buchbar.payments.standin_books import Fault, check

KEY = {"authorization": "Bearer sk_test_anybody"}
PAGE = {
    "mode": "payment",
    "success_url": "http://127.0.0.1/",
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "6000",
    "line_items[0][price_data][product_data][name]": "Gebühr",
}


@pytest.fixture
def standin(clock):
    app = create_standin("http://127.0.0.1:9/nobody", "whsec_x", clock)
    with TestClient(app, base_url="http://stripe.local") as client:
        client.post("/_standin/behaviour", json={"lost": True})
        yield client


@pytest.fixture
def ask(standin, clock):
    def ask(path, key="", **given):
        in_an_hour = int(clock.now.timestamp()) + 3600
        data = {"expires_at": str(in_an_hour), **PAGE, **given} if path.endswith("sessions") else given
        headers = KEY | ({"idempotency-key": key} if key else {})
        return standin.post(path, data=data, headers=headers)

    return ask


@pytest.fixture
def pay(standin, ask):
    """Make a page, and press a button on it; the page's path."""

    def pay(choice="zahlen"):
        path = "/pay/" + ask("/v1/checkout/sessions").json()["id"]
        assert standin.post(path, data={"choice": choice}, follow_redirects=False).status_code in (200, 303)
        return path

    return pay


def code(answer):
    return answer.status_code, answer.json()["error"].get("code")


def test_a_page_is_made_looked_at_and_closed(ask, standin):
    made = ask("/v1/checkout/sessions").json()
    assert made["url"] == f"http://stripe.local/pay/{made['id']}" and made["amount_total"] == 6000
    seen = standin.get(f"/v1/checkout/sessions/{made['id']}", headers=KEY).json()
    assert seen == made
    closed = ask(f"/v1/checkout/sessions/{made['id']}/expire").json()
    assert (closed["status"], closed["url"]) == ("expired", None)
    assert ask(f"/v1/checkout/sessions/{made['id']}/expire").status_code == 400


@pytest.mark.parametrize(
    "unknown",
    [
        {"payment_method_types[0]": "giropay"},
        {"colour": "red"},
        {"idempotency_key": "a"},
        {"line_items[0][colour]": "red"},
        {"line_items[0][price_data][product_data][colour]": "red"},
        {"payment_intent_data[colour]": "red"},
    ],
)
def test_parameters_that_stripe_does_not_know_are_refused(ask, unknown):
    assert code(ask("/v1/checkout/sessions", **unknown)) == (400, "parameter_unknown")


def test_metadata_may_hold_any_names(ask):
    assert ask("/v1/checkout/sessions", **{"metadata[colour]": "red"}).is_success


def test_unknown_parameters_of_a_refund_are_refused():
    with pytest.raises(Fault, match="unknown parameter: checkout"):
        check("POST /v1/refunds", {"payment_intent": "pi_1", "checkout": "cs_1"})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"line_items[0][price_data][unit_amount]": "-1"}, "parameter_invalid_integer"),
        ({"line_items[0][price_data][unit_amount]": "12.5"}, "parameter_invalid_integer"),
        ({"line_items[0][price_data][unit_amount]": "49"}, "amount_too_small"),
        ({"success_url": ""}, "parameter_missing"),
        ({"expires_at": "1"}, "parameter_invalid_integer"),
    ],
)
def test_amounts_and_times_that_stripe_would_not_take_are_refused(ask, given, fault):
    assert code(ask("/v1/checkout/sessions", **given)) == (400, fault)


def test_a_key_is_bound_to_what_it_was_used_for(ask):
    first = ask("/v1/checkout/sessions", key="a").json()
    assert ask("/v1/checkout/sessions", key="a").json() == first
    assert ask("/v1/checkout/sessions", key="b").json()["id"] != first["id"]
    other = {"line_items[0][price_data][unit_amount]": "7000"}
    assert code(ask("/v1/checkout/sessions", key="a", **other)) == (400, "idempotency_key_reused")
    assert code(ask(f"/v1/checkout/sessions/{first['id']}/expire", key="a")) == (400, "idempotency_key_reused")


def test_what_it_never_heard_of_is_not_found(ask, standin):
    assert code(standin.get("/v1/checkout/sessions/cs_x", headers=KEY)) == (404, "resource_missing")
    assert code(ask("/v1/refunds", payment_intent="pi_x")) == (404, "resource_missing")
    page = standin.get("/pay/cs_x")
    assert page.status_code == 404 and "Diese Zahlungsseite gibt es nicht" in page.text
    assert standin.post("/pay/cs_x", data={"choice": "zahlen"}).status_code == 404


def test_nobody_asks_without_a_key(standin):
    assert standin.get("/v1/refunds").status_code == 401


def test_no_more_goes_back_than_came(standin, ask, pay):
    pay()
    intent = standin.get("/_standin/books").json()["charges"][0]["payment_intent"]
    assert ask("/v1/refunds", payment_intent=intent, amount="6001").status_code == 400
    assert ask("/v1/refunds", payment_intent=intent).json()["amount"] == 6000
    assert code(ask("/v1/refunds", payment_intent=intent)) == (400, "charge_already_refunded")


def test_paying_twice_on_one_page_is_paying_once(standin, pay):
    page = pay()
    standin.post(page, data={"choice": "zahlen"}, follow_redirects=False)
    assert len(standin.get("/_standin/books").json()["charges"]) == 1
    assert "schon bezahlt" in standin.get(page).text


def test_declining_and_going_back_pay_nothing(standin, pay):
    for choice in ("ablehnen", "abbrechen", ""):
        pay(choice)
    books = standin.get("/_standin/books").json()
    assert books["charges"] == [] and {each["status"] for each in books["sessions"]} == {"open"}


def test_it_only_behaves_in_ways_that_it_knows(standin):
    assert standin.post("/_standin/behaviour", json={"rude": True}).status_code == 400


def test_trees_in_forms_are_read_as_stripe_writes_them():
    pairs = [("a[b][0][c]", "1"), ("a[b][1][c]", "2"), ("expand[0]", "x"), ("d", "")]
    assert nested(pairs) == {"a": {"b": [{"c": "1"}, {"c": "2"}]}, "expand": ["x"], "d": ""}
