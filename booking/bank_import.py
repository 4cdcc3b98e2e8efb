"""A bank's statement is imported: each movement once, what is clear is settled, the rest waits for the cashier.

Locks are taken in one order: the town's line of imports, the entries, the bookings by their ids, then their payments,
and last the versions of what all of them claim.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import in_line
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.booking import claims, lifecycle
from buchbar.booking.bank_books import books_of
from buchbar.booking.events import Actor
from buchbar.booking.models import Booking
from buchbar.calendar.walls import local_date
from buchbar.payments import bank_entries, camt, collections, iban, paying, payouts
from buchbar.payments.camt_fields import NoStatement
from buchbar.payments.matching import Match, Share
from buchbar.payments.models import Payment
from buchbar.payments.rules import rules_of
from buchbar.payments.statements import BankEntry, BankFile

BANK = Actor("provider", "Bank")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Imported:
    """A file, the accounts other than the town's that it speaks of, and its new entries. ``known`` counts those that
    were there already, ``pending`` what isn't booked yet."""

    file: BankFile
    strange: list[str]
    entries: list[BankEntry]
    known: int
    pending: int


class KnownFile(Refused):
    """The same file was imported before, as ``file_id``."""

    def __init__(self, sentence: str, file_id: UUID) -> None:
        super().__init__(sentence)
        self.file_id = file_id


def bring_in(
    session: Session,
    town: Municipality,
    name: str,
    content: bytes,
    at: datetime,
    by: str,
    *,
    any_account: bool = False,
) -> Imported:
    """Import a file. Raises Invalid for one that can't be read, or that is another account's and nobody said that it
    may be (``any_account``); KnownFile for one that is there."""
    in_line(session, f"statements:{town.id}")
    digest = hashlib.sha256(content).hexdigest()
    _refuse_double(session, town, digest)
    try:
        statement = camt.read(content)
    except NoStatement as fault:
        raise Invalid({"datei": str(fault)}) from None
    own = "".join(rules_of(session, town.id).iban.split()).upper()
    strange = [each for each in statement.accounts if own and each != own]
    if strange and not any_account:
        words = _("Der Auszug ist vom Konto %s; in den Einstellungen der Kasse steht ein anderes.")
        raise Invalid({"anderes_konto": words % ", ".join(map(iban.readable, strange))})
    file = BankFile(
        id=uuid4(),
        municipality_id=town.id,
        name=name[:200],
        digest=digest,
        kind=statement.kind,
        imported_at=at,
        imported_by=by,
        faults=statement.faults,
    )
    session.add(file)
    session.flush()
    fresh = _fresh(session, town, statement.entries)
    rows = [bank_entries.kept(session, file, place, each) for place, each in enumerate(fresh)]
    with claims.versions_last(session):
        _settle_what_is_clear(session, town, rows, fresh, at)
    return Imported(file, strange, rows, len(statement.entries) - len(fresh), statement.pending)


def write_off(session: Session, town: Municipality, name: str, fault: str, at: datetime, by: str) -> None:
    """Write down for the cashier that a file could not be imported, and why. It can be tried again."""
    session.add(
        BankFile(
            id=uuid4(),
            municipality_id=town.id,
            name=name[:200],
            digest="",
            kind="",
            imported_at=at,
            imported_by=by,
            undone_at=at,
            faults=(fault,),
        )
    )
    session.flush()


def rehearse(session: Session, act: Callable[[], T]) -> T:
    """What ``act`` says after it was done; then it is undone. So the preview can't lie."""
    session.flush()
    attempt = session.begin_nested()
    try:
        said = act()
        session.flush()
        return said
    finally:
        attempt.rollback()


def assign(
    session: Session, town: Municipality, entry_id: UUID, shares: Sequence[Share], at: datetime, by: Actor
) -> None:
    """A cashier says what an entry pays; the same twice is once. What isn't owed goes back the usual way.

    Raises Refused for an entry that somebody else has assigned, Invalid for shares that aren't its amount.
    """
    row = locked_entry(session, town, entry_id)
    if row.state == "matched":
        if {Share(each.booking_id, each.cents) for each in bank_entries.standing(session, [row.id])} == set(shares):
            return
        raise Refused(_("Diese Zahlung ist inzwischen schon zugeordnet."))
    _refuse_another_sum(row, shares)
    with claims.versions_last(session):
        _pay(session, row, lock_all(session, town, [share.booking_id for share in shares]), shares, at, by)
    row.state, row.why, row.settled_by = "matched", _("Von Hand zugeordnet"), by.name
    session.flush()


