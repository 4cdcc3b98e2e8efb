"""What a bank's entry paid is taken back, one or a whole import, by a cashier and with a reason.

A booking that was firm only because of it waits for its payment again, and is told by when.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.db import in_line
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking import claims, lifecycle
from buchbar.booking.bank_books import books_of
from buchbar.booking.bank_import import lock_all, locked_entry
from buchbar.booking.events import Actor
from buchbar.payments import bank_entries, ledger, payouts
from buchbar.payments.statements import BankEntry, BankFile


def undo(session: Session, town: Municipality, entry_id: UUID, reason: str, at: datetime, by: Actor) -> None:
    """Take back what an entry paid; it waits for the cashier again. Raises Refused where the money has gone on."""
    row = locked_entry(session, town, entry_id)
    if row.state == "set_aside":
        row.state = "open"
    if row.state == "matched":
        with claims.versions_last(session):
            _take_back(session, town, [row], reason, at, by)
        row.state, row.why, row.settled_by = "open", _("Zuordnung zurückgenommen: %s") % reason, by.name
    session.flush()


def undo_file(session: Session, town: Municipality, file_id: UUID, reason: str, at: datetime, by: Actor) -> None:
    """Take a whole import back, as if it had never been; twice is once. The file can be imported again.

    Raises Refused, and changes nothing, where money of it has gone on.
    """
    in_line(session, f"statements:{town.id}")
    file = session.scalar(select(BankFile).where(BankFile.id == file_id, BankFile.municipality_id == town.id))
    if file is None:
        raise NotFound
    if file.undone_at:
        return
    rows = session.scalars(select(BankEntry).where(BankEntry.file_id == file.id).order_by(BankEntry.id))
    entries = list(rows.all())
    for row in entries:
        session.refresh(row, with_for_update=True)
    with claims.versions_last(session):
        _take_back(session, town, [row for row in entries if row.state == "matched"], reason, at, by)
    _bring_wholes_back(session, town, entries, at)
    for row in entries:
        # The bank's name for it is free again for the next import; the row stays, for payments refer to it.
        row.key = f"undone|{row.id}"
        row.state, row.why, row.settled_by = "set_aside", _("Import zurückgenommen: %s") % reason, by.name
    file.undone_at, file.undone_by = at, by.name
    session.flush()


def _bring_wholes_back(session: Session, town: Municipality, entries: Sequence[BankEntry], at: datetime) -> None:
    """Batches in whose place these entries came wait for the cashier again, unless they pay nothing anyway."""
    wholes = bank_entries.wholes(session, town.id, [row.key for row in entries])
    hidden = [row for row in wholes.values() if row.state == "set_aside" and not row.settled_by]
    books = books_of(session, town, at) if hidden else None
    for row in hidden:
        match = books.match(bank_entries.entry_of(row)) if books else None
        if match and match.state != "set_aside":
            row.state, row.why = "open", _("Die einzelnen Zahlungen dazu sind wieder zurückgenommen.")


def _take_back(
    session: Session, town: Municipality, rows: Sequence[BankEntry], reason: str, at: datetime, by: Actor
) -> None:
    """Undo what entries paid, and what they took back."""
    ids = [row.id for row in rows]
    payments, returns = list(bank_entries.standing(session, ids)), bank_entries.returns(session, ids)
    paid_with = {payment.entry_id for payment in payments}
    brought_back = [row.end_to_end for row in rows if row.is_return and row.cents > 0 and row.id not in paid_with]
    concerned = [*(each.booking_id for each in payments), *(each.booking_id for each in returns)]
    locked = lock_all(session, town, [*concerned, *payouts.bookings(session, brought_back)])
    # First, for a payment that came with the same file is whole again by that.
    for back in returns:
        key = f"undone:{back.id}"
        if cents := ledger.reverse(session, back.payment, back.kind, key, -back.cents, at, reason=reason, by=by.name):
            lifecycle.lose(session, locked[back.booking_id], at, by, cents, reason)
    gone = {locked[each.booking_id].number for each in payments if ledger.left_of(session, each) != each.cents}
    if gone:
        raise Refused(_("Davon ist schon etwas zurückgegangen, bei: %s.") % ", ".join(sorted(gone)))
    for payment in payments:
        booking = locked[payment.booking_id]
        key = f"undone:{payment.id}"
        if cents := ledger.reverse(session, payment, "undone", key, payment.cents, at, reason=reason, by=by.name):
            lifecycle.undo_pay(session, booking, at, by, cents, reason)
    for name in brought_back:
        if not payouts.arrived(session, name, at):
            raise Refused(
                _(
                    "Die zurückgekommene Erstattung ist schon wieder unterwegs, oder sie steht nicht mehr aus, weil "
                    "die Zahlung dazu zurückgeholt wurde."
                )
            )
