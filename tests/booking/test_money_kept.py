"""What is personal of money matters: nobody reads it without business, no log has it, and it goes on its date."""

import logging
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from buchbar.base.logs import JsonLines
from buchbar.booking import bank_folder, bank_import, bank_undoing, dunning_stops, forgetting, retention
from buchbar.booking.models import Booking
from buchbar.payments import ledger, mandates, payouts
from buchbar.payments.matching import Share
from buchbar.payments.models import Charge, Payment, Refund, Reversal
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankEntry
from tests.booking.money import pay
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague
from tests.payments.statement_files import entry, statement
from tests.payments.test_mandates import ANNA, GIVEN

IBAN = "DE02120300000000202051"
ITS_END = "• 2051"  # as it is shown to those who may see it
PAYER = "Hertha Oldenbruch"
SAID = "liebe Gruesse von Oma"
DAY = timedelta(days=1)


def paid_by(session, town, booking, more=0, ref="A1"):
    """Somebody else than the couple pays by transfer; the entry."""
    cents = ledger.account(session, booking.id).open + more
    content = statement(entry(cents, f"{booking.number} {SAID}", ref=ref, name=PAYER, iban=IBAN))
    (row,) = bank_import.bring_in(session, town.town, f"{ref}.xml", content, NOW, "Frau Kasse").entries
    if row.state != "matched":
        bank_import.assign(session, town.town, row.id, [Share(booking.id, cents)], NOW, CLERK)
    return row


