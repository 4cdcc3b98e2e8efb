"""Each letter that a wedding's reservation calls for, read as the one who gets it reads it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import icalendar
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.settings import ROOT
from buchbar.booking import lifecycle, links
from buchbar.booking.events import CITIZEN, PROVIDER
from buchbar.booking.models import Booking
from buchbar.booking.terms import CancellationStep, DaysAfterBooking, Terms
from buchbar.booking.weddings import letters, reservation
from buchbar.calendar.release import Rolling
from buchbar.notices.mail import message
from buchbar.notices.models import Errand, Letter
from buchbar.payments.models import Payment
from tests.cast import ANNA_AND_BEN, BERLIN, CLERK, FRIDAY, NOW, SATURDAY, SETTINGS, Cast, assemble, slot_at

MINUTE = timedelta(minutes=1)
COUPLE = "anna@example.org"


def terms(**changes: object) -> Terms:
    return Terms(**{"release": Rolling(12), "deadline": DaysAfterBooking(40)} | changes)  # type: ignore[arg-type]


def proven(session: Session, cast: Cast, venue=None, language: str = "de") -> Booking:
    """A couple holds, submits and proves, a minute each."""
    venue = venue or cast.room
    start = slot_at(SATURDAY, 9 if venue is cast.room else 11)
    booking = reservation.hold(session, cast.town, venue.id, start, NOW, CITIZEN)
    booking.language = language
    reservation.submit(session, booking, ANNA_AND_BEN, NOW + MINUTE, CITIZEN)
    reservation.prove(session, booking, NOW + 2 * MINUTE)
    return booking


def paid(session: Session, booking: Booking, at: datetime, cents: int) -> None:
    session.add(
        Payment(
            municipality_id=booking.municipality_id,
            booking_id=booking.id,
            cents=cents,
            state="paid",
            started_at=at,
            expires_at=at,
            settled_at=at,
        )
    )
    session.flush()
    lifecycle.pay(session, booking, at, PROVIDER, cents)


def post(session: Session, to: str = COUPLE) -> list[Letter]:
    return list(session.scalars(select(Letter).where(Letter.to_address == to).order_by(Letter.written_at)))


def kinds(session: Session, to: str = COUPLE) -> list[str]:
    return [letter.kind for letter in post(session, to)]


def read(letter: Letter) -> EmailMessage:
    """The letter as it arrives."""
    arrived = message_from_bytes(message(letter, SETTINGS.mail_from).as_bytes(), policy=policy.default)
    assert isinstance(arrived, EmailMessage)
    return arrived


def event_in(letter: Letter) -> icalendar.Event:
    """What a calendar makes of the letter: the part's method, and both copies of the calendar, agree."""
    parts = {part.get_content_type(): part for part in read(letter).walk()}
    part, attached = parts["text/calendar"], parts["application/ics"]
    assert part.get_param("method") == letter.calendar_method and part.get_content_charset() == "utf-8"
    assert part.get_payload(decode=True) == attached.get_payload(decode=True)
    assert attached.get_filename() == "termin.ics"
    known = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    assert str(known["METHOD"]) == letter.calendar_method
    [event] = known.events
    return event


# --- What is written --------------------------------------------------------------------------------------


def test_the_first_letter_proves_the_address_and_carries_nobodys_words(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    [letter] = post(session)
    assert letter.kind == "address" and letter.subject == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    for body in (letter.text, letter.html):
        assert links.url(session, booking, "bestaetigung") in body
        assert "Samstag, 15. Mai 2027, 09:00 Uhr" in body
        assert "bis Montag, 23. November 2026, 11:00 Uhr" in body
        assert "Müller" not in body and links.url(session, booking) not in body


def test_a_request_is_acknowledged_and_the_office_hears_of_it_without_personal_data(session, cast):
    booking = proven(session, cast)
    assert kinds(session) == ["address", "received"]
    [notice] = post(session, "standesamt@example.org")
    assert notice.kind == "office" and booking.number in notice.subject
    for body in (notice.text, notice.html):
        assert f"http://testserver.local/diepholz/amt/buchung/{booking.id}" in body
        for personal in ("Anna", "Müller", "Yıldız", COUPLE, "12345", links.path(session, booking)):
            assert personal not in body


def test_the_owner_is_asked_without_names_and_told_when_the_date_is_free_again(session):
    cast = assemble(session, terms(approval="office_and_owner"))
    booking = proven(session, cast, cast.mill)
    [asked] = post(session, "muehle@example.org")
    assert asked.kind == "owner"
    for words in (
        "Guten Tag Mühlenverein",
        "Samstag, 15. Mai 2027, 11:00 Uhr",
        "11:30 Uhr",
        "Gäste: 10",
        booking.number,
    ):
        assert words in asked.text
    assert "Müller" not in asked.text + asked.html
    assert "Mühlenverein" in post(session)[-1].text
    lifecycle.cancel(session, booking, NOW + timedelta(days=1), CITIZEN)
    assert kinds(session, "muehle@example.org") == ["owner", "owner_over"]


def test_an_owner_who_was_asked_hears_of_a_move_and_once_only(session):
    cast = assemble(session, terms(approval="office_and_owner"))
    booking = proven(session, cast, cast.mill)
    reservation.move(session, booking, cast.room.id, slot_at(FRIDAY, 9), NOW + timedelta(hours=1), CITIZEN)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=2), CITIZEN)
    told = post(session, "muehle@example.org")
    assert [letter.kind for letter in told] == ["owner", "owner_over"]
    assert "Samstag, 15. Mai 2027, 11:00 Uhr" in told[1].text
    assert kinds(session, "standesamt@example.org") == ["office", "office"], "a moved request is to be checked again"


