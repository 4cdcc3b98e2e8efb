"""What a town is owed and was paid, as entries of its bank's statements are compared with it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.booking import journeys
from buchbar.booking.models import Booking
from buchbar.booking.steps import STEPS
from buchbar.payments import refunds
from buchbar.payments.mandates import SepaOrder
from buchbar.payments.matching import Books, Came, Collection, Due, Owed, Went
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund, Reversal
from buchbar.payments.reference import bare
from buchbar.payments.settling import settlements

# So long after a charge somebody may pay it by transfer: until it is barred (Section 195 BGB: three years).
OWED_FOR = timedelta(days=4 * 366)
# So long a direct debit may be given back where there was no mandate (SEPA Core Rulebook 4.4: 13 months).
RETURNED_FOR = timedelta(days=430)
_CHUNK = 1000  # databases limit the parameters of a question


def books_of(session: Session, town: Municipality, now: datetime) -> Books:
    """All that an entry could be about."""
    signs = _signs(session, town, now)
    came, went = _came(session, town, now, signs), _went(session, town, now)
    return Books(_owed(session, signs), came, went, _collections(session, town, now))


def named(session: Session, ids: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Numbers and names of bookings."""
    found: dict[UUID, tuple[str, str]] = {}
    for some in _chunks(list(ids)):
        rows = session.execute(select(Booking.id, Booking.number, Booking.journey).where(Booking.id.in_(some))).all()
        names: dict[UUID, str] = {}
        for journey in journeys.known():
            if theirs := [row.id for row in rows if row.journey == journey.name]:
                names |= journey.desk.names(session, theirs)
        found |= {row.id: (row.number, names.get(row.id, "")) for row in rows}
    return found


def _signs(session: Session, town: Municipality, now: datetime) -> dict[UUID, dict[UUID, tuple[str, ...]]]:
    """By booking and charge, the references by which it may be named."""
    rows = session.execute(
        select(Charge.booking_id, Charge.id, Charge.reference, Charge.kassenzeichen)
        .where(Charge.municipality_id == town.id, Charge.charged_at > now - OWED_FOR)
        .order_by(Charge.charged_at, Charge.reference)
    )
    found: dict[UUID, dict[UUID, tuple[str, ...]]] = {}
    for booking_id, charge_id, *names in rows:
        found.setdefault(booking_id, {})[charge_id] = tuple(name for name in names if name)
    return found


def _owed(session: Session, signs: dict[UUID, dict[UUID, tuple[str, ...]]]) -> Iterator[Owed]:
    for some in _chunks(list(signs)):
        accounts, people, late = settlements(session, some), named(session, some), _late(session, some)
        for booking_id in some:
            open_of = {each.id: each.open for each in accounts[booking_id].charges}
            number, names = people[booking_id]
            yield Owed(
                booking_id=booking_id,
                number=number,
                cents=accounts[booking_id].open,
                charges=tuple(Due(theirs, open_of.get(key, 0)) for key, theirs in signs[booking_id].items()),
                late=late.get(booking_id, 0),
                names=names,
            )


def _late(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    """What was forgiven to bookings because their deadline had passed, in cents: who paid too late, or in time at a
    bank that took its days, means that amount."""
    rows = session.execute(
        select(Charge.booking_id, -func.sum(ChargeItem.cents))
        .join(ChargeItem, ChargeItem.charge_id == Charge.id)
        .join(Booking, Booking.id == Charge.booking_id)
        .where(Charge.booking_id.in_(ids), Charge.kind.in_(("forgiven", "restored")))
        .where(Booking.state.in_(STEPS["revive"]))
        .group_by(Charge.booking_id)
    )
    return {booking_id: max(0, int(cents)) for booking_id, cents in rows}


def _came(
    session: Session, town: Municipality, now: datetime, signs: dict[UUID, dict[UUID, tuple[str, ...]]]
) -> list[Came]:
    gone = select(func.coalesce(func.sum(Reversal.cents), 0)).where(Reversal.payment_id == Payment.id)
    rows = session.execute(
        select(Payment, gone.correlate(Payment).scalar_subquery())
        .where(
            Payment.municipality_id == town.id,
            Payment.provider.in_(("transfer", "debit")),
            Payment.state.in_(("paid", "started")),
            Payment.started_at > now - RETURNED_FOR,
        )
        .order_by(Payment.started_at.desc(), Payment.id)
    )
    return [
        Came(
            payment_id=payment.id,
            booking_id=payment.booking_id,
            cents=max(0, payment.cents - int(reversed_cents)),
            end_to_end=payment.intent_id or "",
            signs=tuple(sign for names in signs.get(payment.booking_id, {}).values() for sign in names),
        )
        for payment, reversed_cents in rows
    ]


def _went(session: Session, town: Municipality, now: datetime) -> list[Went]:
    rows = session.execute(
        select(Refund.id, Refund.booking_id, Refund.cents, Refund.refund_id)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.municipality_id == town.id, Refund.order_id.is_not(None), refunds.gone_for_good())
        .where(Refund.wanted_at > now - RETURNED_FOR)
    )
    return [Went(key, booking, cents, name) for key, booking, cents, name in rows if name]


def _collections(session: Session, town: Municipality, now: datetime) -> list[Collection]:
    """The files of direct debits that the bank has. It never heard of what was left out, or it came back meanwhile:
    that is no part of the sum, and named all the same it is not a transfer."""
    rows = session.execute(
        select(SepaOrder, Payment.intent_id, Payment.cents, Payment.state)
        .join(Payment, Payment.order_id == SepaOrder.id)
        .where(
            SepaOrder.municipality_id == town.id,
            SepaOrder.handed_over_at.is_not(None),
            SepaOrder.withdrawn_at.is_(None),
            SepaOrder.made_at > now - RETURNED_FOR,
        )
        .order_by(SepaOrder.execute_on, SepaOrder.id)
    )
    inside: dict[SepaOrder, list[tuple[str | None, int]]] = {}
    for order, name, cents, state in rows:
        inside.setdefault(order, []).append((name, cents if state in ("started", "paid") else 0))
    return [
        Collection(
            day=order.execute_on,
            signs=tuple(bare(name) for name in (order.message_id, *(name for name, _cents in debits)) if name),
            cents=sum(cents for _name, cents in debits),
        )
        for order, debits in inside.items()
    ]


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
