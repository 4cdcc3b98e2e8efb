"""By telephone, on paper, at the counter: entering, letters to print, and the code by which a couple goes online."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from buchbar.base.documents import pdf
from buchbar.base.errors import NotFound
from buchbar.booking import attach, jobs, lifecycle, papers, queries, retention
from buchbar.booking.attach import LetterCode
from buchbar.booking.events import SYSTEM
from buchbar.booking.models import Booking
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings.models import Wedding
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Errand, Letter
from tests.cast import FRIDAY, NOW, SATURDAY, assemble, reserved, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"
COUPLE = {"partner_one": "Cem Kaya", "partner_two": "Doris Ohlsen", "guests": "12", "channel": "paper"}
HOME = {"street": "Lange Straße 7", "city": "49356 Diepholz"}


@pytest.fixture
def town(database):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="optional")
    with database.write() as session:
        return assemble(session, terms)


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


def rows(database, table):
    with database.read() as session:
        return session.scalars(select(table)).all()


def begin(posted, town, start):
    answer = posted(f"{DESK}/eintragen", termin=f"{town.room.id}/{start.isoformat()}", tag="2027-05-14")
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.fixture
def on_paper(posted, database, frau_sommer, town):
    """Cem and Doris have written a letter, and have no e-mail address."""
    form = begin(posted, town, slot_at(FRIDAY, 9))
    assert posted(form, **COUPLE, **HOME, received="2026-11-16").status_code == 303
    return rows(database, Booking)[0]


def code_of(database, booking):
    with database.read() as session:
        return attach.code_of(session, session.get_one(Booking, booking.id))


def apply(posted, booking, code, **more):
    fields = {"number": booking.number, "code": code, "email": "doris@example.org"}
    return posted("/diepholz/brief", **fields | more)


def proof_path(database, to="doris@example.org"):
    letters = [letter for letter in rows(database, Letter) if letter.to_address == to and letter.kind == "connect"]
    return re.search(r"http://testserver\.local(/brief/\S+)", letters[-1].text)[1]


# --- Entering ---------------------------------------------------------------------------------------------


def test_channel_and_date_of_receipt_are_kept_and_shown(client, on_paper):
    assert (on_paper.channel, on_paper.by_office) == ("paper", True)
    assert on_paper.received_at == slot_at(date(2026, 11, 16), 0)
    page = client.get(f"{DESK}/buchung/{on_paper.id}").text
    assert "Montag, 16. November 2026, auf Papier" in page


def test_an_older_letter_ranks_before_a_younger_reservation(session):
    cast = assemble(session)
    online = reserved(session, cast, slot_at(SATURDAY, 9), at=NOW - timedelta(days=2))
    letter = reserved(session, cast, slot_at(SATURDAY, 9, 45))
    letter.channel, letter.received_at = "paper", NOW - timedelta(days=5)
    session.flush()
    assert [row.booking.id for row in queries.requests(session, cast.town)] == [letter.id, online.id]


@pytest.mark.parametrize("received", ["2026-11-24", "2024-01-01", "gestern"])
def test_a_date_of_receipt_that_cannot_be_is_said(posted, database, frau_sommer, town, received):
    form = begin(posted, town, slot_at(FRIDAY, 9))
    answer = posted(form, **COUPLE, received=received)
    assert answer.status_code == 422 and 'id="received-error"' in answer.text and "Cem Kaya" in answer.text


def test_a_full_day_names_the_nearest_free_ones(client, database, frau_sommer, town):
    page = client.get(f"{DESK}/eintragen?tag=2027-05-16").text  # a Sunday
    assert "Nächste freie Tage" in page and "eintragen?tag=2027-05-15" in page and "eintragen?tag=2027-05-18" in page
    assert "Nächste freie Tage" not in client.get(f"{DESK}/eintragen?tag=2027-05-15").text


@pytest.mark.parametrize(
    "again",
    [
        {"partner_one": "Cem Kaya", "partner_two": "Doris Ohlsen"},
        {"partner_one": "doris ohlsen", "partner_two": "CEM KAYA"},
        {"partner_one": "Ann Other", "partner_two": "Ben Other", "email": "Doris@example.org"},
    ],
    ids=["same", "the other way round", "e-mail"],
)
def test_who_is_probably_there_already_is_shown_first(client, posted, database, frau_sommer, town, again):
    first = begin(posted, town, slot_at(FRIDAY, 9))
    assert posted(first, **COUPLE | {"email": "doris@example.org"}).status_code == 303
    second = begin(posted, town, slot_at(SATURDAY, 9))
    answer = posted(second, **COUPLE | again)
    assert answer.status_code == 422 and "Vielleicht schon eingetragen" in answer.text
    assert min(rows(database, Booking), key=lambda each: each.starts_at).number in answer.text
    assert posted(second, **COUPLE | again, trotzdem="ja").status_code == 303


def test_other_couples_and_ended_weddings_are_no_warning(posted, database, frau_sommer, town):
    posted(begin(posted, town, slot_at(FRIDAY, 9)), **COUPLE)
    (booking,) = rows(database, Booking)
    other = begin(posted, town, slot_at(SATURDAY, 9))
    assert posted(other, **COUPLE | {"partner_two": "Dora Ohlsen"}).status_code == 303
    posted(f"{DESK}/buchung/{booking.id}/stornierung", wer="paar", grund_stornierung="x")
    assert posted(begin(posted, town, slot_at(SATURDAY, 9, 45)), **COUPLE).status_code == 303


def test_half_an_address_is_no_address(posted, frau_sommer, town):
    answer = posted(begin(posted, town, slot_at(FRIDAY, 9)), **COUPLE, street="Lange Straße 7")
    assert answer.status_code == 422 and 'id="city-error"' in answer.text


# --- Letters on paper -------------------------------------------------------------------------------------


def test_without_an_address_the_confirmation_waits_to_be_printed(client, posted, database, frau_sommer, on_paper):
    (letter,) = rows(database, Letter)
    assert (letter.kind, letter.to_address, letter.printed_at) == ("confirmed", "", None)
    assert not [errand for errand in rows(database, Errand) if errand.kind == "mail"]
    assert "Ein Brief zu drucken" in client.get(DESK).text and "Nichts wartet" not in client.get(DESK).text
    after = posted(f"{DESK}/buchung/{on_paper.id}/briefe/{letter.id}/druck", htmx=True, von="liste")
    assert after.text.lstrip().startswith('<div id="wartet">') and "zu drucken" not in after.text
    assert rows(database, Letter)[0].printed_by == "Frau Sommer"


def test_the_letter_has_all_that_the_couple_needs(client, database, frau_sommer, on_paper):
    (letter,) = rows(database, Letter)
    answer = client.get(f"{DESK}/buchung/{on_paper.id}/briefe/{letter.id}")
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF-")
    assert b"pdfuaid" in answer.content, "accessible"
    with database.read() as session:
        booking = session.get_one(Booking, on_paper.id)
        said = papers.as_document(session, booking, letter)
    assert said["address"] == ["Cem Kaya", "Doris Ohlsen", "Lange Straße 7", "49356 Diepholz"]
    words = " ".join(" ".join(part) for part in said["parts"])
    for needed in (
        "Freitag, 14. Mai 2027, 09:00 Uhr", "Trauzimmer im Rathaus", on_paper.number, "Anmeldung und Eheschließung",
        "mitbringen", "Personalausweise", "bis einschließlich",
    ):  # fmt: skip
        assert needed in words, needed
    assert "http" not in words and "E-Mail" not in words, "links are nothing on paper"
    titles = [section["title"] for section in said["sections"]]
    assert titles == ["Absagen oder verlegen", "Im Netz weitermachen"]
    assert code_of(database, on_paper) in str(said["sections"][1]["facts"])


def test_nothing_that_is_kept_gives_the_code_away(database, on_paper):
    code = code_of(database, on_paper)
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{5}-[A-HJ-NP-Z2-9]{5}", code)
    kept = str([vars(row) for table in (LetterCode, Letter, Booking) for row in rows(database, table)])
    assert code not in kept and code.replace("-", "") not in kept


def test_what_stands_in_a_name_is_printed_and_never_run():
    nasty = "#eval(1) $x$ *b* <a> \\ @x"
    data = {
        "town": nasty, "office": nasty, "sender": nasty, "address": [nasty], "contact": [nasty], "foot": [nasty],
        "number_label": "Nr.", "number": "HZ", "date": "heute", "subject": nasty, "greetings": "Gruß",
        "parts": [["p", nasty], ["heading", nasty], ["fact", nasty, nasty], ["point", nasty]],
        "sections": [{"title": nasty, "words": [nasty], "code": nasty, "facts": [["Code", nasty]]}],
    }  # fmt: skip
    letter = data | {"language": "de"}
    assert pdf("letter", {"title": nasty, "letters": [letter, letter]}).startswith(b"%PDF-")


def test_a_reminder_without_an_address_is_a_letter_too(database, on_paper):
    when = on_paper.deadline_at - timedelta(days=3)
    assert jobs.remind_of_deadlines(database, when) == 1
    assert sorted(letter.kind for letter in rows(database, Letter) if letter.paper) == ["confirmed", "reminder"]


def test_an_auditor_doesnt_see_the_code(client, database, town, on_paper):
    (letter,) = rows(database, Letter)
    become(client, database, colleague(database, town, "auditor"))
    assert client.get(f"{DESK}/buchung/{on_paper.id}/briefe/{letter.id}").status_code == 403
    assert "/briefe/" not in client.get(f"{DESK}/buchung/{on_paper.id}").text


def test_letters_of_another_booking_or_by_mail_are_not_found(client, posted, database, frau_sommer, town, on_paper):
    posted(
        begin(posted, town, slot_at(SATURDAY, 9)), **COUPLE | {"partner_one": "Eva Lang", "email": "eva@example.org"}
    )
    by_mail = next(letter for letter in rows(database, Letter) if letter.paper is None)
    for letter_id in (by_mail.id, on_paper.id):
        assert client.get(f"{DESK}/buchung/{on_paper.id}/briefe/{letter_id}").status_code == 404


# --- From the letter into the net -------------------------------------------------------------------------


def test_the_couple_connects_its_booking_with_an_address(client, posted, database, on_paper):
    client.cookies.delete("amt")
    assert client.get("/diepholz/hochzeit/brief").status_code == 200
    code = code_of(database, on_paper)
    answer = apply(posted, on_paper, code.lower().replace("-", " "))
    assert answer.status_code == 200 and "Schauen Sie in Ihr Postfach" in answer.text
    assert rows(database, Booking)[0].email == "", "not before it is proven"
    path = proof_path(database)
    assert "Kaya" not in next(letter.text for letter in rows(database, Letter) if letter.kind == "connect")
    assert "Ist das Ihre Reservierung?" in client.get(path).text
    own = posted(path).headers["location"]
    assert "Cem Kaya" in client.get(own).text
    (booking,) = rows(database, Booking)
    assert (booking.email, booking.email_proven_at) == ("doris@example.org", NOW)
    told = next(letter for letter in rows(database, Letter) if letter.kind == "attached")
    assert told.to_address == "doris@example.org" and own in told.text
    assert client.get(path, follow_redirects=False).headers["location"] == own, "the link in the mail still leads there"
    with database.write() as session:
        lifecycle.register(session, session.get_one(Booking, booking.id), NOW, SYSTEM)
    assert next(letter.to_address for letter in rows(database, Letter) if letter.kind == "registered") == booking.email


def test_a_code_works_once_and_a_new_letter_has_a_new_one(posted, database, on_paper):
    code = code_of(database, on_paper)
    apply(posted, on_paper, code)
    posted(proof_path(database))
    answer = apply(posted, on_paper, code)
    assert answer.status_code == 422 and "passen nicht zusammen" in answer.text
    assert code_of(database, on_paper) == ""
    with database.write() as session:
        booking = session.get_one(Booking, on_paper.id)
        booking.email = ""
        attach.get_ready(session, booking, NOW)
    assert code_of(database, on_paper) not in ("", code)


def test_wrong_number_and_wrong_code_get_the_same_answer(posted, database, on_paper):
    wrong = apply(posted, on_paper, "AAAAA-AAAAA")
    nobody = apply(posted, on_paper, "AAAAA-AAAAA", number="HZ-2222-2222")
    for answer in (wrong, nobody):
        assert answer.status_code == 422 and "Nummer und Code passen nicht zusammen" in answer.text
    assert [letter for letter in rows(database, Letter) if letter.kind == "connect"] == []


def test_after_ten_guesses_not_even_the_right_code_works(posted, database, clock, on_paper):
    code = code_of(database, on_paper)
    guessed_too_often(posted, on_paper)
    assert apply(posted, on_paper, code).status_code == 422
    assert rows(database, LetterCode)[0].attempts == attach.ATTEMPTS


def guessed_too_often(posted, booking):
    for _guess in range(attach.ATTEMPTS):
        assert apply(posted, booking, "AAAAA-AAAAA").status_code == 422


def test_a_letter_that_lies_there_gets_a_new_code_when_the_old_one_is_spent(client, posted, database, on_paper):
    here = f"{DESK}/buchung/{on_paper.id}"
    old = code_of(database, on_paper)
    assert "Neuen Code in den Brief setzen" not in client.get(here).text
    guessed_too_often(posted, on_paper)
    assert code_of(database, on_paper) == "", "a dead code isn't printed"
    assert "Neuen Code in den Brief setzen" in client.get(here).text
    assert posted(f"{here}/nachricht").status_code == 303
    new = code_of(database, on_paper)
    assert new not in ("", old) and "Neuen Code in den Brief setzen" not in client.get(here).text
    assert apply(posted, on_paper, new).status_code == 200


def test_one_address_on_the_network_guesses_only_so_often(posted, on_paper):
    answers = [apply(posted, on_paper, "AAAAA-AAAAA", number="HZ-2222-2222").status_code for _guess in range(21)]
    assert answers == [422] * 20 + [429]


def test_the_link_that_went_to_one_address_doesnt_prove_another(client, posted, database, on_paper):
    code = code_of(database, on_paper)
    apply(posted, on_paper, code)
    first = proof_path(database)
    apply(posted, on_paper, code, email="cem@example.org")
    assert client.get(first).status_code == 404 and posted(first).status_code == 404
    assert posted(proof_path(database, "cem@example.org")).status_code == 303
    assert rows(database, Booking)[0].email == "cem@example.org"


def test_an_address_that_was_given_while_the_link_was_opened_is_not_taken_as_proven(posted, database, on_paper):
    apply(posted, on_paper, code_of(database, on_paper))
    token = proof_path(database).removeprefix("/brief/")
    with pytest.raises(NotFound), database.write() as session:
        booking, known = attach.asked_by(session, token)
        # Another request comes in between; the session doesn't know it yet.
        other = update(LetterCode).values(email="fremd@example.org").execution_options(synchronize_session=False)
        session.execute(other)
        attach.connect(session, booking, known, token, NOW)
    assert rows(database, Booking)[0].email == ""


def test_the_code_ends_with_the_date_and_with_the_booking(posted, database, clock, on_paper):
    code = code_of(database, on_paper)
    clock.now = on_paper.starts_at
    assert apply(posted, on_paper, code).status_code == 422
    clock.now = NOW
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, on_paper.id), NOW, SYSTEM)
    assert apply(posted, on_paper, code).status_code == 422


def test_what_is_missing_or_no_address_stands_beside_its_field(posted, on_paper):
    answer = apply(posted, on_paper, "", email="doris")
    assert answer.status_code == 422
    assert all(f'id="{field}-error"' in answer.text for field in ("code", "email"))


def test_an_address_that_nobody_proves_goes_after_a_week_and_the_code_stays(posted, database, clock, on_paper):
    code = code_of(database, on_paper)
    apply(posted, on_paper, code)
    retention.forget_what_is_due(database, NOW + timedelta(days=7))
    first = proof_path(database)
    assert rows(database, LetterCode)[0].email == "doris@example.org"
    clock.now = NOW + timedelta(days=7, minutes=1)
    retention.forget_what_is_due(database, clock.now)
    assert rows(database, LetterCode)[0].email == ""
    assert "doris" not in str([vars(letter) for letter in rows(database, Letter)])
    assert posted(first).status_code == 404
    apply(posted, on_paper, code)
    assert posted(proof_path(database)).status_code == 303
    retention.forget_what_is_due(database, clock.now + timedelta(days=8))
    assert rows(database, LetterCode)[0].email == rows(database, Booking)[0].email == "doris@example.org"


def test_address_and_code_go_with_the_couples_data(posted, database, on_paper):
    apply(posted, on_paper, code_of(database, on_paper))
    with database.write() as session:
        retention.forget(session, session.get_one(Booking, on_paper.id), NOW)
    assert rows(database, LetterCode) == rows(database, Wedding) == rows(database, Letter) == []


def test_a_paper_letter_can_be_printed_again(client, posted, database, frau_sommer, on_paper):
    (letter,) = rows(database, Letter)
    here = f"{DESK}/buchung/{on_paper.id}"
    posted(f"{here}/briefe/{letter.id}/druck")
    assert "Letzten Brief noch einmal drucken" in client.get(here).text
    posted(f"{here}/nachricht")
    assert rows(database, Letter)[0].printed_at is None and "Brief drucken" in client.get(here).text
