"""Documents are accessible, say who made them, and never run what stands in their data."""

import pypdfium2
import pytest

from buchbar.base import texts
from buchbar.base.documents import pdf, pdf_answer

DATA = {
    "title": "Trauungen heute, Samstag, 15. Mai 2027",
    "kind": "Trauungen heute",
    "when": "Samstag, 15. Mai 2027",
    "town": "Diepholz",
    "office": "Standesamt Diepholz",
    "made": "Stand: 15.05.2027",
    "note": "",
    "empty": "Nichts",
    "head": ["Zeit", "Ort"],
    "rows": [["09:00", "Trauzimmer im Rathaus"]],
}


def text_of(made):
    document = pypdfium2.PdfDocument(made)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_a_document_is_tagged_titled_and_in_its_language():
    made = pdf("door_sheet", DATA)
    assert b"pdfuaid" in made and b"/MarkInfo" in made and b"(de-DE)" in made
    assert pypdfium2.PdfDocument(made).get_metadata_dict()["Title"] == DATA["title"]
    token = texts.language.set("en")
    try:
        assert b"(en-GB)" in pdf("door_sheet", DATA)
    finally:
        texts.language.reset(token)


@pytest.mark.parametrize("evil", ["#panic()", "$x$", "*fett*", "= Titel", "@ref", "\\ <a>", '#read("frame.typ")'])
def test_data_is_text_and_never_markup(evil):
    assert evil in text_of(pdf("door_sheet", DATA | {"rows": [["09:00", evil]]}))


LETTER = {
    **dict.fromkeys(("town", "office", "sender", "number_label", "number", "date", "greetings"), "Diepholz"),
    "contact": [],
    "foot": ["Diepholz"],
    "language": "de",
    "subject": "Ihre Trauung",
    "parts": [["p", "Herzlich willkommen"]],
    "sections": [],
}


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("王伟 Müller", "□□ Müller"),
        ("สมชาย ไทย", "□□□□ □□□"),  # vowels stand on their letters
        ("Wir freuen uns 💍!", "Wir freuen uns !"),
        ("Haus 1\ufe0f\u20e3", "Haus 1"),
        ("👩🏽\u200d❤️\u200d👨 Anna", "Anna"),
        ("a\x07b\x00c\ufffed", "abcd"),
        ("Дмитро Nguyễn Yıldız", "Дмитро Nguyễn Yıldız"),
    ],
)
def test_no_document_fails_for_a_sign_that_no_font_has(written, printed):
    couple = ["Ольга", written]
    seen = text_of(pdf("letter", {"title": "Briefe", "letters": [LETTER | {"address": couple}]}))
    assert printed in seen and "Ольга" in seen, "all others keep their letters"
    assert "Ольга" in text_of(pdf("door_sheet", DATA | {"rows": [["09:00", "Ольга"], ["10:00", written]]}))


def test_a_text_whose_signs_dont_go_together_is_told_in_latin_letters():
    # Each is in a font; the frames of keycaps behind a joiner are in none together with it.
    seen = text_of(pdf("door_sheet", DATA | {"rows": [["09:00", "Ольга"], ["10:00", "Anna ж\u200d\u20e3\u20e3"]]}))
    assert "Ольга" in seen and "Anna □" in seen


def test_other_faults_of_a_document_are_not_hidden():
    with pytest.raises(RuntimeError, match="does not contain key"):
        pdf("door_sheet", {})


def test_an_answer_is_shown_or_saved():
    assert pdf_answer("blatt", b"%PDF").headers["content-disposition"] == 'inline; filename="blatt.pdf"'
    assert pdf_answer("blatt", b"%PDF", inline=False).headers["content-disposition"].startswith("attachment")
