"""What doesn't add up is found and named, with the place where to look; what adds up is no finding."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from buchbar.booking import lifecycle
from buchbar.payments import checks, ledger
from buchbar.payments.cash_book import CashDay, CashMove
from buchbar.payments.ledger import Line
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.statements import BankEntry, BankFile
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def booking(session, cast):
    return confirmed(session, cast, slot_at(SATURDAY, 9))


@pytest.fixture
def payment(session, booking):
    return pay(session, booking, NOW)


def refund(session, payment, cents):
    back = Refund(payment_id=payment.id, booking_id=payment.booking_id, cents=cents, reason="x", wanted_at=NOW)
    session.add(back)
    session.flush()
    return back


def reversal(session, payment, cents, key="x", kind="returned"):
    taken = Reversal(payment_id=payment.id, booking_id=payment.booking_id, cents=cents, key=key, kind=kind, at=NOW)
    session.add(taken)
    session.flush()
    return taken


def entry_of(session, cast, cents):
    """An entry of a bank's statement."""
    file = BankFile(
        id=uuid4(), municipality_id=cast.town.id, name="a.xml", digest="d", kind="053", imported_at=NOW, imported_by="x"
    )
    session.add(file)
    session.flush()
    entry = BankEntry(
        place=0,
        id=uuid4(),
        municipality_id=cast.town.id,
        file_id=file.id,
        key="k",
        booked_on=date(2026, 11, 23),
        cents=cents,
    )
    session.add(entry)
    session.flush()
    return entry


def only(session, cast):
    session.flush()
    (found,) = checks.findings(session, cast.town, LATER)
    return found


def test_a_life_as_it_should_be_gives_no_finding(session, cast, booking, payment):
    lifecycle.cancel(session, booking, NOW + timedelta(hours=1), CLERK)
    session.flush()
    assert checks.findings(session, cast.town, LATER) == []


def test_more_back_than_came_is_named_with_the_booking(session, cast, booking, payment):
    refund(session, payment, payment.cents - 100)
    reversal(session, payment, 300)
    found = only(session, cast)
    assert "mehr gegangen, als kam" in found.words
    assert "3,00" in found.words
    assert found.booking_id == booking.id


def test_exactly_all_back_is_fine(session, cast, payment):
    refund(session, payment, payment.cents - 300)
    reversal(session, payment, 300)
    assert checks.findings(session, cast.town, LATER) == []


def test_a_refund_of_money_that_never_came_is_named(session, cast, payment):
    payment.state, payment.settled_at = "failed", None
    refund(session, payment, 500)
    assert "mehr gegangen, als kam" in only(session, cast).words


def test_a_dispute_won_that_was_never_lost_is_named(session, cast, payment):
    reversal(session, payment, -300)
    assert "kam mehr zurück" in only(session, cast).words


def test_more_forgiven_than_charged_is_named(session, cast, booking):
    owed = ledger.account(session, booking.id).owed
    ledger.charge(session, booking, "forgiven", [Line("base", "zu viel", -owed - 150)], NOW)
    found = only(session, cast)
    assert "1,50" in found.words
    assert found.booking_id == booking.id


@pytest.mark.parametrize(("state", "settled"), [("paid", None), ("failed", NOW)])
def test_a_payment_whose_state_and_day_differ_is_named(session, cast, payment, state, settled):
    payment.state, payment.settled_at = state, settled
    assert only(session, cast).booking_id == payment.booking_id


@pytest.mark.parametrize("take", [refund, reversal])
def test_what_stands_in_another_booking_is_named(session, cast, payment, take):
    other = confirmed(session, cast, slot_at(SATURDAY, 11, 15))
    take(session, payment, 200).booking_id = other.id
    found = only(session, cast)
    assert "bei einer anderen Buchung" in found.words
    assert found.booking_id == payment.booking_id


def test_a_group_that_is_paid_in_part_is_named(session, cast, payment):
    other = confirmed(session, cast, slot_at(SATURDAY, 11, 15))
    part = Payment(
        municipality_id=cast.town.id,
        booking_id=other.id,
        cents=100,
        started_at=NOW,
        expires_at=LATER,
        together_id=payment.id,
    )
    session.add(part)
    assert only(session, cast).booking_id == other.id
    part.state, part.settled_at = "paid", NOW
    session.flush()
    assert checks.findings(session, cast.town, LATER) == []


def test_an_entry_with_which_another_amount_was_booked_is_named(session, cast, payment):
    entry = entry_of(session, cast, payment.cents + 1)
    payment.entry_id = entry.id
    found = only(session, cast)
    assert found.entry_id == entry.id
    reversal(session, payment, payment.cents, kind="undone")
    assert checks.findings(session, cast.town, LATER) == []


def test_a_gap_between_numbers_is_named(session, cast, booking):
    (fees,) = ledger.charges(session, booking.id)
    fees.numbered, fees.year, fees.serial = True, 2026, 2
    assert "eine Lücke: 1 Belege, letzte Nummer 2" in only(session, cast).words
    fees.serial = 1
    session.flush()
    assert checks.findings(session, cast.town, LATER) == []


def test_a_document_that_waits_for_its_number_is_named_after_an_hour(session, cast, booking):
    (fees,) = ledger.charges(session, booking.id)
    fees.numbered = True
    session.flush()
    assert checks.findings(session, cast.town, NOW + timedelta(minutes=59)) == []
    assert only(session, cast).booking_id == booking.id


def test_the_books_of_one_town_are_not_the_other_s(session, cast, payment):
    other = assemble(session, slug="vechta")
    refund(session, payment, payment.cents + 1)
    assert checks.findings(session, other.town, LATER) == []


def closed_day(session, cast, serial, opening, expected, counted, at):
    day = CashDay(
        municipality_id=cast.town.id,
        day=at.date(),
        serial=serial,
        opening=opening,
        expected=expected,
        counted=counted,
        closed_at=at,
        closed_by="Herr Groschen",
    )
    session.add(day)
    session.flush()
    return day


def test_a_closed_day_is_what_was_booked_in_cash(session, cast, payment):
    payment.provider = "cash"
    closed_day(session, cast, 1, 0, payment.cents, payment.cents, NOW + timedelta(hours=1))
    session.add(CashMove(municipality_id=cast.town.id, cents=-100, reason="Bank", at=LATER, by="Herr Groschen"))
    tomorrow = NOW + timedelta(days=1)
    left = payment.cents - 100
    closed_day(session, cast, 2, payment.cents, left, left, tomorrow)
    assert checks.findings(session, cast.town, tomorrow) == []


def test_a_closed_day_that_is_not_what_was_booked_is_named(session, cast, payment):
    payment.provider = "cash"
    closed_day(session, cast, 1, 0, payment.cents - 1, payment.cents - 1, NOW + timedelta(hours=1))
    assert "der Abschluss vom 23.11.2026" in only(session, cast).words


def test_a_day_that_does_not_begin_where_the_last_one_ended_is_named(session, cast):
    closed_day(session, cast, 1, 0, 0, 0, NOW)
    closed_day(session, cast, 2, 500, 500, 500, NOW + timedelta(days=1))
    found = checks.findings(session, cast.town, NOW + timedelta(days=1))
    assert "beginnt der 24.11.2026 mit einem anderen Betrag" in found[0].words
