"""The life of a booking: one table of allowed steps, one verb each.

Each verb locks the booking, refuses what the table doesn't allow, writes an event, and lets the journey write its
letters. Doing a thing twice does it once: a verb whose result is already there does nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.base.texts import _
from buchbar.booking import approvals, claims, closures, journeys, steps
from buchbar.booking.before import Before
from buchbar.booking.events import SYSTEM, Actor, record
from buchbar.booking.models import Approval, Booking, BookingEvent
from buchbar.booking.terms import SHORT_NOTICE_DAYS
from buchbar.calendar.deadlines import after_days
from buchbar.calendar.walls import local_date
from buchbar.payments import bills, credit_notes, ledger, paying


def lock(session: Session, booking: Booking) -> None:
    """Wait for whoever is changing the booking, and see what they did. Always before its payments are touched."""
    session.flush()
    session.refresh(booking, with_for_update=True)


def extend(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """Give a hold its minutes once more (WCAG 2.2.1); a second time changes nothing."""
    lock(session, booking)
    steps.allow(booking, "extend", at)
    if booking.extended:
        return
    booking.extended = True
    _hold_until(session, booking, at + timedelta(minutes=booking.terms.hold_minutes))
    record(session, booking, "extend", at, by)


def submit(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """The citizen has given the data; the address is still to be proven. Again: with corrected data."""
    lock(session, booking)
    steps.allow(booking, "submit", at)
    booking.state = "submitted"
    # Correcting the data gives time for one more mail, but nobody keeps a slot by correcting for ever.
    proof = timedelta(minutes=booking.terms.proof_minutes)
    _hold_until(session, booking, max(booking.hold_until or at, min(at + proof, booking.made_at + 2 * proof)))
    _tell(session, booking, record(session, booking, "submit", at, by))


def prove(session: Session, booking: Booking, lines: list[ledger.Line], at: datetime, by: Actor) -> None:
    """The address is proven: the reservation stands, and owes what ``lines`` say."""
    lock(session, booking)
    if booking.email_proven_at:
        return
    steps.allow(booking, "prove", at)
    booking.email_proven_at = at
    _stand(session, booking, lines, "prove", at, by)


def enter(
    session: Session,
    booking: Booking,
    lines: list[ledger.Line],
    at: datetime,
    by: Actor,
    channel: str = "telephone",
    received_at: datetime | None = None,
) -> None:
    """A clerk has entered what came by telephone, on paper or at the counter; it ranks like any other, by when it came,
    and has the office's yes."""
    lock(session, booking)
    if booking.by_office and booking.state in steps.STEPS["register"]:
        return
    steps.allow(booking, "enter", at)
    booking.channel, booking.received_at = channel, received_at
    session.add(Approval(booking_id=booking.id, party="office", given_at=at, given_by=by.name))
    _stand(session, booking, lines, "enter", at, by)


def approve(session: Session, booking: Booking, party: str, at: datetime, by: Actor) -> None:
    """The office, or the venue's owner, agrees. With the last yes that is needed, the reservation goes on."""
    lock(session, booking)
    if party in approvals.given(session, booking):
        return
    steps.allow(booking, "approve", at)
    if party not in approvals.needed(booking):
        return
    session.add(Approval(booking_id=booking.id, party=party, given_at=at, given_by=by.name))
    record(session, booking, "approve", at, by, party=party)
    if not _missing(session, booking):
        _owed_from_now(session, booking, at)
    _settle(session, booking, "confirm", at, by)
    claims.shown(session, booking.id)


def _missing(session: Session, booking: Booking) -> set[str]:
    """Who still has to agree."""
    session.flush()
    return approvals.needed(booking) - approvals.given(session, booking)


def _owed_from_now(session: Session, booking: Booking, at: datetime) -> None:
    bills.agreed(session, booking.id, booking.municipality_id, local_date(at, booking.municipality.zone))


