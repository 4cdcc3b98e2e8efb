"""What a dunning letter says of the money: which charges, the fee, the sum, by when, and how to pay."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from buchbar.booking.models import Booking, BookingEvent
from buchbar.payments import iban
from buchbar.payments.dunning_steps import is_fee, levels_of
from buchbar.payments.open_items import OpenItem, open_items
from buchbar.payments.rules import rules_of


@dataclass(frozen=True, slots=True)
class Demand:
    """One charge in the letter: by which sign it is paid, since when it is due, and how many cents are open."""

    sign: str
    due_on: date
    cents: int


@dataclass(frozen=True, slots=True)
class Dunned:
    """``level`` from 1 on; ``fees`` are all open fees for letters, in cents. ``payee`` and ``iban`` are empty where the
    town takes no transfers; ``words`` are the level's own, paragraph by paragraph."""

    level: int
    demands: list[Demand]
    fees: int
    pay_by: date
    words: list[str]
    payee: str = ""
    iban: str = ""

    @property
    def total(self) -> int:
        return sum(each.cents for each in self.demands) + self.fees


def dunned(session: Session, booking: Booking, event: BookingEvent) -> Dunned:
    """What the letter for the event "dun" says."""
    rules, level = rules_of(session, booking.municipality_id), int(event.data["level"])
    items = open_items(session, booking.municipality_id, booking.municipality.zone, [booking.id])
    mine = [(item, item.notice) for item in items if item.notice and item.notice.written_at == event.at]
    by_transfer = "transfer" in rules.ways and bool(rules.iban)
    return Dunned(
        level=level,
        demands=[_demand(item) for item, _notice in mine],
        fees=sum(item.open for item in items if is_fee(item.charge)),
        pay_by=max(notice.pay_by for _item, notice in mine),
        words=[part.strip() for part in levels_of(rules)[level - 1].words.split("\n\n") if part.strip()],
        payee=rules.payee if by_transfer else "",
        iban=iban.readable(rules.iban) if by_transfer else "",
    )


def _demand(item: OpenItem) -> Demand:
    return Demand(item.charge.sign, item.due_on, item.open)
