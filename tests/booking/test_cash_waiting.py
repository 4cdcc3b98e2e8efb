"""The cashier's first page says what waits, and where."""

from dataclasses import replace

from sqlalchemy import select

from buchbar.booking import lifecycle
from buchbar.payments.models import Payment
from tests.booking.money import pay
from tests.booking.test_money_lists import cashier as cashier
from tests.booking.test_money_lists import fill
from tests.booking.test_money_lists import town as town
from tests.cast import ANNA_AND_BEN, CLERK, FRIDAY, NOW, confirmed, slot_at
from tests.clerks import become, colleague, counted

PAGE = "/diepholz/amt/kasse"


def test_nothing_waits_and_nothing_is_said(client, cashier):
    assert "warte" not in client.get(PAGE).text.partition("<main")[2].replace("Erwartung", "")


def test_what_waits_is_counted_and_a_click_away(client, database, town, cashier):
    with database.write() as session:
        fill(session, town)
    page = client.get(PAGE).text
    for address, words in (
        ("erstattungen", "1 Erstattung wartet"),
        ("fehlschlaege", "1 Fehlschlag"),
        ("auszuege", "1 wartet"),
        ("rueckueberweisungen", "1 wartet"),
    ):
        assert f'href="{PAGE}/{address}"><strong>{words}</strong>' in page, address
    with database.write() as session:
        session.scalars(select(Payment).where(Payment.state == "paid")).one().provider = "cash"
    assert f'href="{PAGE}/kassenbuch"><strong>1 auszuzahlen</strong>' in client.get(PAGE).text


def test_it_asks_no_more_for_many(client, database, town, cashier):
    def asked():
        with counted(database) as sent:
            assert client.get(PAGE).status_code == 200
        return len(sent)

    with database.write() as session:
        fill(session, town)
    asked()
    one = asked()
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9), replace(ANNA_AND_BEN, email="zoe@example.org"))
        pay(session, booking, NOW).provider = "transfer"
        lifecycle.cancel(session, booking, NOW, CLERK)
    assert asked() == one and "2 Erstattungen warten" in client.get(PAGE).text


def test_who_may_not_print_reads_nothing_of_letters(client, database, town, cashier):
    become(client, database, colleague(database, town, "auditor"))
    assert "/kasse/briefe" not in client.get(PAGE).text
