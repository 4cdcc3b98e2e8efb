"""From "we'd like this slot" to a reservation: hold, submit, prove, move. What only weddings know of each step."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.orm import Session, make_transient_to_detached

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import in_line, table_of
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import _
from buchbar.booking import claims, closures, lifecycle, retention, steps
from buchbar.booking.before import as_it_stands, written
from buchbar.booking.claims import Wanted
from buchbar.booking.events import CITIZEN, Actor
from buchbar.booking.models import ONLINE, Booking, BookingEvent, Claim, FormerClaim
from buchbar.booking.naming import new_number
from buchbar.booking.weddings.fees import Answers, fees
from buchbar.booking.weddings.models import Wedding
from buchbar.booking.weddings.slots import Busy, Day, Wish, bookable_from, find, look_at_day, nearest_days
from buchbar.booking.weddings.timetable import JOURNEY, Slot, Timetable, timetable
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local_date
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff

# Made once, of tables: here a crowd waits in line (docs/performance.md).
_BOOK, _RECORD = insert(table_of(Booking)), insert(table_of(BookingEvent))
_CLAIM = table_of(Claim).c
_LOAD = (
    select(_CLAIM.resource_id, func.count())
    .where(
        _CLAIM.resource_id.in_(bindparam("registrars", expanding=True)),
        _CLAIM.starts_at >= bindparam("start"),
        _CLAIM.starts_at < bindparam("end"),
        _CLAIM.booking_id.is_not(None),
    )
    .group_by(_CLAIM.resource_id)
)


class SlotTaken(Refused):
    """Somebody else has the slot. ``alternatives`` are the nearest days with free slots, the same day first."""

    def __init__(self, sentence: str, times: Timetable, alternatives: Sequence[Day]) -> None:
        super().__init__(sentence)
        self.zone, self.alternatives = times.zone, alternatives
        self.page = f"/{times.slug}/hochzeit/termin"

    def instead(self, page: str) -> "SlotTaken":
        """The same for somebody who chooses on another page: one that reads ?tag=, or ?trauort= and ?zeit=."""
        self.page = page
        return self


class NotOffered(Refused):
    """There is no such slot, or it can't be booked (yet, or any more)."""


class TooManyHolds(Refused):
    """This address has as many open reservations as the policy allows."""


@dataclass(frozen=True, slots=True)
class Couple:
    """What a reservation asks for: no more than it needs."""

    partner_one: str
    partner_two: str
    email: str
    phone: str
    guests: int
    foreign: bool
    elsewhere: bool
    remarks: str
    street: str = ""
    city: str = ""


def hold(
    session: Session, town: Municipality, venue_id: UUID, start: datetime, at: datetime, by: Actor, visitor: str = ""
) -> Booking:
    """Take a slot for some minutes. Raises NotOffered or SlotTaken, and then nothing has happened.

    ``visitor`` is a fingerprint by which a form that comes a second time is known.
    """
    times = timetable(session, town)
    slot = offered(times, venue_id, start, at, by)
    policy = times.policy(local_date(at, times.zone))
    until = at + timedelta(minutes=policy.terms.hold_minutes)
    resources = [slot.claim.resource_id, *(registrar.resource_id for registrar in slot.registrars)]
    standing, freed = claims.clear(session, resources, slot.span, at)
    busy = Busy(standing)
    if not busy.free(slot):
        claims.changed(session, freed)
        raise _taken(session, times, slot, at)
    booking: dict[str, Any] = {
        "id": uuid4(),
        "municipality_id": town.id,
        "journey": JOURNEY,
        "number": new_number("HZ"),
        "state": "held",
        "policy_id": policy.id,
        "tariff_id": times.tariff_id(local_date(at, times.zone)),
        "channel": ONLINE if by.kind == "citizen" else "telephone",
        "resource_id": venue_id,
        "starts_at": slot.span.start,
        "ends_at": slot.span.end,
        "made_at": at,
        "hold_until": until,
        "generation": 0,
    }
    session.execute(_BOOK, booking)
    took = _take(session, slot, busy, booking["id"], until)
    if not took:
        claims.free(session, booking["id"])
        session.execute(delete(Booking).where(Booking.id == booking["id"]))
        claims.changed(session, freed)
        raise _taken(session, times, slot, at)
    event = {"at": at, "verb": "hold", "by_kind": by.kind, "by_name": by.name, "reason": ""}
    session.execute(_RECORD, {"booking_id": booking["id"], "data": {"visitor": visitor} if visitor else {}, **event})
    claims.changed(session, freed | took)
    return _known(session, booking)


