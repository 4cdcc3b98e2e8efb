"""A booking's account: what is owed, paid and given back. It only grows; what is open is always the sum."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.base.money import share
from buchbar.notices import outbox
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund


@dataclass(frozen=True, slots=True)
class Line:
    """One position of a price, in cents, with its VAT key."""

    code: str
    label: str
    cents: int
    vat: str = "hoheitlich"


@dataclass(frozen=True, slots=True)
class Account:
    """Sums in cents. ``returned`` counts refunds from the moment they are wanted, also those that bounced and wait for
    a clerk to give them back another way: else they would be sent twice."""

    owed: int
    paid: int
    returned: int

    @property
    def open(self) -> int:
        """What is still to be paid."""
        return max(0, self.owed - self.paid + self.returned)

    @property
    def surplus(self) -> int:
        """What was paid and isn't owed."""
        return max(0, self.paid - self.returned - self.owed)


def account(session: Session, booking_id: UUID) -> Account:
    """The sums of a booking's account."""

    def total(amount: object, *where: object) -> int:
        return int(session.scalar(select(func.coalesce(func.sum(amount), 0)).where(*where)) or 0)  # type: ignore[arg-type]

    return Account(
        owed=total(ChargeItem.cents, ChargeItem.charge_id == Charge.id, Charge.booking_id == booking_id),
        paid=total(Payment.cents, Payment.booking_id == booking_id, Payment.state == "paid"),
        returned=total(Refund.cents, Refund.booking_id == booking_id),
    )


def charges(session: Session, booking_id: UUID) -> list[Charge]:
    """All charges of a booking, the oldest first."""
    return list(session.scalars(select(Charge).where(Charge.booking_id == booking_id).order_by(Charge.charged_at)))


def charge(
    session: Session, municipality_id: UUID, booking_id: UUID, kind: str, lines: Iterable[Line], at: datetime
) -> Charge | None:
    """Write down what is owed, or with negative amounts what is forgiven. Nothing for no lines."""
    items = [
        ChargeItem(position=position, code=line.code, label=line.label, cents=line.cents, vat=line.vat)
        for position, line in enumerate(lines)
    ]
    if not items:
        return None
    made = Charge(
        id=uuid4(),
        municipality_id=municipality_id,
        booking_id=booking_id,
        kind=kind,
        charged_at=at,
        items=items,
    )
    session.add(made)
    session.flush()
    return made


def recharge(session: Session, municipality_id: UUID, booking_id: UUID, lines: Iterable[Line], at: datetime) -> None:
    """Make ``lines`` what is owed from now on, by a charge of the differences."""
    difference = Counter({(line.code, line.label, line.vat): -line.cents for line in owed(session, booking_id)})
    for line in lines:
        difference[line.code, line.label, line.vat] += line.cents
    changes = [Line(code, label, cents, vat) for (code, label, vat), cents in difference.items() if cents]
    charge(session, municipality_id, booking_id, "change", changes, at)


def owed(session: Session, booking_id: UUID) -> list[Line]:
    """What is owed for a booking, each kind of position summed over all its charges."""
    session.flush()
    sums: Counter[tuple[str, str, str]] = Counter()
    for item in (item for made in charges(session, booking_id) for item in made.items):
        sums[item.code, item.label, item.vat] += item.cents
    return [Line(code, label, cents, vat) for (code, label, vat), cents in sums.items() if cents]


def share_of(session: Session, booking_id: UUID, percent: int) -> list[Line]:
    """Lines that forgive ``percent`` of what is owed, position by position."""
    lines = owed(session, booking_id)
    return [Line(line.code, line.label, -cents, line.vat) for line in lines if (cents := share(line.cents, percent))]


def give_back_surplus(session: Session, booking_id: UUID, at: datetime, reason: str) -> int:
    """Send back what was paid beyond what is owed, by the way it came; how many cents."""
    session.flush()
    left = surplus = account(session, booking_id).surplus
    paid = session.scalars(
        select(Payment)
        .where(Payment.booking_id == booking_id, Payment.state == "paid")
        .order_by(Payment.settled_at.desc(), Payment.id)
    )
    for payment in paid:
        gone = session.scalar(select(func.coalesce(func.sum(Refund.cents), 0)).where(Refund.payment_id == payment.id))
        cents = min(left, payment.cents - int(gone or 0))
        if cents > 0:
            refund = Refund(
                id=uuid4(),
                payment_id=payment.id,
                booking_id=booking_id,
                cents=cents,
                reason=reason,
                wanted_at=at,
            )
            session.add(refund)
            outbox.send(session, "refund", refund.id, at)
            left -= cents
    session.flush()
    return surplus - left
