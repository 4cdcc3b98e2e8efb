"""Stripe Checkout behind the four verbs of a way to pay (ways.py): start, status, cancel, refund.

The only file that imports stripe. The page where money is paid is Stripe's own; what becomes of it is told by signed
messages (``verify``) or by asking (``status``), never by the citizen's way back. Amounts are integer cents.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
import stripe
from stripe.params import EventListParams, RefundCreateParams, RefundListParams
from stripe.params.checkout import SessionCreateParams, SessionExpireParams, SessionRetrieveParams

from buchbar.base import texts
from buchbar.base.errors import Refused
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.notices.outbox import Hopeless, NotYet
from buchbar.payments.ledger import Line
from buchbar.payments.models import Payment, Refund

log = logging.getLogger("buchbar.payments")
CURRENCY = "eur"
LEAST = 50  # cents, below which Stripe takes no payment in euros
# XBezahldienste 1.0.0: purpose of at most 27 letters, digits, blanks and hyphens.
PURPOSE = re.compile(r"[\w\s-]{1,27}")
TOLERANCE = timedelta(minutes=5)  # how old a signed message may be, as Stripe's own libraries have it
SECONDS = (3.05, 8.0)  # to connect, and to answer
# The parameters that each call knows, for our stand-in; OPTIONS travel as headers instead.
SHAPES: dict[str, Any] = {
    "POST /v1/checkout/sessions": SessionCreateParams,
    "GET /v1/checkout/sessions": SessionRetrieveParams,
    "POST /v1/checkout/sessions/expire": SessionExpireParams,
    "POST /v1/refunds": RefundCreateParams,
    "GET /v1/refunds": RefundListParams,
    "GET /v1/events": EventListParams,
}
# Cards, and the bank's debit, which settles days later.
METHODS: list[Any] = ["card", "sepa_debit"]
PAGES = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
DISPUTES = frozenset(f"charge.dispute.{word}" for word in ("created", "closed", "funds_withdrawn", "funds_reinstated"))
# The kinds of messages that we have a use for, of which Stripe lists at most 20 at once.
KINDS = (*(f"checkout.session.{word}" for word in PAGES), "charge.refunded", "refund.failed", *sorted(DISPUTES))
OPTIONS = frozenset(stripe.RequestOptions.__annotations__)


class Unreachable(Refused):
    """The payment page can't be made now."""


class Outdated(Refused):
    """The same attempt was begun with other words before; a new attempt is needed."""


class Forged(Exception):
    """A message that the provider didn't sign, or signed too long ago."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says about one of its objects.

    ``state`` of a checkout: "open", "processing" (paid, the bank takes its days), "paid", "failed", "expired"; of a
    charge: "refunded" (``cents`` is all that has gone back so far); of a dispute: "inquiry" (no money has moved),
    "disputed" (``cents`` are gone), "dispute_won" (they are back), "dispute_lost"; of a refund: "refunded",
    "refund_failed", "refused" (the payer's bank has the money), "waiting" (for somebody at the desk). ``payment_id`` is
    our own id, as we had given it to the provider; empty for what isn't ours.
    """

    state: str
    object_id: str = ""
    payment_id: str = ""
    intent_id: str = ""
    cents: int = 0
    currency: str = CURRENCY


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message from the provider, genuine; ``told`` is None for kinds that we have no use for."""

    event_id: str
    kind: str
    told: Told | None


def start(
    settings: Settings, payment: Payment, *, cents: int, purpose: str, lines: list[Line], return_url: str, email: str
) -> tuple[str, str]:
    """Make the page where ``cents`` are paid; its id and address. Asked again for the same payment: the same page.

    ``lines`` are shown one by one if they are what is paid. Raises Unreachable, or Outdated for a payment that was
    started with other words before.
    """
    if not PURPOSE.fullmatch(purpose):
        raise ValueError("the purpose has 1 to 27 letters, digits, blanks and hyphens")
    parameters: SessionCreateParams = {
        "mode": "payment",
        "allowed_payment_method_types": METHODS,
        "locale": "en" if texts.language.get() == "en" else "de",
        "line_items": [_item(line) for line in _shown(lines, cents)],
        "payment_intent_data": {"description": purpose, "metadata": {"payment_id": str(payment.id)}},
        "metadata": {"payment_id": str(payment.id)},
        "expires_at": int(payment.expires_at.timestamp()),
        "success_url": f"{return_url}?zahlung=danke",
        "cancel_url": f"{return_url}?zahlung=abgebrochen",
    }
    if email:
        parameters["customer_email"] = email
    try:
        made = _client(settings).v1.checkout.sessions.create(parameters, {"idempotency_key": f"payment-{payment.id}"})
    except stripe.IdempotencyError:
        raise Outdated(_("Bitte wählen Sie noch einmal „Bezahlen“.")) from None
    except REFUSALS as fault:
        log.error("no checkout page", extra=_described(fault))
        raise Unreachable(
            _(
                "Online bezahlen geht hier zurzeit nicht. Es wurde nichts abgebucht. "
                "Bitte bezahlen Sie auf einem anderen Weg oder wenden Sie sich an das Amt."
            )
        ) from fault
    except stripe.StripeError as fault:
        log.error("no checkout page", extra=_described(fault))
        raise Unreachable(
            _(
                "Die Zahlungsseite ist gerade nicht erreichbar. Es wurde nichts abgebucht. "
                "Bitte versuchen Sie es in einigen Minuten noch einmal."
            )
        ) from fault
    return made.id, made.url or ""


def status(settings: Settings, checkout_id: str) -> Told:
    """What has become of a checkout page; "failed" for one that the provider doesn't know. Raises NotYet, Hopeless."""
    try:
        with _faults():
            found = _client(settings).v1.checkout.sessions.retrieve(checkout_id, {"expand": ["payment_intent"]})
    except UnknownObject:
        return Told(state="failed", object_id=checkout_id)
    return _of_checkout(found.to_dict())


