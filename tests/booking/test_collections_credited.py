"""A town's own collection on its statement is no transfer: whoever was debited has paid once, in whatever order."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import bank_import, bank_lines, bank_undoing, collecting
from buchbar.payments import bank_entries, ledger
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment, Refund
from buchbar.payments.statements import BankEntry
from tests.booking.test_collecting import CASHIER, DAY, ON_THE_DAY, announced, the_debit, with_a_mandate
from tests.cast import NOW
from tests.clerks import counted as counted_statements
from tests.payments.statement_files import entry, statement


@pytest.fixture
def collected(database):
    """A direct debit of 170 euros that the bank has: cast, booking, payment and file."""
    with database.write() as session:
        cast, booking, _mandate = with_a_mandate(session)
        order = announced(session, cast, booking)
        collecting.hand_over(session, order, NOW, CASHIER)
        return cast, booking, the_debit(session), order


def reference_of(session, booking):
    return ledger.charges(session, booking.id)[0].readable


def brought(database, collected, *entries):
    with database.write() as session:
        town = session.get_one(type(collected[0].town), collected[0].town.id)
        made = bank_import.bring_in(session, town, "auszug.xml", statement(*entries), ON_THE_DAY, "Frau Kasse")
        return [(row.state, row.why) for row in made.entries]


def credit(collected, reference):
    """The debit as its own movement, as banks name it."""
    named = f"<Refs><EndToEndId>{collected[2].intent_id.upper()}</EndToEndId></Refs>"
    return entry(17000, reference, ref="A1", name="Anna Müller", more=named, on=DAY)


def counted(database, booking):
    """What was paid, the open amount, and how many refunds there are."""
    with database.read() as session:
        account = ledger.account(session, booking.id)
        return account.paid, account.open, len(session.scalars(select(Refund)).all())


@pytest.mark.parametrize("statement_first", [True, False])
def test_a_debit_on_the_statement_is_paid_once(database, collected, statement_first):
    _cast, booking, _payment, _order = collected
    with database.read() as session:
        movement = credit(collected, reference_of(session, booking))
    if not statement_first:
        collecting.settle_due(database, ON_THE_DAY)
    said = brought(database, collected, movement)
    collecting.settle_due(database, ON_THE_DAY)
    assert said == [("set_aside", "Gutschrift Ihres Lastschrifteinzugs vom 07.12.2026")]
    assert counted(database, booking) == (17000, 0, 0)


@pytest.mark.parametrize("statement_first", [True, False])
@pytest.mark.parametrize(
    "more", ["", "<Refs><PmtInfId>{0}-1</PmtInfId></Refs>", "</TxDtls><Btch><MsgId>{0}</MsgId></Btch><TxDtls>"]
)
def test_a_collection_that_is_credited_at_once_is_known_by_its_file_or_its_sum(
    database, collected, statement_first, more
):
    _cast, booking, _payment, order = collected
    if not statement_first:
        collecting.settle_due(database, ON_THE_DAY)
    whole = entry(17000, "SEPA-Lastschrift Sammler", ref="A1", more=more.format(order.message_id), on=DAY)
    ((state, _why),) = brought(database, collected, whole)
    collecting.settle_due(database, ON_THE_DAY)
    assert state == "set_aside" and counted(database, booking) == (17000, 0, 0)


def test_the_same_sum_on_another_day_or_from_a_person_is_no_collection(database, collected):
    states = brought(
        database,
        collected,
        entry(17000, "Danke", ref="A1", on=DAY - timedelta(days=1)),
        entry(17000, "Danke", ref="A2", on=DAY + timedelta(days=6)),
        entry(17000, "Danke", ref="A3", on=DAY, name="Ben"),
    )
    assert [state for state, _why in states] == ["suggested"] * 3


def test_a_debit_that_comes_back_twice_is_given_back_once(database, collected):
    booking = collected[1]
    collecting.settle_due(database, ON_THE_DAY)
    with database.read() as session:
        reference = reference_of(session, booking)
    named = f"<Refs><EndToEndId>{collected[2].intent_id.upper()}</EndToEndId></Refs>"
    more = f"{named}<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>"
    first, second, third = (entry(-17000, reference, ref=f"R{n}", more=more) for n in range(3))
    states = [*brought(database, collected, first, second), *brought(database, collected, third)]
    assert [state for state, _why in states] == ["matched", "open", "open"]
    assert "schon zurückgegeben" in states[1][1] and counted(database, booking) == (17000, 17000, 0)


def test_what_an_entry_took_back_is_found_without_reading_everybody_elses(database, collected):
    collecting.settle_due(database, ON_THE_DAY)
    named = f"<Refs><EndToEndId>{collected[2].intent_id.upper()}</EndToEndId></Refs>"
    back = entry(-17000, ref="R1", more=f"{named}<RtrInf><Rsn><Cd>AM04</Cd></Rsn></RtrInf>")
    assert brought(database, collected, back) == [("matched", "Rückgabe der Bank")]
    with database.read() as session:
        row = session.scalars(select(BankEntry)).one()
        with counted_statements(database) as asked:
            (found,) = bank_entries.returns(session, [row.id])
    assert found.cents == 17000 and len(asked) == 2
    plain = [each.replace('"', "") for each in asked]
    assert all("reversal.key IN" in each or "reversal.entry_id IN" in each for each in plain), plain


def test_a_file_that_was_withdrawn_explains_nothing(database, collected):
    with database.write() as session:
        order = session.get_one(SepaOrder, collected[3].id)
        collecting.withdraw(session, order, NOW, CASHIER, bank_has_cancelled=True)
        reference = reference_of(session, collected[1])
    ((state, _why),) = brought(database, collected, credit(collected, reference))
    assert state == "matched" and counted(database, collected[1]) == (17000, 0, 0)


def test_a_credit_that_was_set_aside_can_be_looked_at_again_and_its_import_taken_back(database, collected):
    cast, booking, _payment, _order = collected
    with database.read() as session:
        movement = credit(collected, reference_of(session, booking))
    brought(database, collected, movement)
    collecting.settle_due(database, ON_THE_DAY)
    with database.write() as session:
        town = session.get_one(type(cast.town), cast.town.id)
        row = session.scalars(select(BankEntry)).one()
        bank_undoing.undo(session, town, row.id, "nachsehen", ON_THE_DAY, CASHIER)
        (line,) = bank_lines.waiting(session, town, ON_THE_DAY)
        assert (line.state, line.parts, line.choices) == ("open", (), ()) and "Lastschrifteinzug" in line.why
        bank_undoing.undo_file(session, town, row.file_id, "falsch", ON_THE_DAY, CASHIER)
        assert session.scalars(select(Payment.state)).all() == ["paid"]
    assert counted(database, booking) == (17000, 0, 0)
