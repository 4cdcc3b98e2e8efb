"""Each letter that a hall's booking calls for, read as the one who gets it reads it."""

import re
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from buchbar.base import texts
from buchbar.base.tokens import hidden
from buchbar.booking import attach, desk_money_letters, lifecycle, papers, telling
from buchbar.booking.events import CITIZEN, PROVIDER, Actor
from buchbar.booking.halls import letter_words, letters, reservation
from buchbar.booking.halls.letter_examples import example
from buchbar.booking.halls.models import HallUse
from buchbar.notices.models import Letter
from buchbar.notices.wordings import Wording
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from tests import gym
from tests.cast import NOW, SATURDAY, assemble
from tests.gym import TERMS, slot

LANGE = Actor("clerk", "Herr Lange")
MINUTE = timedelta(minutes=1)


def terms(**changes):
    return msgspec.structs.replace(TERMS, **changes)


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session))


def post(session, to="kim@example.org"):
    return list(session.scalars(select(Letter).where(Letter.to_address == to).order_by(Letter.written_at, Letter.id)))


def test_a_citizen_proves_the_address_and_gets_a_letter_with_the_place_and_a_calendar_entry(session, here):
    booking = gym.booked(session, here, slot(here, 1, 2))
    address, confirmed = sorted(post(session), key=lambda letter: letter.kind)
    assert (address.kind, confirmed.kind) == ("hall_address", "hall_confirmed")
    assert "Kim" not in address.text and "/bestaetigung/" in address.text
    assert confirmed.subject == "Gebucht: Dreifeldhalle am 01.12.2026"
    for words in ("Guten Tag Kim Weber", "18:00", "20:00 Uhr", "Feld 1 und Feld 2", booking.number, "24,00"):
        assert words in confirmed.text, words
    assert confirmed.calendar_method == "REQUEST" and "Dreifeldhalle" in (confirmed.calendar or "")
    assert "Türcode" not in confirmed.text, "this hall has no lock that knows codes"


def test_a_request_is_received_the_office_hears_of_it_and_conditions_come_with_the_yes(session):
    here = gym.build(session, assemble(session), terms(approval="office"))
    here.town.town.email = "sport@example.org"
    booking = gym.booked(session, here, slot(here, 1))
    [office] = post(session, "sport@example.org")
    assert office.kind == "hall_office" and "Kim" not in office.text and booking.number in office.text
    session.get_one(HallUse, booking.id).conditions = "Bitte nur mit hellen Sohlen.\nDie Tribüne bleibt zu."
    lifecycle.approve(session, booking, "office", NOW + MINUTE, LANGE)
    assert {letter.kind for letter in post(session)} == {"hall_address", "hall_received", "hall_confirmed"}
    assert "Die Tribüne bleibt zu." in post(session)[-1].text and "hellen Sohlen" in post(session)[-1].html


def test_who_gives_a_date_back_is_thanked_who_is_cancelled_reads_why_and_who_is_moved_from_where(session, here):
    first, second, third = (gym.booked(session, here, slot(here, part)) for part in (1, 2, 3))
    reservation.give_back(session, first, NOW + MINUTE, CITIZEN)
    lifecycle.cancel(session, second, NOW + 2 * MINUTE, LANGE, "Der Boden wird erneuert.")
    reservation.move(session, third, slot(here, 1, hour=20), NOW + 3 * MINUTE, LANGE, "Es passt sonst nicht.")
    given, cancelled, moved = post(session)[-3:]
    assert [each.kind for each in (given, cancelled, moved)] == ["hall_given_back", "hall_cancelled", "hall_moved"]
    assert [each.calendar_method for each in (given, cancelled, moved)] == ["CANCEL", "CANCEL", "REQUEST"]
    assert "sofort für andere frei" in given.text and "Der Boden wird erneuert." in cancelled.text
    assert "Dreifeldhalle, Feld 3" in moved.text and "20:00" in moved.text and "Es passt sonst nicht." in moved.text


def test_who_is_declined_reads_why_and_what_else_is_free_on_that_day(session):
    here = gym.build(session, assemble(session), terms(approval="office"))
    gym.of_club(session, here, slot(here, 1, hour=16))
    booking = gym.booked(session, here, slot(here, 1))
    lifecycle.decline(session, booking, "Das Turnier geht vor.", NOW + MINUTE, LANGE)
    letter = post(session)[-1]
    assert letter.kind == "hall_declined" and "Das Turnier geht vor." in letter.text
    assert "20:00 Uhr, Dreifeldhalle, Feld 1:" in letter.text and "18:00 Uhr, Dreifeldhalle, Feld 2:" in letter.text
    assert "/hallen/dreifeldhalle/buchung?tag=2026-12-01&von=20%3A00&minuten=120&teile=1" in letter.text
    assert not re.search(r"(18|19|16|17):\d\d Uhr, Dreifeldhalle, Feld 1:", letter.text), "not what was just refused"


