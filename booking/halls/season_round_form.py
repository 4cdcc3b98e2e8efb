"""What clerks type about a round, read field by field; and a round as text for its form."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking.halls.models import Criterion, Round
from buchbar.booking.halls.season_criteria import DEFAULT, GROUPS, KINDS
from buchbar.booking.halls.season_words import clock
from buchbar.calendar.walls import at, local_date, wall_minutes

LONGEST_SEASON = timedelta(days=400)
ROUND_LABELS = {
    "name": N_("Name"),
    "erster": N_("Erster Tag"),
    "letzter": N_("Letzter Tag"),
    "ab_tag": N_("Wünsche ab, Tag"),
    "ab_zeit": N_("Wünsche ab, Uhrzeit"),
    "bis_tag": N_("Wünsche bis, Tag"),
    "bis_zeit": N_("Wünsche bis, Uhrzeit"),
    "anmerkung": N_("Hinweise für die Vereine"),
    "platz_group": N_("Kriterien"),
    "zahl_persons": N_("Größe der Gruppe: ab so vielen Personen"),
    "gruppe_school": N_("Reihenfolge der Gruppen"),
}


def typed_of(season: Round | None, zone: ZoneInfo, now: datetime) -> dict[str, str]:
    """A round as it stands in its form; a new one as we propose it."""
    criteria = season.criteria if season else DEFAULT
    typed = {f"platz_{each.kind}": str(number) for number, each in enumerate(criteria, 1)}
    order = next((each.order for each in criteria if each.kind == "group"), ()) or tuple(GROUPS)
    typed |= {f"gruppe_{group}": str(number) for number, group in enumerate(order, 1)}
    number = next((each.number for each in criteria if each.kind == "persons"), 0)
    typed["zahl_persons"] = str(number or "")
    if season is None:
        today = local_date(now, zone)
        return typed | {"ab_tag": today.isoformat(), "ab_zeit": "08:00", "bis_zeit": "20:00", "ohne_ferien": "ja"}
    typed |= {"name": season.name, "anmerkung": season.note, "ohne_ferien": "ja" if season.without_holidays else ""}
    typed |= {"erster": season.first.isoformat(), "letzter": season.last.isoformat()}
    for name, moment in (("ab", season.opens_at), ("bis", season.closes_at)):
        typed[f"{name}_tag"] = local_date(moment, zone).isoformat()
        typed[f"{name}_zeit"] = clock(wall_minutes(moment, zone))
    return typed


def read(form: Mapping[str, str], zone: ZoneInfo, earliest: date) -> dict[str, Any]:
    """What was typed about a round, by the names of its columns. ``earliest``: the first day on which its season may
    begin. Raises Invalid with all faults."""
    fields: dict[str, forms.Field] = {
        "name": forms.text(80),
        "erster": forms.day,
        "letzter": forms.day,
        "ab_tag": forms.day,
        "ab_zeit": forms.minute,
        "bis_tag": forms.day,
        "bis_zeit": forms.minute,
        "anmerkung": forms.text(2000, required=False, lines=True),
        "zahl_persons": forms.whole(2, 500, required=False),
    }
    typed: Any = None
    faults: dict[str, str] = {}
    try:
        typed = forms.read(form, **fields)
    except Invalid as fault:
        faults |= fault.fields
    criteria = _criteria(form, faults)
    if not faults:
        opens, closes = (at(*pair, zone) for pair in ((typed.ab_tag, typed.ab_zeit), (typed.bis_tag, typed.bis_zeit)))
        if not earliest <= typed.erster <= typed.letzter <= typed.erster + LONGEST_SEASON:
            faults["letzter"] = _("Die Saison liegt in der Zukunft und dauert höchstens 13 Monate.")
        if closes <= opens or local_date(opens, zone) > typed.erster:
            faults["bis_tag"] = _("Die Frist endet, nachdem sie begonnen hat, und beginnt vor der Saison.")
    if faults:
        raise Invalid(faults)
    return {
        "name": typed.name,
        "first": typed.erster,
        "last": typed.letzter,
        "opens_at": opens,
        "closes_at": closes,
        "without_holidays": bool(form.get("ohne_ferien")),
        "note": typed.anmerkung.replace("\r\n", "\n"),
        "criteria": [_numbered(each, typed.zahl_persons) for each in criteria],
    }


def _numbered(criterion: Criterion, persons: int | None) -> Criterion:
    return Criterion(kind="persons", number=persons or 0) if criterion.kind == "persons" else criterion


def _criteria(form: Mapping[str, str], faults: dict[str, str]) -> list[Criterion]:
    """The criteria that have a number, in that order; what is wrong with them goes into ``faults``."""
    kinds = _by_number(form, "platz_", tuple(KINDS), faults, "platz_group")
    groups = _by_number(form, "gruppe_", tuple(GROUPS), faults, "gruppe_school")
    if not kinds and not faults:
        faults["platz_group"] = _("Bitte wählen Sie mindestens ein Kriterium: Sonst entscheidet nur das Los.")
    return [Criterion(kind=kind, order=tuple(groups) if kind == "group" else ()) for kind in kinds]


def _by_number(
    form: Mapping[str, str], prefix: str, names: Sequence[str], faults: dict[str, str], field: str
) -> list[str]:
    """The names in the order of the numbers that were typed for them; those without a number are left out."""
    found: dict[int, str] = {}
    for name in names:
        typed = form.get(prefix + name, "").strip()
        if not typed:
            continue
        if not typed.isascii() or not typed.isdigit() or not 1 <= int(typed[:3]) <= 20 or int(typed) in found:
            faults[field] = _("Bitte nummerieren Sie mit ganzen Zahlen ab 1, jede nur einmal.")
            return []
        found[int(typed)] = name
    return [found[number] for number in sorted(found)]
