"""Documents are numbered without gaps, whoever charges at the same time, and whatever is undone."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from buchbar.app import jobs
from buchbar.booking import journal, lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking
from buchbar.calendar.spans import Span
from buchbar.notices import outbox
from buchbar.payments import ledger, numbers
from buchbar.payments.ledger import Line
from buchbar.payments.models import Charge
from buchbar.payments.rules import MoneyRules
from tests.booking.crowd import crowded, in_transaction, together
from tests.cast import CLERK, NOW, SATURDAY, confirmed, reserved, slot_at

NINE = slot_at(SATURDAY, 9)


def keep_rules(session, cast, **rules):
    made = MoneyRules(municipality_id=cast.town.id, **{"number_pattern": "{year}-{serial:05}"} | rules)
    session.add(made)
    session.flush()
    return made


def charges(session):
    return session.scalars(select(Charge).order_by(Charge.charged_at, Charge.reference)).all()


def test_a_charge_says_what_it_is_when_it_is_due_and_who_owes_it(session, cast):
    keep_rules(
        session, cast, document="invoice", due_days=30, sign_pattern="BU{booking}{ordinal:02}{check}", sign_check="luhn"
    )
    booking = confirmed(session, cast, NINE)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=1), CLERK)
    fees, forgiven = charges(session)
    bare = booking.number.replace("-", "")
    assert (fees.document, fees.due_on, fees.corrects_id) == ("invoice", date(2026, 12, 23), None)
    assert fees.debtor == ("Anna Müller", "Ben Yıldız")
    assert fees.kassenzeichen.startswith(f"BU{bare}01") and len(fees.kassenzeichen) == 15
    assert (forgiven.due_on, forgiven.corrects_id, forgiven.kassenzeichen) == (None, fees.id, None)
    assert (fees.number, fees.serial) == ("", None), "it comes after the transaction"


def test_a_town_without_rules_has_notices_without_numbers(session, cast):
    confirmed(session, cast, NINE)
    (fees,) = charges(session)
    assert (fees.document, fees.numbered, fees.kassenzeichen) == ("notice", False, None)
    assert fees.due_on == date(2026, 12, 7)
    assert numbers.assign(session, cast.town.id) == 0


def test_the_day_is_the_towns_and_the_year_that_of_the_charge(session, cast):
    keep_rules(session, cast, sign_pattern="5{year}{serial:04}{check}", sign_check="mod11")
    last, first = datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    for at, hour in ((first, 9), (last, 10)):
        reserved(session, cast, slot_at(SATURDAY, hour, 30 if hour == 10 else 0), at=at)
    assert numbers.assign(session, cast.town.id) == 2
    assert [(made.number, made.kassenzeichen[:9]) for made in charges(session)] == [
        ("2026-00001", "520260001"),
        ("2027-00001", "520270001"),
    ]
    assert numbers.assign(session, cast.town.id) == 0, "once"


def test_a_credit_note_is_numbered_and_has_no_sign_of_its_own(session, cast):
    keep_rules(session, cast, number_pattern="", sign_pattern="{year}{serial:06}")
    booking = confirmed(session, cast, NINE)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=1), CITIZEN)
    numbers.assign(session, cast.town.id)
    fees, forgiven = charges(session)
    assert (fees.serial, fees.kassenzeichen, fees.number) == (1, "2026000001", "")
    assert (forgiven.serial, forgiven.kassenzeichen) == (2, None)
    rows = journal.movements(session, cast.town, Span(NOW, NOW + timedelta(days=1)))
    assert [(row.kind, row.signed) for row in rows] == [("charge", fees), ("credit", fees)]


def test_a_sign_that_an_older_pattern_has_made_is_left_out(session, cast):
    rules = keep_rules(session, cast, sign_pattern="{year}{serial:06}")
    confirmed(session, cast, NINE)
    numbers.assign(session, cast.town.id)
    made = charges(session)[0]
    assert ledger.bills.sign_of(session, rules, made, date(2026, 1, 1)) is None


@pytest.fixture
def crowd(database_url, town):
    with crowded(database_url, pool=12) as database:
        with database.write() as session:
            keep_rules(session, town, sign_pattern="5{year}{serial:06}{check}", sign_check="luhn")
        yield database


def test_many_at_once_leave_no_gap_and_no_double(crowd, town):
    """Eight charge at once, two of them are undone, and whoever wants a number asks at any time."""
    with crowd.write() as session:
        booking_id = confirmed(session, town, NINE).id

    def charging(count, undone=False):
        def act(session):
            booking = session.get_one(Booking, booking_id)
            lifecycle.lock(session, booking)
            ledger.charge(session, booking, "change", [Line("base", "Gebühr", 100)], NOW + timedelta(minutes=count))
            if undone:
                raise RuntimeError

        return in_transaction(crowd, act)

    def numbering():
        with crowd.write() as session:
            return numbers.assign(session, town.town.id)

    acts = [charging(n, undone=n in (3, 6)) for n in range(1, 9)]
    outcomes = together([act for each in acts for act in (each, numbering)])
    assert sum(isinstance(outcome, RuntimeError) for outcome in outcomes) == 2
    assert not [each for each in outcomes if isinstance(each, Exception) and not isinstance(each, RuntimeError)]
    outbox.work_off(crowd, jobs.WORKERS, lambda: NOW + timedelta(hours=1))
    with crowd.read() as session:
        made = charges(session)
        assert sorted(charge.serial for charge in made) == [1, 2, 3, 4, 5, 6, 7]
        assert len({charge.kassenzeichen for charge in made}) == 7
        assert sorted(charge.number for charge in made) == [f"2026-{n:05}" for n in range(1, 8)]


def test_whose_numbering_is_undone_leaves_no_gap(crowd, town):
    with crowd.write() as session:
        confirmed(session, town, NINE)
    with pytest.raises(RuntimeError), crowd.write() as session:
        assert numbers.assign(session, town.town.id) == 1
        raise RuntimeError
    with crowd.write() as session:
        confirmed(session, town, slot_at(SATURDAY, 10, 30), at=NOW + timedelta(hours=1))
    outbox.work_off(crowd, jobs.WORKERS, lambda: NOW + timedelta(hours=1))
    with crowd.read() as session:
        assert [charge.serial for charge in charges(session)] == [1, 2]
