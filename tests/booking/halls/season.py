"""A season's round in the gym of tests/gym.py: two clubs, and clerks who rehearse and release."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import uuid4

from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Clerk
from buchbar.booking.halls import season_rounds, season_wishes
from buchbar.booking.halls.models import Alternative, Criterion, Round, SeasonWish
from buchbar.booking.halls.season_criteria import DEFAULT
from tests import gym
from tests.cast import BERLIN, NOW, assemble
from tests.gym import Gym

OPENS, CLOSES = NOW + timedelta(hours=1), datetime(2026, 12, 15, 22, 59, 59, tzinfo=BERLIN)
AFTER = CLOSES + timedelta(days=1)
FIRST, LAST = date(2027, 2, 1), date(2027, 4, 30)
MONDAY = 0


@dataclass
class Season:
    """``other``: a club that is local, too; ``second``: the clerk who releases."""

    here: Gym
    round: Round
    other: Organisation
    second: Clerk


def prepare(session: Session, criteria: tuple[Criterion, ...] = DEFAULT) -> Season:
    here = gym.build(session, assemble(session))
    town = here.town.town
    other = Organisation(
        id=uuid4(), municipality_id=town.id, name="SV Rot", state="approved", email="rot@example.org", made_at=NOW
    )
    second = Clerk(
        id=uuid4(), municipality_id=town.id, name="Frau Kruse", email="kruse@diepholz.example.org", role="sports"
    )
    session.add_all([other, second])
    made = season_rounds.make(
        session,
        town,
        name="Frühjahr 2027",
        first=FIRST,
        last=LAST,
        opens_at=OPENS,
        closes_at=CLOSES,
        criteria=criteria,
        at=NOW,
        by="Herr Lange",
    )
    season_rounds.publish(made, NOW)
    return Season(here, made, other, second)


def wish(
    session: Session,
    season: Season,
    club: Organisation,
    *times: tuple[int, int],
    title: str = "Handball",
    minutes: int = 120,
    parts: int = 3,
    at: datetime = OPENS,
    **more: object,
) -> SeasonWish:
    """A wish for the hall at these weekdays and minutes of the day, the best first."""
    choices = [Alternative(weekday=day, from_minute=minute, hall_id=season.here.hall.id) for day, minute in times]
    values = {"title": title, "minutes": minutes, "parts_wanted": parts, "alternatives": choices, "persons": 14}
    made = season_wishes.hand_in(session, season.round, club, values | more, "coach@example.org", at)
    assert made
    return made
