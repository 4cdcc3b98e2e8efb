"""A booking's account: what is owed, paid and given back. It only grows; what is open is always the sum."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import Session

from buchbar.base.db import insert
from buchbar.base.money import share
from buchbar.notices import outbox
from buchbar.payments import bills
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund, Reversal
from buchbar.payments.reference import reference
from buchbar.payments.rules import MoneyRules, rules_of

# The kind of a charge that is the fee for a dunning letter, and the code of its position.
DUNNING = "dunning"
# The kind of a charge that the cashier has written to take something off another (credit_notes.py).
CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One position of a price, in cents, with its VAT key; ``note`` says how it was worked out."""

    code: str
    label: str
    cents: int
    vat: str = "hoheitlich"
    note: str = ""


class Owing(Protocol):
    """The booking for which something is owed."""

    @property
    def id(self) -> UUID: ...
    @property
    def municipality_id(self) -> UUID: ...
    @property
    def number(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Account:
    """Sums in cents. ``returned`` counts refunds from the moment they are wanted, also those that bounced and wait for
    a clerk to give them back another way: else they would be sent twice. ``reversed`` is what was paid and then taken
    from us again: returned by the bank, disputed, or booked by mistake."""

    owed: int
    paid: int
    returned: int
    reversed: int = 0

    @property
    def open(self) -> int:
        """What is still to be paid."""
        return max(0, self.owed - self.paid + self.reversed + self.returned)

    @property
    def surplus(self) -> int:
        """What was paid and isn't owed."""
        return max(0, self.paid - self.reversed - self.returned - self.owed)


def account(session: Session, booking_id: UUID) -> Account:
    """The sums of a booking's account."""

    def total(amount: object, *where: object) -> int:
        return int(session.scalar(select(func.coalesce(func.sum(amount), 0)).where(*where)) or 0)  # type: ignore[arg-type]

    return Account(
        owed=total(ChargeItem.cents, ChargeItem.charge_id == Charge.id, Charge.booking_id == booking_id),
        paid=total(Payment.cents, Payment.booking_id == booking_id, Payment.state == "paid"),
        returned=total(Refund.cents, Refund.booking_id == booking_id),
        reversed=total(Reversal.cents, Reversal.booking_id == booking_id),
    )


def accounts(session: Session, ids: Collection[UUID]) -> dict[UUID, Account]:
    """The sums of many bookings' accounts, in one query; none for a booking for which there is nothing."""
    sums: dict[UUID, dict[str, int]] = {}
    conditions = (table.booking_id.in_(ids) for table in (Charge, Payment, Refund, Reversal))
    named = [moves.add_columns(literal(name)) for name, moves in _moves(*conditions)]
    for booking_id, cents, name in session.execute(union_all(*named)):
        sums.setdefault(booking_id, {"owed": 0, "paid": 0, "returned": 0})[name] = int(cents)
    return {booking_id: Account(**each) for booking_id, each in sums.items()}


def unpaid(municipality_id: UUID) -> Select[UUID]:
    """The ids of the town's bookings for which something is still to be paid."""
    moves = _all_moves(municipality_id)
    return select(moves.c.booking_id).group_by(moves.c.booking_id).having(func.sum(moves.c.cents) > 0)


def overpaid(municipality_id: UUID) -> Select[UUID, int]:
    """The ids of the town's bookings for which more was paid than is owed, and how many cents more. What is to go back
    already counts as gone."""
    moves = _all_moves(municipality_id)
    surplus = -func.sum(moves.c.cents)
    return select(moves.c.booking_id, surplus).group_by(moves.c.booking_id).having(surplus > 0)


def _all_moves(municipality_id: UUID) -> Any:
    """What makes the open amounts of the town's bookings, with its sign: rows of booking and cents."""
    ours = Charge.municipality_id == municipality_id, Payment.municipality_id == municipality_id
    payments = select(Payment.id).where(Payment.municipality_id == municipality_id)
    moves = dict(_moves(*ours, Refund.payment_id.in_(payments), Reversal.payment_id.in_(payments)))
    o, p, r, v = (moves[name].subquery() for name in ("owed", "paid", "returned", "reversed"))
    return union_all(select(o), select(p.c.booking_id, -p.c.cents), select(r), select(v)).subquery()


def _moves(charged: Any, paid: Any, returned: Any, taken: Any) -> list[tuple[str, Select[UUID, int]]]:
    """What is owed, paid, returned and reversed, summed by booking, under a condition each."""
    total = func.sum(ChargeItem.cents).label("cents")
    owed = select(Charge.booking_id, total).join(ChargeItem, ChargeItem.charge_id == Charge.id).where(charged)
    came = select(Payment.booking_id, func.sum(Payment.cents).label("cents")).where(Payment.state == "paid", paid)
    went = select(Refund.booking_id, func.sum(Refund.cents).label("cents")).where(returned)
    lost = select(Reversal.booking_id, func.sum(Reversal.cents).label("cents")).where(taken)
    return [
        ("owed", owed.group_by(Charge.booking_id)),
        ("paid", came.group_by(Payment.booking_id)),
        ("returned", went.group_by(Refund.booking_id)),
        ("reversed", lost.group_by(Reversal.booking_id)),
    ]


def charges(session: Session, booking_id: UUID) -> list[Charge]:
    """All charges of a booking, the oldest first."""
    return list(session.scalars(select(Charge).where(Charge.booking_id == booking_id).order_by(Charge.charged_at)))


def references(session: Session, ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """The Kassenzeichen of what is owed for the bookings (the town's own, or else the creditor references), the oldest
    first; what was forgiven is paid by nobody."""
    found: dict[UUID, list[str]] = {}
    wanted = select(Charge.booking_id, func.coalesce(Charge.kassenzeichen, Charge.reference)).where(
        Charge.booking_id.in_(ids), Charge.kind.not_in(("forgiven", "restored", CREDIT))
    )
    for booking_id, each in session.execute(wanted.order_by(Charge.charged_at, Charge.reference)):
        found.setdefault(booking_id, []).append(each)
    return found


def charge(
    session: Session, booking: Owing, kind: str, lines: Iterable[Line], at: datetime, charge_id: UUID | None = None
) -> Charge | None:
    """Write down what is owed, or with negative amounts what is forgiven. Nothing for no lines.

    The caller has locked the booking: its charges are counted for the Kassenzeichen. It may name the charge.
    """
    said = list(lines)
    if not said:
        return None
    before = session.scalar(select(func.count()).select_from(Charge).where(Charge.booking_id == booking.id)) or 0
    made = _charge(booking, kind, said, at, before + 1, charge_id)
    bills.complete(session, made, booking.number, before + 1, rules_of(session, booking.municipality_id))
    session.add(made)
    session.flush()
    return made


def charge_first(session: Session, bookings: Iterable[Owing], lines: Mapping[UUID, list[Line]], at: datetime) -> None:
    """Write down what bookings owe that were just made, so that nothing was charged for them before; by booking."""
    rules: dict[UUID, MoneyRules] = {}
    for booking in bookings:
        if lines[booking.id]:
            town_id = booking.municipality_id
            rules[town_id] = rules.get(town_id) or rules_of(session, town_id)
            made = _charge(booking, "fees", lines[booking.id], at, 1)
            bills.complete(session, made, booking.number, 1, rules[town_id])
            session.add(made)


def _charge(
    booking: Owing, kind: str, lines: Iterable[Line], at: datetime, ordinal: int, charge_id: UUID | None = None
) -> Charge:
    return Charge(
        id=charge_id or uuid4(),
        municipality_id=booking.municipality_id,
        booking_id=booking.id,
        kind=kind,
        reference=reference(booking.number, ordinal),
        charged_at=at,
        items=[
            ChargeItem(
                position=position, code=line.code, label=line.label, cents=line.cents, vat=line.vat, note=line.note
            )
            for position, line in enumerate(lines)
        ],
    )


def recharge(session: Session, booking: Owing, lines: Iterable[Line], at: datetime) -> None:
    """Make ``lines`` what is owed from now on, by a charge of the differences."""
    before = (line for line in owed(session, booking.id) if line.code != DUNNING)  # whoever moves still owes that
    difference = Counter({(line.code, line.label, line.vat): -line.cents for line in before})
    for line in (each for each in lines if each.code != DUNNING):
        difference[line.code, line.label, line.vat] += line.cents
    changes = [Line(code, label, cents, vat) for (code, label, vat), cents in difference.items() if cents]
    charge(session, booking, "change", changes, at)


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


def left_of(session: Session, payment: Payment) -> int:
    """What of a payment is still with us, in cents: neither given back nor taken from us again."""
    gone = 0
    for table in (Refund, Reversal):
        of_it = select(func.coalesce(func.sum(table.cents), 0)).where(table.payment_id == payment.id)
        gone += int(session.scalar(of_it) or 0)
    return payment.cents - gone


def reverse(
    session: Session,
    payment: Payment,
    kind: str,
    key: str,
    cents: int,
    at: datetime,
    *,
    reason: str = "",
    by: str = "",
    entry_id: UUID | None = None,
) -> int:
    """Write down that a payment was taken from us again ("returned", "disputed", "undone"), or with ``cents`` below
    zero that it came back after all; how many cents, 0 if it was written down already (by its ``key``).

    What of it was still to go back doesn't: the payer has it. The caller has locked the booking.
    """
    written = session.execute(
        insert(session, Reversal)
        .values(
            id=uuid4(),
            payment_id=payment.id,
            booking_id=payment.booking_id,
            entry_id=entry_id,
            kind=kind,
            key=key,
            cents=cents,
            reason=reason,
            at=at,
            by=by,
        )
        .on_conflict_do_nothing()
        .returning(Reversal.id)
    ).first()
    if written is None:
        return 0
    keep_what_has_gone(session, payment)
    return cents


def keep_what_has_gone(session: Session, payment: Payment) -> None:
    """Forget what was to go back of a payment and hasn't gone, as far as nothing of it is left; and of what else was
    paid for the booking, as far as that is owed now. What is left of the last of it, or comes back to us,
    ``give_back_surplus`` sends anew. The caller has locked the booking."""
    session.flush()
    unsent = select(Refund).where(Refund.booking_id == payment.booking_id, Refund.state != "done")
    # Locked, for a file or the provider may be taking it over just now, and they lock no booking; in a file's order.
    locked = unsent.order_by(Refund.wanted_at, Refund.id).with_for_update().execution_options(populate_existing=True)
    latest_first = reversed(session.scalars(locked).all())
    for refund in sorted(latest_first, key=lambda each: each.payment_id != payment.id):
        nothing_left = refund.payment_id == payment.id and left_of(session, payment) < 0
        if not nothing_left and not account(session, payment.booking_id).open:
            return
        outbox.drop(session, "refund", refund.id)
        session.delete(refund)
        session.flush()


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
        cents = min(left, left_of(session, payment))
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
