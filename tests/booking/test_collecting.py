"""Direct debits: announced two weeks before, never of what was paid meanwhile, booked on their day, given back."""

from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from buchbar.base.errors import Invalid, Refused
from buchbar.booking import collecting, dunning_stops
from buchbar.booking.events import Actor
from buchbar.notices.models import Letter
from buchbar.payments import collections, ledger, mandates, paying
from buchbar.payments.models import Payment, Reversal
from buchbar.payments.rules import MoneyRules, rules_of
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, assemble, confirmed, slot_at
from tests.payments.test_mandates import ANNA, GIVEN, TODAY

CASHIER = Actor("clerk", "Herr Winter")
DAY = date(2026, 12, 7)
ON_THE_DAY = NOW + timedelta(days=14)


def with_a_mandate(session, recurring=True):
    """Anna's wedding, agreed to, 170 euros open; the town may collect them."""
    cast = assemble(session)
    rules = {"payee": "Stadt Diepholz", "iban": "DE89370400440532013000", "creditor_id": "DE98ZZZ09999999999"}
    session.add(MoneyRules(municipality_id=cast.town.id, ways=("stripe", "debit"), **rules))
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    mandate = mandates.propose(session, cast.town.id, ANNA, GIVEN, NOW)
    mandates.sign(session, mandate, TODAY, NOW)
    mandate.recurring = recurring
    return cast, booking, mandate


def announced(session, cast, booking):
    return collecting.announce(session, cast.town, [booking.id], DAY, NOW, CASHIER)


def letters(session, kind):
    return session.scalars(select(Letter).where(Letter.kind == kind)).all()


def the_debit(session):
    return session.scalars(select(Payment).where(Payment.provider == "debit")).one()


def amounts(content):
    return [each.text for each in ElementTree.fromstring(content).iter() if each.tag.endswith("InstdAmt")]


def test_whose_turn_it_is(session):
    cast, booking, mandate = with_a_mandate(session)
    (turn,) = collecting.turns(session, cast.town, DAY)
    assert (turn.booking, turn.mandate, turn.cents) == (booking, mandate, 17000)
    mandates.revoke(session, mandate, NOW)
    assert collecting.turns(session, cast.town, DAY) == []


def test_everybody_is_told_what_is_collected_when_and_by_which_mandate(session):
    cast, booking, mandate = with_a_mandate(session)
    announced(session, cast, booking)
    (letter,) = letters(session, "debit_notice")
    assert letter.to_address == ANNA
    for words in ("170,00", "7. Dezember 2026", mandate.reference, "DE98ZZZ09999999999", "•••• 2051"):
        assert words in letter.text
    assert GIVEN.number not in letter.text + letter.html


def test_what_is_announced_is_nobodys_turn_again_and_cannot_be_paid_a_second_time(session):
    cast, booking, _mandate = with_a_mandate(session)
    announced(session, cast, booking)
    assert collecting.turns(session, cast.town, DAY) == []
    with pytest.raises(Refused, match="nichts einzuziehen"):
        announced(session, cast, booking)
    with pytest.raises(paying.UnderWay):
        paying.begin(session, cast.town.id, booking.id, NOW)


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 11, 30), "14 Tage"),
        (date(2026, 12, 6), "14 Tage"),
        (date(2026, 12, 25), "arbeiten die Banken nicht"),
        (date(2027, 1, 25), "Spätester Einzug ist der 22.01.2027"),
        (date(2029, 11, 1), "Spätester Einzug"),
    ],
)
def test_nobody_is_debited_too_soon_or_too_late_or_on_a_day_without_banks(session, day, why):
    cast, booking, _mandate = with_a_mandate(session)
    with pytest.raises(Refused, match=why):
        collecting.announce(session, cast.town, [booking.id], day, NOW, CASHIER)


@pytest.mark.parametrize("days", [14, 15])
def test_a_file_whose_day_has_come_is_not_closed_any_more(session, days):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    with pytest.raises(Refused, match="zu spät"):
        collecting.hand_over(session, order, NOW + timedelta(days=days), CASHIER)
    assert order.handed_over_at is None
    collecting.withdraw(session, order, NOW + timedelta(days=days), CASHIER)
    assert (the_debit(session).state, len(letters(session, "debit_withdrawn"))) == ("failed", 1)


