"""The statement of a month: each balance leads to the next, by what moved, whatever that was."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buchbar.payments import books, ledger
from buchbar.payments.ledger import Line
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.refunds import BY_HAND
from tests.cast import NOW, SATURDAY, assemble, confirmed, slot_at

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)
IN_DECEMBER = datetime(2026, 12, 10, 12, tzinfo=UTC)
IN_JANUARY = datetime(2027, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def booking(session, cast):
    """Fees of 110 + 60 + 80 euros on 23 November."""
    return confirmed(session, cast, slot_at(SATURDAY, 9))


def paid(session, booking, cents, at, provider="stripe"):
    payment = Payment(
        id=uuid4(),
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        cents=cents,
        state="paid",
        provider=provider,
        started_at=at,
        expires_at=at,
        settled_at=at,
    )
    session.add(payment)
    session.flush()
    return payment


def back(session, payment, cents, at, **more):
    more = {"state": "done", "done_at": at, "reason": "x"} | more
    refund = Refund(payment_id=payment.id, booking_id=payment.booking_id, cents=cents, wanted_at=at, **more)
    session.add(refund)
    session.flush()


def taken(session, payment, cents, at):
    kept = {"payment_id": payment.id, "booking_id": payment.booking_id, "cents": cents, "at": at}
    session.add(Reversal(**kept, key=str(uuid4()), kind="returned"))
    session.flush()


def test_a_month_without_anything(session, cast):
    empty = books.statement(session, cast.town, NOVEMBER)
    assert (empty.opening, empty.closing, empty.open, empty.surplus) == (0, 0, 0, 0)
    assert empty.adds_up
    assert books.first_month(session, cast.town) is None


def test_owed_in_november_paid_in_december_and_half_back_in_january(session, cast, booking):
    owed = ledger.account(session, booking.id).owed
    payment = paid(session, booking, owed, IN_DECEMBER, "transfer")
    ledger.charge(session, booking, "forgiven", [Line("base", "Storno", -1000)], IN_JANUARY)
    back(session, payment, 1000, IN_JANUARY)
    november, december, january = (books.statement(session, cast.town, each) for each in (NOVEMBER, DECEMBER, JANUARY))
    assert (november.opening, november.moved.charged, november.closing, november.open) == (0, owed, owed, owed)
    assert (december.opening, december.moved.received, december.closing) == (owed, {"transfer": owed}, 0)
    assert (january.moved.credited, january.moved.returned, january.closing) == (1000, {"transfer": 1000}, 0)
    assert november.adds_up
    assert december.adds_up
    assert january.adds_up
    assert books.first_month(session, cast.town) == NOVEMBER


def test_money_that_waits_to_go_back_is_a_surplus_until_it_has_gone(session, cast, booking):
    owed = ledger.account(session, booking.id).owed
    payment = paid(session, booking, owed + 500, NOW)
    back(session, payment, 500, NOW, state="wanted", done_at=None)
    november = books.statement(session, cast.town, NOVEMBER)
    assert (november.open, november.surplus, november.closing) == (0, 500, -500)
    assert november.adds_up


def test_one_booking_s_surplus_does_not_hide_what_another_owes(session, cast, booking):
    other = confirmed(session, cast, slot_at(SATURDAY, 11, 15))
    owed = ledger.account(session, other.id).owed
    paid(session, booking, ledger.account(session, booking.id).owed + 300, NOW)
    november = books.statement(session, cast.town, NOVEMBER)
    assert (november.open, november.surplus) == (owed, 300)
    assert november.adds_up


def test_each_way_has_its_own_sum(session, cast, booking):
    card = paid(session, booking, 700, NOW)
    cash = paid(session, booking, 300, NOW, "cash")
    back(session, card, 200, NOW, reason=BY_HAND)
    back(session, card, 100, NOW)
    back(session, cash, 50, NOW, paid_out_by="Herr Groschen")
    taken(session, card, 150, NOW)
    moved = books.statement(session, cast.town, NOVEMBER).moved
    assert moved.received == {"stripe": 700, "cash": 300}
    assert moved.returned == {"hand": 200, "stripe": 100, "cash": 50}
    assert moved.reversed == {"stripe": 150}


def test_the_month_ends_at_the_town_s_midnight(session, cast, booking):
    paid(session, booking, 100, datetime(2026, 11, 30, 23, 30, tzinfo=UTC))  # half past midnight in Diepholz
    assert books.statement(session, cast.town, NOVEMBER).moved.received == {}
    assert books.statement(session, cast.town, DECEMBER).moved.received == {"stripe": 100}


def test_another_town_s_money_is_not_in_it(session, cast, booking):
    other = assemble(session, slug="vechta")
    paid(session, booking, 100, NOW)
    assert books.statement(session, other.town, NOVEMBER).moved.received == {}


MOVES = st.lists(
    st.tuples(st.sampled_from(["charge", "credit", "pay", "back", "taken"]), st.integers(1, 9999), st.integers(0, 120)),
    max_size=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_whatever_moves_opening_and_movements_make_the_closing(session, cast, booking, moves):
    with session.begin_nested() as step:
        payment = paid(session, booking, 100, NOW)
        for what, cents, days in moves:
            at = NOW + timedelta(days=days)
            match what:
                case "charge":
                    ledger.charge(session, booking, "change", [Line("base", "mehr", cents)], at)
                case "credit":
                    ledger.charge(session, booking, "change", [Line("base", "weniger", -cents)], at)
                case "pay":
                    payment = paid(session, booking, cents, at, "transfer")
                case "back":
                    back(session, payment, cents, at)
                case "taken":
                    taken(session, payment, cents, at)
        months = [books.statement(session, cast.town, date(2026 + n // 12, n % 12 + 1, 1)) for n in range(9, 16)]
        assert all(month.adds_up for month in months)
        assert all(one.closing == next_one.opening for one, next_one in zip(months, months[1:], strict=False))
        step.rollback()
    session.expire_all()
