"""The sports hall that the tests speak of, beside the cast of tests/cast.py: three fields, a foyer, a club."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Member, Organisation
from buchbar.accounts.models import Clerk
from buchbar.accounts.people import Person
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation
from buchbar.booking.halls.plan import Parts
from buchbar.booking.halls.reservation import Slot, Use
from buchbar.booking.models import Booking, Policy
from buchbar.booking.terms import ClassTerms, Terms
from buchbar.calendar.release import Rolling
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.spans import Span
from buchbar.payments.models import Conditions, Tariff, TariffItem
from buchbar.resources.halls import Hall, HallHours, HallPart
from buchbar.resources.models import Site
from tests.cast import NOW, Cast, slot_at

TUESDAY = date(2026, 12, 1)
COMBINATIONS: list[Parts] = [(1,), (2,), (3,), (1, 2), (2, 3), (1, 2, 3)]
TERMS = Terms(
    release=Rolling(12),
    lead_days=0,
    approval="none",
    payment="none",
    deadline=None,
    holds_per_address=3,
    shortest_minutes=60,
    longest_minutes=600,
    classes=(ClassTerms(name="commercial", approval="office"),),
)
KIM = Use(organiser="Kim Weber", contact="Kim Weber", email="kim@example.org", phone="05441 555", persons=12)


@dataclass
class Gym:
    """A hall in ``town``: every day 8 to 22, school hours Monday to Friday 8 to 16, cleaned Mondays 21 to 22."""

    town: Cast
    hall: Hall
    parts: dict[int, HallPart]  # 1 to 3 fields, 4 the foyer
    club: Organisation
    coach: Person
    policy: Policy
    tariff: Tariff
    clerk: Clerk


def build(session: Session, town: Cast, terms: Terms = TERMS, slug: str = "dreifeldhalle") -> Gym:
    """Put the hall into the cast's town, with a club whose manager is the coach, and a clerk of the sports office."""
    place = Site(id=uuid4(), municipality_id=town.town.id, name="Schulzentrum", street="Am Sportplatz 1")
    session.add(place)
    session.flush()
    every_day, school_days = frozenset(range(7)), frozenset(range(5))
    hall = Hall(
        id=uuid4(),
        municipality_id=town.town.id,
        name="Dreifeldhalle",
        slug=slug,
        site_id=place.id,
        combinations=COMBINATIONS,
        sports=["Handball", "Badminton"],
        step_free=True,
        hours=HallHours(
            open=(WeeklyRule(every_day, 8 * 60, 22 * 60, on_holidays=True),),
            school=(WeeklyRule(school_days, 8 * 60, 16 * 60),),
            cleaning=(WeeklyRule(frozenset({0}), 21 * 60, 22 * 60),),
        ),
        caretaker_phone="05441 777",
    )
    session.add(hall)
    session.flush()
    parts = {
        number: HallPart(
            id=uuid4(), municipality_id=town.town.id, hall_id=hall.id, number=number, name=name, side=number == 4
        )
        for number, name in ((1, "Feld 1"), (2, "Feld 2"), (3, "Feld 3"), (4, "Foyer"))
    }
    club = Organisation(
        id=uuid4(),
        municipality_id=town.town.id,
        name="TuS Diepholz",
        state="approved",
        email="tus@example.org",
        made_at=NOW - timedelta(days=200),
    )
    coach = session.scalar(select(Person).where(Person.email == "coach@example.org"))  # one account for all towns
    coach = coach or Person(
        id=uuid4(), email="coach@example.org", name="Alex Brandt", made_at=NOW - timedelta(days=200)
    )
    policy = Policy(
        id=uuid4(),
        municipality_id=town.town.id,
        journey="halls",
        valid_from=date(2026, 1, 1),
        terms=terms,
        made_at=NOW - timedelta(days=300),
        made_by="Herr Lange",
    )
    tariff = Tariff(
        id=uuid4(),
        municipality_id=town.town.id,
        journey="halls",
        valid_from=date(2026, 1, 1),
        made_at=NOW - timedelta(days=300),
        made_by="Herr Lange",
    )
    tariff.items = [
        TariffItem(
            position=0,
            code="use",
            label="Jugend eines Vereins",
            cents=200,
            unit="hour",
            per_part=True,
            conditions=Conditions(user_classes=("club",), age_groups=("youth",)),
        ),
        TariffItem(position=1, code="use", label="Nutzung der Halle", cents=600, unit="hour", per_part=True),
    ]
    clerk = Clerk(
        id=uuid4(), municipality_id=town.town.id, name="Herr Lange", email=f"lange@{slug}.example.org", role="sports"
    )
    session.add_all([*parts.values(), club, coach, policy, tariff, clerk])
    session.flush()
    session.add(
        Member(id=uuid4(), organisation_id=club.id, person_id=coach.id, role="manager", added_at=NOW, added_by="")
    )
    session.flush()
    session.refresh(hall)
    return Gym(town, hall, parts, club, coach, policy, tariff, clerk)


def slot(gym: Gym, *parts: int, day: date = TUESDAY, hour: int = 18, minutes: int = 120) -> Slot:
    """Parts of the hall from an hour on the wall, for so many minutes of real time."""
    start = slot_at(day, hour)
    return Slot(gym.hall.id, parts, Span(start, start + timedelta(minutes=minutes)))


def held(session: Session, gym: Gym, wanted: Slot, user_class: str = "local", at: datetime = NOW) -> Booking:
    return reservation.hold(session, gym.town.town, wanted, user_class, at, CITIZEN)


def booked(
    session: Session, gym: Gym, wanted: Slot, use: Use = KIM, user_class: str = "local", at: datetime = NOW
) -> Booking:
    """A citizen's booking whose address is proven, as far as the policy lets it go by itself."""
    booking = held(session, gym, wanted, user_class, at)
    reservation.submit(session, booking, use, at, CITIZEN)
    reservation.prove(session, booking, at)
    return booking


def of_club(session: Session, gym: Gym, wanted: Slot, at: datetime = NOW, title: str = "Handball") -> Booking:
    """A booking that the coach has made for the club."""
    booking = reservation.hold(session, gym.town.town, wanted, "club", at, CITIZEN, organisation=gym.club)
    use = Use(organiser=gym.club.name, contact=gym.coach.name, email=gym.coach.email, title=title, persons=14)
    reservation.book_for(session, booking, use, at, CITIZEN)
    return booking
