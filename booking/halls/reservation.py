"""From "we'd like the hall then" to a booking: hold, submit, prove or enter, move, give back. What only halls know of
each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import in_line, table_of
from buchbar.base.errors import Refused
from buchbar.base.texts import _
from buchbar.booking import claims, closures, lifecycle, standing, steps
from buchbar.booking.before import Before, as_it_stands, written
from buchbar.booking.claims import Wanted
from buchbar.booking.events import CITIZEN, Actor, record
from buchbar.booking.halls.fees import Answers, fees
from buchbar.booking.halls.free import Busy, refusal
from buchbar.booking.halls.models import JOURNEY, HallUse
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, parts_in_words, plan
from buchbar.booking.models import ALIVE, ONLINE, Booking, BookingEvent
from buchbar.booking.naming import new_number
from buchbar.calendar.months import monday_of
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import day_span, local_date
from buchbar.payments.ledger import Line
from buchbar.payments.models import Tariff

_BOOK, _RECORD = insert(table_of(Booking)), insert(table_of(BookingEvent))


class NotOffered(Refused):
    """The rules don't let this be booked (yet, any more, or by these people)."""


class Taken(Refused):
    """Somebody else has it. ``slot`` is what was wanted: pages show what is free instead."""

    def __init__(self, sentence: str, slot: "Slot") -> None:
        super().__init__(sentence)
        self.slot = slot


class TooMuch(Refused):
    """This person or organisation has as many hours in the week, or as many open bookings, as the terms allow."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Parts of a hall (their numbers) for a while."""

    hall_id: UUID
    parts: Parts
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a booking asks for: no more than it needs. See HallUse."""

    organiser: str
    contact: str
    email: str
    phone: str = ""
    title: str = ""
    sport: str = ""
    purpose: str = "training"
    age_group: str = "adults"
    traits: Sequence[str] = ()
    persons: int = 0
    coach: str = ""
    coach_phone: str = ""
    remarks: str = ""
    street: str = ""
    city: str = ""


def hold(
    session: Session,
    town: Municipality,
    slot: Slot,
    user_class: str,
    at: datetime,
    by: Actor,
    visitor: str = "",
    organisation: Organisation | None = None,
) -> Booking:
    """Take parts of a hall for some minutes. Raises NotOffered or Taken, and then nothing has happened.

    ``visitor`` is a fingerprint by which a form that comes a second time is known.
    """
    rules = plan(session, town)
    hall = rules.halls.get(slot.hall_id)
    if hall is None:
        raise NotOffered(_("Diese Halle gibt es hier nicht."))
    if why := refusal(rules, hall, slot.parts, slot.span, user_class, at, by):
        raise NotOffered(why)
    until = at + timedelta(minutes=rules.policy(local_date(at, rules.zone)).terms.hold_minutes)
    wanted = hall.claims(slot.parts, slot.span)
    standing, freed = claims.clear(session, [each.resource_id for each in wanted], wanted[0].span, at)
    booking_id = take(session, rules, slot, wanted, user_class, at, by, until) if Busy(standing).free(wanted) else None
    if booking_id is None:
        claims.changed(session, freed)
        raise taken(rules, hall, slot)
    claims.changed(session, freed | {each.resource_id for each in wanted})
    event = {"at": at, "verb": "hold", "by_kind": by.kind, "by_name": by.name, "reason": ""}
    session.execute(_RECORD, {"booking_id": booking_id, "data": {"visitor": visitor} if visitor else {}, **event})
    session.add(
        HallUse(
            booking_id=booking_id,
            parts=list(slot.parts),
            organisation_id=organisation.id if organisation else None,
            organiser=organisation.name if organisation else "",
        )
    )
    session.flush()
    return session.get_one(Booking, booking_id)


def take(
    session: Session,
    rules: HallPlan,
    slot: Slot,
    wanted: Sequence[Wanted],
    user_class: str,
    at: datetime,
    by: Actor,
    until: datetime | None,
) -> UUID | None:
    """Write a held booking with its claims; None, and nothing has happened, where somebody else was quicker.

    The caller writes the event and raises the versions of the parts.
    """
    booking = row(rules, slot, user_class, at, by, until or at)
    session.execute(_BOOK, booking)
    took = claims.take(session, wanted, booking_id=booking["id"], expires_at=until)
    if len(took) == len(wanted):
        return booking["id"]
    claims.free(session, booking["id"])
    session.execute(delete(Booking).where(Booking.id == booking["id"]))
    return None


def row(rules: HallPlan, slot: Slot, user_class: str, at: datetime, by: Actor, until: datetime) -> dict[str, Any]:
    """A new booking as it stands in its table, held until a moment."""
    day = local_date(at, rules.zone)
    return {
        "id": uuid4(),
        "municipality_id": rules.town_id,
        "journey": JOURNEY,
        "number": new_number("HA"),
        "state": "held",
        "policy_id": rules.policy(day).id,
        "tariff_id": rules.tariff_id(day),
        "channel": "telephone" if by.kind == "clerk" else ONLINE,
        "resource_id": slot.hall_id,
        "starts_at": slot.span.start,
        "ends_at": slot.span.end,
        "made_at": at,
        "hold_until": until,
        "user_class": user_class,
        "language": "de" if by.kind == "clerk" else texts.language.get(),
    }


def taken(rules: HallPlan, hall: HallRules, slot: Slot) -> Taken:
    """The refusal for who was too late."""
    where = {"hall": hall.name, "parts": hall.named(slot.parts), "when": texts.moment(slot.span.start, rules.zone)}
    return Taken(_("Gerade vergeben: %(hall)s, %(parts)s, %(when)s.") % where, slot)


def submit(session: Session, booking: Booking, use: Use, at: datetime, by: Actor) -> None:
    """Keep what the citizen has said and ask to prove the address. Raises TooMuch beyond the terms."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "submit", at)
    _limit(session, booking, use.email, at)
    if booking.email and booking.email != use.email:
        booking.generation += 1  # the link that went to the first address must not prove the second
    keep(session, booking, use)
    lifecycle.submit(session, booking, at, by)


