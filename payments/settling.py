"""What became of each charge: credited, paid, taken from us again, given back, open. Nothing is left unexplained.

A booking's money has no label that says for which of its charges it came, so there is one way to lay it out, always
the same. A credit note lowers what it corrects, then the newest charge before it. Money that stayed pays the oldest
charges first. Money that came and went again is shown at the newest charges. What fits nowhere is ``beyond``.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from buchbar.payments.ledger import accounts
from buchbar.payments.models import Charge, ChargeItem


@dataclass(frozen=True, slots=True)
class Claim:
    """A charge as it was written down; ``cents`` below zero is a credit note, for the charge ``corrects_id``."""

    id: UUID
    cents: int
    corrects_id: UUID | None = None


@dataclass(slots=True)
class Settled:
    """A charge and what became of it, in cents, none below zero."""

    id: UUID
    charged: int
    credited: int = 0
    paid: int = 0
    reversed: int = 0
    returned: int = 0

    @property
    def due(self) -> int:
        """What is owed for it after its credit notes."""
        return self.charged - self.credited

    @property
    def open(self) -> int:
        """What is still to be paid."""
        return self.due - self.paid + self.reversed + self.returned


@dataclass(frozen=True, slots=True)
class Beyond:
    """What belongs to no charge: paid too much or twice, or credited more than was ever charged.

    ``balance`` above zero is ours to give back; below zero, more went out than ever came (checks.py says so in red).
    """

    credited: int
    paid: int
    reversed: int
    returned: int

    @property
    def balance(self) -> int:
        return self.credited + self.paid - self.reversed - self.returned


@dataclass(frozen=True, slots=True)
class Settlement:
    """A booking's charges, the oldest first, and what belongs to none of them."""

    charges: list[Settled] = field(default_factory=list)
    beyond: Beyond = Beyond(0, 0, 0, 0)

    @property
    def open(self) -> int:
        """What is still to be paid: the same as the account's."""
        return max(0, self._open_less_surplus)

    @property
    def surplus(self) -> int:
        """What was paid and isn't owed: the same as the account's."""
        return max(0, -self._open_less_surplus)

    @property
    def _open_less_surplus(self) -> int:
        return sum(each.open for each in self.charges) - self.beyond.balance


def settle(claims: Sequence[Claim], paid: int, reversed_: int, returned: int) -> Settlement:
    """Lay out a booking's money over its charges, which come in their order, the oldest first."""
    settled, credited_beyond = _with_credits(claims)
    kept = max(0, paid - reversed_ - returned)
    for each in settled:
        each.paid = min(each.due, kept)
        kept -= each.paid
    reversed_left = _came_and_went(settled, "reversed", reversed_)
    returned_left = _came_and_went(settled, "returned", returned)
    paid_left = paid - sum(each.paid for each in settled)
    return Settlement(settled, Beyond(credited_beyond, paid_left, reversed_left, returned_left))


def settlements(session: Session, ids: Collection[UUID]) -> dict[UUID, Settlement]:
    """The bookings' charges and what became of them, in five queries; none for a booking without an account."""
    claims: dict[UUID, list[Claim]] = {}
    cents = func.sum(ChargeItem.cents)
    found = (
        select(Charge.booking_id, Charge.id, cents, Charge.corrects_id)
        .join(ChargeItem, ChargeItem.charge_id == Charge.id)
        .where(Charge.booking_id.in_(ids))
        .group_by(Charge.id)
        .order_by(Charge.charged_at, Charge.reference)
    )
    for booking_id, charge_id, total, corrects_id in session.execute(found):
        claims.setdefault(booking_id, []).append(Claim(charge_id, int(total), corrects_id))
    return {
        booking_id: settle(claims.get(booking_id, []), sums.paid, sums.reversed, sums.returned)
        for booking_id, sums in accounts(session, ids).items()
    }


def due_by(session: Session, ids: Collection[UUID], on: date) -> dict[UUID, int]:
    """What is still to be paid of the bookings' charges that are due by a day, in cents; nothing of those of which
    nobody is to be reminded then: who has objected is not made to pay."""
    not_yet = or_(Charge.due_on > on, Charge.stopped_until >= on)
    left_out = set(session.scalars(select(Charge.id).where(Charge.booking_id.in_(ids), not_yet)))
    return {
        booking_id: min(each.open, sum(charge.open for charge in each.charges if charge.id not in left_out))
        for booking_id, each in settlements(session, ids).items()
    }


def _with_credits(claims: Sequence[Claim]) -> tuple[list[Settled], int]:
    """The charges, lowered by the credit notes, and how much of these found none to lower."""
    settled = [Settled(claim.id, claim.cents) for claim in claims if claim.cents >= 0]
    before: list[Settled] = []
    by_id = {each.id: each for each in settled}
    left_over = 0
    for claim in claims:
        if claim.cents >= 0:
            before.append(by_id[claim.id])
            continue
        later = [each for each in settled if each not in before]
        corrected = [by_id[claim.corrects_id]] if claim.corrects_id in by_id else []
        left = -claim.cents
        for each in (*corrected, *reversed(before), *later):
            part = min(left, each.due)
            each.credited += part
            left -= part
        left_over += left
    return settled, left_over


def _came_and_went(settled: Sequence[Settled], what: str, cents: int) -> int:
    """Show money that came and went again at the newest charges, none of them paid beyond itself; what is left."""
    for each in reversed(settled):
        part = max(0, min(cents, each.charged - each.paid))
        each.paid += part
        setattr(each, what, getattr(each, what) + part)
        cents -= part
    return cents
