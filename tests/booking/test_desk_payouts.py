"""The cashier sends money back to bank accounts: by a file, to another account, taken back."""

import pytest
from sqlalchemy import select

from buchbar.payments.mandates import SepaOrder
from buchbar.payments.models import Refund
from tests.clerks import become, colleague
from tests.payments.test_payouts import cancelled

PAGE = "/diepholz/amt/kasse/rueckueberweisungen"


@pytest.fixture
def refund(client, database, request):
    """A refund that waits, of a debit, or of a transfer whose account nobody knows."""
    with database.write() as session:
        town, refund = cancelled(session, *getattr(request, "param", ()))
        session.expunge_all()
    become(client, database, colleague(database, _Town(town), "cashier"))
    return refund


class _Town:
    """What a colleague needs of a cast."""

    def __init__(self, town):
        self.town = town


def the_order(database):
    with database.read() as session:
        return session.scalars(select(SepaOrder)).one()


def states(database):
    with database.read() as session:
        return sorted((refund.state, refund.cents > 0) for refund in session.scalars(select(Refund)))


def test_from_the_list_to_the_file_and_back(client, database, posted, refund):
    page = client.get(PAGE).text
    assert "•••• 2051" in page
    assert "DE02" not in page
    assert posted(PAGE).status_code == 422
    assert posted(PAGE, erstattung=str(refund.id)).status_code == 303
    assert states(database) == [("done", True)]
    order = the_order(database)
    inside = client.get(f"{PAGE}/{order.id}").text
    assert f'href="{PAGE}/{order.id}"' in client.get(PAGE).text
    assert f'href="/diepholz/amt/buchung/{refund.booking_id}"' in inside and order.message_id in inside
    made = client.get(f"{PAGE}/{order.id}/datei")
    assert made.status_code == 200
    assert b"pain.001.001.09" in made.content
    assert posted(f"{PAGE}/{order.id}/ruecknahme").status_code == 303
    assert states(database) == [("done", False), ("done", True), ("wanted", True)]
    assert client.get(f"{PAGE}/{order.id}/datei").status_code == 409


@pytest.mark.parametrize("refund", [("transfer", False)], indirect=True)
def test_an_unknown_account_is_typed_in(client, database, posted, refund):
    assert "Konto unbekannt" in client.get(PAGE).text
    assert posted(PAGE, erstattung=str(refund.id)).status_code == 409
    name, number = f"inhaber-{refund.id}", f"iban-{refund.id}"
    wrong = posted(f"{PAGE}/{refund.id}/konto", **{name: "Ben Yıldız", number: "NL91"})
    assert wrong.status_code == 422
    assert 'value="NL91"' in wrong.text
    right = {name: "Ben Yıldız", number: "NL91 ABNA 0417 1643 00"}
    assert posted(f"{PAGE}/{refund.id}/konto", **right).status_code == 303
    assert "•••• 4300" in client.get(PAGE).text
    assert posted(PAGE, erstattung=str(refund.id)).status_code == 303
    assert states(database) == [("done", True)]
