"""What our stand-in for Stripe remembers, in memory: checkouts, charges, refunds, answers given before.

It follows Stripe's API as far as payments/checkout.py uses it, and is stricter where Stripe is: unknown parameters,
amounts, times, and keys used twice for different things are refused. A POST without a key of ours is refused, too.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from buchbar.payments.standin_events import Events
from buchbar.payments.standin_refusals import Fault, check, check_key, number

Object = dict[str, Any]
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)


class Behaviour(msgspec.Struct, forbid_unknown_fields=True):
    """How it behaves: messages ``late`` by seconds, ``doubled``, each pair ``swapped``, ``lost``; the API ``down``;
    the next answers ``unheard`` (done, and answered by an error); payments ``slow``, as by a bank's debit; its keys
    ``forgetful``, as Stripe's after a day; ``blind`` for the refunds that there are."""

    late: float = 0
    doubled: bool = False
    swapped: bool = False
    lost: bool = False
    down: bool = False
    unheard: int = 0
    slow: bool = False
    forgetful: bool = False
    blind: bool = False


class Books:
    """Everything that has been told to the stand-in. ``send(event)`` sends a message."""

    def __init__(self, clock: Callable[[], datetime], send: Callable[[Object], None]) -> None:
        self.clock, self.send = clock, send
        self.events = Events(clock)
        self.behaviour = Behaviour()
        self.sessions: dict[str, Object] = {}
        self.charges: dict[str, Object] = {}  # by intent
        self.refunds: list[Object] = []
        self.disputes: dict[str, Object] = {}
        self.asked: list[str] = []
        self._answers: dict[str, tuple[str, int, Object]] = {}

    def answer(self, call: str, name: str, key: str, given: Object) -> tuple[int, Object]:
        """Do what a call asks for; the same key again gets the same answer. ``name`` is the object it is about."""
        self.asked.append(call)
        check_key(call, key)
        bound = hashlib.sha256(f"{call} {name} ".encode() + msgspec.json.encode(given)).hexdigest()
        if key in self._answers and not self.behaviour.forgetful:
            before, status, body = self._answers[key]
            if before != bound:
                message = "Keys for idempotent requests can only be used with the same parameters."
                raise Fault(400, "idempotency_key_reused", message, "idempotency_error")
            return status, body
        check(call, given)
        body = self._do(call, name, given)
        if key:
            self._answers[key] = (bound, 200, body)
        return 200, body

    def _do(self, call: str, name: str, given: Object) -> Object:
        if call == "POST /v1/checkout/sessions":
            return self._open(given)
        if call == "GET /v1/checkout/sessions":
            return self._seen(self.session(name), given)
        if call == "POST /v1/checkout/sessions/expire":
            return self._expire(self.session(name))
        if call == "POST /v1/refunds":
            return self._refund(given)
        if call == "GET /v1/events":
            return self.events.listed(given)
        intent = None if self.behaviour.blind else given.get("payment_intent")
        found = [each for each in self.refunds if each["payment_intent"] == intent]
        return {"object": "list", "data": found, "has_more": False, "url": "/v1/refunds"}

    def tell(self, kind: str, about: Object) -> None:
        """Something happened: it is written down, and a message about it is sent."""
        self.send(self.events.add(kind, about))

    def session(self, name: str) -> Object:
        """A checkout session, expired if its time has come. Raises Fault for an unknown one."""
        if name not in self.sessions:
            raise Fault(404, "resource_missing", f"No such checkout.session: '{name}'")
        found = self.sessions[name]
        if found["status"] == "open" and found["expires_at"] <= self.clock().timestamp():
            self._close(found)
        return found

    def _open(self, given: Object) -> Object:
        now = self.clock()
        ends = datetime.fromtimestamp(number(given.get("expires_at"), "expires_at"), now.tzinfo)
        if not now + SHORTEST <= ends <= now + LONGEST:
            raise Fault(400, "parameter_invalid_integer", "`expires_at` must be 30 minutes to 24 hours from now.")
        for needed in ("line_items", "success_url", "mode"):
            if not given.get(needed):
                raise Fault(400, "parameter_missing", f"Missing required param: {needed}.")
        items = [_item(each) for each in given["line_items"]]
        total = sum(item["amount"] for item in items)
        if total < 50:
            raise Fault(
                400, "amount_too_small", "The Checkout Session's total amount must convert to at least 50 cents."
            )
        name = "cs_test_" + secrets.token_hex(16)
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": total,
            "currency": given["line_items"][0]["price_data"]["currency"],
            "payment_intent": None,
            "metadata": given.get("metadata") or {},
            "customer_email": given.get("customer_email"),
            "expires_at": int(ends.timestamp()),
            "success_url": given["success_url"],
            "cancel_url": given.get("cancel_url"),
            "livemode": False,
            "mode": given["mode"],
            "locale": given.get("locale"),
            "methods": given.get("allowed_payment_method_types"),
            "items": items,
            "intent": given.get("payment_intent_data") or {},
        }
        return self.sessions[name]

    def _seen(self, session: Object, given: Object) -> Object:
        intent = session["payment_intent"]
        if "payment_intent" not in (given.get("expand") or []) or intent is None:
            return session
        states = {"succeeded": "succeeded", "pending": "processing", "failed": "requires_payment_method"}
        status = states[self.charges[intent]["status"]]
        return session | {"payment_intent": {"id": intent, "object": "payment_intent", "status": status}}

    def _expire(self, session: Object) -> Object:
        if session["status"] != "open":
            message = f'Only Checkout Sessions with a status in ["open"] can be expired. It is {session["status"]}.'
            raise Fault(400, "checkout_session_not_open", message)
        self._close(session)
        return session

    def _close(self, session: Object) -> None:
        session["status"] = "expired"
        self.tell("checkout.session.expired", session)

    def pay(self, name: str, slow: bool) -> None:
        """Somebody pays on the page; with a slow way of paying the bank's answer comes by ``bank``."""
        session = self.session(name)
        if session["status"] != "open":
            return
        intent = "pi_" + secrets.token_hex(12)
        session |= {"status": "complete", "payment_intent": intent, "payment_status": "unpaid" if slow else "paid"}
        self.charges[intent] = {
            "id": "ch_" + secrets.token_hex(12),
            "object": "charge",
            "amount": session["amount_total"],
            "amount_refunded": 0,
            "currency": session["currency"],
            "payment_intent": intent,
            "metadata": session["intent"].get("metadata") or {},
            "status": "pending" if slow else "succeeded",
        }
        if not slow:
            self.tell("charge.succeeded", self.charges[intent])
        self.tell("checkout.session.completed", session)

    def bank(self, name: str, succeeded: bool) -> None:
        """The bank answers to a slow payment."""
        session = self.session(name)
        self.charges[session["payment_intent"]]["status"] = "succeeded" if succeeded else "failed"
        session["payment_status"] = "paid" if succeeded else "unpaid"
        self.tell(f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session)

    def _refund(self, given: Object) -> Object:
        charge = self.charges.get(given.get("payment_intent", ""))
        if charge is None or charge["status"] != "succeeded":
            raise Fault(404, "resource_missing", f"No such payment_intent: '{given.get('payment_intent')}'")
        if any(each["payment_intent"] == charge["payment_intent"] and each["taken"] for each in self.disputes.values()):
            raise Fault(400, "charge_disputed", f"Charge {charge['id']} has been charged back; cannot issue a refund.")
        left = charge["amount"] - charge["amount_refunded"]
        if not left:
            raise Fault(400, "charge_already_refunded", f"Charge {charge['id']} has already been refunded.")
        amount = number(given["amount"], "amount") if "amount" in given else left
        if not 0 < amount <= left:
            raise Fault(400, "parameter_invalid_integer", f"Refund amount is greater than unrefunded amount ({left}).")
        charge["amount_refunded"] += amount
        made = {
            "id": "re_" + secrets.token_hex(12),
            "object": "refund",
            "amount": amount,
            "currency": charge["currency"],
            "payment_intent": charge["payment_intent"],
            "metadata": given.get("metadata") or {},
            "status": "succeeded",
        }
        self.refunds.append(made)
        self.tell("charge.refunded", charge)
        return made

    def bounce(self, name: str) -> None:
        """A refund doesn't arrive."""
        made = next(each for each in self.refunds if each["id"] == name)
        made["status"] = "failed"
        self.charges[made["payment_intent"]]["amount_refunded"] -= made["amount"]
        self.tell("refund.failed", made)

    def dispute(self, intent: str, amount: int | None = None, inquiry: bool = False) -> str:
        """The payer's bank claims money back (all that is left), or first only asks; the dispute's name."""
        charge = self.charges[intent]
        name = "dp_" + secrets.token_hex(12)
        self.disputes[name] = {
            "id": name,
            "object": "dispute",
            "amount": amount or charge["amount"] - charge["amount_refunded"],
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": intent,
            "reason": "fraudulent",
            "status": "warning_needs_response" if inquiry else "needs_response",
            "taken": False,
        }
        self.tell("charge.dispute.created", self.disputes[name])
        if not inquiry:
            self._take(self.disputes[name])
        return name

    def _take(self, dispute: Object) -> None:
        dispute["taken"] = True
        self.tell("charge.dispute.funds_withdrawn", dispute)

    def decide(self, name: str, won: bool) -> None:
        """The dispute is won or lost; an inquiry ends without a word about money, or becomes a dispute."""
        dispute = self.disputes[name]
        if dispute["status"].startswith("warning"):
            dispute["status"] = "warning_closed" if won else "needs_response"
            if not won:
                self._take(dispute)
                return
        else:
            dispute["status"] = "won" if won else "lost"
        self.tell("charge.dispute.closed", dispute)
        if won and dispute["taken"]:
            dispute["taken"] = False
            self.tell("charge.dispute.funds_reinstated", dispute)


def _item(given: Object) -> Object:
    price = given.get("price_data") or {}
    cents, count = number(price.get("unit_amount"), "unit_amount"), number(given.get("quantity"), "quantity")
    label = (price.get("product_data") or {}).get("name")
    if not label or price.get("currency") != "eur":
        raise Fault(400, "parameter_missing", "Missing required param: line_items[0][price_data].")
    return {"label": label, "amount": cents * count}
