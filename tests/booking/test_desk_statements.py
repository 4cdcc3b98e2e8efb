"""The page of bank statements: preview, import, suggestions, and taking it back; by the cashier alone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from buchbar.booking import bank_import, bank_lines, bank_shares, lifecycle
from buchbar.booking.bank_books import named
from buchbar.booking.models import Booking
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from buchbar.payments.rules import usual
from buchbar.payments.statements import BankEntry, BankFile
from tests.cast import CLERK, NOW, SATURDAY, confirmed, slot_at
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


def entries(database):
    with database.read() as session:
        return session.scalars(select(BankEntry)).all()


def sign_of(database, booking):
    with database.read() as session:
        return ledger.charges(session, booking.id)[0].readable


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
    for shown in (page.text, file.text):
        assert "zugeordnet: 1, zusammen 170,00" in shown and "ungeklärt: 1, zusammen 1,00" in shown
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
    assert wrong.status_code == 422 and "keine Buchung zu finden" in wrong.text and "HZ-0000-0000" in wrong.text
    assert f'href="#{field}"' in wrong.text and f'id="{field}-error"' in wrong.text
    wrong = act(200, "zuordnung", **{field: f"{booking.number}; 1,50"})
    assert wrong.status_code == 422 and "Eingegangen sind 2,00" in wrong.text and "zugeordnet 1,50" in wrong.text
    assert act(200, "zuordnung", **{field: booking.number.lower()}).status_code == 303
    assert act(300, "zuordnung", **{f"buchung_{ids[300]}": sign_of(database, booking)}).status_code == 303
    again = act(300, "zuordnung", **{f"buchung_{ids[300]}": booking.number, "auf_auszug": "ja"})
    assert again.status_code == 303  # twice is once
    late = act(300, "beiseite", **{f"grund_{ids[300]}": "zu spät"})
    assert late.status_code == 409 and "schon zugeordnet" in late.text and "Kontoauszüge" in late.text
    assert owes(database, booking) == 0
    assert act(77, "beiseite").status_code == 422
    assert act(77, "beiseite", **{f"grund_{ids[77]}": "anderes Amt"}).status_code == 303
    assert "Nichts wartet" in client.get(PAGE).text
    assert act(77, "ruecknahme", auf_auszug="ja", **{f"grund_{ids[77]}": "doch"}).status_code == 303
    assert act(200, "ruecknahme", auf_auszug="ja", **{f"grund_{ids[200]}": "falsch"}).status_code == 303
    assert owes(database, booking) == 200 and "Nichts wartet" not in client.get(PAGE).text


def test_a_name_finds_bookings_and_is_asked_before_money_is_theirs(
    client, posted, database, cashier, town, booking, monkeypatch
):
    posted(PAGE, name="a.xml", inhalt=packed(preview(client, posted, statement(entry(200, "x", ref="A2")))))
    row = one(database, BankEntry)
    field, address = f"buchung_{row.id}", f"/diepholz/amt/kasse/bewegung/{row.id}/zuordnung"
    with database.read() as session:
        name = named(session, [booking.id])[booking.id][1].split()[-1]
    asked = posted(address, **{field: f" {name}"})
    assert asked.status_code == 422 and "Ist das richtig" in asked.text and f"{booking.number}</textarea>" in asked.text
    with database.write() as session:
        other = confirmed(session, town, slot_at(SATURDAY, 9, 45))
    asked = posted(address, **{field: name})
    assert "Mehrere passen" in asked.text and booking.number in asked.text and other.number in asked.text
    monkeypatch.setattr(bank_shares, "_MOST", 1)
    assert "zu viele" in posted(address, **{field: name}).text
    nothing = f"{booking.number}; 0\n{other.number}; 2,00"
    assert "Betrag über 0" in posted(address, **{field: nothing}).text
    assert "keine Buchung" in posted(address, **{field: "; 2,00"}).text
    assert one(database, BankEntry).state == "open"


def test_movements_stand_in_the_banks_order_and_only_a_decision_can_be_taken_back(client, posted, database, cashier):
    texts = [f"Bewegung {n}" for n in range(9)]
    content = statement(
        *(entry(100 + n, text, ref=text) for n, text in enumerate(texts)), entry(-500, "Miete", ref="M")
    )
    page = posted(PAGE, name="a.xml", inhalt=packed(before := preview(client, posted, content)))
    for shown in (before.text, client.get(page.headers["location"]).text, client.get(PAGE).text):
        assert re.findall(r"Bewegung \d", shown) == texts
    (left,) = (row for row in entries(database) if row.cents < 0)
    undo = f"/bewegung/{left.id}/ruecknahme"
    assert undo not in client.get(page.headers["location"]).text
    came = next(row for row in entries(database) if row.cents == 100)
    posted(f"/diepholz/amt/kasse/bewegung/{came.id}/beiseite", **{f"grund_{came.id}": "anderes Amt"})
    assert undo.replace(str(left.id), str(came.id)) in client.get(page.headers["location"]).text


def test_the_same_file_again_is_told_beside_the_field(client, posted, database, cashier):
    content = statement(entry(200, "x", ref="A2"))
    inside = packed(preview(client, posted, content))
    posted(PAGE, name="a.xml", inhalt=inside)
    earlier = f'href="{PAGE}/{one(database, BankFile).id}">Den früheren Import ansehen'
    for again in (preview(client, posted, content), posted(PAGE, name="a.xml", inhalt=inside)):
        assert again.status_code == 422 and 'id="datei-error"' in again.text and earlier in again.text


def test_what_is_in_the_way_of_taking_an_import_back_is_named(client, posted, database, cashier, town, booking):
    with database.write() as session:
        other = confirmed(session, town, slot_at(SATURDAY, 9, 45))
    paid = [entry(owes(database, each), each.number, ref=each.number) for each in (booking, other)]
    posted(PAGE, name="a.xml", inhalt=packed(preview(client, posted, statement(*paid))))
    with database.write() as session:
        for each in (booking, other):
            lifecycle.cancel(session, session.get_one(Booking, each.id), NOW, CLERK)
    own = f"{PAGE}/{one(database, BankFile).id}"
    refused = posted(f"{own}/ruecknahme", grund="falsch")
    assert refused.status_code == 409 and 'value="falsch"' in refused.text
    assert ", ".join(sorted((booking.number, other.number))) in refused.text
    assert one(database, BankFile).undone_at is None


def test_who_reloads_what_a_form_led_to_comes_back_to_the_page(client, cashier):
    some = "00000000-0000-0000-0000-000000000001"
    for form in (f"auszuege/{some}/ruecknahme", "auszuege/vorschau", f"bewegung/{some}/zuordnung"):
        answer = client.get(f"/diepholz/amt/kasse/{form}", follow_redirects=False)
        assert answer.status_code == 303 and answer.headers["location"] == PAGE


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
    shown = re.search(r'name="zahlung" value="([^"]+)"', client.get(PAGE).text)[1]
    act = f"/diepholz/amt/kasse/bewegung/{row.id}/rueckgabe"
    for stale in ("", str(row.id)):
        refused = posted(act, zahlung=stale)
        assert refused.status_code == 409 and "eine andere Zahlung oder keine" in refused.text
    assert owes(database, booking) == 0
    for _click in range(2):
        assert posted(act, zahlung=shown).status_code == 303
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
    assert "Auszug eines anderen Kontos" in page.text and "DE89 3704 0044 0532 0130 00" in page.text
    refused = posted(PAGE, name="a.xml", inhalt=packed(page))
    assert refused.status_code == 422 and 'id="anderes_konto-error"' in refused.text and "Vorschau" in refused.text
    assert posted(PAGE, name="a.xml", inhalt=packed(refused), anderes_konto="ja").status_code == 303
    assert one(database, BankEntry).cents == 100


def test_all_imports_are_found_however_many_there_are(client, database, cashier, town):
    with database.write() as session:
        for n in range(bank_lines.FILES + 3):
            bank_import.write_off(session, town.town, f"nr-{n}.xml", "unlesbar", NOW + timedelta(minutes=n), "Ordner")
    newest, oldest = client.get(PAGE).text, client.get(f"{PAGE}?seite=2").text
    assert "seite=2#importe" in newest and "nr-52.xml" in newest and "nr-0.xml" not in newest
    assert "nr-0.xml" in oldest and "nr-2.xml" in oldest and "seite=3" not in oldest and "seite=1#importe" in oldest
    assert "nr-52.xml" in oldest, "what failed lately is said on every page"


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
