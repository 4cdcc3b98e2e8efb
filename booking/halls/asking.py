"""The question for a free hall, as it stands in the address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar.datastructures import MultiDict

from buchbar.base import forms
from buchbar.base.texts import _, ngettext
from buchbar.booking.halls.find import Wish
from buchbar.booking.halls.plan import HallPlan
from buchbar.booking.halls.tariff import OFFERS

FIELDS = ("tag", "zeit", "dauer", "sport", "felder", "ort", "stufenlos", "wer", "zweck")
DURATIONS = (60, 90, 120, 150, 180, 240, 300, 360)
_NARROWING = ("zeit", "sport", "felder", "ort", "stufenlos")
TIMES = tuple(range(8 * 60, 22 * 60 + 1, 30))


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed, what it means, and what can't be understood. ``wish`` is None as long as no day was asked for."""

    typed: Mapping[str, str]
    faults: Mapping[str, str]
    wish: Wish | None

    @property
    def purpose(self) -> str:
        return self.typed["zweck"] if self.typed["zweck"] in OFFERS.purposes else "training"

    def address(self, **changes: object) -> str:
        """The query string of this question, or of a changed one."""
        fields = {name: self.typed[name] for name in FIELDS} | changes
        return urlencode([(name, str(value)) for name, value in fields.items() if value not in (None, "")])


def asked(query: MultiDict[Any], user_class: str) -> Question:
    """Read the question. What can't be read becomes a fault beside its field."""
    typed = {name: (query.get(name) or "").strip() for name in FIELDS}
    faults: dict[str, str] = {}

    def read(name: str, convert: forms.Field) -> Any:
        try:
            return convert(typed[name]) if typed[name] else None
        except ValueError as fault:
            faults[name] = str(fault)
            return None

    day = read("tag", forms.day)
    minute, minutes = read("zeit", forms.minute), read("dauer", forms.whole(15, 1440))
    fields, site_id = read("felder", forms.whole(1, 20)), read("ort", _id)
    if not typed["tag"] and ("tag" in query or any(typed[name] for name in _NARROWING)):  # an empty form was sent
        faults["tag"] = _("Bitte wählen Sie einen Tag.")
    wish = None
    if day and not faults:
        wish = Wish(
            day=day,
            minute=minute,
            minutes=minutes or 90,
            sport=typed["sport"][:80],
            fields=fields or 0,
            step_free=bool(typed["stufenlos"]),
            site_id=site_id,
            user_class=user_class,
        )
    return Question(typed, faults, wish)


def time_choices() -> list[tuple[str, str]]:
    """The beginnings that the form offers."""
    return [("", _("egal"))] + [(clock(each), _("ab %s Uhr") % clock(each)) for each in TIMES]


def duration_choices() -> list[tuple[int, str]]:
    """The lengths that the form offers, in minutes and in words."""
    return [(each, duration(each)) for each in DURATIONS]


def sports_of(plans: Iterable[HallPlan]) -> list[str]:
    """All that can be done in these halls."""
    return sorted({sport for each in plans for hall in each.halls.values() for sport in hall.sports})


def field_choices(plans: Iterable[HallPlan]) -> list[tuple[str, str]]:
    """How many fields can be asked for, in words; nothing to choose where no hall is divided."""
    most = max((len(hall.fields) for each in plans for hall in each.halls.values()), default=1)
    counts = [
        (str(n), ngettext("mindestens %(num)d Feld", "mindestens %(num)d Felder", n) % {"num": n})
        for n in range(2, most + 1)
    ]
    return [("", _("ein Feld reicht")), *counts] if counts else []


def clock(minute: int) -> str:
    """ "18:30"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def duration(minutes: int) -> str:
    """ "90 Minuten", "2 Stunden"."""
    if minutes % 60:
        return _("%d Minuten") % minutes
    return _("1 Stunde") if minutes == 60 else _("%d Stunden") % (minutes // 60)


def day_typed(typed: str) -> date | None:
    """A day in an address, or None."""
    try:
        return forms.day(typed)
    except ValueError:
        return None


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise ValueError(_("Bitte wählen Sie eine der Möglichkeiten.")) from None
