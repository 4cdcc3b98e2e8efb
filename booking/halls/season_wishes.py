"""Clubs' wishes for a season: handed in, changed, put into order and withdrawn until the cut-off, which the server's
clock decides. A clerk enters what came on paper in time, as long as the plan isn't released."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.clubs import Organisation
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking.halls.models import Round, SeasonWish
from buchbar.booking.halls.season_allocation import Choice, HallTimes, Place, Wish
from buchbar.booking.halls.season_rounds import NotNow, accepts

MOST_WISHES = 60


class TooMany(Refused):
    """More wishes than anybody could mean."""


def wishes_of(session: Session, season: Round, organisation_ids: Collection[UUID] | None = None) -> list[SeasonWish]:
    """The wishes that haven't been withdrawn, by club and rank; of all clubs, or of some."""
    theirs = (
        select(SeasonWish)
        .join(Organisation, Organisation.id == SeasonWish.organisation_id)
        .where(SeasonWish.round_id == season.id, SeasonWish.withdrawn_at.is_(None))
        .options(joinedload(SeasonWish.organisation))
        .order_by(Organisation.name_key, Organisation.id, SeasonWish.rank, SeasonWish.made_at, SeasonWish.id)
    )
    if organisation_ids is not None:
        theirs = theirs.where(SeasonWish.organisation_id.in_(organisation_ids))
    return list(session.scalars(theirs))


def wish_of(
    session: Session, season: Round, wish_id: UUID, organisation_ids: Collection[UUID] | None = None
) -> SeasonWish:
    """A wish of this round, of one of these organisations. Raises NotFound for any other."""
    found = session.scalar(
        select(SeasonWish)
        .where(SeasonWish.round_id == season.id, SeasonWish.id == wish_id, SeasonWish.withdrawn_at.is_(None))
        .options(joinedload(SeasonWish.organisation))
    )
    if found is None or (organisation_ids is not None and found.organisation_id not in organisation_ids):
        raise NotFound
    return found


def hand_in(
    session: Session,
    season: Round,
    organisation: Organisation,
    values: dict[str, Any],
    email: str,
    at: datetime,
    clerk: str = "",
    once: UUID | None = None,
) -> SeasonWish | None:
    """Keep a new wish, as the club's last; the ``season`` is locked. None where the same page (``once``) has made it
    already. Raises NotNow, TooMany."""
    wish_id = once or uuid4()
    known = session.get(SeasonWish, wish_id)
    if known and (known.round_id, known.organisation_id) == (season.id, organisation.id):
        return None
    _allow(season, at, clerk)
    others = wishes_of(session, season, [organisation.id])
    if len(others) >= MOST_WISHES:
        raise TooMany(_("Mehr als %d Wünsche kann ein Verein nicht abgeben.") % MOST_WISHES)
    wish = SeasonWish(
        id=wish_id,
        round_id=season.id,
        organisation_id=organisation.id,
        rank=len(others) + 1,
        email=email,
        made_at=at,
        made_by=clerk,
        **values,
    )
    session.add(wish)
    session.flush()
    return wish


def change(season: Round, wish: SeasonWish, values: dict[str, Any], at: datetime, clerk: str = "") -> None:
    """Change a wish; it keeps its rank. Raises NotNow."""
    _allow(season, at, clerk)
    for name, value in values.items():
        setattr(wish, name, value)


def withdraw(session: Session, season: Round, wish: SeasonWish, at: datetime, clerk: str = "") -> None:
    """Take a wish back; those after it move up. Raises NotNow."""
    _allow(season, at, clerk)
    wish.withdrawn_at = at
    session.flush()
    _number(wishes_of(session, season, [wish.organisation_id]))


def move_up(session: Session, season: Round, wish: SeasonWish, at: datetime, clerk: str = "") -> None:
    """Let a wish change places with the one before it. Raises NotNow."""
    _allow(season, at, clerk)
    theirs = wishes_of(session, season, [wish.organisation_id])
    here = theirs.index(wish)
    if here:
        theirs[here - 1], theirs[here] = wish, theirs[here - 1]
    _number(theirs)


def _number(wishes: Sequence[SeasonWish]) -> None:
    for rank, wish in enumerate(wishes, 1):
        wish.rank = rank


def _allow(season: Round, at: datetime, clerk: str) -> None:
    """Clubs until the cut-off, clerks until the release; a plan that was there is then out of date."""
    if clerk and season.state in ("open", "closed", "rehearsed"):
        season.state = "closed" if season.state == "rehearsed" else season.state
        return
    if not clerk and accepts(season, at):
        return
    if clerk or at < season.opens_at or season.state == "draft":
        raise NotNow(_("Zurzeit werden keine Wünsche angenommen."))
    raise NotNow(_("Die Frist für Wünsche ist vorbei."))


def as_asked(wish: SeasonWish, **more: Any) -> Wish:
    """The wish as the allocation takes it."""
    return Wish(
        id=wish.id,
        club=wish.organisation_id,
        minutes=wish.minutes,
        choices=tuple(Choice(each.weekday, each.from_minute, each.hall_id) for each in wish.alternatives),
        user_class=wish.organisation.user_class,
        age_group=wish.age_group,
        purpose=wish.purpose,
        sport=wish.sport,
        persons=wish.persons,
        parts_wanted=wish.parts_wanted,
        step_free=wish.step_free,
        rank=wish.rank,
        **more,
    )


def why_not(choice: Choice, wish: Wish, halls: Sequence[HallTimes]) -> str:
    """Why nobody could ever have this, in a sentence; empty where somebody could. Others' wishes left aside."""
    asked = [hall for hall in halls if choice.hall_id in (None, hall.id)]
    if not asked:
        return _("Diese Halle wird nicht für eine ganze Saison vergeben.")
    suiting = [hall for hall in asked if hall.suits(wish)]
    if not suiting:
        return _("Das passt zu keiner Halle: Sportart und stufenloser Zugang gehen hier nicht zusammen.")
    big = [(hall, parts) for hall in suiting for parts in hall.fitting(wish.parts_wanted)]
    if not big:
        return _("So viele Hallenteile gibt es hier nicht.")
    start, end = choice.from_minute, choice.from_minute + wish.minutes
    places = [(hall, Place(hall.id, parts, choice.weekday, start, end)) for hall, parts in big]
    if not any(hall.open_for(wish.user_class, place) for hall, place in places):
        return _("Zu dieser Zeit ist die Halle nicht geöffnet, oder die Schule braucht sie.")
    return ""
