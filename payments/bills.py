"""What a charge says of itself to whom has to pay it: what kind of document it is, when it is due, by which sign the
money is recognised, who owes it, and which other one it corrects. All of it is kept with the charge, and stays."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.calendar.walls import day_span, local_date
from buchbar.notices import outbox
from buchbar.payments import kassenzeichen
from buchbar.payments.models import Charge, Payment, Reversal
from buchbar.payments.rules import MoneyRules, rules_of

# ``debtor(session, booking_id)``: the lines of the address of whom a booking belongs to.
Debtor = Callable[[Session, UUID], Sequence[str]]
_upward: dict[str, Debtor] = {}


def hand_down(*, debtor: Debtor) -> None:
    """Tell this folder who owes what a booking costs."""
    _upward.update(debtor=debtor)


def complete(session: Session, charge: Charge, booking_number: str, ordinal: int, rules: MoneyRules) -> None:
    """Write into a new charge, the booking's ``ordinal``-th, what its document will say by the town's ``rules``.

    Its number, and a Kassenzeichen that contains the number, come right after the transaction (numbers.py).
    """
    day = local_date(charge.charged_at, session.get_one(Municipality, charge.municipality_id).zone)
    charge.document = rules.document
    charge.debtor = tuple(_upward["debtor"](session, charge.booking_id))
    charge.numbered = bool(rules.number_pattern) or "serial" in kassenzeichen.places(rules.sign_pattern)
    if charge.numbered:
        outbox.send(session, "number", charge.id, charge.charged_at)
    if charge.cents > 0:
        charge.due_on = day + timedelta(days=rules.due_days)
        charge.kassenzeichen = sign_of(session, rules, charge, day, booking_number, ordinal)
    else:
        charge.corrects_id = _first_of(session, charge.booking_id)


def agreed(session: Session, booking_id: UUID, municipality_id: UUID, day: date) -> None:
    """Count the days to pay of what a booking owes from ``day`` on, the local one of the yes: before it nobody owed
    anything, and a late yes would find everything overdue."""
    due_on = day + timedelta(days=rules_of(session, municipality_id).due_days)
    owed = Charge.booking_id == booking_id, Charge.due_on < due_on
    session.execute(update(Charge).where(*owed).values(due_on=due_on))


def sign_of(
    session: Session, rules: MoneyRules, charge: Charge, day: date, booking_number: str = "", ordinal: int = 0
) -> str | None:
    """The charge's Kassenzeichen by the town's pattern, once all is known that stands in it. None for a town without,
    and where an older pattern has made the same sign already: its creditor reference (ISO 11649) is there anyway."""
    has = kassenzeichen.places(rules.sign_pattern)
    if not has or ("serial" in has) != (charge.serial is not None) or ("booking" in has and not booking_number):
        return None
    made = kassenzeichen.sign(
        rules.sign_pattern,
        rules.sign_check,
        year=day.year,
        serial=charge.serial or 0,
        booking=booking_number,
        ordinal=ordinal,
    )
    taken = select(Charge.id).where(Charge.municipality_id == charge.municipality_id, Charge.kassenzeichen == made)
    return made if session.scalar(taken) is None else None


def _first_of(session: Session, booking_id: UUID) -> UUID | None:
    """The document that a credit note for this booking corrects: the first, by which the booking was charged."""
    first = select(Charge.id).where(Charge.booking_id == booking_id).order_by(Charge.charged_at, Charge.reference)
    return session.scalar(first.limit(1))


def forget(session: Session, booking_id: UUID) -> None:
    """Delete who owed something: nothing was paid, nothing is owed any more, so the books don't need it. What bears a
    number was issued, and an invoice's copy is kept even if it was credited in full (Section 14b UStG)."""
    without_number = Charge.booking_id == booking_id, Charge.numbered.is_(False)
    session.execute(update(Charge).where(*without_number).values(debtor=()))


def forget_old(session: Session, now: datetime) -> None:
    """Delete who owed something, where each town's books no longer have to be kept (Section 147 AO: so many years after
    the end of the year), and why a payment was taken back."""
    for town in session.scalars(select(Municipality)):
        first_kept = _first_kept(session, town, now)
        session.execute(update(Charge).where(*_with_debtor(town, first_kept)).values(debtor=()))
        theirs = Reversal.payment_id.in_(select(Payment.id).where(Payment.municipality_id == town.id))
        said = theirs, Reversal.at < first_kept, Reversal.reason != ""
        session.execute(update(Reversal).where(*said).values(reason=""))


def forget_stops(session: Session, of_bookings: Select[UUID], today: date) -> None:
    """Delete why nobody was to be reminded of what these bookings cost, once the stop is over."""
    over = Charge.booking_id.in_(of_bookings), Charge.stopped_until < today, Charge.stop_reason != ""
    session.execute(update(Charge).where(*over).values(stop_reason=""))


def going(session: Session, town: Municipality, until: datetime) -> int:
    """Of how many of the town's documents it is deleted by then who owed something."""
    old = _with_debtor(town, _first_kept(session, town, until))
    return session.scalar(select(func.count()).where(*old)) or 0


def _first_kept(session: Session, town: Municipality, now: datetime) -> datetime:
    """From when on the town's documents are still kept."""
    year = local_date(now, town.zone).year - rules_of(session, town.id).books_years
    return day_span(date(year, 1, 1), town.zone).start


def _with_debtor(town: Municipality, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Charge.municipality_id == town.id, Charge.charged_at < before, Charge.debtor != ()
