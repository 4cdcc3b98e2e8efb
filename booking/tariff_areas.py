"""For what a town has tariffs. ``app`` puts the areas in; an area may be there before its journey is."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case


@dataclass(frozen=True, slots=True)
class Example:
    """What one typical booking costs: cents by (code, label), under the tariff ``before`` and the one ``after``."""

    title: str
    before: dict[tuple[str, str], int]
    after: dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Offers:
    """What a tariff's positions can say in an area, beyond a price once a booking: names and their words.

    ``parts``: how many a hall has at most, 0 where nothing is divided. ``hours``: whether weekday, time of day and
    season count.
    """

    kinds: tuple[str, ...] = ("price",)
    units: tuple[str, ...] = ("booking",)
    user_classes: Mapping[str, str] = field(default_factory=dict)
    age_groups: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)
    parts: int = 0
    hours: bool = False


@dataclass(frozen=True, slots=True)
class TariffArea:
    """``codes``: when a position is due, by its code; ``usual``: how positions that most towns have are called, by
    their code, a first tariff is proposed with them. ``questions``: what the calculator asks to tick, as traits of the
    case. ``office_hours``: whether it has some. ``places``: what of the town a position can be
    for, with its name, among it what isn't used any more but named by these ids; None where there is no such thing.
    ``due``: the codes that are due in a case. ``examples``: what typical bookings cost under the tariff that held
    before, if any did, and under a new one."""

    name: str
    title: str
    codes: Mapping[str, str]
    usual: Mapping[str, str]
    offers: Offers
    questions: Mapping[str, str]
    office_hours: bool
    places: Callable[[Session, Municipality, Collection[UUID]], list[tuple[UUID, str]]] | None
    due: Callable[[Tariff, Case], Collection[str]]
    examples: Callable[[Session, Municipality, Tariff | None, Tariff], list[Example]]


_areas: dict[str, TariffArea] = {}


def put_in(area: TariffArea) -> None:
    """Make an area known."""
    _areas[area.name] = area


def known() -> list[TariffArea]:
    """All areas of this installation."""
    return list(_areas.values())


def named(name: str) -> TariffArea:
    """The area of this name, by default the first. Raises NotFound."""
    for area in _areas.values():
        if name in ("", area.name):
            return area
    raise NotFound


def by_position(lines: Iterable[Line]) -> dict[tuple[str, str], int]:
    """The cents of a price by (code, label), for a comparison."""
    sums: dict[tuple[str, str], int] = {}
    for line in lines:
        sums[line.code, line.label] = sums.get((line.code, line.label), 0) + line.cents
    return sums