def test_who_has_to_pay_is_told_how_much_and_until_when(session, cast):
    booking = proven(session, cast)
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=1), CLERK)
    letter = post(session)[-1]
    assert letter.kind == "payable" and letter.subject == "Bitte bezahlen Sie bis 07.12.2026: Trauung am 15.05.2027"
    assert "bis einschließlich Montag, 7. Dezember 2026" in letter.text
    for line in ("Anmeldung und Eheschließung: 60,00", "Trauung am Samstag: 110,00", "Zusammen: 170,00"):
        assert line in letter.text
    assert letter.calendar is None, "nothing is reserved yet"


def test_a_payment_is_acknowledged_and_the_confirmation_says_what_it_is_and_is_not(session, cast):
    booking = proven(session, cast)
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=1), CLERK)
    paid(session, booking, NOW + timedelta(hours=2), 17_000)
    receipt, confirmation = post(session)[-2:]
    assert (receipt.kind, confirmation.kind) == ("paid", "confirmed")
    assert "Ihre Zahlung von 170,00\xa0€ ist am Montag, 23. November 2026 eingegangen" in receipt.text
    for words in (
        "Guten Tag Anna Müller, guten Tag Ben Yıldız,",
        "Bitte seien Sie um 08:45 Uhr da.",
        "noch nicht die Anmeldung der Eheschließung und gibt noch keinen Anspruch",
        "frühestens am Sonntag, 15. November 2026",
        "bis einschließlich Samstag, 2. Januar 2027",
        "- Personalausweise oder Reisepässe von Ihnen beiden",
        "Noch offen: 0,00",
        links.url(session, booking),
    ):
        assert words in confirmation.text
        assert words.removeprefix("- ").replace("Noch offen: ", "") in confirmation.html
    event = event_in(confirmation)
    assert event.start == datetime(2027, 5, 15, 9, 0, tzinfo=BERLIN) and str(event["STATUS"]) == "CONFIRMED"
    assert event["DTSTAMP"].dt == NOW + timedelta(hours=2)
    assert str(event["ORGANIZER"]) == "mailto:standesamt@example.org" and str(event["ATTENDEE"]) == f"mailto:{COUPLE}"


def test_uid_stays_and_sequence_rises_from_confirmation_over_move_to_cancellation(session):
    cast = assemble(session, terms(approval="none", payment="later"))
    booking = proven(session, cast)
    reservation.move(session, booking, cast.mill.id, slot_at(SATURDAY, 11), NOW + timedelta(hours=1), CITIZEN)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=2), CITIZEN)
    written = post(session)[1:]
    assert [letter.kind for letter in written] == ["confirmed", "moved", "cancelled"]
    assert [letter.calendar_method for letter in written] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [event_in(letter) for letter in written]
    assert {str(event["UID"]) for event in events} == {f"{booking.id}@testserver.local"}
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert [str(event["STATUS"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert events[1].start == datetime(2027, 5, 15, 11, 0, tzinfo=BERLIN)
    assert "Bisher: Samstag, 15. Mai 2027, 09:00 Uhr, Trauzimmer im Rathaus." in written[1].text
    assert "Wassermühle, Am Mühlenteich 3" in written[1].text


def test_a_move_that_must_be_agreed_to_again_is_tentative_in_a_calendar_that_has_the_old_date(session):
    cast = assemble(session, terms(approval="office", payment="none"))
    booking = proven(session, cast)
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=1), CLERK)
    reservation.move(session, booking, cast.room.id, slot_at(FRIDAY, 9), NOW + timedelta(hours=2), CITIZEN)
    moved = post(session)[-1]
    assert moved.kind == "moved" and "prüft den neuen Termin noch" in moved.text
    assert str(event_in(moved)["STATUS"]) == "TENTATIVE"
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=3), CLERK)
    firm = post(session)[-1]
    assert firm.kind == "confirmed" and str(event_in(firm)["STATUS"]) == "CONFIRMED"
    assert event_in(firm)["SEQUENCE"] == event_in(moved)["SEQUENCE"] == 1
    assert event_in(firm)["DTSTAMP"].dt > event_in(moved)["DTSTAMP"].dt


