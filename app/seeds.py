"""What a file of ``seed_data/`` says: a municipality as a person writes it down, read and checked.

Times are written as in a notice on the door (``days = "Mo-Fr", hours = "09:00-12:00"``), amounts as on a bill
(``"60,00"``). What depends on the day of loading is given in weeks from then.
"""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from buchbar.app.seed_halls import ClubSeed, HallSeed
from buchbar.app.seed_parts import Hours, Part, month_day, weekdays
from buchbar.base.money import parse_euros
from buchbar.base.settings import ROOT
from buchbar.booking.terms import Terms
from buchbar.calendar.months import monday_of
from buchbar.payments.models import Conditions
from buchbar.payments.rules import DunningLevel

SEED_DATA = ROOT / "seed_data"


class Faulty(Exception):
    """The file can't be used; the message says where and why."""


class Leave(Part):
    """Whole weeks, Monday to Sunday, so many weeks after the day of loading."""

    in_weeks: int
    weeks: int
    note: str

    def days(self, today: date) -> list[date]:
        first = monday_of(today) + timedelta(weeks=self.in_weeks)
        return [first + timedelta(days=n) for n in range(7 * self.weeks)]


class ClosedDay(Part):
    """A day on which no venue is open: each year ("12-24"), or a weekday so many weeks after loading."""

    reason: str
    yearly: str = ""
    in_weeks: int = 0
    weekday: str = ""

    def days(self, today: date) -> list[date]:
        """Those from today on until a year and a quarter later, which is as far as any calendar is open."""
        if self.yearly:
            month, day = month_day(self.yearly)
            each_year = (date(today.year + n, month, day) for n in range(3))
            return [day for day in each_year if today <= day <= today + timedelta(days=460)]
        (weekday,) = weekdays(self.weekday)
        return [monday_of(today) + timedelta(weeks=self.in_weeks, days=weekday)]


class SiteSeed(Part):
    slug: str
    name: str
    street: str
    postcode: str
    city: str
    way_minutes: int = 0


class VenueSeed(Part):
    """Fields as in resources/models.py; ``site`` is the slug of one of the sites."""

    slug: str
    site: str
    name: str
    picture: str
    summary: str
    description: str
    house_rules: list[str]
    persons: int
    counts_couple: bool
    step_free: bool
    access_note: str
    length_minutes: int
    step_minutes: int
    open: tuple[Hours, ...]
    visibility: str = "bookable"
    season_note: str = ""
    setup_minutes: int = 0
    cleaning_minutes: int = 15
    owner_name: str = ""
    owner_email: str = ""


class RegistrarSeed(Part):
    """``venues`` are the slugs of those where this registrar marries; none means all."""

    name: str
    initials: str
    duty: tuple[Hours, ...]
    venues: tuple[str, ...] = ()
    leave: tuple[Leave, ...] = ()


class ClerkSeed(Part):
    name: str
    email: str
    role: str


class PolicySeed(Part):
    """``area`` is the journey that the policy is for."""

    valid_from: date
    terms: Terms
    area: str = "weddings"


class VatSeed(Part):
    valid_from: date
    vat: str


class Price(Part):
    """One position of a tariff, with the words of payments/models.py; with ``venue`` (a slug) only there. What isn't
    given holds for all and always; ``holidays``: the hours hold on public holidays too."""

    code: str
    label: str
    price: str = "0"
    vat: str = "hoheitlich"
    venue: str = ""
    kind: str = "price"
    unit: str = "booking"
    per_part: bool = False
    percent: int = 0
    users: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    open: tuple[Hours, ...] = ()
    holidays: bool = False
    vat_changes: tuple[VatSeed, ...] = ()

    @property
    def cents(self) -> int:
        return parse_euros(self.price)

    @property
    def conditions(self) -> Conditions:
        """For whom and when. Raises ValueError for times that mean nothing."""
        return Conditions(
            user_classes=self.users,
            age_groups=self.ages,
            purposes=self.purposes,
            traits=self.traits,
            hours=tuple(hours.rule() for hours in self.open),
            holidays=self.holidays,
        )


class TariffSeed(Part):
    """``area`` is for what the tariff is (booking/tariff_areas.py)."""

    valid_from: date
    note: str
    items: tuple[Price, ...]
    area: str = "weddings"
    office_hours: tuple[Hours, ...] = ()


class DunningSeed(Part):
    days: int
    pay_days: int
    words: str
    fee: str = "0"

    @property
    def level(self) -> DunningLevel:
        return DunningLevel(self.days, parse_euros(self.fee), self.words, self.pay_days)


class MoneySeed(Part):
    """How the town keeps its money: fields as in payments/rules.py."""

    ways: tuple[str, ...]
    payee: str
    iban: str
    document: str
    due_days: int
    creditor_id: str = ""
    counter_hours: str = ""
    instructions: str = ""
    number_pattern: str = ""
    sign_pattern: str = ""
    sign_check: str = ""
    dunning: tuple[DunningSeed, ...] = ()


class TownSeed(Part):
    """A municipality with all that it needs to marry people. ``bookings``: how many the demonstration makes up for the
    coming year, ``past_bookings`` for the last one; ``full_day``: how many for one day, beside something to do of every
    kind; ``hall_weeks``: for how many weeks back and ahead its clubs train."""

    slug: str
    name: str
    land: str
    office: str
    street: str
    postcode: str
    city: str
    phone: str
    email: str
    kind: str = "town"
    county: str = ""
    sports_office: str = ""
    sports_phone: str = ""
    sports_email: str = ""
    greeting: str = ""
    demonstration: bool = False
    bookings: int = 0
    past_bookings: int = 0
    full_day: int = 0
    hall_weeks: int = 0
    policies: tuple[PolicySeed, ...] = ()
    tariffs: tuple[TariffSeed, ...] = ()
    money: MoneySeed | None = None
    sites: tuple[SiteSeed, ...] = ()
    venues: tuple[VenueSeed, ...] = ()
    registrars: tuple[RegistrarSeed, ...] = ()
    halls: tuple[HallSeed, ...] = ()
    clubs: tuple[ClubSeed, ...] = ()
    clerks: tuple[ClerkSeed, ...] = ()
    closures: tuple[ClosedDay, ...] = ()


class Names(Part):
    """First and last names to make couples of."""

    first: tuple[str, ...]
    last: tuple[str, ...]


def town(path: Path) -> TownSeed:
    """Read one municipality. Raises Faulty."""
    return _read(path, TownSeed)


def names() -> Names:
    """The invented names of the demonstration."""
    return _read(SEED_DATA / "couples.toml", Names)


def demonstration() -> list[TownSeed]:
    """The demonstration county, its towns, and the town of another Land; the county first."""
    towns = [town(path) for path in sorted(SEED_DATA.glob("*.toml")) if path.stem != "couples"]
    return sorted(towns, key=lambda each: (each.kind != "county", each.slug))


def _read(path: Path, kind: Any) -> Any:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), type=kind)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise Faulty(f"{path}: {fault}") from fault