def _known(session: Session, values: dict[str, Any]) -> Booking:
    """The booking that has just been written, without reading it again; other columns are read when asked for."""
    booking = Booking(**values)
    make_transient_to_detached(booking)
    session.add(booking)
    return booking


def offered(times: Timetable, venue_id: UUID, start: datetime, at: datetime, by: Actor = CITIZEN) -> Slot:
    """The slot, if the town offers it to this person now. Raises NotOffered.

    A clerk may book before the release and within the office's lead, never in the past and never beside the rules.
    """
    slot = find(times, venue_id, start)
    if slot is None or start <= at:
        raise NotOffered(_("Zu dieser Zeit gibt es dort keine Trauungen."))
    if by.kind == "clerk":
        return slot
    opens = bookable_from(times, local_date(start, times.zone), at)
    if opens is None or opens > at:
        raise NotOffered(_("Dieser Tag ist noch nicht zur Buchung freigegeben."))
    if start < times.policy(local_date(at, times.zone)).terms.earliest_start(at):
        raise NotOffered(_("Dieser Termin liegt zu nah. Bitte rufen Sie das Standesamt an."))
    return slot


def _take(session: Session, slot: Slot, busy: Busy, booking_id: UUID, until: datetime | None) -> set[UUID]:
    """Take the venue and one registrar: who has the least to do comes first, and another when one is just taken.

    Returns both, for ``claims.changed``, or nothing: then the caller undoes what was taken.
    """
    first, *others = evenly(session, [wanted for wanted in slot.registrars if busy.allows(wanted)], slot.span)
    took = set(claims.take(session, [slot.claim, first], booking_id=booking_id, expires_at=until))
    for registrar in others:
        if len(took) == 2 or slot.claim.resource_id not in took:
            break
        took.update(claims.take(session, [registrar], booking_id=booking_id, expires_at=until))
    return took if len(took) == 2 else set()


def evenly(session: Session, candidates: list[Wanted], span: Span) -> list[Wanted]:
    """Those with the fewest weddings in the weeks around first; equals in random order."""
    if len(candidates) < 2:
        return candidates
    weeks = span.widened(timedelta(days=14), timedelta(days=14))
    these = [candidate.resource_id for candidate in candidates]
    rows = session.execute(_LOAD, {"registrars": these, "start": weeks.start, "end": weeks.end})
    load: dict[UUID, int] = {row[0]: row[1] for row in rows}
    return sorted(candidates, key=lambda each: (load.get(each.resource_id, 0), random.random()))  # noqa: S311


def _taken(session: Session, times: Timetable, slot: Slot, at: datetime) -> SlotTaken:
    day = local_date(slot.span.start, times.zone)
    busy = busy_between(session, times, day - timedelta(days=30), day + timedelta(days=30), at)
    wish = Wish(venues=frozenset({slot.venue.slug}))
    same = look_at_day(times, busy, day, at, Wish())
    before, after = nearest_days(times, busy, day, at, wish, within=28, each=2)
    alternatives = [*([same] if same.slots else []), *reversed(before), *after]
    where = {"venue": slot.venue.name, "when": texts.moment(slot.span.start, times.zone)}
    return SlotTaken(_("Gerade vergeben: %(venue)s, %(when)s.") % where, times, alternatives)