def _refuse_another_sum(row: BankEntry, shares: Sequence[Share]) -> None:
    given = sum(share.cents for share in shares)
    if row.cents <= 0 or given != row.cents:
        words = {"came": texts.euros(row.cents), "given": texts.euros(given)}
        raise Invalid({"buchung": _("Eingegangen sind %(came)s, zugeordnet %(given)s.") % words})
    if min(share.cents for share in shares) <= 0:
        raise Invalid({"buchung": _("Jede Buchung braucht einen Betrag über 0.")})


def accept_return(
    session: Session, town: Municipality, entry_id: UUID, payment_id: str, at: datetime, by: Actor
) -> None:
    """A cashier says that the bank has given back the payment that was suggested, as the page names it. Raises Refused
    if it isn't that one any more."""
    row = locked_entry(session, town, entry_id)
    if row.state == "matched":
        return
    match = books_of(session, town, at).match(bank_entries.entry_of(row))
    if match.returned is None or str(match.returned) != payment_id:
        raise Refused(
            _("Zu dieser Rückgabe passt jetzt eine andere Zahlung oder keine. Bitte laden Sie die Seite neu.")
        )
    _give_back(session, row, match.returned, at)
    row.state, row.settled_by = "matched", by.name
    session.flush()


def set_aside(session: Session, town: Municipality, entry_id: UUID, reason: str, by: Actor) -> None:
    """A cashier says that an entry is none of ours. Raises Refused for one that is settled."""
    row = locked_entry(session, town, entry_id)
    if row.state == "matched":
        raise Refused(_("Diese Zahlung ist schon zugeordnet. Nehmen Sie zuerst die Zuordnung zurück."))
    row.state, row.why, row.settled_by = "set_aside", reason, by.name
    session.flush()


def entry_of(session: Session, town: Municipality, entry_id: UUID) -> BankEntry:
    """An entry of the town's. Raises NotFound for any other."""
    row = session.scalar(select(BankEntry).where(BankEntry.id == entry_id, BankEntry.municipality_id == town.id))
    if row is None:
        raise NotFound
    return row


def _refuse_double(session: Session, town: Municipality, digest: str) -> None:
    same = BankFile.municipality_id == town.id, BankFile.digest == digest, BankFile.undone_at.is_(None)
    before = session.scalar(select(BankFile).where(*same).limit(1))
    if before:
        words = {"day": texts.day(local_date(before.imported_at, town.zone), "short"), "who": before.imported_by}
        raise KnownFile(_("Diese Datei wurde am %(day)s schon importiert (%(who)s).") % words, before.id)


def _fresh(session: Session, town: Municipality, entries: Sequence[camt.Entry]) -> list[camt.Entry]:
    """The entries that aren't written down yet. Parts take the place of their batch, unless it is settled as one."""
    known = bank_entries.known(session, town.id, entries)
    fresh = [each for each in entries if each.key not in known]
    wholes = bank_entries.wholes(session, town.id, [each.key for each in fresh])
    for whole in wholes.values():
        if whole.state in ("open", "suggested"):
            whole.state, whole.why = "set_aside", _("Die einzelnen Zahlungen kamen in einer anderen Datei.")
            whole.settled_by = ""  # an undoing brings back what no cashier has set aside (bank_undoing)
    settled = {key for key, whole in wholes.items() if whole.state == "matched"}
    return [each for each in fresh if camt.batch_of(each.key) not in settled]


