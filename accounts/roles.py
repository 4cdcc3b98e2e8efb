"""What clerks may do at the desk, by their role. Every page and every form of the desk belongs to one of these."""

from buchbar.base.texts import N_

ROLES = {
    "registrar": N_("Standesamt"),
    "head": N_("Leitung"),
    "administrator": N_("Verwaltung des Systems"),
    "county": N_("Verwaltung des Landkreises"),
    "auditor": N_("Prüfung (nur lesen)"),
}

OWN = "own"  # see to one's own access
LOOK = "look"  # see bookings, with the people's names
WORK = "work"  # act on bookings, close days
RULES = "rules"  # see by what rules the office works
LEAD = "lead"  # change these rules
ADMINISTER = "administer"  # say who works here, and how the town presents itself
AUDIT = "audit"  # read who did and who looked at what
COUNTY = "county"  # put in the county's towns

# The county's administration sets towns up, but it has no business with the people who book there.
_MAY = {
    "registrar": {OWN, LOOK, WORK, RULES},
    "head": {OWN, LOOK, WORK, RULES, LEAD, AUDIT},
    "administrator": {OWN, LOOK, WORK, RULES, LEAD, ADMINISTER, AUDIT},
    "county": {OWN, RULES, LEAD, ADMINISTER, COUNTY},
    "auditor": {OWN, LOOK, RULES, AUDIT},
}

# Why somebody may not.
WHY_NOT = {
    OWN: N_("Den eigenen Zugang sieht nur, wer hier arbeitet."),
    LOOK: N_("Buchungen sieht nur, wer in diesem Amt damit arbeitet oder sie prüft."),
    WORK: N_("Mit Ihrer Rolle können Sie das ansehen, aber nichts ändern."),
    RULES: N_("Die Einstellungen sieht nur, wer in diesem Amt arbeitet."),
    LEAD: N_("Die Regeln ändert die Leitung oder die Verwaltung des Systems."),
    ADMINISTER: N_("Das macht die Verwaltung des Systems."),
    AUDIT: N_("Das Protokoll lesen die Leitung, die Prüfung und die Verwaltung des Systems."),
    COUNTY: N_("Das macht die Verwaltung des Landkreises."),
}


def may(role: str, what: str) -> bool:
    """Whether a role has a right."""
    return what in _MAY[role]
