"""A payment and a cancellation at the same moment, with real threads on real connections."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from buchbar.base.db import Database
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN, PROVIDER
from buchbar.booking.models import Booking
from buchbar.notices.models import Errand
from buchbar.notices.outbox import NotYet
from buchbar.payments import inbox, ledger, paying, refunds
from buchbar.payments.checkout import Told
from buchbar.payments.models import Payment, Refund
from tests.cast import ANNA_AND_BEN, NOW, SATURDAY, Couple, confirmed, slot_at

FEES = 17000
RACES = 40


def couple(number: int) -> Couple:
    return Couple("Anna", "Ben", f"paar{number}@example.org", "", 10, False, False, "")


def begun(database, town, couples):
    """So many couples, each with a reservation and a begun payment."""
    made = []
    with database.write() as session:
        for number in range(couples):
            start = slot_at(SATURDAY + timedelta(days=7 * (number // 4)), 9) + timedelta(minutes=45 * (number % 4))
            booking = confirmed(session, town, start, couple(number))
            payment = paying.begin(session, town.town.id, booking.id, NOW)
            payment.checkout_id = f"cs_{number}"
            made.append((booking.id, payment.checkout_id))
    return made


def paid(checkout_id: str) -> Told:
    return Told(state="paid", object_id=checkout_id, intent_id=f"pi_{checkout_id}", cents=FEES)


def pay(database: Database, checkout_id: str, after: float = 0) -> None:
    time.sleep(max(0, after))
    inbox.apply(database, paid(checkout_id), NOW)


def cancel(database: Database, booking_id, after: float = 0) -> None:
    time.sleep(max(0, after))
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, booking_id), NOW, CITIZEN)


def at_once(*acts) -> None:
    """Do things in threads of their own that begin together; what fails in one fails here."""
    together = threading.Barrier(len(acts))

    def begin(act):
        together.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(begin, act) for act in acts]:
            done.result()


def test_paying_and_cancelling_at_once_never_keeps_the_money(database, town):
    orders = set()
    for number, (booking_id, checkout_id) in enumerate(begun(database, town, RACES)):
        lead = 0.005 * (number % 9 - 4)  # so that each comes first now and then
        at_once(
            lambda c=checkout_id, late=-lead: pay(database, c, late),
            lambda b=booking_id, late=lead: cancel(database, b, late),
        )
        with database.read() as session:
            booking, sums = session.get_one(Booking, booking_id), ledger.account(session, booking_id)
            assert (booking.state, len(booking.claims)) == ("cancelled", 0)
            assert (sums.owed, sums.paid, sums.returned) == (0, FEES, FEES)
            refunds = session.query(Refund).filter_by(booking_id=booking_id).all()
            assert [refund.cents for refund in refunds] == [FEES]
            assert session.query(Errand).filter_by(kind="refund", subject_id=refunds[0].id).count() == 1
            orders.add(tuple(event.verb for event in booking.events if event.verb in ("pay", "cancel")))
    assert orders == {("pay", "cancel"), ("cancel", "pay")}


def test_one_payment_told_by_four_at_once_is_booked_once(database, town):
    for booking_id, checkout_id in begun(database, town, 8):
        at_once(*[lambda c=checkout_id: inbox.apply(database, paid(c), NOW)] * 4)
        with database.read() as session:
            sums = ledger.account(session, booking_id)
            assert (sums.owed, sums.paid, sums.returned) == (FEES, FEES, 0)
            verbs = [event.verb for event in session.get_one(Booking, booking_id).events]
            assert verbs.count("pay") == verbs.count("confirm") == 1


def test_two_clicks_at_once_begin_one_payment(database, town):
    with database.write() as session:
        booking_id = confirmed(session, town, slot_at(SATURDAY, 9), ANNA_AND_BEN).id

    def click():
        with database.write() as session:
            booking = session.get_one(Booking, booking_id)
            lifecycle.lock(session, booking)
            paying.begin(session, booking.municipality_id, booking_id, NOW)

    at_once(*[click] * 6)
    with database.read() as session:
        assert session.query(Payment).count() == 1


def test_a_refund_by_hand_told_while_the_couple_cancels(database, town):
    def tell(told):
        with suppress(NotYet):
            inbox.apply(database, told, NOW)

    for booking_id, checkout_id in begun(database, town, 8):
        inbox.apply(database, paid(checkout_id), NOW)
        by_hand = Told(state="refunded", object_id="ch_1", intent_id=f"pi_{checkout_id}", cents=5000)
        at_once(lambda told=by_hand: tell(told), lambda b=booking_id: cancel(database, b))
        for cents in (FEES, FEES - 5000):  # Stripe refuses to send more than was paid, and sends the rest
            with database.write() as session:
                ours = select(Refund).where(Refund.booking_id == booking_id, Refund.state == "wanted")
                if refund := session.scalar(ours.where(Refund.cents == cents)):
                    if cents == FEES:
                        refunds.failed(session, refund.id, "")
                    else:
                        refunds.taken_over(session, refund.id, refund.id.hex, NOW)
            inbox.apply(database, by_hand, NOW)
        inbox.apply(database, Told(state="refunded", intent_id=f"pi_{checkout_id}", cents=FEES), NOW)
        with database.read() as session:
            sums = ledger.account(session, booking_id)
            assert (sums.owed, sums.paid, sums.returned) == (0, FEES, FEES)
            found = session.scalars(select(Refund).where(Refund.booking_id == booking_id)).all()
            assert sorted((each.state, each.cents) for each in found) == [("done", 5000), ("done", FEES - 5000)]


def test_without_the_lock_a_cancelled_reservation_would_rise_again(database, town, monkeypatch):
    """The negative control: the payment looks at the booking, the couple cancels, the payment goes on."""
    if database.engine.dialect.name == "sqlite":  # there the file itself lets one write at a time
        with database.write() as first, database.engine.connect() as second:
            first.connection()
            second.exec_driver_sql("PRAGMA busy_timeout=50")
            second.exec_driver_sql("COMMIT")
            with pytest.raises(OperationalError, match="locked"):
                second.exec_driver_sql("BEGIN IMMEDIATE")
        return
    with database.write() as session:
        booking_id = confirmed(session, town, slot_at(SATURDAY, 9), ANNA_AND_BEN).id
        paying.begin(session, town.town.id, booking_id, NOW).checkout_id = "cs_1"

    def careless(session: Session, booking_id, at, book) -> None:
        booking = session.get_one(Booking, booking_id)
        threading.Thread(target=cancel, args=(database, booking_id)).run()
        cents = book()
        monkeypatch.setattr(lifecycle, "lock", lambda *_: None)
        lifecycle.pay(session, booking, at, PROVIDER, cents)

    monkeypatch.setitem(paying._upward, "paid", careless)
    monkeypatch.setattr(paying, "_locks", [lambda *_: None])
    inbox.apply(database, paid("cs_1"), NOW)
    with database.read() as session:
        booking = session.get_one(Booking, booking_id)
        assert (booking.state, len(booking.claims)) == ("confirmed", 0), "confirmed, and its place is free for others"
