"""Makes up plausible years of weddings for the demonstration.

The same chance for the same town each time, so two people who try it out see the same picture; all moments are
relative to the day of loading.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.app import demo_plans
from buchbar.app.demo_lives import Lives, still_free
from buchbar.app.demo_plans import Plan
from buchbar.app.seeds import Names, TownSeed
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking, Policy
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.timetable import Timetable, timetable
from buchbar.notices.models import Errand, Letter
from buchbar.payments import numbers
from buchbar.payments.models import Charge, Refund, Tariff
from buchbar.resources.models import Venue

# So often a full day is tried: not every way leaves somebody for the last wedding.
_TRIES = 30


def book(session: Session, town: Municipality, seed: TownSeed, names: Names, now: datetime) -> Lives:
    """Make up about as many bookings as the seed wants, for the coming twelve months and the last ones.

    Call it where nobody else uses this process: letters about what is long past are not written meanwhile.
    """
    chance = random.Random(town.slug)  # noqa: S311
    times = timetable(session, town)
    lives = Lives(session, town, Actor("clerk", seed.clerks[0].name), names, chance, now, _at_hand(session, town))
    with _the_same_chance(town.slug):
        _book(lives, times, seed)
    _give_back(session, town)
    return lives


def _book(lives: Lives, times: Timetable, seed: TownSeed) -> None:
    if seed.full_day:
        _fill_a_day(lives, times, seed.full_day)
    before = random.Random(f"{seed.slug} before")  # noqa: S311
    plans = [
        *demo_plans.past(times, seed.past_bookings, before, lives.now),
        *demo_plans.coming(times, seed.bookings, lives.chance, lives.now),
    ]
    for plan in sorted(plans, key=lambda plan: plan.made_at):
        if still_free(lives.session, plan):
            lives.live(plan)


def _fill_a_day(lives: Lives, times: Timetable, wanted: int) -> None:
    """Let so many weddings take place on one day, or as many as could be on the last try.

    It is tried with holds, because who is sent where is chance, and the same chance then decides the same.
    """
    plans = demo_plans.full_day(times, lives.chance, lives.now)
    for number in range(_TRIES):
        start = random.getstate()
        with lives.session.begin_nested() as attempt:
            held = sum(_hold(lives, plan) for plan in plans)
            attempt.rollback()
        if held >= wanted or number == _TRIES - 1:
            random.setstate(start)
            for plan in plans:
                if still_free(lives.session, plan):
                    lives.live(plan)
            return


def _hold(lives: Lives, plan: Plan) -> bool:
    """Hold the plan's slot if it is free; all of a try at one moment, so that no hold runs out."""
    at = lives.now - demo_plans.SINCE
    if free := still_free(lives.session, replace(plan, made_at=at)):
        reservation.hold(lives.session, lives.town, plan.slot.venue.id, plan.slot.span.start, at, lives.clerk)
    return free


@contextmanager
def _the_same_chance(seed: str) -> Iterator[None]:
    """Who marries whom among equals is left to Python's own chance: here it has a known beginning."""
    before = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(before)


def _at_hand(session: Session, town: Municipality) -> list[object]:
    """What every booking refers to. A session forgets what nobody holds, and would read it again each time."""
    mine = [select(each).where(each.municipality_id == town.id) for each in (Policy, Tariff, Venue)]
    return [row for each in mine for row in session.scalars(each)]


def settle_outside_matters(session: Session, town: Municipality, now: datetime) -> None:
    """Nothing of this leaves the house: letters count as sent, errands as done, and all that is owed has its number."""
    session.flush()
    numbers.assign(session, town.id)
    letters = select(Letter.id).where(Letter.municipality_id == town.id)
    refunds = select(Refund.id).join(Booking, Booking.id == Refund.booking_id).where(Booking.municipality_id == town.id)
    plain = {"synchronize_session": False}
    charges = select(Charge.id).where(Charge.municipality_id == town.id)
    for mine in (letters, refunds, charges):
        done = update(Errand).where(Errand.subject_id.in_(mine)).values(state="done", done_at=now)
        session.execute(done, execution_options=plain)
    mailed = Letter.municipality_id == town.id, Letter.paper.is_(None)
    sent = update(Letter).where(*mailed).values(sent_at=Letter.written_at)
    session.execute(sent, execution_options=plain)


def _give_back(session: Session, town: Municipality) -> None:
    """What was to go back so far has arrived."""
    session.flush()
    ours = select(Booking.id).where(Booking.municipality_id == town.id)
    given = update(Refund).where(Refund.booking_id.in_(ours)).values(state="done", done_at=Refund.wanted_at)
    session.execute(given, execution_options={"synchronize_session": False})
