"""Which letter an event calls for, and what all journeys' letters have in common: the money, the calendar's part.

A journey writes its own letters (``journeys.Journey.tell``); it names its kinds as here, or with its own prefix.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.booking import (
    approvals,
    calendar_entries,
    charge_papers,
    crediting,
    dunning_letters,
    links,
    on_the_way,
    payable,
)
from buchbar.booking.models import OVER, Booking, BookingEvent
from buchbar.booking.open_bills import open_bills
from buchbar.calendar import ical
from buchbar.calendar.deadlines import last_day
from buchbar.notices.models import Letter
from buchbar.payments import bank_details, ledger

# The letter to whom the booking belongs, by the event, where the booking's state doesn't matter.
KINDS = {
    "submit": "address",
    "confirm": "confirmed",
    "decline": "declined",
    "cancel": "cancelled",
    "release": "released",
    "pay": "paid",
    "refund": "refunded",
    "credit": "credited",
    "lose": "lost",
    "dun": "dunned",
    "underway": "underway",
    "unpaid": "unpaid",
    "register": "registered",
    "remind": "reminder",
    "move": "moved",
    "prolong": "prolonged",
    "attach": "attached",
    "lengthen": "lengthened",
}
ENDS = ("decline", "cancel", "release")


def kind_of(session: Session, booking: Booking, event: BookingEvent) -> str | None:
    """Which letter goes to whom the booking belongs; None for no letter."""
    if event.verb in ("prove", "enter"):
        return "received" if booking.state == "requested" else None
    if event.verb in ("bill", "confirm", "refund") and happened(session, booking, event, (*ENDS, "move")):
        return None  # that letter says it
    if event.verb == "refund" and happened(session, booking, event, ("credit",)):
        return None
    if event.verb == "bill":
        return "payable" if booking.state == "payable" else None
    if event.verb in ENDS and not _stood(session, booking):
        return None
    if event.verb == "retract":  # who wasn't told of the yes needn't hear of its end
        return "retracted" if event.data.get("from") == "payable" else None
    if event.verb == "correct":
        return "corrected" if booking.email and event.data.get("email") else None
    return KINDS.get(event.verb)


def happened(session: Session, booking: Booking, event: BookingEvent, verbs: tuple[str, ...]) -> BookingEvent | None:
    """What one of these verbs did to the booking in the same moment as the event, if they did."""
    return session.scalar(
        select(BookingEvent)
        .where(BookingEvent.booking_id == booking.id, BookingEvent.verb.in_(verbs), BookingEvent.at == event.at)
        .limit(1)
    )


def _stood(session: Session, booking: Booking) -> bool:
    """Whether it was ever more than a hold: who only gave an address, perhaps somebody else's, gets no more letters."""
    stood = select(BookingEvent.id).where(
        BookingEvent.booking_id == booking.id, BookingEvent.verb.in_(("prove", "enter"))
    )
    return session.scalar(stood.limit(1)) is not None


def about(session: Session, booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """What any letter about a booking may speak of."""
    town, start = booking.municipality, booking.starts_at
    base_url = links.settings(session).base_url
    return {
        "booking": booking,
        "event": event,
        "town": town,
        "office": booking.office,
        "zone": town.zone,
        "start": start,
        "from_start": datetime.fromisoformat(event.data.get("from_start", start.isoformat())),
        "from_end": datetime.fromisoformat(event.data.get("from_end", booking.ends_at.isoformat())),
        "until": last_day(booking.deadline_at, town.zone) if booking.deadline_at else None,
        "terms": booking.terms,
        "needed": approvals.needed(booking),
        "link_to_booking": links.url(session, booking),
        "proof_link": links.url(session, booking, "bestaetigung"),
        "desk_link": f"{base_url}/{town.slug}/amt/buchung/{booking.id}",
    }


def money(session: Session, booking: Booking, event: BookingEvent) -> dict[str, Any]:
    """The money, as it stands after the event; ``going`` says how what goes back because of it comes to them."""
    account = ledger.account(session, booking.id)
    credit_note = crediting.note_of(session, event)
    return {
        "lines": ledger.owed(session, booking.id),
        "kassenzeichen": bank_details.signs(session, booking.id),
        "account": account,
        "moves": on_the_way.moves(session, booking.id, account),
        "bills": open_bills(session, booking),
        "going": on_the_way.going(session, booking, event.at),
        "pay": payable.ways(session, booking, event.at),
        "over": booking.state in OVER,
        "credit_note": credit_note,
        "document": charge_papers.title(credit_note) if credit_note else "",
        "dunned": dunning_letters.dunned(session, booking, event) if event.verb == "dun" else None,
    }


def too_much(session: Session, booking: Booking, event: BookingEvent) -> dict[str, Any] | None:
    """What the office is told of money that came too late, or that is more than was owed: what became of the date; None
    where there is nothing to tell."""
    revived = happened(session, booking, event, ("revive",)) is not None
    if not (revived or ledger.account(session, booking.id).surplus):
        return None
    return {"revived": revived, "over": booking.state in OVER}


def calendar(
    session: Session, booking: Booking, event: BookingEvent, kind: str | None
) -> tuple[bytes | None, str | None]:
    """The invitation with a confirmation or a move, or its cancellation at the end; no cancellation and no change of
    what they never got, and nothing for addresses that iCalendar can't name."""
    invites, ends = kind in ("confirmed", "moved", "lengthened"), kind in ("declined", "cancelled", "released")
    known = (invites and booking.state == "confirmed") or ((invites or ends) and _invited(session, booking))
    if not known:
        return None, None
    try:
        guest = ical.Party(booking.email)
        organizer = calendar_entries.organizer(session, booking)
    except ValueError:
        return None, None
    own = calendar_entries.own_event(session, booking, event.at)
    method: Literal["REQUEST", "CANCEL"] = "CANCEL" if ends else "REQUEST"
    return ical.invitation(own, booking.municipality.zone, method, organizer, guest), method


def _invited(session: Session, booking: Booking) -> bool:
    sent = select(Letter.id).where(Letter.booking_id == booking.id, Letter.calendar_method == "REQUEST")
    return session.scalar(sent.limit(1)) is not None
