"""What a dunning letter says of the money: which charges, the fee, the sum, by when, and how to pay."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from buchbar.booking import charge_papers
from buchbar.booking.models import Booking, BookingEvent
from buchbar.payments import girocode
from buchbar.payments.dunning_steps import is_fee, levels_of
from buchbar.payments.girocode import Transfer
from buchbar.payments.models import Charge
from buchbar.payments.open_items import OpenItem, open_items
from buchbar.payments.rules import MoneyRules, rules_of


@dataclass(frozen=True, slots=True)
class Demand:
    """One charge in the letter: by which sign it is paid, since when it is due, and how many cents are open.

    ``title`` is its document with number and day, ``purpose`` what it is for, ``paid`` how many cents have come."""

    sign: str
    due_on: date
    cents: int
    title: str
    purpose: str
    paid: int = 0


@dataclass(frozen=True, slots=True)
class Dunned:
    """``level`` from 1 on; ``fees`` are all open fees for letters, in cents. ``transfer`` pays it all; None where the
    town takes none. ``words`` are the level's own, paragraph by paragraph."""

    level: int
    demands: list[Demand]
    fees: int
    pay_by: date
    words: list[str]
    transfer: Transfer | None = None

    @property
    def total(self) -> int:
        return sum(each.cents for each in self.demands) + self.fees

    @property
    def picture(self) -> str:
        """The transfer's GiroCode, for a letter on paper."""
        return girocode.svg(self.transfer) if self.transfer else ""


def dunned(session: Session, booking: Booking, event: BookingEvent) -> Dunned:
    """What the letter for the event "dun" says."""
    rules, level = rules_of(session, booking.municipality_id), int(event.data["level"])
    items = open_items(session, booking.municipality_id, booking.municipality.zone, [booking.id])
    mine = [(item, item.notice) for item in items if item.notice and item.notice.written_at == event.at]
    fees = sum(item.open for item in items if is_fee(item.charge))
    return Dunned(
        level=level,
        demands=[_demand(booking, item) for item, _notice in mine],
        fees=fees,
        pay_by=max(notice.pay_by for _item, notice in mine),
        words=[part.strip() for part in levels_of(rules)[level - 1].words.split("\n\n") if part.strip()],
        transfer=_transfer(rules, mine[0][0].charge, sum(item.open for item, _notice in mine) + fees),
    )


def _demand(booking: Booking, item: OpenItem) -> Demand:
    charge = item.charge
    return Demand(
        sign=charge.sign,
        due_on=item.due_on,
        cents=item.open,
        title=charge_papers.named_with_day(charge, booking.municipality),
        purpose=", ".join(position.label for position in charge.items),
        paid=item.paid,
    )


def _transfer(rules: MoneyRules, charge: Charge, cents: int) -> Transfer | None:
    """What the letter asks for, as one transfer: by the sign of its first charge, whose booking says the rest."""
    if "transfer" not in rules.ways or not (rules.payee and rules.iban):
        return None
    sign = charge.kassenzeichen or ""
    reference = "" if sign else charge.reference
    return Transfer(rules.payee, rules.iban, cents, reference, sign, rules.bic)
