"""Which hall is free: first what was asked for, else the nearest; and the same number of questions for many halls."""

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation
from buchbar.booking.halls.answering import answer
from buchbar.booking.halls.find import Wish
from buchbar.booking.halls.plan import plan
from buchbar.resources.halls import Hall, HallPart
from buchbar.resources.models import Site
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import TUESDAY, slot

SIX = 18 * 60


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session))


def second_hall(session, here, name="Kleine Halle", **fields):
    hall = Hall(
        id=uuid4(),
        municipality_id=here.town.town.id,
        name=name,
        slug=f"halle-{uuid4().hex[:8]}",
        combinations=[(1,)],
        hours=here.hall.hours,
        **{"site_id": here.hall.site_id} | fields,
    )
    session.add(hall)
    session.flush()
    session.add(HallPart(id=uuid4(), municipality_id=here.town.town.id, hall_id=hall.id, number=1, name="Halle"))
    session.flush()
    return hall


def asked(session, here, wish):
    return answer(session, [plan(session, here.town.town)], wish, NOW)


def test_the_first_field_that_is_free_is_offered_and_side_rooms_are_no_halls(session, here):
    wish = Wish(TUESDAY, minute=SIX)
    [[_place, [offer]]] = asked(session, here, wish).free
    assert offer.slot.parts == (1,)
    gym.held(session, here, slot(here, 1))
    [[_place, [offer]]] = asked(session, here, wish).free
    assert offer.slot.parts == (2,)
    [[_place, [offer]]] = asked(session, here, replace(wish, fields=2)).free
    assert offer.slot.parts == (2, 3)


def test_what_is_offered_can_be_held(session, here):
    gym.held(session, here, slot(here, 1, 2))
    answered = asked(session, here, Wish(TUESDAY, fields=2))
    offers = [offer for _place, each in answered.free for offer in each]
    assert len(offers) == 4  # 16:00 and 16:30 before what is held, 20:00 and 20:30 after it
    for offer in (offers[0], offers[-1]):
        with session.begin_nested() as attempt:
            reservation.hold(session, here.town.town, offer.slot, "local", NOW, CITIZEN)
            attempt.rollback()


def test_where_all_is_taken_the_nearest_is_named_of_each_kind(session, here):
    second_hall(session, here, sports=["Turnen"])
    gym.held(session, here, slot(here, 1, 2))
    answered = asked(session, here, Wish(TUESDAY, minute=SIX, minutes=120, fields=2, sport="Handball"))
    assert answered.free == []
    assert {offer.why for offer in answered.near} == {"time", "parts", "day"}
    [nearest, *_rest] = [offer for offer in answered.near if offer.why == "time"]
    assert nearest.slot.span.start in (slot(here, 1, hour=16).span.start, slot(here, 1, hour=20).span.start)
    assert [offer.slot.parts for offer in answered.near if offer.why == "parts"] == [(3,)]
    [handball, *_rest] = [offer for offer in answered.near if offer.why == "day"]
    assert handball.slot.span.start == slot(here, 1, day=TUESDAY - timedelta(days=1)).span.start
    one_field = asked(session, here, Wish(TUESDAY, minute=SIX, minutes=120, fields=1, sport="Handball"))
    assert [place.hall.name for place, _offers in one_field.free] == ["Dreifeldhalle"]


def test_a_hall_that_does_not_suit_is_named_where_nothing_else_is(session, here):
    small = second_hall(session, here, step_free=False)
    gym.held(session, here, slot(here, 1, 2, 3))
    answered = asked(session, here, Wish(TUESDAY, minute=SIX, step_free=True))
    assert [offer.place.hall.id for offer in answered.near if offer.why == "hall"] == [small.id]


def test_the_rules_say_why_nobody_can_book_then(session, here):
    assert "Schule" in asked(session, here, Wish(TUESDAY, minute=10 * 60)).refused
    later = TUESDAY + timedelta(days=500)
    assert "freigegeben" in asked(session, here, Wish(later, minute=SIX)).refused
    assert "freigegeben" in asked(session, here, Wish(later)).refused
    assert asked(session, here, Wish(TUESDAY, minute=SIX, fields=9)).suiting == 0


def test_many_halls_are_asked_in_as_many_questions_as_few(session, here):
    def questions(wish):
        plan(session, here.town.town)  # the rules are in memory
        seen = []
        watch = lambda *args: seen.append(args[2])  # noqa: E731
        event.listen(session.get_bind(), "before_cursor_execute", watch)
        try:
            answered = asked(session, here, wish)
        finally:
            event.remove(session.get_bind(), "before_cursor_execute", watch)
        return answered, len(seen)

    nothing = Wish(TUESDAY, minute=SIX, fields=3)
    gym.held(session, here, slot(here, 1, 2, 3))
    _few, one_hall = questions(nothing)
    for number in range(40):
        second_hall(session, here, name=f"Halle {number}")
    many, forty = questions(replace(nothing, fields=1))
    assert len(many.free) == 40 and forty <= one_hall <= 2


def test_each_filter_of_the_page_leaves_out_what_does_not_fit(client, database, town):
    with database.write() as session:
        here = gym.build(session, town)
        site = Site(id=uuid4(), municipality_id=town.town.id, name="Grundschule", street="Am Teich 2")
        session.add(site)
        session.flush()
        second_hall(session, here, sports=["Turnen"], step_free=False, site_id=site.id)

    def free(narrower):
        page = client.get(f"/diepholz/hallen?tag={TUESDAY}&zeit=18:00{narrower}").text
        found = page.partition('id="antwort"')[2].partition("</section>")[0]
        assert "frei." in found
        return re.findall(r"<h3[^>]*><a[^>]*>([^<]*)", found)

    big, small = "Dreifeldhalle", "Kleine Halle"
    assert sorted(free("")) == [big, small]
    assert free("&sport=Handball") == free("&felder=2") == free("&stufenlos=ja") == [big]
    assert free("&sport=Turnen") == free(f"&ort={site.id}") == [small]
    assert free(f"&ort={here.hall.site_id}") == [big]