def test_a_move_that_must_be_paid_is_one_letter_not_two(session, cast):
    booking = proven(session, cast)
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=1), CLERK)
    reservation.move(session, booking, cast.mill.id, slot_at(SATURDAY, 11), NOW + timedelta(hours=2), CLERK)
    assert kinds(session) == ["address", "received", "payable", "moved"]
    moved = post(session)[-1]
    assert "Bitte bezahlen Sie 320,00\xa0€ bis einschließlich Montag, 7. Dezember 2026." in moved.text
    assert "Nutzung der Mühle (enthält 19 % Umsatzsteuer): 150,00" in moved.text and moved.calendar is None


def test_who_never_got_an_invitation_gets_no_cancellation_of_it(session, cast):
    booking = proven(session, cast)
    lifecycle.decline(session, booking, "Die Mühle ist <geschlossen> & leer", NOW + timedelta(hours=1), CLERK)
    letter = post(session)[-1]
    assert letter.kind == "declined" and letter.calendar is None
    assert "Der Grund: Die Mühle ist <geschlossen> & leer" in letter.text
    assert "Die Mühle ist &lt;geschlossen&gt; &amp; leer" in letter.html and "<geschlossen>" not in letter.html


def test_a_late_cancellation_says_what_it_costs_and_what_comes_back_in_one_letter(session):
    steps = (CancellationStep(365, 100), CancellationStep(0, 50))
    cast = assemble(session, terms(approval="none", payment="optional", cancellation=steps))
    booking = proven(session, cast)
    paid(session, booking, NOW + timedelta(hours=1), 17_000)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=2), CITIZEN)
    assert kinds(session) == ["address", "confirmed", "paid", "cancelled"]
    letter = post(session)[-1]
    assert "Sie haben Ihre Reservierung storniert" in letter.text
    assert "berechnen wir nach unseren Bedingungen 85,00\xa0€" in letter.text
    assert "Sie bekommen 85,00\xa0€ zurück" in letter.text


def test_when_the_office_cancels_it_says_so_with_its_reason_and_it_costs_nothing(session, cast):
    booking = proven(session, cast)
    lifecycle.cancel(session, booking, NOW + timedelta(hours=2), CLERK, "Wasserschaden")
    letter = post(session)[-1]
    assert "das Standesamt hat Ihre Reservierung storniert" in letter.text
    assert "Der Grund: Wasserschaden" in letter.text and "Die Stornierung kostet nichts." in letter.text


def test_a_deadline_is_reminded_of_and_then_the_date_is_released(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = proven(session, cast)
    lifecycle.remind(session, booking, booking.deadline_at - timedelta(days=13))
    reminder = post(session)[-1]
    assert reminder.kind == "reminder" and reminder.subject.startswith("Bitte denken Sie an die Frist 02.01.2027")
    lifecycle.release(session, booking, booking.deadline_at)
    released = post(session)[-1]
    assert released.kind == "released" and event_in(released)["SEQUENCE"] == 1


def test_a_registration_is_acknowledged(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = proven(session, cast)
    lifecycle.register(session, booking, NOW + timedelta(days=2), CLERK)
    letter = post(session)[-1]
    assert letter.kind == "registered" and "liegt dem Standesamt vor" in letter.text


def test_money_that_comes_too_late_is_acknowledged_and_its_return_announced(session, cast):
    booking = proven(session, cast)
    lifecycle.approve(session, booking, "office", NOW + timedelta(hours=1), CLERK)
    late = booking.deadline_at + timedelta(hours=1)
    lifecycle.release(session, booking, booking.deadline_at)
    reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), late, CITIZEN)
    paid(session, booking, late + MINUTE, 17_000)
    receipt, refund = post(session)[-2:]
    assert (receipt.kind, refund.kind) == ("paid", "refunded")
    assert "nicht mehr zu haben" in receipt.text and "bekommen Sie 170,00\xa0€ zurück" in refund.text


def test_every_kind_of_letter_is_covered_by_a_subject_and_a_template():
    folder = ROOT / "templates" / "letters"
    of_others = ("account_", "club", "door_", "hall_", "season_")  # letters to citizens, clubs, offices, about halls
    bodies = {path.stem for path in folder.glob("[!_]*.html") if not path.stem.startswith(of_others)} - {
        "frame",
        "parts",
        "sign_in",
        "invitation",
        "second_factor_gone",
        *("mandate", "mandate_revoked", "debit_notice", "debit_withdrawn"),  # a payer's, whatever they booked
    }
    assert bodies == set(letters.SUBJECTS)


