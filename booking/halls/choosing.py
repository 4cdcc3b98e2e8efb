"""What somebody has chosen of one hall: parts, day, beginning, length, and for whom; as it stands in an address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from litestar.datastructures import MultiDict

from buchbar.base import forms
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, parts_in_words, read_parts
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.tariff import OFFERS
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at

USUAL_MINUTES = 90
FIELDS = ("tag", "von", "minuten", "alter", "zweck")


@dataclass(frozen=True, slots=True)
class Choice:
    """``slot`` is None as long as a day or a beginning is missing, or can't be understood."""

    typed: Mapping[str, str]
    faults: Mapping[str, str]
    parts: Parts
    minutes: int
    day: date | None
    slot: Slot | None

    @property
    def age_group(self) -> str:
        return self.typed["alter"] if self.typed["alter"] in OFFERS.age_groups else "adults"

    @property
    def purpose(self) -> str:
        return self.typed["zweck"] if self.typed["zweck"] in OFFERS.purposes else "training"


def chosen(query: MultiDict[Any], rules: HallPlan, hall: HallRules, usual: Slot | None = None) -> Choice:
    """Read the choice; what isn't chosen is as in ``usual``, as far as the hall has that. What can't be read becomes a
    fault beside its field. Raises NotFound for parts that mean nothing."""
    length = usual.span.length // timedelta(minutes=1) if usual else USUAL_MINUTES
    typed = {name: (query.get(name) or "").strip() for name in FIELDS}
    faults: dict[str, str] = {}

    def read(name: str, convert: forms.Field) -> Any:
        try:
            return convert(typed[name]) if typed[name] else None
        except ValueError as fault:
            faults[name] = str(fault)
            return None

    day, minute, minutes = read("tag", forms.day), read("von", forms.minute), read("minuten", forms.whole(15, 1440))
    parts = _parts(query, hall, usual)
    if not hall.allows(parts):
        faults["teile"] = _("Diese Teile der Halle können nicht zusammen gebucht werden.")
    slot = None
    if day and minute is not None and not faults:
        start = at(day, minute, rules.zone)
        slot = Slot(hall.id, parts, Span(start, start + timedelta(minutes=minutes or length)))
    return Choice(typed, faults, parts, minutes or length, day, slot)


def part_choices(hall: HallRules) -> list[tuple[str, str]]:
    """The combinations of fields, as a form offers them; in a hall without fields its rooms."""
    fields = [parts for parts in hall.choices() if hall.fields_of(parts)]
    return [(parts_in_words(parts), hall.named(parts)) for parts in fields or hall.choices()]


def _parts(query: MultiDict[Any], hall: HallRules, usual: Slot | None) -> Parts:
    """Fields from a choice of one, side rooms from boxes; by default the usual ones, or the first that can be had. An
    address that people typed may have its plus signs read as blanks."""
    named = [each.replace(" ", "+") for each in [query.get("teile") or "", *query.getall("dazu", [])] if each]
    numbers = {number for each in named for number in read_parts(each)}
    if not numbers:
        if usual and hall.allows(usual.parts):
            return usual.parts
        if not hall.choices():
            raise NotFound
        return hall.choices()[0]
    return tuple(sorted(numbers))
