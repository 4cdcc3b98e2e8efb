"""One position of a tariff as fields of a form, and back. What an area doesn't offer, its form doesn't ask."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from buchbar.base import forms
from buchbar.base.money import decimal
from buchbar.base.texts import N_, _
from buchbar.booking.tariff_areas import TariffArea
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import MINUTES_A_DAY
from buchbar.payments.models import Conditions, TariffItem, VatChange

MOST_CENTS = 10_000_000
VAT = {
    "hoheitlich": N_("Gebühr, ohne Umsatzsteuer"),
    "frei": N_("umsatzsteuerfrei"),
    "0": N_("0 % Umsatzsteuer"),
    "7": N_("7 % Umsatzsteuer, enthalten"),
    "19": N_("19 % Umsatzsteuer, enthalten"),
}
KINDS = {
    "price": N_("Preis"),
    "surcharge": N_("Zuschlag"),
    "reduction": N_("Ermäßigung"),
    "minimum": N_("Mindestbetrag"),
    "maximum": N_("Höchstbetrag"),
}
# Fields of one position in the order in which they stand on the page; of MANY, several can be ticked.
FIELDS = (
    "code", "label", "euros", "vat", "venue", "kind", "percent", "unit", "per_part", "vat_from", "vat_then",
    "classes", "ages", "purposes", "traits", "least", "most", "on", "starts", "stops", "season", "season_end",
)  # fmt: skip
MANY = ("classes", "ages", "purposes", "traits", "on")
HOLIDAY = "h"  # stands for a holiday among the weekdays that are ticked
_EVERY_DAY = frozenset(range(7))


def read(
    typed: Callable[[Mapping[str, forms.Field]], dict[str, Any]],
    faults: dict[str, str],
    row: int,
    area: TariffArea,
    places: Iterable[UUID],
) -> TariffItem | None:
    """The position in a row, or None and its faults. ``typed`` reads fields of the form, and nothing if one is
    faulty."""
    fields = _fields(area, places)
    values = typed({f"{name}_{row}": convert for name, convert in fields.items()})
    if not values:
        return None
    said = SimpleNamespace(**dict(zip(fields, values.values(), strict=True)))
    wrong = _contradictions(said)
    if wrong:
        faults.update({f"{name}_{row}": sentence for name, sentence in wrong.items()})
        return None
    return TariffItem(
        code=said.code,
        label=said.label,
        cents=said.euros or 0,
        vat=said.vat,
        kind=said.kind,
        unit=said.unit,
        per_part=said.per_part,
        percent=said.percent or 0,
        conditions=_conditions(said, area.offers.parts),
        vat_changes=(VatChange(said.vat_from, said.vat_then),) if said.vat_from else (),
        resource_id=UUID(said.venue) if said.venue else None,
    )


def typed_of(item: TariffItem) -> dict[str, str]:
    """The fields that would make this position, without the number of a row."""
    wanted = item.conditions
    least, most = wanted.parts or ("", "")
    fields = {
        "code": item.code,
        "label": item.label,
        "euros": "" if item.percent else decimal(item.cents),
        "vat": item.vat,
        "venue": str(item.resource_id or ""),
        "kind": item.kind,
        "percent": str(item.percent or ""),
        "unit": item.unit,
        "per_part": "ja" if item.per_part else "",
        "classes": ",".join(wanted.user_classes),
        "ages": ",".join(wanted.age_groups),
        "purposes": ",".join(wanted.purposes),
        "traits": ",".join(wanted.traits),
        "least": str(least),
        "most": str(most),
    }
    for change in item.vat_changes[:1]:
        fields |= {"vat_from": change.valid_from.isoformat(), "vat_then": change.vat}
    return fields | _typed_hours(wanted)


def _typed_hours(wanted: Conditions) -> dict[str, str]:
    rule = wanted.hours[0] if wanted.hours else None
    if rule is None:
        return {"on": HOLIDAY if wanted.holidays else ""}
    days = [str(day) for day in sorted(rule.weekdays)] + [HOLIDAY] * wanted.holidays
    fields = {"on": "" if rule.weekdays == _EVERY_DAY and wanted.holidays else ",".join(days)}
    if (rule.from_minute, rule.until_minute) != (0, MINUTES_A_DAY):
        fields |= {"starts": clock(rule.from_minute), "stops": clock(rule.until_minute)}
    if rule.season_from and rule.season_until:
        first, last = (f"{day}.{month}." for month, day in (rule.season_from, rule.season_until))
        fields |= {"season": first, "season_end": last}
    return fields


def clock(minutes: int) -> str:
    """Minutes since midnight as a form has them: 18:30."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _fields(area: TariffArea, places: Iterable[UUID]) -> dict[str, forms.Field]:
    offers = area.offers
    parts = forms.whole(1, max(1, offers.parts), required=False)
    return {
        "code": forms.one_of(*area.codes),
        "label": forms.text(120),
        "euros": forms.optional(_euros),
        "vat": forms.one_of(*VAT),
        "venue": forms.optional(forms.one_of(*(str(place) for place in places))),
        "kind": _first_or_one_of(offers.kinds),
        "percent": forms.whole(1, 100, required=False),
        "unit": _first_or_one_of(offers.units),
        "per_part": forms.ticked,
        "vat_from": forms.optional(forms.day),
        "vat_then": forms.optional(forms.one_of(*VAT)),
        "classes": _some_of(offers.user_classes),
        "ages": _some_of(offers.age_groups),
        "purposes": _some_of(offers.purposes),
        "traits": _some_of(offers.traits),
        "least": parts,
        "most": parts,
        "on": _some_of((*"0123456", HOLIDAY) if offers.hours else ()),
        "starts": forms.optional(forms.minute),
        "stops": forms.optional(forms.minute),
        "season": forms.optional(_day_of_year),
        "season_end": forms.optional(_day_of_year),
    }


