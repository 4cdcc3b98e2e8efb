"""Puts municipalities from files into the database: the demonstration county, or a town of one's own."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.app import demo_halls, demo_money, demo_places, demo_season, demo_story, demo_year, seeds
from buchbar.app.seed_parts import Hours, fields_of
from buchbar.app.seeds import MoneySeed, PolicySeed, RegistrarSeed, TariffSeed, TownSeed, VenueSeed
from buchbar.base.db import Database, insert
from buchbar.booking import closures, retention
from buchbar.booking.events import Actor
from buchbar.booking.models import Policy
from buchbar.calendar.rules import DayException
from buchbar.calendar.walls import day_span, local_date
from buchbar.payments.models import Tariff, TariffItem, VatChange
from buchbar.payments.rules import MoneyRules
from buchbar.resources.models import Opening, OpeningException, Registrar, Site, Venue

MADE_BY = "Ersteinrichtung"


@dataclass(slots=True)
class Placed:
    """A municipality that is being put in, with what its other parts refer to by slug."""

    town: Municipality
    sites: dict[str, UUID] = field(default_factory=dict)
    venues: dict[str, Venue] = field(default_factory=dict)


def load(database: Database, now: datetime) -> list[str]:
    """Load what is missing of the demonstration county, with a year of bookings; the slugs of what was loaded.

    A municipality that is there already, by its slug, stays as it is. Each is loaded wholly or not at all.
    """
    loaded = []
    for seed in seeds.demonstration():
        with database.write() as session:
            placed = place(session, seed, now)
            if placed is None:
                continue
            if seed.bookings:
                lives = demo_year.book(session, placed.town, seed, seeds.names(), now)
                if seed.full_day:
                    demo_story.tell(lives)
                    demo_money.tell(lives)
                demo_halls.book(lives, seed)
                demo_season.tell(lives, seed)
                demo_year.settle_outside_matters(session, placed.town, now)
                if seed.full_day:
                    demo_story.come_back(session, placed.town)
                    demo_money.refuse(session, placed.town)
        loaded.append(seed.slug)
    if loaded:
        retention.forget_what_is_due(database, now)  # as it would have happened in the nights before
    return loaded


def place(session: Session, seed: TownSeed, now: datetime) -> Placed | None:
    """Put one municipality in, without bookings; None, and nothing happens, if there is one with this slug.

    Raises Faulty where the file names a county, site or venue that there isn't, or hours that mean nothing.
    """
    try:
        town = _municipality(session, seed)
        if town is None:
            return None
        placed = Placed(town)
        _sites_and_venues(session, seed, placed)
        demo_places.put_in(session, placed.town, seed, placed.sites, now)
        session.add_all([_registrar(each, placed, now) for each in seed.registrars])
        session.add_all([Clerk(municipality_id=town.id, **fields_of(clerk)) for clerk in seed.clerks])
        session.add_all([_tariff(each, placed, now) for each in seed.tariffs])
        session.add_all([_policy(each, placed, now) for each in seed.policies])
        if seed.money:
            session.add(_money(seed.money, placed))
        session.flush()
        _close(session, seed, placed, now)
    except (KeyError, ValueError) as fault:
        raise seeds.Faulty(f"{seed.slug}: {type(fault).__name__} {fault}") from fault
    return placed


def _money(seed: MoneySeed, placed: Placed) -> MoneyRules:
    fields = fields_of(seed, leave_out=("dunning",))
    return MoneyRules(municipality_id=placed.town.id, dunning=tuple(each.level for each in seed.dunning), **fields)


def _municipality(session: Session, seed: TownSeed) -> Municipality | None:
    county_id = None
    if seed.county:
        county_id = session.scalar(select(Municipality.id).where(Municipality.slug == seed.county))
        if county_id is None:
            raise KeyError(seed.county)
    # Whoever loads at the same time waits here, and then finds it done.
    made = session.scalar(
        insert(session, Municipality)
        .values(
            id=uuid4(),
            slug=seed.slug,
            name=seed.name,
            kind=seed.kind,
            county_id=county_id,
            land=seed.land,
            office=seed.office,
            street=seed.street,
            postcode=seed.postcode,
            city=seed.city,
            phone=seed.phone,
            email=seed.email,
            sports_office=seed.sports_office,
            sports_phone=seed.sports_phone,
            sports_email=seed.sports_email,
            greeting=seed.greeting,
            demonstration=seed.demonstration,
        )
        .on_conflict_do_nothing(index_elements=["slug"])
        .returning(Municipality.id)
    )
    return session.get_one(Municipality, made) if made else None


def _sites_and_venues(session: Session, seed: TownSeed, placed: Placed) -> None:
    for site in seed.sites:
        placed.sites[site.slug] = uuid4()
        fields = fields_of(site, leave_out=("slug",))
        session.add(Site(id=placed.sites[site.slug], municipality_id=placed.town.id, **fields))
    session.flush()
    for position, venue in enumerate(seed.venues):
        if venue.slug in placed.venues:
            raise ValueError(f"two venues have the slug {venue.slug!r}")
        placed.venues[venue.slug] = _venue(venue, position, placed)
    session.add_all(placed.venues.values())
    session.flush()


def _venue(seed: VenueSeed, position: int, placed: Placed) -> Venue:
    return Venue(
        id=uuid4(),
        municipality_id=placed.town.id,
        site_id=placed.sites[seed.site],
        position=position,
        openings=_openings(seed.open),
        **fields_of(seed, leave_out=("site", "open")),
    )


def _registrar(seed: RegistrarSeed, placed: Placed, now: datetime) -> Registrar:
    today = local_date(now, placed.town.zone)
    return Registrar(
        id=uuid4(),
        municipality_id=placed.town.id,
        name=seed.name,
        initials=seed.initials,
        venues=[placed.venues[slug] for slug in seed.venues or placed.venues],
        openings=_openings(seed.duty),
        exceptions=[
            OpeningException(exception=DayException(day), note=leave.note)
            for leave in seed.leave
            for day in leave.days(today)
        ],
    )


def _policy(seed: PolicySeed, placed: Placed, now: datetime) -> Policy:
    return Policy(
        municipality_id=placed.town.id,
        journey=seed.area,
        valid_from=seed.valid_from,
        terms=seed.terms,
        made_at=now,
        made_by=MADE_BY,
    )


def _tariff(seed: TariffSeed, placed: Placed, now: datetime) -> Tariff:
    items = [
        TariffItem(
            position=position,
            code=price.code,
            label=price.label,
            cents=price.cents,
            vat=price.vat,
            kind=price.kind,
            unit=price.unit,
            per_part=price.per_part,
            percent=price.percent,
            conditions=price.conditions,
            vat_changes=tuple(VatChange(change.valid_from, change.vat) for change in price.vat_changes),
            resource_id=placed.venues[price.venue].id if price.venue else None,
        )
        for position, price in enumerate(seed.items)
    ]
    return Tariff(
        municipality_id=placed.town.id,
        journey=seed.area,
        valid_from=seed.valid_from,
        note=seed.note,
        office_hours=tuple(hours.rule() for hours in seed.office_hours),
        items=items,
        made_at=now,
        made_by=MADE_BY,
    )


def _close(session: Session, seed: TownSeed, placed: Placed, now: datetime) -> None:
    zone, by = placed.town.zone, Actor("clerk", MADE_BY)
    days = {day: closed.reason for closed in seed.closures for day in closed.days(local_date(now, zone))}
    for venue in placed.venues.values():
        for day, reason in sorted(days.items()):
            closures.close(session, venue, day_span(day, zone), reason, now, by)


def _openings(hours: Iterable[Hours]) -> list[Opening]:
    return [Opening(rule=each.rule()) for each in hours]
