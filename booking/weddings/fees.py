"""What a wedding costs: which positions of the tariff apply. A pure function of tariff, slot and answers."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from buchbar.base.texts import N_
from buchbar.calendar.public_holidays import is_working_day
from buchbar.calendar.rules import opening
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff
from buchbar.payments.pricing import Case, price

# When a tariff's position is due.
CODES = {
    "base": N_("immer"),
    "foreign": N_("wenn ausländisches Recht zu beachten ist"),
    "elsewhere": N_("wenn die Eheschließung bei einem anderen Standesamt angemeldet wird"),
    "outside_hours": N_("montags bis freitags außerhalb der Dienstzeiten"),
    "saturday": N_("samstags, sonntags und an Feiertagen"),
    "room": N_("für den Trauort"),
}
# How most towns call their positions.
USUAL = {
    "base": N_("Anmeldung und Eheschließung"),
    "foreign": N_("Prüfung ausländischen Rechts"),
    "elsewhere": N_("Eheschließung bei Anmeldung in einem anderen Standesamt"),
    "outside_hours": N_("Trauung außerhalb der Dienstzeiten"),
    "saturday": N_("Trauung am Samstag, Sonntag oder Feiertag"),
}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the fees depend on beside the slot."""

    foreign: bool = False
    elsewhere: bool = False


def fees(tariff: Tariff, venue_id: UUID, start: datetime, zone: ZoneInfo, land: str, answers: Answers) -> list[Line]:
    """The positions that apply, in the tariff's order; none depends on how long a wedding lasts."""
    day = start.astimezone(zone).date()
    working = is_working_day(day, land)
    outside = not any(hours.contains(start) for hours in opening(tariff.office_hours, (), day, zone, land))
    due = {
        "base": True,
        "foreign": answers.foreign,
        "elsewhere": answers.elsewhere,
        "outside_hours": working and outside,
        "saturday": not working,
        "room": True,
    }
    codes = [code for code, applies in due.items() if applies]
    case = Case(start=start, end=start, zone=zone, land=land, due=codes, resource_id=venue_id)
    return [line for line in price(tariff.items, case) if line.cents]
