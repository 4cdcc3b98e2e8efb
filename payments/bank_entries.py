"""What is written down of a bank's entry: the entry itself, the payments it brought, and what it took back.

What that means for a booking is booking/bank_import.py's business. The caller has locked the bookings.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.payments.camt import Entry, batch_of
from buchbar.payments.models import Payment, Reversal
from buchbar.payments.statements import BankEntry, BankFile

_SEALED_FOR = "bank entry"
_CHUNK = 500
# So long after a movement the person's data are needed: for money that goes back to the account from which it came, and
# until a direct debit can't be given back any more (SEPA Core Rulebook 4.4: 13 months). What was set aside is nobody's
# business here; what nobody has explained is barred then (Section 195 BGB).
PERSONAL_FOR = {
    "matched": timedelta(days=430),
    "set_aside": timedelta(days=90),
    "suggested": timedelta(days=4 * 366),
    "open": timedelta(days=4 * 366),
}


def kept(session: Session, file: BankFile, place: int, entry: Entry) -> BankEntry:
    """Write an entry down, at its place in the file; nobody has said yet what it is."""
    row = BankEntry(
        id=uuid4(),
        municipality_id=file.municipality_id,
        file_id=file.id,
        place=place,
        key=entry.key,
        booked_on=entry.booked_on,
        value_on=entry.value_on,
        cents=entry.cents,
        is_return=entry.is_return,
        name=entry.name,
        sealed_iban=seal(session.info["settings"].secret, _SEALED_FOR, entry.iban) if entry.iban else "",
        text=entry.text,
        references=entry.references,
        end_to_end=entry.end_to_end,
        return_reason=entry.return_reason,
    )
    session.add(row)
    session.flush()
    return row


def entry_of(row: BankEntry) -> Entry:
    """The entry as it was read, to be compared anew with what is open now."""
    return Entry(
        key=row.key,
        cents=row.cents,
        booked_on=row.booked_on,
        is_return=row.is_return,
        name=row.name,
        text=row.text,
        references=row.references,
        end_to_end=row.end_to_end,
    )


def payer_iban(session: Session, row: BankEntry) -> str:
    """The account from which the money came, empty where nobody knows (any more)."""
    try:
        return unseal(session.info["settings"].secret, _SEALED_FOR, row.sealed_iban) if row.sealed_iban else ""
    except Unreadable:
        return ""


def known(session: Session, municipality_id: UUID, entries: Collection[Entry]) -> set[str]:
    """The keys of those that are written down already, from any file; also of batches whose parts are."""
    keys = [each.key for each in entries]
    found: set[str] = set()
    ours = BankEntry.municipality_id == municipality_id
    for start in range(0, len(keys), _CHUNK):
        found |= set(
            session.scalars(select(BankEntry.key).where(ours, BankEntry.key.in_(keys[start : start + _CHUNK])))
        )
    if not entries:
        return found
    days = [each.booked_on for each in entries]
    same = BankEntry.booked_on.between(min(days), max(days))
    return found | {batch_of(key) for key in session.scalars(select(BankEntry.key).where(ours, same))} - {""}


def wholes(session: Session, municipality_id: UUID, parts: Iterable[str]) -> dict[str, BankEntry]:
    """The batches of which the entries with these keys are parts, as far as they are written down as one."""
    keys = set(map(batch_of, parts)) - {""}
    found = select(BankEntry).where(BankEntry.municipality_id == municipality_id, BankEntry.key.in_(keys))
    return {row.key: row for row in session.scalars(found.with_for_update())} if keys else {}


def book(session: Session, row: BankEntry, booking_id: UUID, cents: int, at: datetime) -> Payment:
    """Write down that money came with an entry for a booking."""
    made = Payment(
        id=uuid4(),
        municipality_id=row.municipality_id,
        booking_id=booking_id,
        cents=cents,
        state="paid",
        provider="transfer",
        started_at=at,
        expires_at=at,
        settled_at=at,
        entry_id=row.id,
    )
    session.add(made)
    session.flush()
    return made


def returns(session: Session, ids: Collection[UUID]) -> list[Reversal]:
    """What these entries took back, without what was undone."""
    wanted = select(Reversal).where(Reversal.entry_id.in_(ids), Reversal.cents > 0).order_by(Reversal.id)
    found = session.scalars(wanted).all()
    keys = [f"undone:{each.id}" for each in found]
    undone = set(session.scalars(select(Reversal.key).where(Reversal.key.in_(keys)))) if keys else set()
    return [each for each in found if f"undone:{each.id}" not in undone]


def forget_old(session: Session, now: datetime) -> None:
    """Delete who paid, from which account and in what words, when nobody needs it any more. The amounts stay."""
    gone = {"name": "", "sealed_iban": "", "text": "", "references": (), "end_to_end": ""}
    for state in PERSONAL_FOR:
        # What a clerk said of one that pays nothing may name somebody.
        words = {} if state == "matched" else {"why": ""}
        session.execute(update(BankEntry).where(*_old(state, now)).values(**gone, **words))


def going(session: Session, municipality_id: UUID, until: datetime) -> int:
    """Of how many of the town's entries this is deleted by then."""
    personal = or_(BankEntry.name != "", BankEntry.sealed_iban != "", BankEntry.text != "")
    old = or_(*(and_(*_old(state, until)) for state in PERSONAL_FOR))
    wanted = select(func.count()).where(BankEntry.municipality_id == municipality_id, personal, old)
    return session.scalar(wanted) or 0


def _old(state: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return BankEntry.state == state, BankEntry.booked_on < (now - PERSONAL_FOR[state]).date()


def standing(session: Session, ids: Collection[UUID]) -> Iterator[Payment]:
    """The payments that came with these entries and were not undone."""
    undone = select(Reversal.payment_id).where(Reversal.kind == "undone")
    came = select(Payment).where(Payment.entry_id.in_(ids), Payment.state == "paid", Payment.id.not_in(undone))
    yield from session.scalars(came.order_by(Payment.booking_id, Payment.id))