def test_a_clerk_s_entry_without_an_address_is_a_letter_on_paper(session, here):
    booking = reservation.hold(session, here.town.town, slot(here, 1), "local", NOW, LANGE)
    reservation.enter(session, booking, replace(gym.KIM, email=""), NOW, LANGE)
    [letter] = session.scalars(select(Letter).where(Letter.booking_id == booking.id))
    assert letter.kind == "hall_confirmed" and letter.paper and not letter.to_address
    attach.ask(session, booking, "kim@example.org", "de", NOW)
    [asked] = post(session)
    assert asked.kind == "hall_connect" and "Kim Weber" not in asked.text
    token = re.search(r"/brief/([\w-]+)", asked.text)[1]
    attach.connect(session, *attach.asked_by(session, token), token, NOW + MINUTE)
    assert post(session)[-1].kind == "hall_attached"


def test_the_cashier_prints_the_letters_about_money(session, here):
    booking = reservation.hold(session, here.town.town, slot(here, 1), "local", NOW, LANGE)
    reservation.enter(session, booking, replace(gym.KIM, email=""), NOW, LANGE)
    owed = ledger.account(session, booking.id).owed
    session.add(
        Payment(
            municipality_id=booking.municipality_id,
            booking_id=booking.id,
            cents=owed,
            state="paid",
            started_at=NOW,
            expires_at=NOW,
            settled_at=NOW,
        )
    )
    session.flush()
    lifecycle.pay(session, booking, NOW + MINUTE, PROVIDER, owed)
    [(letter, _booking)] = papers.to_print(session, here.town.town, desk_money_letters.KINDS)
    assert letter.kind == "hall_paid" and "12,00" in letter.text
    assert papers.as_pdf(session, [(letter, booking)]).startswith(b"%PDF")


def test_who_books_many_writes_one_letter_for_all(session, here):
    with letters.quiet(session):
        gym.of_club(session, here, slot(here, 1))
        with letters.quiet(session):
            gym.of_club(session, here, slot(here, 2))
        gym.of_club(session, here, slot(here, 3))
    assert post(session, "coach@example.org") == []
    gym.of_club(session, here, slot(here, 1, day=SATURDAY))
    assert [letter.kind for letter in post(session, "coach@example.org")] == ["hall_confirmed"]


def test_every_letter_has_an_example_in_each_of_its_languages(session, here):
    for kind in letters.SUBJECTS:
        for language in letter_words.languages(kind):
            with texts.speaking(language):
                wanted = " ".join(f"{{{name}}}" for name in letter_words.known(kind))
                own = Wording(kind=kind, language=language, subject="", opening=f"Anfang {wanted}", closing="Schluss")
                subject, text, html = example(session, here.town.town, kind, own, NOW)
            assert subject and "Schluss" in text and "Schluss" in html and kind in letter_words.TITLES
            [opening] = re.findall(r"^Anfang (.*)$", text, re.M)
            assert "{" not in opening and len(opening.split()) >= len(letter_words.known(kind)), kind


def test_no_letter_shows_a_secret_link_or_a_stranger_a_name(session, here):
    booking = gym.booked(session, here, slot(here, 1))
    attach.get_ready(session, booking, NOW)
    booking.hold_until = booking.deadline_at = booking.starts_at  # some letters name them
    event = booking.events[-1]
    event.data = event.data | {"cents": "5000", "from_venue": "Dreifeldhalle", "from_parts": "1"}
    more = telling.money(session, booking, event) | {"connect_link": attach.proof_url(session, booking)}
    more |= {"credit_note": ledger.charges(session, booking.id)[0], "over": True, "revived": False}
    for kind in letters.SUBJECTS:
        if kind != "hall_dunned":
            letters._write(session, booking, event, kind, "x@example.org", **more)
    for letter in post(session, "x@example.org"):
        shown = hidden(letter.text)
        assert not re.search(r"http\S+/[\w-]{43}(?![\w-])", shown), letter.kind
        assert ("Kim Weber" in letter.text) is letter_words.named(letter.kind), letter.kind
