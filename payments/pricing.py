"""What a case costs under a tariff, explained line by line. Pure: the same case under the same tariff costs the same.

Time is counted as it passes, so a night in October from 22:00 to 04:00 has seven hours; which position holds is told
by the clock on the wall.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from buchbar.base import texts
from buchbar.base.money import share, spread
from buchbar.base.texts import N_, _, ngettext
from buchbar.calendar.public_holidays import holiday_name
from buchbar.calendar.rules import opening
from buchbar.calendar.spans import Span, as_utc
from buchbar.calendar.walls import at, day_span, local_date
from buchbar.payments.ledger import Line
from buchbar.payments.models import Conditions, TariffItem

UNITS = {
    "booking": N_("Buchung"),
    "hour": N_("angefangene Stunde"),
    "half_hour": N_("angefangene halbe Stunde"),
    "day": N_("Tag"),
    "person": N_("Person"),
}
_LENGTHS = {"hour": timedelta(hours=1), "half_hour": timedelta(minutes=30)}
_ONE_DAY = timedelta(days=1)
_EVERY_DAY = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be priced: from ``start`` until ``end``, both aware, on the walls of ``zone`` and with the holidays of
    ``land``. ``due`` are the codes whose positions are due. A case without length has one unit of each kind.

    ValueError for naive moments, and for an end before the start.
    """

    start: datetime
    end: datetime
    zone: ZoneInfo
    land: str
    due: Collection[str]
    resource_id: UUID | None = None
    user_class: str = ""
    age_group: str = ""
    purpose: str = ""
    traits: Collection[str] = ()
    persons: int = 1
    parts: int = 1

    def __post_init__(self) -> None:
        if as_utc(self.end) < as_utc(self.start):
            raise ValueError(f"a case ends after it starts: {self.start} to {self.end}")

    @property
    def day(self) -> date:
        """The first day, as the calendar on the wall has it."""
        return local_date(self.start, self.zone)


@dataclass(frozen=True, slots=True)
class _Unit:
    """One begun unit of a position, and what it costs."""

    item: TariffItem
    begins: datetime
    cents: int


def price(items: Iterable[TariffItem], case: Case) -> list[Line]:
    """The positions that are due, in the tariff's order; what bounds the sum comes last. The sum is never negative.

    Each begun unit belongs to the first position of its code that holds when the unit begins; a price per booking or
    person is one unit to the end of the case. Where that position has no conditions, all of its code that are per
    booking or person and have none are due beside it. Percentages are of the prices that stand before them, as far as
    these fall into the hours of the percentage, and have their VAT; what else lowers or bounds the sum is shared out
    over the VAT keys in it.
    """
    fitting = [item for item in items if _fits(item, case)]
    prices = [item for item in fitting if item.kind == "price"]
    units = [unit for code in dict.fromkeys(item.code for item in prices) for unit in _begun(prices, code, case)]
    lines = {n: [_priced(item, units, case)] for n, item in enumerate(fitting) if any(u.item is item for u in units)}
    sums = _sums(line for of_one in lines.values() for line in of_one)
    for n, item in enumerate(fitting):
        if item.kind in ("surcharge", "reduction"):
            before = [unit for unit in units if unit.item in fitting[:n]]
            lines[n] = _adjusted(item, before, sums, case)
            sums = sums + _sums(lines[n])
    said = [line for n in sorted(lines) for line in lines[n]]
    return said + _bounds(fitting, sums, case) if said else []


def vat_on(item: TariffItem, day: date) -> str:
    """The VAT key that holds for what takes place on a day."""
    begun = [change for change in item.vat_changes if change.valid_from <= day]
    return max(begun, key=lambda change: change.valid_from).vat if begun else item.vat


def _fits(item: TariffItem, case: Case) -> bool:
    """Whether the position is due for such a case at all, the hours left aside."""
    wanted = item.conditions
    least, most = wanted.parts or (case.parts, case.parts)
    asked = (
        (wanted.user_classes, case.user_class),
        (wanted.age_groups, case.age_group),
        (wanted.purposes, case.purpose),
    )
    return (
        item.code in case.due
        and item.resource_id in (None, case.resource_id)
        and all(not allowed or given in allowed for allowed, given in asked)
        and all(trait in case.traits for trait in wanted.traits)
        and least <= case.parts <= most
    )


def _begun(prices: Sequence[TariffItem], code: str, case: Case) -> list[_Unit]:
    """The units of all prices with a code, one after the other."""
    alike = [item for item in prices if item.code == code]
    units: list[_Unit] = []
    moment, end = as_utc(case.start), as_utc(case.end)
    while True:
        holding = _together([item for item in alike if _holds(item, moment, case)])
        units += [_Unit(item, moment, _each(item, case)) for item in holding]
        moment = _end_of_unit(holding[0], moment, case) if holding else _next_hours(alike, moment, case)
        if moment >= end:
            return units


def _together(holding: list[TariffItem]) -> list[TariffItem]:
    """The first that holds; of those that are for all and for the whole case, all."""
    if holding and _is_plain(holding[0]):
        return [item for item in holding if _is_plain(item)]
    return holding[:1]


def _is_plain(item: TariffItem) -> bool:
    return item.unit in ("booking", "person") and item.conditions == Conditions()


def _each(item: TariffItem, case: Case) -> int:
    """What one unit costs, in cents."""
    return item.cents * (case.parts if item.per_part else 1) * (case.persons if item.unit == "person" else 1)


