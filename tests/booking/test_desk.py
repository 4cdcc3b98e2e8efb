"""What a clerk sees and does at the desk. The other pages of the desk: test_desk_rules.py."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.accounts.models import Clerk
from buchbar.base.web import Form
from buchbar.booking import lifecycle, queries
from buchbar.booking.desk_frame import Overtaken, by, locked
from buchbar.booking.events import CITIZEN
from buchbar.booking.models import Booking, BookingEvent
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import reservation
from buchbar.calendar.release import Rolling
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.models import Payment, ProviderEvent, Refund
from tests.cast import ANNA_AND_BEN, FRIDAY, NOW, SATURDAY, assemble, confirmed, reserved, slot_at
from tests.clerks import become, colleague

DESK = "/diepholz/amt"


def at_the_mill(session, cast, start, couple=ANNA_AND_BEN):
    booking = reservation.hold(session, cast.town, cast.mill.id, start, NOW, CITIZEN)
    reservation.submit(session, booking, couple, NOW, CITIZEN)
    reservation.prove(session, booking, NOW)
    return booking


@pytest.fixture
def town(database):
    terms = Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="optional", approval="office_and_owner")
    with database.write() as session:
        return assemble(session, terms)


@pytest.fixture
def frau_sommer(client, database, town):
    become(client, database, town.clerk)
    return town.clerk


@pytest.fixture
def request_(database, town):
    """Anna and Ben wait for the office."""
    with database.write() as session:
        return reserved(session, town, slot_at(SATURDAY, 9))


@pytest.fixture
def firm(database, town):
    """Anna and Ben have their date."""
    with database.write() as session:
        return confirmed(session, town, slot_at(SATURDAY, 9))


def now_is(database, booking):
    with database.read() as session:
        return session.get_one(Booking, booking.id)


def last_event(database, booking):
    with database.read() as session:
        mine = select(BookingEvent).where(BookingEvent.booking_id == booking.id)
        return session.scalars(mine.order_by(BookingEvent.id.desc())).first()


def stand(client, booking):
    """What the booking's page hides in its forms."""
    return re.search(r'name="stand" value="(\d+)"', client.get(f"{DESK}/buchung/{booking.id}").text)[1]


# --- What waits -------------------------------------------------------------------------------------------


def test_an_empty_desk_says_so(client, frau_sommer):
    page = client.get(DESK).text
    assert "Nichts wartet. Gut so." in page and "In den nächsten 30 Tagen ist nichts eingetragen." in page


def test_a_request_waits_with_its_next_steps(client, frau_sommer, request_):
    page = client.get(DESK).text
    for words in ("Eine Anfrage zu prüfen", "Anna Müller &amp; Ben Yıldız", request_.number, "09:00 Uhr", "Bestätigen"):
        assert words in page
    assert "Nichts wartet" not in page


def test_a_confirmed_row_leaves_the_list_without_a_reload(client, posted, database, frau_sommer, request_):
    answer = posted(f"{DESK}/buchung/{request_.id}/zustimmung", htmx=True, partei="office", von="liste")
    assert answer.text.lstrip().startswith('<div id="wartet">') and "<html" not in answer.text
    assert "Nichts wartet" in answer.text and "Zustimmung eingetragen" in answer.text
    assert now_is(database, request_).state == "confirmed"


def test_without_javascript_the_list_comes_back_as_a_page(client, posted, database, frau_sommer, request_):
    answer = posted(f"{DESK}/buchung/{request_.id}/zustimmung", partei="office", von="liste")
    assert (answer.status_code, answer.headers["location"]) == (303, DESK)
    assert now_is(database, request_).state == "confirmed"


def test_where_the_owner_has_to_agree_the_row_waits_for_both(client, posted, database, frau_sommer, town):
    with database.write() as session:
        booking = at_the_mill(session, town, slot_at(SATURDAY, 11))
    assert "auch der Trauort muss zustimmen" in client.get(DESK).text
    after = posted(f"{DESK}/buchung/{booking.id}/zustimmung", htmx=True, partei="office", von="liste").text
    assert "Warten auf den Trauort" in after and "Mühlenverein hat noch nicht geantwortet" in after
    assert now_is(database, booking).state == "requested"
    posted(f"{DESK}/buchung/{booking.id}/zustimmung", htmx=True, partei="owner", von="liste")
    assert now_is(database, booking).state == "confirmed"


