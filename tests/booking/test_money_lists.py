"""The cashier's lists as files: every list in every kind, of this town only, and for whoever may see its page."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.accounts.models import AuditEntry
from buchbar.booking import bank_import, lifecycle, money_lists
from buchbar.booking.models import Booking
from buchbar.booking.terms import Terms
from buchbar.notices.models import Errand
from buchbar.payments import collections, mandates, till
from buchbar.payments.cash_book import CashDay
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment, Refund
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankFile
from tests.booking.money import pay
from tests.cast import ANNA_AND_BEN, CLERK, FRIDAY, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted
from tests.payments.statement_files import entry, statement
from tests.payments.test_mandates import ANNA, GIVEN

OF_A_FILE = {"auszug": BankFile, "lastschriften": SepaOrder}
LATER = NOW + timedelta(days=30)
PAYER, IBAN = "Hertha Oldenbruch", "DE02120300000000202051"


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional"))


def fill(session, town, sign=""):
    """A row for each list."""
    session.add(usual(town.town.id))
    back, debited = (
        confirmed(session, town, start, replace(ANNA_AND_BEN, email=f"paar{n}@example.org"))
        for n, start in enumerate((slot_at(SATURDAY, 9), slot_at(SATURDAY, 10, 30)))
    )
    payment = pay(session, back, NOW)
    payment.provider = "transfer"
    lifecycle.cancel(session, back, NOW, CLERK)
    refund = session.scalars(select(Refund).where(Refund.booking_id == back.id)).one()
    errand = session.scalars(select(Errand).where(Errand.subject_id == refund.id)).one()
    errand.state, errand.fault = "failed", "Konto erloschen"
    content = statement(entry(1234, "was ist das", ref=f"A1{sign}", name=PAYER, iban=IBAN))
    bank_import.bring_in(session, town.town, f"auszug{sign}.xml", content, NOW, "Frau Kasse")
    mandate = mandates.propose(session, town.town.id, ANNA, GIVEN, NOW)
    mandates.sign(session, mandate, NOW.date(), NOW)
    order = collections.begin(session, town.town.id, "collection", date(2026, 12, 21), NOW, "Frau Kasse")
    collections.put_in(session, order, debited.id, mandate, 17000, NOW)
    session.add(
        CashDay(municipality_id=town.town.id, day=NOW.date(), serial=1, opening=0, expected=0, counted=0,
                closed_at=NOW, closed_by="Frau Kasse")
    )  # fmt: skip


@pytest.fixture
def cashier(client, database, town, clock):
    clock.now = LATER
    clerk = colleague(database, town, "cashier")
    become(client, database, clerk, LATER)
    return clerk


def address(database, name, slug="diepholz"):
    """With which file, where it is one's."""
    if name not in OF_A_FILE:
        return f"/{slug}/amt/kasse/listen/{name}"
    with database.read() as session:
        return f"/{slug}/amt/kasse/listen/{name}", session.scalars(select(OF_A_FILE[name].id)).first()


def fetched(client, database, name, kind, slug="diepholz"):
    where = address(database, name, slug)
    path, of = where if isinstance(where, tuple) else (where, "")
    return client.get(f"{path}/{kind}", params={"von": str(of)} if of else {})


def rows(answer):
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
@pytest.mark.parametrize("name", money_lists.LISTS)
def test_every_list_in_every_kind(client, database, town, cashier, name, kind):
    if name not in OF_A_FILE:
        assert fetched(client, database, name, kind).status_code == 200, "empty"
    with database.write() as session:
        fill(session, town)
    answer = fetched(client, database, name, kind)
    assert answer.status_code == 200 and f"{name}-diepholz-2026-12-23.{kind}" in answer.headers["content-disposition"]
    if kind == "csv":
        assert len(rows(answer)) == 2, answer.text
        assert IBAN not in answer.text and IBAN[-10:-4] not in answer.text
    assert fetched(client, database, name, "exe").status_code == 404


def test_what_stands_in_them(client, database, town, cashier):
    with database.write() as session:
        fill(session, town)
    told = {name: fetched(client, database, name, "csv").text for name in money_lists.LISTS}
    assert "wartet auf Ihre Datei für die Bank" in told["erstattungen"] and "170,00" in told["erstattungen"]
    assert "Konto erloschen" in told["fehlschlaege"] and "auszug.xml" in told["auszuege"]
    assert PAYER in told["bewegungen"] and PAYER in told["auszug"] and "12,34" in told["auszug"]
    assert "Anna Müller" in told["lastschriften"] and "angekündigt" in told["lastschriften"]
    assert ANNA in told["mandate"] and "gilt" in told["mandate"]
    with database.read() as session:
        words = select(AuditEntry.words).where(AuditEntry.words == "Liste der Kasse exportiert")
        assert len(session.scalars(words).all()) == len(told)


@pytest.mark.parametrize("name", money_lists.LISTS)
def test_another_towns_rows_are_never_there(client, database, town, cashier, name):
    with database.write() as session:
        other = assemble(session, slug="vechta")
        fill(session, other, "v")
    answer = fetched(client, database, name, "csv")
    if name in OF_A_FILE:
        assert answer.status_code == 404
    else:
        assert answer.status_code == 200 and len(rows(answer)) == 1


