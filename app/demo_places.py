"""Puts a town's sports halls, their doors and its clubs into the database, as its file says."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Member, Organisation
from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.app.seed_halls import ClubSeed, HallSeed
from buchbar.app.seed_parts import fields_of
from buchbar.app.seeds import TownSeed
from buchbar.doors.models import Door
from buchbar.resources import school_holidays
from buchbar.resources.halls import Hall, HallPart

_DAY = timedelta(days=1)


def put_in(session: Session, town: Municipality, seed: TownSeed, sites: Mapping[str, UUID], now: datetime) -> None:
    """Put them in. Raises KeyError where a hall names a site that there isn't, ValueError for hours that mean
    nothing."""
    for position, hall in enumerate(seed.halls):
        _hall(session, town, hall, position, sites[hall.site])
    if seed.halls:
        school_holidays.take_over(session, town, now)
    for club in seed.clubs:
        _club(session, town, club, now)
    session.flush()


def _hall(session: Session, town: Municipality, seed: HallSeed, position: int, site_id: UUID) -> None:
    own = ("site", "parts", "combinations", "open", "in_holidays", "school", "cleaning", "doors")
    given = fields_of(seed, leave_out=(*own, "house_rules", "sports"))
    hall = Hall(
        id=uuid4(),
        municipality_id=town.id,
        site_id=site_id,
        position=position,
        hours=seed.hours,
        combinations=seed.sets,
        house_rules=list(seed.house_rules),
        sports=list(seed.sports),
        **given,
    )
    session.add(hall)
    session.flush()
    ours = {"municipality_id": town.id, "hall_id": hall.id}
    session.add_all(HallPart(id=uuid4(), **ours, **fields_of(part)) for part in seed.parts)
    for number, door in enumerate(seed.doors):
        named = fields_of(door, leave_out=("parts",))
        session.add(Door(id=uuid4(), position=number, parts=list(door.parts), **ours, **named))


def _club(session: Session, town: Municipality, seed: ClubSeed, now: datetime) -> None:
    decided = seed.state != "applied"
    club = Organisation(
        id=uuid4(),
        municipality_id=town.id,
        made_at=now - (400 * _DAY if decided else _DAY),
        decided_at=now - 399 * _DAY if decided else None,
        decided_by="Ersteinrichtung" if decided else "",
        **fields_of(seed, leave_out=("members", "trainings")),
    )
    session.add(club)
    session.flush()
    for number, each in enumerate(seed.members):
        person = session.scalar(select(Person).where(Person.email == each.email))
        if person is None:
            person = Person(id=uuid4(), made_at=club.made_at, **fields_of(each))
            session.add(person)
            session.flush()
        role = "booker" if number else "manager"
        session.add(Member(id=uuid4(), organisation_id=club.id, person_id=person.id, role=role, added_at=club.made_at))
