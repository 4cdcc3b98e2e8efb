"""What a policy's form asks beside the rest for journeys in which one chooses how long, and in which user classes
differ: see ClassTerms. Of a class an empty field is "as for everybody". ``typed`` is the way back from ``read``.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking.terms import ClassTerms, Terms
from buchbar.calendar.release import FixedInstant, ReleaseRule, Rolling

_HOURS = re.compile(r"(\d{1,3})(?::([0-5]\d))?")
YES_NO = {"": N_("wie für alle"), "ja": N_("ja"), "nein": N_("nein")}


def _hours(typed: str) -> int:
    """Hours of a week in minutes: "4" or "1:30"."""
    found = _HOURS.fullmatch(typed)
    minutes = int(found[1]) * 60 + int(found[2] or 0) if found else -1
    if not 0 <= minutes <= 168 * 60:
        raise ValueError(_("Bitte eine Zahl von Stunden eingeben, zum Beispiel 4 oder 1:30."))
    return minutes


def _in_hours(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02d}" if rest else str(hours)


_MINUTES = forms.whole(5, 1440)
# As the fields of Terms are called.
FIELDS: dict[str, forms.Field] = {
    "books": forms.ticked,
    "series": forms.ticked,
    "shortest_minutes": _MINUTES,
    "longest_minutes": _MINUTES,
    "week_minutes": _hours,
    "public_names": forms.ticked,
    "code_hours": forms.whole(1, 336),
    "door_days": forms.whole(1, 365),
}
# As the fields of ClassTerms are called; but of the release only how many months before.
OF_CLASS: dict[str, forms.Field] = {
    "books": forms.yes_or_no,
    "series": forms.yes_or_no,
    "months": forms.whole(0, 120),
    "lead_days": forms.whole(0, 365),
    "shortest_minutes": _MINUTES,
    "longest_minutes": _MINUTES,
    "week_minutes": _hours,
    "approval": forms.one_of("none", "office"),
    "payment": forms.one_of("none", "optional", "required", "later"),
}
ORDER = (*FIELDS, *(f"{name}_{field}" for name in USER_CLASSES for field in OF_CLASS))


def read(form: Mapping[str, str], release: ReleaseRule, faults: dict[str, str]) -> dict[str, Any]:
    """What holds for everybody, and as ``classes`` what is different for single ones, as Terms calls it. ``release`` is
    everybody's. What is wrong goes into ``faults``."""
    values = _read(form, FIELDS, "", faults)
    classes = []
    for name in USER_CLASSES:
        own = _read(form, {field: forms.optional(read) for field, read in OF_CLASS.items()}, f"{name}_", faults)
        months = own.pop("months", None)
        if any(value is not None for value in (months, *own.values())):
            rule = None if months is None else _months_before(release, months)
            classes.append(ClassTerms(name=name, release=rule, **own))
        if own.get("shortest_minutes") or own.get("longest_minutes"):
            _check_lengths(values | {key: value for key, value in own.items() if value}, f"{name}_", faults)
    _check_lengths(values, "", faults)
    return values | {"classes": tuple(classes)}


def _read(form: Mapping[str, str], fields: Mapping[str, forms.Field], prefix: str, faults: dict[str, str]) -> Any:
    try:
        found = vars(forms.read(form, **{f"{prefix}{name}": field for name, field in fields.items()}))
    except Invalid as fault:
        faults |= fault.fields
        return {}
    return {name.removeprefix(prefix): value for name, value in found.items()}


def _check_lengths(values: Mapping[str, Any], prefix: str, faults: dict[str, str]) -> None:
    if values.get("shortest_minutes", 0) > values.get("longest_minutes", 1440):
        faults.setdefault(f"{prefix}longest_minutes", _("Das ist weniger als die kürzeste Dauer."))


def _months_before(release: ReleaseRule, months: int) -> ReleaseRule:
    """As everybody's rule, so many months before; where that is a fixed day, day by day."""
    if isinstance(release, FixedInstant):
        return Rolling(months)
    return msgspec.structs.replace(release, months=months)


def typed(terms: Terms) -> dict[str, str]:
    """The fields that would make these terms."""
    fields = {name: "ja" if getattr(terms, name) else "" for name in ("books", "series", "public_names")}
    for name in ("shortest_minutes", "longest_minutes", "code_hours", "door_days"):
        fields[name] = str(getattr(terms, name))
    fields["week_minutes"] = _in_hours(terms.week_minutes)
    for each in terms.classes:
        fields |= {f"{each.name}_{name}": value for name, value in _typed_class(each).items() if value}
    return fields


def _typed_class(own: ClassTerms) -> dict[str, str]:
    said = {None: "", True: "ja", False: "nein"}
    fields = {name: said[getattr(own, name)] for name in ("books", "series")}
    for name in ("lead_days", "shortest_minutes", "longest_minutes", "approval", "payment"):
        fields[name] = "" if (value := getattr(own, name)) is None else str(value)
    fields["months"] = str(getattr(own.release, "months", ""))
    fields["week_minutes"] = "" if own.week_minutes is None else _in_hours(own.week_minutes)
    return fields
