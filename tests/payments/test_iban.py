"""Account numbers and creditor identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from buchbar.payments import iban

GENUINE = "DE89370400440532013000"
CREDITOR = "DE98ZZZ09999999999"


@pytest.mark.parametrize(
    "typed", ["DE89 3704 0044 0532 0130 00", "de89370400440532013000", "DE89\u00a03704-0044-0532-0130-00"]
)
def test_an_account_number_is_understood_however_it_is_grouped(typed: str) -> None:
    assert iban.iban(typed) == GENUINE


@pytest.mark.parametrize("typed", ["NO9386011117947", "MT84MALT011000012345MTLCAST001S", "NL91ABNA0417164300"])
def test_accounts_all_over_the_sepa_area_are_taken(typed: str) -> None:
    assert iban.iban(typed) == typed


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "IBAN wie"),
        ("1234567", "IBAN wie"),
        ("DE89 3704 0044 0532 0130 0O;", "IBAN wie"),
        ("DE89 3704 0044 0532 0130", "20 Zeichen"),
        ("US89370400440532013000", "SEPA"),
        ("DE88370400440532013000", "Tippfehler"),
    ],
)
def test_a_wrong_account_number_says_what_is_wrong(typed: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        iban.iban(typed)


@given(st.integers(4, 21), st.sampled_from("0123456789"))
def test_every_single_typing_error_is_found(place: int, digit: str) -> None:
    wrong = GENUINE[:place] + digit + GENUINE[place + 1 :]
    if wrong != GENUINE:
        with pytest.raises(ValueError, match="Tippfehler"):
            iban.iban(wrong)


def test_a_creditors_business_code_doesnt_count() -> None:
    assert iban.creditor_id("DE98 ZZZ0 9999 9999 99") == CREDITOR
    assert iban.creditor_id("DE98A1B09999999999") == "DE98A1B09999999999"


@pytest.mark.parametrize("typed", ["", GENUINE, "DE97ZZZ09999999999", "DE98ZZZ0999999999"])
def test_a_wrong_creditor_identifier_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="Gläubiger"):
        iban.creditor_id(typed)


def test_people_read_numbers_in_groups_and_of_anothers_account_only_the_end() -> None:
    assert iban.readable(GENUINE) == "DE89 3704 0044 0532 0130 00"
    assert iban.masked("3000") == "•••• 3000"


def test_a_sealed_number_is_read_again_only_here(session: Session) -> None:
    kept = iban.sealed(session, GENUINE)
    assert GENUINE not in kept
    assert iban.unsealed(session, kept) == GENUINE
    assert iban.unsealed(session, "") == iban.unsealed(session, kept[:-4] + "AAAA") == ""
