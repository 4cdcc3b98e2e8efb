"""A series that is paid first: its letters say so, on paper too, and a run of the clockwork writes one for all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.booking import jobs
from buchbar.booking.halls.models import Series
from buchbar.booking.models import Booking
from buchbar.notices.models import Letter
from buchbar.payments import ledger
from buchbar.payments.rules import own_rules
from tests import gym
from tests.booking.halls.test_series import CLERK, HANDBALL, WEEK, book, replace_terms, wish
from tests.gym import TUESDAY


@pytest.fixture
def here(database, town):
    with database.write() as session:
        ours = gym.build(session, town)
        ours.policy.terms = replace_terms(ours, payment="required", pay_days=14, reminder_days=(3,))
        rules = own_rules(session, town.town.id)
        rules.payee, rules.iban, rules.ways = "Stadt Diepholz", "DE02120300000000202051", ("transfer", "counter")
    return ours


def letters(database, kind):
    with database.read() as session:
        return session.scalars(select(Letter).where(Letter.kind == kind).order_by(Letter.written_at)).all()


def test_what_has_to_be_paid_first_is_said_with_its_deadline_on_paper_too(database, here):
    with database.write() as session:
        made = book(session, here, wish(here, first=TUESDAY + 20 * WEEK))
        by_post = wish(here, 2, first=TUESDAY + 20 * WEEK, use=replace(HANDBALL, email="", street="A 1", city="B"))
        book(session, here, by_post, by=CLERK)
        signs = [charge.sign for each in made.booked for charge in ledger.charges(session, each.id)]
    mail, paper = letters(database, "hall_series_booked")
    assert "gebucht" not in mail.text and "Fest sind sie erst, wenn sie bezahlt sind" in mail.text
    assert all(sign in mail.text for sign in signs)
    for text in (mail.text, str(paper.paper)):
        assert "12,00 € bis 0" in text.replace("\xa0", " ") and "48,00" in text and "DE02 1203" in text


def test_a_run_reminds_of_all_dates_of_a_series_in_one_letter_and_releases_them_in_one(database, here):
    with database.write() as session:
        made = book(session, here, wish(here, first=TUESDAY + 20 * WEEK, count=10))
        other = book(session, here, wish(here, 2, first=TUESDAY + 20 * WEEK, count=2))
        until = made.booked[0].deadline_at
        gym.booked(session, here, gym.slot(here, 3, day=TUESDAY + 20 * WEEK))
    near = until - timedelta(days=2)
    assert jobs.remind_of_deadlines(database, near) == 13
    reminders = letters(database, "hall_series_reminder")
    assert sorted(letter.text.count("18:00") for letter in reminders) == [2, 10]
    assert len(letters(database, "hall_reminder")) == 1
    assert jobs.remind_of_deadlines(database, near + timedelta(minutes=1)) == 0
    assert jobs.release_overdue(database, until) == 13
    over = letters(database, "hall_series_released")
    assert sorted(letter.text.count("18:00") for letter in over) == [2, 10] and "schulden" in over[0].text
    assert len(letters(database, "hall_released")) == 1
    with database.read() as session:
        assert {booking.state for booking in session.scalars(select(Booking))} == {"released"}
        assert {letter.booking_id for letter in over} <= {each.id for each in (*made.booked, *other.booked)}
        assert len(session.scalars(select(Series)).all()) == 2
