"""Our stand-in for Stripe is as strict as Stripe: what it accepts, Stripe accepts (as far as the SDK's types know)."""

import secrets
from datetime import timedelta

import pytest
from litestar.testing import TestClient

from buchbar.payments.standin import create_standin, nested
from buchbar.payments.standin_refusals import Fault, check

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
    def ask(path, key=None, **given):
        in_an_hour = int(clock.now.timestamp()) + 3600
        data = {"expires_at": str(in_an_hour), **PAGE, **given} if path.endswith("sessions") else given
        key = "test-" + secrets.token_hex(8) if key is None else key
        return standin.post(path, data=data, headers=KEY | {"idempotency-key": key})

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


@pytest.mark.parametrize("key", ["", "0f2e4a6c-8b1d-4c3e-9f5a-7b6d8c0e2f4a"])
def test_nothing_is_done_that_could_be_done_twice(ask, standin, key):
    """The SDK makes up a key where it is given none; who asks again after a crash has another one then."""
    assert code(ask("/v1/checkout/sessions", key=key)) == (400, "idempotency_key_missing")
    page = ask("/v1/checkout/sessions").json()["id"]
    assert code(ask(f"/v1/checkout/sessions/{page}/expire", key=key)) == (400, "idempotency_key_missing")
    assert standin.get(f"/v1/checkout/sessions/{page}", headers=KEY).json()["status"] == "open"


# --- What has happened ------------------------------------------------------------------------------------


@pytest.fixture
def listed(standin):
    def listed(**given):
        types = {"types[0]": "checkout.session.completed", "types[1]": "checkout.session.expired"}
        return standin.get("/v1/events", params=types | given, headers=KEY)

    return listed


def test_what_happened_is_listed_also_when_nobody_heard_of_it(pay, listed):
    page = pay()
    (event,) = listed().json()["data"]
    assert event["type"] == "checkout.session.completed" and event["data"]["object"]["id"] in page


def test_the_list_comes_in_pages_the_newest_first(pay, listed):
    paid = [pay().removeprefix("/pay/") for _time in range(3)]
    first = listed(limit="2").json()
    second = listed(limit="2", starting_after=first["data"][-1]["id"]).json()
    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [each["data"]["object"]["id"] for each in first["data"] + second["data"]] == paid[::-1]


def test_the_list_begins_where_it_is_asked_to_and_goes_back_thirty_days(pay, listed, clock):
    pay()
    began = int(clock.now.timestamp())
    assert len(listed(**{"created[gte]": str(began)}).json()["data"]) == 1
    assert listed(**{"created[gte]": str(began + 1)}).json()["data"] == []
    clock.now += timedelta(days=31)
    assert listed().json()["data"] == []


@pytest.mark.parametrize(
    "wrong",
    [{"colour": "red"}, {"created[colour]": "red"}, {"limit": "101"}, {"limit": "0"}, {"starting_after": "evt_x"}],
)
def test_what_stripe_would_not_list_is_refused(listed, wrong):
    assert listed(**wrong).status_code in (400, 404)


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
