"""Statements that lie in a town's folder are imported once, whatever happens in between, and are put away."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import bank_folder, retention
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankEntry, BankFile
from tests.booking.crowd import crowded, together
from tests.cast import NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague
from tests.payments.statement_files import entry, statement


@pytest.fixture
def booking(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "diepholz").mkdir()
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def put(folder, name, content, minutes_ago=5):
    path = folder / "diepholz" / name
    path.write_bytes(content)
    moment = (NOW - timedelta(minutes=minutes_ago)).timestamp()
    os.utime(path, (moment, moment))
    return path


def paying(database, booking):
    with database.read() as session:
        cents = ledger.account(session, booking.id).open
    return statement(entry(cents, booking.number, ref="A1", name="Anna Müller", iban="DE02120300000000202051"))


def count(database, table):
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table))


def names(folder, where):
    return sorted(path.name for path in (folder / "diepholz" / where).glob("*"))


def test_a_file_is_imported_and_put_away(database, folder, booking):
    put(folder, "a.xml", paying(database, booking))
    put(folder, "notes.txt", b"nothing")
    assert bank_folder.collect(database, folder, NOW) == 1
    assert names(folder, "done") == ["20261123-090000-a.xml"] and count(database, Payment) == 1
    put(folder, "again.xml", (folder / "diepholz" / "done" / "20261123-090000-a.xml").read_bytes())
    assert bank_folder.collect(database, folder, NOW) == 0
    assert len(names(folder, "done")) == 2 and count(database, BankFile) == 1


def test_a_name_in_capitals_is_a_statement_too(database, folder, booking):
    put(folder, "A.XML", paying(database, booking))
    assert bank_folder.collect(database, folder, NOW) == 1
    assert names(folder, "done") == ["20261123-090000-A.XML"]
    bank_folder.collect(database, folder, NOW + timedelta(days=91))
    assert not names(folder, "done")


def test_a_folder_that_lets_nothing_be_put_away_holds_up_no_other_town(database, folder, booking, caplog):
    with database.write() as session:
        assemble(session, slug="vechta")
    elsewhere = folder / "vechta"
    elsewhere.mkdir()
    (folder / "diepholz" / "failed").write_text("a file where a folder should be")
    (folder / "diepholz" / "done").write_text("another")
    put(folder, "a.xml", b"<Document/>")
    put(folder, "b.xml", paying(database, booking))
    put(folder, "c.xml", statement(entry(100, "Spende", ref="A1"))).rename(elsewhere / "c.xml")
    assert bank_folder.collect(database, folder, NOW) == 1
    assert [path.name for path in (elsewhere / "done").iterdir()] == ["20261123-090000-c.xml"]
    assert caplog.messages.count("statements not put away") == 2
    bank_folder.collect(database, folder, NOW)
    assert count(database, Payment) == 1, "what couldn't be put away is not imported twice"


def test_a_statement_of_another_account_is_refused_and_the_cashier_is_told(database, folder, town, booking):
    with database.write() as session:
        rules = usual(town.town.id)
        rules.iban = "DE02120300000000202051"
        session.add(rules)
    put(folder, "a.xml", paying(database, booking))
    assert bank_folder.collect(database, folder, NOW) == 0 == count(database, BankEntry)
    with database.read() as session:
        (fault,) = session.scalars(select(BankFile)).one().faults
    assert "vom Konto DE89 3704 0044 0532 0130 00" in fault and names(folder, "failed")


def test_a_file_that_is_still_being_written_waits(database, folder, booking):
    put(folder, "a.xml", paying(database, booking)[:200], minutes_ago=0)
    assert bank_folder.collect(database, folder, NOW) == 0 and not names(folder, "failed")
    assert bank_folder.collect(database, None, NOW) == 0


def test_a_link_leads_nowhere(database, folder, tmp_path):
    (tmp_path / "secret.xml").write_text("<Document/>")
    (folder / "diepholz" / "a.xml").symlink_to(tmp_path / "secret.xml")
    assert bank_folder.collect(database, folder, NOW + timedelta(days=9999)) == 0 and not names(folder, "failed")


def test_what_can_not_be_read_is_put_aside_and_the_cashier_is_told(client, database, folder, town, booking):
    put(folder, "a.xml", b"<Document/>")
    put(folder, "b.xml", paying(database, booking))
    assert bank_folder.collect(database, folder, NOW) == 1
    assert names(folder, "failed") == ["20261123-090000-a.xml"]
    become(client, database, colleague(database, town, "cashier"))
    page = client.get("/diepholz/amt/kasse/auszuege").text
    assert "nicht zu importieren" in page and "a.xml" in page


def test_many_processes_import_a_file_once(database, database_url, folder, booking):
    put(folder, "a.xml", paying(database, booking))
    with crowded(database_url) as busy:
        results = together([lambda: bank_folder.collect(busy, folder, NOW)] * 6)
    assert sorted(results) == [0] * 5 + [1] and count(database, Payment) == 1
    assert len(names(folder, "done")) == 1 and not names(folder, "failed")


def test_what_was_put_away_is_deleted_on_its_day_and_nothing_else(database, folder, booking):
    put(folder, "a.xml", paying(database, booking))
    put(folder, "b.xml", b"<Document/>")
    bank_folder.collect(database, folder, NOW)
    (folder / "diepholz" / "done" / "notes.txt").write_text("the town's own")
    bank_folder.collect(database, folder, NOW + timedelta(days=90))
    assert (len(names(folder, "done")), len(names(folder, "failed"))) == (2, 1)
    put(folder, "new.xml", b"<Document/>")
    bank_folder.collect(database, folder, NOW + timedelta(days=90, seconds=1))
    assert names(folder, "done") == ["notes.txt"]
    assert names(folder, "failed") == ["20270221-090001-new.xml"]
    assert count(database, Payment) == 1


def test_who_paid_is_forgotten_on_its_date_and_the_amounts_stay(database, folder, booking):
    put(folder, "a.xml", paying(database, booking))
    bank_folder.collect(database, folder, NOW)
    for days, kept in ((429, True), (431, False)):
        with database.write() as session:
            retention.tidy(session, NOW + timedelta(days=days))
        with database.read() as session:
            row = session.scalars(select(BankEntry)).one()
        assert bool(row.name and row.text and row.sealed_iban) == kept and row.cents > 0
