"""Open items at the cashier's desk: what is found, what it sums up to, and who may see and settle it."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from buchbar.booking import lifecycle, retention
from buchbar.booking.models import Booking
from buchbar.booking.terms import Terms
from buchbar.notices.models import Errand
from buchbar.payments import ledger
from buchbar.payments.dunning import DunningNotice
from buchbar.payments.models import Charge, Payment, Refund
from buchbar.payments.open_items import open_items
from buchbar.payments.rules import DunningLevel, usual
from tests.booking.many import many
from tests.booking.money import pay
from tests.cast import BERLIN, CLERK, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague, counted

PAGE = "/diepholz/amt/kasse/offen"
FEES = 17000
DUE = date(2026, 12, 7)  # two weeks after NOW


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(payment="optional"))


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def firm(database, town):
    """Anna and Ben have their date and owe the fees."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def change(database, booking, **values):
    with database.write() as session:
        charge = session.scalars(select(Charge).where(Charge.booking_id == booking.id)).one()
        for name, value in values.items():
            setattr(charge, name, value)
        return charge


def remind(database, booking, level=1):
    with database.write() as session:
        charge = session.scalars(select(Charge).where(Charge.booking_id == booking.id)).one()
        session.add(
            DunningNotice(charge_id=charge.id, level=level, open_cents=FEES, pay_by=DUE, written_at=NOW, written_by="x")
        )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("suche=Müller", True),
        ("suche=Niemand", False),
        ("lage=ueberfaellig", False),
        ("lage=spaeter", True),
        ("lage=teil", False),
        ("lage=unterwegs", False),
        ("lage=stopp", False),
        ("lage=x", True),
        ("von=2026-12-07&bis=2026-12-07", True),
        ("von=2026-12-08", False),
        ("bis=6.12.2026", False),
        ("stufe=0", True),
        ("stufe=1", False),
        ("ab=170,00&hoechstens=170", True),
        ("ab=170,01", False),
        ("hoechstens=169,99", False),
        ("bereich=weddings", True),
        ("bereich=halls", False),
        ("weg=online", True),
        ("weg=paper", False),
        ("sortierung=betrag", True),
        ("sortierung=stufe", True),
        ("sortierung=nummer", True),
        ("seite=7", True),
    ],
)
def test_the_list_finds_what_is_open(client, cashier, firm, query, found):
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    assert (firm.number in answer.text) is found


def test_it_finds_by_every_sign_that_stands_on_a_document(client, database, cashier, firm):
    charge = change(database, firm, kassenzeichen="5-2026-000417", number="2026/0042", year=2026, serial=42)
    for typed in (firm.number, charge.reference, charge.readable, "5-2026-000417", "52026 000417", "2026/0042"):
        assert firm.number in client.get(PAGE, params={"suche": typed}).text, typed
    assert firm.number not in client.get(PAGE, params={"suche": "5-2026-000418"}).text


def test_a_request_is_no_debt_until_the_office_has_agreed(client, database, cashier, firm, clock):
    clock.now = NOW + timedelta(days=17)
    become(client, database, cashier, clock.now)
    with database.write() as session:
        session.get_one(Booking, firm.id).state = "requested"
    page = client.get(PAGE).text
    assert firm.number not in page and "Dazu eine Anfrage" in page and "170,00" in page
    assert firm.number not in client.get(f"{PAGE}?lage=ueberfaellig").text
    asked = client.get(f"{PAGE}?lage=zusage").text
    assert firm.number in asked and "noch nicht zugesagt" in asked and "seit 3 Tagen" not in asked
    (row,) = client.get(f"{PAGE}/datei/json?lage=zusage").json()
    assert (row["promised"], row["days_overdue"]) == (False, 0)
    assert client.get(f"{PAGE}/datei/json").json() == []


