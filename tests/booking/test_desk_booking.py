"""One booking in one place: notes, files, payments, letters, history, and verbs whose effect is shown first."""

import io
import re
import struct
import zlib
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select

from buchbar.accounts.models import AuditEntry
from buchbar.base.errors import Invalid
from buchbar.booking import corrections, files, links, retention
from buchbar.booking.files import File
from buchbar.booking.models import Booking, BookingEvent, Claim
from buchbar.booking.notes import Note
from buchbar.calendar.deadlines import last_day
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.models import Charge, Refund
from tests.booking.money import pay
from tests.cast import BERLIN, CLERK, FRIDAY, NOW, SATURDAY, assemble, confirmed, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def firm(database, town):
    """Anna and Ben have been asked to pay."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


@pytest.fixture
def here(firm):
    return f"{DESK}/buchung/{firm.id}"


def rows(database, table):
    with database.read() as session:
        return session.scalars(select(table)).all()


def count(database, *tables):
    with database.read() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


# --- Notes ------------------------------------------------------------------------------------------------


def test_a_note_is_read_by_colleagues_and_never_by_the_couple(client, posted, database, town, frau_sommer, firm, here):
    assert posted(f"{here}/notizen", notiz="Bringen eigene Musik mit.").status_code == 303
    become(client, database, colleague(database, town, "registrar"))
    page = client.get(here).text
    assert "Bringen eigene Musik mit." in page and "Frau Sommer" in page
    assert "/loeschung" not in page, "only who wrote it deletes it"
    (note,) = rows(database, Note)
    assert posted(f"{here}/notizen/{note.id}/loeschung").status_code == 409
    with database.read() as session:
        own = links.path(session, session.get_one(Booking, firm.id))
    assert "eigene Musik" not in client.get(own).text


def test_a_note_is_deleted_by_who_wrote_it(posted, database, frau_sommer, here):
    posted(f"{here}/notizen", notiz="Falsche Buchung")
    (note,) = rows(database, Note)
    assert posted(f"{here}/notizen/{note.id}/loeschung").status_code == 303
    assert rows(database, Note) == []
    assert posted(f"{here}/notizen/{note.id}/loeschung").status_code == 404


def test_an_empty_note_is_refused_and_a_double_click_writes_one(posted, database, frau_sommer, here):
    answer = posted(f"{here}/notizen", notiz="  ")
    assert answer.status_code == 422 and 'id="notiz-error"' in answer.text
    for _click in range(2):
        posted(f"{here}/notizen", notiz="Rückruf erbeten")
    assert len(rows(database, Note)) == 1


# --- Files ------------------------------------------------------------------------------------------------


def picture(kind="PNG", size=(40, 30), **options):
    made = io.BytesIO()
    Image.new("RGB", size, "navy").save(made, kind, **options)
    return made.getvalue()


def bomb():
    """A PNG of a few bytes that says it has 900 million pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def upload(client, here, name, content):
    posted = {"_csrf_token": client.cookies.get("csrftoken", "")}
    return client.post(f"{here}/dateien", data=posted, files={"datei": (name, content)}, follow_redirects=False)


@pytest.fixture
def uploaded(client, posted, frau_sommer, here):
    client.get(here)
    return lambda name, content: upload(client, here, name, content)


def test_a_file_is_kept_downloaded_sealed_and_deleted(client, posted, database, uploaded, here):
    assert uploaded("Anmeldung Müller.pdf", b"%PDF-1.7 form").status_code == 303
    (kept,) = rows(database, File)
    assert (kept.name, kept.media_type, kept.added_by) == ("Anmeldung Müller.pdf", "application/pdf", "Frau Sommer")
    answer = client.get(f"{here}/dateien/{kept.id}")
    assert answer.content == b"%PDF-1.7 form" and answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert (
        "sandbox" in answer.headers["content-security-policy"] and answer.headers["x-content-type-options"] == "nosniff"
    )
    looks = [entry.words for entry in rows(database, AuditEntry) if entry.kind == "look"]
    assert "Datei heruntergeladen" in looks
    assert posted(f"{here}/dateien/{kept.id}/loeschung").status_code == 303
    assert rows(database, File) == [] and client.get(f"{here}/dateien/{kept.id}").status_code == 404


