"""Money that goes back to a bank account: what came by transfer or direct debit, in a file of transfers (pain.001).

Such a refund waits for the cashier's next file. It goes to the account that the money came from; where that isn't
known any more, or the money came back from it, the cashier types in another. It is done when it is in a file, and
that stays so when the bank brings it back: what goes to another account then is a refund of its own, under a name of
its own (refunds.back).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.calendar.bank_days import is_bank_day
from buchbar.calendar.walls import local_date
from buchbar.payments import collections, iban, paying, refunds, sepa
from buchbar.payments.bank_entries import payer_iban
from buchbar.payments.mandates import Mandate, SepaOrder
from buchbar.payments.models import Payment, Refund
from buchbar.payments.rules import rules_of
from buchbar.payments.statements import BankEntry

PROVIDERS = ("transfer", "debit")


@dataclass(frozen=True, slots=True)
class Account:
    """Where a refund goes; ``number`` is empty where nobody knows."""

    name: str
    number: str


def waiting(session: Session, municipality_id: UUID) -> list[Refund]:
    """What waits for the next file, or for an account, the oldest first."""
    return list(session.scalars(_waiting(municipality_id).order_by(Refund.wanted_at, Refund.id)))


def _waiting(municipality_id: UUID) -> Select[Refund]:
    ours = select(Payment.id).where(Payment.municipality_id == municipality_id, Payment.provider.in_(PROVIDERS))
    wanted = select(Refund).where(Refund.payment_id.in_(ours), Refund.state.in_(("wanted", "failed")))
    return wanted.options(selectinload(Refund.payment))


def accounts(session: Session, wanted: Collection[Refund]) -> dict[UUID, Account]:
    """Where refunds go, by their ids: as a clerk typed, or where the money came from, unless the bank brought a
    refund back from there."""
    of_entries = BankEntry.id.in_([each.payment.entry_id for each in wanted if each.payment.entry_id])
    of_mandates = Mandate.id.in_([each.payment.mandate_id for each in wanted if each.payment.mandate_id])
    entries = {entry.id: entry for entry in session.scalars(select(BankEntry).where(of_entries))}
    mandates = {mandate.id: mandate for mandate in session.scalars(select(Mandate).where(of_mandates))}
    found = {each.id: _account(session, each, entries, mandates) for each in wanted}
    of_these = Refund.payment_id.in_([each.payment_id for each in wanted]), Refund.reason == refunds.BOUNCED
    refused = set(session.scalars(select(Refund.payment_id).where(*of_these)))
    for each in wanted:
        if each.payment_id in refused and not each.sealed_iban:  # where the money came from, none arrives any more
            found[each.id] = Account(found[each.id].name, "")
    return found


def named(session: Session, municipality_id: UUID, refund_id: UUID) -> Refund:
    """A refund of this town that waits, locked. Raises NotFound."""
    wanted = _waiting(municipality_id).where(Refund.id == refund_id).with_for_update()
    refund = session.scalar(wanted.execution_options(populate_existing=True))
    if refund is None:
        raise NotFound
    return refund


def send_to(session: Session, refund: Refund, account: Account) -> None:
    """A clerk says where a refund goes."""
    if refund.state == "done":
        return
    refund.to_name, refund.sealed_iban, refund.state = account.name, iban.sealed(session, account.number), "wanted"
    session.flush()


def hand_over(
    session: Session, municipality_id: UUID, refund_ids: Collection[UUID], on: date, at: datetime, by: str
) -> SepaOrder:
    """Make a file of these refunds; they are done. Raises Refused where the town's account is missing, and for no
    refund with a known account, or a day on which no bank can execute it any more."""
    today = local_date(at, session.get_one(Municipality, municipality_id).zone)
    if on < today or not is_bank_day(on):
        raise Refused(
            _("Am %s führt keine Bank Überweisungen aus. Bitte wählen Sie einen anderen Tag.") % texts.day(on)
        )
    rules = rules_of(session, municipality_id)
    if not (rules.iban and rules.payee):
        raise Refused(_("Für Überweisungen fehlt das Konto der Kommune."))
    wanted = _waiting(municipality_id).where(Refund.id.in_(refund_ids)).order_by(Refund.wanted_at, Refund.id)
    locked = wanted.with_for_update().execution_options(populate_existing=True)
    chosen = session.scalars(locked).all()
    known = accounts(session, chosen)
    order = collections.begin(session, municipality_id, "refunds", on, at, by)
    if not sum(_put_in(session, order, each, known[each.id], at) for each in chosen):
        raise Refused(_("Bitte wählen Sie mindestens eine Erstattung, deren Konto bekannt ist."))
    collections.hand_over(session, order, at, by)
    return order


def withdraw(session: Session, order: SepaOrder, at: datetime, today: date, by: str) -> None:
    """Take a file back that the bank doesn't execute: what is in it and didn't come back before waits again, for the
    same account. Raises Refused once its day is over."""
    collections.lock(session, order)
    if order.withdrawn_at:
        return
    if today > order.execute_on:
        raise Refused(_("Der Tag der Ausführung ist vorbei. Kommt Geld zurück, steht es auf dem Kontoauszug."))
    inside = select(Refund).where(Refund.order_id == order.id)
    theirs = select(Payment).where(Payment.id.in_(inside.with_only_columns(Refund.payment_id)))
    # Their bookings first: whoever brings one of these back, or says that it arrived, has locked its own.
    paying.lock(session, session.scalars(theirs.order_by(Payment.booking_id)).all())
    for refund in session.scalars(inside.where(refunds.gone_for_good())).all():
        anew = refunds.back(session, refund, refunds.WITHDRAWN, at)
        anew.state, anew.sealed_iban = "wanted", refund.sealed_iban
    order.withdrawn_at, order.withdrawn_by = at, by
    session.flush()


def content(session: Session, order: SepaOrder) -> bytes:
    """The file, the same whenever it is fetched, until the accounts in it are forgotten. Raises Refused."""
    collections.still(order)
    rules = rules_of(session, order.municipality_id)
    inside = session.scalars(select(Refund).where(Refund.order_id == order.id).order_by(Refund.refund_id)).all()
    numbers = {each.id: iban.unsealed(session, each.sealed_iban) for each in inside}
    if not inside or not all(numbers.values()):
        raise Refused(_("Diese Datei gibt es nicht mehr: Die Kontodaten darin sind gelöscht."))
    signs = collections.signs(session, [each.booking_id for each in inside])
    transfers = [
        sepa.Transfer(
            end_to_end=each.refund_id or each.id.hex,
            cents=each.cents,
            payee=sepa.Party(each.to_name, numbers[each.id]),
            words=f"{_('Erstattung')} {signs.get(each.booking_id, '')}",
        )
        for each in inside
    ]
    made = sepa.Order(order.message_id, order.made_at, order.execute_on)
    return sepa.transfers(made, sepa.Party(rules.payee, rules.iban, rules.bic), transfers)


def came_back(session: Session, end_to_end: str, at: datetime) -> Refund | None:
    """The bank brings a refund back, by the name that it had in the file: it is owed all the same. What waits for
    another account now, None if it isn't one of ours, or has come back before. The caller has locked the booking."""
    refund = session.scalar(_of_name(end_to_end).where(refunds.gone_for_good()))
    return refunds.back(session, refund, refunds.BOUNCED, at) if refund else None


