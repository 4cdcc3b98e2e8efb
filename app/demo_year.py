"""Makes up a plausible year of weddings for the demonstration, by the verbs that citizens and clerks use.

The same chance for the same town each time, so two people who try it out see the same picture; all moments are
relative to the day of loading.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.app.seeds import Names
from buchbar.booking import approvals, claims, journeys, lifecycle
from buchbar.booking.events import CITIZEN, SYSTEM, Actor
from buchbar.booking.models import Booking, Policy
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import Couple
from buchbar.booking.weddings.slots import Busy, bookable_from
from buchbar.booking.weddings.timetable import Slot, Timetable, timetable
from buchbar.calendar.deadlines import registration_window
from buchbar.calendar.walls import local, local_date
from buchbar.notices.models import Errand, Letter
from buchbar.payments import ledger
from buchbar.payments.models import Payment, Refund, Tariff
from buchbar.resources.models import Venue

COUNTER = "counter"  # paid at the office's counter: no provider knows of it
_FRESH_HOURS = (1.5, 4, 9, 22, 30)  # how long ago the newest reservations were made
_TOLD_HOURS = 5  # how far back the demonstration's mail goes
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Plan:
    """A wedding that somebody is going to reserve. Who dawdles neither pays nor registers."""

    slot: Slot
    made_at: datetime
    by_phone: bool
    fresh: bool = False
    dawdles: bool = False


def book(session: Session, town: Municipality, clerk: Actor, wanted: int, names: Names, now: datetime) -> int:
    """Make up about as many bookings as wanted for the coming twelve months; how many there are.

    Call it where nobody else uses this process: letters about what is long past are not written meanwhile.
    """
    chance = random.Random(town.slug)  # noqa: S311
    times = timetable(session, town)
    plans = _plans(times, wanted, chance, now)
    lives = _Lives(session, town, clerk, names, chance, now, _at_hand(session, town))
    booked = 0
    for number, plan in enumerate(plans):
        if not _still_free(session, plan):
            continue
        if plan.made_at > now - _TOLD_HOURS * _HOUR:
            lives.live(plan, number)
        else:
            with _unannounced():
                lives.live(plan, number)
        booked += 1
    _settle_outside_matters(session, town, now)
    return booked


def _at_hand(session: Session, town: Municipality) -> list[object]:
    """What every booking refers to. A session forgets what nobody holds, and would read it again each time."""
    mine = [select(each).where(each.municipality_id == town.id) for each in (Policy, Tariff, Venue)]
    return [row for each in mine for row in session.scalars(each)]


def _plans(times: Timetable, wanted: int, chance: random.Random, now: datetime) -> list[Plan]:
    """The slots that people like best, and when they were reserved; in that order."""
    today = local_date(now, times.zone)
    slots = [slot for n in range(1, 366) for slot in times.slots_on(today + n * _DAY)]
    slots.sort(key=lambda slot: chance.random() ** (1 / _charm(slot, times)), reverse=True)
    plans = [plan for slot in slots if (plan := _plan(times, slot, chance, now))][:wanted]
    plans.sort(key=lambda plan: plan.made_at)
    _mark_the_fresh(times, plans, now)
    _mark_a_dawdler(times, plans, now)
    return sorted(plans, key=lambda plan: plan.made_at)


def _charm(slot: Slot, times: Timetable) -> float:
    """How much people like a slot: Saturdays, summers, noon, and dates that one can remember."""
    start = local(slot.span.start, times.zone)
    day = start.date()
    charm = {5: 8.0, 4: 4.0}.get(day.weekday(), 1.0)
    charm *= 2.0 if 5 <= day.month <= 9 else 0.6 if day.month in (1, 2, 11) else 1.0
    charm *= 1.5 if 10 <= start.hour <= 14 else 1.0
    charm *= 0.5 if slot.venue.visibility == "request" else 1.0
    return charm * (80.0 if _memorable(day) else 1.0)


def _memorable(day: date) -> bool:
    """7 July, 27 May 2027, Valentine's Day."""
    return day.day == day.month or day.day == day.year % 100 or (day.month, day.day) == (2, 14)


