"""Making room and agreeing in part: all of it or nothing, and never on what a clerk hasn't seen."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from buchbar.base.errors import Refused
from buchbar.booking import closures, lifecycle, queries
from buchbar.booking.events import Actor
from buchbar.booking.halls import adjust, deciding
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.reservation import slot_of
from buchbar.booking.making_way import Decision
from buchbar.booking.plans import CantBe, Wish
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.payments.models import Charge
from tests import gym
from tests.cast import NOW, assemble
from tests.gym import TERMS, TUESDAY, slot

LANGE = Actor("clerk", "Herr Lange")
CUP = "Stadtmeisterschaft"


@pytest.fixture
def here(session):
    return gym.build(session, assemble(session), msgspec.structs.replace(TERMS, approval="office"))


def seen(session, booking, way="stornieren", to=""):
    return Decision(way, to, queries.last_events(session, [booking.id])[booking.id])


def make_room(session, here, wanted, decisions, asks):
    def then():
        deciding.decide(session, asks, wanted, "", NOW, LANGE, anyway=True)

    deciding.make_room(session, here.town.town, wanted, decisions, CUP, NOW, LANGE, then, asks.id)


def test_whoever_comes_or_acts_in_between_is_not_pushed_away(session, here):
    asks = gym.booked(session, here, slot(here, 1, hour=16))
    first = gym.of_club(session, here, slot(here, 2, hour=20))
    wanted, decisions = slot(here, 1, 2, 3, hour=20), {first.id: seen(session, first)}
    second = gym.of_club(session, here, slot(here, 3, hour=20))
    with pytest.raises(Refused, match=second.number):
        make_room(session, here, wanted, decisions, asks)
    decisions[second.id] = seen(session, second)
    lifecycle.approve(session, second, "office", NOW, Actor("clerk", "Frau Kern"))
    with pytest.raises(Refused, match=second.number):
        make_room(session, here, wanted, decisions, asks)
    assert (first.state, second.state, asks.state) == ("requested", "confirmed", "requested")
    decisions[second.id] = seen(session, second)
    make_room(session, here, wanted, decisions, asks)
    assert (first.state, second.state, asks.state) == ("cancelled", "cancelled", "confirmed")


def test_a_rehearsal_leaves_nothing_behind(session, here):
    asks = gym.booked(session, here, slot(here, 1, hour=16))
    first = gym.of_club(session, here, slot(here, 2, hour=20))
    wanted, decisions = slot(here, 1, 2, hour=20), {first.id: seen(session, first)}
    [caused] = deciding.rehearse(
        session, here.town.town, decisions, lambda: make_room(session, here, wanted, decisions, asks)
    )
    assert (caused.number, caused.letters, caused.back) == (first.number, 1, 0)
    assert (first.state, asks.state, asks.starts_at) == ("requested", "requested", slot(here, 1, hour=16).span.start)
    assert decisions == {first.id: seen(session, first)}, "the same decision still holds"


def test_a_closure_is_no_booking_that_could_give_way(session, here):
    wanted = slot(here, 1, 2)
    closures.close(session, here.parts[2], Span(wanted.span.start, wanted.span.end), "Wartung", NOW, LANGE)
    with pytest.raises(CantBe, match="Wartung"):
        deciding.in_way(session, here.town.town, wanted, NOW)


def test_what_was_agreed_to_in_part_can_be_taken_back(session, here):
    booking = gym.booked(session, here, slot(here, 1, 2))
    use = session.get_one(HallUse, booking.id)
    asked = slot_of(booking, use)
    less = slot(here, 2, minutes=60)
    deciding.decide(session, booking, less, "Nur ein Feld.", NOW, LANGE)
    assert (booking.state, slot_of(booking, use), ledger.account(session, booking.id).owed) == ("confirmed", less, 600)
    session.refresh(booking, ["events"])
    move = next(event for event in booking.events if event.verb == "move")
    adjust.put_back(session, booking, move, NOW, LANGE)
    assert (booking.state, slot_of(booking, use)) == ("requested", asked)
    assert ledger.account(session, booking.id).owed == 2400


def test_who_asks_for_what_nobody_can_have_is_told_why(session, here):
    booking = gym.booked(session, here, slot(here, 1))
    for wish, why in (
        (slot(here, 1, 3), "zusammen"),
        (slot(here, 1, hour=21), "geöffnet"),
        (slot(here, 9), "zusammen"),
    ):
        made = adjust.plan(session, booking, Wish(wish.hall_id, wish.span, parts=wish.parts), NOW)
        assert why in made.obstacles[0].sentence
    school = adjust.plan(session, booking, Wish(here.hall.id, slot(here, 1, hour=10).span), NOW)
    assert not school.obstacles and "Schule" in school.warnings[0]


def test_what_is_agreed_to_elsewhere_is_due_after_the_yes(session, here):
    asks = gym.booked(session, here, slot(here, 1, day=TUESDAY + timedelta(days=200)))
    late = NOW + timedelta(days=60)
    deciding.decide(session, asks, slot(here, 2, day=TUESDAY + timedelta(days=200)), "", late, LANGE, anyway=True)
    due = session.scalars(select(Charge.due_on).where(Charge.booking_id == asks.id, Charge.due_on.is_not(None))).all()
    assert asks.state == "confirmed" and min(due) > local_date(late, here.town.town.zone)
