"""Figures that don't add up. None of this should ever be found; what is found stands in red on the cashier's desk."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import _, euros
from buchbar.payments import till
from buchbar.payments.cash_book import CashDay, CashMove
from buchbar.payments.models import Charge, ChargeItem, Payment, Refund, Reversal
from buchbar.payments.statements import BankEntry

# A number comes from a job right after the charge; this long, a charge may wait for it.
NUMBERED_WITHIN = timedelta(hours=1)
# As many of one kind are told; where there are more, the cause is one.
MOST = 20
# So far back the day is sought at which the cash book went wrong.
DAYS = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """What doesn't add up, in a sentence, and the booking or the bank's entry where to look."""

    words: str
    booking_id: UUID | None = None
    entry_id: UUID | None = None


def findings(session: Session, town: Municipality, at: datetime) -> list[Finding]:
    """All that doesn't add up in a town's books."""
    return [
        *_more_gone_than_came(session, town),
        *_more_forgiven_than_charged(session, town),
        *_unsettled(session, town),
        *_elsewhere(session, town),
        *_torn_apart(session, town),
        *_entries(session, town),
        *_numbers(session, town, at),
        *_till(session, town),
    ]


def _gone(table: type[Refund] | type[Reversal]) -> Select[UUID, int]:
    return select(table.payment_id, func.sum(table.cents).label("cents")).group_by(table.payment_id)


def _more_gone_than_came(session: Session, town: Municipality) -> Iterator[Finding]:
    """Payments of which more was given back or taken from us than came, or of which nothing ever came."""
    back, taken = _gone(Refund).subquery(), _gone(Reversal).subquery()
    returned, lost = func.coalesce(back.c.cents, 0), func.coalesce(taken.c.cents, 0)
    came = func.sum(Payment.cents).filter(Payment.state == "paid")
    found = (
        select(Payment.booking_id, func.coalesce(came, 0), returned, lost)
        .outerjoin(back, back.c.payment_id == Payment.id)
        .outerjoin(taken, taken.c.payment_id == Payment.id)
        .where(Payment.municipality_id == town.id, or_(returned != 0, lost != 0))
        .group_by(Payment.id, returned, lost)
        .having(or_(returned + lost > func.coalesce(came, 0), lost < 0))
    )
    for booking_id, paid, refunded, reversed_ in session.execute(found.order_by(Payment.id).limit(MOST)):
        amounts = {"paid": euros(paid), "back": euros(refunded), "lost": euros(reversed_)}
        if reversed_ < 0:
            words = _("Von einer Zahlung über %(paid)s kam mehr zurück, als die Bank uns abgezogen hatte (%(lost)s).")
        else:
            words = _(
                "Von einer Zahlung über %(paid)s ist mehr gegangen, als kam: "
                "%(back)s erstattet, %(lost)s zurückgebucht."
            )
        yield Finding(words % amounts, booking_id)


def _more_forgiven_than_charged(session: Session, town: Municipality) -> Iterator[Finding]:
    total = func.sum(ChargeItem.cents)
    found = (
        select(Charge.booking_id, total)
        .join(ChargeItem, ChargeItem.charge_id == Charge.id)
        .where(Charge.municipality_id == town.id)
        .group_by(Charge.booking_id)
        .having(total < 0)
    )
    for booking_id, cents in session.execute(found.order_by(Charge.booking_id).limit(MOST)):
        words = _("Es wurden %s mehr gutgeschrieben, als berechnet waren.") % euros(-int(cents))
        yield Finding(words, booking_id)


def _unsettled(session: Session, town: Municipality) -> Iterator[Finding]:
    """Payments that came, nobody knows when; and moments at which something came that didn't."""
    paid = Payment.state == "paid"
    wrong = or_(and_(paid, Payment.settled_at.is_(None)), and_(~paid, Payment.settled_at.is_not(None)))
    found = select(Payment).where(Payment.municipality_id == town.id, wrong).order_by(Payment.id).limit(MOST)
    for payment in session.scalars(found):
        if payment.state == "paid":
            words = _("Eine Zahlung über %s ist eingegangen, aber es steht nicht da, wann.")
        else:
            words = _("Eine Zahlung über %s hat einen Tag des Eingangs, gilt aber nicht als eingegangen.")
        yield Finding(words % euros(payment.cents), payment.booking_id)


def _elsewhere(session: Session, town: Municipality) -> Iterator[Finding]:
    """What went back of a payment, but stands in another booking's account."""
    for table, words in (
        (Refund, _("Eine Erstattung über %s steht bei einer anderen Buchung als ihre Zahlung.")),
        (Reversal, _("Eine Rückbuchung über %s steht bei einer anderen Buchung als ihre Zahlung.")),
    ):
        found = (
            select(table.cents, Payment.booking_id)
            .join(Payment, Payment.id == table.payment_id)
            .where(Payment.municipality_id == town.id, table.booking_id != Payment.booking_id)
        )
        for cents, booking_id in session.execute(found.order_by(table.id).limit(MOST)):
            yield Finding(words % euros(cents), booking_id)


