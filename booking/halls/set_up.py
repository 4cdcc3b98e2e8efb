"""What a town with sports halls needs before a club can book: a hall that is open, rules, prices, school holidays."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.set_up import Step
from buchbar.booking.terms import Terms
from buchbar.calendar.walls import local_date
from buchbar.resources.halls import Hall

PAGE = "hallen/verwalten"
AHEAD = timedelta(days=300)  # so far ahead the school holidays should be known


def has_any(session: Session, town: Municipality) -> bool:
    """Whether the town has a hall, in use or not."""
    return session.scalar(select(Hall.id).where(Hall.municipality_id == town.id).limit(1)) is not None


def steps(session: Session, town: Municipality, now: datetime) -> list[Step]:
    """What is needed for halls, and whether it is there; nothing for a town that has none."""
    if not has_any(session, town):
        return []
    rules, today = plan(session, town), local_date(now, town.zone)
    terms = _terms(rules, now)
    halls = list(rules.halls.values())
    shut = [hall for hall in halls if not _works(hall)]
    page = f"{PAGE}/{shut[0].id}" if shut and len(shut) == len(halls) else PAGE
    known = any(last >= today + AHEAD for _first, last, _name in rules.holidays)
    return [
        Step(len(shut) < len(halls), _("Eine Halle mit Teilen und Öffnungszeiten"), page),
        Step(
            (terms is not None and terms.payment == "none") or rules.tariff_id(today) is not None,
            _("Entgelte für Hallen, die heute gelten"),
            "entgelte?bereich=halls",
            _("Nicht nötig, wenn die Regelung keine Bezahlung vorsieht."),
        ),
        Step(terms is not None, _("Eine Regelung für Hallen, die heute gilt"), "regelung?bereich=halls"),
        Step(known, _("Die Schulferien der nächsten Monate"), "hallen/ferien", needed=False),
    ]


def _works(hall: HallRules) -> bool:
    """Whether there is anything in it to book, and ever a time for that."""
    return bool(hall.choices()) and bool(hall.hours.open or hall.hours.in_holidays)


def _terms(rules: HallPlan, now: datetime) -> Terms | None:
    try:
        return rules.policy(local_date(now, rules.zone)).terms
    except NotFound:
        return None
