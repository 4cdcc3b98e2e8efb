"""Several bookings in one transaction: versions of resources are raised once, after all bookings are locked
(claims.py); booking by booking they would deadlock on PostgreSQL with whoever changes two in the other order."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from buchbar.accounts.models import Municipality
from buchbar.booking import bank_import, bank_undoing
from buchbar.booking.models import Booking
from buchbar.payments import inbox, ledger, paying
from buchbar.payments.checkout import Told
from buchbar.payments.matching import Share
from buchbar.payments.models import Payment
from buchbar.payments.statements import BankEntry
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.payments.statement_files import entry, statement

ID, FEES = "cs_1", 17000


@contextmanager
def versions_raised(database):
    """How often versions are raised within this."""
    seen = []

    def note(_connection, _cursor, sql, *_rest):
        if sql.startswith("UPDATE resource"):
            seen.append(sql)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
def two(database):
    """The town, and two bookings that wait for their payment."""
    with database.write() as session:
        cast = assemble(session)
        made = [confirmed(session, cast, slot_at(SATURDAY + timedelta(days=7 * n), 9)).id for n in range(2)]
    return cast.town.id, sorted(made)


def states(database, ids):
    with database.read() as session:
        return [session.get_one(Booking, each).state for each in ids]


def brought_in(session, town, *rows):
    bank_import.bring_in(session, town, "auszug.xml", statement(*rows), NOW, "Frau Kasse")


def test_a_message_that_pays_disputes_and_gives_back_two(database, two):
    town, ids = two
    with database.write() as session:
        paying.begin_together(session, town, ids, NOW).checkout_id = ID
    words = {"intent_id": "pi_1", "cents": 2 * FEES}
    for state, named in (("paid", ID), ("disputed", "dp_1"), ("dispute_won", "dp_1")):
        with versions_raised(database) as seen:
            inbox.apply(database, Told(state=state, object_id=named, **words), NOW)
        assert len(seen) == 1, state
    assert states(database, ids) == ["confirmed", "confirmed"]


def test_a_file_that_pays_two_and_is_taken_back(database, two):
    town_id, ids = two
    with database.write() as session:
        town = session.get_one(Municipality, town_id)
        said = [ledger.charges(session, each)[0].readable for each in ids]
        rows = [entry(FEES, words, ref=f"A{n}") for n, words in enumerate(said)]
        with versions_raised(database) as seen:
            brought_in(session, town, *rows)
        assert len(seen) == 1
        file_id = session.scalars(select(BankEntry.file_id)).first()
    assert states(database, ids) == ["confirmed", "confirmed"]
    with database.write() as session, versions_raised(database) as seen:
        town = session.get_one(Municipality, town_id)
        bank_undoing.undo_file(session, town, file_id, "falsch", NOW, CLERK)
    assert len(seen) == 1 and states(database, ids) == ["payable", "payable"]


def test_an_entry_that_a_cashier_gives_to_two_and_takes_back(database, two):
    town_id, ids = two
    with database.write() as session:
        town = session.get_one(Municipality, town_id)
        brought_in(session, town, entry(2 * FEES, "Standesamt", ref="A1"))
        row = session.scalars(select(BankEntry)).one()
        with versions_raised(database) as seen:
            bank_import.assign(session, town, row.id, [Share(each, FEES) for each in ids], NOW, CLERK)
        assert len(seen) == 1 and len(session.scalars(select(Payment)).all()) == 2
        with versions_raised(database) as seen:
            bank_undoing.undo(session, town, row.id, "falsch", NOW, CLERK)
        assert len(seen) == 1
    assert states(database, ids) == ["payable", "payable"]
