"""Who waits for a free date is told once, of what really is free, without names; and forgotten when it is over."""

import re
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import func, select

from buchbar.booking import closures, lifecycle
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.halls import lifting, reservation, series, series_change, watches
from buchbar.booking.halls.models import HallWatch, Series
from buchbar.booking.models import Booking, Policy
from buchbar.calendar.spans import Span
from buchbar.notices.models import Letter
from buchbar.resources.models import Closure, Resource
from tests import gym
from tests.booking.halls.test_series import wish
from tests.cast import NOW, slot_at
from tests.gym import TUESDAY, slot

CLERK = Actor("clerk", "Herr Lange")
PAGE = "/diepholz/hallen/dreifeldhalle/merken"


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


def watch(database, here, email="wanda@example.org", weekdays=(), proven=True):
    with database.write() as session:
        made = HallWatch(
            municipality_id=here.town.town.id,
            hall_id=here.hall.id,
            email=email,
            weekdays=list(weekdays),
            made_at=NOW,
            proven_at=NOW if proven else None,
            ends_on=TUESDAY + timedelta(days=60),
        )
        session.add(made)


def told(database):
    with database.read() as session:
        rows = session.execute(select(Letter.to_address, Letter.text).where(Letter.kind == "hall_watch"))
        return {row.to_address: row.text for row in rows}


@pytest.mark.parametrize("kind", ["sqlite"])
def test_where_nothing_is_free_one_can_wait_for_it(client, database, here):
    with database.write() as session:
        gym.booked(session, here, slot(here, 1, 2, 3, hour=16, minutes=360), user_class="school")
    asked = "tag=2026-12-01&von=18:00&minuten=60&teile=1"
    assert f'href="{PAGE}"' in client.get(f"/diepholz/hallen/dreifeldhalle/buchung?{asked}").text
    assert f'href="{PAGE}"' in client.get("/diepholz/hallen?tag=2026-12-01&zeit=18:00&dauer=60&felder=3").text
    assert f'href="{PAGE}"' not in client.get("/diepholz/hallen?tag=2026-12-02&zeit=18:00&dauer=60&felder=3").text


def test_watchers_hear_of_what_is_free_again_when_a_closure_is_lifted(database, here):
    watch(database, here)
    later = TUESDAY + timedelta(days=400)
    with database.write() as session:
        parts = [session.merge(part) for part in here.parts.values()]
        whole = Span(slot_at(TUESDAY, 0), slot_at(TUESDAY + timedelta(days=1), 0))
        far = Span(slot_at(later, 18), slot_at(later, 20))
        made = closures.close_all(session, parts, [whole, far], "Wartung", NOW, CLERK)
    with database.write() as session:
        lifting.lift(session, session.merge(here.town.town), [session.merge(each) for each in made], NOW)
    [text] = told(database).values()
    assert text.count("ganze Halle") == 1 and "16:00" in text and "22:00" in text, (
        "neither school hours nor too far ahead"
    )
    with database.write() as session:
        assert not session.scalars(select(Closure)).all()


def test_watchers_hear_once_of_all_dates_of_a_series_and_nobody_is_named(database, here):
    watch(database, here)
    watch(database, here, "coach@example.org")
    watch(database, here, "friday@example.org", weekdays=[4])
    watch(database, here, "unproven@example.org", proven=False)
    with database.write() as session:
        made = series.book(session, here.town.town, wish(here), NOW, CITIZEN)
    assert told(database) == {}
    with database.write() as session:
        ours = session.get_one(Series, made.series.id)
        series_change.give_back(session, ours, [each.id for each in made.booked[:3]], NOW, CITIZEN)
    letters = told(database)
    assert set(letters) == {"wanda@example.org"}, "not who gave it back, not on other days, not without proof"
    text = letters["wanda@example.org"]
    assert text.count("18:00–20:00") == 3
    assert not re.search("TuS|Brandt|Handball", text)
    assert "/diepholz/hallen/dreifeldhalle/buchung?tag=2026-12-01&von=18:00" in text.replace("%3A", ":")


