"""What a newcomer should find at the demonstration's desk: something to do, of every kind.

An owner who hasn't answered, a letter that came back, somebody on the telephone without e-mail, notes, calendars.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Clerk, Municipality
from buchbar.app.demo_lives import Lives, still_free
from buchbar.app.demo_plans import Plan, could_be_made
from buchbar.booking import approvals, lifecycle, notes, owners
from buchbar.booking.models import Booking
from buchbar.booking.weddings.timetable import timetable
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Errand, Letter
from buchbar.resources.models import Feed, Registrar, Venue

_DAY = timedelta(days=1)
NOTES = (
    "Großmutter der Braut sitzt im Rollstuhl: bitte vorher die Rampe anlegen lassen.",
    "Das Paar bringt eine Sängerin mit und braucht eine Steckdose. Zehn Minuten mehr eingeplant.",
    "Die Mutter hat angerufen und nach der Uhrzeit gefragt. Keine Auskunft gegeben, an das Paar verwiesen.",
)


def tell(lives: Lives) -> None:
    """Let it happen. After it, nothing waits to be sent but what a clerk has to look at."""
    session, town, now = lives.session, lives.town, lives.now
    _silent_owner(lives)
    _by_telephone(lives)
    _notes(session, town, now)
    _feeds(session, town, lives.clerk.name, now)


def come_back(session: Session, town: Municipality) -> None:
    """The newest letter to a couple didn't arrive. After all others count as sent."""
    found = session.execute(
        select(Letter, Errand)
        .join(Errand, Errand.subject_id == Letter.id)
        .join(Booking, Booking.id == Letter.booking_id)
        .where(Letter.municipality_id == town.id, Letter.to_address == Booking.email)
        .order_by(Letter.written_at.desc(), Letter.id)
        .limit(1)
    ).first()
    if found:
        letter, errand = found
        letter.sent_at = None
        errand.state, errand.done_at, errand.attempts = "failed", None, 10
        errand.fault = "Der Mailserver nimmt nichts an (550)."


def _silent_owner(lives: Lives) -> None:
    """A request came nine days ago; the office has agreed, the owner says nothing although reminded."""
    asked_at = lives.now - 9 * _DAY
    plan = next_free(lives, asked_at, lambda venue: bool(venue.owner_email) and venue.visibility == "bookable")
    if plan is None:
        return
    booking, at = lives.reserve(plan, lives.couple(plan))
    if "owner" not in approvals.needed(booking):
        return
    lifecycle.approve(lives.session, booking, "office", at + _DAY, lives.clerk)
    for days in booking.terms.owner_reminder_days:
        owners.remind(lives.session, booking, min(at + days * _DAY, lives.now))


def _by_telephone(lives: Lives) -> None:
    """A couple without e-mail has called an hour ago; their letter is still to be printed."""
    plan = next_free(lives, lives.now - timedelta(hours=1), lambda venue: venue.visibility == "bookable")
    if plan is None:
        return
    plan.channel = "telephone"
    city = f"{lives.town.postcode} {lives.town.city}"
    couple = replace(lives.couple(plan), email="", street="Musterweg 12", city=city)
    lives.reserve(plan, couple)


def next_free(lives: Lives, at: datetime, fits: Callable[[Venue], bool], in_days: int = 60) -> Plan | None:
    """The first free slot from so many days on, at a venue that fits, which could be reserved at a moment."""
    session, times = lives.session, timetable(lives.session, lives.town)
    venues = session.scalars(select(Venue).where(Venue.municipality_id == lives.town.id, Venue.active))
    fitting = {venue.id for venue in venues if fits(venue)}
    today = local_date(lives.now, times.zone)
    for slot in (slot for n in range(in_days, 360) for slot in times.slots_on(today + n * _DAY)):
        plan = Plan(slot, at)
        if slot.venue.id in fitting and could_be_made(times, slot, at) and still_free(session, plan):
            return plan
    return None


def _notes(session: Session, town: Municipality, now: datetime) -> None:
    """The head has written something down about the next weddings."""
    clerk = session.scalars(select(Clerk).where(Clerk.municipality_id == town.id, Clerk.role == "head")).first()
    ours = (Booking.municipality_id == town.id, Booking.state == "confirmed", Booking.starts_at > now)
    next_ones = session.scalars(select(Booking).where(*ours).order_by(Booking.starts_at).limit(len(NOTES))).all()
    for booking, text in zip(next_ones, NOTES, strict=False):
        if clerk:
            notes.write(session, booking, clerk, text, now - _DAY)


def _feeds(session: Session, town: Municipality, made_by: str, now: datetime) -> None:
    """Three calendars: the office's own with names, a registrar's, and one for the caretaker."""
    registrar = select(Registrar.id).where(Registrar.municipality_id == town.id).order_by(Registrar.name).limit(1)
    venue = select(Venue.id).where(Venue.municipality_id == town.id).order_by(Venue.position).limit(1)
    hour = now.replace(minute=0, second=0, microsecond=0)
    common = {"municipality_id": town.id, "created_by": made_by, "created_at": now - 30 * _DAY}
    session.add_all(
        [
            Feed(details="names", note="Bildschirm im Amt", fetched_at=hour, **common),
            Feed(resource_id=session.scalar(registrar), with_around=True, fetched_at=hour, **common),
            Feed(resource_id=session.scalar(venue), details="busy", note="Hausmeister", **common),
        ]
    )
