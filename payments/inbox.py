"""Messages from the payment provider: stored once, answered at once, worked off afterwards.

They may come doubled, late, in any order, or for things that aren't ours; what they say is applied once.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buchbar.base.db import Database, insert
from buchbar.base.texts import N_, _
from buchbar.notices import outbox
from buchbar.notices.outbox import Hopeless, NotYet
from buchbar.payments import disputes, paying, refunds
from buchbar.payments.checkout import Message, Told
from buchbar.payments.models import Payment, ProviderEvent

# What no program can put right: it is written down, and then a clerk has to look at it.
FOR_A_CLERK = {
    "disputed": N_("Die Bank hat eine Zahlung zurückgefordert. Bitte bei Stripe nachsehen."),
    "dispute_lost": N_("Eine Rückforderung der Bank ist endgültig: Das Geld ist weg, die Gebühr wieder offen."),
    "inquiry": N_("Die Bank fragt zu einer Zahlung nach. Bitte bei Stripe antworten, sonst fordert sie sie zurück."),
    "refund_failed": N_("Eine Erstattung ist nicht angekommen. Bitte auf anderem Weg erstatten."),
}


def receive(session: Session, message: Message, at: datetime) -> bool:
    """Store a message that we have a use for, once by its id; whether it was new."""
    if message.told is None:
        return False
    errand_id = uuid4()
    stored = session.execute(
        insert(session, ProviderEvent)
        .values(
            event_id=message.event_id,
            errand_id=errand_id,
            kind=message.kind,
            object_id=message.told.object_id,
            body=msgspec.json.encode(message.told).decode(),
            received_at=at,
        )
        .on_conflict_do_nothing()
        .returning(ProviderEvent.event_id)
    ).first()
    if stored is None:
        return False
    outbox.send(session, "provider_event", errand_id, at)
    return True


def work_off(database: Database, errand_id: UUID, at: datetime) -> None:
    """Do what a message asks for. Raises NotYet (it came before another), Hopeless (a clerk has to look)."""
    with database.write() as session:
        event = session.scalar(select(ProviderEvent).where(ProviderEvent.errand_id == errand_id))
        if event is None or event.done_at:
            return
        told = msgspec.json.decode(event.body, type=Told)
        about = paying.about(session, told)
        if about is None and paying.may_come(session, told, event.received_at):
            raise NotYet("of a payment that isn't known yet: the messages come out of order")
        event.payment_id = about.id if about else None  # so that the right town hears of it, whatever comes of it
    ours = apply(database, told, at)
    with database.write() as session:
        session.execute(update(ProviderEvent).where(ProviderEvent.errand_id == errand_id).values(done_at=at))
    if ours and told.state in FOR_A_CLERK:
        raise Hopeless(_(FOR_A_CLERK[told.state]))


def apply(database: Database, told: Told, at: datetime) -> bool:
    """Bring the books to what the provider says, in one transaction; a second time changes nothing. False if it
    speaks of somebody else's payment."""
    with database.write() as session:
        payment = paying.about(session, told)
        if payment is None:
            return False
        payments = paying.together(session, payment)
        paying.lock(session, payments)
        with paying.at_once(session):
            _write_down(session, payment, payments, told, at)
    return True


def _write_down(session: Session, payment: Payment, payments: list[Payment], told: Told, at: datetime) -> None:
    """What the provider says of ``payment`` and those that were begun as one with it; their bookings are locked."""
    if told.state == "paid":
        _each("paid", session, payments, at, lambda each: paying.settle(session, each.id, told, at))
    elif told.state == "processing":
        _each("underway", session, payments, at, lambda each: paying.on_its_way(session, each.id, told.intent_id))
    elif told.state == "failed" and told.intent_id:  # the bank had it
        _each("unpaid", session, payments, at, lambda each: paying.refused(session, each.id))
    elif told.state in ("failed", "expired"):
        paying.end(session, payment.id, told.state)
    elif told.state == "refunded":
        for each, cents in refunds.gone(session, payments, told.cents):
            book = partial(refunds.noticed, session, each.id, cents, at)
            paying.upward("refunded")(session, each.booking_id, at, book)
    elif told.state == "refund_failed":
        refunds.bounced(session, payments, told.object_id, told.cents, at)
    elif told.state in ("disputed", "dispute_lost"):
        disputes.taken(session, payments, told.object_id, told.cents, at)
    elif told.state == "dispute_won":
        disputes.came_back(session, payments, told.object_id, told.cents, at)


def _each(what: str, session: Session, payments: list[Payment], at: datetime, book: Callable[[Payment], int]) -> None:
    for payment in payments:
        paying.upward(what)(session, payment.booking_id, at, partial(book, payment))
