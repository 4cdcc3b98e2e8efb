"""A calendar file (iCalendar, RFC 5545) that says when somebody is away: leave, training, other duties.

Files come from strangers' programs. So only the lines that matter here are read, time zones go by their names and never
by what a file defines, and repetitions are bounded before anything is counted out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Event
from icalendar.prop import vRecur

from buchbar.base.texts import _
from buchbar.calendar.spans import Span, intersect
from buchbar.calendar.walls import MINUTES_A_DAY, at, day_span, local_date, wall_minutes
from buchbar.resources.repetitions import Budget, NotUnderstood, starts

MOST_BYTES = 1_000_000
MOST_EVENTS = 5_000
ONE_DAY = timedelta(days=1)
_WANTED = {
    "DTSTART", "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "SUMMARY", "UID", "STATUS", "TRANSP", "RECURRENCE-ID",
}  # fmt: skip


@dataclass(slots=True)
class Away:
    """A day on which somebody is away: wholly, or from and until some minutes; and how the file calls it."""

    whole: bool = False
    minutes: set[tuple[int, int]] = field(default_factory=set)
    title: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """What of the file is not taken over, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True)
class Absences:
    days: dict[date, Away]
    ignored: list[Ignored]


def read(content: bytes, zone: ZoneInfo, today: date, last: date) -> Absences:
    """When somebody is away, from today to the last day. Raises ValueError with a sentence for what can't be used."""
    events = _events(_lines(content))
    found = Absences({}, [])
    budget = Budget(today, last)
    moved = _moved(events)
    for event in events:
        title = str(event.get("SUMMARY", ""))[:100].strip() or _("ohne Titel")
        try:
            why = _why_not(event) or _enter(found.days, event, title, zone, budget, moved)
        except NotUnderstood as reason:
            why = str(reason)
        except (KeyError, AttributeError, TypeError, ValueError, OverflowError, ArithmeticError) as fault:
            if budget.is_spent:
                raise ValueError(str(fault)) from None
            why = _("Die Angaben sind nicht lesbar.")
        if why:
            found.ignored.append(Ignored(title, why))
    return found


def _lines(content: bytes) -> list[str]:
    """The file's logical lines: decoded, and put together where they were folded."""
    if len(content) > MOST_BYTES:
        raise ValueError(_("Die Datei ist zu groß. Bitte höchstens 1 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR") or "\x00" in text:
        raise ValueError(_("Das ist keine Kalenderdatei. Bitte eine Datei mit der Endung .ics."))
    whole = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "").replace("\n\t", "")
    return whole.split("\n")


def _events(lines: Sequence[str]) -> list[Event]:
    """The file's events, each with the lines that matter."""
    blocks: list[list[str]] = []
    inside: list[str] = []
    for line in lines:
        name = line.partition(":")[0].partition(";")[0].upper()
        if name == "BEGIN":
            inside.append(line[6:].strip().upper())
            if inside == ["VCALENDAR", "VEVENT"]:
                blocks.append([])
        elif name == "END":
            if not inside or inside.pop() != line[4:].strip().upper():
                raise ValueError(_("Die Kalenderdatei ist beschädigt: Anfang und Ende passen nicht zusammen."))
        elif inside == ["VCALENDAR", "VEVENT"] and name in _WANTED and len(line) < 10_000:
            blocks[-1].append(line)
        if len(blocks) > MOST_EVENTS:
            raise ValueError(_("Die Datei enthält zu viele Termine. Bitte höchstens 5.000."))
        if len(inside) > 10:
            raise ValueError(_("Die Kalenderdatei ist beschädigt: Anfang und Ende passen nicht zusammen."))
    if inside:
        raise ValueError(_("Die Kalenderdatei ist nicht vollständig: Ihr Ende fehlt."))
    if not blocks:
        raise ValueError(_("In dieser Kalenderdatei steht kein Termin."))
    return [_event(block) for block in blocks]


def _event(block: Sequence[str]) -> Event:
    """One event; lines that can't be read are left out, so that the event is ignored with its reason later."""
    try:
        return Event.from_ical("\r\n".join(["BEGIN:VEVENT", *block, "END:VEVENT", ""]))  # type: ignore[return-value]
    except (ValueError, KeyError, TypeError, IndexError):
        return Event()


