"""The people and places that the tests speak of, the same as in seed_data/: Diepholz, its rooms, its registrars."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.base.settings import DEMO_SECRET, DEMO_STRIPE_KEY, DEMO_WEBHOOK_SECRET, Settings
from buchbar.booking import lifecycle
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.models import Booking, Policy
from buchbar.booking.terms import DaysAfterBooking, Terms
from buchbar.booking.weddings import reservation
from buchbar.booking.weddings.reservation import Couple
from buchbar.calendar.release import Rolling
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import at
from buchbar.payments.models import Tariff, TariffItem
from buchbar.resources.models import Opening, Registrar, Site, Venue

BERLIN = ZoneInfo("Europe/Berlin")
# A Monday morning in Diepholz: 10 o'clock.
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FRIDAY = date(2027, 5, 14)
SATURDAY = date(2027, 5, 15)

SETTINGS = Settings(
    demo=True,
    database_url="",
    base_url="http://testserver.local",
    port=8000,
    workers=1,
    secret=DEMO_SECRET,
    allowed_hosts=("testserver.local",),
    smtp_url="",
    mail_from="Stadt Diepholz <standesamt@example.org>",
    stripe_key=DEMO_STRIPE_KEY,
    stripe_webhook_secret=DEMO_WEBHOOK_SECRET,
    stripe_url="http://127.0.0.1:8001",
    pool=10,
)

ANNA_AND_BEN = Couple(
    partner_one="Anna Müller",
    partner_two="Ben Yıldız",
    email="anna@example.org",
    phone="05441 12345",
    guests=10,
    foreign=False,
    elsewhere=False,
    remarks="",
)
CLERK = Actor("clerk", "Frau Sommer")


@dataclass
class Cast:
    """A town hall room in the town hall itself, a mill outside, and two registrars who go to both."""

    town: Municipality
    room: Venue
    mill: Venue
    registrars: list[Registrar]
    policy: Policy
    tariff: Tariff
    clerk: Clerk


def slot_at(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall-clock time in Diepholz."""
    return at(day, hour * 60 + minute, BERLIN)


def assemble(session: Session, terms: Terms | None = None, slug: str = "diepholz", registrars: int = 2) -> Cast:
    """Put the cast into the database. The room: Mondays to Saturdays 9 to 12, every 45 minutes; the mill: Fridays
    and Saturdays 10 to 16, May to September, 20 minutes away."""
    town = Municipality(
        id=uuid4(),
        slug=slug,
        name=slug.title(),
        land="NI",
        office="Standesamt Diepholz",
        city="Diepholz",
        email="standesamt@example.org",
        phone="05441 909-0",
    )
    hall = Site(id=uuid4(), municipality_id=town.id, name="Rathaus", street="Rathausmarkt 1", city="Diepholz")
    outside = Site(id=uuid4(), municipality_id=town.id, name="Mühle", street="Am Mühlenteich 3", way_minutes=20)
    room = Venue(
        id=uuid4(),
        municipality_id=town.id,
        name="Trauzimmer im Rathaus",
        slug="rathaus",
        site_id=hall.id,
        persons=22,
        counts_couple=True,
        step_free=True,
        length_minutes=30,
        step_minutes=45,
        cleaning_minutes=15,
        openings=[Opening(rule=WeeklyRule(frozenset(range(6)), 9 * 60, 12 * 60))],
    )
    mill = Venue(
        id=uuid4(),
        municipality_id=town.id,
        name="Wassermühle",
        slug="muehle",
        site_id=outside.id,
        position=1,
        persons=40,
        counts_couple=False,
        length_minutes=30,
        step_minutes=60,
        setup_minutes=15,
        cleaning_minutes=15,
        owner_name="Mühlenverein",
        owner_email="muehle@example.org",
        openings=[
            Opening(rule=WeeklyRule(frozenset({4, 5}), 10 * 60, 16 * 60, season_from=(5, 1), season_until=(9, 30)))
        ],
    )
    duty = WeeklyRule(frozenset(range(6)), 8 * 60, 17 * 60)
    staff = [
        Registrar(
            id=uuid4(),
            municipality_id=town.id,
            name=name,
            initials=name[:2].upper(),
            venues=[room, mill],
            openings=[Opening(rule=duty)],
        )
        for name in ("Ahrens", "Behrens", "Cordes", "Dierks", "Evers")[:registrars]
    ]
    policy = Policy(
        id=uuid4(),
        municipality_id=town.id,
        journey="weddings",
        valid_from=date(2026, 1, 1),
        terms=terms or Terms(release=Rolling(12), deadline=DaysAfterBooking(40), payment="required"),
        made_at=NOW - timedelta(days=300),
        made_by="Frau Sommer",
    )
    tariff = Tariff(
        id=uuid4(),
        municipality_id=town.id,
        journey="weddings",
        valid_from=date(2026, 1, 1),
        office_hours=(WeeklyRule(frozenset(range(4)), 480, 960), WeeklyRule(frozenset({4}), 480, 780)),
        made_at=NOW - timedelta(days=300),
        made_by="Frau Sommer",
    )
    prices = [
        ("base", "Anmeldung und Eheschließung", 6000, None),
        ("foreign", "Prüfung ausländischen Rechts", 4000, None),
        ("elsewhere", "Eheschließung bei Anmeldung andernorts", 4500, None),
        ("outside_hours", "Trauung außerhalb der Dienstzeit", 8000, None),
        ("saturday", "Trauung am Samstag", 11000, None),
        ("room", "Nutzung der Mühle", 15000, mill.id),
    ]
    tariff.items = [
        TariffItem(
            position=n, code=code, label=label, cents=cents, resource_id=venue, vat="19" if venue else "hoheitlich"
        )
        for n, (code, label, cents, venue) in enumerate(prices)
    ]
    clerk = Clerk(id=uuid4(), municipality_id=town.id, name="Frau Sommer", email=f"sommer@{slug}.example.org")
    session.add(town)
    session.flush()
    session.add_all([hall, outside])
    session.flush()
    session.add_all([room, mill, policy, clerk])
    session.flush()
    session.add_all([*staff, tariff])
    session.flush()
    return Cast(town, room, mill, staff, policy, tariff, clerk)


def reserved(
    session: Session, cast: Cast, start: datetime, couple: Couple = ANNA_AND_BEN, at: datetime = NOW
) -> Booking:
    """A reservation by an online couple whose address is proven, as far as the policy lets it go by itself."""
    booking = reservation.hold(session, cast.town, cast.room.id, start, at, CITIZEN)
    reservation.submit(session, booking, couple, at, CITIZEN)
    reservation.prove(session, booking, at)
    return booking


def confirmed(
    session: Session, cast: Cast, start: datetime, couple: Couple = ANNA_AND_BEN, at: datetime = NOW
) -> Booking:
    """A reservation that the office has agreed to."""
    booking = reserved(session, cast, start, couple, at)
    lifecycle.approve(session, booking, "office", at, CLERK)
    return booking
