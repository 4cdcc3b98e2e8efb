"""What the stand-in for Stripe has to know again: it forgets all when it ends, and the demonstration's past never was
in its books. Else nothing of it could be given back."""

from secrets import token_hex
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from buchbar.payments.models import Payment, Refund


def remember(charges: dict[str, dict[str, Any]], session: Session) -> None:
    """Enter into the stand-in's ``charges`` what was paid through it, and what of that went back."""
    ours = Payment.provider == "stripe", Payment.state == "paid", Payment.intent_id.is_not(None)
    paid = _by_intent(select(Payment.intent_id, func.sum(Payment.cents)).where(*ours), session)
    went = select(Payment.intent_id, func.sum(Refund.cents)).join(Refund, Refund.payment_id == Payment.id)
    back = _by_intent(went.where(*ours, Refund.state == "done"), session)
    for intent, cents in paid.items():
        charges[intent] = {
            "id": f"ch_{token_hex(12)}",
            "object": "charge",
            "amount": cents,
            "amount_refunded": back.get(intent, 0),
            "currency": "eur",
            "payment_intent": intent,
            "metadata": {},
            "status": "succeeded",
        }


def _by_intent(sums: Select[Any, Any], session: Session) -> dict[str, int]:
    return {intent: int(cents) for intent, cents in session.execute(sums.group_by(Payment.intent_id))}