def test_a_picture_is_made_anew_without_what_was_hidden_in_it(database, uploaded):
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    hidden = picture("JPEG", exif=exif.tobytes()) + b"<script>alert(1)</script>"
    assert uploaded("foto.gif", hidden).status_code == 303
    with database.read() as session:
        kept = session.scalars(select(File)).one()
        assert kept.name == "foto.jpg" and kept.media_type == "image/jpeg"
        assert b"secret place" not in kept.content and b"script" not in kept.content


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"MZ\x90 program", "keine PDF-, PNG- oder JPEG-Datei"),
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "keine PDF-, PNG- oder JPEG-Datei"),
        ("a.png", picture()[:60], "beschädigt"),
        ("a.png", bomb(), "zu viele Bildpunkte"),
        ("a.pdf", b"%PDF-" + b"x" * 5_000_000, "höchstens 5 MB"),
        ("a.pdf", b"", "Die Datei ist leer."),
    ],
    ids=["program", "svg", "broken", "bomb", "big", "empty"],
)
def test_a_hostile_upload_is_refused_with_a_sentence(database, uploaded, name, content, words):
    answer = uploaded(name, content)
    assert answer.status_code == 422 and words in answer.text and 'id="datei-error"' in answer.text
    assert rows(database, File) == []


def test_no_file_at_all_is_said_beside_the_field(posted, frau_sommer, here):
    answer = posted(f"{here}/dateien")
    assert answer.status_code == 422 and "Bitte wählen Sie eine Datei." in answer.text


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\a.exe", "a.pdf"),
        ('a"\r\nSet-Cookie: x.pdf', "a___Set-Cookie_ x.pdf"),
        ("...", "Datei.pdf"),
        ("Urkunde (Kopie), 2.pdf", "Urkunde (Kopie), 2.pdf"),
    ],
)
def test_a_files_name_leads_nowhere(name, safe):
    assert files.safe_name(name, "pdf") == safe


def test_there_are_at_most_twenty_files(session, cast):
    booking = confirmed(session, cast, slot_at(SATURDAY, 9))
    for number in range(files.MOST_FILES):
        files.keep(session, booking, f"{number}.pdf", b"%PDF-", NOW, "Frau Sommer")
    with pytest.raises(Invalid, match="höchstens 20"):
        files.keep(session, booking, "21.pdf", b"%PDF-", NOW, "Frau Sommer")


def test_another_towns_clerk_finds_neither_notes_nor_files(client, posted, database, uploaded, here):
    uploaded("a.pdf", b"%PDF-1.7")
    (kept,) = rows(database, File)
    with database.write() as session:
        syke = assemble(session, slug="syke")
    become(client, database, syke.clerk)
    other = here.replace("diepholz", "syke")
    assert client.get(f"{other}/dateien/{kept.id}").status_code == 404
    assert posted(f"{other}/dateien/{kept.id}/loeschung").status_code == 404
    assert posted(f"{other}/notizen", notiz="x").status_code == 404


def test_notes_and_files_go_with_the_couples_data(posted, database, uploaded, firm, here):
    posted(f"{here}/notizen", notiz="x")
    uploaded("a.pdf", b"%PDF-1.7")
    with database.write() as session:
        retention.forget(session, session.get_one(Booking, firm.id), NOW)
    assert count(database, Note, File) == [0, 0]
    assert posted(f"{here}/notizen", notiz="y").status_code == 409


# --- Money, letters, history ------------------------------------------------------------------------------


def test_payments_and_refunds_stand_with_date_amount_state_and_method(client, database, frau_sommer, firm, here):
    with database.write() as session:
        booking = session.get_one(Booking, firm.id)
        pay(session, booking, NOW, 17000)
    page = client.get(here).text.replace("\xa0", " ")
    table = page[page.index("Zahlungen und Erstattungen") :]
    for words in ("23.11.2026, 10:00 Uhr", "Zahlung", "online (Stripe)", "170,00 €", "bezahlt"):
        assert words in table[:1500], words


def test_each_letter_opens_with_its_text_and_its_fate(client, frau_sommer, here):
    page = client.get(here).text
    assert "Bitte bezahlen Sie bis" in page and "noch nicht verschickt" in page
    assert "<details" in page and "Mit der Zahlung" in page[page.index('class="booking-letter__text"') :]


