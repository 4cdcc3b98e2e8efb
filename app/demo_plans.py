"""Which weddings the demonstration makes up: slots that people like, and when they were reserved. It writes nothing."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from buchbar.booking.models import ONLINE
from buchbar.booking.weddings.slots import bookable_from
from buchbar.booking.weddings.timetable import Slot, Timetable
from buchbar.calendar.walls import local, local_date

# How those booked who didn't do it online.
_AT_THE_OFFICE = ("telephone", "telephone", "telephone", "counter", "paper")
_FRESH_HOURS = (1.5, 4, 9, 22, 30)  # how long ago the newest reservations were made
SINCE = timedelta(days=16)  # a full day is full for so long
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Plan:
    """A wedding that somebody is going to reserve. Who dawdles neither pays nor registers; what is ``sure`` takes place
    whatever else happens."""

    slot: Slot
    made_at: datetime
    channel: str = ONLINE
    fresh: bool = False
    dawdles: bool = False
    sure: bool = False


def coming(times: Timetable, wanted: int, chance: random.Random, now: datetime) -> list[Plan]:
    """Weddings of the next twelve months, at the slots that people like best; by when they were reserved."""
    today = local_date(now, times.zone)
    slots = [slot for n in range(1, 366) for slot in times.slots_on(today + n * _DAY)]
    plans = [plan for slot in _liked(slots, times, chance) if (plan := _plan(times, slot, chance, now))][:wanted]
    plans.sort(key=lambda plan: plan.made_at)
    _mark_the_fresh(times, plans, now)
    _mark_a_dawdler(times, plans, now)
    return sorted(plans, key=lambda plan: plan.made_at)


def past(times: Timetable, wanted: int, chance: random.Random, now: datetime) -> list[Plan]:
    """Weddings of the last eleven months, so that statistics have something to compare; by when they were reserved."""
    today = local_date(now, times.zone)
    days = [today - n * _DAY for n in range(1, 331)]
    slots = [slot for day in days if (day.month, day.day) not in ((12, 24), (12, 31)) for slot in times.slots_on(day)]
    plans = []
    for slot in _liked(slots, times, chance)[:wanted]:
        lead = times.policy(local_date(now, times.zone)).terms.lead_days * _DAY
        opens = bookable_from(times, local_date(slot.span.start, times.zone), now)
        last = slot.span.start - lead - _HOUR
        first = max(opens or last, slot.span.start - 330 * _DAY)
        if first < last:
            plans.append(Plan(slot, first + (last - first) * chance.random() ** 2, _channel(chance)))
    return sorted(plans, key=lambda plan: plan.made_at)


def full_day(times: Timetable, chance: random.Random, now: datetime) -> list[Plan]:
    """All slots of the busiest day that can be booked already, as weddings that are sure.

    In the order in which registrars set out, which leaves most of them for the next.
    """
    today, ready = local_date(now, times.zone), now - 20 * _DAY
    best: tuple[int, int] = (0, 0)
    chosen: tuple[Slot, ...] = ()
    for day in (today + n * _DAY for n in range(30, 351)):
        opens, slots = bookable_from(times, day, now), times.slots_on(day)
        staff = {wanted.resource_id for slot in slots for wanted in slot.registrars}
        if opens is not None and opens <= ready and (len(staff), len(slots)) > best:
            best, chosen = (len(staff), len(slots)), slots
    plans = []
    for slot in sorted(chosen, key=lambda slot: slot.span.start - slot.venue.way):
        opens = bookable_from(times, local_date(slot.span.start, times.zone), now) or now
        first, last = max(opens, now - 200 * _DAY), now - SINCE
        plans.append(Plan(slot, first + (last - first) * chance.random(), _channel(chance), sure=True))
    return plans


def _liked(slots: Iterable[Slot], times: Timetable, chance: random.Random) -> list[Slot]:
    """The slots in some order in which what people like tends to come first."""
    return sorted(slots, key=lambda slot: chance.random() ** (1 / _charm(slot, times)), reverse=True)


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
    return Plan(slot, made_at, _channel(chance))


def _channel(chance: random.Random) -> str:
    return chance.choice(_AT_THE_OFFICE) if chance.random() < 0.15 else ONLINE


def could_be_made(times: Timetable, slot: Slot, at: datetime) -> bool:
    """Whether a couple could have reserved the slot online at a moment."""
    opens = bookable_from(times, local_date(slot.span.start, times.zone), at)
    lead = times.policy(local_date(at, times.zone)).terms.lead_days * _DAY
    return opens is not None and opens <= at < slot.span.start - lead


def _mark_the_fresh(times: Timetable, plans: list[Plan], now: datetime) -> None:
    """A few have only just been made, so the office has something to decide; first those that it always decides."""
    candidates = [plan for plan in plans if could_be_made(times, plan.slot, now - _FRESH_HOURS[-1] * _HOUR)]
    candidates.sort(key=lambda plan: plan.slot.venue.visibility != "request")
    for plan, hours in zip([*candidates[:2], *candidates[-3:]], _FRESH_HOURS, strict=False):
        plan.made_at, plan.fresh, plan.channel = now - hours * _HOUR, True, ONLINE


def _mark_a_dawdler(times: Timetable, plans: list[Plan], now: datetime) -> None:
    """One deadline is about to fail: a payment where the town wants one, else a registration."""
    terms = times.policy(local_date(now, times.zone)).terms
    wants_payment = terms.payment == "required"
    made_at = now - (terms.pay_days - 1 if wants_payment else 5) * _DAY
    for plan in reversed(plans):
        if plan.fresh or plan.slot.venue.visibility != "bookable" or not could_be_made(times, plan.slot, made_at):
            continue
        limit = terms.deadline_at(made_at, plan.slot.span.start, times.zone)
        if wants_payment or (limit is not None and now < limit <= now + 7 * _DAY):
            plan.made_at, plan.channel, plan.dawdles = made_at, ONLINE, True
            return
