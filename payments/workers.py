"""What jobs do for payments: work off the provider's messages, send refunds, close pages, ask what became of them."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.base.db import Database
from buchbar.base.settings import Settings
from buchbar.base.texts import _
from buchbar.notices.outbox import Hopeless, NotYet, Worker
from buchbar.payments import checkout, inbox, paying, refunds
from buchbar.payments.models import Payment
from buchbar.payments.ways import way_of

log = logging.getLogger("buchbar.payments")
# How many payments one round of asking takes, and how seldom an old one (a bank's debit) is asked about.
AT_ONCE = 20
SELDOM = timedelta(hours=6)
# What has happened just before we asked may be listed a little later, and two clocks are never quite one.
OVERLAP = timedelta(hours=1)


def send_refund(database: Database, refund_id: UUID, at: datetime) -> None:
    """Send a refund the way the money came. Raises NotYet, Hopeless."""
    with database.read() as session:
        refund = refunds.wanted(session, refund_id)
    if refund is None:
        return
    try:
        told = way_of(refund.payment).refund(database.info["settings"], refund)
    except checkout.ShutOut:
        raise  # an earlier attempt may have sent it, and nobody can say: it is tried again before a clerk repays it
    except Hopeless:
        with database.write() as session:
            refunds.failed(session, refund_id, "")
        raise
    if told.state == "waiting":
        return
    if told.state == "refused":
        raise NotYet("the payer's bank has the money: that message ends this refund (ledger.reverse)")
    with database.write() as session:
        if told.state == "refunded":
            refunds.taken_over(session, refund_id, told.object_id, at)
        else:
            refunds.failed(session, refund_id, told.object_id)
    if told.state == "refund_failed":
        raise Hopeless(_(inbox.FOR_A_CLERK["refund_failed"]))


def close_checkout(database: Database, payment_id: UUID, at: datetime) -> None:
    """Close a checkout page that nobody shall pay any more; what was paid on it in the meantime counts."""
    with database.read() as session:
        payment = session.get(Payment, payment_id)
    if payment is None or payment.state != "started" or not payment.checkout_id:
        return
    inbox.apply(database, way_of(payment).cancel(database.info["settings"], payment.checkout_id), at)


WORKERS: dict[str, Worker] = {
    "provider_event": inbox.work_off,
    "refund": send_refund,
    "close_checkout": close_checkout,
}


def catch_up(database: Database, now: datetime, settings: Settings, asked_at: datetime | None) -> int:
    """Take in what the provider had to tell since ``asked_at``, when that was last asked with success, and what of its
    messages got lost on the way; how much was new. None: since our first payment there, for it can tell of no other.

    Each message counts once by its id, however it came, so any number of processes may ask. Raises NotYet, Hopeless.
    """
    with database.read() as session:
        since = session.scalar(select(func.min(Payment.started_at)).where(Payment.provider == "stripe"))
    if since is None:
        return 0
    heard = checkout.heard(settings, max(since, asked_at or since) - OVERLAP)
    with database.write() as session:
        return sum(inbox.receive(session, message, now) for message in heard)


def poll(database: Database, now: datetime, settings: Settings) -> int:
    """Ask the provider about payments of which no message has come; how many are no longer open.

    Safe in any number of processes: whom one has asked about, the others leave alone for a while.
    """
    with database.write() as session:
        quiet = _due(session, now)
    ended = 0
    for payment in quiet:
        try:
            ended += _ask(database, payment, now, settings)
        except NotYet:
            break
        except Hopeless as fault:
            log.error("payment needs a clerk", extra={"payment": str(payment.id), "fault": str(fault)})
    return ended


def _due(session: Session, now: datetime) -> list[Payment]:
    """Take the payments whose turn it is, and set their next turn, later each time."""
    due = session.scalars(
        select(Payment)
        .where(Payment.state == "started", Payment.ask_at <= now)
        .order_by(Payment.ask_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for payment in due:
        payment.ask_at = now + min(max(paying.PATIENCE, (now - payment.started_at) / 2), SELDOM)
    return list(due)


def _ask(database: Database, payment: Payment, now: datetime, settings: Settings) -> int:
    if payment.checkout_id:
        told = way_of(payment).status(settings, payment.checkout_id)
        inbox.apply(database, told, now)
        return int(told.state in ("paid", "failed", "expired"))
    if payment.expires_at > now:
        return 0
    with database.write() as session:  # its page was never shown to anybody
        return paying.end(session, payment.id, "expired")
