"""Every way to pay has the four verbs of XBezahldienste 1.0.0: start, status, cancel, refund.

A provider brings them as a module (``checkout``: Stripe) and is entered here: who starts a payment or sends a refund
doesn't ask which way it is. What only Stripe has (pages that close, messages, what is asked for afterwards) is known
where that is done: paying, inbox, workers, routes. What became of a payment is asked for or told by signed messages;
that somebody comes back from a page proves nothing.
"""

from collections.abc import Mapping
from typing import Protocol

from buchbar.base.settings import Settings
from buchbar.payments import checkout
from buchbar.payments.checkout import Told
from buchbar.payments.ledger import Line
from buchbar.payments.models import Payment, Refund


class Way(Protocol):
    """One way to pay. Each verb done twice is done once. Raises NotYet, Hopeless; ``start`` Unreachable, Outdated."""

    def start(
        self,
        settings: Settings,
        payment: Payment,
        /,
        *,
        cents: int,
        purpose: str,
        lines: list[Line],
        return_url: str,
        email: str,
    ) -> tuple[str, str]:
        """Where ``cents`` are paid: the provider's id for it, and the address."""

    def status(self, settings: Settings, checkout_id: str, /) -> Told:
        """What has become of it."""

    def cancel(self, settings: Settings, checkout_id: str, /) -> Told:
        """Close it, if it is still open; what has become of it."""

    def refund(self, settings: Settings, wanted: Refund, /) -> Told:
        """Send money back the way it came; "waiting": somebody at the desk has to do it."""


class AtTheTown:
    """Transfer, direct debit, counter: no provider stands between. The money comes to the town's own account or till,
    and the statement or the cashier says so; it goes back in the cashier's next file, or over the counter."""

    def start(
        self,
        settings: Settings,
        payment: Payment,
        /,
        *,
        cents: int,
        purpose: str,
        lines: list[Line],
        return_url: str,
        email: str,
    ) -> tuple[str, str]:
        """The page with the bank details and the counter's hours."""
        return "", f"{return_url}/zahlung"

    def status(self, settings: Settings, checkout_id: str, /) -> Told:
        """Open until the statement or the cashier says otherwise."""
        return Told(state="open", object_id=checkout_id)

    def cancel(self, settings: Settings, checkout_id: str, /) -> Told:
        """Nothing to close: who pays all the same gets it back."""
        return Told(state="open", object_id=checkout_id)

    def refund(self, settings: Settings, wanted: Refund, /) -> Told:
        """The cashier gives it back."""
        return Told(state="waiting", cents=wanted.cents)


_at_the_town = AtTheTown()
WAYS: Mapping[str, Way] = {
    "stripe": checkout,
    "transfer": _at_the_town,
    "debit": _at_the_town,
    "cash": _at_the_town,
    "terminal": _at_the_town,
}


def way_of(payment: Payment) -> Way:
    """The way on which a payment was begun, or came."""
    return WAYS[payment.provider]
