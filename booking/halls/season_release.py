"""The release of a season's plan: a second clerk lets it become bookings, one series for each place.

The release only says so. A job then books place by place, each in a transaction of its own: nobody waits for a lock
longer than for one place, and whatever kills the job, it goes on where it was. A club is told with its last place.

From then on the plan stays as it is; what isn't needed is given back or cancelled as any other series.
"""

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import reached_at
from buchbar.accounts.models import Clerk, Municipality
from buchbar.base.db import Database
from buchbar.base.errors import Forbidden
from buchbar.base.texts import _
from buchbar.booking.events import Actor
from buchbar.booking.halls import season_letters, series
from buchbar.booking.halls.models import Allotment, Round, SeasonWish, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import NotOffered, Use
from buchbar.booking.halls.season_plan import allotments_of
from buchbar.booking.halls.season_rounds import NotNow
from buchbar.booking.halls.series_dates import Request
from buchbar.booking.models import ONLINE
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.walls import local_date

log = logging.getLogger("buchbar.jobs")


def may_release(season: Round, clerk: Clerk) -> bool:
    """Whether this clerk is a second one: not the one whose hand was the last on the plan."""
    return season.state == "rehearsed" and season.worked_on_by != clerk.id


def release(season: Round, clerk: Clerk, now: datetime) -> None:
    """Let the plan be booked; the ``season`` is locked. Twice is once. Raises NotNow, Forbidden."""
    if season.state == "released":
        return
    if season.state != "rehearsed":
        raise NotNow(_("Freigeben können Sie nur einen Vorschlag, der auf dem neuesten Stand ist."))
    if not may_release(season, clerk):
        raise Forbidden(_("Den Plan gibt jemand frei, der nicht zuletzt an ihm gearbeitet hat: vier Augen sehen mehr."))
    season.state, season.released_at, season.released_by = "released", now, clerk.name


def book_released(database: Database, now: datetime) -> int:
    """Book the places of released plans that aren't booked yet, each in its own transaction; how many."""
    with database.read() as session:
        waiting = session.execute(
            select(Allotment.round_id, Allotment.id)
            .join(Round, Round.id == Allotment.round_id)
            .where(Round.state == "released", Allotment.settled_at.is_(None))
            .order_by(Round.released_at, Allotment.order_number, Allotment.id)
        ).all()
    return sum(_settled(database, round_id, allotment_id, now) for round_id, allotment_id in waiting)


def _settled(database: Database, round_id: UUID, allotment_id: UUID, now: datetime) -> bool:
    try:
        with database.write() as session:
            return settle(session, round_id, allotment_id, now)
    except Exception as fault:
        log.error("not booked", extra={"subject": str(allotment_id), "fault": type(fault).__name__})
        return False


def settle(session: Session, round_id: UUID, allotment_id: UUID, now: datetime) -> bool:
    """Book one place of a released plan, and with its club's last one tell the club; False if that is done already.

    What isn't free any more on single dates is left out and written down with its place.
    """
    # Who settles others of this round waits, so that one of them sees that it is a club's last.
    season = session.scalars(select(Round).where(Round.id == round_id).with_for_update()).one()
    allotment = session.get_one(Allotment, allotment_id, populate_existing=True)
    if allotment.settled_at:
        return False
    town = session.get_one(Municipality, season.municipality_id)
    if allotment.hall_id:
        allotment.left_out = _booked(session, town, season, allotment, now)
    allotment.settled_at = now
    session.flush()
    theirs = allotments_of(session, season, allotment.wish.organisation_id).values()
    if all(each.settled_at for each in theirs):
        season_letters.results(session, town, season, list(theirs), series_of(session, season), now)
    return True


def progress(allotments: Iterable[Allotment]) -> tuple[int, int]:
    """How many places of a plan are booked, and how many there are."""
    placed = [each for each in allotments if each.hall_id]
    return sum(each.settled_at is not None for each in placed), len(placed)


def series_of(session: Session, season: Round) -> dict[UUID | None, Series]:
    """The series that a plan has become, by the ids of its allotments."""
    theirs = select(Series).join(Allotment, Allotment.id == Series.allotment_id).where(Allotment.round_id == season.id)
    return {each.allotment_id: each for each in session.scalars(theirs)}


def _booked(session: Session, town: Municipality, season: Round, allotment: Allotment, now: datetime) -> list[date]:
    """Book a place for the season as a series; the days on which it couldn't be had."""
    rules = plan(session, town)
    repeat = _repeat(season, allotment, max(season.first, local_date(now, rules.zone) + timedelta(days=1)))
    days = repeat.days(rules.day_off) if repeat else []
    if repeat is None or not days:  # all of them are over
        return _all_days(rules, season, allotment)
    wish = allotment.wish
    request = Request(
        hall_id=allotment.hall_id,  # type: ignore[arg-type]
        parts=tuple(allotment.parts),
        repeat=repeat,
        use=_use(wish, _address(session, wish)),
        organisation=wish.organisation,
        own_hours=True,
    )
    entry = _entry(allotment, request.use.email)
    try:
        made = series.book(session, town, request, now, Actor("clerk", season.released_by), entry=entry)
    except (series.NotAllFree, NotOffered):
        return days
    if entry.channel == ONLINE:  # who handed it in was signed in
        for booking in made.booked:
            booking.email_proven_at = now
    return [each.day for each in made.left_out]


def _repeat(season: Round, allotment: Allotment, first: date) -> Repeat | None:
    """Every week of the season from the first such day on; None where there is none left in it."""
    first += timedelta(days=(allotment.weekday - first.weekday()) % 7)
    if first > season.last:
        return None
    return Repeat(
        first=first,
        from_minute=allotment.from_minute,
        until_minute=allotment.until_minute,
        last=season.last,
        without_holidays=season.without_holidays,
    )


def _all_days(rules: HallPlan, season: Round, allotment: Allotment) -> list[date]:
    whole = _repeat(season, allotment, season.first)
    return whole.days(rules.day_off) if whole else []


def _entry(allotment: Allotment, address: str) -> series.Entry:
    """How the place was asked for: by who was signed in, or on paper."""
    wish = allotment.wish
    channel = ONLINE if address and not wish.made_by else "paper"
    return series.Entry(channel=channel, received_at=wish.made_at, allotment_id=allotment.id)


def _address(session: Session, wish: SeasonWish) -> str:
    """Of who handed it in, while they belong to the club; else of who manages it."""
    club = wish.organisation
    return next(iter(reached_at(session, club, wish.email or club.email)), "")


def _use(wish: SeasonWish, address: str) -> Use:
    club = wish.organisation
    return Use(
        organiser=club.name,
        contact=club.name,
        email=address,
        phone=club.phone,
        title=wish.title,
        sport=wish.sport,
        purpose=wish.purpose,
        age_group=wish.age_group,
        persons=wish.persons,
        street=club.street,
        city=club.city,
    )