def prove(session: Session, booking: Booking, at: datetime, by: Actor = CITIZEN) -> None:
    """The link in the mail was used: the booking stands. Raises TooMuch beyond the terms."""
    lifecycle.lock(session, booking)
    if not booking.email_proven_at:
        _limit(session, booking, booking.email, at)
    lifecycle.prove(session, booking, price(session, booking), at, by)


def book_for(session: Session, booking: Booking, use: Use, at: datetime, by: Actor) -> None:
    """A member who is signed in books for the organisation that the hold names, so no address has to be proven.
    Raises TooMuch beyond the terms. Again, it changes nothing."""
    lifecycle.lock(session, booking)
    if booking.email_proven_at:
        return
    steps.allow(booking, "submit", at)
    keep(session, booking, use)
    _limit(session, booking, use.email, at)
    booking.state = "submitted"
    record(session, booking, "submit", at, by)
    lifecycle.prove(session, booking, price(session, booking), at, by)


def enter(
    session: Session,
    booking: Booking,
    use: Use,
    at: datetime,
    by: Actor,
    channel: str = "telephone",
    received_at: datetime | None = None,
) -> None:
    """A clerk enters what came by telephone, on paper or at the counter: it stands at once. Again, it changes
    nothing."""
    lifecycle.lock(session, booking)
    if booking.by_office and booking.state in steps.STEPS["register"]:
        return
    steps.allow(booking, "enter", at)
    keep(session, booking, use)
    session.flush()
    lifecycle.enter(session, booking, price(session, booking), at, by, channel, received_at)


def stand_together(
    session: Session,
    bookings: Sequence[Booking],
    use: Use,
    at: datetime,
    by: Actor,
    channel: str = "telephone",
    received_at: datetime | None = None,
) -> None:
    """What ``book_for``, or where a clerk does it ``enter``, does for one date, for all dates of a series that this
    transaction has just made; what they are for is written down already. Raises TooMuch beyond the terms."""
    clerk = by.kind == "clerk"
    for booking in bookings:
        booking.email, booking.phone = use.email, use.phone
        if clerk:
            booking.channel, booking.received_at = channel, received_at
        else:
            booking.email_proven_at = at
            record(session, booking, "submit", at, by)
    if not clerk:
        _limit_weeks(session, bookings, use.email)
    lines = {booking.id: price(session, booking) for booking in bookings}
    standing.stand_together(session, bookings, lines, "enter" if clerk else "prove", at, by, agreed=clerk)


def _limit_weeks(session: Session, bookings: Sequence[Booking], email: str) -> None:
    """Bound the hours of each week in which these bookings are, of one organisation or one address."""
    weeks = {monday_of(local_date(booking.starts_at, booking.municipality.zone)): booking for booking in bookings}
    for booking in weeks.values():
        whose = session.get_one(HallUse, booking.id).organisation_id
        _one_by_one(session, booking, whose, email)
        limit_week(session, booking, whose, email, Span(booking.starts_at, booking.ends_at))


def keep(session: Session, booking: Booking, use: Use) -> None:
    """Write down what was said, on the row that the hold has made."""
    ours = session.get_one(HallUse, booking.id)
    for name in ("organiser", "contact", "title", "sport", "purpose", "age_group", "coach", "coach_phone", "remarks"):
        setattr(ours, name, getattr(use, name))
    ours.street, ours.city, ours.persons, ours.traits = use.street, use.city, use.persons, list(use.traits)
    booking.email, booking.phone = use.email, use.phone


