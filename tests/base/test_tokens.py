"""Secret links: what was forged, shortened, meant for something else or taken back opens nothing."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.base.tokens import fingerprint, genuine, link_token, named_by, new_code, new_token

SECRET = "a secret of the house"
US, THEM = UUID(int=0x0195C1A27D6E7C3B9F105B2E8A4D6C11), UUID(int=0x7D6E7C3B9F105B2E8A4D6C110195C1A2)
TOKEN = link_token(SECRET, "buchung", US)


def test_a_link_names_its_subject_and_is_genuine():
    assert named_by(TOKEN) == US
    assert genuine(TOKEN, SECRET, "buchung", US)
    assert len(TOKEN) == 43 and link_token(SECRET, "buchung", US) == TOKEN


@pytest.mark.parametrize(
    ("secret", "purpose", "subject", "generation"),
    [
        ("another secret", "buchung", US, 0),
        (SECRET, "bestaetigung", US, 0),
        (SECRET, "buchung", THEM, 0),
        (SECRET, "buchung", US, 1),
        (SECRET, "buchung:0:", US, 0),
    ],
    ids=["forged", "other purpose", "other subject", "taken back", "purpose glued"],
)
def test_what_was_made_for_something_else_opens_nothing(secret, purpose, subject, generation):
    assert not genuine(TOKEN, secret, purpose, subject, generation)
    assert not genuine(link_token(secret, purpose, subject, generation), SECRET, "buchung", US)


@pytest.mark.parametrize("sly", ["", TOKEN[:-1], TOKEN + "A", TOKEN[1:], "ä" * 43, "!" * 43, "A" * 44, " " * 43])
def test_what_is_no_token_names_nobody(sly):
    assert named_by(sly) is None or not genuine(sly, SECRET, "buchung", US)


@given(st.integers(0, 42), st.characters(min_codepoint=45, max_codepoint=122))
def test_no_sign_can_be_changed(position, sign):
    sly = TOKEN[:position] + sign + TOKEN[position + 1 :]
    named = named_by(sly)
    if sly != TOKEN and named is not None:
        assert not genuine(sly, SECRET, "buchung", named)


@given(st.text(max_size=60))
def test_any_text_may_be_asked(text):
    named_by(text)
    assert not genuine(text, SECRET, "buchung", US) or text == TOKEN


def test_fingerprints_need_the_secret():
    assert fingerprint(SECRET, "anna@example.org") == fingerprint(SECRET, "anna@example.org")
    assert fingerprint(SECRET, "anna@example.org") != fingerprint("another", "anna@example.org")


def test_codes_are_six_digits_and_tokens_long():
    assert all(len(new_code()) == 6 and new_code().isdigit() for _time in range(50))
    assert len({new_token() for _time in range(50)}) == 50 and len(new_token()) == 43
