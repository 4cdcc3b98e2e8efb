"""A town's halls as rules: what there is, when it is open for whom, under which terms. No bookings in it.

It is read from the database once per version of the municipality and kept in memory, as plain values. What
can be booked by these rules, and is free: free.py.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking.claims import Wanted
from buchbar.booking.halls.models import JOURNEY
from buchbar.booking.policies import policies
from buchbar.booking.terms import Terms
from buchbar.calendar import rules
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.rules import DayException
from buchbar.calendar.spans import Span, merge, subtract
from buchbar.payments.tariffs import tariffs
from buchbar.resources.edits import uncommitted
from buchbar.resources.halls import Hall, HallHours, HallPart, SchoolHoliday

# Who may be in a hall during school hours.
IN_SCHOOL_HOURS = ("school", "office")
Parts = tuple[int, ...]
_NO_BUFFER = timedelta(0)


@dataclass(frozen=True, slots=True)
class PartRules:
    """A part of a hall, or (``side``) a room beside it."""

    id: UUID
    number: int
    name: str
    side: bool


@dataclass(frozen=True, slots=True)
class HallRules:
    """A hall as resources/halls.py has it. ``parts`` are those in use, by number."""

    id: UUID
    slug: str
    name: str
    site_id: UUID
    visibility: str
    step: timedelta
    buffer: timedelta
    combinations: tuple[Parts, ...]
    parts: dict[int, PartRules]
    sports: tuple[str, ...]
    step_free: bool
    spectators: int
    hours: HallHours
    exceptions: tuple[DayException, ...]

    @property
    def part_ids(self) -> list[UUID]:
        return [part.id for part in self.parts.values()]

    @property
    def fields(self) -> Parts:
        """The numbers of all parts but side rooms: the whole hall."""
        return tuple(number for number, part in sorted(self.parts.items()) if not part.side)

    def fields_of(self, parts: Collection[int]) -> Parts:
        """Which of these part numbers are fields, in order."""
        return tuple(number for number in sorted(parts) if number in self.parts and not self.parts[number].side)

    def allows(self, parts: Collection[int]) -> bool:
        """Whether these can be had together: fields as one of the combinations, side rooms as one likes."""
        known = bool(parts) and len(set(parts)) == len(parts) and all(number in self.parts for number in parts)
        return known and (not self.fields_of(parts) or self.fields_of(parts) in self.combinations)

    def choices(self) -> list[Parts]:
        """What can be had: the combinations, the smallest first, then each side room alone."""
        possible = [each for each in self.combinations if all(number in self.parts for number in each)]
        rooms = [(number,) for number, part in sorted(self.parts.items()) if part.side]
        return [*sorted(possible, key=lambda each: (len(each), each)), *rooms]

    def claims(self, parts: Collection[int], span: Span) -> list[Wanted]:
        """What a booking takes: each of its parts, and the time after it that stays free."""
        whole = span.widened(_NO_BUFFER, self.buffer)
        return [Wanted(self.parts[number].id, whole) for number in sorted(parts)]

    def named(self, parts: Collection[int]) -> str:
        """How people call these parts: "ganze Halle", "Feld 1 und 2, Foyer"."""
        fields = self.fields_of(parts)
        whole = bool(fields) and fields == self.fields
        names = [_("ganze Halle")] if whole else [_joined([self.parts[number].name for number in fields])]
        rooms = [self.parts[number].name for number in sorted(parts) if number in self.parts and number not in fields]
        return ", ".join([name for name in names if name] + rooms)


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    id: UUID
    valid_from: date
    terms: Terms


@dataclass(slots=True)
class HallPlan:
    """All halls of a town, by id in the order in which they are shown."""

    town_id: UUID
    slug: str
    version: int
    zone: ZoneInfo
    land: str
    halls: dict[UUID, HallRules]
    policies: tuple[PolicyTerms, ...]
    tariffs: tuple[tuple[date, UUID], ...]
    holidays: tuple[tuple[date, date, str], ...]
    _openings: dict[tuple[UUID, date, bool], tuple[Span, ...]] = field(default_factory=dict)

    def hall(self, slug: str) -> HallRules:
        """The hall with this name in addresses. Raises NotFound."""
        for hall in self.halls.values():
            if hall.slug == slug:
                return hall
        raise NotFound

    def policy(self, day: date) -> PolicyTerms:
        """The policy under which something is booked on a day. Raises NotFound where the town has none yet."""
        for policy in self.policies:
            if policy.valid_from <= day:
                return policy
        raise NotFound

    def terms(self, day: date, user_class: str) -> Terms:
        """The terms under which something is booked on a day, as they are for a user class. Raises NotFound."""
        return self.policy(day).terms.of(user_class)

    def tariff_id(self, day: date) -> UUID | None:
        """The tariff under which something is booked on a day."""
        return next((tariff_id for valid_from, tariff_id in self.tariffs if valid_from <= day), None)

    def school_holiday(self, day: date) -> str | None:
        """What the school holidays are called in which the day lies, or None."""
        return next((name for first, last, name in self.holidays if first <= day <= last), None)

    def day_off(self, day: date) -> bool:
        """Whether it is a public or a school holiday."""
        return holiday_name(day, self.land) is not None or self.school_holiday(day) is not None

    def opening(self, hall: HallRules, day: date, user_class: str) -> tuple[Span, ...]:
        """When the hall is open on a day for a user class, sorted and apart."""
        key = hall.id, day, user_class in IN_SCHOOL_HOURS
        if key not in self._openings:
            if len(self._openings) > 20_000:
                self._openings.clear()
            self._openings[key] = tuple(self._opening(hall, day, in_school_hours=key[2]))
        return self._openings[key]

    def openings(self, hall: HallRules, first: date, last: date, user_class: str) -> list[Span]:
        """The same for several days, both included; what touches over midnight is one."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return merge(span for day in days for span in self.opening(hall, day, user_class))

    def _opening(self, hall: HallRules, day: date, *, in_school_hours: bool) -> list[Span]:
        hours, holiday = hall.hours, self.school_holiday(day) is not None
        weekly = hours.in_holidays if holiday and hours.in_holidays is not None else hours.open
        opened = rules.opening(weekly, hall.exceptions, day, self.zone, self.land)
        closed = rules.opening(hours.cleaning, (), day, self.zone, self.land)
        if not (in_school_hours or holiday):
            closed += rules.opening(hours.school, (), day, self.zone, self.land)
        return subtract(opened, closed)