def _limit(session: Session, booking: Booking, email: str, at: datetime) -> None:
    """Bound what one organisation, or one address, may have: hours in a week, and open bookings of a citizen. Only what
    is proven counts, so that nobody can use up a stranger's limit."""
    use = session.get_one(HallUse, booking.id)
    _one_by_one(session, booking, use.organisation_id, email)
    limit_week(session, booking, use.organisation_id, email, Span(booking.starts_at, booking.ends_at))
    if use.organisation_id is None:
        _limit_open(session, booking, email, at)


def _one_by_one(session: Session, booking: Booking, organisation_id: UUID | None, email: str) -> None:
    """Of one organisation, or one address, one request after the other counts what it has."""
    who = f"organisation:{organisation_id}" if organisation_id else f"address:{email.lower()}"
    in_line(session, f"halls:{booking.municipality_id}:{who}")


def limit_move(session: Session, booking: Booking, span: Span) -> None:
    """Refuse a citizen's move by which there would be more hours in a week than the terms allow: not one that leaves
    the hours of its week as they are, or fewer. Raises TooMuch."""
    zone, use = booking.municipality.zone, session.get_one(HallUse, booking.id)
    same_week = monday_of(local_date(span.start, zone)) == monday_of(local_date(booking.starts_at, zone))
    if same_week and span.length <= booking.ends_at - booking.starts_at:
        return
    _one_by_one(session, booking, use.organisation_id, booking.email)
    limit_week(session, booking, use.organisation_id, booking.email, span)


def limit_week(session: Session, booking: Booking, organisation_id: UUID | None, email: str, span: Span) -> None:
    """Refuse more hours in a week than the terms allow, with the booking at that time. Raises TooMuch."""
    most = booking.terms.week_minutes
    if not most:
        return
    zone = booking.municipality.zone
    monday = monday_of(local_date(span.start, zone))
    start, end = day_span(monday, zone).start, day_span(monday + timedelta(days=7), zone).start
    others = theirs(booking.municipality_id, organisation_id, email).where(Booking.id != booking.id)
    theirs_then = others.where(Booking.starts_at >= start, Booking.starts_at < end)
    have = sum((end - start for start, end in session.execute(theirs_then)), span.length)
    if have > timedelta(minutes=most):
        raise TooMuch(too_much_in_a_week(most))


def too_much_in_a_week(minutes: int) -> str:
    """The refusal for who would have more hours in a week than the terms allow."""
    hours = f"{minutes // 60}:{minutes % 60:02d}"
    return _("In dieser Woche hätten Sie damit mehr als die erlaubten %s Stunden.") % hours


def _limit_open(session: Session, booking: Booking, email: str, at: datetime) -> None:
    most = booking.terms.holds_per_address
    others = theirs(booking.municipality_id, None, email).where(Booking.id != booking.id, Booking.starts_at > at)
    standing = session.execute(others).all()
    if len(standing) >= most:
        raise TooMuch(
            _("Mit dieser E-Mail-Adresse bestehen schon %d Buchungen. Bitte stornieren Sie zuerst eine davon.") % most
        )


def theirs(town_id: UUID, organisation_id: UUID | None, email: str) -> Any:
    """When the bookings are that an organisation, or an address for itself, has in a town and has proven."""
    whose = (
        HallUse.organisation_id == organisation_id
        if organisation_id
        else (HallUse.organisation_id.is_(None)) & (func.lower(Booking.email) == email.lower())
    )
    return (
        select(Booking.starts_at, Booking.ends_at)
        .join(HallUse, HallUse.booking_id == Booking.id)
        .where(
            whose,
            Booking.municipality_id == town_id,
            Booking.journey == JOURNEY,
            Booking.state.in_(ALIVE),
            or_(Booking.email_proven_at.is_not(None), Booking.by_office),
        )
    )


def price(session: Session, booking: Booking, persons: int | None = None) -> list[Line]:
    """What the booking costs under the tariff it was made under, with as many ``persons`` as it says or others."""
    use = session.get_one(HallUse, booking.id)
    rules = plan(session, booking.municipality)
    slot = slot_of(booking, use)
    count = use.persons if persons is None else persons
    answers = Answers(booking.user_class, use.age_group, use.purpose, tuple(use.traits), count)
    return price_of(session, rules, slot, booking.tariff_id, answers)


def price_of(session: Session, rules: HallPlan, slot: Slot, tariff_id: UUID | None, answers: Answers) -> list[Line]:
    """What a slot costs under a tariff; nothing where the town has no tariff."""
    tariff = session.get(Tariff, tariff_id) if tariff_id else None
    hall = rules.halls.get(slot.hall_id)
    return fees(tariff, rules, hall, slot.parts, slot.span, answers) if tariff and hall else []


