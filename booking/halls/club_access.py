"""Who sees and changes what is booked for a club: its members, signed in.

Whoever has only the secret link (given on, or kept after leaving) sees when and where it is and whether it stands. A
club of which nobody has an account has booked by telephone: there the link is all there is, as for a person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from buchbar.accounts import citizens, clubs
from buchbar.accounts.clubs import Organisation
from buchbar.accounts.people import Person
from buchbar.base.errors import NotFound, Refused, SignInNeeded
from buchbar.base.texts import _
from buchbar.booking import links, steps
from buchbar.booking.events import SYSTEM, Actor, record
from buchbar.booking.halls import series_letters
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.models import ALIVE, Booking
from buchbar.doors import windows

# No code is shown longer after a booking (doors/models.py).
_RUN_OUT = timedelta(hours=2)
EMAIL = "E-Mail"  # in the history, as the desk calls it
_ANEW = {"populate_existing": True}


def may(session: Session, organisation_id: UUID | None) -> bool:
    """Whether who asks sees and changes all that is booked for this organisation; None: for a person."""
    if organisation_id is None or not clubs.anybody(session, organisation_id):
        return True
    person = citizens.who_asks(session)
    return person is not None and clubs.belongs(session, organisation_id, person)


def let_in(session: Session, booking: Booking) -> None:
    """Raises SignInNeeded and NotFound for whom the link to a booking isn't enough."""
    use = session.get(HallUse, booking.id)
    _let_in(session, use.organisation_id if use else None, links.path(session, booking))


def series_by(session: Session, token: str) -> Series:
    """The series that a link names, for who may change it. Raises SignInNeeded and NotFound."""
    series = series_letters.series_by(session, token)
    _let_in(session, series.organisation_id, series_letters.path(session, series))
    return series


def _let_in(session: Session, organisation_id: UUID | None, page: str) -> None:
    if may(session, organisation_id):
        return
    if citizens.who_asks(session) is None:
        raise SignInNeeded(citizens.sign_in_page(page))
    raise NotFound(_("Das sieht und ändert nur, wer für den Verein bucht."))


def sign_in_page(session: Session, page: str) -> str:
    """Where who has only the link signs in; empty for who is signed in and doesn't belong to the club."""
    return "" if citizens.who_asks(session) else citizens.sign_in_page(page)


def is_blocked(organisation: Organisation | None) -> bool:
    """Whether the club sees no codes and changes nothing; it may still give back what it doesn't need."""
    return organisation is not None and organisation.state == "blocked"


def refuse_blocked(organisation: Organisation | None) -> None:
    """Raises Refused for what a blocked club may not do."""
    if is_blocked(organisation):
        raise Refused(_("Der Verein ist zurzeit gesperrt. Freigeben können Sie Termine, verlegen oder ändern nicht."))


def left(session: Session, organisation: Organisation, person: Person, at: datetime) -> None:
    """Somebody books no longer for a club: the links that they have lead nowhere, the digits that they may have seen
    open nothing, and what they have booked for it is now with those who manage it."""
    heirs = clubs.reached_at(session, organisation, "")
    theirs = select(Series).where(Series.organisation_id == organisation.id).order_by(Series.id)
    for series in session.scalars(theirs.with_for_update(of=Series, key_share=True).execution_options(**_ANEW)):
        series.generation += 1
        if heirs and series.email.lower() == person.email:
            series.email = heirs[0]
    coming = _coming(at, HallUse.organisation_id == organisation.id)
    bookings = session.scalars(coming.with_for_update(of=Booking).execution_options(**_ANEW)).all()
    for booking in bookings:
        booking.generation += 1
        if heirs and booking.email.lower() == person.email:
            booking.email = heirs[0]
            record(session, booking, "correct", at, SYSTEM, EMAIL, email="new")
    session.flush()
    _other_digits(session, bookings, at)


def readdressed(session: Session, booking: Booking, was: str, at: datetime, by: Actor) -> None:
    """The address of a booking was another's. What went there of its series, and the digits, isn't theirs any more
    either: all dates to come that were under it follow, and who has booked gets the series' new link. Raises Refused
    while somebody else changes the series: waiting for them, with this booking locked, could be waiting for oneself."""
    use = session.get(HallUse, booking.id)
    if use is None or use.series_id is None:
        _other_digits(session, [booking], at)
        return
    ours = select(Series).where(Series.id == use.series_id).with_for_update(of=Series, key_share=True, nowait=True)
    others = _coming(at, HallUse.series_id == use.series_id, Booking.id != booking.id)
    session.flush()
    try:
        series = session.scalars(ours.execution_options(**_ANEW)).one()
        dates = session.scalars(others.with_for_update(of=Booking, nowait=True).execution_options(**_ANEW)).all()
    except OperationalError as fault:
        raise Refused(_("Gerade ändert jemand diese Serie. Bitte versuchen Sie es gleich noch einmal.")) from fault
    following = [each for each in dates if each.email.lower() == was.lower()]
    for each in following:
        each.email, each.generation = booking.email, each.generation + 1
        if each.email:
            each.email_proven_at = each.email_proven_at or at
        record(session, each, "correct", at, by, EMAIL, email="new")
    series.generation += 1
    if series.email.lower() == was.lower():
        series.email = booking.email
    session.flush()
    _other_digits(session, [booking, *following], at)
    standing = [each for each in (booking, *following) if each.state in steps.STEPS["move"]]
    series_letters.sent_anew(session, series, sorted(standing, key=_starts), at)


def _coming(at: datetime, *which: ColumnElement[bool]) -> Select[Booking]:
    """Halls' bookings that stand and aren't over, in the order in which they are locked."""
    running = Booking.ends_at > at - _RUN_OUT, Booking.state.in_(ALIVE)
    of_halls = select(Booking).join(HallUse, HallUse.booking_id == Booking.id)
    return of_halls.where(*which, *running).order_by(Booking.id)


def _starts(booking: Booking) -> datetime:
    return booking.starts_at


def _other_digits(session: Session, bookings: Sequence[Booking], at: datetime) -> None:
    ids = [booking.id for booking in bookings]
    of_series = select(HallUse.series_id).where(HallUse.booking_id.in_(ids), HallUse.series_id.is_not(None))
    windows.other_digits(session, [*ids, *session.scalars(of_series.distinct())], at)
