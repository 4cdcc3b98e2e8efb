"""The plan of a season: rehearsed as often as clerks like, and corrected by hand.

Nothing of it is seen or booked before the release (season_release.py). What a clerk has decided by hand stays through
every further rehearsal, with the reason, until that decision is taken back.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Clerk, Municipality
from buchbar.base.errors import Refused
from buchbar.base.texts import _, speaking
from buchbar.booking.halls import season_allocation, season_words
from buchbar.booking.halls.models import Allotment, Round, SeasonWish, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.season_allocation import HallTimes, Place, Result, Wish
from buchbar.booking.halls.season_rounds import NotNow, seed_of, state_at
from buchbar.booking.halls.season_times import busy_in, halls_in, last_season
from buchbar.booking.halls.season_wishes import as_asked, wishes_of
from buchbar.calendar.walls import local_date


class InTheWay(Refused):
    """A place that a clerk wants to give can't be given."""


def allotments_of(session: Session, season: Round, organisation_id: UUID | None = None) -> dict[UUID, Allotment]:
    """What the plan gives, to all or to one organisation, by wish; without wishes that were withdrawn since."""
    theirs = (
        select(Allotment)
        .join(SeasonWish, SeasonWish.id == Allotment.wish_id)
        .where(Allotment.round_id == season.id, SeasonWish.withdrawn_at.is_(None))
        .options(joinedload(Allotment.wish).joinedload(SeasonWish.organisation), joinedload(Allotment.hall))
    )
    if organisation_id is not None:
        theirs = theirs.where(SeasonWish.organisation_id == organisation_id)
    return {each.wish_id: each for each in session.scalars(theirs)}


def place_of(allotment: Allotment) -> Place | None:
    """What a wish has got, None for nothing."""
    if allotment.hall_id is None:
        return None
    times = allotment.weekday, allotment.from_minute, allotment.until_minute
    return Place(allotment.hall_id, tuple(allotment.parts), *times)


def rehearse(session: Session, town: Municipality, season: Round, clerk: Clerk, now: datetime) -> None:
    """Make the plan anew from all wishes of clubs that may book; the ``season`` is locked. The same wishes give the
    same plan. Raises NotNow."""
    if state_at(season, now) not in ("closed", "rehearsed"):
        raise NotNow(_("Einen Vorschlag gibt es erst, wenn die Frist für Wünsche vorbei ist."))
    rules = plan(session, town)
    wishes = {wish.id: wish for wish in wishes_of(session, season) if wish.organisation.state == "approved"}
    known = allotments_of(session, season)
    asked = asked_for(session, rules, season, list(wishes.values()), known, now)
    halls = halls_of(session, rules, season, asked, now)
    results = season_allocation.allocate(asked, halls, season.criteria, seed_of(session, season))
    session.execute(delete(Allotment).where(Allotment.round_id == season.id, Allotment.wish_id.not_in(wishes)))
    named = rules.policy(local_date(now, rules.zone)).terms.public_names
    with speaking("de"):  # clubs read it in the town's language, whatever the clerk's is
        for result in results:
            if not result.wish.by_hand:
                said = season_words.reason(result, rules, season.criteria, wishes, named=named)
                _keep(session, season, known.get(result.wish.id), result, said)
    season.state = "rehearsed"
    season.rehearsed_at, season.rehearsed_by, season.worked_on_by = now, clerk.name, clerk.id
    session.flush()


def asked_for(
    session: Session,
    rules: HallPlan,
    season: Round,
    wishes: list[SeasonWish],
    known: dict[UUID, Allotment],
    now: datetime,
) -> list[Wish]:
    """The wishes as the allocation takes them: with what clerks have decided, and what their clubs had last season."""
    before = last_season(session, rules, season, now)
    asked = []
    for wish in wishes:
        allotment = known.get(wish.id)
        by_hand = allotment is not None and allotment.by_hand
        terms = rules.terms(local_date(now, rules.zone), wish.organisation.user_class)
        asked.append(
            as_asked(
                wish,
                kept=any(_is_kept(wish, series) for series in before.get(wish.organisation_id, [])),
                most_minutes=terms.week_minutes,
                by_hand=by_hand,
                place=place_of(allotment) if allotment and by_hand else None,
            )
        )
    return asked