def test_only_the_towns_levels_can_be_looked_for(client, database, cashier, firm):
    assert "Stufe 2" in client.get(PAGE).text and "Stufe 3" not in client.get(PAGE).text
    with database.write() as session:
        rules = usual(firm.municipality_id)
        rules.dunning = (DunningLevel(days=1),) * 3
        session.add(rules)
    assert "Stufe 3" in client.get(PAGE).text


def test_whoever_is_forgotten_is_named_as_on_the_document(client, database, cashier, firm):
    """The books keep who owes it: from before a booking was kept for what is open."""
    with database.write() as session:
        retention.forget(session, session.get_one(Booking, firm.id), NOW)
    assert "Anna Müller, Ben Yıldız" in client.get(PAGE).text
    assert "Anna Müller, Ben Yıldız" in client.get(f"{PAGE}/datei/csv").text


def test_what_cannot_be_read_is_said_beside_its_field(client, cashier, firm):
    answer = client.get(f"{PAGE}?von=gestern&ab=viel")
    assert answer.status_code == 422
    assert 'id="von-error"' in answer.text and 'id="ab-error"' in answer.text and 'value="viel"' in answer.text


def test_what_is_paid_is_gone_and_a_part_is_said(client, database, cashier, firm):
    with database.write() as session:
        pay(session, session.get_one(Booking, firm.id), NOW, 7000)
    page = client.get(f"{PAGE}?lage=teil").text
    assert "100,00" in page and "bezahlt 70,00" in page
    with database.write() as session:
        pay(session, session.get_one(Booking, firm.id), NOW)
    assert "Alles ist bezahlt." in client.get(PAGE).text
    assert "keinen offenen Posten" in client.get(f"{PAGE}?suche=x").text


def test_overdue_dunned_stopped_and_on_its_way_are_seen(client, database, cashier, firm, clock):
    charge = change(database, firm, due_on=None)
    with database.read() as session:
        (item,) = open_items(session, firm.municipality_id, BERLIN, [firm.id])
    assert item.due_on == DUE, "a charge from before there were due dates is due by the town's days"
    clock.now = NOW + timedelta(days=17)
    become(client, database, cashier, clock.now)
    assert "seit 3 Tagen überfällig" in client.get(f"{PAGE}?lage=ueberfaellig").text
    remind(database, firm)
    change(database, firm, stopped_until=date(2026, 12, 10), stop_reason="Raten vereinbart")
    with database.write() as session:
        session.add(
            Payment(municipality_id=firm.municipality_id, booking_id=firm.id, cents=FEES, started_at=NOW,
                    expires_at=NOW, intent_id="pi_1")
        )  # fmt: skip
    page = client.get(f"{PAGE}?lage=stopp&stufe=1").text
    for words in ("Stufe 1", "Mahnstopp", "Raten vereinbart", "Zahlung unterwegs", charge.readable):
        assert words in page
    assert firm.number in client.get(f"{PAGE}?lage=unterwegs").text
    clock.now = NOW + timedelta(days=18)
    assert firm.number not in client.get(f"{PAGE}?lage=stopp").text, "the stop's last day was yesterday"


def test_the_sums_are_those_of_all_pages_and_the_queries_stay_as_few(client, database, cashier, town):
    with database.write() as session:
        many(session, town, 30)
    client.get(PAGE)
    with counted(database) as few:
        client.get(PAGE)
    with database.write() as session:
        many(session, town, 200, offset=30)
    with counted(database) as as_few:
        page = client.get(PAGE)
    assert len(as_few) == len(few)
    assert "98 offene Posten" in page.text and "Seite 1 von 2" in page.text, "17 are requests"
    assert "5.880,00" in page.text
    assert client.get(f"{PAGE}?seite=2").text.count('data-label="Buchung"') == 48


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json"], ids=str)
def test_the_list_is_taken_along_as_it_is_filtered(client, cashier, firm, kind):
    answer = client.get(f"{PAGE}/datei/{kind}?lage=spaeter")
    assert answer.status_code == 200 and kind in answer.headers["content-disposition"]
    if kind == "json":
        (row,) = json.loads(answer.content)
        assert (row["number"], row["open"], row["due_on"]) == (firm.number, FEES, "2026-12-07")
        assert json.loads(client.get(f"{PAGE}/datei/json?lage=stopp").content) == []
    assert client.get(f"{PAGE}/datei/pdf").status_code == 404


