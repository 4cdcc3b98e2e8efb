"""What a wedding costs: which positions of the tariff apply. A pure function of tariff, slot and answers."""

from dataclasses import dataclass, replace
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


def due(tariff: Tariff, case: Case) -> list[str]:
    """The codes that are due for a wedding. What the couple answered stands among the traits of the case."""
    working = is_working_day(case.day, case.land)
    office = opening(tariff.office_hours, (), case.day, case.zone, case.land)
    applies = {
        "base": True,
        "foreign": "foreign" in case.traits,
        "elsewhere": "elsewhere" in case.traits,
        "outside_hours": working and not any(hours.contains(case.start) for hours in office),
        "saturday": not working,
        "room": True,
    }
    return [code for code, is_due in applies.items() if is_due]


def fees(tariff: Tariff, venue_id: UUID, start: datetime, zone: ZoneInfo, land: str, answers: Answers) -> list[Line]:
    """The positions that apply, in the tariff's order; none depends on how long a wedding lasts."""
    traits = [name for name in ("foreign", "elsewhere") if getattr(answers, name)]
    case = Case(start=start, end=start, zone=zone, land=land, due=(), resource_id=venue_id, traits=traits)
    return [line for line in price(tariff.items, replace(case, due=due(tariff, case))) if line.cents]