def plan(session: Session, town: Municipality) -> HallPlan:
    """The town's halls, from memory as long as nothing has been edited. A transaction that has edited has its own."""
    if edits := uncommitted(session):
        own: dict[tuple[UUID, int], HallPlan] = session.info.setdefault("own_hall_plans", {})
        if (town.id, edits) not in own:
            own.clear()
            own[town.id, edits] = _read(session, town)
        return own[town.id, edits]
    kept: dict[UUID, HallPlan] = session.info["cache"].setdefault("hall_plans", {})
    known = kept.get(town.id)
    if known is None or known.version != town.version:
        known = kept[town.id] = _read(session, town)
    return known


def has_halls(session: Session, town: Municipality) -> bool:
    """Whether the town has any hall in use."""
    return bool(plan(session, town).halls)


def _read(session: Session, town: Municipality) -> HallPlan:
    halls = session.scalars(
        select(Hall)
        .where(Hall.municipality_id == town.id, Hall.active)
        .order_by(Hall.position, Hall.name)
        .options(selectinload(Hall.exceptions))
    ).all()
    parts: dict[UUID, list[HallPart]] = {hall.id: [] for hall in halls}
    ours = select(HallPart).where(HallPart.municipality_id == town.id, HallPart.active).order_by(HallPart.number)
    for part in session.scalars(ours):
        if part.hall_id in parts:
            parts[part.hall_id].append(part)
    holidays = select(SchoolHoliday).where(SchoolHoliday.municipality_id == town.id).order_by(SchoolHoliday.first)
    return HallPlan(
        town_id=town.id,
        slug=town.slug,
        version=town.version,
        zone=town.zone,
        land=town.land,
        halls={hall.id: _hall_rules(hall, parts[hall.id]) for hall in halls},
        policies=tuple(
            PolicyTerms(policy.id, policy.valid_from, policy.terms) for policy in policies(session, town.id, JOURNEY)
        ),
        tariffs=tuple((tariff.valid_from, tariff.id) for tariff in tariffs(session, town.id, JOURNEY)),
        holidays=tuple((each.first, each.last, each.name) for each in session.scalars(holidays)),
    )


def _hall_rules(hall: Hall, parts: Sequence[HallPart]) -> HallRules:
    numbers = {part.number for part in parts}
    return HallRules(
        id=hall.id,
        slug=hall.slug,
        name=hall.name,
        site_id=hall.site_id,
        visibility=hall.visibility,
        step=timedelta(minutes=hall.step_minutes),
        buffer=timedelta(minutes=hall.buffer_minutes),
        combinations=tuple(tuple(each) for each in hall.combinations if set(each) <= numbers),
        parts={part.number: PartRules(part.id, part.number, part.name, part.side) for part in parts},
        sports=tuple(hall.sports),
        step_free=hall.step_free,
        spectators=hall.spectators,
        hours=hall.hours,
        exceptions=tuple(exception.exception for exception in hall.exceptions),
    )


def _joined(names: Sequence[str]) -> str:
    """ "Feld 1", "Feld 1 und Feld 2", "A, B und C"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(some)s und %(last)s") % {"some": ", ".join(names[:-1]), "last": names[-1]}


def parts_in_words(numbers: Iterable[int]) -> str:
    """As part numbers stand in forms and addresses: "1+2"."""
    return "+".join(str(number) for number in sorted(numbers))


def read_parts(typed: str) -> Parts:
    """The part numbers that a form or an address names, in order. Raises NotFound for anything else."""
    words = typed.split("+")
    if not all(word.isascii() and word.isdigit() and len(word) < 3 for word in words):
        raise NotFound
    return tuple(sorted({int(word) for word in words}))
