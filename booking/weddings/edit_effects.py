"""What an edit would do, before it is saved: how many free slots more or fewer, and which bookings no longer fit.

A booking that doesn't fit stays as it is. The clerk sees it and decides.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import _
from buchbar.booking.editing import Effect, Misfit, standing
from buchbar.booking.models import Booking
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.reservation import busy_between
from buchbar.booking.weddings.slots import Busy
from buchbar.booking.weddings.timetable import RegistrarRules, Timetable, VenueRules, timetable
from buchbar.calendar.months import add_months
from buchbar.calendar.rules import opening
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span, local_date
from buchbar.resources.models import Resource, Site

MONTHS = 3
# Where three months show no difference, as for a garden in winter, one looks at the whole year.
YEAR = 12


def of_venue(
    session: Session, town: Municipality, venue: Resource, changed: VenueRules, start: date, now: datetime
) -> Effect:
    """What other rules of a venue would do from a day on. A venue that isn't in use has no slots to lose."""
    times = timetable(session, town)
    rules = times.venues.get(venue.id)
    if rules is None:
        return _effect(session, times, times, start, now, [], {venue.id})
    bookings = standing(session, venue, now, day_span(start, town.zone).start)
    guests = _guests(session, bookings) if changed.guests < rules.guests else {}
    misfits = [
        Misfit(booking.id, booking.number, booking.starts_at, _("mehr Gäste als Platz: %d") % guests[booking.id])
        for booking in bookings
        if changed.guests < guests.get(booking.id, 0) <= rules.guests
    ]
    misfits += _outside(times, rules, changed, [(each, Span(each.starts_at, each.ends_at)) for each in bookings])
    gone = {*rules.registrar_ids} - {*changed.registrar_ids}
    misfits += _without_registrar(bookings, gone, times)
    after = replace(times, venues=times.venues | {venue.id: changed}, _days={})
    return _effect(session, times, after, start, now, misfits, {venue.id})


def of_registrar(
    session: Session,
    town: Municipality,
    registrar: Resource,
    changed: RegistrarRules,
    venue_ids: set[UUID],
    start: date,
    now: datetime,
) -> Effect:
    """What other rules of a registrar would do from a day on, who then marries at these venues."""
    times = timetable(session, town)
    rules = times.registrars.get(registrar.id)
    if rules is None:
        return _effect(session, times, times, start, now, [])
    bookings = standing(session, registrar, now, day_span(start, town.zone).start)
    spans = [
        (booking, Span(claim.starts_at, claim.ends_at))
        for booking in bookings
        for claim in booking.claims
        if claim.resource_id == registrar.id
    ]
    misfits = _outside(times, rules, changed, spans)
    misfits += [
        Misfit(booking.id, booking.number, booking.starts_at, _("traut dann nicht mehr an diesem Ort"))
        for booking in bookings
        if booking.resource_id not in venue_ids
    ]
    venues = {venue_id: _who_marries(venue, registrar.id, venue_ids) for venue_id, venue in times.venues.items()}
    registrars = times.registrars | {registrar.id: changed}
    after = replace(times, venues=venues, registrars=registrars, _days={})
    return _effect(session, times, after, start, now, misfits)


def of_site(session: Session, town: Municipality, site: Site, way: timedelta, start: date, now: datetime) -> Effect:
    """What another way to a site would do from a day on. Who is booked has the way that was reckoned with then."""
    times = timetable(session, town)
    venues = {key: replace(each, way=way) if each.site_id == site.id else each for key, each in times.venues.items()}
    here = {key for key, each in times.venues.items() if each.site_id == site.id}
    return _effect(session, times, replace(times, venues=venues, _days={}), start, now, [], here)


def _who_marries(venue: VenueRules, registrar_id: UUID, venue_ids: set[UUID]) -> VenueRules:
    others = tuple(each for each in venue.registrar_ids if each != registrar_id)
    return replace(venue, registrar_ids=(*others, registrar_id) if venue.id in venue_ids else others)


def _without_registrar(bookings: Sequence[Booking], gone: set[UUID], times: Timetable) -> list[Misfit]:
    return [
        Misfit(
            booking.id,
            booking.number,
            booking.starts_at,
            _("%s traut dann nicht mehr hier") % times.registrars[each].name,
        )
        for booking in bookings
        for each in gone & {claim.resource_id for claim in booking.claims}
    ]


def _guests(session: Session, bookings: Sequence[Booking]) -> dict[UUID, int]:
    wanted = select(Wedding.booking_id, Wedding.guests).where(Wedding.booking_id.in_([each.id for each in bookings]))
    return {row[0]: row[1] for row in session.execute(wanted)}


def _outside(
    times: Timetable,
    before: VenueRules | RegistrarRules,
    after: VenueRules | RegistrarRules,
    spans: Sequence[tuple[Booking, Span]],
) -> list[Misfit]:
    """Those bookings that lie within the hours before and not within those after."""
    if (before.weekly, before.exceptions) == (after.weekly, after.exceptions):
        return []

    def hours_of(rules: VenueRules | RegistrarRules) -> Callable[[Span], bool]:
        known: dict[date, list[Span]] = {}

        def holds(span: Span) -> bool:
            day = local_date(span.start, times.zone)
            if day not in known:
                known[day] = opening(rules.weekly, rules.exceptions, day, times.zone, times.land)
            return any(each.contains(span) for each in known[day])

        return holds

    fitted, fits = hours_of(before), hours_of(after)
    return [
        Misfit(booking.id, booking.number, booking.starts_at, _("außerhalb der neuen Zeiten"))
        for booking, span in spans
        if fitted(span) and not fits(span)
    ]


def _effect(
    session: Session,
    times: Timetable,
    after: Timetable,
    start: date,
    now: datetime,
    misfits: Sequence[Misfit],
    here: Collection[UUID] = (),
) -> Effect:
    first = max(start, local_date(now, times.zone))
    year = add_months(first, YEAR)
    busy = busy_between(session, times, first, year, now)
    ordered = sorted(misfits, key=lambda each: (each.starts_at, each.number))
    for last in (add_months(first, MONTHS), year):
        before, then = (_free(each, busy, first, last, now, here) for each in (times, after))
        if before != then:
            break
    return Effect(first, last, before, then, ordered, bool(here))


def _free(times: Timetable, busy: Busy, first: date, last: date, now: datetime, here: Collection[UUID]) -> int:
    """How many slots are free, whether they can be booked already or not."""
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return sum(
        slot.span.start > now and (not here or slot.venue.id in here) and busy.free(slot)
        for day in days
        for slot in times.slots_on(day)
    )
