"""Opening hours as a clerk types them, one weekly rule a line, and back to the same lines.

"Mo-Fr 16:00-22:00" is the plain form. Behind it may stand, after commas: "Feiertage" (open on public holidays too),
"1.5.-30.9." (a season, every year), "ab 1.8.2027", "bis 31.7.2028", "alle 2 Wochen seit 4.1.2027", and "am 1." or
"am 1. und letzten" (such weekdays of the month). What runs over midnight becomes two rules.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from buchbar.base.texts import _
from buchbar.calendar.rules import WeeklyRule
from buchbar.calendar.walls import MINUTES_A_DAY

WEEKDAYS = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
MOST_LINES = 60
LATEST_NIGHT = 6 * 60  # an end before the beginning is meant as the next morning's only up to here
_RANGE = r"[–-]"  # people type both dashes
_HOURS = re.compile(rf"(?P<days>[A-Za-z, –-]+?)\s+(?P<hours>[\d:]+\s*{_RANGE}\s*[\d:]+)\s*(?:Uhr)?\s*(?P<rest>,.*)?")


def read(typed: str) -> tuple[WeeklyRule, ...]:
    """The rules that the lines say, in their order; empty lines say nothing. Raises ValueError with a sentence that
    names the line which isn't understood."""
    lines = [line.strip() for line in typed.replace("\r\n", "\n").split("\n") if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueError(_("Bitte höchstens %d Zeilen.") % MOST_LINES)
    return tuple(rule for line in lines for rule in _rules(line))


def written(rules: Iterable[WeeklyRule]) -> str:
    """The rules as lines that ``read`` reads to the same rules."""
    return "\n".join(_line(rule) for rule in rules)


def _rules(line: str) -> list[WeeklyRule]:
    match = _HOURS.fullmatch(line)
    try:
        if match is None:
            raise ValueError(line)
        days = _days(match["days"])
        start, end = (_minute(each.strip()) for each in re.split(_RANGE, match["hours"], maxsplit=1))
        told = dict(_option(option.strip()) for option in (match["rest"] or "").split(",") if option.strip())
        for names in (("season_from", "season_until"), ("every_weeks", "anchor")):
            told |= dict(zip(names, told.pop("/".join(names), ()), strict=False))
        if end > start:
            return [WeeklyRule(days, start, end, **told)]
        if end > LATEST_NIGHT:
            raise ValueError(line)
        late = WeeklyRule(days, start, MINUTES_A_DAY, **told)
        return [late, WeeklyRule(frozenset((each + 1) % 7 for each in days), 0, end, **told)] if end else [late]
    except (ValueError, KeyError):
        raise ValueError(
            _("Diese Zeile verstehen wir nicht: „%s“. Bitte schreiben Sie sie wie „Mo-Fr 16:00-22:00“.") % line[:80]
        ) from None


def _days(typed: str) -> frozenset[int]:
    """ "Mo-Fr", "Sa, So", "Mo Mi Fr" as numbers from 0, Monday."""
    found: set[int] = set()
    for word in re.sub(rf"\s*({_RANGE})\s*", r"\1", typed).replace(",", " ").split():
        ends = re.split(_RANGE, word)
        first, last = WEEKDAYS.index(ends[0][:2].title()), WEEKDAYS.index(ends[-1][:2].title())
        found |= {each % 7 for each in range(first, last + 1 if last >= first else last + 8)}
    return frozenset(found)


def _minute(typed: str) -> int:
    match = re.fullmatch(r"(\d{1,2})(?::(\d{2}))?", typed)
    if match is None or int(match[2] or 0) > 59:
        raise ValueError(typed)
    return int(match[1]) * 60 + int(match[2] or 0)


def _option(typed: str) -> tuple[str, Any]:
    """One of what stands behind the hours: a field of WeeklyRule and its value, or two joined by a slash."""
    if typed.lower() in ("feiertage", "auch feiertage", "auch an feiertagen"):
        return "on_holidays", True
    if match := re.fullmatch(rf"(\d+)\.(\d+)\.\s*{_RANGE}\s*(\d+)\.(\d+)\.", typed):
        return "season_from/season_until", ((int(match[2]), int(match[1])), (int(match[4]), int(match[3])))
    if match := re.fullmatch(r"(ab|bis) (\S+)", typed):
        return {"ab": "valid_from", "bis": "valid_until"}[match[1]], _day(match[2])
    if match := re.fullmatch(r"alle (\d+) Wochen seit (\S+)", typed):
        return "every_weeks/anchor", (int(match[1]), _day(match[2]))
    if match := re.fullmatch(r"am ((?:\d\.|letzten)(?: und (?:\d\.|letzten))*)", typed):
        return "nth", frozenset(-1 if each == "letzten" else int(each[:-1]) for each in match[1].split(" und "))
    raise ValueError(typed)


def _day(typed: str) -> date:
    day, month, year = typed.split(".")
    return date(int(year), int(month), int(day))


def _line(rule: WeeklyRule) -> str:
    parts = [f"{_weekdays(rule.weekdays)} {_clock(rule.from_minute)}-{_clock(rule.until_minute)}"]
    if rule.on_holidays:
        parts.append("Feiertage")
    if rule.season_from and rule.season_until:
        parts.append("-".join(f"{day}.{month}." for month, day in (rule.season_from, rule.season_until)))
    if rule.valid_from:
        parts.append(f"ab {_dotted(rule.valid_from)}")
    if rule.valid_until:
        parts.append(f"bis {_dotted(rule.valid_until)}")
    if rule.every_weeks > 1 and rule.anchor:
        parts.append(f"alle {rule.every_weeks} Wochen seit {_dotted(rule.anchor)}")
    if rule.nth:
        ordered = sorted(rule.nth, key=lambda each: (each < 0, each))
        parts.append("am " + " und ".join("letzten" if each < 0 else f"{each}." for each in ordered))
    return ", ".join(parts)


def _weekdays(days: frozenset[int]) -> str:
    """Runs of three and more as "Mo-Fr", others one by one."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    words = [
        f"{WEEKDAYS[run[0]]}-{WEEKDAYS[run[-1]]}" if len(run) > 2 else " ".join(WEEKDAYS[day] for day in run)
        for run in runs
    ]
    return " ".join(words)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _dotted(day: date) -> str:
    return f"{day.day}.{day.month}.{day.year}"
