"""Two clerks do the same verb at the same moment: it has one effect, and both get a clear answer."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from litestar.middleware.csrf import generate_csrf_token
from litestar.testing import TestClient
from sqlalchemy import func, select

from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Letter
from tests.cast import FRIDAY, NOW, SATURDAY, SETTINGS, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague

RIGHT = {"partner_one": "Anna Möller", "partner_two": "Ben Yıldız", "guests": "10", "phone": "05441 12345"}
RIGHT |= {"street": "", "city": "", "email": "neu@example.org"}


def held(session, town, start):
    return reservation.hold(session, town.town, town.room.id, start, NOW, CITIZEN)


def overdue_soon(session, town, start):
    """Ben and Anna have their date, and their letters have gone out."""
    booking = confirmed(session, town, start)
    for letter in session.scalars(select(Letter)):
        letter.sent_at = NOW
    return booking


def elsewhere(town):
    return {"termin": f"{town.room.id}/{slot_at(SATURDAY, 10, 30).isoformat()}", "tag": "2027-05-15"}


# noun in the address: how the booking stands, what is posted, the event that may be written once
VERBS = {
    "zustimmung": (reserved, lambda town, booking: {"partei": "office"}, "approve"),
    "ablehnung": (reserved, lambda town, booking: {"grund_ablehnung": "Stadtfest"}, "decline"),
    "stornierung": (confirmed, lambda town, booking: {"grund_stornierung": "Sturm", "wer": "amt"}, "cancel"),
    "anmeldung": (confirmed, lambda town, booking: {}, "register"),
    "verlaengerung": (held, lambda town, booking: {}, "extend"),
    "verlegung": (confirmed, lambda town, booking: elsewhere(town), "move"),
    "frist": (
        confirmed,
        lambda town, booking: {
            "frist": (booking.deadline_at + timedelta(days=9)).date().isoformat(),
            "grund_frist": "Urkunde fehlt",
        },
        "prolong",
    ),
    "erinnerung": (confirmed, lambda town, booking: {}, "remind"),
    "nachricht": (overdue_soon, lambda town, booking: {}, "resend"),
    "angaben": (confirmed, lambda town, booking: RIGHT, "correct"),
}


@pytest.fixture
def town(database):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="optional")
    with database.write() as session:
        return assemble(session, terms)


@pytest.fixture
def two_clerks(app, database, town):
    """Frau Sommer and Herr Winter, each at a browser of their own."""
    with (
        TestClient(app, base_url="http://testserver.local") as one,
        TestClient(app, base_url="http://testserver.local") as other,
    ):
        become(one, database, town.clerk)
        become(other, database, colleague(database, town, "registrar"))
        yield one, other


def at_once(clients, path, fields):
    """Both post the form in the same moment; their answers."""
    together = Barrier(len(clients))

    def post(client):
        token = generate_csrf_token(SETTINGS.secret)
        client.cookies.set("csrftoken", token)
        together.wait()
        return client.post(path, data={"_csrf_token": token, **fields}, follow_redirects=False)

    with ThreadPoolExecutor(len(clients)) as threads:
        return list(threads.map(post, clients))


@pytest.mark.parametrize("noun", VERBS)
def test_two_clerks_racing_have_one_effect_and_clear_answers(database, town, two_clerks, noun):
    make, fields, event = VERBS[noun]
    with database.write() as session:
        booking = make(session, town, slot_at(SATURDAY, 9))
    with database.read() as session:
        mine = BookingEvent.booking_id == booking.id
        seen = session.scalar(select(func.max(BookingEvent.id)).where(mine))
    posted = fields(town, booking) | {"stand": str(seen)}
    answers = at_once(two_clerks, f"/diepholz/amt/buchung/{booking.id}/{noun}", posted)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [303, 409], "one did it, the other is told"
    (told,) = [answer.text for answer in answers if answer.status_code == 409]
    assert "ist inzwischen etwas geschehen" in told and booking.number in told
    with database.read() as session:
        events = session.scalars(select(BookingEvent.verb).where(mine)).all()
        assert events.count(event) == 1
        letters = session.scalars(select(Letter.kind).where(Letter.booking_id == booking.id, Letter.sent_at.is_(None)))
        kinds = list(letters)
        assert len(kinds) == len(set(kinds)), "each letter once"


@pytest.mark.parametrize("noun", VERBS)
def test_without_a_stand_the_second_gets_the_same_result_or_a_sentence(database, town, two_clerks, noun):
    make, fields, event = VERBS[noun]
    with database.write() as session:
        booking = make(session, town, slot_at(SATURDAY, 9))
    answers = at_once(two_clerks, f"/diepholz/amt/buchung/{booking.id}/{noun}", fields(town, booking))
    assert sorted(answer.status_code for answer in answers) in ([303, 303], [303, 409])
    with database.read() as session:
        verbs = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id)).all()
    assert verbs.count(event) == 1


def test_two_clerks_who_enter_at_once_get_two_slots_or_one_is_told(database, town, two_clerks):
    fields = {"termin": f"{town.room.id}/{slot_at(FRIDAY, 9).isoformat()}", "tag": "2027-05-14"}
    answers = at_once(two_clerks, "/diepholz/amt/eintragen", fields)
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    with database.read() as session:
        (booking,) = session.scalars(select(Booking)).all()
    couple = {"partner_one": "Cem Kaya", "partner_two": "Doris Ohlsen", "guests": "12", "channel": "telephone"}
    answers = at_once(two_clerks, f"/diepholz/amt/eintragen/{booking.id}", couple)
    assert {answer.status_code for answer in answers} <= {303, 409}
    with database.read() as session:
        verbs = session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == booking.id)).all()
    assert verbs.count("enter") == 1


def test_a_verb_and_the_couple_meet(database, town, two_clerks):
    """The couple cancels while a clerk agrees: the clerk reads that it has happened."""
    with database.write() as session:
        booking = reserved(session, town, slot_at(SATURDAY, 9))
        seen = session.scalar(select(func.max(BookingEvent.id)).where(BookingEvent.booking_id == booking.id))
        lifecycle.cancel(session, booking, NOW, CITIZEN)
    one, _other = two_clerks
    (answer,) = at_once(
        [one], f"/diepholz/amt/buchung/{booking.id}/zustimmung", {"partei": "office", "stand": str(seen)}
    )
    assert answer.status_code == 409 and "Storniert (das Paar, 10:00 Uhr)" in answer.text
