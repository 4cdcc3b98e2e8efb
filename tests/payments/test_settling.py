"""Whatever a booking's charges and payments are, each cent of them is explained."""

from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from buchbar.payments import ledger
from buchbar.payments.ledger import Account, Line
from buchbar.payments.models import Refund
from buchbar.payments.settling import Claim, settle, settlements
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, confirmed, slot_at
from tests.payments.explained import agrees

CENTS = st.integers(0, 50_000)


def claims(*cents: int | tuple[int, int]) -> list[Claim]:
    """Charges by their number; a pair is a credit note and the number of what it corrects."""
    pairs = [each if isinstance(each, tuple) else (each, None) for each in cents]
    return [Claim(UUID(int=n), amount, None if of is None else UUID(int=of)) for n, (amount, of) in enumerate(pairs)]


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[Claim], int, int, int]:
    """Charges and credit notes in any order, and money of which not more goes than came."""
    amounts = draw(st.lists(st.integers(-30_000, 50_000), max_size=6))
    pairs = [(amount, draw(st.none() | st.integers(0, len(amounts) - 1)) if amount < 0 else None) for amount in amounts]
    paid = draw(CENTS)
    reversed_ = draw(st.integers(0, paid))
    return claims(*pairs), paid, reversed_, draw(st.integers(0, paid - reversed_))


def account_of(made: list[Claim], paid: int, reversed_: int, returned: int) -> Account:
    return Account(owed=sum(claim.cents for claim in made), paid=paid, returned=returned, reversed=reversed_)


@given(accounts())
def test_it_always_adds_up(given_account):
    settlement, sums = settle(*given_account), account_of(*given_account)
    assert agrees(settlement, sums)
    assert (settlement.open, settlement.surplus) == (sums.open, sums.surplus)


@given(accounts())
def test_no_charge_is_paid_beyond_itself_and_nothing_is_below_zero(given_account):
    settlement = settle(*given_account)
    for each in settlement.charges:
        assert 0 <= each.credited <= each.charged
        assert 0 <= each.paid <= each.charged
        assert 0 <= each.open <= each.due
        assert min(each.reversed, each.returned) >= 0
    beyond = settlement.beyond
    assert min(beyond.credited, beyond.paid, beyond.reversed, beyond.returned, beyond.balance) >= 0


@given(accounts())
def test_a_surplus_is_named_only_where_nothing_is_open(given_account):
    settlement = settle(*given_account)
    assert not (settlement.beyond.balance and any(each.open for each in settlement.charges))


@given(accounts())
def test_the_oldest_is_paid_first(given_account):
    opens = [each for each in settle(*given_account).charges if each.due]
    first = next((number for number, each in enumerate(opens) if each.open), len(opens))
    assert all(each.open == each.due for each in opens[first + 1 :])


@given(accounts(), st.integers(1, 90_000))
def test_more_that_went_than_ever_came_is_named(given_account, too_much):
    made, paid, reversed_, _returned = given_account
    returned = paid - reversed_ + too_much
    settlement = settle(made, paid, reversed_, returned)
    assert agrees(settlement, account_of(made, paid, reversed_, returned))
    assert settlement.beyond.balance - settlement.beyond.credited == -too_much
    assert settlement.open == account_of(made, paid, reversed_, returned).open


def test_a_credit_note_lowers_what_it_corrects():
    first, second = settle(claims(6000, 4000, (-1000, 0)), 0, 0, 0).charges
    assert (first.credited, first.open, second.open) == (1000, 5000, 4000)


def test_a_credit_note_without_a_charge_lowers_the_newest_before_it():
    first, second, third = settle(claims(6000, 4000, -5000, 3000), 0, 0, 0).charges
    assert (first.credited, second.credited, third.credited) == (1000, 4000, 0)


def test_a_cancellation_with_a_part_back_is_explained_at_the_charge():
    (fees,) = settle(claims(10_000, (-6700, 0)), 10_000, 0, 6700).charges
    assert (fees.charged, fees.credited, fees.paid, fees.returned, fees.open) == (10_000, 6700, 10_000, 6700, 0)


def test_a_debit_that_the_bank_took_back_leaves_its_charge_open():
    (fees,) = settle(claims(10_000), 10_000, 10_000, 0).charges
    assert (fees.paid, fees.reversed, fees.open) == (10_000, 10_000, 10_000)


def test_what_was_paid_twice_is_named_until_it_has_gone_back():
    settlement = settle(claims(10_000), 20_000, 0, 0)
    assert (settlement.charges[0].paid, settlement.beyond.paid, settlement.surplus) == (10_000, 10_000, 10_000)
    settlement = settle(claims(10_000), 20_000, 0, 10_000)
    assert (settlement.charges[0].paid, settlement.beyond.balance, settlement.surplus) == (10_000, 0, 0)


def test_a_booking_of_the_house_is_settled_as_its_account_says(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    pay(session, booking, NOW)
    fees = ledger.charges(session, booking.id)[0]
    ledger.charge(session, booking, "forgiven", [Line("base", "Nachlass", -2500)], NOW + timedelta(hours=1))
    ledger.give_back_surplus(session, booking.id, NOW + timedelta(hours=1), "forgiven")
    settlement = settlements(session, [booking.id, uuid4()])[booking.id]
    assert agrees(settlement, ledger.account(session, booking.id))
    (of_fees,) = settlement.charges
    assert of_fees.id == fees.id
    assert (of_fees.credited, of_fees.returned, of_fees.open) == (2500, 2500, 0)
    assert session.query(Refund).one().cents == 2500
