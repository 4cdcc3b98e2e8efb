"""What people type becomes values, or a sentence beside the field."""

from datetime import date
from uuid import UUID

import pytest

from buchbar.base import forms
from buchbar.base.errors import Invalid

GOOD = [
    (forms.text(5), "Anna", "Anna"),
    (forms.text(5, required=False), "", ""),
    (forms.text(20, lines=True), "eins\r\nzwei", "eins\r\nzwei"),
    (forms.text(9), "Yıldız 💍", "Yıldız 💍"),
    (forms.whole(0, 200), "0", 0),
    (forms.whole(-5, 5), "-5", -5),
    (forms.whole(0, 9, required=False), "", None),
    (forms.euros, "1.250,50 €", 125050),
    (forms.day, "2027-05-15", date(2027, 5, 15)),
    (forms.day, "15.5.2027", date(2027, 5, 15)),
    (forms.day, "15. 05. 2027", date(2027, 5, 15)),
    (forms.optional(forms.day), "", None),
    (forms.minute, "18:30", 1110),
    (forms.minute, "9:05", 545),
    (forms.minute, "24:00", 1440),
    (forms.minute, "00:00", 0),
    (forms.address, "Anna.Müller@Example.ORG", "Anna.Müller@example.org"),
    (forms.address, "a+b@sub.example.de", "a+b@sub.example.de"),
    (forms.phone, "05441 909-0", "05441 909-0"),
    (forms.phone, "+49 (5441) 909/0", "+49 (5441) 909/0"),
    (forms.phone, "", ""),
    (forms.one_of("a", "b"), "b", "b"),
    (forms.yes_or_no, "ja", True),
    (forms.yes_or_no, "nein", False),
    (forms.ticked, "on", True),
    (forms.ticked, "", False),
    (forms.must_tick, "on", True),
    (forms.once, "7d3bc1a2-0000-4000-8000-000000000001", UUID("7d3bc1a2-0000-4000-8000-000000000001")),
]

BAD = [
    (forms.text(5), "", "füllen"),
    (forms.text(5), "Annabell", "höchstens 5"),
    (forms.text(50), "eine\nzweite", "Buchstaben"),
    (forms.text(50, lines=True), "null\x00", "Buchstaben"),
    (forms.whole(0, 200), "", "von 0 bis 200"),
    (forms.whole(0, 200), "201", "von 0 bis 200"),
    (forms.whole(0, 200), "-1", "von 0 bis 200"),
    (forms.whole(0, 200), "1.5", "ganze Zahl"),
    (forms.whole(0, 200), "١٢", "ganze Zahl"),
    (forms.whole(0, 200), "1" * 5000, "ganze Zahl"),
    (forms.euros, "zwölf", "Betrag"),
    (forms.euros, "", "Betrag"),
    (forms.euros, "-5", "Betrag"),
    (forms.day, "31.2.2027", "Datum"),
    (forms.day, "9999-12-31", "in den nächsten Jahren"),
    (forms.day, "1.1.0001", "in den nächsten Jahren"),
    (forms.day, "31.12.1999", "in den nächsten Jahren"),
    (forms.day, "2027-13-01", "Datum"),
    (forms.day, "morgen", "Datum"),
    (forms.day, "", "Datum"),
    (forms.minute, "24:01", "Uhrzeit"),
    (forms.minute, "18:60", "Uhrzeit"),
    (forms.minute, "18.30", "Uhrzeit"),
    (forms.minute, "25:00", "Uhrzeit"),
    (forms.address, "anna", "E-Mail"),
    (forms.address, "anna@example", "E-Mail"),
    (forms.address, "anna@example.org, berta@example.org", "E-Mail"),
    (forms.address, "Anna <anna@example.org>", "E-Mail"),
    (forms.address, "anna@example.org\nBcc: x@example.org", "E-Mail"),
    (forms.address, "an\x00na@example.org", "E-Mail"),
    (forms.address, "anna@exa\x1bmple.org", "E-Mail"),
    (forms.address, "a" * 250 + "@example.org", "E-Mail"),
    (forms.phone, "ruf an", "Telefon"),
    (forms.phone, "123", "Telefon"),
    (forms.one_of("a", "b"), "c", "Möglichkeiten"),
    (forms.one_of("a", "b"), "", "Möglichkeiten"),
    (forms.yes_or_no, "", "Möglichkeiten"),
    (forms.must_tick, "", "bestätigen"),
]


def field_name(value):
    return getattr(value, "__qualname__", repr(value)).partition(".")[0]


@pytest.mark.parametrize(("field", "typed", "value"), GOOD, ids=lambda each: field_name(each)[:30])
def test_a_field_reads_what_people_type(field, typed, value):
    assert field(typed) == value


@pytest.mark.parametrize(("field", "typed", "sentence"), BAD, ids=lambda each: field_name(each)[:30])
def test_a_field_refuses_in_a_sentence(field, typed, sentence):
    with pytest.raises(ValueError, match=sentence):
        field(typed)


def test_a_form_tells_all_its_faults_and_keeps_what_was_typed():
    typed = {"guests": "viele", "email": "anna@", "note": "so"}
    with pytest.raises(Invalid) as fault:
        forms.read(typed, guests=forms.whole(0, 20), email=forms.address, note=forms.text(99), name=forms.text(9))
    assert set(fault.value.fields) == {"guests", "email", "name"}
    assert fault.value.values == {"guests": "viele", "email": "anna@", "note": "so", "name": ""}


def test_a_form_ignores_blanks_around_and_fields_it_doesnt_know():
    values = forms.read({"guests": " 12 ", "admin": "1"}, guests=forms.whole(0, 20))
    assert vars(values) == {"guests": 12}


def test_what_a_page_has_not_named_gets_a_name_of_its_own():
    assert len({forms.once("x"), forms.once(""), forms.once("")}) == 3