def test_letters_stand_in_the_history(client, frau_sommer, here):
    page = client.get(here).text
    history = page[page.index('id="verlauf"') : page.index('id="briefe"')]
    assert "E-Mail an anna@example.org: Bitte bezahlen Sie" in history and "Um Zahlung gebeten" in history


# --- What would happen, before it happens -----------------------------------------------------------------

MOVE = {"tag": "2027-05-15"}


def everything(database):
    """How much there is of all that a verb writes."""
    return count(database, BookingEvent, Letter, Charge, Refund, Claim)


def test_a_cancellation_shows_cost_letters_and_what_becomes_free_and_writes_nothing(
    client, posted, database, frau_sommer, firm, here
):
    with database.write() as session:
        pay(session, session.get_one(Booking, firm.id), NOW, 17000)
    before = everything(database)
    page = posted(f"{here}/stornierung/vorschau", wer="amt", grund_stornierung="Wasserrohrbruch").text
    page = page.replace("\xa0", " ")
    for words in (
        "Noch ist nichts geschehen", "170,00 € werden erlassen", "170,00 € gehen zurück",
        "Frei wird: Trauzimmer im Rathaus",
        "Ihre Reservierung ist storniert", "per E-Mail an anna@example.org", "Wasserrohrbruch",
    ):  # fmt: skip
        assert words in page, words
    assert everything(database) == before
    with database.read() as session:
        assert session.get_one(Booking, firm.id).state == "confirmed"


def test_what_was_shown_is_what_happens(client, posted, database, frau_sommer, firm, here):
    seen = posted(f"{here}/stornierung/vorschau", wer="paar", grund_stornierung="Krankheit").text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', seen))
    subjects = re.findall(r'class="booking-letter"><summary>([^<]+)<', seen)
    hidden.pop("_csrf_token")
    assert hidden["wer"] == "paar" and len(subjects) == 1
    already = {letter.id for letter in rows(database, Letter)}
    assert posted(f"{here}/stornierung", **hidden).status_code == 303
    assert [letter.subject for letter in rows(database, Letter) if letter.id not in already] == subjects


def test_a_move_shows_old_and_new_and_the_difference(posted, database, frau_sommer, town, firm, here):
    before = everything(database)
    value = f"{town.mill.id}/{slot_at(SATURDAY, 12).isoformat()}"
    page = posted(f"{here}/verlegung/vorschau", termin=value, **MOVE).text.replace("\xa0", " ")
    for words in ("Bisher", "Neu", "12:00 Uhr, Wassermühle", "150,00 € kommen dazu", "Belegt wird: Wassermühle"):
        assert words in page, words
    assert everything(database) == before


@pytest.mark.parametrize("noun", ["stornierung", "verlegung", "frist"])
def test_a_preview_says_what_is_typed_wrongly_beside_the_field(posted, frau_sommer, here, noun):
    answer = posted(f"{here}/{noun}/vorschau", **MOVE)
    assert answer.status_code == 422 and "-error" in answer.text


def test_a_preview_of_what_cannot_be_done_is_refused(posted, frau_sommer, here):
    assert posted(f"{here}/ablehnung/vorschau", grund_ablehnung="x").status_code == 409
    assert posted(f"{here}/anmeldung/vorschau").status_code == 404


def test_with_scripts_the_preview_takes_the_place_of_the_booking(posted, frau_sommer, here):
    answer = posted(f"{here}/stornierung/vorschau", htmx=True, wer="amt", grund_stornierung="Sturm")
    assert 'id="buchung"' in answer.text and "<html" not in answer.text


# --- Putting right ----------------------------------------------------------------------------------------

RIGHT = {"partner_one": "Anna Müller", "partner_two": "Ben Yıldız", "guests": "10", "phone": "05441 12345"}
RIGHT |= {"street": "", "city": "", "email": "anna@example.org"}


def test_a_misspelt_name_is_put_right_and_the_history_says_what(client, posted, database, frau_sommer, here):
    letters = count(database, Letter)
    assert 'value="Anna Müller"' in client.get(f"{here}/angaben").text
    assert posted(f"{here}/angaben", **RIGHT | {"partner_one": "Anna Möller"}).status_code == 303
    page = client.get(here).text
    assert "Anna Möller &amp; Ben Yıldız" in page and "Angaben berichtigt" in page
    assert "Name der einen Person" in page[page.index('id="verlauf"') :]
    assert count(database, Letter) == letters