def _contradictions(said: SimpleNamespace) -> dict[str, str]:
    """What doesn't go together, by field."""
    wrong: dict[str, str] = {}
    if said.percent and said.kind not in ("surcharge", "reduction"):
        wrong["percent"] = _("Prozente gibt es nur bei Zuschlag und Ermäßigung.")
    elif said.percent and said.euros is not None:
        wrong["percent"] = _("Bitte entweder Euro oder Prozent eintragen.")
    elif not said.percent and said.euros is None:
        wrong["euros"] = _("Bitte einen Betrag wie 12,50 eingeben.")
    pairs = (("vat_from", "vat_then"), ("starts", "stops"), ("season", "season_end"))
    for first, second in pairs:
        if (getattr(said, first) is None) != (getattr(said, second) is None):
            wrong[first] = _("Bitte beide Felder ausfüllen oder beide leer lassen.")
    if said.least and said.most and said.most < said.least:
        wrong["most"] = _("Das ist weniger als die kleinste Zahl.")
    if said.starts is not None and said.stops is not None and said.stops <= said.starts:
        wrong["stops"] = _("Das Ende liegt vor dem Anfang. Über Mitternacht hinaus brauchen Sie zwei Positionen.")
    if said.on == (HOLIDAY,) and (said.starts is not None or said.season):
        wrong["on"] = _("Bitte wählen Sie wenigstens einen Wochentag.")
    return wrong


def _conditions(said: SimpleNamespace, parts: int) -> Conditions:
    days = frozenset(int(day) for day in said.on if day != HOLIDAY)
    timed = said.starts is not None or said.season is not None
    hours: tuple[WeeklyRule, ...] = ()
    if days or timed:
        start, end = (0, MINUTES_A_DAY) if said.starts is None else (said.starts, said.stops)
        hours = (WeeklyRule(days or _EVERY_DAY, start, end, season_from=said.season, season_until=said.season_end),)
    return Conditions(
        user_classes=said.classes,
        age_groups=said.ages,
        purposes=said.purposes,
        traits=said.traits,
        parts=(said.least or 1, said.most or parts) if said.least or said.most else None,
        hours=hours,
        # Hours without a weekday hold every day, and so on holidays.
        holidays=HOLIDAY in said.on or (timed and not days),
    )


def _euros(typed: str) -> int:
    cents = forms.euros(typed)
    if cents > MOST_CENTS:
        raise ValueError(_("Bitte einen Betrag bis 100.000 Euro eingeben."))
    return cents


def _first_or_one_of(allowed: tuple[str, ...]) -> forms.Field:
    """One of them; the first where the form doesn't ask."""
    choose = forms.one_of(*allowed)
    return lambda typed: choose(typed or allowed[0])


def _some_of(allowed: Iterable[str]) -> forms.Field:
    """What is ticked of them, in their order: "a,b"."""
    known = tuple(allowed)

    def convert(typed: str) -> tuple[str, ...]:
        ticked = {word for word in typed.split(",") if word}
        if not ticked <= set(known):
            raise ValueError(_("Bitte wählen Sie eine der Möglichkeiten."))
        return tuple(word for word in known if word in ticked)

    return convert


def _day_of_year(typed: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.?", typed)
    try:
        # A leap year: 29 February is a day of a season.
        read = date(2000, int(match[2]), int(match[1])) if match else None
    except ValueError:
        read = None
    if read is None:
        raise ValueError(_("Bitte einen Tag wie 1.10. eingeben."))
    return read.month, read.day