def _torn_apart(session: Session, town: Municipality) -> Iterator[Finding]:
    """Bookings that are paid together, of which some are paid and some not."""
    head = aliased(Payment)
    found = (
        select(Payment.booking_id)
        .join(head, head.id == Payment.together_id)
        .where(Payment.municipality_id == town.id, Payment.state != head.state)
    )
    for booking_id in session.scalars(found.order_by(Payment.id).limit(MOST)):
        words = _("Diese Buchung wird mit anderen zusammen bezahlt, ihre Zahlung hat aber einen anderen Stand.")
        yield Finding(words, booking_id)


def _entries(session: Session, town: Municipality) -> Iterator[Finding]:
    """Entries of the bank's statements with which not exactly their amount was booked."""
    undone = select(func.coalesce(func.sum(Reversal.cents), 0)).where(
        Reversal.payment_id == Payment.id, Reversal.kind == "undone"
    )
    standing = Payment.cents - undone.correlate(Payment).scalar_subquery()
    booked = func.sum(standing)
    found = (
        select(BankEntry.id, BankEntry.cents, booked)
        .join(Payment, Payment.entry_id == BankEntry.id)
        .where(BankEntry.municipality_id == town.id, Payment.state == "paid", BankEntry.cents > 0)
        .group_by(BankEntry.id, BankEntry.cents)
        .having(and_(booked != 0, booked != BankEntry.cents))
    )
    for entry_id, cents, total in session.execute(found.order_by(BankEntry.id).limit(MOST)):
        words = _("Auf dem Kontoauszug stehen %(came)s, gebucht sind damit aber %(booked)s.")
        yield Finding(words % {"came": euros(cents), "booked": euros(int(total))}, entry_id=entry_id)


def _numbers(session: Session, town: Municipality, at: datetime) -> Iterator[Finding]:
    """Numbers that are missing between others, and documents that wait for theirs."""
    ours = Charge.municipality_id == town.id
    found = select(Charge.year, func.count(), func.max(Charge.serial)).where(ours, Charge.serial.is_not(None))
    for year, count, last in session.execute(found.group_by(Charge.year).order_by(Charge.year)):
        if count != last:
            given = {"year": year, "last": last, "count": count}
            yield Finding(
                _("In den Nummern der Belege von %(year)d ist eine Lücke: %(count)d Belege, letzte Nummer %(last)d.")
                % given
            )
    late = select(Charge).where(
        ours, Charge.numbered, Charge.serial.is_(None), Charge.charged_at < at - NUMBERED_WITHIN
    )
    for charge in session.scalars(late.order_by(Charge.charged_at).limit(MOST)):
        yield Finding(_("Ein Beleg wartet seit über einer Stunde auf seine Nummer."), charge.booking_id)


def _till(session: Session, town: Municipality) -> Iterator[Finding]:
    """Closed days of the till that don't follow from each other, or aren't what was booked in cash until then."""
    days = CashDay.municipality_id == town.id
    newest = session.scalars(select(CashDay).where(days).order_by(CashDay.serial.desc()).limit(DAYS)).all()
    if not newest:
        return
    for day, before in zip(newest, newest[1:], strict=False):
        if day.opening != before.counted:
            words = _("Im Kassenbuch beginnt der %s mit einem anderen Betrag, als am Abschluss davor gezählt wurde.")
            yield Finding(words % texts.day(day.day, "short"))
    through = session.scalar(select(func.sum(CashDay.expected - CashDay.opening)).where(days)) or 0
    if int(through) != _through_the_till(session, town, newest[0].closed_at):
        wrong = next((day for day in newest if till.of_day(session, day).expected != day.expected), None)
        if wrong:
            words = _("Im Kassenbuch ist der Abschluss vom %s nicht mehr, was an diesem Tag bar gebucht ist.")
            yield Finding(words % texts.day(wrong.day, "short"))
        else:
            yield Finding(_("Die Abschlüsse im Kassenbuch sind zusammen nicht, was bar gebucht ist."))


def _through_the_till(session: Session, town: Municipality, until: datetime) -> int:
    """What came into the till less what left it, up to a moment, in cents."""
    cash = Payment.municipality_id == town.id, Payment.provider == "cash"
    came = select(func.sum(Payment.cents)).where(*cash, Payment.state == "paid", Payment.settled_at <= until)
    undone = select(func.sum(Reversal.cents)).join(Payment, Payment.id == Reversal.payment_id)
    back = select(func.sum(Refund.cents)).join(Payment, Payment.id == Refund.payment_id)
    at_counter = Refund.state == "done", Refund.paid_out_by != "", Refund.done_at <= until
    moved = select(func.sum(CashMove.cents)).where(CashMove.municipality_id == town.id, CashMove.at <= until)
    plus, minus, less, more = (
        int(session.scalar(each) or 0)
        for each in (came, undone.where(*cash, Reversal.at <= until), back.where(*cash, *at_counter), moved)
    )
    return plus - minus - less + more
