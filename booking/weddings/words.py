"""How a day's and a venue's answer is said, in words and never by colour alone."""

from zoneinfo import ZoneInfo

from buchbar.base import texts
from buchbar.base.texts import _, ngettext
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