def test_a_deadline_within_two_weeks_waits(client, posted, database, clock, frau_sommer, firm):
    assert "Fristen in den nächsten 14 Tagen" not in client.get(DESK).text
    clock.now = firm.deadline_at - timedelta(days=13)
    become(client, database, frau_sommer, clock.now)
    page = client.get(DESK).text
    assert "Fristen in den nächsten 14 Tagen" in page and "Anmeldung bis Samstag, 2. Januar 2027" in page
    after = posted(f"{DESK}/buchung/{firm.id}/anmeldung", htmx=True, von="liste").text
    assert "Fristen" not in after and now_is(database, firm).fulfilled_at == clock.now


def test_the_next_thirty_days_stand_by_day(client, database, clock, frau_sommer, firm):
    clock.now = slot_at(SATURDAY, 9) - timedelta(days=30)
    become(client, database, frau_sommer, clock.now)
    page = client.get(DESK).text
    assert "Samstag, 15. Mai 2027" in page and "Trauzimmer im Rathaus" in page


def failed(session, subject_id, kind, fault):
    errand = Errand(
        id=uuid4(), kind=kind, subject_id=subject_id, state="failed", written_at=NOW, next_at=NOW, fault=fault
    )
    session.add(errand)
    return errand


@pytest.fixture
def trouble(database, firm):
    """A letter that bounced, a refund that didn't go, a payment that doesn't fit, and one that is nobody's."""
    with database.write() as session:
        letter = session.scalars(select(Letter).where(Letter.booking_id == firm.id)).first()
        errand = session.scalars(select(Errand).where(Errand.subject_id == letter.id)).one()
        errand.state, errand.fault = "failed", "Postfach voll"
        payment = Payment(
            id=uuid4(),
            municipality_id=firm.municipality_id,
            booking_id=firm.id,
            cents=5000,
            state="paid",
            checkout_id="cs_1",
            started_at=NOW,
            expires_at=NOW,
        )
        session.add(payment)
        session.flush()
        refund = Refund(id=uuid4(), payment_id=payment.id, booking_id=firm.id, cents=5000, reason="x", wanted_at=NOW)
        session.add(refund)
        failed(session, refund.id, "refund", "Konto gesperrt")
        for event_id, of in (("evt_1", payment.id), ("evt_2", None)):
            about = uuid4()
            session.add(
                ProviderEvent(
                    event_id=event_id,
                    errand_id=about,
                    kind="paid",
                    object_id="x",
                    payment_id=of,
                    body="{}",
                    received_at=NOW,
                )
            )
            failed(session, about, "provider_event", f"Betrag weicht ab {event_id}")
        return errand


def test_what_failed_outside_waits_with_its_reason_and_can_be_tried_again(
    client, posted, database, frau_sommer, trouble
):
    page = client.get(DESK).text
    for words in ("Postfach voll", "Erstattung nicht ausgeführt: 50,00", "Konto gesperrt", "Betrag weicht ab evt_1"):
        assert words in page
    assert "evt_2" not in page
    after = posted(f"{DESK}/postausgang/{trouble.id}/wiederholung", htmx=True)
    assert "Postfach voll" not in after.text and "Wird noch einmal versucht" in after.text
    with database.read() as session:
        assert session.get_one(Errand, trouble.id).state == "waiting"
    assert posted(f"{DESK}/postausgang/{trouble.id}/wiederholung").status_code == 404


def test_payments_of_nobodys_wait_for_the_administrator(client, database, town, trouble):
    become(client, database, colleague(database, town, "administrator"))
    assert "evt_2" in client.get(DESK).text


def test_another_town_neither_sees_nor_retries_what_failed_here(client, posted, database, trouble):
    with database.write() as session:
        syke = assemble(session, slug="syke")
    become(client, database, syke.clerk)
    assert "Postfach voll" not in client.get("/syke/amt").text
    assert posted(f"/syke/amt/postausgang/{trouble.id}/wiederholung").status_code == 404


# --- One booking ------------------------------------------------------------------------------------------


def test_the_bookings_page_has_everything_in_one_place(client, frau_sommer, firm):
    page = client.get(f"{DESK}/buchung/{firm.id}").text
    for words in (
        "Anna Müller &amp; Ben Yıldız", "Samstag, 15. Mai 2027, 09:00 Uhr", firm.number, "anna@example.org",
        "05441 12345", "Trauung am Samstag", "110,00", "Noch offen", "Reservierung bestätigt", "Frau Sommer",
        "Termin vorgemerkt", "Stornieren",
    ):  # fmt: skip
        assert words in page, words
    assert "Ahrens" in page or "Behrens" in page


