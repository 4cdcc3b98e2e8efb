"""The numbers of a town's documents, without gaps in each year.

They come right after the transaction that owes something, not within it (docs/decisions/0012): who waits for the next
number may not hold a booking meanwhile.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database, in_line
from buchbar.calendar.walls import local_date
from buchbar.notices.outbox import Worker
from buchbar.payments import bills, kassenzeichen
from buchbar.payments.models import Charge
from buchbar.payments.rules import rules_of


def assign(session: Session, municipality_id: UUID) -> int:
    """Number all of a town's charges that wait for it, in the order in which they were made; how many.

    One transaction at a time does it, and either all its numbers are kept or none, so there is never a gap. The caller
    holds no booking's lock.
    """
    in_line(session, f"numbers:{municipality_id}")
    rules = rules_of(session, municipality_id)
    zone = session.get_one(Municipality, municipality_id).zone
    waiting = _waiting(session, municipality_id)
    last: dict[int, int] = {}
    for charge in waiting:
        day = local_date(charge.charged_at, zone)
        if day.year not in last:
            last[day.year] = _last(session, municipality_id, day.year)
        last[day.year] += 1
        charge.year, charge.serial = day.year, last[day.year]
        if rules.number_pattern:
            charge.number = kassenzeichen.sign(rules.number_pattern, year=charge.year, serial=charge.serial)
        if charge.cents > 0 and charge.kassenzeichen is None:
            charge.kassenzeichen = bills.sign_of(session, rules, charge, day)
        session.flush()
    return len(waiting)


def _waiting(session: Session, municipality_id: UUID) -> list[Charge]:
    wanted = select(Charge).where(Charge.municipality_id == municipality_id, Charge.numbered, Charge.serial.is_(None))
    ordered = wanted.order_by(Charge.charged_at, Charge.reference)
    return list(session.scalars(ordered.execution_options(populate_existing=True)))


def _last(session: Session, municipality_id: UUID, year: int) -> int:
    made = select(func.max(Charge.serial)).where(Charge.municipality_id == municipality_id, Charge.year == year)
    return session.scalar(made) or 0


def number(database: Database, charge_id: UUID, at: datetime) -> None:
    """Number a charge, and with it all that wait; one that has its number stays as it is."""
    with database.read() as session:
        charge = session.get(Charge, charge_id)
    if charge and waits(charge):
        with database.write() as session:
            assign(session, charge.municipality_id)


def waits(charge: Charge) -> bool:
    """Whether a charge is to be numbered, and isn't yet."""
    return charge.numbered and charge.serial is None


WORKERS: dict[str, Worker] = {"number": number}
