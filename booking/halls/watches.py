"""Who wants to hear of it is told when a hall's date becomes free again.

What becomes free is noted while a transaction does its work, and told at its end: one letter to each address, however
many dates there are, and only of what really is free by then. Letters name nobody, and don't go to who gave it back.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import delete, event, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.clubs import USER_CLASSES
from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import Database, in_line
from buchbar.base.errors import NotFound
from buchbar.base.texts import N_, _
from buchbar.base.tokens import genuine, link_token, named_by
from buchbar.booking import claims, links
from buchbar.booking.halls import words
from buchbar.booking.halls.free import Busy, starts
from buchbar.booking.halls.models import HallUse, HallWatch
from buchbar.booking.halls.plan import IN_SCHOOL_HOURS, HallPlan, plan, read_parts
from buchbar.booking.halls.reservation import Slot, slot_of
from buchbar.booking.models import Booking, BookingEvent
from buchbar.calendar.months import add_months
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import local_date
from buchbar.notices import letters

PURPOSE = "merken"
MONTHS = (1, 3, 6, 12)
# Who doesn't prove the address by then is forgotten.
PROOF = timedelta(days=1)
MOST_DATES = 40
ENDS = ("cancel", "decline", "release")
SUBJECTS = {
    "hall_watch_proof": N_("Bitte bestätigen Sie: Nachricht bei freien Terminen, %(hall)s"),
    "hall_watch": N_("Wieder frei: %(hall)s"),
}
_NOTED = "freed_slots"


@dataclass(frozen=True, slots=True)
class Freed:
    """A slot that has become free, of which town, and whose it was."""

    town_id: UUID
    slot: Slot
    email: str
    at: datetime


def note(session: Session, booking: Booking, happened: BookingEvent) -> None:
    """Something has happened to a booking: if it makes a date free, that is told before this transaction is saved."""
    use = session.get(HallUse, booking.id)
    if use is None or not (booking.email_proven_at or booking.by_office):  # only held
        return
    if happened.verb in ENDS:
        slot = slot_of(booking, use)
    elif happened.verb == "move" and "from_hall" in happened.data:
        slot = _from(happened)
    else:
        return
    tell_watchers(session, booking.municipality_id, slot, happened.at, booking.email)


def tell_watchers(session: Session, town_id: UUID, slot: Slot, at: datetime, email: str = "") -> None:
    """Note that a slot has become free; ``email`` is whose it was."""
    session.info.setdefault(_NOTED, []).append(Freed(town_id, slot, email.lower(), at))


def _from(happened: BookingEvent) -> Slot:
    data = happened.data
    span = Span(datetime.fromisoformat(data["from_start"]), datetime.fromisoformat(data["from_end"]))
    return Slot(UUID(data["from_hall"]), read_parts(data["from_parts"]), span)


def listen() -> None:
    """From now on, on all sessions of this process; twice is once."""
    if not event.contains(Session, "before_commit", settle):
        event.listen(Session, "before_commit", settle)


def settle(session: Session) -> None:
    """Write to those who wait for what has become free in this transaction."""
    if not session.info.get(_NOTED) or session.in_nested_transaction():
        return
    noted: list[Freed] = session.info.pop(_NOTED)
    session.flush()
    by_hall: dict[tuple[UUID, UUID], list[Freed]] = defaultdict(list)
    for freed in noted:
        if freed.slot.span.start > freed.at:
            by_hall[freed.town_id, freed.slot.hall_id].append(freed)
    for town_id, hall_id in sorted(by_hall):
        _tell(session, session.get_one(Municipality, town_id), hall_id, by_hall[town_id, hall_id])


def _tell(session: Session, town: Municipality, hall_id: UUID, noted: Sequence[Freed]) -> None:
    at = max(freed.at for freed in noted)
    today = local_date(at, town.zone)
    waiting = session.scalars(
        select(HallWatch)
        .where(HallWatch.hall_id == hall_id, HallWatch.municipality_id == town.id)
        .where(HallWatch.proven_at.is_not(None), HallWatch.ends_on >= today)
        .order_by(HallWatch.id)
    ).all()
    rules = plan(session, town) if waiting else None
    if rules is None or hall_id not in rules.halls:
        return
    free = _really_free(session, rules, hall_id, noted, at)
    for watch in waiting:
        slots = [
            each.slot
            for each in free
            if each.email != watch.email.lower()
            and (not watch.weekdays or local_date(each.slot.span.start, town.zone).weekday() in watch.weekdays)
        ]
        if slots:
            _write(session, town, watch, "hall_watch", at, _listed(rules, slots))


def _really_free(session: Session, rules: HallPlan, hall_id: UUID, noted: Iterable[Freed], at: datetime) -> list[Freed]:
    """What nobody has taken in the same transaction, and no closure, and what can be booked online; each slot once, in
    order."""
    hall = rules.halls[hall_id]
    known = {freed.slot: freed for freed in noted if hall.allows(freed.slot.parts)}
    busy = Busy(claims.taken_in(session, hall.part_ids, [slot.span for slot in known], at))
    ordered = sorted(known, key=lambda slot: (slot.span, slot.parts))
    free = [slot for slot in ordered if busy.free(hall.claims(slot.parts, slot.span))]
    return [known[slot] for slot in free if _bookable(rules, busy, slot, at)]


def _bookable(rules: HallPlan, busy: Busy, slot: Slot, at: datetime) -> bool:
    """Whether somebody who isn't a school could book some of a slot online now."""
    if not rules.policies:
        return False
    hall, today = rules.halls[slot.hall_id], local_date(at, rules.zone)
    day = local_date(slot.span.start, rules.zone)
    for user_class in USER_CLASSES:
        least = rules.terms(today, user_class).shortest_minutes
        found = (
            () if user_class in IN_SCHOOL_HOURS else starts(rules, busy, hall, slot.parts, day, least, user_class, at)
        )
        if any(slot.span.start <= span.start and span.end <= slot.span.end for span in found):
            return True
    return False