def test_the_day_before_by_the_towns_calendar_is_early_enough(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    midnight = datetime(2026, 12, 6, 23, 0, tzinfo=UTC)  # in Diepholz it is the seventh
    with pytest.raises(Refused, match="zu spät"):
        collecting.hand_over(session, order, midnight, CASHIER)
    assert collecting.hand_over(session, order, midnight - timedelta(seconds=1), CASHIER) == []


def owes_later(session, booking, cents, on):
    made = ledger.charge(session, booking, "change", [ledger.Line("extra", "Sekt", cents)], NOW + timedelta(minutes=1))
    made.due_on = on
    session.flush()


def test_only_what_is_due_by_then_is_collected(session):
    cast, booking, _mandate = with_a_mandate(session)
    owes_later(session, booking, 5000, DAY + timedelta(days=1))
    (turn,) = collecting.turns(session, cast.town, DAY)
    assert turn.cents == 17000
    order = announced(session, cast, booking)
    assert the_debit(session).cents == 17000
    pay(session, booking, NOW, 7000)
    collecting.hand_over(session, order, NOW, CASHIER)
    assert amounts(collections.content(session, order)) == ["100.00"]


def objected(session, cast, booking, until):
    charge = ledger.charges(session, booking.id)[0]
    dunning_stops.stop(session, cast.town, charge.id, until, "Widerspruch, Vollziehung ausgesetzt", NOW, CASHIER)


def test_from_whom_nothing_is_demanded_nothing_is_collected(session):
    cast, booking, _mandate = with_a_mandate(session)
    owes_later(session, booking, 5000, DAY)
    objected(session, cast, booking, DAY)
    (turn,) = collecting.turns(session, cast.town, DAY)
    assert turn.cents == 5000, "only what nobody objected to"
    objected(session, cast, booking, DAY - timedelta(days=1))
    assert [turn.cents for turn in collecting.turns(session, cast.town, DAY)] == [22000]


def test_who_objects_after_the_announcement_is_left_out(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    objected(session, cast, booking, DAY)
    assert collecting.hand_over(session, order, NOW, CASHIER) == [booking]
    assert the_debit(session).state == "failed"


def test_what_is_due_later_is_not_collected_because_of_what_is_paid(session):
    cast, booking, _mandate = with_a_mandate(session)
    pay(session, booking, NOW)
    owes_later(session, booking, 5000, DAY + timedelta(days=1))
    assert collecting.turns(session, cast.town, DAY) == []
    (turn,) = collecting.turns(session, cast.town, DAY + timedelta(days=1))
    assert turn.cents == 5000


def test_the_file_is_the_same_whenever_it_is_fetched(session):
    cast, booking, mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    with pytest.raises(Refused, match="schließen"):
        collections.content(session, order)
    collecting.hand_over(session, order, NOW, CASHIER)
    first = collections.content(session, order)
    assert amounts(first) == ["170.00"]
    assert mandate.reference.encode() in first
    mandates.revoke(session, mandate, NOW)
    assert collections.content(session, order) == first
    rules_of(session, cast.town.id).iban = "DE02120300000000202051"
    collections.returned(session, the_debit(session).intent_id, "early", NOW, reason="AC04")
    assert the_debit(session).state == "failed" and collections.content(session, order) == first
    assert GIVEN.number not in order.sealed_content


def test_the_file_goes_with_the_accounts_in_it(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    collecting.hand_over(session, order, NOW, CASHIER)
    for on, kept in ((datetime(2028, 2, 6, 3, tzinfo=UTC), True), (datetime(2028, 2, 7, 3, tzinfo=UTC), False)):
        mandates.forget(session, on)
        session.refresh(order)
        assert bool(order.sealed_content) is kept
    with pytest.raises(Refused, match="gelöscht"):
        collections.content(session, order)


def test_without_an_account_of_the_towns_no_file_is_closed(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    rules_of(session, cast.town.id).creditor_id = ""
    with pytest.raises(Refused, match="Gläubiger"):
        collecting.hand_over(session, order, NOW, CASHIER)


def test_what_was_paid_meanwhile_is_not_collected(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    pay(session, booking, NOW, 7000)
    collecting.hand_over(session, order, NOW, CASHIER)
    assert amounts(collections.content(session, order)) == ["100.00"]


def test_what_was_paid_in_full_is_left_out(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    pay(session, booking, NOW)
    assert collecting.hand_over(session, order, NOW, CASHIER) == [booking]
    assert the_debit(session).state == "failed"
    with pytest.raises(Refused, match="nichts einzuziehen"):
        collections.content(session, order)


def test_with_a_revoked_mandate_nothing_is_collected(session):
    cast, booking, mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    mandates.revoke(session, mandate, NOW)
    assert collecting.hand_over(session, order, NOW, CASHIER) == [booking]
    assert ledger.account(session, booking.id).open == 17000


def test_a_file_that_is_withdrawn_counts_for_nothing_and_everybody_hears_of_it(session):
    cast, booking, _mandate = with_a_mandate(session)
    order = announced(session, cast, booking)
    collecting.hand_over(session, order, NOW, CASHIER)
    with pytest.raises(Invalid, match="nicht ausführt"):
        collecting.withdraw(session, order, NOW, CASHIER)
    assert (the_debit(session).state, letters(session, "debit_withdrawn")) == ("started", []), "the bank may have it"
    collecting.withdraw(session, order, NOW, CASHIER, bank_has_cancelled=True)
    collecting.withdraw(session, order, NOW, CASHIER)
    assert the_debit(session).state == "failed"
    assert len(letters(session, "debit_withdrawn")) == 1
    with pytest.raises(Refused, match="zurückgezogen"):
        collections.content(session, order)
    assert len(collecting.turns(session, cast.town, DAY)) == 1


@pytest.fixture
def collected(database):
    """A direct debit that was handed over; the database, and the ids of booking, payment and mandate."""
    with database.write() as session:
        cast, booking, mandate = with_a_mandate(session)
        order = announced(session, cast, booking)
        collecting.hand_over(session, order, NOW, CASHIER)
        return booking, the_debit(session).id, mandate.id, order.id


def test_on_its_day_it_counts_as_paid_once(database, collected):
    booking, payment_id, mandate_id, order_id = collected
    assert collecting.settle_due(database, ON_THE_DAY - timedelta(days=1)) == 0
    assert collecting.settle_due(database, ON_THE_DAY) == 1
    assert collecting.settle_due(database, ON_THE_DAY) == 0
    with database.write() as session:
        assert session.get_one(Payment, payment_id).state == "paid"
        assert session.get_one(mandates.Mandate, mandate_id).last_used_on == DAY
        assert ledger.account(session, booking.id).open == 0
        assert session.get_one(type(booking), booking.id).state == "confirmed"
        with pytest.raises(Refused, match="schon gebucht"):
            collecting.withdraw(
                session, session.get_one(mandates.SepaOrder, order_id), NOW, CASHIER, bank_has_cancelled=True
            )


def test_a_debit_that_can_not_be_booked_stops_none_behind_it(database, monkeypatch):
    with database.write() as session:
        cast, first, mandate = with_a_mandate(session)
        order = collections.begin(session, cast.town.id, "collection", DAY, NOW, "Herr Winter")
        for booking in (first, confirmed(session, cast, slot_at(SATURDAY, 10, 30))):
            collections.put_in(session, order, booking.id, mandate, 17000, NOW)
        collecting.hand_over(session, order, NOW, CASHIER)
        broken = min(payment.booking_id for payment in collections.inside(session, order))
    booked = paying.upward("paid")

    def breaks(session, booking_id, at, book):
        if booking_id == broken:
            raise RuntimeError
        booked(session, booking_id, at, book)

    with monkeypatch.context() as broken_for_now:
        broken_for_now.setitem(paying._upward, "paid", breaks)
        assert collecting.settle_due(database, ON_THE_DAY) == 1
    assert collecting.settle_due(database, ON_THE_DAY) == 1


def test_a_debit_is_given_back_once_by_whatever_name_the_return_goes(database, collected):
    booking, payment_id, _mandate_id, _order = collected
    collecting.settle_due(database, ON_THE_DAY)
    with database.write() as session:
        payment = session.get_one(Payment, payment_id)
        ledger.reverse(session, payment, "returned", "bank:0", 7000, ON_THE_DAY)
    for key in ("bank:1", "bank:2"):
        with database.write() as session:
            collections.returned(session, payment_id.hex, key, ON_THE_DAY)
    with database.read() as session:
        assert sorted(session.scalars(select(Reversal.cents))) == [7000, 10000]
        assert ledger.account(session, booking.id).open == 17000


def test_a_return_is_booked_once_and_ends_the_mandate_where_the_account_is_gone(database, collected):
    booking, payment_id, mandate_id, _order = collected
    collecting.settle_due(database, ON_THE_DAY)
    later = ON_THE_DAY + timedelta(days=3)
    for _again in range(2):
        with database.write() as session:
            assert collections.returned(session, payment_id.hex, "bank:1", later, reason="AC04")
    with database.read() as session:
        assert session.scalars(select(Reversal.cents)).all() == [17000]
        assert ledger.account(session, booking.id).open == 17000
        assert session.get_one(mandates.Mandate, mandate_id).state == "revoked"


def test_a_debit_that_the_bank_refuses_before_its_day_was_never_paid(database, collected):
    booking, payment_id, mandate_id, _order = collected
    with database.write() as session:
        assert collections.returned(session, payment_id.hex, "bank:1", NOW, reason="AM04")
        assert collections.returned(session, "unknown", "bank:2", NOW) is None
    assert collecting.settle_due(database, ON_THE_DAY) == 0
    with database.read() as session:
        assert session.get_one(Payment, payment_id).state == "failed"
        assert session.get_one(mandates.Mandate, mandate_id).state == "active"
        assert session.scalars(select(Reversal.id)).all() == []
        assert len(letters(session, "unpaid")) == 1