def cancel(settings: Settings, checkout_id: str) -> Told:
    """Close a checkout page, if it is still open; what has become of it. Raises NotYet, Hopeless."""
    try:
        with _faults():
            sessions, key = _client(settings).v1.checkout.sessions, f"close-{checkout_id}"
            return _of_checkout(sessions.expire(checkout_id, {}, {"idempotency_key": key}).to_dict())
    except Hopeless:  # it isn't open any more
        return status(settings, checkout_id)


def refund(settings: Settings, wanted: Refund) -> Told:
    """Send money back the way it came, once: the provider forgets idempotency keys after a day, so it is asked first
    whether this refund has been made already. Raises NotYet, Hopeless."""
    intent_id = wanted.payment.intent_id
    if not intent_id:
        raise Hopeless(_("Zu dieser Zahlung ist keine Nummer von Stripe bekannt. Bitte auf anderem Weg erstatten."))
    refunds = _client(settings).v1.refunds
    try:
        with _faults():
            known = refunds.list({"payment_intent": intent_id, "limit": 100}).to_dict()["data"]
            made = next((each for each in known if each["metadata"].get("refund_id") == str(wanted.id)), None)
            if made is None:
                parameters: RefundCreateParams = {
                    "payment_intent": intent_id,
                    "amount": wanted.cents,
                    "metadata": {"refund_id": str(wanted.id)},
                }
                made = refunds.create(parameters, {"idempotency_key": f"refund-{wanted.id}"}).to_dict()
    except AlreadyRefunded:
        return Told(state="refunded", intent_id=intent_id, cents=wanted.cents)
    except Disputed:
        return Told(state="refused", intent_id=intent_id, cents=wanted.cents)
    return _of_refund(made)


def verify(payload: bytes, signature: str, secret: str, now: datetime) -> Message:
    """Read a signed message from the provider. Raises Forged.

    The SDK checks the signature. How old it is, is checked here, against our own clock: the SDK reads the machine's.
    """
    try:
        stripe.WebhookSignature.verify_header(payload, signature, secret)
        signed_at = int(re.findall(r"(?:^|,)t=(\d+)", signature)[0])
        event = msgspec.json.decode(payload, type=dict[str, Any])
    except (stripe.SignatureVerificationError, ValueError, TypeError, IndexError) as fault:
        raise Forged(type(fault).__name__) from None
    if now.timestamp() - signed_at > TOLERANCE.total_seconds():
        raise Forged("too old")
    return _message(event)


def heard(settings: Settings, since: datetime) -> list[Message]:
    """All that the provider has had to tell since then (it remembers 30 days), the oldest first, whether or not it came
    as a signed message. Raises NotYet, Hopeless."""
    wanted: EventListParams = {"types": list(KINDS), "created": {"gte": int(since.timestamp())}, "limit": 100}
    with _faults():
        listed = _client(settings).v1.events.list(wanted).auto_paging_iter()
        return [_message(event.to_dict()) for event in listed][::-1]


def _message(event: Mapping[str, Any]) -> Message:
    return Message(event_id=event["id"], kind=event["type"], told=_told(event["type"], event["data"]["object"]))


def _told(kind: str, about: dict[str, Any]) -> Told | None:
    if kind == "checkout.session.async_payment_failed":
        return msgspec.structs.replace(_of_checkout(about), state="failed")
    if kind.removeprefix("checkout.session.") in PAGES:
        return _of_checkout(about)
    if kind == "charge.refunded":
        return Told(
            state="refunded",
            object_id=about["id"],
            payment_id=about["metadata"].get("payment_id", ""),
            intent_id=about["payment_intent"] or "",
            cents=about["amount_refunded"],
            currency=about["currency"],
        )
    if kind in DISPUTES and (state := _state_of_dispute(kind, about["status"])):
        return Told(
            state=state,
            object_id=about["id"],
            intent_id=about["payment_intent"] or "",
            cents=about["amount"],
            currency=about["currency"],
        )
    if kind == "refund.failed":
        return _of_refund(about)
    return None


