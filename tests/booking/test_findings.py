"""What doesn't add up stands in red on top of the cashier's desk, with the way to the booking."""

import pytest

from buchbar.payments.models import Refund
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, confirmed, slot_at
from tests.clerks import become, colleague


@pytest.fixture
def cashier(client, database, town):
    clerk = colleague(database, town, "cashier", "Herr Groschen")
    become(client, database, clerk)
    return clerk


@pytest.fixture
def payment(database, town):
    with database.write() as session:
        return pay(session, confirmed(session, town, slot_at(SATURDAY, 9)), NOW)


def test_books_that_add_up_show_nothing_in_red(client, cashier, payment):
    page = client.get("/diepholz/amt/kasse")
    assert page.status_code == 200
    assert "unstimmig" not in page.text


def test_what_does_not_add_up_is_on_top_with_the_reason_and_the_way_there(client, database, cashier, payment):
    with database.write() as session:
        too_much = payment.cents + 100
        session.add(
            Refund(payment_id=payment.id, booking_id=payment.booking_id, cents=too_much, reason="x", wanted_at=NOW)
        )
    page = client.get("/diepholz/amt/kasse")
    assert "Eine Zahl in den Büchern geht nicht auf." in page.text
    assert "mehr gegangen, als kam" in page.text
    assert f'href="/diepholz/amt/buchung/{payment.booking_id}"' in page.text
