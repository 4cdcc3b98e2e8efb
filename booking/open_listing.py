"""The list of open items: what the cashier looks for, and what is found. The municipality comes first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_
from buchbar.booking import queries, sought
from buchbar.booking.models import Booking
from buchbar.payments import ledger
from buchbar.payments.models import Charge
from buchbar.payments.open_items import OpenItem, open_items
from buchbar.payments.reference import bare

PAGE = 50
# How it stands with an item, beyond its date and amount.
SITUATIONS = {
    "": N_("Alle offenen"),
    "ueberfaellig": N_("Überfällig"),
    "spaeter": N_("Noch nicht fällig"),
    "teil": N_("Zum Teil bezahlt"),
    "unterwegs": N_("Zahlung unterwegs"),
    "stopp": N_("Mahnstopp"),
    "zusage": N_("Noch nicht zugesagt"),
}
ORDERS = {
    "faellig": N_("Fälligkeit, das Älteste zuerst"),
    "betrag": N_("Betrag, der höchste zuerst"),
    "stufe": N_("Mahnstufe, die höchste zuerst"),
    "nummer": N_("Buchungsnummer"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the cashier looks for; empty means anything. ``first`` and ``last`` are due dates, ``least`` and ``most``
    open amounts in cents, all inclusive; ``situation``: see ``SITUATIONS``; ``order``: see ``ORDERS``."""

    words: str = ""
    situation: str = ""
    first: date | None = None
    last: date | None = None
    level: int | None = None
    journey: str = ""
    channel: str = ""
    least: int | None = None
    most: int | None = None
    order: str = "faellig"


@dataclass(frozen=True, slots=True)
class Entry:
    """An open item and its booking; ``names`` say for whom it is: of what is forgotten, who owes it by its document."""

    item: OpenItem
    booking: Booking
    names: str = ""

    @property
    def promised(self) -> bool:
        """Whether the office has said yes: before that, it is a price that nobody has to pay yet."""
        return self.booking.state != "requested"


def found(session: Session, town: Municipality, wish: Wish, today: date) -> list[Entry]:
    """All open items that are looked for, in the order wished for, without names. What isn't promised yet is found only
    where that is looked for."""
    bookings = {booking.id: booking for booking in session.scalars(_bookings(town, wish))}
    items = open_items(session, town.id, town.zone, list(bookings))
    entries = [Entry(item, bookings[item.charge.booking_id]) for item in items if _fits(item, wish, today)]
    entries = [entry for entry in entries if entry.promised is not (wish.situation == "zusage")]
    return sorted(entries, key=_ORDER[wish.order])


def named(session: Session, entries: Sequence[Entry]) -> list[Entry]:
    """The same with names, in one question for each journey and every thousand bookings."""
    bookings = list({entry.booking.id: entry.booking for entry in entries}.values())
    names: dict[UUID, str] = {}
    for start in range(0, len(bookings), 1000):
        names |= queries.names_of(session, bookings[start : start + 1000])
    return [Entry(each.item, each.booking, names.get(each.booking.id) or _debtor(each.item)) for each in entries]


def _debtor(item: OpenItem) -> str:
    return ", ".join(item.charge.debtor)


def sums(entries: Iterable[Entry], today: date) -> dict[str, int]:
    """In cents: what is owed for them, paid, still open, and of that overdue."""
    entries = list(entries)
    items = [entry.item for entry in entries]
    return {
        "due": sum(item.due for item in items),
        "paid": sum(item.paid for item in items),
        "open": sum(item.open for item in items),
        "overdue": sum(entry.item.open for entry in entries if entry.promised and entry.item.days_overdue(today)),
    }


def _bookings(town: Municipality, wish: Wish) -> Select[Booking]:
    wanted = select(Booking).where(Booking.municipality_id == town.id, Booking.id.in_(ledger.unpaid(town.id)))
    if wish.journey:
        wanted = wanted.where(Booking.journey == wish.journey)
    if wish.channel:
        wanted = wanted.where(Booking.channel == wish.channel)
    if wish.words:
        signs = bare(wish.words)
        own = func.upper(func.replace(func.replace(Charge.kassenzeichen, "-", ""), " ", "")).contains(signs)
        numbered = func.upper(Charge.number).contains(wish.words.upper(), autoescape=True)
        by_charge = select(Charge.booking_id).where(Charge.municipality_id == town.id, or_(own, numbered))
        known = sought.conditions(town, wish.words)
        by_booking = select(Booking.id).where(Booking.municipality_id == town.id, *known)
        named_so = Booking.id.in_(by_booking)
        wanted = wanted.where(or_(named_so, Booking.id.in_(by_charge)) if len(signs) > 2 else named_so)
    return wanted


def _fits(item: OpenItem, wish: Wish, today: date) -> bool:
    return (
        _SITUATION[wish.situation](item, today)
        and (wish.first is None or item.due_on >= wish.first)
        and (wish.last is None or item.due_on <= wish.last)
        and (wish.level is None or item.level == wish.level)
        and (wish.least is None or item.open >= wish.least)
        and (wish.most is None or item.open <= wish.most)
    )


_SITUATION: dict[str, Callable[[OpenItem, date], bool]] = {
    "": lambda item, today: True,
    "ueberfaellig": lambda item, today: item.days_overdue(today) > 0,
    "spaeter": lambda item, today: item.days_overdue(today) == 0,
    "teil": lambda item, today: item.paid > 0,
    "unterwegs": lambda item, today: bool(item.on_its_way),
    "stopp": lambda item, today: item.stopped(today),
    "zusage": lambda item, today: True,
}
_ORDER: dict[str, Callable[[Entry], tuple[object, ...]]] = {
    "faellig": lambda entry: (entry.item.due_on, entry.booking.number, entry.item.charge.reference),
    "betrag": lambda entry: (-entry.item.open, entry.item.due_on, entry.booking.number),
    "stufe": lambda entry: (-entry.item.level, entry.item.due_on, entry.booking.number),
    "nummer": lambda entry: (entry.booking.number, entry.item.charge.charged_at, entry.item.charge.reference),
}
