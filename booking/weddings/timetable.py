"""A town's weddings as rules: who and what there is, when it is open, under which policy. No bookings in it.

It is read from the database once per version of the municipality and kept in memory, as plain values.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.booking.claims import Wanted
from buchbar.booking.policies import policies
from buchbar.booking.terms import Terms
from buchbar.calendar.rules import DayException, WeeklyRule, grid, opening
from buchbar.calendar.spans import Span
from buchbar.payments.tariffs import tariffs
from buchbar.resources.edits import uncommitted
from buchbar.resources.models import Registrar, Venue

JOURNEY = "weddings"


@dataclass(frozen=True, slots=True)
class VenueRules:
    id: UUID
    slug: str
    name: str
    site_id: UUID
    way: timedelta
    visibility: str
    guests: int
    step_free: bool
    length: timedelta
    step: timedelta
    setup: timedelta
    cleaning: timedelta
    weekly: tuple[WeeklyRule, ...]
    exceptions: tuple[DayException, ...]
    registrar_ids: tuple[UUID, ...]

    def claim(self, ceremony: Span) -> Wanted:
        """What a ceremony takes of the venue: itself, setting up, cleaning."""
        return Wanted(self.id, ceremony.widened(self.setup, self.cleaning))


@dataclass(frozen=True, slots=True)
class RegistrarRules:
    id: UUID
    name: str
    prepare: timedelta
    wrap: timedelta
    weekly: tuple[WeeklyRule, ...]
    exceptions: tuple[DayException, ...]

    def claim(self, ceremony: Span, venue: VenueRules) -> Wanted:
        """What a ceremony takes of the registrar: itself, preparing, wrapping up, and around these the way."""
        return Wanted(self.id, ceremony.widened(self.prepare, self.wrap), venue.site_id, venue.way)


@dataclass(frozen=True, slots=True)
class Slot:
    """A ceremony that the rules allow: at a venue, with the claims of those registrars who could be on it."""

    venue: VenueRules
    span: Span
    claim: Wanted
    registrars: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class PolicyTerms:
    id: UUID
    valid_from: date
    terms: Terms


@dataclass(slots=True)
class Timetable:
    """``slots_on`` is the one place where slots come from: what is shown and what is accepted."""

    town_id: UUID
    slug: str
    version: int
    zone: ZoneInfo
    land: str
    venues: dict[UUID, VenueRules]
    registrars: dict[UUID, RegistrarRules]
    policies: tuple[PolicyTerms, ...]
    tariffs: tuple[tuple[date, UUID], ...]
    _days: dict[date, tuple[Slot, ...]] = field(default_factory=dict)

    @property
    def resource_ids(self) -> list[UUID]:
        return [*self.venues, *self.registrars]

    def policy(self, day: date) -> PolicyTerms:
        """The policy under which something is booked on a day. Raises NotFound where the town has none yet."""
        for policy in self.policies:
            if policy.valid_from <= day:
                return policy
        raise NotFound

    def tariff_id(self, day: date) -> UUID | None:
        """The tariff under which something is booked on a day."""
        return next((tariff_id for valid_from, tariff_id in self.tariffs if valid_from <= day), None)

    def venue(self, slug: str) -> VenueRules:
        """The venue with this name in addresses. Raises NotFound."""
        for venue in self.venues.values():
            if venue.slug == slug:
                return venue
        raise NotFound

    def slots_on(self, day: date) -> tuple[Slot, ...]:
        """All ceremonies of a day that rules and duties allow, whether taken or not, by time and venue."""
        if day not in self._days:
            if len(self._days) > 2000:
                self._days.clear()
            self._days[day] = tuple(self._make_slots(day))
        return self._days[day]

    def _make_slots(self, day: date) -> list[Slot]:
        duties = {
            registrar.id: opening(registrar.weekly, registrar.exceptions, day, self.zone, self.land)
            for registrar in self.registrars.values()
        }
        slots = []
        for venue in self.venues.values():
            if venue.visibility == "information":
                continue
            opened = opening(venue.weekly, venue.exceptions, day, self.zone, self.land)
            for ceremony in grid(opened, _minutes(venue.step), _minutes(venue.length)):
                wanted = tuple(
                    claim
                    for registrar_id in venue.registrar_ids
                    if (claim := self.registrars[registrar_id].claim(ceremony, venue))
                    and any(duty.contains(claim.span) for duty in duties[registrar_id])
                )
                if wanted:
                    slots.append(Slot(venue, ceremony, venue.claim(ceremony), wanted))
        return sorted(slots, key=lambda slot: (slot.span.start, slot.venue.slug))


def timetable(session: Session, town: Municipality) -> Timetable:
    """The town's timetable, from memory as long as nothing has been edited.

    A transaction that has edited has its own: nobody else may find what it perhaps takes back.
    """
    if edits := uncommitted(session):
        own: dict[tuple[UUID, int], Timetable] = session.info.setdefault("own_timetables", {})
        if (town.id, edits) not in own:
            own.clear()
            own[town.id, edits] = _read(session, town)
        return own[town.id, edits]
    kept: dict[UUID, Timetable] = session.info["cache"].setdefault("timetables", {})
    known = kept.get(town.id)
    if known is None or known.version != town.version:
        known = kept[town.id] = _read(session, town)
    return known


def has_venues(session: Session, town: Municipality) -> bool:
    """Whether the town has any place to marry in use."""
    return bool(timetable(session, town).venues)


def _read(session: Session, town: Municipality) -> Timetable:
    venues = session.scalars(
        select(Venue)
        .where(Venue.municipality_id == town.id, Venue.active)
        .order_by(Venue.position, Venue.name)
        .options(*(selectinload(each) for each in (Venue.site, Venue.openings, Venue.exceptions, Venue.registrars)))
    ).all()
    registrars = session.scalars(
        select(Registrar)
        .where(Registrar.municipality_id == town.id, Registrar.active)
        .order_by(Registrar.name)
        .options(selectinload(Registrar.openings), selectinload(Registrar.exceptions))
    ).all()
    return Timetable(
        town_id=town.id,
        slug=town.slug,
        version=town.version,
        zone=town.zone,
        land=town.land,
        venues={venue.id: _venue_rules(venue) for venue in venues},
        registrars={registrar.id: _registrar_rules(registrar) for registrar in registrars},
        policies=tuple(
            PolicyTerms(policy.id, policy.valid_from, policy.terms) for policy in policies(session, town.id, JOURNEY)
        ),
        tariffs=tuple((tariff.valid_from, tariff.id) for tariff in tariffs(session, town.id, JOURNEY)),
    )


def _venue_rules(venue: Venue) -> VenueRules:
    return VenueRules(
        id=venue.id,
        slug=venue.slug,
        name=venue.name,
        site_id=venue.site_id,
        way=timedelta(minutes=venue.site.way_minutes),
        visibility=venue.visibility,
        guests=venue.guests,
        step_free=venue.step_free,
        length=timedelta(minutes=venue.length_minutes),
        step=timedelta(minutes=venue.step_minutes),
        setup=timedelta(minutes=venue.setup_minutes),
        cleaning=timedelta(minutes=venue.cleaning_minutes),
        weekly=tuple(opening.rule for opening in venue.openings),
        exceptions=tuple(exception.exception for exception in venue.exceptions),
        registrar_ids=tuple(registrar.id for registrar in venue.registrars if registrar.active),
    )


def _registrar_rules(registrar: Registrar) -> RegistrarRules:
    return RegistrarRules(
        id=registrar.id,
        name=registrar.name,
        prepare=timedelta(minutes=registrar.prepare_minutes),
        wrap=timedelta(minutes=registrar.wrap_minutes),
        weekly=tuple(opening.rule for opening in registrar.openings),
        exceptions=tuple(exception.exception for exception in registrar.exceptions),
    )


def _minutes(length: timedelta) -> int:
    return int(length.total_seconds()) // 60
