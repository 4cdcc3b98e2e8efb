"""The page of bank statements: preview, import, suggestions, and taking it back; by the cashier alone."""

import re

import pytest
from sqlalchemy import func, select

from buchbar.payments import ledger
from buchbar.payments.models import Payment
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankEntry, BankFile
from tests.cast import SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague
from tests.payments.statement_files import entry, statement

PAGE = "/diepholz/amt/kasse/auszuege"


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier", "Frau Kasse")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def booking(database, town):
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def owes(database, booking):
    with database.read() as session:
        return ledger.account(session, booking.id).open


def preview(client, posted, content, name="auszug.xml"):
    posted("/diepholz/amt/abmelden-gibt-es-nicht")  # gives the client its token
    fields = {"_csrf_token": client.cookies["csrftoken"]}
    return client.post(f"{PAGE}/vorschau", data=fields, files={"datei": (name, content, "text/xml")})


def packed(page):
    return re.search(r'name="inhalt" value="([^"]+)"', page.text)[1]


def one(database, table):
    with database.read() as session:
        return session.scalars(select(table)).one()


def test_preview_import_and_undo(client, posted, database, cashier, booking):
    cents = owes(database, booking)
    content = statement(entry(cents, booking.number, ref="A1", name="Anna Müller"), entry(100, "Spende", ref="A2"))
    page = preview(client, posted, content)
    assert page.status_code == 200 and "Noch ist nichts geschehen" in page.text and "2 neue Bewegungen" in page.text
    assert booking.number in page.text and owes(database, booking) == cents
    answer = posted(PAGE, name="auszug.xml", inhalt=packed(page))
    assert answer.status_code == 303 and owes(database, booking) == 0
    file = client.get(answer.headers["location"])
    assert "zugeordnet" in file.text and "ungeklärt" in file.text
    assert "auszug.xml" in client.get(PAGE).text
    own = f"{PAGE}/{one(database, BankFile).id}"
    assert posted(f"{own}/ruecknahme", grund="").status_code == 422
    assert posted(f"{own}/ruecknahme", grund="falsch").status_code == 303 and owes(database, booking) == cents
    assert "zurückgenommen" in client.get(PAGE).text


def test_a_suggestion_is_accepted_an_open_one_assigned_or_set_aside(client, posted, database, cashier, booking):
    cents = owes(database, booking)
    files = [
        entry(cents - 500, booking.number, ref="A1"),
        entry(200, "x", ref="A2"),
        entry(300, "y", ref="A3"),
        entry(77, "z", ref="A4"),
    ]
    posted(PAGE, name="a.xml", inhalt=packed(preview(client, posted, statement(*files))))
    page = client.get(PAGE).text
    share = re.search(r'name="anteil" value="([^"]+)"', page)[1]
    with database.read() as session:
        ids = {row.cents: row.id for row in session.scalars(select(BankEntry))}

    def act(which, verb, **fields):
        return posted(f"/diepholz/amt/kasse/bewegung/{ids[which]}/{verb}", **fields)

    assert act(cents - 500, "zuordnung", anteil=share).status_code == 303
    field = f"buchung_{ids[200]}"
    wrong = act(200, "zuordnung", **{field: "HZ-0000-0000"})
    assert wrong.status_code == 422 and "gibt es nicht" in wrong.text and "HZ-0000-0000" in wrong.text
    assert act(200, "zuordnung", **{field: f"{booking.number}; 1,50"}).status_code == 422
    assert act(200, "zuordnung", **{field: booking.number.lower()}).status_code == 303
    with database.read() as session:
        sign = ledger.charges(session, booking.id)[0].readable
    assert act(300, "zuordnung", **{f"buchung_{ids[300]}": sign}).status_code == 303
    assert owes(database, booking) == 0
    assert act(77, "beiseite").status_code == 422
    assert act(77, "beiseite", **{f"grund_{ids[77]}": "anderes Amt"}).status_code == 303
    assert "Nichts wartet" in client.get(PAGE).text
    assert act(77, "ruecknahme", auf_auszug="ja", **{f"grund_{ids[77]}": "doch"}).status_code == 303
    assert act(200, "ruecknahme", auf_auszug="ja", **{f"grund_{ids[200]}": "falsch"}).status_code == 303
    assert owes(database, booking) == 200 and "Nichts wartet" not in client.get(PAGE).text


def test_a_return_with_a_fee_is_accepted_by_the_cashier(client, posted, database, cashier, booking):
    cents = owes(database, booking)
    paid = statement(entry(cents, booking.number, ref="A1"))
    posted(PAGE, name="a.xml", inhalt=packed(preview(client, posted, paid)))
    back = entry(-cents - 350, booking.number, ref="A2", more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>")
    with database.read() as session:
        sign = ledger.charges(session, booking.id)[0].reference
    content = statement(back.replace(booking.number, sign))
    posted(PAGE, name="b.xml", inhalt=packed(preview(client, posted, content)))
    with database.read() as session:
        row = session.scalars(select(BankEntry).where(BankEntry.cents < 0)).one()
    assert row.state == "suggested" and "Als Rückgabe verbuchen" in client.get(PAGE).text
    for _click in range(2):
        assert posted(f"/diepholz/amt/kasse/bewegung/{row.id}/rueckgabe").status_code == 303
    assert owes(database, booking) == cents


def test_what_is_no_statement_is_told_beside_the_field(client, posted, database, cashier):
    for content in (b"kein XML", b"<Document/>"):
        page = preview(client, posted, content)
        assert page.status_code == 422 and 'id="datei-error"' in page.text
    for rubbish in ("", "!!", "aGFsbG8="):
        assert posted(PAGE, name="a.xml", inhalt=rubbish).status_code == 422
    fields = {"_csrf_token": client.cookies["csrftoken"]}
    assert client.post(f"{PAGE}/vorschau", data=fields).status_code == 422


def test_a_statement_of_another_account_is_imported_only_if_somebody_says_so(client, posted, database, cashier, town):
    with database.write() as session:
        rules = usual(town.town.id)
        rules.iban = "DE02120300000000202051"
        session.add(rules)
    page = preview(client, posted, statement(entry(100, "x", ref="A1")))
    assert "Achtung" in page.text and "DE89370400440532013000" in page.text
    refused = posted(PAGE, name="a.xml", inhalt=packed(page))
    assert refused.status_code == 422 and 'id="anderes_konto-error"' in refused.text and "Vorschau" in refused.text
    assert posted(PAGE, name="a.xml", inhalt=packed(refused), anderes_konto="ja").status_code == 303
    assert one(database, BankEntry).cents == 100


def test_only_the_cashier_imports(client, posted, database, town, booking):
    become(client, database, colleague(database, town, "registrar", "Herr Amt"))
    assert client.get(PAGE).status_code == 403
    assert preview(client, posted, statement(entry(100, "x"))).status_code == 403
    become(client, database, colleague(database, town, "auditor", "Frau Prüfer"))
    page = client.get(PAGE)
    assert page.status_code == 200 and "importieren" not in page.text
    assert posted(PAGE, name="a.xml", inhalt="x").status_code == 403
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 0
