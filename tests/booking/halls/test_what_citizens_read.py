"""What the pages of halls tell citizens: what it costs and what comes back, until when, and what else is free."""

from datetime import date, timedelta

import msgspec
import pytest

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.booking import links
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, week
from buchbar.booking.halls.free import busy_between
from buchbar.booking.halls.plan import plan
from buchbar.booking.refund_words import cancelling
from buchbar.booking.terms import CancellationStep
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.payments.models import Conditions, Tariff, TariffItem
from buchbar.resources.halls import Hall, HallHours
from tests import gym
from tests.booking.money import pay
from tests.cast import BERLIN, NOW, assemble, slot_at
from tests.gym import TERMS, TUESDAY, slot

HALLS = "/diepholz/hallen"
HALL = f"{HALLS}/dreifeldhalle"
DAY = timedelta(days=1)


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town, msgspec.structs.replace(TERMS, payment="optional"))


def test_giving_back_promises_no_more_than_what_is_still_with_us(client, database, here):
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1, 2))
        pay(session, booking, NOW)
        reservation.move(session, booking, slot(here, 1), NOW, CITIZEN)
        page = links.path(session, booking) + "/freigabe"
    assert "Sie bekommen 12,00\xa0€ zurück" in client.get(page).text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_who_sends_the_question_without_a_day_is_asked_for_one(client, here):
    answer = client.get(f"{HALLS}?tag=&zeit=&dauer=90&wer=local&zweck=training&sport=")
    assert answer.status_code == 422 and answer.text.count("Bitte wählen Sie einen Tag.") == 2
    assert client.get(HALLS).status_code == client.get(f"{HALLS}?wer=local").status_code == 200


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_it_is_for_sets_the_price_from_the_question_on(client, database, here):
    with database.write() as session:
        fair = Conditions(purposes=("event",))
        tariff = session.get_one(Tariff, here.tariff.id)
        item = TariffItem(position=-1, code="use", label="Feste", cents=9000, unit="booking", conditions=fair)
        tariff.items = [item, *tariff.items]
    page = client.get(f"{HALLS}?tag={TUESDAY}&zeit=18:00&zweck=event").text
    assert "90,00\xa0€ für Erwachsene (Veranstaltung)" in page and "zweck=event" in page
    page = client.get(f"{HALL}/buchung?tag={TUESDAY}&von=18:00&minuten=90&teile=1&zweck=event").text
    assert page.index("Wofür: Veranstaltung.") < page.index("90,00") < page.index("Diese Zeit vormerken")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_tariff_says_each_thing_once(client, database, here):
    with database.write() as session:
        outside, late = Conditions(user_classes=("outside",)), Conditions(user_classes=("commercial",))
        tariff = session.get_one(Tariff, here.tariff.id)
        tariff.items += [
            TariffItem(position=2, code="use", label="Auswärtige", cents=900, unit="hour", conditions=outside),
            TariffItem(position=3, code="use", kind="surcharge", label="Messen", cents=0, percent=25, conditions=late),
        ]
    page = client.get(HALL).text
    assert page.count("Auswärtige") == 1 and "Gewerbliche" in page and "25 % auf die Preise darüber" in page
    assert page.index("Was es kostet</h2>") < page.index("Woche vom")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_move_offers_the_times_around_first_and_says_why_there_are_none(client, database, here):
    with database.write() as session:
        every_day = WeeklyRule(frozenset(range(7)), 0, 24 * 60, on_holidays=True)
        session.get_one(Hall, here.hall.id).hours = HallHours(
            open=(every_day,), school=(WeeklyRule(frozenset({2}), 0, 24 * 60),)
        )
        booking = gym.booked(session, here, slot(here, 1))
        page = links.path(session, booking) + "/umbuchung"
        gym.booked(session, here, slot(here, 1, 2, 3, day=TUESDAY + 2 * DAY, hour=8, minutes=600))
    shown = client.get(f"{page}?tag={TUESDAY}").text
    assert shown.index("Freie Zeiten zeigen") < shown.index('class="slot"')
    assert shown.index("18:30–20:30") < shown.index("<details>") < shown.index("03:00–05:00")
    closed = client.get(f"{page}?tag={TUESDAY + DAY}").text
    assert "An diesem Tag ist die Halle geschlossen" in closed and f"tag={TUESDAY + 2 * DAY}" in closed
    full = client.get(f"{page}?tag={TUESDAY + 2 * DAY}&minuten=840").text
    assert "Buchen können Sie hier 60 bis 600 Minuten" in full and "zwei Wochen danach ist nichts frei" in full
    assert "Der nächste freie Tag" in client.get(f"{HALL}/buchung?tag={TUESDAY + DAY}").text


@pytest.mark.parametrize("kind", ["sqlite"])
def test_free_times_begin_where_they_can_be_booked(session):
    here = gym.build(session, assemble(session))
    here.hall.buffer_minutes = 10
    session.flush()
    gym.booked(session, here, slot(here, 1, day=NOW.astimezone(BERLIN).date(), hour=18))
    rules = plan(session, here.town.town)
    hall, day = rules.hall("dreifeldhalle"), NOW.astimezone(BERLIN).date()
    now = slot_at(day, 16, 16)
    busy = busy_between(session, [hall], rules, day, day, now)
    seen = week.day_of(rules, busy, hall, hall.parts[1], day, {}, now)
    free = [each.span for each in seen if each.state == "free"]
    assert free == [Span(slot_at(day, 16, 30), slot_at(day, 18)), Span(slot_at(day, 20, 30), slot_at(day, 21))]


def test_steps_that_have_passed_are_not_offered():
    terms = msgspec.structs.replace(TERMS, cancellation=(CancellationStep(14, 100), CancellationStep(3, 50)))
    day = date(2026, 12, 20)
    assert len(cancelling(terms, day, day - 14 * DAY)) == 3
    assert cancelling(terms, day, day - 4 * DAY) == [
        "bis 17.12.2026 bekommen Sie 50 % der Gebühren zurück",
        "danach nichts",
    ]
    assert cancelling(terms, day, day) == ["Sie bekommen nichts mehr zurück"]


def test_a_deadline_within_a_day_has_its_time():
    assert texts.until(slot_at(date(2026, 11, 29), 0), BERLIN) == "Samstag, 28. November 2026"
    assert texts.until(slot_at(date(2026, 11, 28), 14), BERLIN) == "Samstag, 28. November 2026, 14:00 Uhr"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_mandate_is_not_offered_where_nothing_is_left_to_pay(client, database, here):
    with database.write() as session:
        booking = gym.booked(session, here, slot(here, 1))
        page = links.path(session, booking)
        pay(session, booking, NOW)
    shown = client.get(page).text
    assert "SEPA" not in shown and '<span class="state is-confirmed">gebucht</span>' in shown


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_town_says_how_each_of_its_offices_is_reached(client, database, here):
    assert client.get("/diepholz").text.count('class="contact"') == 1
    with database.write() as session:
        session.get_one(Municipality, here.town.town.id).sports_office = "Sportamt"
    page = client.get("/diepholz").text
    assert page.count('class="contact"') == 2 and "Sportamt" in page and "Standesamt" in page
