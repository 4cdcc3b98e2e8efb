"""A club's season in a browser: a wish on the telephone, the proposal at the desk, the result with its reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from buchbar.accounts import citizens
from buchbar.accounts.models import Clerk, SignIn
from buchbar.accounts.people import Person
from buchbar.accounts.sign_in import LONGEST
from buchbar.app.main import now
from buchbar.base.tokens import fingerprint, new_token
from buchbar.booking.halls import season_rounds
from buchbar.booking.halls.models import Round
from buchbar.booking.halls.season_criteria import DEFAULT
from tests import gym
from tests.browser.conftest import DESK, PHONE, sound


@pytest.fixture
def season(house):
    with house.database.write() as session:
        here = gym.build(session, replace(house.cast, town=session.merge(house.cast.town)))
        today = now().date()
        moment = now()
        made = season_rounds.make(
            session,
            here.town.town,
            name="Frühjahr",
            first=today + timedelta(days=30),
            last=today + timedelta(days=120),
            opens_at=moment - timedelta(days=1),
            closes_at=moment + timedelta(hours=1),
            criteria=DEFAULT,
            at=moment,
            by="Herr Lange",
        )
        season_rounds.publish(made, now())
        second = Clerk(municipality_id=here.town.town.id, name="Frau Kruse", email="kruse@example.org", role="sports")
        session.add(second)
        session.flush()
        return made, here, second


def as_member(house, page, person):
    with house.database.write() as session:
        token = citizens.begin(session, session.get_one(Person, person.id), now())
    page.context.add_cookies([{"name": "konto", "value": token, "url": house.url}])


def as_clerk(house, page, clerk):
    token = new_token()
    printed = fingerprint(house.settings.secret, f"sign-in:{token}")
    with house.database.write() as session:
        session.add(
            SignIn(token_print=printed, clerk_id=clerk.id, signed_in_at=now(), seen_at=now(), ends_at=now() + LONGEST)
        )
    page.context.add_cookies([{"name": "amt", "value": token, "url": house.url}])


@pytest.mark.parametrize("kind", ["sqlite"])
def test_from_a_coachs_wish_to_the_result(house, visitor, season):
    made, here, second = season
    coach, clerk = visitor(PHONE, scripts=False), visitor(DESK)
    address = f"{house.url}/diepholz/hallen/saison"
    coach.goto(f"{address}/{made.id}")
    sound_page = visitor(PHONE)
    for path in (address, f"{address}/{made.id}"):
        sound_page.goto(path)
        sound(sound_page, "season-public")
    as_member(house, coach, here.coach)
    as_member(house, sound_page, here.coach)
    coach.reload()
    coach.get_by_role("link", name="Wunsch abgeben").click()
    sound_page.goto(coach.url)
    sound(sound_page, "season-wish")
    coach.get_by_label("Name der Gruppe").fill("Handball, C-Jugend")
    coach.get_by_label("Wie viele Personen").fill("16")
    coach.get_by_label("Kinder und Jugendliche").check()
    coach.get_by_label("Wochentag").first.select_option("Dienstag")
    coach.get_by_label("Beginn").first.fill("10:00")
    coach.get_by_role("button", name="Wunsch abgeben").click()
    assert "die Schule braucht sie" in coach.get_by_role("alert").inner_text()
    coach.get_by_label("Beginn").first.fill("17:00")
    coach.get_by_role("button", name="Wunsch abgeben").click()
    assert "Dienstag, 17:00 Uhr" in coach.get_by_role("main").inner_text()
    sound_page.goto(coach.url)
    sound(sound_page, "season-own")

    with house.database.write() as session:
        session.get_one(Round, made.id).closes_at = now() - timedelta(seconds=1)
    desk = f"{house.url}/diepholz/amt/vergabe"
    as_clerk(house, clerk, here.clerk)
    for path in (desk, f"{desk}/neu", f"{desk}/{made.id}/wuensche", f"{desk}/{made.id}/wuensche/neu"):
        clerk.goto(path)
        sound(clerk, "round-" + path.rpartition("/")[2].replace(str(made.id), "one"))
    clerk.goto(f"{desk}/{made.id}")
    clerk.get_by_role("button", name="Vergabe proben").click()
    sound(clerk, "round-rehearsed")
    assert clerk.get_by_role("button", name="Plan freigeben").count() == 0
    clerk.get_by_role("link", name="Plan", exact=True).click()
    sound(clerk, "round-plan")
    clerk.get_by_role("link", name="Handball, C-Jugend").click()
    sound(clerk, "round-result")
    assert "17:00 bis 18:30 Uhr, Dreifeldhalle, Feld 1" in clerk.get_by_role("main").inner_text()
    clerk.get_by_label("Beginn").fill("18:00")
    clerk.get_by_label("Grund").fill("Um fünf ist noch Schulsport.")
    clerk.get_by_role("button", name="So entscheiden").click()
    assert "Um fünf ist noch Schulsport." in clerk.get_by_role("main").inner_text()
    clerk.get_by_role("link", name="Frühjahr", exact=True).click()

    as_clerk(house, clerk, second)
    clerk.goto(f"{desk}/{made.id}")
    clerk.get_by_role("button", name="Plan freigeben").click()
    clerk.locator("#ask-first").get_by_role("button", name="Freigeben").click()
    clerk.get_by_text("Freigegeben von Frau Kruse").wait_for()
    sound(clerk, "round-released")
    coach.goto(f"{address}/{made.id}")
    assert "Um fünf ist noch Schulsport." in coach.get_by_role("main").inner_text()
    sound_page.goto(coach.url)
    sound(sound_page, "season-result")
