"""Bank statements: what is clear confirms its booking, each movement once, and all of it can be taken back."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.booking import bank_import, bank_lines, bank_undoing, lifecycle
from buchbar.booking.models import BookingEvent
from buchbar.notices.models import Letter
from buchbar.payments import bank_entries, ledger, payouts, refunds
from buchbar.payments.matching import Share
from buchbar.payments.models import Payment, Refund, Reversal
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankEntry, BankFile
from tests.booking.crowd import crowded, together
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.payments.statement_files import entry, statement

LATE = NOW + timedelta(days=60)
BACK = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


@pytest.fixture
def booking(session, cast):
    return confirmed(session, cast, slot_at(SATURDAY, 9))


def owes(session, booking):
    return ledger.account(session, booking.id).open


def bring(session, town, *entries, name="auszug.xml", at=NOW):
    return bank_import.bring_in(session, town, name, statement(*entries), at, "Frau Kasse")


def total(session, table):
    return session.scalar(select(func.count()).select_from(table))


def reference_of(session, booking):
    return ledger.charges(session, booking.id)[0].readable


def test_reference_and_amount_confirm_the_booking_and_the_couple_is_told(session, cast, booking):
    cents = owes(session, booking)
    assert booking.state == "payable" and cents
    letters = total(session, Letter)
    text = f"Gebühr {reference_of(session, booking).lower()}"
    made = bring(session, cast.town, entry(cents, text, ref="A1", name="Anna Müller", iban="DE02120300000000202051"))
    (row,) = made.entries
    assert (booking.state, owes(session, booking), row.state) == ("confirmed", 0, "matched")
    payment = session.scalars(select(Payment).where(Payment.entry_id == row.id)).one()
    assert (payment.provider, payment.state, payment.cents) == ("transfer", "paid", cents)
    assert bank_entries.payer_iban(session, row) == "DE02120300000000202051" and "DE02" not in row.sealed_iban
    assert total(session, Letter) > letters


def test_each_movement_counts_once_however_often_it_comes(session, cast, booking):
    paid = entry(owes(session, booking), booking.number, ref="A1")
    bring(session, cast.town, paid)
    with pytest.raises(Refused, match="schon importiert"):
        bring(session, cast.town, paid, name="anderer-name.xml")
    overlapping = bring(session, cast.town, paid, entry(500, "Spende", ref="A2"))
    assert (overlapping.known, len(overlapping.entries)) == (1, 1)
    assert total(session, Payment) == 1


def test_parts_take_the_place_of_their_batch_unless_it_is_settled(session, cast, booking):
    cents = owes(session, booking)
    whole = entry(cents + 100, "Sammler", ref="B")
    parts = "".join(
        f'<TxDtls><Refs><TxId>{n}</TxId></Refs><Amt Ccy="EUR">{c // 100}.{c % 100:02d}</Amt>'
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
        for n, (c, text) in enumerate([(cents, booking.number), (100, "Spende")])
    )
    first, _details, last = whole.partition("<NtryDtls>")
    detailed = f"{first}<NtryDtls>{parts}</NtryDtls></Ntry>"
    (row,) = bring(session, cast.town, whole).entries
    assert row.state == "open" and last
    in_parts = bring(session, cast.town, detailed)
    assert len(in_parts.entries) == 2
    assert row.state == "set_aside" and owes(session, booking) == 0
    again = bring(session, cast.town, whole, entry(1, "x", ref="C"))
    assert [each.text for each in again.entries] == ["x"] and total(session, Payment) == 1
    bank_undoing.undo_file(session, cast.town, in_parts.file.id, "falsch", NOW, CLERK)
    assert row.state == "open" and owes(session, booking) == cents, "nothing is lost"
    in_parts = bring(session, cast.town, detailed)
    bank_import.set_aside(session, cast.town, row.id, "Miete", CLERK)
    bank_undoing.undo_file(session, cast.town, in_parts.file.id, "falsch", NOW, CLERK)
    assert (row.state, row.why) == ("set_aside", "Miete"), "a cashier's word stands"


def test_a_wrong_amount_is_only_suggested_and_the_cashier_decides(session, cast, booking):
    cents = owes(session, booking)
    (row,) = bring(session, cast.town, entry(cents - 1000, booking.number, ref="A1")).entries
    assert (row.state, booking.state) == ("suggested", "payable") and "Teilzahlung" in row.why
    (line,) = bank_lines.waiting(session, cast.town, NOW)
    assert [(part.number, part.cents) for part in line.parts] == [(booking.number, cents - 1000)]
    for _click in range(2):
        bank_import.assign(session, cast.town, row.id, [Share(booking.id, cents - 1000)], NOW, CLERK)
    assert (owes(session, booking), booking.state, total(session, Payment)) == (1000, "payable", 1)
    with pytest.raises(Refused):
        bank_import.assign(session, cast.town, row.id, [Share(booking.id, 1)], NOW, CLERK)


def test_an_overpayment_is_booked_and_what_is_too_much_goes_back(session, cast, booking):
    cents = owes(session, booking)
    (row,) = bring(session, cast.town, entry(cents + 700, booking.number, ref="A1")).entries
    bank_import.assign(session, cast.town, row.id, [Share(booking.id, cents + 700)], NOW, CLERK)
    refund = session.scalars(select(Refund)).one()
    assert (refund.cents, refund.state, booking.state) == (700, "wanted", "confirmed")


@pytest.fixture
def released(session, cast, booking):
    """Not paid until its deadline; what it cost."""
    cents = owes(session, booking)
    lifecycle.release(session, booking, LATE)
    assert (booking.state, owes(session, booking)) == ("released", 0)
    return cents


def test_what_comes_after_its_deadline_takes_the_place_again_if_it_is_free(session, cast, booking, released):
    (row,) = bring(session, cast.town, entry(released, reference_of(session, booking), ref="A1"), at=LATE).entries
    assert (row.state, booking.state, owes(session, booking)) == ("matched", "confirmed", 0)
    assert total(session, Refund) == 0


def test_what_comes_after_its_deadline_goes_back_by_itself_if_the_place_is_taken(session, cast, booking, released):
    confirmed(session, cast, slot_at(SATURDAY, 9))
    (row,) = bring(session, cast.town, entry(released, reference_of(session, booking), ref="A1"), at=LATE).entries
    refund = session.scalars(select(Refund)).one()
    assert (row.state, booking.state, refund.cents) == ("matched", "released", released)


def test_after_its_deadline_another_amount_or_no_reference_is_for_the_cashier(session, cast, booking, released):
    more = entry(released + 100, reference_of(session, booking), ref="A1")
    twice = [entry(released, booking.number, ref=f"B{n}") for n in range(2)]
    unnamed, wrong, _paid, again = bring(
        session, cast.town, entry(released, "Danke", ref="A2"), more, *twice, at=LATE
    ).entries
    assert [each.state for each in (unnamed, wrong, again)] == ["open", "suggested", "suggested"]
    assert "ginge zurück" in wrong.why and total(session, Payment) == 1


def test_two_bookings_in_one_payment_and_a_second_payment_of_the_same(session, cast, booking):
    other = confirmed(session, cast, slot_at(SATURDAY, 10, 30))
    cents = [owes(session, each) for each in (booking, other)]
    both = entry(sum(cents), f"{booking.number} {other.number}", ref="A1")
    again = entry(cents[0], booking.number, ref="A2")
    first, second = bring(session, cast.town, both, again).entries
    assert (first.state, second.state) == ("matched", "suggested")
    assert [each.state for each in (booking, other)] == ["confirmed"] * 2 and total(session, Payment) == 2


def test_a_return_is_booked_and_the_couple_and_the_clerk_are_told(session, cast, booking):
    cents = owes(session, booking)
    bring(session, cast.town, entry(cents, booking.number, ref="A1"))
    letters = total(session, Letter)
    back = entry(-cents, f"RETOURE {reference_of(session, booking)}", ref="A2", more=BACK)
    (row,) = bring(session, cast.town, back).entries
    reversal = session.scalars(select(Reversal)).one()
    assert (row.state, reversal.kind, reversal.reason, reversal.cents) == ("matched", "returned", "AC04", cents)
    assert owes(session, booking) == cents and total(session, Letter) == letters + 1
    assert session.scalar(select(BookingEvent.id).where(BookingEvent.verb == "lose"))
    bank_undoing.undo(session, cast.town, row.id, "falsch", NOW, CLERK)
    assert (owes(session, booking), row.state) == (0, "open")


@pytest.fixture
def refund(session, cast, booking):
    """Paid too much, and sent back with a file."""
    rules = usual(cast.town.id)
    rules.iban, rules.payee = "DE89370400440532013000", "Stadt Diepholz"
    session.add(rules)
    cents = owes(session, booking)
    paid = entry(cents + 700, booking.number, ref="A1", name="Anna", iban="DE02120300000000202051")
    (row,) = bring(session, cast.town, paid).entries
    bank_import.assign(session, cast.town, row.id, [Share(booking.id, cents + 700)], NOW, CLERK)
    (made,) = payouts.waiting(session, cast.town.id)
    payouts.hand_over(session, cast.town.id, [made.id], NOW.date(), NOW, "Frau Kasse")
    assert made.state == "done"
    return made


def brought_back(refund, ref):
    named = f"<Refs><EndToEndId>{refund.id.hex.upper()}</EndToEndId></Refs>"
    return entry(refund.cents, "Konto erloschen", ref=ref, more=named + BACK)


def test_a_refund_that_comes_back_waits_for_another_account(session, cast, refund):
    back, again = bring(session, cast.town, brought_back(refund, "A3"), brought_back(refund, "A4")).entries
    (anew,) = payouts.waiting(session, cast.town.id)
    assert (back.state, again.state, refund.state, anew.state) == ("matched", "open", "done", "failed")
    later = NOW + timedelta(days=40)
    bank_undoing.undo(session, cast.town, back.id, "falsch", later, CLERK)
    assert (back.state, refund.done_at, anew.state, anew.done_at) == ("open", NOW, "done", later)
    assert payouts.waiting(session, cast.town.id) == []


def test_a_refund_that_was_given_back_by_hand_does_not_come_back_from_a_bank(session, cast, refund):
    bring(session, cast.town, brought_back(refund, "A3"))
    (anew,) = payouts.waiting(session, cast.town.id)
    refunds.by_hand(session, anew.id, NOW)
    (again,) = bring(session, cast.town, brought_back(refund, "A4")).entries
    assert (again.state, payouts.waiting(session, cast.town.id)) == ("open", [])


def test_what_the_bank_gives_back_is_paid_again_with_the_same_file(session, cast, booking):
    said = ledger.charges(session, booking.id)[0].readable
    first = pay(session, booking, NOW)
    first.provider, first.intent_id = "debit", first.id.hex
    session.flush()
    back, again = entry(-first.cents, f"RETOURE {said}", ref="A1", more=BACK), entry(first.cents, said, ref="A2")
    made = bank_import.bring_in(session, cast.town, "auszug.xml", statement(back, again), NOW, "Frau Kasse")
    assert [(row.state, row.cents) for row in made.entries] == [("matched", -first.cents), ("matched", first.cents)]
    assert ledger.account(session, booking.id).open == 0


def test_the_first_return_told_again_does_not_fail_the_second_attempt(session, cast, refund):
    bring(session, cast.town, brought_back(refund, "A3"))
    (anew,) = payouts.waiting(session, cast.town.id)
    payouts.send_to(session, anew, payouts.Account("Ben", "DE02120300000000202051"))
    payouts.hand_over(session, cast.town.id, [anew.id], date(2026, 11, 24), NOW, "Herr Winter")
    first, second = bring(session, cast.town, brought_back(refund, "A4"), brought_back(anew, "A5")).entries
    assert (first.state, second.state) == ("open", "matched")


def test_a_refund_that_is_on_its_way_again_did_come_back(session, cast, refund):
    made = bring(session, cast.town, brought_back(refund, "A3"))
    (anew,) = payouts.waiting(session, cast.town.id)
    payouts.send_to(session, anew, payouts.Account("Ben", "DE02120300000000202051"))
    for undo, named in ((bank_undoing.undo, made.entries[0].id), (bank_undoing.undo_file, made.file.id)):
        with pytest.raises(Refused, match="schon wieder unterwegs"):
            undo(session, cast.town, named, "falsch", NOW, CLERK)
    assert anew.state == "wanted" and made.file.undone_at is None


def test_what_came_back_without_a_name_is_assigned_and_undone_like_any_other(session, cast, booking):
    cents = owes(session, booking)
    (row,) = bring(session, cast.town, entry(cents, "zurück", ref="A3", more=BACK)).entries
    assert row.state == "open"
    bank_import.assign(session, cast.town, row.id, [Share(booking.id, cents)], NOW, CLERK)
    bank_undoing.undo(session, cast.town, row.id, "falsch", NOW, CLERK)
    assert (row.state, owes(session, booking)) == ("open", cents)


def test_a_whole_import_can_be_taken_back_and_made_again(session, cast, booking):
    cents = owes(session, booking)
    made = bring(session, cast.town, entry(cents, booking.number, ref="A1"), entry(100, "Spende", ref="A2"))
    for _click in range(2):
        bank_undoing.undo_file(session, cast.town, made.file.id, "falsche Datei", NOW, CLERK)
    assert owes(session, booking) == cents and {row.state for row in made.entries} == {"set_aside"}
    again = bring(session, cast.town, entry(cents, booking.number, ref="A1"), entry(100, "Spende", ref="A2"))
    assert len(again.entries) == 2 and owes(session, booking) == 0


def test_what_a_bank_gives_back_in_the_same_file_is_given_back_and_both_are_undone(session, cast, booking):
    cents = owes(session, booking)
    back = entry(-cents, f"RETOURE {reference_of(session, booking)}", ref="A1", more=BACK)
    made = bring(session, cast.town, back, entry(cents, booking.number, ref="A2"))
    assert [row.state for row in made.entries] == ["matched", "matched"] and owes(session, booking) == cents
    bank_undoing.undo_file(session, cast.town, made.file.id, "falsch", NOW, CLERK)
    assert {row.state for row in made.entries} == {"set_aside"} and owes(session, booking) == cents
    bring(session, cast.town, entry(cents, booking.number, ref="A2"))
    assert owes(session, booking) == 0


def test_what_has_gone_on_is_not_undone(session, cast, booking):
    cents = owes(session, booking)
    made = bring(session, cast.town, entry(cents + 700, booking.number, ref="A1"))
    bank_import.assign(session, cast.town, made.entries[0].id, [Share(booking.id, cents + 700)], NOW, CLERK)
    with pytest.raises(Refused, match="schon etwas zurück"):
        bank_undoing.undo_file(session, cast.town, made.file.id, "falsch", NOW, CLERK)
    assert made.entries[0].state == "matched" and made.file.undone_at is None


def test_a_rehearsal_leaves_nothing(session, cast, booking):
    cents = owes(session, booking)
    states = bank_import.rehearse(
        session, lambda: [row.state for row in bring(session, cast.town, entry(cents, booking.number)).entries]
    )
    assert states == ["matched"] and owes(session, booking) == cents and booking.state == "payable"
    assert total(session, BankFile) == total(session, BankEntry) == total(session, Payment) == 0


def test_nobody_assigns_to_another_town_or_another_sum(session, cast, booking):
    elsewhere = assemble(session, slug="vechta")
    (row,) = bring(session, cast.town, entry(500, "Spende", ref="A1")).entries
    for shares in ([Share(booking.id, 499)], [Share(booking.id, 600), Share(booking.id, -100)]):
        with pytest.raises(Invalid):
            bank_import.assign(session, cast.town, row.id, shares, NOW, CLERK)
    with pytest.raises(NotFound):
        bank_import.assign(session, elsewhere.town, row.id, [Share(booking.id, 500)], NOW, CLERK)
    (theirs,) = bring(session, elsewhere.town, entry(500, booking.number, ref="A1")).entries
    with pytest.raises(NotFound):
        bank_import.assign(session, elsewhere.town, theirs.id, [Share(booking.id, 500)], NOW, CLERK)


def test_the_same_file_imported_by_many_at_once_counts_once(database, database_url):
    with database.write() as session:
        cast = assemble(session)
        booking = confirmed(session, cast, slot_at(SATURDAY, 9))
        content = statement(entry(owes(session, booking), booking.number, ref="A1"))
    with crowded(database_url) as busy:

        def act():
            with busy.write() as session:
                bank_import.bring_in(session, cast.town, "a.xml", content, NOW, "Frau Kasse")

        results = together([act] * 6)
    assert sum(result is None for result in results) == 1 and all(isinstance(r, Refused | None) for r in results)
    with database.read() as session:
        assert total(session, Payment) == 1