def test_what_cant_be_done_says_why(client, frau_sommer, firm):
    page = client.get(f"{DESK}/buchung/{firm.id}").text
    assert "Ablehnen: Der Stand ist „reserviert“." in page
    assert "Zustimmung des Trauorts eintragen: Diese Zustimmung ist hier nicht nötig." in page


def test_a_decline_needs_a_reason_and_tells_it(client, posted, database, frau_sommer, request_):
    here = f"{DESK}/buchung/{request_.id}"
    refused = posted(f"{here}/ablehnung", grund_ablehnung="  ")
    assert refused.status_code == 422 and "Bitte nennen Sie den Grund" in refused.text
    in_list = posted(f"{here}/ablehnung", htmx=True, grund_ablehnung="", von="liste")
    assert in_list.headers["hx-retarget"] == "#notices" and "Bitte nennen Sie den Grund" in in_list.text
    assert now_is(database, request_).state == "requested"
    reason = "An diesem Tag ist Stadtfest."
    assert posted(f"{here}/ablehnung", grund_ablehnung=reason).headers["location"] == here
    assert (now_is(database, request_).state, last_event(database, request_).reason) == ("declined", reason)
    assert reason in client.get(here).text


def test_a_cancellation_shows_what_it_costs_first(client, database, frau_sommer, town):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
    page = client.get(f"{DESK}/buchung/{booking.id}").text
    assert "Das Amt sagt ab: 60,00" in page.replace("\xa0", " ") and "Das Paar sagt ab: zu zahlen bleiben 0,00" in page


def test_cancelling_twice_for_the_couple_does_it_once(client, posted, database, frau_sommer, firm):
    here, seen = f"{DESK}/buchung/{firm.id}", stand(client, firm)
    for _click in range(2):
        assert posted(f"{here}/stornierung", grund_stornierung="Krankheit", wer="paar", stand=seen).status_code == 303


@pytest.mark.parametrize(("who", "kind", "owed"), [("amt", "clerk", 0), ("paar", "citizen", 6000)])
def test_who_cancels_decides_what_it_costs(client, posted, database, frau_sommer, town, who, kind, owed):
    with database.write() as session:
        booking = confirmed(session, town, slot_at(FRIDAY, 9))
        session.merge(town.policy).terms = msgspec.structs.replace(town.policy.terms, cancellation=())
    here = f"{DESK}/buchung/{booking.id}"
    assert "zu zahlen bleiben 60,00" in client.get(here).text
    assert posted(f"{here}/stornierung", grund_stornierung="", wer="").status_code == 422
    assert posted(f"{here}/stornierung", grund_stornierung="Krankheit", wer=who).status_code == 303
    assert now_is(database, booking).state == "cancelled"
    event = last_event(database, booking)
    assert (event.verb, event.by_kind, "Frau Sommer" in event.by_name) == ("cancel", kind, True)
    with database.read() as session:
        assert ledger.account(session, booking.id).owed == owed


def test_a_booking_moves_to_a_slot_that_is_free(client, posted, database, frau_sommer, firm, town):
    here = f"{DESK}/buchung/{firm.id}"
    page = client.get(here, params={"tag": "2027-05-15"}).text
    assert "Freie Termine am Samstag, 15. Mai 2027" in page
    value = f"{town.mill.id}/{slot_at(SATURDAY, 12).isoformat()}"
    assert f'value="{value}"' in page and "12:00 Uhr, Wassermühle" in page
    assert posted(f"{here}/verlegung", termin=value, tag="2027-05-15").status_code == 303
    moved = now_is(database, firm)
    assert (moved.resource_id, moved.starts_at) == (town.mill.id, slot_at(SATURDAY, 12))


def test_moving_nowhere_or_to_a_day_that_isnt_one_is_said_beside_the_field(client, posted, frau_sommer, firm):
    here = f"{DESK}/buchung/{firm.id}"
    assert "Bitte ein Datum wie" in client.get(here, params={"tag": "32.5.2027"}).text
    for nonsense in ("", "x/y", f"{firm.resource_id}/2027-05-15T09:00:00"):
        answer = posted(f"{here}/verlegung", termin=nonsense, tag="2027-05-15")
        assert answer.status_code == 422 and "Bitte wählen Sie einen Termin." in answer.text


