"""What halls and clubs keep under an address beside bookings: it is told, it goes with the account, and nobody is
flooded with it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from buchbar.accounts import account, api_tokens, citizens, membership
from buchbar.accounts.clubs import Organisation, reached_at
from buchbar.accounts.people import Person
from buchbar.booking import failures
from buchbar.booking.halls import caretaker, season_release
from buchbar.booking.halls.models import HallWatch, Series
from buchbar.booking.halls.season_plan import allotments_of, rehearse
from buchbar.notices import letters
from buchbar.notices.models import Errand, Letter
from buchbar.resources.models import Feed
from tests import gym
from tests.booking.halls import season
from tests.booking.halls.test_series_pages import SERIES, typed
from tests.cast import NOW
from tests.citizens import become_citizen, person

DAY = timedelta(days=1)


@pytest.fixture
def here(database, town):
    with database.write() as session:
        return gym.build(session, town)


def watch(here, email):
    return HallWatch(
        municipality_id=here.town.town.id, hall_id=here.hall.id, email=email, made_at=NOW, ends_on=gym.TUESDAY
    )


def test_what_is_kept_under_an_address_is_told_and_watches_go_with_the_account(client, posted, database, here):
    become_citizen(client, database, here.coach)
    posted(SERIES, **typed(here), alle="ja")
    with database.write() as session:
        session.add(watch(here, here.coach.email))
        session.add(watch(here, "other@example.org"))
        club = session.get_one(Organisation, here.club.id)
        membership.invite(session, club, "kim@example.org", "booker", NOW, "x")
    told = client.get("/konto/daten.json").json()
    assert [len(told[name]) for name in ("serien", "nachrichten bei freien terminen", "einladungen")] == [1, 1, 0]
    with database.write() as session:
        account.delete_account(session, session.get_one(Person, here.coach.id), NOW)
    with database.read() as session:
        assert session.scalars(select(HallWatch.email)).all() == ["other@example.org"]
    become_citizen(client, database, person(database, "kim@example.org"))
    assert [each["verein"] for each in client.get("/konto/daten.json").json()["einladungen"]] == ["TuS Diepholz"]
    assert "/diepholz/hallen/verein" in client.get("/konto").text, "who has no club sees how to register one"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_wish_is_told_to_who_has_handed_it_in(client, database):
    with database.write() as session:
        made = season.prepare(session)
        season.wish(session, made, made.here.club, (0, 18 * 60))
    become_citizen(client, database, made.here.coach)
    assert [each["was"] for each in client.get("/konto/daten.json").json()["saisonwünsche"]] == ["Handball"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_address_is_written_to_while_it_is_a_members(database, here):
    lou = person(database, "lou@example.org")
    with database.write() as session:
        club = session.get_one(Organisation, here.club.id)
        membership.add(session, club, lou, "booker", NOW, "x")
        assert reached_at(session, club, "Lou@example.org") == ["Lou@example.org"]
        membership.leave(session, club, session.get_one(Person, lou.id), NOW)
        assert reached_at(session, club, "lou@example.org") == ["coach@example.org"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_strangers_address_gets_five_mails_an_hour_from_everybody(client, posted, database, town, here):
    page = "/diepholz/hallen/dreifeldhalle/merken"
    assert [posted(page, email="Zoe@example.org", monate="6").status_code for _n in range(6)] == [303] * 5 + [429]
    become_citizen(client, database, here.coach)
    page = f"/konto/verein/{here.club.id}/einladung"
    assert [posted(page, email="zoe@example.org", role="booker").status_code for _n in range(6)] == [303] * 5 + [429]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_signing_out_everywhere_and_a_year_end_a_token(client, posted, database, here):
    coach = here.coach
    with database.write() as session:
        token = api_tokens.make(session, session.get_one(Person, coach.id), NOW)
        assert api_tokens.person_of(session, token, NOW + 364 * DAY)
        assert not api_tokens.person_of(session, token, NOW + 365 * DAY)
        citizens.sign_out_everywhere(session, session.get_one(Person, coach.id))
        assert not api_tokens.person_of(session, token, NOW)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_letters_of_halls_that_failed_are_not_the_registry_offices(database, here):
    town = here.town.town
    with database.write() as session:
        for kind in ("club_invitation", "hall_watch", "season_result", "door_alarm", "account_code"):
            letters.write(session, municipality=town, booking_id=None, kind=kind, to="x@example.org", subject=kind,
                          text="", html="", at=NOW)  # fmt: skip
        for errand in session.scalars(select(Errand)):
            errand.state = "failed"
    with database.read() as session:
        assert len(failures.failures(session, town)) == 5
        session.info["journeys"] = ("weddings",)
        assert [each.words for each in failures.failures(session, town)] == ["E-Mail nicht zugestellt: „account_code“"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_caretakers_access_is_taken_back_with_all_calendars(database, here):
    with database.write() as session:
        caretaker.make_feed(session, here.hall, NOW, "x")
        more = {"municipality_id": here.hall.municipality_id, "resource_id": here.hall.id, "created_at": NOW}
        session.add(Feed(note=caretaker.NOTE, details="names", created_by="x", **more))
        session.add(Feed(note="Vereinsheim", details="names", created_by="x", **more))
        session.flush()
        caretaker.revoke(session, session.merge(here.hall), NOW)
    with database.read() as session:
        assert session.scalars(select(Feed.note).where(Feed.revoked_at.is_(None))).all() == ["Vereinsheim"]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_what_a_season_has_brought_is_told_to_who_is_still_in_the_club(session):
    made = season.prepare(session)
    here, at = made.here, season.AFTER
    lou = Person(email="lou@example.org", made_at=NOW)
    session.add(lou)
    session.flush()
    membership.add(session, here.club, lou, "booker", NOW, "x")
    season.wish(session, made, here.club, (0, 18 * 60)).email = lou.email
    membership.leave(session, here.club, lou, NOW)
    rehearse(session, here.town.town, made.round, here.clerk, at)
    season_release.release(made.round, made.second, at)
    for each in allotments_of(session, made.round).values():
        season_release.settle(session, made.round.id, each.id, at)
    assert session.scalars(select(Series.email)).all() == [here.coach.email]
    written = select(Letter.to_address).where(Letter.kind == "season_result").order_by(Letter.to_address)
    assert session.scalars(written).all() == [here.coach.email, here.club.email]
