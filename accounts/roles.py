"""What clerks may do at the desk, by their role. Every page and every form of the desk belongs to one of these."""

from buchbar.base.texts import N_

ROLES = {
    "registrar": N_("Standesamt"),
    "sports": N_("Sportamt"),
    "head": N_("Leitung"),
    "cashier": N_("Kasse"),
    "administrator": N_("Verwaltung des Systems"),
    "county": N_("Verwaltung des Landkreises"),
    "auditor": N_("Prüfung (nur lesen)"),
}

OWN = "own"  # see to one's own access
LOOK = "look"  # see bookings, with all that is known of the people
ACCOUNT = "account"  # see of a booking who made it, what it costs, and what is paid
WORK = "work"  # act on bookings, close days
RULES = "rules"  # see by what rules the office works
PRICES = "prices"  # see what the town charges, and how it takes money
LEAD = "lead"  # change these rules
DOORS = "doors"  # set up the locks that those who booked come in by
ADMINISTER = "administer"  # say who works here, and how the town presents itself
AUDIT = "audit"  # read who did and who looked at what
TAKE = "take"  # take money at the counter
BOOKS = "books"  # see what is owed, paid and given back
CASH = "cash"  # work at the cashier's desk
COUNTY = "county"  # put in the county's towns
ANEW = "anew"  # take an edit back of which people have been told: nobody may, it takes a new one that tells them, too

# The county's administration sets towns up, but it has no business with the people who book there. Nor has the cashier
# with anything but what they owe and pay.
_MAY = {
    "registrar": {OWN, LOOK, ACCOUNT, WORK, RULES, PRICES, TAKE},
    "sports": {OWN, LOOK, ACCOUNT, WORK, RULES, PRICES, TAKE},
    "head": {OWN, LOOK, ACCOUNT, WORK, RULES, PRICES, LEAD, DOORS, AUDIT, TAKE, BOOKS, CASH},
    "cashier": {OWN, ACCOUNT, PRICES, TAKE, BOOKS, CASH},
    "administrator": {OWN, LOOK, ACCOUNT, WORK, RULES, PRICES, LEAD, DOORS, ADMINISTER, AUDIT, TAKE, BOOKS, CASH},
    "county": {OWN, RULES, PRICES, LEAD, ADMINISTER, COUNTY},
    "auditor": {OWN, LOOK, ACCOUNT, RULES, PRICES, AUDIT, BOOKS},
}

# Who sees the bookings of one journey only; the others see all. By the journeys' names (booking/journeys.py).
_ONLY = {"registrar": ("weddings",), "sports": ("halls",)}

# Why somebody may not.
WHY_NOT = {
    OWN: N_("Den eigenen Zugang sieht nur, wer hier arbeitet."),
    LOOK: N_("Buchungen sieht nur, wer in diesem Amt damit arbeitet oder sie prüft."),
    ACCOUNT: N_("Was für eine Buchung bezahlt ist, sieht nur, wer in diesem Amt damit arbeitet oder es prüft."),
    WORK: N_("Mit Ihrer Rolle können Sie das ansehen, aber nichts ändern."),
    RULES: N_("Die Einstellungen sieht nur, wer in diesem Amt arbeitet."),
    PRICES: N_("Preise und Zahlungswege sieht hier nur, wer in diesem Amt arbeitet."),
    LEAD: N_("Die Regeln ändert die Leitung oder die Verwaltung des Systems."),
    DOORS: N_("Türen richtet die Leitung oder die Verwaltung des Systems ein."),
    ADMINISTER: N_("Das macht die Verwaltung des Systems."),
    AUDIT: N_("Das Protokoll lesen die Leitung, die Prüfung und die Verwaltung des Systems."),
    TAKE: N_("Mit Ihrer Rolle können Sie kein Geld annehmen."),
    BOOKS: N_("Die Bücher sehen die Kasse, die Leitung, die Prüfung und die Verwaltung des Systems."),
    CASH: N_("Das macht die Kasse."),
    COUNTY: N_("Das macht die Verwaltung des Landkreises."),
    ANEW: N_("Das ändern Sie dort, wo es entschieden wurde. Dann erfahren auch die Betroffenen davon."),
}
# Why somebody may not whose role has the right, but in another office.
NOT_YOURS = N_("Das gehört zu einem anderen Amt.")


def may(role: str, what: str) -> bool:
    """Whether a role has a right."""
    return what in _MAY[role]


def journeys_of(role: str) -> tuple[str, ...] | None:
    """The journeys whose bookings a role sees; None: all."""
    return _ONLY.get(role)


def sees(role: str, journey: str) -> bool:
    """Whether a role has to do with a journey."""
    only = _ONLY.get(role)
    return only is None or journey in only
