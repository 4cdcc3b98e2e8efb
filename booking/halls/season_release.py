"""The release of a season's plan: a second clerk lets it become bookings, one series for each place, all at once.

From then on the plan stays as it is; what isn't needed is given back or cancelled as any other series.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.base.errors import Forbidden
from buchbar.base.texts import _
from buchbar.booking import claims
from buchbar.booking.events import Actor
from buchbar.booking.halls import season_letters, series
from buchbar.booking.halls.models import Allotment, Round, SeasonWish, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import NotOffered, Use
from buchbar.booking.halls.season_plan import allotments_of
from buchbar.booking.halls.season_rounds import NotNow
from buchbar.booking.halls.series_dates import Request
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.walls import local_date


def may_release(season: Round, clerk: Clerk) -> bool:
    """Whether this clerk is a second one: not the one whose hand was the last on the plan."""
    return season.state == "rehearsed" and season.worked_on_by != clerk.id


def release(session: Session, town: Municipality, season: Round, clerk: Clerk, now: datetime) -> None:
    """Book the plan and tell the clubs; the ``season`` is locked. Twice is once. Raises NotNow, Forbidden.

    What isn't free any more on single dates is left out and written down with its place.
    """
    if season.state == "released":
        return
    if season.state != "rehearsed":
        raise NotNow(_("Freigeben können Sie nur einen Vorschlag, der auf dem neuesten Stand ist."))
    if not may_release(season, clerk):
        raise Forbidden(_("Den Plan gibt jemand frei, der nicht zuletzt an ihm gearbeitet hat: vier Augen sehen mehr."))
    rules = plan(session, town)
    allotments = list(allotments_of(session, season).values())
    # In one order, so that two who book much at once don't wait for each other.
    placed = sorted(
        (each for each in allotments if each.hall_id),
        key=lambda each: (str(each.hall_id), each.weekday, each.from_minute, each.parts),
    )
    with claims.versions_last(session):
        for each in placed:
            each.left_out = _booked(session, town, rules, season, each, clerk, now)
    season.state, season.released_at, season.released_by = "released", now, clerk.name
    session.flush()
    season_letters.results(session, town, season, allotments, now)


def series_of(session: Session, season: Round) -> dict[UUID | None, Series]:
    """The series that a plan has become, by the ids of its allotments."""
    theirs = select(Series).join(Allotment, Allotment.id == Series.allotment_id).where(Allotment.round_id == season.id)
    return {each.allotment_id: each for each in session.scalars(theirs)}


def _booked(
    session: Session,
    town: Municipality,
    rules: HallPlan,
    season: Round,
    allotment: Allotment,
    clerk: Clerk,
    now: datetime,
) -> list[date]:
    """Book a place for the season as a series; the days on which it couldn't be had."""
    repeat = _repeat(rules, season, allotment, now)
    wish = allotment.wish
    request = Request(
        hall_id=allotment.hall_id,  # type: ignore[arg-type]
        parts=tuple(allotment.parts),
        repeat=repeat,
        use=_use(wish),
        organisation=wish.organisation,
    )
    entry = series.Entry(channel="paper", received_at=wish.made_at, allotment_id=allotment.id)
    try:
        made = series.book(session, town, request, now, Actor("clerk", clerk.name), entry=entry)
    except (series.NotAllFree, NotOffered):
        return repeat.days(rules.day_off)
    return [each.day for each in made.left_out]


def _repeat(rules: HallPlan, season: Round, allotment: Allotment, now: datetime) -> Repeat:
    """Every week from the season's first such day that is still to come."""
    first = max(season.first, local_date(now, rules.zone) + timedelta(days=1))
    first += timedelta(days=(allotment.weekday - first.weekday()) % 7)
    return Repeat(
        first=first,
        from_minute=allotment.from_minute,
        until_minute=allotment.until_minute,
        last=max(season.last, first),
        without_holidays=season.without_holidays,
    )


def _use(wish: SeasonWish) -> Use:
    club = wish.organisation
    return Use(
        organiser=club.name,
        contact=club.name,
        email=wish.email or club.email,
        phone=club.phone,
        title=wish.title,
        sport=wish.sport,
        purpose=wish.purpose,
        age_group=wish.age_group,
        persons=wish.persons,
        street=club.street,
        city=club.city,
    )
