"""The stand-in for Stripe without a network: the SDK speaks to its books directly, and each message waits until a test
delivers it, loses it, or delivers it twice."""

import secrets
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import stripe

from buchbar.base.settings import DEMO_STRIPE_KEY, DEMO_WEBHOOK_SECRET
from buchbar.payments import checkout
from buchbar.payments.checkout import Message
from buchbar.payments.standin import nested
from buchbar.payments.standin_books import Books
from buchbar.payments.standin_messages import signature
from buchbar.payments.standin_refusals import Fault
from tests.conftest import Clock


class Wire(stripe.HTTPClient):
    """What the SDK takes for the network."""

    name = "in process"

    def __init__(self, books: Books) -> None:
        super().__init__()
        self.books = books
        self.shown: set[str] = set()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> tuple[bytes, int, dict[str, str]]:
        if self.books.behaviour.down:
            raise stripe.APIConnectionError("down")
        call, name, query = _call(method, url)
        pairs = parse_qsl(post_data or "") if method == "post" else query
        key = headers.get("Idempotency-Key", "") if method == "post" else ""
        try:
            status, body = self.books.answer(call, name, key, nested(pairs))
        except Fault as fault:
            return msgspec.json.encode(fault.body), fault.status, {}
        if method == "post" and self.books.behaviour.unheard:
            self.books.behaviour.unheard -= 1
            raise stripe.APIConnectionError("the answer gets lost")
        self.shown.add(body.get("id", ""))
        is_open = body["object"] == "checkout.session" and body["status"] == "open"
        shown = body | {"url": f"https://pay.example/{body['id']}"} if is_open else body
        return msgspec.json.encode(shown), status, {}

    def close(self) -> None:
        pass


class Provider:
    """Stripe, as its customers, its dashboard and its messages have it."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.waiting: list[dict[str, Any]] = []
        self.books = Books(clock, self.waiting.append)
        self.wire = Wire(self.books)
        self.client = stripe.StripeClient(DEMO_STRIPE_KEY, http_client=self.wire, max_network_retries=0)

    def message(self, event: dict[str, Any]) -> Message:
        """A message as the house reads it: signed, and verified."""
        body = msgspec.json.encode(event)
        signed = signature(body, DEMO_WEBHOOK_SECRET, self.clock())
        return checkout.verify(body, signed, DEMO_WEBHOOK_SECRET, self.clock())

    def open_pages(self) -> list[str]:
        """Those of which somebody has heard the address."""
        those = (name for name in self.books.sessions if name in self.wire.shown)
        return [name for name in those if self.books.session(name)["status"] == "open"]

    def pending(self) -> list[str]:
        """Pages that were paid by a bank's debit, of which the bank hasn't said anything yet."""
        intents = {intent for intent, charge in self.books.charges.items() if charge["status"] == "pending"}
        return [name for name, each in self.books.sessions.items() if each["payment_intent"] in intents]

    def came(self) -> list[dict[str, Any]]:
        """What was paid, of which something is left and nothing is disputed."""
        charges = self.books.charges.values()
        left = (each for each in charges if each["status"] == "succeeded" and each["amount"] > each["amount_refunded"])
        return [each for each in left if not self.disputed(each["payment_intent"])]

    def disputed(self, intent: str) -> bool:
        return any(each["payment_intent"] == intent for each in self.books.disputes.values())

    def crossed(self, intent: str | None) -> bool:
        """Whether money of this payment went without our doing, so that what we send may be refused."""
        by_hand = (each for each in self.books.refunds if not each["metadata"])
        return self.disputed(intent or "") or any(each["payment_intent"] == intent for each in by_hand)

    def refund_in_dashboard(self, intent: str, cents: int) -> None:
        key = "dashboard-" + secrets.token_hex(12)
        self.books.answer("POST /v1/refunds", "", key, {"payment_intent": intent, "amount": str(cents)})


def _call(method: str, url: str) -> tuple[str, str, list[tuple[str, str]]]:
    """What is asked for: the call as the books know it, the object's name, and the query."""
    parts = urlsplit(url)
    steps = parts.path.strip("/").split("/")
    sessions = "/v1/checkout/sessions"
    if steps[:3] == ["v1", "checkout", "sessions"] and len(steps) > 3:
        tail = "/expire" if steps[-1] == "expire" else ""
        return f"{method.upper()} {sessions}{tail}", steps[3], parse_qsl(parts.query)
    return f"{method.upper()} {parts.path}", "", parse_qsl(parts.query)