def move(
    session: Session,
    booking: Booking,
    slot: Slot,
    at: datetime,
    by: Actor,
    reason: str = "",
    back_to: Before | None = None,
    **more: str,
) -> BookingEvent | None:
    """Put a booking elsewhere, or leave everything as it is: NotOffered, Taken, TooMuch, NotAllowed. None where it is
    there already. ``back_to`` is how it stood there before, when a move is taken back; ``more`` goes with the event."""
    lifecycle.lock(session, booking)
    steps.allow(booking, "move", at)
    rules, use = plan(session, booking.municipality), session.get_one(HallUse, booking.id)
    hall = rules.halls.get(slot.hall_id)
    if slot == slot_of(booking, use):
        return None
    why = refusal(rules, hall, slot.parts, slot.span, booking.user_class, at, by) if hall else ""
    if hall is None or why:
        raise NotOffered(why or _("Diese Halle gibt es hier nicht."))
    if by.kind == "citizen":
        limit_move(session, booking, slot.span)
    data = more | where_it_was(session, booking, use, by)
    if not change_claims(session, booking, hall, slot, at):
        raise taken(rules, hall, slot)
    put(session, booking, use, slot)
    lines = back_to.lines if back_to else price(session, booking)
    return lifecycle.moved(session, booking, lines, at, by, back_to, reason, **data)


def where_it_was(session: Session, booking: Booking, use: HallUse, by: Actor) -> dict[str, str]:
    """What the event of a move keeps of where the booking is before it."""
    data = {"from_venue": booking.resource.name, "from_hall": str(booking.resource_id)}
    data["from_parts"] = parts_in_words(use.parts)
    data |= {"from_start": booking.starts_at.isoformat(), "from_end": booking.ends_at.isoformat()}
    if by.kind == "clerk":  # who can take it back
        data["before"] = written(as_it_stands(session, booking))
    return data


def slot_of(booking: Booking, use: HallUse) -> Slot:
    """Where a booking is."""
    return Slot(booking.resource_id, tuple(use.parts), Span(booking.starts_at, booking.ends_at))


def put(session: Session, booking: Booking, use: HallUse, slot: Slot) -> None:
    """Write down where the booking is now; its claims are taken."""
    booking.resource_id, booking.starts_at, booking.ends_at = slot.hall_id, slot.span.start, slot.span.end
    use.parts = list(slot.parts)
    session.flush()
    session.refresh(booking, ["resource", "claims"])


def change_claims(session: Session, booking: Booking, hall: HallRules, slot: Slot, at: datetime) -> bool:
    """Claim the slot instead of what the booking claims, or leave its claims as they are; say which."""
    wanted = hall.claims(slot.parts, slot.span)
    resources = [each.resource_id for each in wanted]
    swept = claims.sweep(session, resources, wanted[0].span, at)
    with session.begin_nested() as attempt:
        claims.remember(session, booking, at)
        freed = claims.free(session, booking.id)
        # Looking first also keeps two who want to swap from waiting for each other.
        standing = Busy(claims.taken(session, resources, wanted[0].span, at))
        took = set(claims.take(session, wanted, booking_id=booking.id)) if standing.free(wanted) else set()
        done = len(took) == len(wanted)
        if not done:
            attempt.rollback()
    if not done:
        claims.changed(session, swept)
        return False
    closures.fill(session, freed, claims.reach(booking))
    claims.changed(session, swept | freed | took)
    return True


def reclaim(session: Session, booking: Booking, at: datetime) -> bool:
    """Take again what an ended booking had claimed, if it is still free and the hall still has these parts."""
    use = session.get(HallUse, booking.id)
    hall = plan(session, booking.municipality).halls.get(booking.resource_id)
    if use is None or hall is None or not hall.allows(use.parts):
        return False
    return change_claims(session, booking, hall, slot_of(booking, use), at)


def give_back(session: Session, booking: Booking, at: datetime, by: Actor, reason: str = "") -> None:
    """Give a date back: it is free for others at once. What is forgiven is what a cancellation forgives."""
    lifecycle.lock(session, booking)
    if booking.state == "cancelled":
        return
    steps.allow(booking, "cancel", at)
    session.get_one(HallUse, booking.id).given_back_at = at
    lifecycle.cancel(session, booking, at, by, reason)


def forget(session: Session, booking: Booking) -> None:
    """Delete what is kept of the people; which parts it was, for whom and how it ended stays for the statistics."""
    if use := session.get(HallUse, booking.id):
        for name in (
            "organiser",
            "contact",
            "title",
            "coach",
            "coach_phone",
            "remarks",
            "conditions",
            "street",
            "city",
        ):
            setattr(use, name, "")
        use.present_at = None
