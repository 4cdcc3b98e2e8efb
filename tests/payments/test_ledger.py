"""What was paid and then taken from us again."""

from sqlalchemy import select

from buchbar.booking import lifecycle
from buchbar.booking.events import PROVIDER
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN as COUPLE
from tests.cast import NOW, SATURDAY, confirmed, slot_at


def test_a_returned_payment_is_open_again_and_is_booked_once(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9), COUPLE, NOW)
    payment = pay(session, booking, NOW)
    owed = ledger.account(session, booking.id).owed
    assert owed and not ledger.account(session, booking.id).open
    assert ledger.reverse(session, payment, "returned", "entry 1", owed, NOW, reason="MD01") == owed
    assert ledger.reverse(session, payment, "returned", "entry 1", owed, NOW) == 0
    assert ledger.account(session, booking.id) == ledger.Account(owed, owed, 0, owed)
    assert ledger.account(session, booking.id).open == owed
    assert ledger.accounts(session, [booking.id])[booking.id].open == owed
    assert booking.id in session.scalars(ledger.unpaid(booking.municipality_id)).all()


def test_what_was_taken_from_us_is_not_given_back_as_well(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9), COUPLE, NOW)
    payment = pay(session, booking, NOW)
    ledger.reverse(session, payment, "disputed", "dp_1", payment.cents - 100, NOW)
    assert ledger.left_of(session, payment) == 100
    ledger.charge(session, booking, "forgiven", ledger.share_of(session, booking.id, 100), NOW)
    assert ledger.give_back_surplus(session, booking.id, NOW, "cancelled") == 100


def test_a_dispute_that_was_won_pays_again(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9), COUPLE, NOW)
    payment = pay(session, booking, NOW)
    ledger.reverse(session, payment, "disputed", "dp_1:out", payment.cents, NOW)
    ledger.reverse(session, payment, "disputed", "dp_1:in", -payment.cents, NOW)
    assert not ledger.account(session, booking.id).open and not ledger.account(session, booking.id).surplus


def test_a_payment_that_the_bank_takes_back_is_told_and_the_date_stays(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9), COUPLE, NOW)
    payment = pay(session, booking, NOW)
    state = booking.state
    ledger.reverse(session, payment, "returned", "entry 1", payment.cents, NOW)
    lifecycle.lose(session, booking, NOW, PROVIDER, payment.cents)
    assert booking.state == state and booking.events[-1].verb == "lose"
    letter = session.scalars(select(Letter).where(Letter.booking_id == booking.id, Letter.kind == "lost")).one()
    assert "ist zurückgegangen" in letter.text and "noch einmal" in letter.text
