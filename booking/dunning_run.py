"""A run of dunning: who would get which letter today, why others not, and then the letters themselves.

One letter tells a booking of all its charges whose turn it is. What was shown is looked at again when it is written,
with the booking locked: who has paid in between, or was reminded by somebody else, gets none.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound
from buchbar.base.texts import _
from buchbar.booking import journeys, open_listing, queries
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.booking.open_listing import Entry, Wish
from buchbar.calendar.walls import local_date
from buchbar.notices.models import Errand, Letter
from buchbar.payments import dunning_steps, ledger
from buchbar.payments.dunning_steps import Step
from buchbar.payments.ledger import DUNNING, Line
from buchbar.payments.models import Charge
from buchbar.payments.open_items import OpenItem, open_items
from buchbar.payments.rules import DunningLevel, rules_of

# So many letters are written at once; the rest by the next run.
MOST = 200


@dataclass(frozen=True, slots=True)
class Reminder:
    """A letter that a booking would get today. ``steps`` are its charges whose turn it is."""

    booking: Booking
    names: str
    steps: tuple[tuple[OpenItem, Step], ...]

    @property
    def number(self) -> int:
        """The letter's level: the strictest of its charges'."""
        return max(step.number for _item, step in self.steps)

    @property
    def level(self) -> DunningLevel:
        return next(step.level for _item, step in self.steps if step.number == self.number)

    @property
    def open(self) -> int:
        """What the letter asks for, in cents, without its own fee."""
        return sum(item.open for item, _step in self.steps)

    @property
    def key(self) -> str:
        """What a form sends when it is ticked: the booking, and at which level."""
        return f"{self.booking.id}:{self.number}"


@dataclass(frozen=True, slots=True)
class Left:
    """An overdue item of which nobody is reminded today, and why."""

    entry: Entry
    why: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Who would get a letter today, the longest overdue first, and who not."""

    reminders: list[Reminder]
    left: list[Left]


def rehearse(session: Session, town: Municipality, now: datetime, least: int) -> Rehearsal:
    """What a run would do now; nobody is reminded of less than ``least`` cents in all. Nothing is written."""
    today = local_date(now, town.zone)
    entries = open_listing.found(session, town, Wish(situation="ueberfaellig"), today)
    return _sorted_out(session, town, open_listing.named(session, entries), now, least)


def run(
    session: Session, town: Municipality, chosen: Collection[tuple[UUID, int]], now: datetime, by: Actor, least: int
) -> list[Reminder]:
    """Write to the chosen bookings, each at the level that was shown; those that were written to. Whose turn it isn't
    (any more) is left out, so a run that is sent twice writes once."""
    levels = dict(sorted(chosen)[:MOST])
    bookings = _locked(session, town, list(levels))
    items = open_items(session, town.id, town.zone, list(bookings))
    today = local_date(now, town.zone)
    overdue = [Entry(item, bookings[item.charge.booking_id]) for item in items if item.days_overdue(today)]
    reminders = _sorted_out(session, town, open_listing.named(session, overdue), now, least).reminders
    due = [reminder for reminder in reminders if reminder.number == levels[reminder.booking.id]]
    for reminder in due:
        _write(session, town, reminder, now, by)
    return due


def _locked(session: Session, town: Municipality, ids: Collection[UUID]) -> dict[UUID, Booking]:
    """The bookings, locked all at once and in one order, so that two runs never wait for each other. Raises NotFound if
    one isn't the town's."""
    session.flush()
    wanted = queries.bookings(town).where(Booking.id.in_(ids)).order_by(Booking.id).with_for_update(of=Booking)
    found = session.scalars(wanted.execution_options(populate_existing=True)).all()
    if len(found) < len(ids):
        raise NotFound
    return {booking.id: booking for booking in found}