def _listed(rules: HallPlan, slots: Sequence[Slot]) -> list[tuple[str, str]]:
    """Each date in words, with the address of the page that books it."""
    hall = rules.halls[slots[0].hall_id]
    page = f"/{rules.slug}/hallen/{hall.slug}/buchung"
    return [
        (
            f"{texts.day(local_date(slot.span.start, rules.zone))}, {words.between(slot.span, rules.zone)}, "
            f"{hall.named(slot.parts)}",
            f"{page}?{words.slot_query(slot, rules.zone)}",
        )
        for slot in slots[:MOST_DATES]
    ]


def subscribe(
    session: Session, town: Municipality, hall_id: UUID, email: str, weekdays: Sequence[int], months: int, at: datetime
) -> None:
    """Ask whether the address is theirs; from the proof on it is told. Who is told already gets the link to end it, and
    nothing changes: the address may be a stranger's. What is over begins anew."""
    in_line(session, f"watch {hall_id} {email.lower()}")
    mine = HallWatch.hall_id == hall_id, HallWatch.email == email.lower()
    watch = session.scalar(select(HallWatch).where(*mine))
    today = local_date(at, town.zone)
    if watch is None:
        watch = HallWatch(id=uuid4(), municipality_id=town.id, hall_id=hall_id, email=email.lower(), made_at=at)
        session.add(watch)
    elif watch.ends_on < today:
        watch.proven_at = None
    if watch.proven_at is None:
        watch.weekdays, watch.language, watch.made_at = sorted(weekdays), texts.language.get(), at
        watch.ends_on = add_months(today, months)
    session.flush()
    _write(session, town, watch, "hall_watch_proof", at)


def prove(session: Session, watch: HallWatch, at: datetime) -> None:
    """The link in the mail was used."""
    watch.proven_at = watch.proven_at or at


def end(session: Session, watch: HallWatch) -> None:
    """They don't want to hear of it any more."""
    session.delete(watch)


def path(session: Session, watch: HallWatch) -> str:
    """The secret address at which it is proven and ended."""
    return f"/merken/{link_token(links.settings(session).secret, PURPOSE, watch.id)}"


def watch_by(session: Session, token: str) -> HallWatch:
    """The subscription that a link names. Raises NotFound for anything that isn't a valid link, and once it is over."""
    named = named_by(token)
    watch = session.get(HallWatch, named) if named else None
    if watch is None or not genuine(token, links.settings(session).secret, PURPOSE, watch.id):
        raise NotFound(_("Diese Benachrichtigung gibt es nicht mehr."))
    return watch


def forget(database: Database, now: datetime) -> int:
    """Delete subscriptions that are over, and those whose address nobody has proven; how many."""
    with database.write() as session:
        never = HallWatch.proven_at.is_(None) & (HallWatch.made_at < now - PROOF)
        over = HallWatch.ends_on < (now - timedelta(days=1)).date()  # wherever the town is
        return len(session.scalars(delete(HallWatch).where(or_(never, over)).returning(HallWatch.id)).all())


def _write(
    session: Session,
    town: Municipality,
    watch: HallWatch,
    kind: str,
    at: datetime,
    dates: Sequence[tuple[str, str]] = (),
) -> None:
    hall = plan(session, town).halls[watch.hall_id]
    base_url = links.settings(session).base_url
    with texts.speaking(watch.language):
        subject = _(SUBJECTS[kind]) % {"hall": hall.name}
        context = {
            "town": town,
            "subject": subject,
            "hall": hall,
            "dates": [(name, base_url + address) for name, address in dates],
            "until": watch.ends_on,
            "link": base_url + path(session, watch),
        }
        text, html = letters.rendered(kind, **context)
        letters.write(
            session,
            municipality=town,
            booking_id=None,
            kind=kind,
            to=watch.email,
            subject=subject,
            text=text,
            html=html,
            at=at,
        )
