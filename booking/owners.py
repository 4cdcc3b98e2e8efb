"""Venues that belong to somebody else, a mill or a ship: their owners agree or refuse, by a link in a letter.

No table holds these links. The one to a question is bound to what was asked: the booking, the place, the time and the
owner's address. It dies when the wedding is moved or the venue changes hands; when the request is over it only says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import N_, _
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import approvals, journeys, lifecycle, links, queries, steps
from buchbar.booking.events import SYSTEM, Actor, record
from buchbar.booking.models import Booking, BookingEvent
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Venue

# With these the owner is asked anew; what was asked before no longer counts.
ASKS = ("prove", "enter", "move", "revive")
# Who has just been asked again isn't asked once more by a second click.
JUST_NOW = timedelta(hours=1)
DEAD = N_("Dieser Link gilt nicht mehr: Der Termin ist verlegt worden, oder die Anfrage hat sich erledigt.")


@dataclass(frozen=True, slots=True)
class Asked:
    """Since when an owner has been asked, how many days that is, when last, and which reminder was the last."""

    since: datetime
    days: int
    last: datetime
    reminders: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question to an owner stands: "open", "agreed", "refused" or "over" (it needs no answer any more).

    ``by_owner``: the owner answered here; otherwise the office wrote down what they had said.
    """

    state: str
    at: datetime | None = None
    by_owner: bool = False
    reason: str = ""


# --- Links --------------------------------------------------------------------------------------------------


def answer_path(session: Session, booking: Booking) -> str:
    """The secret address at which the venue's owner answers."""
    return f"/trauort/{link_token(links.settings(session).secret, _question(booking), booking.id)}"


def asked_by(session: Session, token: str) -> Booking:
    """The booking about which a link asks. Raises NotFound for anything that isn't a link that still holds."""
    named = named_by(token)
    booking = session.scalar(select(Booking).where(Booking.id == named)) if named else None
    if booking is None or booking.forgotten_at or not getattr(booking.resource, "owner_email", ""):
        raise NotFound(_(DEAD))
    if not genuine(token, links.settings(session).secret, _question(booking), booking.id):
        raise NotFound(_(DEAD))
    return booking


def house_of(booking: Booking) -> Venue:
    """The owner's house that a booking is about. Raises NotFound for a booking of something else."""
    if not isinstance(booking.resource, Venue):
        raise NotFound(_(DEAD))
    return booking.resource


def _question(booking: Booking) -> str:
    venue = house_of(booking)
    return f"owner:{booking.starts_at.isoformat()}:{venue.id}:{venue.owner_email.lower()}"


# --- Answers ------------------------------------------------------------------------------------------------


def agree(session: Session, booking: Booking, at: datetime) -> None:
    """The owner says yes; again changes nothing."""
    lifecycle.approve(session, booking, "owner", at, _owner(booking))


def refuse(session: Session, booking: Booking, reason: str, at: datetime) -> None:
    """The owner says no, and the request is declined; again changes nothing. Raises Refused after a yes."""
    lifecycle.lock(session, booking)
    if "owner" in approvals.given(session, booking):
        raise Refused(
            _("Die Zustimmung ist schon eingetragen. Bitte rufen Sie das Amt an, wenn sich etwas geändert hat.")
        )
    if "owner" not in approvals.needed(booking):
        raise Refused(_("Diese Zustimmung ist hier nicht nötig."))
    lifecycle.decline(session, booking, reason, at, _owner(booking))


def answer(session: Session, booking: Booking, now: datetime) -> Answer:
    """How the question stands."""
    said = session.scalars(
        select(BookingEvent)
        .where(BookingEvent.booking_id == booking.id, BookingEvent.verb.in_(("approve", "decline")))
        .order_by(BookingEvent.id.desc())
    ).all()
    if booking.state == "declined":
        no = next((event for event in said if event.verb == "decline"), None)
        if no and no.by_kind == "owner":
            return Answer("refused", no.at, True, no.reason)
    if steps.over(booking) or booking.starts_at <= now or "owner" not in approvals.needed(booking):
        return Answer("over")
    if "owner" in approvals.given(session, booking):
        yes = next((event for event in said if event.data.get("party") == "owner"), None)
        return Answer("agreed", yes.at if yes else None, bool(yes and yes.by_kind == "owner"))
    return Answer("open" if booking.state in steps.STEPS["approve"] else "over")