def _write(session: Session, town: Municipality, reminder: Reminder, now: datetime, by: Actor) -> None:
    booking, level = reminder.booking, reminder.level
    pay_by = local_date(now, town.zone) + timedelta(days=level.pay_days)
    fee = _charge_fee(session, booking, level, now)
    if fee is not None:
        fee.due_on = pay_by
    dunning_steps.write_down(session, reminder.steps, pay_by=pay_by, fee=fee, at=now, by=by.name)
    words = _("Stufe %(level)d, zahlbar bis %(day)s") % {"level": reminder.number, "day": texts.day(pay_by, "short")}
    event = record(session, booking, "dun", now, by, words, cents=str(reminder.open), level=str(reminder.number))
    session.flush()
    journeys.of(booking).tell(session, booking, event)


def _charge_fee(session: Session, booking: Booking, level: DunningLevel, now: datetime) -> Charge | None:
    if not level.cents:
        return None
    return ledger.charge(session, booking, DUNNING, [Line(DUNNING, _("Mahngebühr"), level.cents)], now)


def _sorted_out(session: Session, town: Municipality, entries: Sequence[Entry], now: datetime, least: int) -> Rehearsal:
    """Of overdue items: those whose turn it is, a letter for each booking, and the others."""
    today, levels = local_date(now, town.zone), dunning_steps.levels_of(rules_of(session, town.id))
    unreachable = _unreachable(session, [entry.booking.id for entry in entries])
    due: dict[UUID, list[tuple[Entry, Step]]] = {}
    left: list[Left] = []
    for entry in entries:
        if dunning_steps.is_fee(entry.item.charge):
            continue  # the letter about the charge asks for it, too
        step = dunning_steps.next_step(entry.item, levels, town.zone)
        why = _why_no_step(step, today) or _why_not(entry, now, today, entry.booking.id in unreachable)
        if step is None or why:
            left.append(Left(entry, why))
        else:
            due.setdefault(entry.booking.id, []).append((entry, step))
    reminders = []
    for those in due.values():
        booking, names = those[0][0].booking, those[0][0].names
        made = Reminder(booking, names, tuple((entry.item, step) for entry, step in those))
        if made.open < least:
            left += [Left(entry, _("Der Betrag ist dafür zu klein.")) for entry, _step in those]
        else:
            reminders.append(made)
    return Rehearsal(reminders, left)


def _why_no_step(step: Step | None, today: date) -> str:
    if step is None:
        return _("Alle Mahnstufen sind durchlaufen. Jetzt entscheidet die Kasse, ob vollstreckt wird.")
    if step.from_on > today:
        words = {"level": step.number, "day": texts.day(step.from_on, "short")}
        return _("Stufe %(level)d ist ab %(day)s möglich.") % words
    return ""


def _why_not(entry: Entry, now: datetime, today: date, unreachable: bool) -> str:
    booking, item = entry.booking, entry.item
    if item.charge.stopped_until and item.stopped(today):
        words = {"day": texts.day(item.charge.stopped_until, "short"), "reason": item.charge.stop_reason}
        return _("Mahnstopp bis %(day)s: %(reason)s") % words
    if item.on_its_way:
        return _("Eine Zahlung ist unterwegs.")
    if booking.state == "requested":
        return _("Die Anfrage ist noch nicht zugesagt.")
    if booking.state == "payable":
        return _("Die Frist der Reservierung läuft noch; ohne Zahlung endet sie von selbst.")
    if booking.alive and booking.starts_at > now and booking.terms.payment in ("optional", "none"):
        return _("Kann bis zum Termin im Amt bezahlt werden.")
    if booking.forgotten_at or not (booking.email or booking.by_office):
        return _("Es gibt keine Anschrift mehr.")
    if unreachable:
        return _("Eine E-Mail ist nicht angekommen. Bitte erst die Adresse klären.")
    return ""


def _unreachable(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """The bookings to whose present address a letter couldn't be delivered, and nobody has settled that yet."""
    failed = (
        select(Letter.booking_id)
        .join(Errand, Errand.subject_id == Letter.id)
        .join(Booking, Booking.id == Letter.booking_id)
        .where(Errand.state == "failed", Letter.to_address == Booking.email, Letter.booking_id.in_(ids))
    )
    return {booking_id for booking_id in session.scalars(failed) if booking_id}