def _state_of_dispute(kind: str, status: str) -> str | None:
    """What a message about a dispute means; None where nothing follows. An inquiry ("warning_…") takes no money."""
    if kind == "charge.dispute.funds_withdrawn":
        return "disputed"
    if kind == "charge.dispute.funds_reinstated":
        return "dispute_won"
    if kind == "charge.dispute.created":
        return "inquiry" if status.startswith("warning") else "disputed"
    return {"won": "dispute_won", "lost": "dispute_lost"}.get(status)


def _of_checkout(session: Mapping[str, Any]) -> Told:
    intent = session.get("payment_intent") or ""
    state = session["status"]
    if session["payment_status"] == "paid":
        state = "paid"
    elif state == "complete":
        refused = isinstance(intent, dict) and intent["status"] in ("requires_payment_method", "canceled")
        state = "failed" if refused else "processing"
    return Told(
        state=state,
        object_id=session["id"],
        payment_id=(session.get("metadata") or {}).get("payment_id", ""),
        intent_id=intent["id"] if isinstance(intent, dict) else intent,
        cents=session["amount_total"] or 0,
        currency=session["currency"] or "",
    )


def _of_refund(made: Mapping[str, Any]) -> Told:
    state = "refund_failed" if made["status"] in ("failed", "canceled") else "refunded"
    return Told(state=state, object_id=made["id"], intent_id=made["payment_intent"] or "", cents=made["amount"])


def _shown(lines: list[Line], cents: int) -> list[Line]:
    """The lines themselves, if they are what is paid and can be shown: Stripe knows no negative ones."""
    if lines and len(lines) <= 100 and all(line.cents > 0 for line in lines) and sum(x.cents for x in lines) == cents:
        return lines
    return [Line("open", _("Offener Betrag"), cents)]


def _item(line: Line) -> Any:
    product = {"name": line.label}
    return {"quantity": 1, "price_data": {"currency": CURRENCY, "unit_amount": line.cents, "product_data": product}}


class UnknownObject(Hopeless):
    """The provider has no such object."""


class AlreadyRefunded(Hopeless):
    """All of the payment has gone back already, by a hand in the provider's dashboard."""


class Disputed(Hopeless):
    """The payer's bank has claimed the payment back: as long as that isn't decided, nothing can go back."""


class ShutOut(Hopeless):
    """The provider doesn't let us in: our key isn't valid (any more), or the account is closed."""


# What doesn't get better by asking again.
REFUSALS = (
    stripe.InvalidRequestError,
    stripe.IdempotencyError,
    stripe.CardError,
    stripe.AuthenticationError,
    stripe.PermissionError,
)


@contextmanager
def _faults() -> Iterator[None]:
    """What goes wrong at the provider becomes what the outbox knows: NotYet or Hopeless."""
    try:
        yield
    except REFUSALS as fault:
        log.error("refused by Stripe", extra=_described(fault))
        if isinstance(fault, stripe.AuthenticationError | stripe.PermissionError):
            raise ShutOut(
                _(
                    "Stripe lässt die Stadt nicht zu: Der Schlüssel gilt nicht mehr, oder das Konto ist gesperrt. "
                    "Bitte lassen Sie das in Ordnung bringen und versuchen Sie es dann noch einmal."
                )
            ) from fault
        kinds = {
            "resource_missing": UnknownObject,
            "charge_already_refunded": AlreadyRefunded,
            "charge_disputed": Disputed,
        }
        raise kinds.get(fault.code or "", Hopeless)(f"Stripe: {fault.code or type(fault).__name__}") from fault
    except stripe.StripeError as fault:
        log.warning("Stripe doesn't answer", extra=_described(fault))
        raise NotYet(f"Stripe: {fault.code or type(fault).__name__}") from fault


def _described(fault: stripe.StripeError) -> dict[str, str]:
    """For the log; messages may hold addresses, so they stay out."""
    return {"fault": type(fault).__name__, "code": fault.code or "", "stripe_request": fault.request_id or ""}


def _client(settings: Settings) -> stripe.StripeClient:
    return _client_for(settings.stripe_key, settings.stripe_url)


@lru_cache(maxsize=8)
def _client_for(key: str, url: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        base_addresses={"api": url} if url else None,
        http_client=stripe.RequestsClient(timeout=SECONDS),
        max_network_retries=1,
    )
