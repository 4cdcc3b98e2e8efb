"""Whichever way somebody pays, the same four verbs stand behind it."""

from datetime import timedelta

import pytest

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.payments import workers
from buchbar.payments.models import PROVIDERS, Payment, Refund
from buchbar.payments.ways import WAYS
from tests.booking.money import pay
from tests.cast import NOW, SATURDAY, SETTINGS, assemble, confirmed, slot_at

AT_THE_TOWN = [each for each in PROVIDERS if each != "stripe"]


def test_every_way_that_the_books_know_has_its_verbs():
    assert set(WAYS) == set(PROVIDERS)


@pytest.mark.parametrize("provider", AT_THE_TOWN)
def test_what_came_to_the_town_itself_goes_back_by_its_own_people(database, provider):
    """No provider is asked: the refund stays wanted until somebody at the desk has done it, and is no failure."""
    with database.write() as session:
        booking = confirmed(session, assemble(session), slot_at(SATURDAY, 9))
        pay(session, booking, NOW).provider = provider
        lifecycle.cancel(session, booking, NOW, CITIZEN)
        refund = session.query(Refund).one()
    workers.send_refund(database, refund.id, NOW + timedelta(minutes=2))
    with database.read() as session:
        assert session.get_one(Refund, refund.id).state == "wanted"


@pytest.mark.parametrize("provider", AT_THE_TOWN)
def test_it_is_paid_where_the_bank_details_are_and_nobody_else_is_asked(provider):
    payment, address = Payment(cents=100, provider=provider), "https://stadt.example/buchung/abc"
    way = WAYS[provider]
    given = {"cents": 100, "purpose": "B-1", "lines": [], "return_url": address, "email": ""}
    assert way.start(SETTINGS, payment, **given) == ("", f"{address}/zahlung")
    assert way.status(SETTINGS, "").state == way.cancel(SETTINGS, "").state == "open"