def decline(session: Session, booking: Booking, reason: str, at: datetime, by: Actor) -> None:
    """Say no to a request, with a reason for the citizen; nothing is owed."""
    lock(session, booking)
    if booking.state == "declined":
        return
    steps.allow(booking, "decline", at)
    _end(session, booking, "decline", "declined", at, by, reason, percent=100)


def pay(session: Session, booking: Booking, at: datetime, by: Actor, cents: int) -> None:
    """Money has come in (the payment row says so already). What comes too late takes the place again if it is still
    free and all of it is paid; what isn't owed goes back."""
    lock(session, booking)
    if booking.state in steps.STEPS["revive"]:
        forgiven = sum(line.cents for line in _forgiven(session, booking))
        if ledger.account(session, booking.id).surplus >= forgiven:
            revive(session, booking, at, by)
    _tell(session, booking, record(session, booking, "pay", at, by, cents=str(cents)))
    go_on(session, booking, at, by)
    give_back(session, booking, at, by)
    claims.shown(session, booking.id)


def lose(session: Session, booking: Booking, at: datetime, by: Actor, cents: int, reason: str = "") -> None:
    """The bank has taken a payment back (the reversal's row says so already), or with ``cents`` below zero it has come
    back after all, which pays like any payment. The booking stands; who has to pay again is told."""
    lock(session, booking)
    _tell(
        session, booking, record(session, booking, "lose" if cents > 0 else "regain", at, by, reason, cents=str(cents))
    )
    if cents < 0:
        go_on(session, booking, at, by)
    give_back(session, booking, at, by)
    claims.shown(session, booking.id)


def hear(session: Session, booking: Booking, verb: str, at: datetime, by: Actor, cents: int) -> None:
    """What the bank says about a payment that takes its days: "underway", or "unpaid" in the end. The booking stays as
    it is: its deadline ends it, if it has passed in the meantime."""
    lock(session, booking)
    _tell(session, booking, record(session, booking, verb, at, by, cents=str(cents)))


def undo_pay(session: Session, booking: Booking, at: datetime, by: Actor, cents: int, reason: str) -> None:
    """A clerk takes back a payment that was booked by mistake (the reversal's row says so already). A booking that is
    only firm once it is paid waits for its payment again, as after the office's yes."""
    lock(session, booking)
    record(session, booking, "undo_pay", at, by, reason, cents=str(cents))
    if booking.state == "confirmed" and booking.starts_at > at and _must_be_paid_first(session, booking):
        booking.state = "requested"
        _settle(session, booking, None, at, by)
        claims.shown(session, booking.id)
    give_back(session, booking, at, by)


def revive(session: Session, booking: Booking, at: datetime, by: Actor) -> bool:
    """Take up a booking whose deadline had passed, if its place is still free; say whether."""
    steps.allow(booking, "revive", at)
    if booking.starts_at <= at or not journeys.of(booking).reclaim(session, booking, at):
        return False
    booking.state, booking.ended_at = "requested", None
    booking.sequence += 1
    ledger.charge(session, booking, "restored", _forgiven(session, booking), at)
    record(session, booking, "revive", at, by)
    return True


