"""Entries of bank statements as the cashier sees them: what they are, which bookings they pay or might pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base.texts import N_
from buchbar.booking.bank_books import books_of, named
from buchbar.payments import bank_entries
from buchbar.payments.matching import Match
from buchbar.payments.models import Payment
from buchbar.payments.statements import BankEntry, BankFile

# What a state is called, and its colour.
STATES = {
    "matched": ("success", N_("zugeordnet")),
    "suggested": ("info", N_("Vorschlag")),
    "open": ("warning", N_("ungeklärt")),
    "set_aside": ("info", N_("beiseitegelegt")),
}
WAITING = ("suggested", "open")
MOST = 200  # lines on one page; the rest comes when these are settled
FILES = 50  # on one page


@dataclass(frozen=True, slots=True)
class Part:
    """A booking and what of an entry is for it, in cents; below zero what was taken back."""

    booking_id: UUID
    number: str
    names: str
    cents: int


@dataclass(frozen=True, slots=True)
class Line:
    """An entry. ``parts`` are what it pays, or would if the suggestion is taken; ``choices`` the bookings of which it
    may be one. ``back`` is the payment that it would take back, ``undoable`` says that somebody decided what can be
    taken back."""

    id: UUID
    booked_on: date
    cents: int
    name: str
    text: str
    state: str
    why: str
    parts: tuple[Part, ...] = ()
    choices: tuple[Part, ...] = ()
    back: UUID | None = None
    undoable: bool = False


def waiting(session: Session, town: Municipality, now: datetime) -> list[Line]:
    """The entries that a cashier has to settle, the oldest first."""
    wanted = select(BankEntry).where(BankEntry.municipality_id == town.id, BankEntry.state.in_(WAITING))
    rows = session.scalars(wanted.order_by(BankEntry.booked_on, BankEntry.file_id, BankEntry.place).limit(MOST)).all()
    return lines(session, town, rows, now)


def of_file(session: Session, town: Municipality, file: BankFile, now: datetime) -> list[Line]:
    """All entries of a file, in the bank's order."""
    wanted = select(BankEntry).where(BankEntry.file_id == file.id)
    return lines(session, town, session.scalars(wanted.order_by(BankEntry.place, BankEntry.id)).all(), now)


def files(session: Session, town: Municipality, number: int) -> tuple[list[BankFile], bool]:
    """A page of the files that were imported, the newest first, and whether there are older ones; the first is 1."""
    wanted = select(BankFile).where(BankFile.municipality_id == town.id)
    ordered = wanted.order_by(BankFile.imported_at.desc(), BankFile.id).limit(FILES + 1).offset((number - 1) * FILES)
    found = list(session.scalars(ordered))
    return found[:FILES], len(found) > FILES


def failed(session: Session, town: Municipality, since: datetime) -> list[BankFile]:
    """The files that could not be imported since then, the newest first."""
    ours = select(BankFile).where(
        BankFile.municipality_id == town.id, BankFile.kind == "", BankFile.imported_at > since
    )
    return list(session.scalars(ours.order_by(BankFile.imported_at.desc(), BankFile.id).limit(FILES)))


def lines(session: Session, town: Municipality, rows: Sequence[BankEntry], now: datetime) -> list[Line]:
    """Entries with what is known of them now: suggestions follow what is open today."""
    ids = [row.id for row in rows]
    paid: dict[UUID, list[tuple[UUID, int]]] = {}
    for payment in bank_entries.standing(session, ids):
        if payment.entry_id:
            paid.setdefault(payment.entry_id, []).append((payment.booking_id, payment.cents))
    for back in bank_entries.returns(session, ids):
        if back.entry_id:
            paid.setdefault(back.entry_id, []).append((back.booking_id, -back.cents))
    matches = _matches(session, town, [row for row in rows if row.state in WAITING], now)
    returned = _returned(session, matches)
    about = {booking_id for each in (*paid.values(), returned.values()) for booking_id, _cents in each}
    known = named(session, about | _about(matches))

    def parts(pairs: Sequence[tuple[UUID, int]]) -> tuple[Part, ...]:
        return tuple(Part(booking_id, *known.get(booking_id, ("", "")), cents) for booking_id, cents in pairs)

    made = []
    for row in rows:
        match = matches.get(row.id, Match(state=row.state, why=row.why))
        pairs = paid.get(row.id) or [(share.booking_id, share.cents) for share in match.shares]
        if match.returned in returned:
            pairs = [returned[match.returned]]
        choices = () if pairs else parts([(each, row.cents) for each in match.candidates])
        why = row.why if row.state == "open" and row.settled_by else match.why
        state = row.state if row.state not in WAITING else "suggested" if pairs or choices else "open"
        made.append(
            Line(
                row.id, row.booked_on, row.cents, row.name, row.text, state, why, parts(pairs), choices,
                back=match.returned, undoable=_undoable(row),
            )
        )  # fmt: skip
    return made


def _undoable(row: BankEntry) -> bool:
    """Whether it pays something, or might: what simply left the account, and nobody has set aside, is nothing here."""
    return row.state == "matched" or (row.state == "set_aside" and (row.cents > 0 or bool(row.settled_by)))


def _matches(session: Session, town: Municipality, rows: Sequence[BankEntry], now: datetime) -> dict[UUID, Match]:
    if not rows:
        return {}
    books = books_of(session, town, now)
    return {row.id: books.match(bank_entries.entry_of(row)) for row in rows}


def _about(matches: dict[UUID, Match]) -> set[UUID]:
    shares = {share.booking_id for match in matches.values() for share in match.shares}
    return shares | {booking_id for match in matches.values() for booking_id in match.candidates}


def _returned(session: Session, matches: dict[UUID, Match]) -> dict[UUID | None, tuple[UUID, int]]:
    """Booking and cents of the payments that entries would take back."""
    wanted = [match.returned for match in matches.values() if match.returned]
    found = select(Payment.id, Payment.booking_id, Payment.cents).where(Payment.id.in_(wanted))
    return {row.id: (row.booking_id, -row.cents) for row in session.execute(found)} if wanted else {}
