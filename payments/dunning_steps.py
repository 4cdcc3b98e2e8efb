"""Which dunning level comes next for what is open, and when; and how it is written down, once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.calendar.walls import local_date
from buchbar.payments.dunning import DunningNotice
from buchbar.payments.ledger import DUNNING
from buchbar.payments.models import Charge
from buchbar.payments.open_items import OpenItem
from buchbar.payments.rules import DunningLevel, MoneyRules

# For a town that hasn't set any: a friendly reminder first, then one dunning letter. Neither costs anything, for a fee
# needs the town's own by-law.
PROPOSED = (DunningLevel(days=7), DunningLevel(days=14))


@dataclass(frozen=True, slots=True)
class Step:
    """The level that comes next: its ``number`` from 1 on, and the first day on which it may be written."""

    number: int
    level: DunningLevel
    from_on: date


def levels_of(rules: MoneyRules) -> Sequence[DunningLevel]:
    """The town's levels, or the proposed ones."""
    return rules.dunning or PROPOSED


def next_step(item: OpenItem, levels: Sequence[DunningLevel], zone: ZoneInfo) -> Step | None:
    """What comes next for an item; None after the last level. Nobody is reminded again before the time has passed that
    the letter before gave them."""
    if item.level >= len(levels):
        return None
    level = levels[item.level]
    since = local_date(item.notice.written_at, zone) if item.notice else item.due_on
    earliest = max(since + timedelta(days=level.days), item.pay_by + timedelta(days=1))
    return Step(item.level + 1, level, earliest)


def write_down(
    session: Session,
    steps: Collection[tuple[OpenItem, Step]],
    *,
    pay_by: date,
    fee: Charge | None,
    at: datetime,
    by: str,
) -> None:
    """Keep that each item was reminded of, at its level; the fee belongs to the strictest of them.

    The caller has locked the booking: each level of a charge is written once.
    """
    strictest = max(step.number for _item, step in steps)
    for item, step in steps:
        session.add(
            DunningNotice(
                charge_id=item.charge.id,
                level=step.number,
                open_cents=item.open,
                pay_by=pay_by,
                fee_id=fee.id if fee is not None and step.number == strictest else None,
                written_at=at,
                written_by=by,
            )
        )
    session.flush()


def notices_of(session: Session, charge_id: UUID) -> list[DunningNotice]:
    """The letters about a charge, level by level."""
    mine = select(DunningNotice).where(DunningNotice.charge_id == charge_id)
    return list(session.scalars(mine.order_by(DunningNotice.level)))


def is_fee(charge: Charge) -> bool:
    """Whether a charge is itself the fee for a dunning letter: such a one has no letters of its own."""
    return charge.kind == DUNNING