def register(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """What the deadline waits for has come (for weddings: the registration), so it no longer ends the booking."""
    lock(session, booking)
    if booking.fulfilled_at:
        return
    steps.allow(booking, "register", at)
    booking.fulfilled_at = at
    if booking.state == "confirmed":
        booking.deadline_at = None
    _tell(session, booking, record(session, booking, "register", at, by))


def moved(
    session: Session,
    booking: Booking,
    lines: list[ledger.Line],
    at: datetime,
    by: Actor,
    back_to: Before | None = None,
    reason: str = "",
    **data: str,
) -> BookingEvent:
    """The journey has put the booking on another slot (its claims are taken, its times changed): prices, approvals
    and deadlines follow. ``back_to`` is how it stood there before, when a move is taken back."""
    before, limit, was = ledger.account(session, booking.id).open, booking.deadline_at, booking.state
    lacked = _missing(session, booking)
    booking.sequence += 1
    _agreed_there(session, booking, at, by, back_to)
    prices = lines if back_to else credit_notes.kept(ledger.charges(session, booking.id), lines)
    ledger.recharge(session, booking, prices, at)
    if lacked and not back_to and not _missing(session, booking):
        _owed_from_now(session, booking, at)
    event = record(session, booking, "move", at, by, reason, **data)
    owes = ledger.account(session, booking.id).open
    if owes != before:
        paying.close(session, booking.id, at)
    # Who moves and owes no more than before has no more time to pay: moving on and on would keep a slot for ever.
    dearer = by.kind == "clerk" or owes > before
    pay_by = limit if was == "payable" and not dearer else None
    booking.state, booking.deadline_at, booking.reminded = "requested", None, 0
    _settle(session, booking, None if was == "confirmed" else "confirm", at, by, pay_by)
    if back_to and booking.state == back_to.state and (back_to.deadline_at is None or back_to.deadline_at > at):
        booking.deadline_at, booking.reminded = back_to.deadline_at, back_to.reminded
    elif by.kind == "clerk" and booking.state == was:
        _keep_prolonged(session, booking, limit, at)
    give_back(session, booking, at, by)
    _tell(session, booking, event)
    return event


def _agreed_there(session: Session, booking: Booking, at: datetime, by: Actor, back_to: Before | None) -> None:
    """Who has to agree where the booking is now, and who has: the clerk who moves it, or those who had before."""
    session.execute(Approval.__table__.delete().where(Approval.booking_id == booking.id))  # type: ignore[attr-defined]
    if back_to:  # a house that has no owner to ask any more waits for nobody
        gone = set() if approvals.has_owner(booking.resource) else {"owner"}
        booking.parties = [party for party in back_to.parties if party not in gone]
        given = [msgspec.structs.asdict(yes) for yes in back_to.approvals if yes.party not in gone]
        session.add_all(Approval(booking_id=booking.id, **yes) for yes in given)
        return
    booking.parties = approvals.required(booking)
    if by.kind == "clerk" and "office" in approvals.needed(booking):
        session.add(Approval(booking_id=booking.id, party="office", given_at=at, given_by=by.name))


def _keep_prolonged(session: Session, booking: Booking, limit: datetime | None, at: datetime) -> None:
    """Where a clerk has given the couple more time, that holds where they are moved to, too."""
    longer = select(BookingEvent.id).where(BookingEvent.booking_id == booking.id, BookingEvent.verb == "prolong")
    if limit and booking.deadline_at and session.scalar(longer.limit(1)) is not None:
        _give_until(booking, min(max(limit, booking.deadline_at), booking.starts_at), at)


def adjusted(
    session: Session, booking: Booking, verb: str, at: datetime, by: Actor, reason: str = "", **data: str
) -> BookingEvent:
    """The journey has changed how long the booking lasts ("lengthen") or who is on it ("reassign"); its claims are
    taken. Nobody has to agree anew, and it costs the same."""
    booking.sequence += 1
    event = record(session, booking, verb, at, by, reason, **data)
    _tell(session, booking, event)
    return event


def cancel(session: Session, booking: Booking, at: datetime, by: Actor, reason: str = "") -> None:
    """End a booking before it starts, free what it claims, and give back what the policy refunds.

    When the office cancels, nothing is owed.
    """
    lock(session, booking)
    if booking.state == "cancelled":
        return
    steps.allow(booking, "cancel", at)
    percent = 100 if by.kind != "citizen" else refund_percent(session, booking, at)
    _end(session, booking, "cancel", "cancelled", at, by, reason, percent=percent)


def release(session: Session, booking: Booking, at: datetime, by: Actor = SYSTEM) -> None:
    """A deadline has passed, or nobody has decided before the event: the date is free again. Nothing is owed, what was
    paid goes back."""
    lock(session, booking)
    missed = booking.deadline_at is not None and booking.deadline_at <= at
    undecided = booking.state == "requested" and booking.starts_at <= at
    if booking.state not in steps.STEPS["release"] or not (missed or undecided):
        return
    _end(session, booking, "release", "released", at, by, percent=100)


def expire(session: Session, booking: Booking, at: datetime) -> None:
    """Write down that a hold has run out; the next taker or a job does it."""
    claims.expire(session, [booking.id], at)
    session.refresh(booking)


def remind(session: Session, booking: Booking, at: datetime) -> None:
    """Write a reminder when one of the policy's days before the deadline has come; each once."""
    lock(session, booking)
    due = reminders_due(booking, at)
    if booking.state not in steps.STEPS["remind"] or due <= booking.reminded:
        return
    booking.reminded = due
    _tell(session, booking, record(session, booking, "remind", at, SYSTEM))


def remind_now(session: Session, booking: Booking, at: datetime, by: Actor) -> bool:
    """Write a reminder because a clerk wants it, once a day; say whether. The job then leaves out the one that it would
    write next.

    Raises Refused where no deadline runs.
    """
    lock(session, booking)
    steps.allow(booking, "remind", at)
    if booking.deadline_at is None:
        raise steps.NotAllowed(_("Bei dieser Buchung läuft keine Frist."))
    today = BookingEvent.verb == "remind", BookingEvent.at > at - timedelta(days=1)
    if session.scalar(select(BookingEvent.id).where(BookingEvent.booking_id == booking.id, *today).limit(1)):
        return False
    booking.reminded = max(booking.reminded, reminders_due(booking, at + timedelta(days=1)))
    _tell(session, booking, record(session, booking, "remind", at, by))
    return True


def reminders_due(booking: Booking, at: datetime) -> int:
    """How many of the policy's reminders should have gone out by now."""
    if booking.deadline_at is None:
        return 0
    left = booking.deadline_at - at
    return sum(left <= timedelta(days=days) for days in booking.terms.reminder_days)


def refund_percent(session: Session, booking: Booking, at: datetime) -> int:
    """What share of the fees a cancellation by the citizen would give back now: all, as long as nobody has said yes.

    Who moves away from a date that is near gets no more than a cancellation would have given then: otherwise a late
    cancellation would be a move and a cancellation.
    """
    verbs = BookingEvent.verb.in_(("bill", "confirm", "move"))
    ours = select(BookingEvent).where(BookingEvent.booking_id == booking.id, verbs).order_by(BookingEvent.id)
    events = session.scalars(ours).all()
    yes = _first_yes(events)
    if yes is None:
        return 100
    zone = booking.municipality.zone
    starts = [(at, booking.starts_at)] + [
        (event.at, datetime.fromisoformat(event.data["from_start"]))
        for event in events
        if event.verb == "move" and event.by_kind == "citizen" and event.id > yes.id
    ]
    return min(booking.terms.refund_percent(when, local_date(start, zone), zone) for when, start in starts)


def _first_yes(events: Sequence[BookingEvent]) -> BookingEvent | None:
    """By which the booking became payable or firm; by a move that was taken back it didn't."""
    undone = {event.data.get("undoes") for event in events}
    taken_back = {event.at for event in events if str(event.id) in undone}
    return next((event for event in events if event.verb != "move" and event.at not in taken_back), None)


def _stand(session: Session, booking: Booking, lines: list[ledger.Line], verb: str, at: datetime, by: Actor) -> None:
    booking.state, booking.parties = "requested", approvals.required(booking)
    _hold_until(session, booking, None)
    ledger.charge(session, booking, "fees", lines, at)
    event = record(session, booking, verb, at, by)
    _settle(session, booking, "confirm", at, by)
    if booking.state == "requested":
        _tell(session, booking, event)
    claims.shown(session, booking.id)


def go_on(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """Money has come, or less is owed. What is firm stays so, whatever is open of it again: neither makes it worse."""
    if booking.state in ("requested", "payable"):
        _settle(session, booking, "confirm", at, by)


def _settle(
    session: Session, booking: Booking, verb: str | None, at: datetime, by: Actor, pay_by: datetime | None = None
) -> None:
    """Let the booking stand where approvals and payments allow: requested, then payable (``pay_by`` at the latest),
    then confirmed."""
    if _missing(session, booking):
        return
    became = settled(booking, at, unpaid=_must_be_paid_first(session, booking), pay_by=pay_by)
    if became == "bill" or (became and verb):
        _tell(session, booking, record(session, booking, became, at, by))


def settled(booking: Booking, at: datetime, *, unpaid: bool, pay_by: datetime | None = None) -> str:
    """Let a booking that everybody has agreed to stand as its payments allow: payable, while something is ``unpaid``
    that has to be paid first, else confirmed. The verb by which it came there; empty where it stood there already."""
    terms, zone = booking.terms, booking.municipality.zone
    if unpaid and terms.payment == "required":
        if booking.state == "payable":
            return ""
        booking.state = "payable"
        due = min(after_days(at, terms.pay_days, zone), booking.starts_at)
        _give_until(booking, min(due, pay_by or due), at)
        return "bill"
    if booking.state == "confirmed":
        return ""
    booking.state = "confirmed"
    limit = None if booking.fulfilled_at else terms.deadline_at(booking.reserved_at, booking.starts_at, zone)
    # Who waited long for the office's yes keeps a week, too.
    week = min(after_days(at, SHORT_NOTICE_DAYS, zone), booking.starts_at)
    _give_until(booking, limit and max(limit, week), at)
    return "confirm"


def _must_be_paid_first(session: Session, booking: Booking) -> bool:
    return booking.terms.payment == "required" and ledger.account(session, booking.id).open > 0


def _give_until(booking: Booking, limit: datetime | None, at: datetime) -> None:
    """Set a deadline. Reminders for which it is too late by then, or that would come the next day, are left out."""
    booking.deadline_at = limit
    booking.reminded = reminders_due(booking, at + timedelta(days=1))


def _end(
    session: Session,
    booking: Booking,
    verb: str,
    state: str,
    at: datetime,
    by: Actor,
    reason: str = "",
    *,
    percent: int,
) -> None:
    booking.state, booking.ended_at, booking.deadline_at = state, at, None
    booking.hold_until = None
    booking.sequence += 1
    claims.remember(session, booking, at)
    freed = claims.free(session, booking.id)
    closures.fill(session, freed, claims.reach(booking))
    forgiven = ledger.share_of(session, booking.id, percent)
    ledger.charge(session, booking, "forgiven", forgiven, at)
    paying.close(session, booking.id, at)
    event = record(session, booking, verb, at, by, reason)
    give_back(session, booking, at, by)
    _tell(session, booking, event)
    claims.changed(session, freed)


def _forgiven(session: Session, booking: Booking) -> list[ledger.Line]:
    """What the end has forgiven, and no earlier end that was taken back already."""
    return [
        ledger.Line(item.code, item.label, -item.cents, item.vat)
        for made in ledger.charges(session, booking.id)
        if made.kind in ("forgiven", "restored")
        for item in made.items
    ]


def give_back(session: Session, booking: Booking, at: datetime, by: Actor) -> None:
    """Send back what was paid and isn't owed, if anything."""
    cents = ledger.give_back_surplus(session, booking.id, at, booking.state)
    if cents:
        _tell(session, booking, record(session, booking, "refund", at, by, cents=str(cents)))


def _hold_until(session: Session, booking: Booking, until: datetime | None) -> None:
    booking.hold_until = until
    session.flush()
    claims.keep(session, [booking.id], until)


def _tell(session: Session, booking: Booking, event: BookingEvent) -> None:
    session.flush()
    journeys.of(booking).tell(session, booking, event)
