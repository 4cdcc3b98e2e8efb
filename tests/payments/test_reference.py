"""The Kassenzeichen is a creditor reference that banks accept, and no two charges have the same."""

import pytest

from buchbar.booking import lifecycle
from buchbar.payments import ledger
from buchbar.payments.reference import bare, genuine, grouped, reference
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at


@pytest.mark.parametrize("known", ["RF18 5390 0754 7034", "RF712348231", "RF45G72UUR"])
def test_references_that_others_made_are_genuine(known):
    assert genuine(known)


def test_a_reference_holds_the_number_and_finds_typing_errors():
    made = reference("HZ-7K3M-9QXB", 1)
    assert made[4:] == "HZ7K3M9QXB01" and len(made) <= 25 and genuine(made)
    assert genuine(grouped(made).lower()) and bare(grouped(made)) == made
    assert reference("HZ-7K3M-9QXB", 2) != made
    wrong = {made[:place] + sign + made[place + 1 :] for place in range(2, len(made)) for sign in "7X"} - {made}
    assert not any(map(genuine, wrong))


@pytest.mark.parametrize("typed", ["", "RF", "RF18", "HZ-7K3M-9QXB", "RF00" + "1" * 22])
def test_what_is_no_reference_is_not_genuine(typed):
    assert not genuine(typed)


def test_a_number_that_is_too_long_makes_none():
    with pytest.raises(ValueError, match="creditor reference"):
        reference("X" * 20, 1)


def test_each_charge_has_its_own(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    lifecycle.cancel(session, booking, NOW, CLERK)
    fees, forgiven = sorted(ledger.charges(session, booking.id), key=lambda charge: charge.reference[-2:])
    assert (fees.kind, forgiven.kind) == ("fees", "forgiven")
    assert fees.reference == reference(booking.number, 1) and forgiven.reference == reference(booking.number, 2)
    assert ledger.references(session, [booking.id]) == {booking.id: [fees.reference]}


def test_sums_of_many_are_those_of_each(session, cast):
    bookings = [confirmed(session, cast, slot_at(SATURDAY, 9)), confirmed(session, cast, slot_at(SATURDAY, 9, 45))]
    lifecycle.cancel(session, bookings[1], NOW, CLERK)
    ids = [booking.id for booking in bookings]
    assert ledger.accounts(session, ids) == {each: ledger.account(session, each) for each in ids}
    assert session.scalars(ledger.unpaid(cast.town.id)).all() == [ids[0]]
