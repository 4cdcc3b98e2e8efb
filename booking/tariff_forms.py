"""A tariff as fields of a form, and back: rows of positions and rows of office hours, as many as were typed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking import tariff_items
from buchbar.booking.tariff_areas import TariffArea
from buchbar.booking.tariff_items import FIELDS, MANY, clock
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import MINUTES_A_DAY
from buchbar.payments.models import Tariff, TariffItem

ITEMS, HOURS = 60, 14  # rows that a form can hold
FILLED = ("label", "euros", "percent")  # a row with one of these is a position
HOURS_FIELDS = ("days", "from", "until")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says of a tariff."""

    valid_from: date
    note: str
    office_hours: tuple[WeeklyRule, ...]
    items: list[TariffItem] = field(default_factory=list)


def retyped(form: Form) -> dict[str, str]:
    """What was typed, by field; what was ticked of several in one: "0,1,2"."""
    many = [f"{name}_{row}" for name in MANY for row in range(1, ITEMS + 1)]
    many += [f"days_{row}" for row in range(1, HOURS + 1)]
    return dict(form) | {name: ",".join(form.all(name)) for name in many}


def read(typed: Mapping[str, str], area: TariffArea, places: Iterable[UUID], today: date) -> Draft:
    """The tariff that was typed. Raises Invalid with a sentence per faulty field and all that was typed."""
    faults: dict[str, str] = {}

    def take(fields: Mapping[str, forms.Field]) -> dict[str, Any]:
        try:
            return vars(forms.read(typed, **fields))
        except Invalid as fault:
            faults.update(fault.fields)
            return {}

    head = take({"valid_from": _not_before(today), "note": forms.text(300, required=False)})
    rows = _filled(typed, ITEMS, FILLED)
    items = [item for row in rows if (item := tariff_items.read(take, faults, row, area, places))]
    hours = [rule for row in _filled(typed, HOURS, HOURS_FIELDS) if (rule := _hours(take, faults, row))]
    if not items and not faults:
        faults["label_1"] = _("Bitte tragen Sie wenigstens eine Position ein.")
    if faults:
        raise Invalid({name: faults[name] for name in _order() if name in faults}, dict(typed))
    return Draft(head["valid_from"], head["note"], tuple(hours), items)


def typed_of(tariff: Tariff, valid_from: date) -> dict[str, str]:
    """The fields of the form that would make this tariff."""
    fields = {"valid_from": valid_from.isoformat(), "note": tariff.note}
    for row, item in enumerate(tariff.items[:ITEMS], 1):
        fields |= {f"{name}_{row}": value for name, value in tariff_items.typed_of(item).items()}
    for row, rule in enumerate(tariff.office_hours[:HOURS], 1):
        days = ",".join(str(day) for day in sorted(rule.weekdays))
        hours = (days, clock(rule.from_minute), clock(rule.until_minute))
        fields |= {f"{name}_{row}": value for name, value in zip(HOURS_FIELDS, hours, strict=True)}
    return fields


def proposed(area: TariffArea, today: date) -> dict[str, str]:
    """The fields of a first tariff: what most towns charge for, without the amounts, and mornings as office hours."""
    fields = {"valid_from": today.isoformat()}
    if area.office_hours:
        fields |= {"days_1": "0,1,2,3,4", "from_1": "08:00", "until_1": "12:00"}
    for row, (code, label) in enumerate(area.usual.items(), 1):
        fields |= {f"code_{row}": code, f"label_{row}": _(label), f"vat_{row}": "hoheitlich"}
    return fields


def rows(typed: Mapping[str, str], names: Iterable[str], most: int, spare: int) -> range:
    """The rows to show: the filled ones, and some to fill."""
    filled = [row for row in range(1, most + 1) if any(typed.get(f"{name}_{row}") for name in names)]
    return range(1, min(most, max(filled, default=0) + spare) + 1)


def _filled(typed: Mapping[str, str], most: int, names: Iterable[str]) -> list[int]:
    names = list(names)
    return [row for row in range(1, most + 1) if any((typed.get(f"{name}_{row}") or "").strip() for name in names)]


def _hours(take: Any, faults: dict[str, str], row: int) -> WeeklyRule | None:
    read = take({f"days_{row}": _weekdays, f"from_{row}": forms.minute, f"until_{row}": forms.minute})
    if not read:
        return None
    days, start, end = read.values()
    if not start < end <= MINUTES_A_DAY:
        faults[f"until_{row}"] = _("Das Ende liegt vor dem Anfang.")
        return None
    return WeeklyRule(days, start, end)


def _weekdays(typed: str) -> frozenset[int]:
    days = {int(day) for day in typed.split(",") if day in {*"0123456"}}
    if not days:
        raise ValueError(_("Bitte wählen Sie wenigstens einen Wochentag."))
    return frozenset(days)


def _not_before(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed)
        if day < today:
            raise ValueError(_("Eine Entgeltordnung gilt frühestens ab heute."))
        return day

    return convert


def _order() -> list[str]:
    """The fields in the order in which they stand on the page, and so the order of their faults."""
    items = [f"{name}_{row}" for row in range(1, ITEMS + 1) for name in FIELDS]
    return ["valid_from", "note", *items, *(f"{name}_{row}" for row in range(1, HOURS + 1) for name in HOURS_FIELDS)]
