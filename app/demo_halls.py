"""Makes up a year of bookings in the demonstration's sports halls: the clubs' weekly trainings, and what a newcomer
should find besides.

A request that waits for the office, a training that was given back, and a booking that runs while one looks, whose door
code can be tried at once.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation
from buchbar.app.demo_lives import Lives, unannounced
from buchbar.app.seed_halls import ClubSeed, TrainingSeed
from buchbar.app.seeds import TownSeed
from buchbar.base.errors import NotFound, Refused
from buchbar.booking.events import CITIZEN
from buchbar.booking.halls import reservation, series, series_dates
from buchbar.booking.halls.free import refusal
from buchbar.booking.halls.models import HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, plan
from buchbar.booking.halls.reservation import NotOffered, Slot, Taken, Use
from buchbar.booking.models import Booking
from buchbar.calendar.months import monday_of
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import at, local_date
from buchbar.notices.models import Errand, Letter

_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_MINUTE = timedelta(minutes=1)
_HALF_HOUR = 30 * _MINUTE
_STRANGER = Use(
    organiser="Sigi Lohmann",
    contact="Sigi Lohmann",
    email="lohmann@freizeit.example.org",
    phone="030 23125 181",
    title="Volleyball unter Kollegen",
    sport="Volleyball",
    persons=12,
    street="Nachbarweg 3",
    city="Nachbarort",
)
_DANCER = Use(
    organiser="Mika Ahlers",
    contact="Mika Ahlers",
    email="ahlers@freizeit.example.org",
    phone="030 23125 182",
    title="Tanzprobe der Jugendgruppe",
    sport="Tanz",
    age_group="youth",
    persons=9,
    street="Musterweg 7",
)


def book(lives: Lives, seed: TownSeed) -> None:
    """Let it happen, in the order in which it was booked."""
    if not seed.hall_weeks:
        return
    rules = plan(lives.session, lives.town)
    with unannounced():
        for club in (each for each in seed.clubs if each.trainings):
            organisation = _organisation(lives.session, lives.town.id, club)
            for training in club.trainings:
                _train(lives, rules, organisation, club, training, seed.hall_weeks)
    _forget_letters(lives)
    _give_one_back(lives)
    _ask(lives, rules)
    _be_there_now(lives, rules)


def _train(
    lives: Lives, rules: HallPlan, organisation: Organisation, club: ClubSeed, training: TrainingSeed, weeks: int
) -> None:
    """One training on all its dates outside the holidays, in two series: what is over was booked long ago and is paid,
    what is to come was booked lately."""
    today = local_date(lives.now, rules.zone)
    first = monday_of(today) + training.weekday * _DAY
    next_one = first if first > today else first + _WEEK
    for day, last, made_at in (
        (first - weeks * _WEEK, next_one - _WEEK, lives.now - (weeks + 5) * _WEEK),
        (next_one, first + weeks * _WEEK, lives.now - 10 * _DAY),
    ):
        wish = _wish(rules, organisation, club, training, day, last)
        try:
            booked = series.book(lives.session, lives.town, wish, made_at, CITIZEN).booked
        except (Refused, NotFound):  # nothing of it is free, or there were no rules yet
            continue
        for booking in booked:
            if booking.starts_at < lives.now:
                lives.receive(booking, booking.starts_at)


def _wish(
    rules: HallPlan, organisation: Organisation, club: ClubSeed, training: TrainingSeed, first: date, last: date
) -> series_dates.Request:
    use = Use(
        organiser=club.name,
        contact=club.members[0].name,
        email=club.members[0].email,
        phone=club.phone,
        title=training.title,
        sport=training.sport,
        purpose=training.purpose,
        age_group=training.age_group,
        persons=training.persons,
        coach=club.members[-1].name,
    )
    repeat = Repeat(
        first=first,
        last=last,
        from_minute=training.minute,
        until_minute=training.minute + training.minutes,
        without_holidays=True,
    )
    hall = rules.hall(training.hall)
    return series_dates.Request(
        hall_id=hall.id, parts=training.parts, repeat=repeat, use=use, organisation=organisation
    )


def _forget_letters(lives: Lives) -> None:
    """Nobody wants to read in the demonstration's mail what clubs were told of their series long ago."""
    lives.session.flush()
    old = Letter.municipality_id == lives.town.id, Letter.kind.startswith("hall_series")
    ids = list(lives.session.scalars(select(Letter.id).where(*old)))
    lives.session.execute(delete(Errand).where(Errand.subject_id.in_(ids)))
    lives.session.execute(delete(Letter).where(*old))


def _organisation(session: Session, town_id: UUID, club: ClubSeed) -> Organisation:
    named = select(Organisation).where(Organisation.municipality_id == town_id, Organisation.name == club.name)
    return session.scalars(named).one()


def _give_one_back(lives: Lives) -> None:
    """A club doesn't need its training in three weeks; since this morning it is free for others."""
    coming = (
        select(Booking)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(
            Booking.municipality_id == lives.town.id,
            HallUse.purpose == "training",
            Booking.state == "confirmed",
            Booking.starts_at > lives.now + 21 * _DAY,
        )
        .order_by(Booking.starts_at, Booking.id)
        .limit(1)
    )
    for booking in lives.session.scalars(coming).all():
        reservation.give_back(lives.session, booking, lives.now - 2 * _HALF_HOUR, CITIZEN)


def _ask(lives: Lives, rules: HallPlan) -> None:
    """Somebody from elsewhere would like the first hall on a Sunday; the office hasn't answered yet."""
    hall, made_at = next(iter(rules.halls.values())), lives.now - 3 * _HALF_HOUR
    sunday = monday_of(local_date(lives.now, rules.zone)) + 41 * _DAY
    for day in (sunday + 7 * week * _DAY for week in range(8)):
        start = at(day, 10 * 60, rules.zone)
        slot = Slot(hall.id, hall.fields[:1], Span(start, start + 4 * _HALF_HOUR))
        asked = _citizens(lives, slot, "outside", made_at, _STRANGER)
        if asked and asked.state == "requested":
            return


def _be_there_now(lives: Lives, rules: HallPlan) -> None:
    """Somebody booked a room an hour ago and is in it now, where a town has one that is open at any hour."""
    began = lives.now - (lives.now - datetime.min.replace(tzinfo=lives.now.tzinfo)) % _HALF_HOUR
    made_at = began - _HALF_HOUR
    today = local_date(began, rules.zone)

    def open_for(hall: HallRules) -> timedelta:
        return sum((span.length for span in rules.opening(hall, today, "local")), timedelta(0))

    for hall in sorted(rules.halls.values(), key=open_for, reverse=True):
        slot = Slot(hall.id, hall.fields, Span(began, began + 4 * _HALF_HOUR))
        if not refusal(rules, hall, slot.parts, slot.span, "local", made_at) and _citizens(
            lives, slot, "local", made_at, _DANCER
        ):
            return


def _citizens(lives: Lives, slot: Slot, user_class: str, made_at: datetime, use: Use) -> Booking | None:
    """What a citizen books without an account: hold, form, mail, link."""
    try:
        booking = reservation.hold(lives.session, lives.town, slot, user_class, made_at, CITIZEN)
    except (NotOffered, Taken):
        return None
    reservation.submit(lives.session, booking, use, made_at + 2 * _MINUTE, CITIZEN)
    reservation.prove(lives.session, booking, made_at + 5 * _MINUTE)
    return booking