def _plan(times: Timetable, slot: Slot, chance: random.Random, now: datetime) -> Plan | None:
    """When the slot was reserved: more likely soon after it could be. None where nobody could have done it yet."""
    opens = bookable_from(times, local_date(slot.span.start, times.zone), now)
    terms = times.policy(local_date(now, times.zone)).terms
    last = min(now - 48 * _HOUR, slot.span.start - terms.lead_days * _DAY - _HOUR)
    if opens is None or opens >= last:
        return None
    first = max(opens, now - 330 * _DAY)
    made_at = first + (last - first) * chance.random() ** 2
    if local(made_at, times.zone).hour < 6:
        made_at = min(made_at + 7 * _HOUR, last)
    return Plan(slot, made_at, by_phone=chance.random() < 0.12)


def _could_be_made(times: Timetable, plan: Plan, at: datetime) -> bool:
    opens = bookable_from(times, local_date(plan.slot.span.start, times.zone), at)
    lead = times.policy(local_date(at, times.zone)).terms.lead_days * _DAY
    return opens is not None and opens <= at < plan.slot.span.start - lead


def _mark_the_fresh(times: Timetable, plans: list[Plan], now: datetime) -> None:
    """A few have only just been made, so the office has something to decide; first those that it always decides."""
    candidates = [plan for plan in plans if _could_be_made(times, plan, now - _FRESH_HOURS[-1] * _HOUR)]
    candidates.sort(key=lambda plan: plan.slot.venue.visibility != "request")
    for plan, hours in zip([*candidates[:2], *candidates[-3:]], _FRESH_HOURS, strict=False):
        plan.made_at, plan.fresh, plan.by_phone = now - hours * _HOUR, True, False


def _mark_a_dawdler(times: Timetable, plans: list[Plan], now: datetime) -> None:
    """One deadline is about to fail: a payment where the town wants one, else a registration."""
    terms = times.policy(local_date(now, times.zone)).terms
    wants_payment = terms.payment == "required"
    made_at = now - (terms.pay_days - 1 if wants_payment else 5) * _DAY
    for plan in reversed(plans):
        if plan.fresh or plan.slot.venue.visibility != "bookable" or not _could_be_made(times, plan, made_at):
            continue
        limit = terms.deadline_at(made_at, plan.slot.span.start, times.zone)
        if wants_payment or (limit is not None and now < limit <= now + 7 * _DAY):
            plan.made_at, plan.by_phone, plan.dawdles = made_at, False, True
            return


def _still_free(session: Session, plan: Plan) -> bool:
    resources = [plan.slot.claim.resource_id, *(wanted.resource_id for wanted in plan.slot.registrars)]
    return Busy(claims.taken(session, resources, plan.slot.span, plan.made_at)).free(plan.slot)