def summary(session: Session, booking: Booking) -> str:
    """What it is, without names: "Trauung, 12 Gäste"."""
    this = select(Booking.id).where(Booking.id == booking.id)
    return journeys.of(booking).calendar.summaries(session, this, False).get(booking.id, _("Termin"))


def _owner(booking: Booking) -> Actor:
    return Actor("owner", getattr(booking.resource, "owner_name", "") or booking.resource.name)


# --- Who hasn't answered ------------------------------------------------------------------------------------


def asked(session: Session, bookings: Sequence[Booking], now: datetime) -> dict[UUID, Asked]:
    """Since when the owners of these bookings' venues have been asked, in one query."""
    happened = session.execute(
        select(BookingEvent.booking_id, BookingEvent.verb, BookingEvent.at, BookingEvent.data)
        .where(BookingEvent.booking_id.in_([booking.id for booking in bookings]), BookingEvent.verb.in_((*ASKS, "ask")))
        .order_by(BookingEvent.id)
    )
    zones = {booking.id: booking.municipality.zone for booking in bookings}
    found: dict[UUID, Asked] = {}
    for booking_id, verb, at, data in happened:
        before = found.get(booking_id)
        if verb == "ask" and before:
            reminders = max(before.reminders, int(data.get("reminder", "0")))
            found[booking_id] = Asked(before.since, before.days, at, reminders)
        else:
            zone = zones[booking_id]
            found[booking_id] = Asked(at, (local_date(now, zone) - local_date(at, zone)).days, at, 0)
    return found


def reminder_due(booking: Booking, asked: Asked, at: datetime) -> int:
    """The number of the policy's reminder that should have gone out by now; 0 before the first."""
    return sum(asked.since + timedelta(days=days) <= at for days in booking.terms.owner_reminder_days)


def waits_for_owner(session: Session, booking: Booking, at: datetime) -> bool:
    """Whether the owner's answer is missing, and there is an address at which to ask."""
    missing = approvals.needed(booking) - approvals.given(session, booking)
    reachable = bool(getattr(booking.resource, "owner_email", ""))
    return booking.state in steps.STEPS["ask"] and booking.starts_at > at and "owner" in missing and reachable


def remind(session: Session, booking: Booking, at: datetime) -> bool:
    """Ask the owner again when one of the policy's days has come, each once; say whether."""
    lifecycle.lock(session, booking)
    known = asked(session, [booking], at).get(booking.id)
    if known is None or not waits_for_owner(session, booking, at):
        return False
    due = reminder_due(booking, known, at)
    if due <= known.reminders:
        return False
    _ask(session, booking, at, SYSTEM, due)
    return True


def ask_again(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """A clerk has the owner asked again; a second click does nothing. Raises Refused where nobody is to be asked."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "ask", at)
    known = asked(session, [booking], at).get(booking.id)
    if known and known.last > max(at - JUST_NOW, known.since):
        return
    if known is None or not waits_for_owner(session, booking, at):
        raise Refused(_("Hier ist niemand zu fragen: Die Antwort liegt vor, oder es fehlt eine E-Mail-Adresse."))
    _ask(session, booking, at, by, known.reminders)


def _ask(session: Session, booking: Booking, at: datetime, by: Actor, reminder: int) -> None:
    event = record(session, booking, "ask", at, by, reminder=str(reminder))
    session.flush()
    journeys.of(booking).tell(session, booking, event)


def to_remind(session: Session, at: datetime) -> list[UUID]:
    """The bookings whose owners are to be asked again now."""
    waiting = session.scalars(
        select(Booking)
        .where(Booking.state.in_(steps.STEPS["ask"]), Booking.starts_at > at)
        .options(joinedload(Booking.policy), joinedload(Booking.municipality))
        .order_by(Booking.made_at)
    ).all()
    theirs = [booking for booking in waiting if "owner" in approvals.needed(booking)]
    known, given = asked(session, theirs, at), queries.agreed(session, [booking.id for booking in theirs])
    return [
        booking.id
        for booking in theirs
        if booking.id in known
        and "owner" not in given[booking.id]
        and reminder_due(booking, known[booking.id], at) > known[booking.id].reminders
    ]