def test_only_the_town_and_who_may_see_its_books(client, database, town, firm):
    with database.write() as session:
        other = assemble(session, slug="vechta")
    become(client, database, colleague(database, other, "cashier"))
    assert firm.number not in client.get("/vechta/amt/kasse/offen").text
    become(client, database, colleague(database, town, "registrar", "Frau Herbst"))
    assert client.get(PAGE).status_code == 403


@pytest.fixture
def bounced(database, firm):
    """Anna and Ben have paid, the office has cancelled, and the refund didn't arrive."""
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        pay(session, booking, NOW)
        lifecycle.cancel(session, booking, NOW, CLERK)
        refund = session.scalars(select(Refund)).one()
        errand = session.scalars(select(Errand).where(Errand.subject_id == refund.id)).one()
        errand.state, errand.fault, refund.state = "failed", "Konto erloschen", "failed"
        return errand


def test_what_is_to_go_back_is_listed_until_it_has_arrived(client, database, cashier, bounced, firm):
    page = client.get("/diepholz/amt/kasse/erstattungen").text
    assert firm.number in page and "170,00" in page and "nicht angekommen" in page
    with database.write() as session:
        session.scalars(select(Refund)).one().state = "done"
    assert "Nichts wartet auf Erstattung." in client.get("/diepholz/amt/kasse/erstattungen").text


def test_what_was_paid_too_much_and_does_not_go_back_is_named(client, database, cashier, firm):
    with database.write() as session:
        for cents in (FEES, 500):
            session.add(
                Payment(municipality_id=firm.municipality_id, booking_id=firm.id, cents=cents, state="paid",
                        provider="transfer", started_at=NOW, expires_at=NOW, settled_at=NOW)
            )  # fmt: skip
    page = client.get("/diepholz/amt/kasse/erstattungen").text
    assert firm.number in page and "5,00" in page and "Anna Müller" in page
    assert "Alles ist bezahlt." in client.get(PAGE).text


def test_the_cashier_settles_a_refund_that_failed_once(client, database, posted, cashier, bounced, firm):
    page = client.get("/diepholz/amt/kasse/fehlschlaege").text
    assert "Konto erloschen" in page and "Auf anderem Weg erstattet" in page
    address = f"/diepholz/amt/kasse/fehlschlaege/{bounced.id}"
    assert posted(f"{address}/wiederholung").status_code == 409, "the provider has given it up"
    assert posted(f"{address}/erstattung").status_code == 303
    assert posted(f"{address}/erstattung").status_code == 404
    assert "Nichts ist fehlgeschlagen." in client.get("/diepholz/amt/kasse/fehlschlaege").text
    with database.read() as session:
        assert session.scalars(select(Refund)).one().state == "done"
        assert ledger.account(session, firm.id).surplus == 0


def test_letters_and_auditors_have_no_verbs_there(client, database, posted, cashier, bounced, town):
    with database.write() as session:
        mail = Errand(id=uuid4(), kind="mail", subject_id=uuid4(), written_at=NOW, next_at=NOW, state="failed")
        session.add(mail)
    assert posted(f"/diepholz/amt/kasse/fehlschlaege/{mail.id}/erledigung").status_code == 404
    become(client, database, colleague(database, town, "auditor", "Frau Prüfer"))
    page = client.get("/diepholz/amt/kasse/fehlschlaege").text
    assert "Konto erloschen" in page and "Auf anderem Weg erstattet" not in page
    assert posted(f"/diepholz/amt/kasse/fehlschlaege/{bounced.id}/erstattung").status_code == 403
