"""What waits at the sports office's desk besides requests: clubs, season plans, doors, and who doesn't come."""

from datetime import datetime

from sqlalchemy.orm import Session

from buchbar.accounts import approval
from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_, _, ngettext
from buchbar.booking.halls import presence, season_rounds
from buchbar.booking.halls.set_up import has_any
from buchbar.booking.journeys import Matter
from buchbar.doors import alarms

# Where a published round waits for the office, by its state.
_WAITS = {
    "closed": N_("%(name)s: Die Frist für Wünsche ist vorbei, die Vergabe kann beginnen"),
    "rehearsed": N_("%(name)s: Der Vorschlag wartet darauf, dass ihn eine zweite Person freigibt"),
}


def matters(session: Session, town: Municipality, now: datetime) -> list[Matter]:
    """Each with the page where it is seen to; nothing in a town without halls."""
    found: list[Matter] = []
    if not has_any(session, town):
        return found
    if hanging := len({entry.door_id for entry in alarms.hanging(session, town.id, now)}):
        words = ngettext("Eine Tür braucht Ihren Blick", "%(n)d Türen brauchen Ihren Blick", hanging)
        found.append(Matter(words % {"n": hanging}, "tueren"))
    if asking := approval.waiting(session, town):
        words = ngettext("Ein Verein wartet auf Zulassung", "%(n)d Vereine warten auf Zulassung", asking)
        found.append(Matter(words % {"n": asking}, "vereine?stand=applied"))
    for season in season_rounds.rounds_of(session, town, public=True):
        if waits := _WAITS.get(season_rounds.state_at(season, now)):
            found.append(Matter(_(waits) % {"name": season.name}, f"vergabe/{season.id}"))
    if absent := len(presence.no_shows(session, town, now)):
        words = ngettext(
            "Eine Gruppe ist dreimal hintereinander nicht gekommen",
            "%(n)d Gruppen sind dreimal hintereinander nicht gekommen",
            absent,
        )
        found.append(Matter(words % {"n": absent}, "tueren"))
    return found