def halls_of(session: Session, rules: HallPlan, season: Round, asked: list[Wish], now: datetime) -> list[HallTimes]:
    """The halls as the allocation takes them."""
    return halls_in(rules, season, {wish.user_class for wish in asked}, busy_in(session, rules, season, now), now)


def _is_kept(wish: SeasonWish, series: Series) -> bool:
    """Whether a wish's first choice is where its club was: that weekday, a time that overlaps, that hall or any."""
    first, repeat = wish.alternatives[0], series.repeat
    return (
        first.weekday == repeat.first.weekday()
        and first.hall_id in (None, series.hall_id)
        and first.from_minute < repeat.until_minute
        and repeat.from_minute < first.from_minute + wish.minutes
    )


def _keep(session: Session, season: Round, allotment: Allotment | None, result: Result, said: str) -> None:
    if allotment is None:
        allotment = Allotment(round_id=season.id, wish_id=result.wish.id)
        session.add(allotment)
    _put(allotment, result.place)
    allotment.reason, allotment.order_number = said, result.number
    allotment.note = allotment.changed_by = ""


def _put(allotment: Allotment, place: Place | None) -> None:
    allotment.hall_id = place.hall_id if place else None
    allotment.parts = list(place.parts) if place else []
    allotment.weekday = place.weekday if place else 0
    allotment.from_minute = place.from_minute if place else 0
    allotment.until_minute = place.until_minute if place else 0


def decide(
    session: Session,
    town: Municipality,
    season: Round,
    wish: SeasonWish,
    place: Place | None,
    note: str,
    clerk: Clerk,
    now: datetime,
) -> None:
    """Give a wish a place by hand, another one, or (None) none, for a reason that its club reads; the ``season`` is
    locked. Raises NotNow, InTheWay."""
    _allow(season)
    known = allotments_of(session, season)
    if place:
        _check(session, plan(session, town), season, wish, place, known, now)
    allotment = known.get(wish.id)
    if allotment is None:
        allotment = Allotment(round_id=season.id, wish_id=wish.id)
        session.add(allotment)
    _put(allotment, place)
    allotment.by_hand, allotment.note, allotment.changed_by, allotment.order_number = True, note, clerk.name, 0
    with speaking("de"):
        given = _("Das Amt hat Ihnen diesen Platz von Hand gegeben")
        allotment.reason = f"{given if place else _('Das Amt hat von Hand entschieden')}: {note}"
    season.worked_on_by = clerk.id
    session.flush()


def undo(session: Session, season: Round, wish: SeasonWish, clerk: Clerk) -> None:
    """Take back what was decided by hand: the next rehearsal decides, and there must be one before the release. Raises
    NotNow. Twice is once."""
    allotment = allotments_of(session, season).get(wish.id)
    if allotment is None or not allotment.by_hand:
        return
    if season.state == "released":
        raise NotNow(_("Dieser Saisonplan ist vergeben und bleibt, wie er ist."))
    allotment.by_hand = False
    season.state, season.worked_on_by = "closed", clerk.id
    session.flush()


def _allow(season: Round) -> None:
    if season.state != "rehearsed":
        raise NotNow(_("Von Hand ändern können Sie nur einen Vorschlag, der auf dem neuesten Stand ist."))


def _check(
    session: Session,
    rules: HallPlan,
    season: Round,
    wish: SeasonWish,
    place: Place,
    known: dict[UUID, Allotment],
    now: datetime,
) -> None:
    """Refuse what can't be: parts that don't go together, a hall that isn't free, somebody else's place."""
    hall = rules.halls.get(place.hall_id)
    if hall is None or not hall.allows(place.parts):
        raise InTheWay(_("Diese Teile der Halle können nicht zusammen vergeben werden."))
    halls = halls_of(session, rules, season, [as_asked(wish)], now)
    times = next((each for each in halls if each.id == hall.id), None)
    if times is None or not times.open_for(wish.organisation.user_class, place):
        raise InTheWay(_("Zu dieser Zeit ist die Halle nicht offen oder schon belegt."))
    for other in known.values():
        theirs = place_of(other)
        if other.wish_id != wish.id and theirs and place.clashes(theirs, times.buffer):
            raise InTheWay(
                _("Diesen Platz hat schon %(club)s („%(title)s“).")
                % {"club": other.wish.organisation.name, "title": other.wish.title}
            )