def arrived(session: Session, end_to_end: str, at: datetime) -> bool:
    """A refund didn't come back after all, that was a mistake: what waits in its place has gone, and stands for it in
    its file, under its name. False if that has been sent elsewhere since. The caller has locked the booking."""
    refund = session.scalar(_of_name(end_to_end))
    anew = refunds.instead_of(session, refund) if refund else None
    if refund is None or anew is None or anew.state != "failed":
        return False
    name, order_id = refund.refund_id, refund.order_id
    refund.refund_id, refund.order_id = None, None
    session.flush()
    anew.refund_id, anew.order_id, anew.sealed_iban = name, order_id, refund.sealed_iban
    anew.state, anew.done_at = "done", at
    session.flush()
    return True


def _of_name(end_to_end: str) -> Select[Refund]:
    """The refund that has this name in a file, locked."""
    found = select(Refund).where(Refund.refund_id == end_to_end.lower(), Refund.order_id.is_not(None))
    return found.with_for_update().execution_options(populate_existing=True)


def bookings(session: Session, names: Collection[str]) -> list[UUID]:
    """The bookings of the refunds with these names."""
    of_these = Refund.refund_id.in_([name.lower() for name in names])
    return list(session.scalars(select(Refund.booking_id).where(of_these)))


def forget(session: Session, of_bookings: Collection[UUID] | Select[UUID]) -> None:
    """Delete to which accounts refunds of these bookings went; what is still to go back keeps it until it has."""
    theirs = Refund.booking_id.in_(of_bookings), or_(Refund.to_name != "", Refund.sealed_iban != "")
    done = update(Refund).where(*theirs, Refund.state == "done")
    session.execute(done.values(to_name="", sealed_iban=""))


def _put_in(session: Session, order: SepaOrder, refund: Refund, account: Account, at: datetime) -> int:
    if refund.state != "wanted" or not account.number:
        return 0
    refund.to_name, refund.sealed_iban = account.name, iban.sealed(session, account.number)
    refund.order_id, refund.refund_id = order.id, refund.id.hex
    refund.state, refund.done_at = "done", at
    session.flush()
    return 1


def _account(
    session: Session, refund: Refund, entries: dict[UUID, BankEntry], mandates: dict[UUID, Mandate]
) -> Account:
    payment = refund.payment
    if refund.sealed_iban:
        return Account(refund.to_name, iban.unsealed(session, refund.sealed_iban))
    if refund.state == "failed":
        return Account(refund.to_name, "")
    if payment.entry_id and (entry := entries.get(payment.entry_id)):
        return Account(entry.name, payer_iban(session, entry))
    if payment.mandate_id and (mandate := mandates.get(payment.mandate_id)):
        return Account(mandate.holder, iban.unsealed(session, mandate.sealed_iban))
    return Account("", "")