def test_a_new_address_gets_a_new_link_and_old_links_lead_nowhere(client, posted, database, frau_sommer, firm, here):
    with database.read() as session:
        old = links.path(session, session.get_one(Booking, firm.id))
    assert client.get(old).status_code == 200
    assert posted(f"{here}/angaben", **RIGHT | {"email": "neu@example.org"}).status_code == 303
    assert client.get(old).status_code == 404
    with database.read() as session:
        booking = session.get_one(Booking, firm.id)
        letter = session.scalars(select(Letter).where(Letter.to_address == "neu@example.org")).one()
        assert booking.generation == 1 and links.path(session, booking) in letter.text
    assert client.get(links.path(session, booking)).status_code == 200


def test_nothing_changed_writes_nothing(posted, database, frau_sommer, here):
    before = everything(database)
    assert posted(f"{here}/angaben", **RIGHT).status_code == 303
    assert everything(database) == before


def test_faulty_corrections_stay_with_what_was_typed(posted, database, frau_sommer, here):
    faulty = RIGHT | {"partner_two": "", "street": "Lange Straße 1", "guests": "300", "email": "neu"}
    answer = posted(f"{here}/angaben", **faulty)
    assert answer.status_code == 422
    for field in ("partner_two", "guests", "email"):
        assert f'id="{field}-error"' in answer.text
    answer = posted(f"{here}/angaben", **RIGHT | {"street": "Lange Straße 1"})
    assert answer.status_code == 422 and 'id="city-error"' in answer.text


# --- Deadlines and letters again --------------------------------------------------------------------------


def test_a_deadline_is_prolonged_with_a_reason_and_a_letter(client, posted, database, frau_sommer, firm, here):
    later = (firm.deadline_at + timedelta(days=10)).date()
    fields = {"frist": later.isoformat(), "grund_frist": "Die Urkunde aus Ankara fehlt noch."}
    assert "Ihre Frist ist verlängert" in posted(f"{here}/frist/vorschau", **fields).text
    for _click in range(2):
        assert posted(f"{here}/frist", **fields).status_code == 303
    told = [letter for letter in rows(database, Letter) if letter.kind == "prolonged"]
    assert len(told) == 1 and "Ankara" in told[0].text
    with database.read() as session:
        assert session.get_one(Booking, firm.id).deadline_at > firm.deadline_at
    assert "Frist verlängert" in client.get(here).text


@pytest.mark.parametrize("days", [0, -5, 400])
def test_a_deadline_ends_later_than_before_and_not_after_the_wedding(session, cast, days):
    booking = confirmed(session, cast, slot_at(FRIDAY, 9))
    day = last_day(booking.deadline_at, BERLIN) + timedelta(days=days)
    if days == 0:
        corrections.prolong(session, booking, day, "x", NOW, CLERK)
        verbs = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id)).all()
        assert "prolong" not in verbs, "the same day is no extension"
        return
    with pytest.raises(Invalid):
        corrections.prolong(session, booking, day, "x", NOW, CLERK)


def test_the_latest_letter_goes_out_again_once(posted, database, frau_sommer, firm, here):
    with database.write() as session:
        for letter in session.scalars(select(Letter)):
            letter.sent_at = NOW
    for _click in range(2):
        assert posted(f"{here}/nachricht").status_code == 303
    (again,) = [letter for letter in rows(database, Letter) if letter.sent_at is None]
    (first,) = [letter for letter in rows(database, Letter) if letter.sent_at and letter.subject == again.subject]
    assert first.text == again.text and first.message_id != again.message_id
    assert [event.verb for event in rows(database, BookingEvent)].count("resend") == 1


def test_the_account_is_the_same_before_and_after_a_preview(posted, database, frau_sommer, firm, here):
    with database.read() as session:
        before = ledger.account(session, firm.id)
    posted(f"{here}/stornierung/vorschau", wer="amt", grund_stornierung="x")
    with database.read() as session:
        assert ledger.account(session, firm.id) == before