@pytest.mark.parametrize("name", money_lists.LISTS)
def test_a_file_that_isnt_one_is_not_found(client, cashier, name):
    answer = client.get(f"/diepholz/amt/kasse/listen/{name}/csv", params={"von": str(uuid4())})
    assert answer.status_code == (404 if name in OF_A_FILE else 200)
    if name in OF_A_FILE:
        assert client.get(f"/diepholz/amt/kasse/listen/{name}/csv?von=x").status_code == 404


def test_who_may_not_see_the_page_gets_no_list(client, database, town, cashier):
    for role, books, dunning in (("registrar", 403, 403), ("auditor", 200, 403), ("head", 200, 200)):
        become(client, database, colleague(database, town, role, f"Frau {role}"), LATER)
        assert client.get("/diepholz/amt/kasse/listen/mandate/csv").status_code == books
        assert client.get("/diepholz/amt/kasse/mahnlauf/datei/csv").status_code == dunning
    assert client.get("/diepholz/amt/kasse/listen/unbekannt/csv").status_code == 404


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"])
def test_the_run_of_dunning_with_who_gets_none_and_why(client, database, town, cashier, kind):
    path = f"/diepholz/amt/kasse/mahnlauf/datei/{kind}"
    assert client.get(path).status_code == 200
    with database.write() as session:
        booking = confirmed(session, town, slot_at(SATURDAY, 9))
        session.get_one(Booking, booking.id).policy.terms = Terms(payment="later")
    assert client.get(path).status_code == 200
    if kind == "csv":
        (_head, row) = rows(client.get(path))
        assert row == [booking.number, "Anna Müller & Ben Yıldız", "170,00", "07.12.2026", "1", "E-Mail", ""]
        (_head, row) = rows(client.get(f"{path}?ab=500"))
        assert row[-1] == "Der Betrag ist dafür zu klein."
        assert len(rows(client.get(f"{path}?ab=viel"))) == 2


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("erstattungen", "listen/erstattungen"),
        ("fehlschlaege", "listen/fehlschlaege"),
        ("auszuege", "listen/auszuege"),
        ("auszuege", "listen/bewegungen"),
        ("lastschriften", "listen/lastschriften"),
        ("mandate", "listen/mandate"),
        ("rueckueberweisungen", "listen/rueckueberweisungen"),
        ("kassenbuch", "listen/kassentage"),
        ("mahnlauf", "mahnlauf/datei"),
        ("offen", "offen/datei"),
    ],
)
def test_each_page_leads_to_its_list(client, database, town, cashier, page, name):
    with database.write() as session:
        fill(session, town)
    shown = client.get(f"/diepholz/amt/kasse/{page}").text
    assert all(f"/diepholz/amt/kasse/{name}/{kind}" in shown for kind in ("xlsx", "csv"))


def test_the_page_of_one_statement_leads_to_its_entries(client, database, town, cashier):
    with database.write() as session:
        fill(session, town)
        file_id = session.scalars(select(BankFile.id)).one()
    assert f"listen/auszug/csv?von={file_id}" in client.get(f"/diepholz/amt/kasse/auszuege/{file_id}").text


def test_what_waits_says_for_whom(client, database, town, cashier):
    """A refund that needs the cashier's file isn't under way, nor one that somebody must fetch at the counter."""
    with database.write() as session:
        fill(session, town)
    page = client.get("/diepholz/amt/kasse/erstattungen").text
    assert "wartet auf Ihre Datei für die Bank" in page and "/kasse/rueckueberweisungen" in page
    with database.write() as session:
        session.scalars(select(Payment).where(Payment.state == "paid")).one().provider = "cash"
    page = client.get("/diepholz/amt/kasse/erstattungen").text
    assert "wird am Schalter ausgezahlt" in page and "Zum Kassenbuch" in page


def test_a_list_asks_no_more_for_many(client, database, town, cashier):
    with database.write() as session:
        fill(session, town)

    def asked():
        with counted(database) as sent:
            assert fetched(client, database, "erstattungen", "csv").status_code == 200
        return len(sent)

    asked()
    one = asked()
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9), replace(ANNA_AND_BEN, email="zoe@example.org"))
        pay(session, booking, NOW)
        lifecycle.cancel(session, booking, NOW, CLERK)
    assert asked() == one


def test_closed_days_of_all_years_are_in_one_list(session, cast):
    for year in (2026, 2027):
        session.add(
            CashDay(municipality_id=cast.town.id, day=date(year, 1, 4), serial=year, opening=0, expected=5,
                    counted=4, closed_at=NOW, closed_by="x")
        )  # fmt: skip
    session.flush()
    assert till.years(session, cast.town.id) == [2027, 2026]
    sheet = money_lists.closed_days(money_lists.Asked(session, cast.clerk, NOW))
    assert [row[1] for row in sheet.rows] == [2027, 2026] and sheet.rows[0][5].cents == -1