def busy_between(session: Session, times: Timetable, first: date, last: date, now: datetime) -> Busy:
    """What is taken of the town's venues and registrars from one day to another, both included."""
    return Busy(claims.taken(session, times.resource_ids, days_span(first, last, times.zone), now))


def submit(session: Session, booking: Booking, couple: Couple, at: datetime, by: Actor) -> None:
    """Keep the couple's data and ask them to prove their address. Raises TooManyHolds beyond the policy's limit."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "submit", at)
    if by.kind == "citizen":
        _limit_holds(session, booking, couple.email, at)
    if booking.email and booking.email != couple.email:
        booking.generation += 1  # the link that went to the first address must not prove the second
    _keep(session, booking, couple)
    lifecycle.submit(session, booking, at, by)


def enter(
    session: Session,
    booking: Booking,
    couple: Couple,
    at: datetime,
    by: Actor,
    channel: str = "telephone",
    received_at: datetime | None = None,
) -> None:
    """A clerk has the couple on the telephone, at the counter or their letter in hand: the reservation stands at once,
    without a mail to prove an address. Again, it changes nothing."""
    lifecycle.lock(session, booking)
    if booking.by_office and booking.state in steps.STEPS["register"]:
        return
    steps.allow(booking, "enter", at)
    _keep(session, booking, couple)
    session.flush()
    lifecycle.enter(session, booking, price(session, booking), at, by, channel, received_at)


def _keep(session: Session, booking: Booking, couple: Couple) -> None:
    """Write down the couple's data, if the venue has room for their guests."""
    if couple.guests > getattr(booking.resource, "guests", couple.guests):
        raise Invalid({"guests": _("So viele Gäste haben an diesem Trauort keinen Platz.")})
    wedding = session.get(Wedding, booking.id) or Wedding(booking_id=booking.id)
    wedding.partner_one, wedding.partner_two = couple.partner_one, couple.partner_two
    wedding.guests, wedding.remarks = couple.guests, couple.remarks
    wedding.foreign, wedding.elsewhere = couple.foreign, couple.elsewhere
    wedding.street, wedding.city = couple.street, couple.city
    session.add(wedding)
    booking.email, booking.phone = couple.email, couple.phone


def _limit_holds(session: Session, booking: Booking, email: str, at: datetime) -> None:
    """Only what is proven counts, so that nobody can use up a stranger's limit."""
    in_line(session, f"address:{booking.municipality_id}:{email.lower()}")
    most = booking.terms.holds_per_address
    standing = session.scalars(
        select(Booking).where(
            Booking.municipality_id == booking.municipality_id,
            Booking.journey == JOURNEY,
            Booking.id != booking.id,
            func.lower(Booking.email) == email.lower(),
            Booking.email_proven_at.is_not(None),
            Booking.state.in_(("requested", "payable", "confirmed")),
            Booking.starts_at > at,
        )
    ).all()
    if len(standing) >= most:
        raise TooManyHolds(
            _("Mit dieser E-Mail-Adresse bestehen schon %d Reservierungen. Bitte stornieren Sie zuerst eine davon.")
            % most
        )


def prove(session: Session, booking: Booking, at: datetime, by: Actor = CITIZEN) -> None:
    """The link in the mail was used: the reservation stands. Raises TooManyHolds beyond the policy's limit."""
    lifecycle.lock(session, booking)
    if not booking.email_proven_at:
        _limit_holds(session, booking, booking.email, at)
    lifecycle.prove(session, booking, price(session, booking), at, by)


def price(session: Session, booking: Booking) -> list[Line]:
    """What the booking costs under the tariff it was made under."""
    wedding = session.get(Wedding, booking.id)
    answers = Answers(wedding.foreign, wedding.elsewhere) if wedding else Answers()
    return price_of(session, booking.tariff_id, booking.municipality, booking.resource_id, booking.starts_at, answers)


