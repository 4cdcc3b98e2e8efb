"""What halls keep under a person's address beside bookings: for their account, and what goes with it."""

from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from buchbar.accounts.models import Municipality
from buchbar.accounts.people import Person
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import HallWatch, Round, SeasonWish, Series
from buchbar.booking.links import settings
from buchbar.resources.halls import Hall


def of_person(session: Session, person: Person) -> dict[str, list[dict[str, Any]]]:
    """With German words and moments in ISO 8601."""
    base_url = settings(session).base_url
    series = select(Series).where(func.lower(Series.email) == person.email).options(joinedload(Series.hall))
    watches = (
        select(HallWatch, Hall.name, Municipality.name)
        .join(Hall, Hall.id == HallWatch.hall_id)
        .join(Municipality, Municipality.id == HallWatch.municipality_id)
        .where(HallWatch.email == person.email)
    )
    wishes = (
        select(SeasonWish, Round.name)
        .join(Round, Round.id == SeasonWish.round_id)
        .where(func.lower(SeasonWish.email) == person.email)
        .options(joinedload(SeasonWish.organisation))
    )
    return {
        "serien": [
            {
                "nummer": each.number,
                "halle": each.hall.name,
                "angelegt": each.made_at.isoformat(),
                "link": base_url + series_letters.path(session, each),
            }
            for each in session.scalars(series.order_by(Series.made_at, Series.id))
        ],
        "saisonwünsche": [
            {
                "saison": season,
                "verein": wish.organisation.name,
                "was": wish.title,
                "bemerkung": wish.remarks,
                "eingereicht": wish.made_at.isoformat(),
                "zurückgezogen": wish.withdrawn_at.isoformat() if wish.withdrawn_at else None,
            }
            for wish, season in session.execute(wishes.order_by(SeasonWish.made_at, SeasonWish.id))
        ],
        "nachrichten bei freien terminen": [
            {
                "halle": hall,
                "kommune": town,
                "wochentage": watch.weekdays,
                "angefragt": watch.made_at.isoformat(),
                "bestätigt": watch.proven_at.isoformat() if watch.proven_at else None,
                "bis": watch.ends_on.isoformat(),
            }
            for watch, hall, town in session.execute(watches.order_by(HallWatch.made_at, HallWatch.id))
        ],
    }


def forget(session: Session, person: Person) -> None:
    """Nobody else has asked for word of free dates: that goes with the account."""
    session.execute(delete(HallWatch).where(HallWatch.email == person.email))