def test_a_move_frees_the_old_time_and_what_is_taken_again_is_told_to_nobody(database, here):
    watch(database, here)
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1))
        swapped = gym.booked(session, here, slot(here, 2))
    with database.write() as session:
        booking = session.get_one(Booking, booking.id)
        lifecycle.cancel(session, session.get_one(Booking, swapped.id), NOW, CITIZEN)
        reservation.move(session, booking, slot(here, 2), NOW, CITIZEN)
    text = told(database)["wanda@example.org"]
    assert "Feld 1" in text and "Feld 2" not in text


def test_a_closed_date_a_past_one_and_a_hold_are_no_news(database, here):
    watch(database, here)
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1))
        hold = gym.held(session, here, slot(here, 2))
        request = gym.booked(session, here, slot(here, 3), user_class="commercial")
    with database.write() as session:
        span = Span(slot_at(TUESDAY, 8), slot_at(TUESDAY, 22))
        lifecycle.cancel(session, session.get_one(Booking, booking.id), NOW, CLERK)
        closures.close(session, session.get_one(Resource, here.parts[1].id), span, "Wartung", NOW, CLERK)
        lifecycle.cancel(session, session.get_one(Booking, hold.id), NOW, CITIZEN)
        lifecycle.release(session, session.get_one(Booking, request.id), slot_at(TUESDAY, 19))
    assert told(database) == {}


def test_one_asks_proves_and_ends_it_through_pages(client, posted, database, here):
    assert 'name="email"' in client.get(PAGE).text
    assert posted(PAGE, email="kein", monate="6").status_code == 422
    for _twice in range(2):
        assert (
            posted(PAGE, email="Wanda@example.org", monate="3", tag=["1"]).headers["location"].endswith("erledigt=ja")
        )
    with database.read() as session:
        [asked] = session.scalars(select(HallWatch)).all()
        assert (asked.email, asked.weekdays, asked.proven_at) == ("wanda@example.org", [1], None)
        link = watches.path(session, asked)
        assert session.scalars(select(Letter.text)).all()[0].count(link) == 1
    assert "Bitte bestätigen Sie" in client.get(link).text
    posted(link)
    assert "wenn ein Termin frei wird." in client.get(link).text and "Dienstag" in client.get(link).text
    assert "Ihre Adresse ist gelöscht" in posted(f"{link}/ende").text
    assert client.get(link).status_code == 404


def test_subscriptions_are_forgotten_on_their_date(database, here):
    watch(database, here)
    watch(database, here, "unproven@example.org", proven=False)
    assert watches.forget(database, NOW + timedelta(hours=20)) == 0
    assert watches.forget(database, NOW + timedelta(days=2)) == 1
    assert watches.forget(database, NOW + timedelta(days=100)) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(HallWatch)) == 0


def test_what_nobody_can_book_online_any_more_is_no_news(database, here):
    watch(database, here)
    with database.write() as session:
        session.get_one(Policy, here.policy.id).terms = msgspec.structs.replace(gym.TERMS, lead_days=14)
        near, later = (gym.booked(session, here, slot(here, n, day=TUESDAY + timedelta(days=20))) for n in (1, 2))
        school = gym.held(session, here, slot(here, 3, day=TUESDAY + timedelta(days=20), hour=9), "school")
        reservation.enter(session, school, gym.KIM, NOW, CLERK)
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, near.id), slot_at(TUESDAY + timedelta(days=18), 9), CITIZEN)
        lifecycle.cancel(session, session.get_one(Booking, school.id), NOW, CLERK)
    assert told(database) == {}
    with database.write() as session:
        lifecycle.cancel(session, session.get_one(Booking, later.id), NOW, CITIZEN)
    assert "Feld 2" in told(database)["wanda@example.org"]


def test_what_is_over_begins_anew_before_it_is_forgotten(database, here):
    watch(database, here)
    with database.write() as session:
        after = slot_at(TUESDAY + timedelta(days=61), 1)
        watches.subscribe(session, here.town.town, here.hall.id, "wanda@example.org", [2], 6, after)
        [asked] = session.scalars(select(HallWatch)).all()
        assert (asked.proven_at, asked.weekdays) == (None, [2]) and asked.ends_on > TUESDAY + timedelta(days=200)
