"""A town's own words in its letters: what may stand in them, when they hold, and that nothing is smuggled in."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from buchbar.accounts import revisions
from buchbar.accounts.models import Revision
from buchbar.booking import lifecycle
from buchbar.booking.desk_wordings import TESTS
from buchbar.booking.events import CITIZEN
from buchbar.booking.terms import Terms
from buchbar.booking.weddings import letter_words, letters, reservation
from buchbar.booking.weddings.letter_examples import example
from buchbar.calendar.release import Rolling
from buchbar.notices import mail, wordings
from buchbar.notices.models import Letter
from buchbar.notices.wordings import Wording
from tests.cast import ANNA_AND_BEN, CLERK, NOW, SATURDAY, assemble, slot_at
from tests.clerks import become, colleague, counted

PAGE = "/diepholz/amt/brieftexte"
CONFIRMED = f"{PAGE}/confirmed/de"
DAY = timedelta(days=1)


@pytest.fixture
def town(database):
    with database.write() as session:
        return assemble(session, Terms(release=Rolling(12), approval="office", payment="none"))


@pytest.fixture
def head(client, database, town):
    clerk = colleague(database, town, "head", "Frau Winter")
    become(client, database, clerk)
    return clerk


def words(subject="", opening="", closing="", valid_from="2026-11-23"):
    return {"subject": subject, "opening": opening, "closing": closing, "valid_from": valid_from}


def letter_to_anna(database, town, at=NOW, couple=ANNA_AND_BEN, language="de"):
    """What Anna and Ben get when the office agrees."""
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(SATURDAY, 9), at, CITIZEN)
        booking.language = language
        reservation.submit(session, booking, couple, at, CITIZEN)
        reservation.prove(session, booking, at)
        lifecycle.approve(session, booking, "office", at, CLERK)
        written = session.scalars(
            select(Letter).where(Letter.kind == "confirmed", Letter.booking_id == booking.id)
        ).one()
        lifecycle.cancel(session, booking, at, CLERK)
        return written


# --- What may be typed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("Hallo {vorname}", "„{vorname}“"),
        ("Hallo {Name}", "„{Name}“"),
        ("Hallo {name!r}", "„{name!r}“"),
        ("Hallo {name.__class__}", "„{name.__class__}“"),
        ("Hallo {}", "„{}“"),
        ("Hallo {betrag}", "„{betrag}“"),
        ("Hallo {name", "„{name“"),
        ("Hallo name} und", "„name}“"),
        ("Hallo {{name}}", "„{}“"),
    ],
)
def test_a_variable_that_there_is_not_is_named(typed, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        wordings.check(typed, letter_words.known("confirmed"))


def test_an_own_text_replaces_subject_opening_and_closing_and_the_facts_stay(client, posted, database, head, town):
    typed = words(
        "{name}: {datum}", "Liebe {name},\r\n\r\nschön! Mehr auf https://diepholz.example.org/heiraten.\r\nBis dann",
        "Herzlich\nIhr {amt}, {telefon}",
    )  # fmt: skip
    answer = posted(CONFIRMED, **typed)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{CONFIRMED}?gespeichert=ja")
    assert "Gespeichert." in client.get(f"{CONFIRMED}?gespeichert=ja").text
    letter = letter_to_anna(database, town)
    assert letter.subject == "Anna Müller und Ben Yıldız: Samstag, 15. Mai 2027"
    assert letter.text.startswith("Liebe Anna Müller und Ben Yıldız,\n\nschön! Mehr auf https://diepholz")
    for gone in ("schön, dass Sie bei uns", "Guten Tag", "Freundliche Grüße"):
        assert gone not in letter.text and gone not in letter.html
    for stays in (
        "Trauzimmer im Rathaus",
        "Was Sie zur Anmeldung mitbringen",
        "noch nicht die Anmeldung",
    ):
        assert stays in letter.text and stays in letter.html
    assert "Herzlich\nIhr Standesamt Diepholz, 05441 909-0\n" in letter.text
    assert '<a href="https://diepholz.example.org/heiraten" target="_blank"' in letter.html
    assert ">https://diepholz.example.org/heiraten</a>.<br>Bis dann</p>" in letter.html


def test_the_other_language_and_other_letters_keep_their_own(posted, database, head, town):
    posted(CONFIRMED, **words("Deutsch"))
    assert letter_to_anna(database, town, language="en").subject != "Deutsch"
    posted(f"{PAGE}/confirmed/en", **words("Your day, {name}"))
    assert letter_to_anna(database, town, language="en").subject.startswith("Your day, Anna Müller")
    assert letter_to_anna(database, town).subject == "Deutsch"
    with database.read() as session:
        received = session.scalars(select(Letter.subject).where(Letter.kind == "received", Letter.language == "de"))
        assert received.all() == ["Ihre Anfrage ist eingegangen: Trauung am 15.05.2027"]


def test_another_towns_words_are_its_own(posted, database, head, town):
    posted(CONFIRMED, **words("Diepholz sagt ja"))
    with database.write() as session:
        syke = assemble(session, Terms(release=Rolling(12), approval="office", payment="none"), slug="syke")
    assert letter_to_anna(database, syke).subject.startswith("Ihr Termin ist reserviert")


def test_markup_stays_text_in_the_letter_and_at_the_desk(client, posted, database, head, town):
    nasty = "<script>alert(1)</script> {{ 7*7 }}"
    assert posted(CONFIRMED, **words(opening=nasty)).status_code == 422
    nasty = "<script>alert(1)</script> <a href='javascript:x'>da</a> javascript:alert(1) http://unsicher.example"
    posted(CONFIRMED, **words("<b>{name}</b>", nasty))
    letter = letter_to_anna(database, town)
    assert "<script>alert" not in letter.html and "&lt;script&gt;" in letter.html and nasty in letter.text
    assert "javascript:x'" not in letter.html and 'href="http://unsicher' not in letter.html
    for page in (CONFIRMED, f"{CONFIRMED}/ansicht", "/diepholz/amt/aenderungen"):
        shown = client.get(page).text
        assert "<script>alert" not in shown and "<b>" not in shown.replace("<b>{", ""), page


def test_what_couples_type_becomes_neither_link_nor_variable_nor_line(posted, database, head, town):
    posted(CONFIRMED, **words("Für {name}", "Hallo {name}\nvom {amt}"))
    sly = SimpleNamespace(**{f: getattr(ANNA_AND_BEN, f) for f in ANNA_AND_BEN.__dataclass_fields__})
    sly.partner_one, sly.partner_two = "https://evil.example", "{telefon}\u2028Bcc: x@evil.example"
    letter = letter_to_anna(database, town, couple=sly)
    assert 'href="https://evil' not in letter.html and "05441 909-0" not in letter.subject
    assert letter.subject == "Für https://evil.example und {telefon} Bcc: x@evil.example"
    assert message_from_bytes(bytes(mail.message(letter, "a@example.org")), policy=default)["Bcc"] is None


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028"])
def test_no_header_is_smuggled_in_by_the_subject(posted, database, head, town, sign):
    answer = posted(CONFIRMED, **words(f"Hallo{sign}Bcc: x@evil.example"))
    assert answer.status_code == 422
    with database.read() as session:
        assert session.scalars(select(Wording)).first() is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"subject": "x" * 151}, "Bitte höchstens 150 Zeichen."),
        ({"opening": "x" * 1201}, "Bitte höchstens 1200 Zeichen."),
        ({"closing": "{frist}"}, "„{frist}“ gibt es in diesem Brief nicht."),
        ({"closing": "{amt"}, "„{amt“"),
        ({"valid_from": "2026-11-22"}, "Bitte heute oder einen späteren Tag."),
        ({"valid_from": "bald"}, "Bitte ein Datum"),
    ],
)
@pytest.mark.parametrize("where", ["", "/vorschau", "/test"])
def test_what_is_typed_wrongly_is_said_beside_the_field_and_kept(posted, database, head, fields, sentence, where):
    if "valid_from" in fields and where:
        return  # only saving asks for a day
    answer = posted(CONFIRMED + where, **(words(opening="Liebe {name}") | fields))
    assert answer.status_code == 422 and sentence in answer.text.replace("&#34;", '"')
    assert next(iter(fields.values())) in answer.text or len(next(iter(fields.values()))) > 100
    with database.read() as session:
        assert not session.scalars(select(Letter).where(Letter.kind == "test")).all()


# --- When it holds ----------------------------------------------------------------------------------------


def test_a_dated_text_holds_from_its_day_on(posted, client, database, head, town, clock):
    posted(CONFIRMED, **words("Ab Dezember: {datum}", valid_from="2026-12-01"))
    assert "geplant ab 01.12.2026" in client.get(CONFIRMED).text
    assert letter_to_anna(database, town).subject.startswith("Ihr Termin ist reserviert")
    assert revisions.apply_all_due(database, NOW + 7 * DAY) == 0
    assert revisions.apply_all_due(database, NOW + 8 * DAY) == 1
    assert letter_to_anna(database, town, at=NOW + 8 * DAY).subject == "Ab Dezember: Samstag, 15. Mai 2027"


def test_an_edit_can_be_undone_down_to_the_built_in_words(posted, client, database, head, town, clock):
    for subject in ("Eins", "Zwei"):
        clock.now += timedelta(minutes=1)
        posted(CONFIRMED, **words(subject))
    with database.read() as session:
        edits = session.scalars(select(Revision.id).order_by(Revision.made_at.desc())).all()
    for edit, expected in zip(edits, ("Eins", "Ihr Termin ist reserviert: Trauung am 15.05.2027"), strict=True):
        answer = posted(f"/diepholz/amt/aenderungen/{edit}/ruecknahme", von=CONFIRMED)
        assert (answer.status_code, answer.headers["location"]) == (303, CONFIRMED)
        assert letter_to_anna(database, town).subject == expected
    assert client.get(CONFIRMED).text.count("nimmt eine Änderung zurück") == 2
    assert "Brieftext: Termin ist reserviert (Deutsch)" in client.get("/diepholz/amt/aenderungen").text


def test_saving_what_is_there_already_changes_nothing(posted, database, head):
    for _click in range(2):
        posted(CONFIRMED, **words("Einmal"))
    with database.read() as session:
        assert len(session.scalars(select(Revision)).all()) == 1


# --- Looking first ----------------------------------------------------------------------------------------


def test_every_letter_has_an_example_in_each_of_its_languages(session):
    cast = assemble(session)
    for kind in letters.SUBJECTS:
        for language in letter_words.languages(kind):
            with letters.texts.speaking(language):
                named = " ".join(f"{{{name}}}" for name in letter_words.known(kind))
                own = Wording(kind=kind, language=language, subject="", opening=f"Anfang {named}", closing="Schluss")
                subject, text, html = example(session, cast.town, kind, own, NOW)
            assert subject and "Schluss" in text and "Schluss" in html, kind
            [opening] = re.findall(r"^Anfang (.*)$", text, re.M)
            assert "{" not in opening and len(opening.split()) >= len(letter_words.known(kind)), kind
            assert (kind in letter_words.TITLES) and f'lang="{language}"' in html


def test_an_example_works_where_nothing_is_set_up_yet(session):
    cast = assemble(session)
    for venue in (cast.room, cast.mill):
        venue.active = False
    session.flush()
    empty = Wording(subject="", opening="", closing="")
    assert "Trauzimmer" in example(session, cast.town, "confirmed", empty, NOW)[1]


def test_the_preview_shows_the_difference_and_the_letter_and_saves_nothing(client, posted, database, head):
    shown = posted(f"{CONFIRMED}/vorschau", **words("Neu: {datum}", "Liebe {name},", "Tschüss"))
    assert shown.status_code == 200 and "Gespeichert ist noch nichts" in shown.text
    assert "Liebe Erika Muster und Max Beispiel," in shown.text and "<ins>Neu: {datum}</ins>" in shown.text
    frame = re.search(r'<iframe[^>]* src="([^"]+)"', shown.text)[1].replace("&amp;", "&")
    letter = client.get(frame)
    assert "Liebe Erika Muster und Max Beispiel," in letter.text and "Tschüss" in letter.text
    assert "script-src" not in letter.headers["content-security-policy"]
    assert "frame-src 'self'" in shown.headers["content-security-policy"]
    with database.read() as session:
        assert not session.scalars(select(Wording)).all()


def test_the_frame_refuses_what_the_form_refuses(client, head):
    assert client.get(f"{CONFIRMED}/ansicht?opening=%7Bgeheim%7D").status_code == 422
    assert client.get(f"{CONFIRMED}/ansicht").status_code == 200


def test_a_test_goes_to_the_clerk_and_nobody_else_and_not_for_ever(posted, database, head):
    for _click in range(TESTS):
        assert posted(f"{PAGE}/confirmed/en/test", **words("Dear {name}")).status_code == 200
    assert posted(f"{PAGE}/confirmed/en/test", **words("Dear {name}")).status_code == 429
    with database.read() as session:
        sent = session.scalars(select(Letter)).all()
    assert len(sent) == TESTS and {letter.to_address for letter in sent} == {head.email}
    assert {(letter.language, letter.booking_id, letter.kind) for letter in sent} == {("en", None, "test")}
    assert sent[0].subject.endswith("Max Beispiel")


# --- Who may ----------------------------------------------------------------------------------------------


def test_registrars_and_auditors_read_and_the_head_writes(client, posted, database, town):
    for role, allowed in (("registrar", False), ("auditor", False), ("head", True), ("administrator", True)):
        become(client, database, colleague(database, town, role, f"Frau {role.title()}"))
        page = client.get(CONFIRMED)
        assert page.status_code == 200 and ("Speichern" in page.text) is allowed, role
        assert posted(CONFIRMED, **words(role)).status_code == (303 if allowed else 403), role


@pytest.mark.parametrize("path", ["confirmed/fr", "nichts/de", "office/en", "sign_in/de"])
def test_what_is_no_letter_is_not_found(client, posted, head, path):
    assert client.get(f"{PAGE}/{path}").status_code == 404
    assert posted(f"{PAGE}/{path}", **words("x")).status_code == 404
    assert client.get(f"{PAGE}/{path}/ansicht").status_code == 404


def test_the_list_says_what_is_the_towns_own_in_as_many_queries(client, posted, database, head):
    client.get(PAGE)
    with counted(database) as few:
        assert "eigener Text" not in client.get(PAGE).text
    for kind in ("confirmed", "received", "declined"):
        posted(f"{PAGE}/{kind}/de", **words("Eigenes"))
    with counted(database) as many:
        assert client.get(PAGE).text.count('eigener Text"') == 3
    assert len(many) == len(few)
