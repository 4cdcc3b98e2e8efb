"""The cashier announces direct debits, closes the file, fetches it, and takes it back."""

import pytest
from sqlalchemy import select

from buchbar.notices.models import Letter
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Payment
from tests.booking.test_collecting import with_a_mandate
from tests.clerks import become, colleague, counted

PAGE = "/diepholz/amt/kasse/lastschriften"


@pytest.fixture
def owed(client, database):
    """The cast, and Anna's wedding that is to be paid; a cashier is signed in."""
    with database.write() as session:
        cast, booking, _mandate = with_a_mandate(session)
    become(client, database, colleague(database, cast, "cashier"))
    return cast, booking


def announce(posted, booking, day="2026-12-07"):
    return posted(PAGE, buchung=str(booking.id), tag=day)


def the_order(database):
    with database.read() as session:
        return session.scalars(select(SepaOrder).order_by(SepaOrder.made_at)).all()[-1]


def test_from_the_announcement_to_the_file(client, database, posted, owed):
    _cast, booking = owed
    page = client.get(PAGE)
    assert booking.number in page.text
    assert "•••• 2051" in page.text
    assert announce(posted, booking).status_code == 303
    order = the_order(database)
    assert order.message_id in client.get(PAGE).text
    assert client.get(f"{PAGE}/{order.id}/datei").status_code == 409
    assert posted(f"{PAGE}/{order.id}/abschluss").status_code == 303
    first, second = (client.get(f"{PAGE}/{order.id}/datei") for _again in range(2))
    assert first.status_code == 200
    assert first.content == second.content
    assert order.message_id in first.headers["content-disposition"]


def test_the_page_says_who_is_in_a_file(client, database, posted, owed):
    cast, booking = owed
    announce(posted, booking)
    order = the_order(database)
    assert f'href="{PAGE}/{order.id}"' in client.get(PAGE).text
    page = client.get(f"{PAGE}/{order.id}").text
    assert booking.number in page and "170,00" in page and "Müller" in page
    posted(f"{PAGE}/{order.id}/ruecknahme")
    assert "In dieser Datei ist nichts mehr." in client.get(f"{PAGE}/{order.id}").text
    assert client.get(f"/diepholz/amt/kasse/rueckueberweisungen/{order.id}").status_code == 404
    become(client, database, colleague(database, cast, "registrar", "Herr Amt"))
    assert client.get(f"{PAGE}/{order.id}").status_code == 403


def test_a_faulty_day_stands_beside_its_field_and_what_was_ticked_stays(client, database, posted, owed):
    _cast, booking = owed
    answer = announce(posted, booking, "2026-11-24")
    assert answer.status_code == 422
    assert "14 Tage" in answer.text
    assert 'value="2026-11-24"' in answer.text
    assert " checked" in answer.text
    assert posted(PAGE, tag="2026-12-07").status_code == 422
    assert posted(PAGE, tag="2026-12-07", buchung="x").status_code == 422
    with database.read() as session:
        assert session.scalars(select(Payment)).all() == []


def test_taken_back_it_is_everybodys_turn_again(client, database, posted, owed):
    _cast, booking = owed
    announce(posted, booking)
    assert posted(f"{PAGE}/{the_order(database).id}/ruecknahme").status_code == 303
    page = client.get(PAGE).text
    assert "zurückgezogen" in page
    assert "Einzug ankündigen" in page
    with database.read() as session:
        kinds = session.scalars(select(Letter.kind).where(Letter.kind.like("debit%")).order_by(Letter.kind)).all()
        assert kinds == ["debit_notice", "debit_withdrawn"]


def test_a_file_that_the_bank_may_have_is_taken_back_only_if_it_has_cancelled_it(client, database, posted, owed):
    _cast, booking = owed
    announce(posted, booking)
    own, field = f"{PAGE}/{the_order(database).id}", f"storniert_{the_order(database).id}"
    posted(f"{own}/abschluss")
    refused = posted(f"{own}/ruecknahme")
    assert refused.status_code == 422 and f'id="{field}-error"' in refused.text
    assert posted(f"{own}/ruecknahme", **{field: "ja"}).status_code == 303
    assert "zurückgezogen" in client.get(PAGE).text


def test_who_only_checks_the_books_sees_it_and_changes_nothing(client, database, posted, owed):
    cast, booking = owed
    become(client, database, colleague(database, cast, "auditor", "Frau Prüfer"))
    page = client.get(PAGE)
    assert page.status_code == 200
    assert "Einzug ankündigen" not in page.text
    assert announce(posted, booking).status_code == 403


def test_the_page_asks_a_number_of_questions_that_does_not_grow(client, database, posted, owed):
    _cast, booking = owed
    announce(posted, booking)
    posted(f"{PAGE}/{the_order(database).id}/ruecknahme")
    client.get(PAGE)
    with counted(database) as first:
        client.get(PAGE)
    for _more in range(3):
        announce(posted, booking)
        posted(f"{PAGE}/{the_order(database).id}/ruecknahme")
    with counted(database) as second:
        client.get(PAGE)
    assert len(second) == len(first)
