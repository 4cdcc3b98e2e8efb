"""How a day's and a venue's answer is said, in words and never by colour alone."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking.terms import Terms
from buchbar.booking.weddings.slots import Day
from buchbar.calendar.public_holidays import holiday_name


def in_a_cell(day: Day, zone: ZoneInfo) -> str:
    """What a cell of the month has room for."""
    match day.state:
        case "free":
            return _("%d frei") % len(day.slots)
        case "full":
            return _("voll")
        case "early":
            opened = day.opens and day.opens.astimezone(zone)
            return _("ab %s") % texts.day(opened.date(), "tiny") if opened else _("später")
        case "late" | "past":
            return "–"
        case _:
            return _("zu")


def cancelling(terms: Terms, day: date) -> list[str]:
    """What a cancellation gives back, until which day, as sentences; nothing where it is always free."""
    steps = sorted(terms.cancellation, key=lambda step: -step.days)
    if not steps or (len(steps) == 1 and steps[0].days == 0 and steps[0].percent == 100):
        return []
    lines = [
        _("bis %(day)s bekommen Sie %(percent)d %% der Gebühren zurück")
        % {"day": texts.day(day - timedelta(days=step.days), "short"), "percent": step.percent}
        for step in steps
    ]
    return lines if steps[-1].days == 0 else [*lines, _("danach nichts")]


def in_full(day: Day, zone: ZoneInfo) -> str:
    """The same as a sentence part, for screen readers and lists."""
    match day.state:
        case "free":
            return ngettext("%(num)d Termin frei", "%(num)d Termine frei", len(day.slots)) % {"num": len(day.slots)}
        case "full":
            return _("ausgebucht")
        case "early":
            if day.opens is None:
                return _("noch nicht buchbar")
            opens = texts.day(day.opens.astimezone(zone).date(), "short")
            return _("ab %(day)s, %(time)s buchbar") % {"day": opens, "time": texts.clock(day.opens, zone)}
        case "late":
            return _("zu kurzfristig für eine Reservierung im Netz, bitte rufen Sie an")
        case "past":
            return _("vorbei")
        case "holiday":
            return _("geschlossen: %s") % holiday_name(day.day, day.land, texts.language.get())
        case _:
            return _("geschlossen")