def _settle_what_is_clear(
    session: Session, town: Municipality, rows: Sequence[BankEntry], entries: Sequence[camt.Entry], at: datetime
) -> None:
    """Settle each entry whose reference and amount are right, and say of the others why not.

    The bookings that are named are locked first, and then all is looked up again: what is open now stays so.
    """
    books = books_of(session, town, at)
    found = [books.match(each) for each in entries]
    locked = lock_all(session, town, _about(session, found))
    pairs = list(zip(rows, entries, strict=True))
    given_back = [(row, entry) for row, entry in pairs if _is_given_back(entry)]
    came = [(row, entry) for row, entry in pairs if not _is_given_back(entry)]
    _settle(session, town, came, locked, at)
    # After that, for a bank may give back what came with the same file; and that may be paid again with it, too.
    _settle(session, town, given_back, locked, at)
    if given_back:
        unclear = [(row, entry) for row, entry in came if row.state in ("open", "suggested")]
        _settle(session, town, unclear, locked, at)
    session.flush()


def _is_given_back(entry: camt.Entry) -> bool:
    return entry.is_return and entry.cents < 0


def _settle(
    session: Session,
    town: Municipality,
    pairs: Sequence[tuple[BankEntry, camt.Entry]],
    locked: dict[UUID, Booking],
    at: datetime,
) -> None:
    if not pairs:
        return
    books = books_of(session, town, at)
    for row, entry in pairs:
        match = books.match(entry)
        row.state, row.why = match.state, match.why
        if match.state != "matched":
            continue
        if not {share.booking_id for share in match.shares} <= set(locked):
            row.state = "suggested"
        elif match.bounced:
            if payouts.came_back(session, match.bounced.end_to_end, at) is None:
                row.state, row.why = "open", _("Eine Überweisung von uns kam zurück.")
        elif match.returned:
            _give_back(session, row, match.returned, at)
            books = books.without([], match.returned)
        else:
            _pay(session, row, locked, match.shares, at, BANK)
            books = books.without(match.shares)


def _about(session: Session, matches: Iterable[Match]) -> set[UUID]:
    """The bookings that some clear matches are about."""
    clear = [match for match in matches if match.state == "matched"]
    back = [match.returned for match in clear if match.returned]
    returned = session.scalars(select(Payment.booking_id).where(Payment.id.in_(back))).all() if back else ()
    bounced = {match.bounced.booking_id for match in clear if match.bounced}
    return {share.booking_id for match in clear for share in match.shares} | set(returned) | bounced


def lock_all(session: Session, town: Municipality, ids: Iterable[UUID]) -> dict[UUID, Booking]:
    """Lock bookings of the town, in the order in which everybody locks several. Raises NotFound for another town's."""
    locked: dict[UUID, Booking] = {}
    for booking_id in sorted(set(ids)):
        booking = session.get(Booking, booking_id)
        if booking is None or booking.municipality_id != town.id:
            raise NotFound
        lifecycle.lock(session, booking)
        locked[booking_id] = booking
    return locked


def _pay(
    session: Session,
    row: BankEntry,
    locked: dict[UUID, Booking],
    shares: Sequence[Share],
    at: datetime,
    by: Actor,
) -> None:
    for share in sorted(shares, key=lambda each: each.booking_id):
        booking = locked[share.booking_id]
        bank_entries.book(session, row, booking.id, share.cents, at)
        paying.close(session, booking.id, at)  # an open payment page would ask for what is paid now
        lifecycle.pay(session, booking, at, by, share.cents)


def _give_back(session: Session, row: BankEntry, payment_id: UUID, at: datetime) -> None:
    """The bank has taken a payment back: the booking's people are told, and it stands in the history."""
    payment = session.get_one(Payment, payment_id)
    if payment.provider == "debit" and payment.intent_id:
        collections.returned(
            session, payment.intent_id, f"entry:{row.id}", at, reason=row.return_reason, entry_id=row.id
        )
        return

    def take() -> int:
        key, reason = f"entry:{row.id}", row.return_reason
        return collections.take_back(session, payment, key, at, reason=reason, entry_id=row.id, by=BANK.name)

    paying.upward("taken")(session, payment.booking_id, at, take)


def locked_entry(session: Session, town: Municipality, entry_id: UUID) -> BankEntry:
    """An entry that counts, locked. Raises NotFound."""
    row = session.scalar(
        select(BankEntry)
        .where(BankEntry.id == entry_id, BankEntry.municipality_id == town.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None or row.file.undone_at:
        raise NotFound
    return row