def _moved(events: Iterable[Event]) -> dict[str, set[date | datetime]]:
    """By uid: those of a series' dates that have an event of their own."""
    found: dict[str, set[date | datetime]] = {}
    for event in events:
        if (instead := event.get("RECURRENCE-ID")) is not None and hasattr(instead, "dt"):
            found.setdefault(str(event.get("UID", "")), set()).add(instead.dt)
    return found


def _why_not(event: Event) -> str:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return _("Der Termin ist abgesagt.")
    if str(event.get("TRANSP", "")).upper() == "TRANSPARENT":
        return _("Der Termin ist als „frei“ gekennzeichnet.")
    if not hasattr(event.get("DTSTART"), "dt"):
        return _("Der Termin hat keinen lesbaren Anfang.")
    return ""


def _enter(
    days: dict[date, Away],
    event: Event,
    title: str,
    zone: ZoneInfo,
    budget: Budget,
    moved: dict[str, set[date | datetime]],
) -> str:
    """Note on which days the event keeps somebody away; why none of them counts, if so."""
    begins: Any = event["DTSTART"]
    start: date | datetime = begins.dt
    if not isinstance(start, date):  # a bare time, or a period
        raise NotUnderstood(_("Die Angaben sind nicht lesbar."))
    whole = not isinstance(start, datetime)
    length = _length(event, start)
    if length < timedelta(0) or (whole and length < ONE_DAY):
        return _("Der Termin endet, bevor er anfängt.")
    rule: vRecur | list[vRecur] | None = event.get("RRULE")
    others = moved.get(str(event.get("UID", "")), set()) if event.get("RECURRENCE-ID") is None else set()
    skipped = {*_dates(event, "EXDATE"), *others}
    entered = False
    for begin in starts(start, rule, _dates(event, "RDATE"), skipped, length, zone, budget):
        for day, minutes in _parts(begin, length, zone, budget):
            away = days.setdefault(day, Away(title=title))
            away.whole = away.whole or whole or minutes == (0, MINUTES_A_DAY)
            away.minutes.add(minutes)
            budget.step()
            entered = True
    return "" if entered else _("Der Termin liegt zurück oder mehr als zwei Jahre voraus.")


def _length(event: Event, start: date | datetime) -> timedelta:
    """How long each of its dates takes; without an end a day, or no time at all (RFC 5545 3.6.1)."""
    if (end := event.get("DTEND")) is not None:
        if isinstance(end.dt, datetime) != isinstance(start, datetime):
            raise NotUnderstood(_("Die Angaben sind nicht lesbar."))
        if isinstance(start, datetime) and (start.tzinfo is None) != (end.dt.tzinfo is None):
            raise NotUnderstood(_("Die Angaben sind nicht lesbar."))
        length: timedelta = end.dt - start
        return length
    if (duration := event.get("DURATION")) is not None:
        given: timedelta = duration.dt
        return given
    return timedelta(0) if isinstance(start, datetime) else ONE_DAY


def _dates(event: Event, name: str) -> set[date | datetime]:
    """The dates of a property that may come once or often, with one or many."""
    given: Any = event.get(name, [])
    lists = given if isinstance(given, list) else [given]
    return {each.dt for one in lists for each in one.dts if isinstance(each.dt, date)}


def _parts(
    begin: date | datetime, length: timedelta, zone: ZoneInfo, budget: Budget
) -> Iterator[tuple[date, tuple[int, int]]]:
    """Day by day, in the town's zone, from and until which minute; only days that are looked at."""
    if not isinstance(begin, datetime):
        day, over = max(begin, budget.first), min(begin + length - ONE_DAY, budget.last)
        while day <= over:
            yield day, (0, MINUTES_A_DAY)
            day += ONE_DAY
        return
    start = begin if begin.tzinfo else datetime.combine(begin.date(), begin.time(), zone)
    if length <= timedelta(0):
        return
    looked_at = Span(at(budget.first, 0, zone), at(budget.last, MINUTES_A_DAY, zone))
    for span in intersect([Span(start, start + length)], [looked_at]):
        day = local_date(span.start, zone)
        while (today := day_span(day, zone)).start < span.end:
            for part in intersect([span], [today]):
                until = MINUTES_A_DAY if part.end == today.end else wall_minutes(part.end, zone)
                if wall_minutes(part.start, zone) < until:
                    yield day, (wall_minutes(part.start, zone), until)
            day += ONE_DAY
