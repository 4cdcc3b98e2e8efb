"""Closures as people think of them: one outing of the office closes five venues at once, for the same while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.calendar.walls import local_date, wall_minutes
from buchbar.resources.models import Closure


@dataclass(frozen=True, slots=True)
class Together:
    """Closures of the same reason and the same while, by whom they were made."""

    closures: list[Closure]
    when: str

    @property
    def first(self) -> Closure:
        """One of them, to name them by."""
        return self.closures[0]

    @property
    def what(self) -> str:
        """The name of the one resource, or how many there are: "5 Trauorte"."""
        count = len(self.closures)
        if count == 1:
            return str(self.first.resource.name)
        kinds = {closure.resource.kind for closure in self.closures}
        if kinds == {"venue"}:
            return ngettext("%(num)d Trauort", "%(num)d Trauorte", count) % {"num": count}
        if kinds == {"registrar"}:
            return ngettext("%(num)d Person", "%(num)d Personen", count) % {"num": count}
        return ngettext("%(num)d Eintrag", "%(num)d Einträge", count) % {"num": count}


def together(closures: Sequence[Closure], zone: ZoneInfo) -> list[Together]:
    """The closures in order, those that belong together in one."""
    ordered = sorted(closures, key=lambda each: (*alike(each), each.resource.name))
    return [Together(list(those), in_words(key[0], key[1], zone)) for key, those in groupby(ordered, key=alike)]


def alike(closure: Closure) -> tuple[datetime, datetime, str, str]:
    """What closures have in common that belong together."""
    return closure.starts_at, closure.ends_at, closure.reason, closure.closed_by


def in_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when to when: "Do. 24.12.2026, ganztags"; a midnight is the end of the day before."""
    first, last = local_date(start, zone), local_date(end - timedelta(microseconds=1), zone)
    days = {"first": _day(first), "last": _day(last)}
    if wall_minutes(start, zone) == wall_minutes(end, zone) == 0:
        if first == last:
            return _("%(first)s, ganztags") % days
        return _("%(first)s bis %(last)s, ganztags") % days
    until = "24:00" if wall_minutes(end, zone) == 0 else f"{end.astimezone(zone):%H:%M}"
    days |= {"from": f"{start.astimezone(zone):%H:%M}", "until": until}
    if first == last:
        return _("%(first)s, %(from)s bis %(until)s Uhr") % days
    return _("%(first)s, %(from)s Uhr bis %(last)s, %(until)s Uhr") % days


def _day(day: date) -> str:
    return f"{texts.weekday(day, 'EEE')} {texts.day(day, 'short')}"
