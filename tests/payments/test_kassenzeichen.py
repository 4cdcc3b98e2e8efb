"""A town's own sign for what is owed: made by its pattern, with a check digit, and nothing that can come twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buchbar.payments import kassenzeichen
from buchbar.payments.kassenzeichen import LONGEST, fault_in, fault_in_number, luhn, mod11, mod97, sign
from buchbar.payments.reference import reference

BY_SERIAL, BY_BOOKING = "5{year}{serial:06}{check}", "BU-{booking}-{ordinal:02}{check}"
NUMBER = "HZ-7K3M-9QXB"


def test_check_digits_are_those_of_the_books():
    assert [luhn(each) for each in ("7992739871", "929070", "53929085")] == ["3", "1", "8"], "Bundesbank, method 00"
    assert [mod11(each) for each in ("9401234", "507332101")] == ["1", "0"], "Bundesbank, method 06"
    own = "HZ7K3M9QXB01"
    assert f"RF{mod97(own + 'RF')}{own}" == reference(NUMBER, 1), "ISO 11649 is modulo 97, too"


def test_a_pattern_is_filled_in():
    assert sign(BY_SERIAL, "luhn", year=2027, serial=41) == "52027000041" + luhn("52027000041")
    made = sign(BY_BOOKING, "mod97", booking=NUMBER, ordinal=3)
    assert made == "BU-HZ7K3M9QXB-03" + mod97("BUHZ7K3M9QXB03") and len(made) == 18
    assert sign("{year}-{serial:05}", year=2027, serial=7) == "2027-00007"
    assert sign("{year}-{serial:02}", year=2027, serial=12345) == "2027-12345", "a number is never cut"


@given(st.integers(1, 99_999), st.sampled_from(sorted(kassenzeichen.CHECKS)), st.data())
def test_a_wrong_digit_is_noticed(serial, check, data):
    made = sign("9{year}{serial:05}{check}", check, year=2027, serial=serial)
    count = 2 if check == "mod97" else 1
    body, digits = made[:-count], made[-count:]
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.sampled_from([each for each in "0123456789" if each != body[place]]))
    wrong = body[:place] + other + body[place + 1 :]
    again = kassenzeichen.CHECKS[check](wrong)
    assert again != digits or (check == "mod11" and digits == "0"), "by modulo 11 two rests share the 0"


@pytest.mark.parametrize(
    ("pattern", "check"),
    [
        (BY_SERIAL, "luhn"),
        (BY_SERIAL, "mod11"),
        (BY_BOOKING, "mod97"),
        ("{year}{serial:05}", ""),
        ("{year}{serial}{check}", "luhn"),
        ("{booking}{ordinal}", ""),
        ("4711-{year}-{booking}-{ordinal:02}", ""),
    ],
)
def test_what_can_be_used_has_no_fault_and_fits_a_purpose(pattern, check):
    assert fault_in(pattern, check) == ""
    assert len(sign(pattern, check, year=2027, serial=999_999, booking=NUMBER, ordinal=99)) <= LONGEST


@pytest.mark.parametrize(
    ("pattern", "check", "words"),
    [
        ("4711", "", "zweimal vorkommt"),
        ("{serial:06}", "", "zweimal vorkommt"),  # it begins anew each year
        ("{year}{booking}", "", "zweimal vorkommt"),
        ("{year}{serial}{booking}{ordinal}", "", "zweimal vorkommt"),  # the serial comes later than the booking
        ("{year}{serial}{check}", "", "wie die Prüfziffer gerechnet wird"),
        ("{year}{serial}", "luhn", "am Ende"),
        ("{check}{year}{serial}", "luhn", "am Ende"),
        ("{check}{year}{serial}{check}", "luhn", "nur einmal"),
        ("{jahr}{serial}", "", "{jahr} kennt Buchbar nicht"),
        ("{year}{serial}ß", "", "nur Buchstaben ohne Umlaute"),
        ("{year}{serial:x}", "", "nur Buchstaben ohne Umlaute"),
        ("{year}{serial}", "", "mindestens 9 Zeichen"),  # 2026-12 is a month
        ("{year}-{serial:04}", "", "mindestens 9 Zeichen"),  # and 2026-11-23 a day
        ("{year}/{serial}", "", "nur Buchstaben ohne Umlaute"),
        ("Stadtkasse-Diepholz-{year}-{serial:06}", "", "höchstens 27"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_sentence(pattern, check, words):
    assert words in fault_in(pattern, check)


def test_a_documents_number_is_made_of_year_and_serial():
    assert fault_in_number("G-{year}-{serial:05}") == ""
    assert "besteht aus" in fault_in_number("{serial:05}")
    assert "besteht aus" in fault_in_number("{year}-{serial}{check}")
    assert "höchstens 27" in fault_in_number("Gebuehrenbescheid-{year}-{serial:06}")
    assert "nur Buchstaben" in fault_in_number("{year}{serial}!")
