"""Answers the question for a free hall from the database, in a number of queries that doesn't grow with the halls."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from buchbar.booking import claims
from buchbar.booking.halls.fees import Answers
from buchbar.booking.halls.find import AROUND_DAYS, MOST_AROUND, Answer, Offer, Place, Wish, free_on, near, why_refused
from buchbar.booking.halls.free import Busy
from buchbar.booking.halls.plan import HallPlan
from buchbar.booking.halls.reservation import Slot, price_of
from buchbar.calendar.walls import days_span, local_date
from buchbar.payments.models import Tariff


def answer(session: Session, plans: Sequence[HallPlan], wish: Wish, now: datetime) -> Answer:
    """The halls of these plans that are free, else what is nearest."""
    places = [Place(plan, hall) for plan in plans for hall in plan.halls.values()]
    suiting = [place for place in places if wish.suits(place.hall)]
    free = free_on(suiting, _busy(session, suiting, wish.day, wish.day, now), wish, now)
    if free:
        return Answer(free, [], len(suiting))
    anywhere = Wish(wish.day, wish.minute, wish.minutes, fields=wish.fields, user_class=wish.user_class)
    others = [place for place in places if place not in suiting and anywhere.suits(place.hall)]
    looked, others = suiting[:MOST_AROUND], others[:MOST_AROUND]
    first, last = wish.day - timedelta(days=1), wish.day + timedelta(days=AROUND_DAYS)
    busy = _busy(session, [*looked, *others], first, last, now)
    return Answer([], list(near(looked, others, busy, wish, now)), len(suiting), why_refused(looked, wish, now))


def prices(session: Session, offers: Iterable[Offer], answers: Answers, now: datetime) -> dict[Slot, int]:
    """What each would cost, in cents, where the town has a tariff."""
    tariffs: dict[object, Tariff | None] = {}  # kept, so that each is read once
    found = {}
    for offer in offers:
        plan = offer.place.plan
        tariff_id = plan.tariff_id(local_date(now, plan.zone))
        if tariff_id and tariff_id not in tariffs:
            tariffs[tariff_id] = session.get(Tariff, tariff_id)
        if tariff_id:
            lines = price_of(session, plan, offer.slot, tariff_id, answers)
            found[offer.slot] = sum(line.cents for line in lines)
    return found


def _busy(session: Session, places: Sequence[Place], first: date, last: date, now: datetime) -> Busy:
    """What is taken of these halls, of whatever town, in one query; until the day after, into which it may last."""
    if not places:
        return Busy(())
    ids = [part_id for place in places for part_id in place.hall.part_ids]
    return Busy(claims.taken(session, ids, days_span(first, last + timedelta(days=1), places[0].plan.zone), now))
