"""Mandates: proposed, signed, revoked, forgotten by time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from buchbar.base.errors import NotFound
from buchbar.payments import iban, mandates
from buchbar.payments.mandates import Given
from tests.cast import NOW, assemble

GIVEN = Given("Anna Müller", "Lange Straße 1", "49356 Diepholz", "DE02120300000000202051")
TODAY = date(2026, 11, 23)
ANNA = "anna@example.org"


@pytest.fixture
def town(session):
    return assemble(session).town


def signed(session, town, on=TODAY):
    mandate = mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    mandates.sign(session, mandate, on, NOW)
    return mandate


def test_a_mandate_holds_once_it_is_signed(session, town):
    mandate = mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    assert mandates.of_email(session, town.id, ANNA, TODAY) is None
    mandates.sign(session, mandate, TODAY, NOW)
    assert mandates.of_email(session, town.id, "Anna@example.org", TODAY) is mandate


def test_the_number_is_sealed_and_only_its_end_can_be_read(session, town):
    mandate = signed(session, town)
    assert GIVEN.number not in mandate.sealed_iban
    assert mandate.iban_end == "2051"
    assert iban.unsealed(session, mandate.sealed_iban) == GIVEN.number


def test_who_proposes_again_corrects_the_first_proposal(session, town):
    mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    second = mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    assert mandates.of_town(session, town.id) == [second]


def test_who_proposes_by_click_leaves_the_paper_that_is_being_signed(session, town):
    paper = mandates.propose(session, town.id, ANNA, GIVEN, NOW, "Frau Sommer", paper=True)
    assert mandates.proposed(session, town.id, ANNA) is None, "a click signs no paper"
    clicked = mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    assert mandates.proposed(session, town.id, ANNA) is clicked
    assert set(mandates.of_town(session, town.id)) == {paper, clicked}


def test_a_new_mandate_ends_the_one_before(session, town):
    first = signed(session, town)
    second = signed(session, town)
    assert (first.state, second.state) == ("revoked", "active")
    assert mandates.of_email(session, town.id, ANNA, TODAY) is second


def test_a_revoked_mandate_stays_revoked_when_it_is_signed_again(session, town):
    mandate = signed(session, town)
    mandates.revoke(session, mandate, NOW, "Frau Sommer")
    mandates.sign(session, mandate, TODAY, NOW)
    mandates.revoke(session, mandate, NOW + timedelta(days=1))
    assert (mandate.state, mandate.revoked_by, mandate.revoked_at) == ("revoked", "Frau Sommer", NOW)


def test_after_36_months_without_use_it_holds_no_more(session, town):
    mandate = signed(session, town)
    assert mandates.holds(mandate, date(2029, 11, 22))
    assert not mandates.holds(mandate, date(2029, 11, 23))
    mandate.last_used_on = date(2027, 1, 31)
    assert mandates.holds(mandate, date(2029, 11, 23))
    assert not mandates.holds(mandate, date(2030, 1, 31))


def test_another_town_knows_nothing_of_it(session, town):
    mandate = signed(session, town)
    other = assemble(session, slug="lemfoerde").town
    assert mandates.of_email(session, other.id, ANNA, TODAY) is None
    with pytest.raises(NotFound):
        mandates.named(session, other.id, mandate.id)


@pytest.mark.parametrize(
    ("used", "revoked", "kept_on", "gone_on"),
    [
        (None, True, datetime(2028, 1, 22, 3, tzinfo=UTC), datetime(2028, 1, 23, 3, tzinfo=UTC)),
        (date(2027, 5, 3), True, datetime(2028, 7, 2, 3, tzinfo=UTC), datetime(2028, 7, 3, 3, tzinfo=UTC)),
        (date(2027, 5, 3), False, datetime(2030, 5, 2, 3, tzinfo=UTC), datetime(2030, 5, 3, 3, tzinfo=UTC)),
    ],
)
def test_what_is_personal_goes_when_nothing_can_be_given_back_any_more(session, town, used, revoked, kept_on, gone_on):
    mandate = signed(session, town)
    mandate.last_used_on = used
    if revoked:
        mandates.revoke(session, mandate, NOW)
    mandates.forget(session, kept_on)
    assert mandate.holder == "Anna Müller"
    mandates.forget(session, gone_on)
    assert (mandate.email, mandate.holder, mandate.sealed_iban, mandate.iban_end) == ("", "", "", "")
    assert mandate.reference


def test_a_proposal_that_nobody_signs_goes_after_three_months(session, town):
    mandates.propose(session, town.id, ANNA, GIVEN, NOW)
    mandates.forget(session, NOW + timedelta(days=90))
    assert len(mandates.of_town(session, town.id)) == 1
    mandates.forget(session, NOW + timedelta(days=91))
    assert mandates.of_town(session, town.id) == []
