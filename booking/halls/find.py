"""Which halls are free when somebody wants one, and what is nearest where none is. Pure: rules and claims go in."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Literal
from uuid import UUID

from buchbar.booking.events import CITIZEN
from buchbar.booking.halls.free import Busy, refusal, starts
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts
from buchbar.booking.halls.reservation import Slot
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at as at_wall
from buchbar.calendar.walls import local_date, wall_minutes

# So many days around the one that was asked for are looked at, and so many offers shown of each kind.
AROUND_DAYS = 14
EACH = 3
# Where nothing is free, the days around are looked at in so many halls at most.
MOST_AROUND = 12
Why = Literal["time", "parts", "hall", "day"]
_ONE_DAY = timedelta(days=1)
_NOTHING_TAKEN = Busy(())


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for; empty means anything. ``minute`` is the beginning on the wall, ``fields`` how many of
    them are needed, ``site_id`` where."""

    day: date
    minute: int | None = None
    minutes: int = 90
    sport: str = ""
    fields: int = 0
    step_free: bool = False
    site_id: UUID | None = None
    user_class: str = "local"

    def suits(self, hall: HallRules) -> bool:
        """Whether it could be this hall at all."""
        return (
            hall.visibility != "information"
            and (not self.sport or not hall.sports or self.sport in hall.sports)
            and (hall.step_free or not self.step_free)
            and self.site_id in (None, hall.site_id)
            and bool(sizes(hall, self.fields))
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A hall, among the rules of its town."""

    plan: HallPlan
    hall: HallRules


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that is free. ``why`` it is offered although it isn't what was asked for; None: it is."""

    place: Place
    slot: Slot
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The halls with what is free in each, by beginning; else what is nearest. ``refused``: why the rules let nobody
    book then, if that is why nothing is free."""

    free: list[tuple[Place, list[Offer]]]
    near: list[Offer]
    suiting: int
    refused: str = ""


def sizes(hall: HallRules, fields: int) -> list[Parts]:
    """The parts that can be had with at least so many fields, the smallest first; without fields a hall has none."""
    return [parts for parts in hall.choices() if len(hall.fields_of(parts)) >= max(fields, 1)]


def smallest(hall: HallRules, fields: int) -> list[Parts]:
    """Those of them that are no bigger than they have to be."""
    fitting = sizes(hall, fields)
    return [parts for parts in fitting if len(parts) == len(fitting[0])]


def free_on(places: Iterable[Place], busy: Busy, wish: Wish, now: datetime) -> list[tuple[Place, list[Offer]]]:
    """The halls that have something free on the day, at the beginning that was asked for or at any."""
    found = ((place, list(_offers(place, busy, wish, wish.day, now))) for place in places)
    return [(place, offers) for place, offers in found if offers]


def near(suiting: Sequence[Place], others: Sequence[Place], busy: Busy, wish: Wish, now: datetime) -> Iterator[Offer]:
    """What is nearest to a wish that nothing meets: other times in the same halls, fewer or more fields, halls that
    don't suit wholly, other days. ``busy`` reaches from a day before to AROUND_DAYS after."""
    yield from islice(_other_times(suiting, busy, wish, now), EACH)
    yield from islice(_other_parts(suiting, busy, wish, now), EACH)
    yield from islice(_other_halls(others, busy, wish, now), EACH)
    yield from islice(_other_days(suiting, busy, wish, now), EACH)


def why_refused(places: Sequence[Place], wish: Wish, now: datetime) -> str:
    """Why the rules let nobody book at the time that was asked for; empty where they would in one of the halls."""
    why = ""
    for place in places:
        parts = smallest(place.hall, wish.fields)[0]
        if wish.minute is None:
            if _possible(place, parts, wish, wish.day, now):
                return ""
            opened = place.plan.opening(place.hall, wish.day, wish.user_class)
            span = Span(opened[0].start, opened[0].start + timedelta(minutes=wish.minutes)) if opened else None
        else:
            span = _span(place, wish, wish.day)
        if span is not None:
            why = refusal(place.plan, place.hall, parts, span, wish.user_class, now)
            if not why:
                return ""
    return why


def _span(place: Place, wish: Wish, day: date) -> Span:
    start = at_wall(day, wish.minute or 0, place.plan.zone)
    return Span(start, start + timedelta(minutes=wish.minutes))


def _possible(place: Place, parts: Parts, wish: Wish, day: date, now: datetime) -> list[Span]:
    """When the rules let the hall be booked on a day, others' bookings left aside; the same for all its parts."""
    if wish.minute is None:
        return starts(place.plan, _NOTHING_TAKEN, place.hall, parts, day, wish.minutes, wish.user_class, now, CITIZEN)
    span = _span(place, wish, day)
    return [] if refusal(place.plan, place.hall, parts, span, wish.user_class, now) else [span]


def _offers(place: Place, busy: Busy, wish: Wish, day: date, now: datetime, why: Why | None = None) -> Iterator[Offer]:
    """For each beginning that is possible, the first parts that are free then."""
    choices = smallest(place.hall, wish.fields)
    if not choices:
        return
    for span in _possible(place, choices[0], wish, day, now):
        for parts in choices:
            if busy.free(place.hall.claims(parts, span)):
                yield Offer(place, Slot(place.hall.id, parts, span), why)
                break


def _other_times(places: Sequence[Place], busy: Busy, wish: Wish, now: datetime) -> list[Offer]:
    if wish.minute is None:
        return []
    any_time = replace(wish, minute=None)
    offers = [offer for place in places for offer in _offers(place, busy, any_time, wish.day, now, "time")]

    def distance(offer: Offer) -> tuple[int, datetime]:
        start = offer.slot.span.start
        return abs(wall_minutes(start, offer.place.plan.zone) - (wish.minute or 0)), start

    return sorted(offers, key=distance)


def _other_parts(places: Sequence[Place], busy: Busy, wish: Wish, now: datetime) -> Iterator[Offer]:
    """More fields than were asked for, then fewer."""
    for place in places:
        wanted = smallest(place.hall, wish.fields)
        bigger = [parts for parts in sizes(place.hall, wish.fields) if parts not in wanted]
        fewer = [parts for parts in reversed(sizes(place.hall, 1)) if len(parts) < len(wanted[0])]
        spans = _possible(place, wanted[0], wish, wish.day, now)[:1]
        for parts in [*bigger, *fewer]:
            for span in spans:
                if busy.free(place.hall.claims(parts, span)):
                    yield Offer(place, Slot(place.hall.id, parts, span), "parts")


def _other_halls(places: Sequence[Place], busy: Busy, wish: Wish, now: datetime) -> Iterator[Offer]:
    for place in places:
        yield from islice(_offers(place, busy, wish, wish.day, now, "hall"), 1)


def _other_days(places: Sequence[Place], busy: Busy, wish: Wish, now: datetime) -> Iterator[Offer]:
    """The same time on the days around, the nearest first, one offer a day."""
    distances = [-1, *range(1, AROUND_DAYS + 1)]
    for day in (wish.day + distance * _ONE_DAY for distance in distances):
        if places and day >= local_date(now, places[0].plan.zone):
            offers = (offer for place in places for offer in _offers(place, busy, wish, day, now, "day"))
            yield from islice(offers, 1)
