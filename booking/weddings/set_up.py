"""What a town needs before a couple can marry there: rules, fees, a venue, and somebody on duty."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking.set_up import Step
from buchbar.booking.terms import Terms
from buchbar.booking.weddings.slots import Busy, Wish, look_at_day
from buchbar.booking.weddings.timetable import RegistrarRules, Timetable, VenueRules, timetable
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Resource

AHEAD = 400  # days in which the first free date is looked for


def steps(session: Session, town: Municipality, now: datetime) -> list[Step]:
    """What is needed for weddings, and whether it is there; nothing for a town that has only sports halls."""
    if _has(session, town, "hall") and not (_has(session, town, "venue") or _has(session, town, "registrar")):
        return []
    times = timetable(session, town)
    today = local_date(now, times.zone)
    terms = _terms(times, now)
    free = terms is not None and terms.payment == "none"
    venues = [venue for venue in times.venues.values() if venue.visibility != "information"]
    open_ones = [venue for venue in venues if _works(venue)]
    able = [each for each in times.registrars if any(each in venue.registrar_ids for venue in open_ones)]
    on_duty = any(_works(times.registrars[each]) for each in able)
    found = [
        Step(bool(open_ones), _("Ein Trauort mit Öffnungszeiten"), _venue_page(session, town, venues)),
        Step(on_duty, _("Jemand, der dort traut, mit Dienstzeiten"), _registrar_page(session, town, able)),
        Step(
            free or times.tariff_id(today) is not None,
            _("Gebühren und Entgelte, die heute gelten"),
            "entgelte" if times.tariffs else "entgelte/neu",
            _("Nicht nötig, wenn die Regelung keine Bezahlung vorsieht."),
        ),
        Step(terms is not None, _("Eine Regelung, die heute gilt"), "regelung"),
    ]
    if all(step.done for step in found):
        found.append(_first_date(times, now))
    return found


def _venue_page(session: Session, town: Municipality, venues: list[VenueRules]) -> str:
    """Where a venue gets its opening times, or where there is to be one at all."""
    if not _has(session, town, "venue"):
        return "trauorte/neu"
    return f"trauorte/{venues[0].id}/zeiten" if venues and not any(map(_works, venues)) else "trauorte"


def _registrar_page(session: Session, town: Municipality, able: list[UUID]) -> str:
    """Where somebody who marries here gets duties, or where there is to be anybody at all."""
    if not _has(session, town, "registrar"):
        return "standesbeamte/neu"
    return f"standesbeamte/{able[0]}/dienste" if able else "standesbeamte"


def _has(session: Session, town: Municipality, kind: str) -> bool:
    """Whether there is any, in use or not."""
    ours = select(Resource.id).where(Resource.municipality_id == town.id, Resource.kind == kind)
    return session.scalar(ours.limit(1)) is not None


def _works(rules: VenueRules | RegistrarRules) -> bool:
    """Whether it is ever open, or they ever on duty."""
    return bool(rules.weekly) or any(not each.closed for each in rules.exceptions)


def _terms(times: Timetable, now: datetime) -> Terms | None:
    try:
        return times.policy(local_date(now, times.zone)).terms
    except NotFound:
        return None


def _first_date(times: Timetable, now: datetime) -> Step:
    """The first date that the rules have to give, whatever is booked. A policy may open none yet."""
    words, today = _("Ein erster freier Termin"), local_date(now, times.zone)
    opens: list[datetime] = []
    for distance in range(AHEAD):
        day = look_at_day(times, Busy(()), today + timedelta(days=distance), now, Wish())
        if day.state == "free":
            first = day.slots[0]
            when = texts.moment(first.span.start, times.zone)
            return Step(True, words, "", f"{when}, {first.venue.name}", needed=False)
        opens += [day.opens] if day.opens else []
    if opens:
        note = _("Buchbar wird der erste Tag am %s.") % texts.moment(min(opens), times.zone)
    else:
        note = _("Zurzeit ist kein Tag buchbar. Passen Öffnungszeiten und Dienste zusammen?")
    return Step(False, words, "regelung", note, needed=False)