@dataclass(slots=True)
class _Lives:
    """What happens to reservations between their making and now."""

    session: Session
    town: Municipality
    clerk: Actor
    names: Names
    chance: random.Random
    now: datetime
    at_hand: list[object]

    def live(self, plan: Plan, number: int) -> None:
        """One wedding's story, as far as it has gone."""
        booking, at = self._reserve(plan, self._couple(plan, number))
        at = self._agree(booking, plan, at)
        if booking.state == "payable":
            at = self._pay(booking, plan, at)
        if booking.state == "confirmed":
            at = self._register(booking, plan, at)
        if booking.alive and not plan.fresh and not plan.dawdles:
            self._change_mind(booking, at)
        if booking.deadline_at and booking.deadline_at <= self.now:
            lifecycle.release(self.session, booking, booking.deadline_at, SYSTEM)
        elif booking.alive:
            lifecycle.remind(self.session, booking, self.now)

    def _couple(self, plan: Plan, number: int) -> Couple:
        first, second = (f"{self.chance.choice(self.names.first)} {self._last_name()}" for _each in range(2))
        most = plan.slot.venue.guests
        return Couple(
            partner_one=first,
            partner_two=second,
            email=f"paar{number + 1}@{self.town.slug}.example.org",
            phone=f"030 23125 {self.chance.randrange(200, 1000)}",
            guests=min(most, self.chance.randrange(2, max(3, most + 1))),
            foreign=self.chance.random() < 0.06,
            elsewhere=self.chance.random() < 0.15,
            remarks="",
        )

    def _last_name(self) -> str:
        return self.chance.choice(self.names.last)

    def _reserve(self, plan: Plan, couple: Couple) -> tuple[Booking, datetime]:
        by = self.clerk if plan.by_phone else CITIZEN
        slot, at = plan.slot, plan.made_at
        booking = reservation.hold(self.session, self.town, slot.venue.id, slot.span.start, at, by)
        at += timedelta(minutes=self.chance.randrange(2, 10))
        if plan.by_phone:
            reservation.enter(self.session, booking, couple, at, by)
            return booking, at
        reservation.submit(self.session, booking, couple, at, by)
        at += timedelta(minutes=self.chance.randrange(1, 30))
        reservation.prove(self.session, booking, at, by)
        return booking, at

    def _agree(self, booking: Booking, plan: Plan, at: datetime) -> datetime:
        """The office, and where it must the owner, say yes within some days; seldom the office says no."""
        if booking.state != "requested" or plan.fresh:
            return at
        at += _HOUR if plan.dawdles else self.chance.uniform(3, 40) * _HOUR
        if "owner" in approvals.needed(booking) and at <= self.now:
            owner = Actor("owner", getattr(booking.resource, "owner_name", ""))
            lifecycle.approve(self.session, booking, "owner", at, owner)
        if at > self.now:
            return at
        if self.chance.random() < 0.015 and not plan.dawdles:
            reason = "Der Raum wird an diesem Tag für eine Ratssitzung gebraucht."
            lifecycle.decline(self.session, booking, reason, at, self.clerk)
        else:
            lifecycle.approve(self.session, booking, "office", at, self.clerk)
        return at

    def _pay(self, booking: Booking, plan: Plan, at: datetime) -> datetime:
        if plan.dawdles or self.chance.random() < 0.03:
            return at
        at += self.chance.uniform(0.1, booking.policy.terms.pay_days - 1) * _DAY
        if at <= self.now:
            self._receive(booking, at)
        return at

    def _receive(self, booking: Booking, at: datetime) -> None:
        """Money comes in at the counter."""
        cents = ledger.account(self.session, booking.id).open
        if not cents:
            return
        payment = Payment(
            id=uuid4(),
            municipality_id=self.town.id,
            booking_id=booking.id,
            cents=cents,
            state="paid",
            provider=COUNTER,
            started_at=at,
            expires_at=at,
            settled_at=at,
        )
        self.session.add(payment)
        lifecycle.pay(self.session, booking, at, self.clerk, cents)

    def _register(self, booking: Booking, plan: Plan, at: datetime) -> datetime:
        """The couple registers as soon as the law lets it, six months before; some pay when they come by."""
        zone = self.town.zone
        earliest = registration_window(local_date(booking.starts_at, zone)).earliest
        comes = max(at + self.chance.uniform(3, 25) * _DAY, at + (earliest - local_date(at, zone)).days * _DAY)
        if plan.dawdles or comes > self.now or (booking.deadline_at and comes >= booking.deadline_at):
            return at
        if booking.policy.terms.payment == "optional" and self.chance.random() < 0.6:
            self._receive(booking, comes)
        lifecycle.register(self.session, booking, comes, self.clerk)
        return comes

    def _change_mind(self, booking: Booking, at: datetime) -> None:
        until = min(self.now, booking.deadline_at or self.now)
        if at < until and self.chance.random() < 0.05:
            lifecycle.cancel(self.session, booking, at + (until - at) * self.chance.random(), CITIZEN)


@contextmanager
def _unannounced() -> Iterator[None]:
    """Meanwhile no letters are written: nobody wants to read in the demonstration's mail what is long past."""
    spoken = journeys.known()
    for journey in spoken:
        journeys.put_in(replace(journey, tell=lambda _session, _booking, _event: None))
    try:
        yield
    finally:
        for journey in spoken:
            journeys.put_in(journey)


def _settle_outside_matters(session: Session, town: Municipality, now: datetime) -> None:
    """Nothing of this leaves the house: letters count as sent, money as given back."""
    session.flush()
    letters = select(Letter.id).where(Letter.municipality_id == town.id)
    refunds = select(Refund.id).join(Booking, Booking.id == Refund.booking_id).where(Booking.municipality_id == town.id)
    plain = {"synchronize_session": False}
    for mine in (letters, refunds):
        done = update(Errand).where(Errand.subject_id.in_(mine)).values(state="done", done_at=now)
        session.execute(done, execution_options=plain)
    sent = update(Letter).where(Letter.municipality_id == town.id).values(sent_at=Letter.written_at)
    session.execute(sent, execution_options=plain)
    given = update(Refund).where(Refund.id.in_(refunds)).values(state="done", done_at=Refund.wanted_at)
    session.execute(given, execution_options=plain)
