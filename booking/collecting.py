"""Direct debits of what is owed for bookings: whose turn it is, announced in a letter, handed over, taken back.

Each booking is locked before its payment, and what is open is read again then: what was paid meanwhile is never
collected.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import Database
from buchbar.base.errors import Invalid, Refused
from buchbar.base.texts import _
from buchbar.booking import lifecycle, links, queries
from buchbar.booking.events import Actor, record
from buchbar.booking.models import Booking
from buchbar.calendar.bank_days import is_bank_day
from buchbar.calendar.walls import local_date
from buchbar.notices import letters
from buchbar.payments import collections, iban, ledger, mandates, paying, settling
from buchbar.payments.mandates import Mandate, SepaOrder
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of

# In these states a booking owes what its charges say; a request may still come to nothing.
OWING = ("payable", "confirmed", "cancelled")


@dataclass(frozen=True, slots=True)
class Turn:
    """A booking of which something could be collected: how many cents, with which mandate."""

    booking: Booking
    mandate: Mandate
    cents: int


def turns(session: Session, town: Municipality, on: date) -> list[Turn]:
    """Whose turn it is, if it is collected on a day: what is due by then, and isn't on its way already."""
    active = select(func.lower(Mandate.email)).where(Mandate.municipality_id == town.id, Mandate.state == "active")
    wanted = queries.bookings(town).where(
        Booking.state.in_(OWING),
        Booking.email_proven_at.is_not(None),
        func.lower(Booking.email).in_(active),
        Booking.id.in_(ledger.unpaid(town.id)),
    )
    owing = session.scalars(wanted.order_by(Booking.id)).all()
    on_its_way = paying.under_way(session, [booking.id for booking in owing])
    found = [booking for booking in owing if booking.id not in on_its_way]
    due = settling.due_by(session, [booking.id for booking in found], on)
    by_email = {email: mandates.of_email(session, town.id, email, on) for email in {each.email for each in found}}
    return [
        Turn(booking, mandate, cents)
        for booking in found
        if (cents := due[booking.id]) and (mandate := by_email[booking.email])
    ]


def announce(
    session: Session, town: Municipality, booking_ids: Collection[UUID], on: date, at: datetime, by: Actor
) -> SepaOrder:
    """Begin a file with the direct debits of these bookings, and write to everybody what is collected and when.

    Raises Refused for a day that is too near or too far or on which banks don't work, and where nothing is to be
    collected.
    """
    today = local_date(at, town.zone)
    first, last = collections.first_day(today), collections.last_day(today)
    if on < first:
        day = texts.day(first, "short")
        raise Refused(_("Frühester Einzug ist der %s: Wer zahlt, muss es 14 Tage vorher wissen.") % day)
    if on > last:
        day = texts.day(last, "short")
        raise Refused(_("Spätester Einzug ist der %s. Was später fällig ist, kündigen Sie später an.") % day)
    if not is_bank_day(on):
        raise Refused(_("Am %s arbeiten die Banken nicht. Bitte wählen Sie einen anderen Tag.") % texts.day(on))
    chosen = [turn for turn in turns(session, town, on) if turn.booking.id in booking_ids]
    if not chosen:
        raise Refused(_("Hier ist nichts einzuziehen."))
    order = collections.begin(session, town.id, "collection", on, at, by.name)
    for turn in chosen:
        _announce(session, town, order, turn, at, by)
    return order


def hand_over(session: Session, order: SepaOrder, at: datetime, by: Actor) -> list[Booking]:
    """Close a file for the bank; the bookings of which nothing is collected any more, because they were paid or the
    mandate was revoked. Raises Refused from its day on: it would count as paid before any bank has it."""
    collections.lock(session, order)
    if order.handed_over_at:
        return []
    if local_date(at, session.get_one(Municipality, order.municipality_id).zone) >= order.execute_on:
        raise Refused(_("Dafür ist es zu spät: Bitte ziehen Sie die Datei zurück und kündigen Sie den Einzug neu an."))
    left_out = []
    for booking, payment in _locked(session, order):
        if not collections.lower(session, payment):
            record(session, booking, "spare", at, by, cents=str(payment.cents))
            left_out.append(booking)
    collections.hand_over(session, order, at, by.name)
    return left_out


def withdraw(session: Session, order: SepaOrder, at: datetime, by: Actor, *, bank_has_cancelled: bool = False) -> None:
    """Take a file back, and write to everybody that nothing is collected; twice is once.

    Raises Refused once it is booked, and Invalid for one that the bank may have, unless a cashier says that the bank
    has cancelled it: else it is collected all the same.
    """
    collections.lock(session, order)
    if order.handed_over_at and not order.withdrawn_at and not bank_has_cancelled:
        raise Invalid({f"storniert_{order.id}": _("Bitte bestätigen Sie, dass die Bank die Datei nicht ausführt.")})
    bookings = {payment.id: booking for booking, payment in _locked(session, order)}
    for payment in collections.withdraw(session, order, at, by.name):
        booking, mandate = bookings[payment.id], session.get_one(Mandate, payment.mandate_id)
        record(session, booking, "spare", at, by, cents=str(payment.cents))
        _write(session, booking, "debit_withdrawn", mandate, order, payment.cents, at)


def settle_due(database: Database, now: datetime) -> int:
    """Book the direct debits whose day has come, by each town's own calendar; how many."""
    with database.read() as session:
        towns = session.scalars(select(Municipality)).all()
        days = {town.id: local_date(now, town.zone) for town in towns}
    return sum(collections.settle_due(database, town_id, now, today) for town_id, today in days.items())


def _announce(session: Session, town: Municipality, order: SepaOrder, turn: Turn, at: datetime, by: Actor) -> None:
    lifecycle.lock(session, turn.booking)
    cents = settling.due_by(session, [turn.booking.id], order.execute_on).get(turn.booking.id, 0)
    if not cents or paying.under_way(session, [turn.booking.id]):
        return
    paying.close(session, turn.booking.id, at)
    collections.put_in(session, order, turn.booking.id, turn.mandate, cents, at)
    record(session, turn.booking, "collect", at, by, cents=str(cents))
    _write(session, turn.booking, "debit_notice", turn.mandate, order, cents, at)


def _locked(session: Session, order: SepaOrder) -> Sequence[tuple[Booking, Payment]]:
    """The direct debits that are still to come, with their bookings, which are locked."""
    found = [(session.get_one(Booking, each.booking_id), each) for each in collections.begun(session, order)]
    for booking, _payment in found:
        lifecycle.lock(session, booking)
    return found


def _write(
    session: Session, booking: Booking, kind: str, mandate: Mandate, order: SepaOrder, cents: int, at: datetime
) -> None:
    town = booking.municipality
    with texts.speaking(booking.language):
        words = {"number": booking.number, "day": texts.day(order.execute_on, "short")}
        subject = {
            "debit_notice": _("Lastschrift am %(day)s: Buchung %(number)s"),
            "debit_withdrawn": _("Keine Lastschrift am %(day)s: Buchung %(number)s"),
        }[kind] % words
        text, html = letters.rendered(
            kind,
            town=town,
            subject=subject,
            greeting=_("Guten Tag %(name)s,") % {"name": mandate.holder},
            booking=booking,
            mandate=mandate,
            account=iban.masked(mandate.iban_end),
            rules=rules_of(session, town.id),
            cents=cents,
            on=order.execute_on,
            link_to_booking=links.url(session, booking),
        )
        letters.write(
            session,
            municipality=town,
            booking_id=booking.id,
            kind=kind,
            to=booking.email,
            subject=subject,
            text=text,
            html=html,
            at=at,
        )
