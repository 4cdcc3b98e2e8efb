"""What happens to made-up reservations between their making and now, by the verbs that citizens and clerks use."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.app.demo_plans import Plan
from buchbar.app.seeds import Names
from buchbar.booking import approvals, claims, journeys, lifecycle
from buchbar.booking.events import CITIZEN, PROVIDER, SYSTEM, Actor
from buchbar.booking.models import ONLINE, Booking
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import Couple
from buchbar.booking.weddings.slots import Busy
from buchbar.calendar.deadlines import registration_window
from buchbar.calendar.walls import local_date
from buchbar.payments import ledger
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of

TOLD = timedelta(hours=5)  # how far back the demonstration's mail goes
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def still_free(session: Session, plan: Plan) -> bool:
    """Whether the plan can be carried out."""
    resources = [plan.slot.claim.resource_id, *(wanted.resource_id for wanted in plan.slot.registrars)]
    return Busy(claims.taken(session, resources, plan.slot.span, plan.made_at)).free(plan.slot)


@contextmanager
def unannounced() -> Iterator[None]:
    """Meanwhile no letters are written: nobody wants to read in the demonstration's mail what is long past."""
    spoken = journeys.known()
    for journey in spoken:
        journeys.put_in(replace(journey, tell=lambda _session, _booking, _event: None))
    try:
        yield
    finally:
        for journey in spoken:
            journeys.put_in(journey)


@dataclass(slots=True)
class Lives:
    """The couples of one town, one after the other."""

    session: Session
    town: Municipality
    clerk: Actor
    names: Names
    chance: random.Random
    now: datetime
    at_hand: list[object]
    number: int = 0

    def live(self, plan: Plan) -> Booking:
        """One wedding's story, as far as it has gone; with letters only about what is new."""
        if plan.made_at > self.now - TOLD:
            return self._live(plan)
        with unannounced():
            return self._live(plan)

    def _live(self, plan: Plan) -> Booking:
        booking, at = self.reserve(plan, self.couple(plan))
        at = self._agree(booking, plan, at)
        if booking.state == "payable":
            at = self._pay(booking, plan, at)
        if booking.state == "confirmed":
            at = self._register(booking, plan, at)
        if booking.alive and not (plan.fresh or plan.dawdles or plan.sure):
            self._change_mind(booking, at)
        if booking.deadline_at and booking.deadline_at <= self.now:
            lifecycle.release(self.session, booking, booking.deadline_at, SYSTEM)
        elif booking.alive:
            self._pay_in_the_end(booking, at)
            lifecycle.remind(self.session, booking, self.now)
        return booking

    def couple(self, plan: Plan) -> Couple:
        """Two people. Some who don't book online have no e-mail address, so their letters are printed."""
        self.number += 1
        first, second = (f"{self.chance.choice(self.names.first)} {self._last_name()}" for _each in range(2))
        most = plan.slot.venue.guests
        on_paper = plan.channel != ONLINE and self.chance.random() < 0.4
        return Couple(
            partner_one=first,
            partner_two=second,
            email="" if on_paper else f"paar{self.number}@{self.town.slug}.example.org",
            phone=f"030 23125 {self.chance.randrange(200, 1000)}",
            guests=min(most, self.chance.randrange(2, max(3, most + 1))),
            foreign=self.chance.random() < 0.06,
            elsewhere=self.chance.random() < 0.15,
            remarks="",
            street=f"Musterweg {self.chance.randrange(1, 90)}" if on_paper else "",
            city=f"{self.town.postcode} {self.town.city}" if on_paper else "",
        )

    def _last_name(self) -> str:
        return self.chance.choice(self.names.last)

    def reserve(self, plan: Plan, couple: Couple) -> tuple[Booking, datetime]:
        """The reservation, and the moment from which on it stands."""
        by = CITIZEN if plan.channel == ONLINE else self.clerk
        slot, at = plan.slot, plan.made_at
        booking = reservation.hold(self.session, self.town, slot.venue.id, slot.span.start, at, by)
        at += timedelta(minutes=self.chance.randrange(2, 10))
        if plan.channel != ONLINE:
            received_at = at - 2 * _DAY if plan.channel == "paper" else None
            reservation.enter(self.session, booking, couple, at, by, plan.channel, received_at)
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
        if at > self.now or booking.state != "requested":
            return at
        if self.chance.random() < 0.015 and not (plan.dawdles or plan.sure):
            reason = "Der Raum wird an diesem Tag für eine Ratssitzung gebraucht."
            lifecycle.decline(self.session, booking, reason, at, self.clerk)
        else:
            lifecycle.approve(self.session, booking, "office", at, self.clerk)
        return at

    def _pay(self, booking: Booking, plan: Plan, at: datetime) -> datetime:
        if plan.dawdles or (self.chance.random() < 0.03 and not plan.sure):
            return at
        paid_at = at + self.chance.uniform(0.1, booking.terms.pay_days - 1) * _DAY
        if paid_at > self.now or (booking.deadline_at and paid_at >= booking.deadline_at):
            return at
        self.receive(booking, paid_at)
        return paid_at

    def _pay_in_the_end(self, booking: Booking, at: datetime) -> None:
        """Who could have the date before paying gets an invoice, or pays on the day. Of late, some haven't."""
        rule = booking.terms.payment
        if rule in ("later", "optional"):
            paid_at = at + self.chance.uniform(2, 40) * _DAY if rule == "later" else booking.starts_at
            slow = self.chance.random() < 0.3 and paid_at > self.now - 60 * _DAY
            if paid_at <= self.now and not slow:
                self.receive(booking, paid_at)

    def receive(self, booking: Booking, at: datetime) -> None:
        """All that is open comes in: online, or by transfer where the town doesn't offer that."""
        cents = ledger.account(self.session, booking.id).open
        if not cents:
            return
        online = "stripe" in rules_of(self.session, self.town.id).ways
        payment = Payment(
            id=uuid4(),
            municipality_id=self.town.id,
            booking_id=booking.id,
            cents=cents,
            state="paid",
            provider="stripe" if online else "transfer",
            intent_id=f"pi_{uuid4().hex}" if online else None,
            started_at=at,
            expires_at=at,
            settled_at=at,
        )
        self.session.add(payment)
        lifecycle.pay(self.session, booking, at, PROVIDER, cents)

    def _register(self, booking: Booking, plan: Plan, at: datetime) -> datetime:
        """The couple registers as soon as the law lets it, six months before; some pay when they come by."""
        zone = self.town.zone
        earliest = registration_window(local_date(booking.starts_at, zone)).earliest
        comes = max(at + self.chance.uniform(3, 25) * _DAY, at + (earliest - local_date(at, zone)).days * _DAY)
        if plan.dawdles or comes > self.now or (booking.deadline_at and comes >= booking.deadline_at):
            return at
        if booking.terms.payment == "optional" and self.chance.random() < 0.6:
            self.receive(booking, comes)
        lifecycle.register(self.session, booking, comes, self.clerk)
        return comes

    def _change_mind(self, booking: Booking, at: datetime) -> None:
        until = min(self.now, booking.deadline_at or self.now, booking.starts_at)
        if at < until and self.chance.random() < 0.05:
            lifecycle.cancel(self.session, booking, at + (until - at) * self.chance.random(), CITIZEN)
