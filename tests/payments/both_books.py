"""Our books compared with those of others: Stripe's (as its stand-in keeps them) and the bank's statements."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.statements import BankEntry
from tests.payments.in_process import Provider

STATES = {"succeeded": "paid", "pending": "started", "failed": "failed"}


def compare_with_stripe(session: Session, provider: Provider) -> None:
    """Each of Stripe's charges is ours, to the cent, and nothing else counts as paid there."""
    charges = provider.books.charges
    for intent, charge in charges.items():
        payments = session.scalars(select(Payment).where(Payment.intent_id == intent)).all()
        assert {each.state for each in payments} <= {STATES[charge["status"]]}
        if charge["status"] == "failed":  # no money; its name may never have been told
            continue
        assert payments, "Stripe has money that nobody knows of here"
        assert sum(each.cents for each in payments) == charge["amount"]
        _compare_what_went(session, provider, intent)
    paid = session.scalars(select(Payment.intent_id).where(Payment.provider == "stripe", Payment.state == "paid"))
    assert set(paid) == {intent for intent, charge in charges.items() if charge["status"] == "succeeded"}


def _compare_what_went(session: Session, provider: Provider, intent: str) -> None:
    """What was given back of a charge, and what was taken from us by disputes."""
    disputes = (each for each in provider.books.disputes.values() if each["payment_intent"] == intent)
    of_it = Payment.intent_id == intent
    taken = select(func.coalesce(func.sum(Reversal.cents), 0)).join(Payment, Payment.id == Reversal.payment_id)
    assert session.scalar(taken.where(of_it)) == sum(each["amount"] for each in disputes if each["taken"])
    back = session.scalars(select(Refund).join(Payment, Payment.id == Refund.payment_id).where(of_it)).all()
    gone = provider.books.charges[intent]["amount_refunded"]
    done = sum(refund.cents for refund in back if refund.state == "done")
    if provider.crossed(intent):  # what we send may be refused then, and waits for a clerk
        assert done <= gone <= sum(refund.cents for refund in back)
    else:
        assert done == gone == sum(refund.cents for refund in back)


def compare_with_the_bank(session: Session) -> None:
    """Of each entry of a statement just its amount was booked, once; of one that was taken back, nothing."""
    gone = select(Reversal.payment_id, func.sum(Reversal.cents).label("cents")).group_by(Reversal.payment_id).subquery()
    left = func.sum(Payment.cents - func.coalesce(gone.c.cents, 0))
    booked = select(Payment.entry_id, left).outerjoin(gone, gone.c.payment_id == Payment.id).group_by(Payment.entry_id)
    sums = dict(session.execute(booked.where(Payment.entry_id.is_not(None))).all())
    for entry in session.scalars(select(BankEntry)):
        assert sums.get(entry.id, 0) == (entry.cents if entry.state == "matched" else 0)
