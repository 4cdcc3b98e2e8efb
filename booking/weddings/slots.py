"""Which slots are free: one answer for what is shown, what is accepted and what is offered instead.

Pure: a timetable, the claims that live, the moment, and what the couple wishes go in.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from buchbar.booking.claims import AROUND, LONGEST, Wanted
from buchbar.booking.weddings.timetable import Slot, Timetable, VenueRules
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.release import opens_at
from buchbar.calendar.walls import local_date

# "free": at least one slot; "full": there are slots, all taken; "early": not bookable yet (see opens);
# "late": too near for the office; "past"; "holiday", "closed": the rules or a closure leave no slot.
DayState = Literal["free", "full", "early", "late", "past", "holiday", "closed"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the couple asks for beside the date; empty means anything."""

    guests: int = 0
    step_free: bool = False
    venues: frozenset[str] = frozenset()

    def fits(self, slot: Slot) -> bool:
        """Whether the slot's venue is what they wish."""
        return self.suits(slot.venue)

    def suits(self, venue: VenueRules) -> bool:
        """Whether they could marry at the venue."""
        return (
            venue.guests >= self.guests
            and (venue.step_free or not self.step_free)
            and (not self.venues or venue.slug in self.venues)
        )


@dataclass(frozen=True, slots=True)
class Day:
    """A day's answer. ``slots`` are the free ones; ``opens`` is when an early day becomes bookable; ``land`` is the
    Land whose public holiday it is."""

    day: date
    state: DayState
    slots: tuple[Slot, ...] = ()
    opens: datetime | None = None
    land: str = ""


def _start(claim: Wanted) -> datetime:
    return claim.span.start


class Busy:
    """The live claims, by resource in order, to be asked whether something fits beside them."""

    def __init__(self, taken: Iterable[Wanted]) -> None:
        self._by_resource: dict[UUID, list[Wanted]] = {}
        for claim in sorted(taken, key=_start):
            self._by_resource.setdefault(claim.resource_id, []).append(claim)

    def allows(self, wanted: Wanted) -> bool:
        """Whether the claim could be taken."""
        return not any(wanted.clashes(other) for other in self._near(wanted))

    def closed(self, slot: Slot) -> bool:
        """Whether the town hall has closed the venue for that time."""
        return any(other.closed and slot.claim.clashes(other) for other in self._near(slot.claim))

    def free(self, slot: Slot) -> bool:
        """Whether the venue is free and somebody is free to marry there."""
        return self.allows(slot.claim) and any(self.allows(registrar) for registrar in slot.registrars)

    def _near(self, wanted: Wanted) -> list[Wanted]:
        """What alone can stand against it, so that in a full year a slot costs no more than in a full day."""
        others = self._by_resource.get(wanted.resource_id, [])
        first = bisect_left(others, wanted.span.start - AROUND - LONGEST, key=_start)
        return others[first : bisect_left(others, wanted.span.end + AROUND, key=_start)]


def bookable_from(timetable: Timetable, day: date, now: datetime) -> datetime | None:
    """When a day is released for booking, under the policy of today; None for never."""
    terms = timetable.policy(local_date(now, timetable.zone)).terms
    return opens_at(terms.release, day, timetable.zone, timetable.land)


def look_at_day(timetable: Timetable, busy: Busy, day: date, now: datetime, wish: Wish) -> Day:
    """What a day has to offer."""
    if day < local_date(now, timetable.zone):
        return Day(day, "past")
    slots = [slot for slot in timetable.slots_on(day) if wish.fits(slot)]
    if not slots:
        return Day(day, "holiday" if holiday_name(day, timetable.land) else "closed", land=timetable.land)
    opens = bookable_from(timetable, day, now)
    if opens is None or opens > now:
        return Day(day, "early", opens=opens)
    earliest = timetable.policy(local_date(now, timetable.zone)).terms.earliest_start(now)
    slots = [slot for slot in slots if slot.span.start >= earliest and slot.span.start > now]
    if not slots:
        return Day(day, "late")
    free = tuple(slot for slot in slots if busy.free(slot))
    if not free and all(busy.closed(slot) for slot in slots):
        return Day(day, "closed")
    return Day(day, "free" if free else "full", slots=free)


def look(timetable: Timetable, busy: Busy, days: Iterable[date], now: datetime, wish: Wish) -> list[Day]:
    """What each of the days has to offer."""
    return [look_at_day(timetable, busy, day, now, wish) for day in days]


def find(timetable: Timetable, venue_id: UUID, start: datetime) -> Slot | None:
    """The slot that begins at a moment, if the rules know one."""
    for slot in timetable.slots_on(local_date(start, timetable.zone)):
        if slot.venue.id == venue_id and slot.span.start == start:
            return slot
    return None


def nearest_days(
    timetable: Timetable, busy: Busy, day: date, now: datetime, wish: Wish, *, within: int = 60, each: int = 3
) -> tuple[list[Day], list[Day]]:
    """The nearest days with something free, before and after; the nearest first."""

    def search(step: int) -> Iterator[Day]:
        for distance in range(1, within + 1):
            seen = look_at_day(timetable, busy, day + timedelta(days=step * distance), now, wish)
            if seen.state == "free":
                yield seen

    return [seen for seen, _n in zip(search(-1), range(each), strict=False)], [
        seen for seen, _n in zip(search(1), range(each), strict=False)
    ]