@pytest.fixture
def booking(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def test_to_which_account_a_late_refund_went_is_forgotten_too(database, town, booking):
    """It waits when the booking is forgotten, and is handed over afterwards."""
    late = NOW + 1000 * DAY
    with database.write() as session:
        session.add(usual(town.town.id))
        paid_by(session, town, booking, more=700)
        refund = session.scalars(select(Refund)).one()
        payouts.send_to(session, refund, payouts.Account(PAYER, IBAN))
    retention.forget_what_is_due(database, late)
    with database.write() as session:
        assert session.get_one(Booking, booking.id).forgotten_at
        refund = session.scalars(select(Refund)).one()
        assert refund.to_name == PAYER, "or nobody could send it"
        refund.state = "done"
    retention.forget_what_is_due(database, late + DAY)
    with database.read() as session:
        refund = session.scalars(select(Refund)).one()
        assert (refund.to_name, refund.sealed_iban, refund.cents) == ("", "", 700)


@pytest.mark.parametrize(("state", "days"), [("matched", 430), ("set_aside", 90), ("open", 1464), ("suggested", 1464)])
def test_each_state_of_an_entry_has_its_date_and_the_desk_says_it(database, town, state, days):
    with database.write() as session:
        content = statement(entry(1234, SAID, ref="A1", name=PAYER, iban=IBAN))
        (row,) = bank_import.bring_in(session, town.town, "a.xml", content, NOW, "Frau Kasse").entries
        row.state, row.why = state, f"gehört {PAYER}"
    for after, kept in ((days, True), (days + 1, False)):
        at = NOW + after * DAY
        with database.write() as session:
            assert forgetting.money(session, town.town, at - 31 * DAY).entries == (not kept)
            retention.tidy(session, at)
        with database.read() as session:
            row = session.scalars(select(BankEntry)).one()
            assert [bool(each) for each in (row.name, row.sealed_iban, row.text)] == [kept] * 3
            assert row.cents == 1234 and (row.why == "" or kept or state == "matched")
    with database.read() as session:
        assert forgetting.money(session, town.town, NOW + 2000 * DAY).entries == 0


def test_why_a_clerk_did_something_goes_with_the_booking_or_with_the_books(database, town, booking):
    with database.write() as session:
        row = paid_by(session, town, booking)
        bank_undoing.undo(session, town.town, row.id, f"das war {PAYER}", NOW, CLERK)
        pay(session, session.get_one(Booking, booking.id), NOW)  # else it is kept for what is open
        charge = session.scalars(select(Charge)).one()
        until = date(2028, 12, 31)
        dunning_stops.stop(session, town.town, charge.id, until, f"{PAYER} ist krank", NOW, CLERK)

    def said(at):
        retention.forget_what_is_due(database, at)
        with database.read() as session:
            return session.scalars(select(Charge.stop_reason)).one(), session.scalars(select(Reversal.reason)).one()

    assert said(slot_at(date(2028, 12, 31), 12)) == (f"{PAYER} ist krank", f"das war {PAYER}")
    assert said(slot_at(date(2029, 1, 2), 12)) == ("", f"das war {PAYER}")
    assert said(slot_at(date(2034, 12, 31), 12)) == ("", f"das war {PAYER}")
    assert said(slot_at(date(2035, 1, 1), 12)) == ("", "")


def test_what_goes_next_is_counted_as_it_goes(database, town, booking):
    def counted(at):
        with database.read() as session:
            return forgetting.money(session, town.town, at)

    with database.write() as session:
        paid_by(session, town, booking)
        mandates.propose(session, town.town.id, "zoe@example.org", GIVEN, NOW)
        signed = mandates.propose(session, town.town.id, ANNA, GIVEN, NOW)
        mandates.sign(session, signed, NOW.date(), NOW)
        mandates.revoke(session, signed, NOW)
    assert counted(NOW) == forgetting.Money(0, 0, 0)
    assert counted(NOW + 60 * DAY).mandates == 1, "the proposal, after ninety days"
    retention.forget_what_is_due(database, NOW + 91 * DAY)
    assert counted(NOW + 91 * DAY).mandates == 0
    assert counted(slot_at(date(2027, 12, 24), 12)).mandates == 1, "revoked on 23 November 2026, kept for 14 months"
    assert counted(slot_at(date(2034, 12, 2), 12)).charges == 1
    retention.forget_what_is_due(database, slot_at(date(2035, 1, 1), 12))
    assert counted(slot_at(date(2035, 1, 1), 12)) == forgetting.Money(0, 0, 0)


def test_the_page_says_what_of_money_is_kept_how_long_and_what_goes_next(client, database, town, clock, booking):
    with database.write() as session:
        paid_by(session, town, booking)
    clock.now = slot_at(date(2028, 1, 10), 12)
    become(client, database, town.clerk, clock.now)
    page = client.get("/diepholz/amt/aufbewahrung").text
    for words in (
        "8 Jahre nach dem Ende des Jahres (§ 147 AO)",
        "auf Kontoauszügen: zugeordnet",
        "430 Tage nach der Buchung auf dem Konto",
        "Lastschriftmandate: Namen, Anschrift und Konto",
        "14 Monate nach Widerruf und letztem Einzug, ohne Widerruf 36 Monate nach dem letzten Einzug",
        "Konten, auf die eine Erstattung ging",
        "90 Tage nach dem Import",
        "Namen und Konto bei einer Bewegung auf Kontoauszügen",
    ):
        assert words in page, words
    assert PAYER not in page and ITS_END not in page


def test_citizens_are_told(client, town):
    page = client.get("/datenschutz").text
    assert "acht Jahre" in page and "Lastschrift" in page and "14 Monate" in page


@pytest.mark.parametrize("role", ["registrar", "county"])
def test_who_has_nothing_to_do_with_the_books_reads_no_account(client, database, town, booking, role):
    with database.write() as session:
        paid_by(session, town, booking, more=700)
        refund = session.scalars(select(Refund)).one()
        payouts.send_to(session, refund, payouts.Account(PAYER, IBAN))
    become(client, database, colleague(database, town, role))
    desk = "/diepholz/amt"
    pages = ["", "/buchungen", f"/buchung/{booking.id}", "/aufbewahrung", "/kassenregeln", "/kasse", "/kasse/auszuege"]
    pages += ["/kasse/rueckueberweisungen", "/kasse/mandate", "/kasse/erstattungen", "/kasse/export"]
    for page in pages:
        answer = client.get(f"{desk}{page}")
        assert answer.status_code == 403 or not page.startswith("/kasse/"), page
        assert not [text for text in (PAYER, SAID, IBAN, ITS_END) if text in answer.text], page


def test_no_log_says_who_paid(database, town, booking, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    (tmp_path / "diepholz").mkdir()
    good = entry(4200, f"{booking.number} {SAID}", ref="A1", name=PAYER, iban=IBAN)
    for name, content in (("a.xml", statement(good)), ("b.xml", statement(good)[:-40]), (f"{PAYER}.xml", b"<x/>")):
        (tmp_path / "diepholz" / name).write_bytes(content)
    assert bank_folder.collect(database, tmp_path, slot_at(date(2030, 1, 1), 9)) == 1
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "statement not imported" in lines
    assert not [text for text in (PAYER, SAID, IBAN, ITS_END) if text in lines]
    with database.read() as session:
        assert session.scalar(select(BankEntry.name)) == PAYER and session.scalar(select(Payment.id)) is None