def test_a_hold_of_a_couple_can_be_extended_once(client, posted, database, frau_sommer, town):
    with database.write() as session:
        booking = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9), NOW, CITIZEN)
    here = f"{DESK}/buchung/{booking.id}"
    assert posted(f"{here}/verlaengerung").status_code == 303
    assert "Die Vormerkung ist schon einmal verlängert worden." in client.get(here).text


def test_what_a_couple_holds_online_is_not_entered_for_another(client, posted, database, frau_sommer, town):
    with database.write() as session:
        theirs = reservation.hold(session, town.town, town.room.id, slot_at(FRIDAY, 9), NOW, CITIZEN)
    form = f"{DESK}/eintragen/{theirs.id}"
    others = {"partner_one": "Cem Kaya", "partner_two": "Doris Ohlsen", "guests": "12", "channel": "telephone"}
    assert (client.get(form).status_code, posted(form, **others).status_code) == (404, 404)
    assert now_is(database, theirs).state == "held"


def test_an_htmx_verb_brings_the_booking_back_not_the_page(client, posted, frau_sommer, firm):
    answer = posted(f"{DESK}/buchung/{firm.id}/anmeldung", htmx=True, stand=stand(client, firm))
    assert answer.text.lstrip().startswith('<div id="buchung">') and "Anmeldung liegt vor" in answer.text


def test_the_second_of_two_clerks_reads_what_the_first_did(client, posted, database, frau_sommer, request_, town):
    here, seen = f"{DESK}/buchung/{request_.id}", stand(client, request_)
    assert posted(f"{here}/ablehnung", grund_ablehnung="Stadtfest", stand=seen).status_code == 303
    become(client, database, colleague(database, town, "registrar"))
    answer = posted(f"{here}/zustimmung", partei="office", stand=seen)
    assert answer.status_code == 409
    assert "Anfrage abgelehnt (Frau Sommer, 10:00 Uhr)" in answer.text
    assert now_is(database, request_).state == "declined"
    in_notices = posted(f"{here}/zustimmung", htmx=True, partei="office", stand=seen)
    assert in_notices.headers["hx-retarget"] == "#notices" and "inzwischen etwas geschehen" in in_notices.text


def test_of_two_clerks_at_the_same_moment_one_decides_and_one_is_told(database, town, request_):
    other = colleague(database, town, "registrar")
    with database.read() as session:
        seen = str(queries.last_events(session, [request_.id])[request_.id])

    def act(clerk_id, verb):
        try:
            with database.write() as session:
                clerk = session.get_one(Clerk, clerk_id)
                verb(session, locked(session, clerk, request_.id, Form({"stand": seen})), by(clerk))
        except Overtaken as told:
            return told.sentence
        return ""

    def approve(session, booking, actor):
        lifecycle.approve(session, booking, "office", NOW, actor)

    def decline(session, booking, actor):
        lifecycle.decline(session, booking, "Stadtfest", NOW, actor)

    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(act, [town.clerk.id, other.id], [approve, decline]))
    assert sorted(bool(sentence) for sentence in told) == [False, True]
    assert now_is(database, request_).state == ("confirmed" if told[1] else "declined")


def test_a_second_reminder_on_one_day_is_not_said_to_be_written(posted, database, frau_sommer, firm):
    reminders = select(func.count()).select_from(Letter).where(Letter.kind == "reminder")
    words = ("Erinnerung geschrieben", "In den letzten 24 Stunden ist schon erinnert worden")
    for said in words:
        page = posted(f"{DESK}/buchung/{firm.id}/erinnerung", htmx=True).text
        assert [each for each in words if each in page] == [said]
    with database.read() as session:
        assert session.scalar(reminders) == 1


def test_clicking_twice_does_it_once(client, posted, database, frau_sommer, request_):
    here, seen = f"{DESK}/buchung/{request_.id}", stand(client, request_)
    for _click in range(2):
        assert posted(f"{here}/zustimmung", partei="office", stand=seen).status_code == 303
    with database.read() as session:
        verbs = list(session.scalars(select(BookingEvent.verb).where(BookingEvent.booking_id == request_.id)))
    assert verbs.count("approve") == 1


def test_a_clerk_without_a_stand_is_refused_by_the_state_alone(client, posted, database, frau_sommer, request_):
    here = f"{DESK}/buchung/{request_.id}"
    posted(f"{here}/ablehnung", grund_ablehnung="Stadtfest")
    answer = posted(f"{here}/zustimmung", partei="office")
    assert answer.status_code == 409 and "abgelehnt" in answer.text