def _end_of_unit(item: TariffItem, moment: datetime, case: Case) -> datetime:
    if item.unit == "day":
        return at(local_date(moment, case.zone) + _ONE_DAY, 0, case.zone)
    length = _LENGTHS.get(item.unit)
    return moment + length if length else as_utc(case.end)


def _holds(item: TariffItem, moment: datetime, case: Case) -> bool:
    """Whether a moment falls into the hours of the position."""
    return any(span.contains(moment) for span in _hours(item, local_date(moment, case.zone), case))


def _next_hours(items: Iterable[TariffItem], moment: datetime, case: Case) -> datetime:
    """When the hours of one of the positions begin next; at the latest the next midnight, to look again then."""
    day = local_date(moment, case.zone)
    starts = [span.start for item in items for span in _hours(item, day, case) if span.start > moment]
    return min(starts, default=at(day + _ONE_DAY, 0, case.zone))


def _hours(item: TariffItem, day: date, case: Case) -> tuple[Span, ...]:
    return _hours_on(item.conditions, day, case.zone, case.land)


@lru_cache(maxsize=4096)
def _hours_on(conditions: Conditions, day: date, zone: ZoneInfo, land: str) -> tuple[Span, ...]:
    holiday = conditions.holidays and holiday_name(day, land) is not None
    if not conditions.hours and holiday == conditions.holidays:
        return (day_span(day, zone),)
    rules = [replace(rule, weekdays=_EVERY_DAY, on_holidays=True) if holiday else rule for rule in conditions.hours]
    return tuple(opening(rules, (), day, zone, land))


def _priced(item: TariffItem, units: Iterable[_Unit], case: Case) -> Line:
    """The line of a price, over all its units."""
    own = [unit for unit in units if unit.item is item]
    return _line(item, sum(unit.cents for unit in own), _count(item, len(own), case), case)


def _sums(lines: Iterable[Line]) -> Counter[str]:
    """What stands under each VAT key, in cents."""
    sums: Counter[str] = Counter()
    for line in lines:
        sums[line.vat] += line.cents
    return sums


def _adjusted(item: TariffItem, before: Iterable[_Unit], sums: Counter[str], case: Case) -> list[Line]:
    """What a surcharge or a reduction comes to; no reduction takes more of a VAT key than ``sums`` has there."""
    lowers = item.kind == "reduction"
    if item.percent:
        lines = _percentages(item, before, case)
        lines = [replace(each, cents=-min(each.cents, sums[each.vat])) for each in lines] if lowers else lines
    else:
        line = _amount(item, case)
        lines = _shared(replace(line, cents=-min(line.cents, sums.total())), sums) if lowers else [line]
    return [line for line in lines if line.cents]


def _shared(line: Line, sums: Counter[str]) -> list[Line]:
    """What changes the whole sum, shared out over what stands under each VAT key; under its own where nothing does."""
    keys = [key for key in sums if sums[key]]
    if len(keys) < 2:
        return [replace(line, vat=keys[0] if keys else line.vat)]
    note = ", ".join(words for words in (line.note, _("anteilig")) if words)
    parts = spread(line.cents, [sums[key] for key in keys])
    return [replace(line, cents=part, vat=key, note=note) for key, part in zip(keys, parts, strict=True) if part]


def _percentages(item: TariffItem, before: Iterable[_Unit], case: Case) -> list[Line]:
    """A percentage of prices, a line for each VAT key among them: for the tax, what changes a price is part of it."""
    bases: Counter[str] = Counter()
    for unit in before:
        if _holds(item, unit.begins, case):
            bases[vat_on(unit.item, case.day)] += unit.cents
    lines = []
    for vat, base in bases.items():
        note = _("%(percent)d %% von %(sum)s") % {"percent": item.percent, "sum": texts.euros(base)}
        lines.append(Line(item.code, item.label, share(base, item.percent), vat, note))
    return lines


def _amount(item: TariffItem, case: Case) -> Line:
    """A surcharge or a reduction in cents, over its own units."""
    units = _begun([item], item.code, case)
    return _line(item, sum(unit.cents for unit in units), _count(item, len(units), case), case)


def _bounds(items: Iterable[TariffItem], sums: Counter[str], case: Case) -> list[Line]:
    """What is missing to the first minimum that holds, and what is above the first maximum. The maximum wins."""
    holding = [item for item in items if _holds(item, as_utc(case.start), case)]
    lines: list[Line] = []
    for kind, words in (("minimum", _("mindestens %s")), ("maximum", _("höchstens %s"))):
        bound, total = next((item for item in holding if item.kind == kind), None), sums.total()
        beyond = bound and (total < bound.cents if kind == "minimum" else total > bound.cents)
        if bound and beyond:
            line = _line(bound, bound.cents - total, words % texts.euros(bound.cents), case)
            shared = _shared(line, sums)
            lines, sums = lines + shared, sums + _sums(shared)
    return lines


def _line(item: TariffItem, cents: int, note: str, case: Case) -> Line:
    return Line(item.code, item.label, cents, vat_on(item, case.day), note)


def _count(item: TariffItem, units: int, case: Case) -> str:
    """ "3 × angefangene Stunde à 6,00 €, 2 Hallenteile"; nothing for what is simply due once."""
    if item.unit == "booking" and not item.per_part:
        return ""
    count = units * (case.persons if item.unit == "person" else 1)
    words = {"count": count, "unit": _(UNITS[item.unit]), "price": texts.euros(item.cents)}
    said = _("%(count)d × %(unit)s à %(price)s") % words
    if item.per_part:
        said += ", " + ngettext("%(num)d Hallenteil", "%(num)d Hallenteile", case.parts) % {"num": case.parts}
    return said
