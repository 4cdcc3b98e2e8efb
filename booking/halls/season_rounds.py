"""A season's round: made with its criteria and a sealed seed, open for wishes, closed, rehearsed, released.

Its criteria can be changed until it is opened; from then on everybody can read them, with the print of the seed.
Nobody closes a round: after its cut-off it takes no wishes any more, to the second, and before it nobody may shut clubs
out who have read that date.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.errors import NotFound, Refused
from buchbar.base.sealed import seal, unseal
from buchbar.base.texts import _
from buchbar.base.tokens import new_token
from buchbar.booking.allocation import seed_print
from buchbar.booking.halls.models import Allotment, Criterion, Round, SeasonWish

_PURPOSE = "season seed"


class NotNow(Refused):
    """The round is at another step."""


def make(
    session: Session,
    town: Municipality,
    *,
    name: str,
    first: date,
    last: date,
    opens_at: datetime,
    closes_at: datetime,
    criteria: Sequence[Criterion],
    at: datetime,
    by: str,
    without_holidays: bool = True,
    note: str = "",
    once: UUID | None = None,
) -> Round:
    """Make a round that nobody sees yet; asked for twice by the same page (``once``), it is made once."""
    round_id = once or uuid4()
    known = session.get(Round, round_id)
    if known and known.municipality_id == town.id:
        return known
    seed = new_token()
    made = Round(
        id=round_id,
        municipality_id=town.id,
        name=name,
        first=first,
        last=last,
        opens_at=opens_at,
        closes_at=closes_at,
        without_holidays=without_holidays,
        criteria=list(criteria),
        note=note,
        seed=seal(session.info["settings"].secret, _PURPOSE, seed),
        seed_print=seed_print(seed),
        made_at=at,
        made_by=by,
    )
    session.add(made)
    session.flush()
    return made


def seed_of(session: Session, season: Round) -> str:
    """The seed in clear: for drawing lots, and for everybody once the plan is released."""
    return unseal(session.info["settings"].secret, _PURPOSE, season.seed)


def round_of(session: Session, town: Municipality, round_id: UUID, *, lock: bool = False) -> Round:
    """A round of this town. Raises NotFound for any other."""
    ours = select(Round).where(Round.municipality_id == town.id, Round.id == round_id)
    if lock:
        ours = ours.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(ours)
    if found is None:
        raise NotFound
    return found


def rounds_of(session: Session, town: Municipality, *, public: bool = False) -> Sequence[Round]:
    """The town's rounds, the latest season first; ``public``: without those that are still being prepared."""
    ours = select(Round).where(Round.municipality_id == town.id)
    if public:
        ours = ours.where(Round.state != "draft")
    return session.scalars(ours.order_by(Round.first.desc(), Round.made_at.desc())).all()


def under_way(session: Session, town_id: UUID, first: date, last: date) -> Sequence[Round]:
    """Published rounds of a town into whose season some of these days may fall, until all their places are booked."""
    waiting = exists().where(Allotment.round_id == Round.id, Allotment.settled_at.is_(None))
    ours = select(Round).where(
        Round.municipality_id == town_id,
        Round.state != "draft",
        Round.first <= last,
        Round.last >= first,
        or_(Round.state != "released", waiting),
    )
    return session.scalars(ours.order_by(Round.first, Round.id)).all()


def state_at(season: Round, now: datetime) -> str:
    """Where the round stands: an open one is closed from its cut-off on."""
    return "closed" if season.state == "open" and now >= season.closes_at else season.state


def accepts(season: Round, now: datetime) -> bool:
    """Whether clubs can hand in, change and withdraw wishes."""
    return state_at(season, now) == "open" and now >= season.opens_at


def change(season: Round, values: dict[str, Any], now: datetime) -> None:
    """Change a round: everything until it is opened, then its name, its note and, until then, a later cut-off."""
    if season.state == "draft":
        for name, value in values.items():
            setattr(season, name, value)
        return
    if season.state == "released":
        raise NotNow(_("Dieser Saisonplan ist vergeben und bleibt, wie er ist."))
    season.name, season.note = values["name"], values["note"]
    if values["closes_at"] != season.closes_at:
        if state_at(season, now) != "open" or values["closes_at"] < season.closes_at:
            raise NotNow(_("Die Frist können Sie verlängern, solange Wünsche angenommen werden, aber nicht verkürzen."))
        season.closes_at = values["closes_at"]


def publish(season: Round, now: datetime) -> None:
    """Show the round to everybody: from now on its criteria stand. Twice is once."""
    if season.state == "open":
        return
    if season.state != "draft":
        raise NotNow(_("Diese Runde ist schon veröffentlicht."))
    if now >= season.closes_at:
        raise NotNow(_("Die Frist für Wünsche ist schon vorbei. Bitte ändern Sie sie zuerst."))
    season.state = "open"


def take_back(session: Session, season: Round) -> None:
    """Prepare a published round anew, as long as there is no wish. Twice is once."""
    if season.state == "draft":
        return
    if season.state not in ("open", "closed"):
        raise NotNow(_("Zu dieser Runde gibt es schon einen Vorschlag."))
    if session.scalar(select(exists().where(SeasonWish.round_id == season.id))):
        raise NotNow(_("Es gibt schon Wünsche zu dieser Runde. Deshalb bleibt sie veröffentlicht."))
    season.state = "draft"


def delete(session: Session, season: Round) -> None:
    """Throw a round away that nobody has seen."""
    if season.state != "draft":
        raise NotNow(_("Eine veröffentlichte Runde kann nicht gelöscht werden."))
    session.delete(season)
    session.flush()
