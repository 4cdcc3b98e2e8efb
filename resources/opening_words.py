"""Opening rules, said in words."""

from datetime import date, timedelta

from buchbar.base import texts
from buchbar.base.texts import N_, _, ngettext
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.resources.opening_edits import Stretch

_NTH = {1: N_("ersten"), 2: N_("zweiten"), 3: N_("dritten"), 4: N_("vierten"), 5: N_("fünften"), -1: N_("letzten")}
_MONDAY = date(2024, 1, 1)


def in_words(rule: WeeklyRule) -> str:
    """ "Freitag, Samstag, 10:00 bis 16:00 Uhr, 1. Mai bis 30. September"."""
    parts = [_weekdays(rule.weekdays), _hours(rule.from_minute, rule.until_minute)]
    if rule.nth:
        nth = ", ".join(_(_NTH[number]) for number in sorted(rule.nth, key=lambda number: (number < 0, number)))
        parts.append(_("nur am %s im Monat") % nth)
    if rule.every_weeks > 1:
        parts.append(ngettext("jede Woche", "nur alle %(num)d Wochen", rule.every_weeks) % {"num": rule.every_weeks})
    if rule.season_from and rule.season_until:
        first, last = (_day_and_month(season_day) for season_day in (rule.season_from, rule.season_until))
        parts.append(_("vom %(first)s bis %(last)s") % {"first": first, "last": last})
    if rule.valid_from:
        parts.append(_("ab %s") % texts.day(rule.valid_from, "short"))
    if rule.valid_until:
        parts.append(_("bis %s") % texts.day(rule.valid_until, "short"))
    if rule.on_holidays:
        parts.append(_("auch an Feiertagen"))
    return ", ".join(parts)


def exception_in_words(exception: DayException) -> str:
    """ "24.12.2027: geschlossen"."""
    hours = _("geschlossen")
    if exception.from_minute is not None and exception.until_minute is not None:
        hours = _hours(exception.from_minute, exception.until_minute)
    return f"{texts.day(exception.day, 'short')}: {hours}"


def _weekdays(weekdays: frozenset[int]) -> str:
    days = sorted(weekdays)
    names = [texts.weekday(_MONDAY + timedelta(days=day)) for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return _("%(first)s bis %(last)s") % {"first": names[0], "last": names[-1]}
    return ", ".join(names)


def _hours(start: int, end: int) -> str:
    clock = {"start": f"{start // 60}:{start % 60:02d}", "end": f"{end // 60}:{end % 60:02d}"}
    return _("%(start)s bis %(end)s Uhr") % clock


def _day_and_month(season_day: tuple[int, int]) -> str:
    month, day = season_day
    return f"{day}.{month}."


def stretch_in_words(stretch: Stretch) -> str:
    """ "Mo 02.08.2027 bis Fr 13.08.2027: geschlossen". What is private of it, the note, is left out."""
    hours = ", ".join(_hours(*each) for each in stretch.hours) or _("geschlossen")
    first, last = (f"{texts.weekday(day, 'EEE')} {texts.day(day, 'short')}" for day in (stretch.first, stretch.last))
    if stretch.first == stretch.last:
        return f"{first}: {hours}"
    return _("%(first)s bis %(last)s") % {"first": first, "last": last} + f": {hours}"
