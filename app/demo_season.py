"""Makes up seasons for the demonstration's halls: one that takes wishes, and one whose wishes wait for a rehearsal.

What clubs train now they also wish for; and, so that there is something to decide, each wants the hall of all halls at
the best time, too.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from buchbar.accounts.clubs import Organisation
from buchbar.app.demo_lives import Lives
from buchbar.app.seed_halls import ClubSeed, TrainingSeed
from buchbar.app.seeds import TownSeed
from buchbar.booking.halls import season_rounds, season_wishes
from buchbar.booking.halls.models import Alternative, Round
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.season_criteria import DEFAULT
from buchbar.calendar.months import monday_of
from buchbar.calendar.walls import at, local_date

_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_BEST = 18 * 60  # when everybody wants to train


def tell(lives: Lives, seed: TownSeed) -> None:
    """Let clubs hand in their wishes."""
    if not seed.hall_weeks:
        return
    rules = plan(lives.session, lives.town)
    first = monday_of(local_date(lives.now, rules.zone)) + (seed.hall_weeks + 2) * _WEEK
    closed = _round(lives, rules, "Nächste Saison", first, lives.now - 30 * _DAY, lives.now - _DAY)
    clubs = {club.name: club for club in seed.clubs if club.state == "approved"}
    ours = select(Organisation).where(Organisation.municipality_id == lives.town.id, Organisation.name.in_(clubs))
    for organisation in lives.session.scalars(ours.order_by(Organisation.name_key)):
        _wish(lives, rules, closed, organisation, clubs[organisation.name])
    _round(lives, rules, "Übernächste Saison", first + 26 * _WEEK, lives.now - _DAY, lives.now + 30 * _DAY)


def _round(lives: Lives, rules: HallPlan, name: str, first: date, opens: datetime, closes: datetime) -> Round:
    """A round that was published when it opened, with the criteria that we propose. Its cut-off is in the evening."""
    made = season_rounds.make(
        lives.session,
        lives.town,
        name=name,
        first=first,
        last=first + 25 * _WEEK,
        opens_at=at(local_date(opens, rules.zone), 8 * 60, rules.zone),
        closes_at=at(local_date(closes, rules.zone), 20 * 60, rules.zone),
        criteria=DEFAULT,
        at=opens - _DAY,
        by=lives.clerk.name,
        note="Trainingszeiten schließen Umziehen und Aufräumen ein. Bitte nennen Sie mehrere Möglichkeiten.",
    )
    season_rounds.publish(made, opens)
    return made


def _wish(lives: Lives, rules: HallPlan, season: Round, organisation: Organisation, club: ClubSeed) -> None:
    email = club.members[0].email if club.members else club.email
    for training in club.trainings:
        values = {
            "title": training.title,
            "sport": training.sport,
            "age_group": training.age_group,
            "purpose": training.purpose,
            "persons": training.persons,
            "minutes": training.minutes,
            "parts_wanted": len(training.parts),
            "alternatives": _alternatives(rules, training),
        }
        when = season.opens_at + _DAY
        season_wishes.hand_in(lives.session, season, organisation, values, email, when)


def _alternatives(rules: HallPlan, training: TrainingSeed) -> list[Alternative]:
    """On a working day first the best time, then the time that it has now, in any hall that fits."""
    hall = rules.hall(training.hall)
    now = Alternative(weekday=training.weekday, from_minute=training.minute, hall_id=hall.id)
    if training.weekday > 4 or training.minute < 15 * 60:
        return [now]
    best = Alternative(weekday=training.weekday // 2 * 2, from_minute=_BEST, hall_id=hall.id)
    anywhere = Alternative(weekday=training.weekday, from_minute=training.minute)
    return [best, anywhere] if best == now else [best, now, anywhere]