def price_of(
    session: Session,
    tariff_id: UUID | None,
    town: Municipality,
    venue_id: UUID,
    start: datetime,
    answers: Answers,
) -> list[Line]:
    """What a slot costs under a tariff; nothing where the town has no tariff."""
    tariff = session.get(Tariff, tariff_id) if tariff_id else None
    return fees(tariff, venue_id, start, town.zone, town.land, answers) if tariff else []


def move(session: Session, booking: Booking, venue_id: UUID, start: datetime, at: datetime, by: Actor) -> None:
    """Put a reservation on another slot, or leave everything as it is: NotOffered, SlotTaken, NotAllowed."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "move", at)
    times = timetable(session, booking.municipality)
    slot = offered(times, venue_id, start, at, by)
    if (slot.venue.id, slot.span.start) == (booking.resource_id, booking.starts_at):
        return
    wedding = session.get(Wedding, booking.id)
    if wedding and wedding.guests > slot.venue.guests:
        raise NotOffered(_("Dort ist nicht genug Platz für Ihre Gäste."))
    was = {"from_venue": booking.resource.name, "from_start": booking.starts_at.isoformat()}
    if by.kind == "clerk":  # who can take it back
        was["before"] = written(as_it_stands(session, booking))
    if not _change_claims(session, slot, booking, at):
        raise _taken(session, times, slot, at)
    booking.resource_id, booking.starts_at, booking.ends_at = slot.venue.id, slot.span.start, slot.span.end
    session.flush()
    session.refresh(booking, ["resource", "claims"])
    lines = price(session, booking)
    lifecycle.moved(session, booking, lines, at, by, back_to=None, **was)


def reclaim(session: Session, booking: Booking, at: datetime) -> bool:
    """Take again what an ended reservation had claimed, if it is still free."""
    slot = _former_slot(session, booking)
    return slot is not None and _change_claims(session, slot, booking, at)


def _former_slot(session: Session, booking: Booking) -> Slot | None:
    """The slot that it had. What a clerk had put beside the grid comes back only as it was: with the same person."""
    times, span = timetable(session, booking.municipality), Span(booking.starts_at, booking.ends_at)
    slot = find(times, booking.resource_id, booking.starts_at)
    if slot is not None and slot.span == span:
        return slot
    venue = times.venues.get(booking.resource_id)
    former = select(FormerClaim.resource_id).where(
        FormerClaim.booking_id == booking.id, FormerClaim.freed_at == booking.ended_at
    )
    were = [times.registrars[each] for each in session.scalars(former) if each in times.registrars]
    if venue is None or not were:
        return None
    return Slot(venue, span, venue.claim(span), tuple(each.claim(span, venue) for each in were))


def _change_claims(session: Session, slot: Slot, booking: Booking, at: datetime) -> bool:
    """Claim the slot instead of what the booking claims, or leave its claims as they are; say which."""
    resources = [slot.claim.resource_id, *(registrar.resource_id for registrar in slot.registrars)]
    swept = claims.sweep(session, resources, slot.span, at)
    with session.begin_nested() as attempt:
        claims.remember(session, booking, at)
        freed = claims.free(session, booking.id)
        busy = Busy(claims.taken(session, resources, slot.span, at))
        # Looking first also keeps two who want to swap from waiting for each other.
        took = _take(session, slot, busy, booking.id, None) if busy.free(slot) else set()
        if not took:
            attempt.rollback()
    if not took:
        claims.changed(session, swept)
        return False
    closures.fill(session, freed, claims.reach(booking))
    claims.changed(session, swept | freed | took)
    return True


def forget(session: Session, booking: Booking) -> None:
    """Delete what the wedding keeps of the couple."""
    if wedding := session.get(Wedding, booking.id):
        session.delete(wedding)


def turn_away(session: Session, booking: Booking, at: datetime) -> None:
    """The gate: this couple must speak to the office first. The hold is given back and nothing is kept."""
    lifecycle.cancel(session, booking, at, CITIZEN)
    retention.forget(session, booking, at)