# --- What is not written ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_who_never_proved_the_address_gets_no_second_letter(session, cast, how):
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    reservation.submit(session, booking, ANNA_AND_BEN, NOW, CITIZEN)
    if how == "cancelled":
        lifecycle.cancel(session, booking, NOW + MINUTE, CITIZEN)
    else:
        lifecycle.expire(session, booking, booking.hold_until + MINUTE)
    assert booking.state == how and kinds(session) == ["address"]


def test_a_couple_without_an_address_gets_letters_on_paper(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CLERK)
    lifecycle.enter(session, booking, [], NOW, CLERK)
    (letter,) = session.scalars(select(Letter)).all()
    assert (booking.state, letter.kind, letter.to_address) == ("confirmed", "confirmed", "")
    assert not session.scalars(select(Errand)).all(), "nobody mails it"


def test_doing_a_thing_twice_writes_one_letter(session, cast):
    booking = proven(session, cast)
    for _again in range(2):
        reservation.prove(session, booking, NOW + timedelta(hours=1))
        lifecycle.cancel(session, booking, NOW + timedelta(hours=2), CITIZEN)
    assert kinds(session) == ["address", "received", "cancelled"]


def test_nothing_is_sent_of_what_was_undone(database):
    class Interrupted(Exception):
        pass

    with pytest.raises(Interrupted), database.write() as session:
        proven(session, assemble(session))
        assert kinds(session) and session.scalars(select(Errand)).all()
        raise Interrupted
    with database.read() as session:
        assert not session.scalars(select(Letter)).all() and not session.scalars(select(Errand)).all()


# --- How it is written ------------------------------------------------------------------------------------


def test_letters_are_in_the_couples_language_and_the_offices_in_german(session, cast):
    proven(session, cast, language="en")
    received = post(session)[-1]
    assert received.language == "en" and read(received)["Content-Language"] == "en" and 'lang="en"' in received.html
    assert "Saturday, 15 May 2027" in received.text
    [notice] = post(session, "standesamt@example.org")
    assert notice.language == "de" and 'lang="de"' in notice.html


def test_umlauts_arrive_in_subject_text_html_and_calendar(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = proven(session, cast, cast.mill)
    arrived = read(post(session)[-1])
    text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    for words in ("Anna Müller", "Ben Yıldız", "Gebühren", "Wassermühle, Am Mühlenteich 3"):
        assert words in text.get_content() and words in html.get_content()
    assert str(event_in(post(session)[-1])["LOCATION"]) == "Wassermühle, Am Mühlenteich 3"
    lifecycle.cancel(session, booking, NOW + timedelta(hours=1), CITIZEN)
    assert read(post(session)[0])["Subject"] == "Bitte bestätigen Sie Ihre E-Mail-Adresse"


def test_what_the_couple_typed_stays_text(session, cast):
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    sly = replace(ANNA_AND_BEN, partner_one="<script>alert(1)</script>", partner_two="{{ 7*7 }} &lt;")
    reservation.submit(session, booking, sly, NOW, CITIZEN)
    reservation.prove(session, booking, NOW + MINUTE)
    letter = post(session)[-1]
    assert "Guten Tag <script>alert(1)</script>, guten Tag {{ 7*7 }} &lt;," in letter.text
    assert "<script>" not in letter.html and "{{ 7*7 }} &amp;lt;" in letter.html


def test_an_invitation_gives_away_neither_names_nor_the_secret_link(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = proven(session, cast)
    calendar = post(session)[-1].calendar
    secret = links.path(session, booking).rpartition("/")[2]
    unfolded = calendar.replace("\r\n ", "")
    assert secret not in unfolded and "Müller" not in unfolded and booking.number in unfolded


def test_an_address_that_icalendar_cannot_name_gets_the_letter_without_the_invitation(session):
    cast = assemble(session, terms(approval="none", payment="none"))
    booking = reservation.hold(session, cast.town, cast.room.id, slot_at(SATURDAY, 9), NOW, CITIZEN)
    couple = replace(ANNA_AND_BEN, email="anna@müller.example")
    reservation.submit(session, booking, couple, NOW, CITIZEN)
    reservation.prove(session, booking, NOW + MINUTE)
    letter = post(session, "anna@müller.example")[-1]
    assert letter.kind == "confirmed" and letter.calendar is None


def test_the_moment_of_a_letter_is_the_events_not_the_clocks(session, cast):
    proven(session, cast)
    received = post(session)[-1]
    assert received.written_at == NOW + 2 * MINUTE
    assert read(received)["Date"].datetime == (NOW + 2 * MINUTE).astimezone(UTC)
