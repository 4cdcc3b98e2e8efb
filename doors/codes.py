"""Digits: random, fitting all the doors that they are for, and unlike every live code of each of these doors.

They stand in the database sealed only. That two live codes of a door are never the same is seen to by the database
(``uq_door_entry_digits``), whoever else makes codes at the same moment; who loses takes other digits.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from buchbar.base.sealed import Unreadable, seal, unseal
from buchbar.base.settings import Settings
from buchbar.base.tokens import fingerprint
from buchbar.doors import locks
from buchbar.doors.adapters import Abilities
from buchbar.doors.models import Code, Door, Entry

PURPOSE = "door code"
ATTEMPTS = 50
AGAIN = timedelta(days=1)


def new_digits(fitting: Abilities) -> str:
    """Digits by chance, such as these locks take."""
    signs = [sign for sign in "0123456789" if sign not in fitting.without]
    while True:
        digits = "".join(secrets.choice(signs) for _place in range(fitting.lengths[0]))
        if fits(digits, fitting):
            return digits


def fits(digits: str, fitting: Abilities) -> bool:
    """Whether these locks take such digits."""
    return (
        len(digits) in fitting.lengths
        and not set(digits) & set(fitting.without)
        and not digits.startswith(fitting.not_starting)
    )


def digits_of(session: Session, code: Code) -> str:
    """The digits, for who may see them; "" where there are none yet, or the installation's secret was changed since."""
    try:
        return unseal(_settings(session).secret, PURPOSE, code.sealed)
    except Unreadable:
        return ""


def provide(session: Session, code: Code, doors: Sequence[Door], at: datetime) -> None:
    """Let the code have an entry at each of these doors. Digits that are told already stay, unless they don't fit a
    door that has come to it, or somebody else has them there."""
    mine = select(Entry).where(Entry.code_id == code.id).order_by(Entry.door_id).with_for_update(of=Entry)
    entries = {entry.door_id: entry for entry in session.scalars(mine.execution_options(populate_existing=True))}
    live = {door_id: entry for door_id, entry in entries.items() if entry.state != "removed"}
    lacking = [door for door in doors if door.id not in live]
    if not lacking:
        return
    fitting = locks.common({door.id: door for door in [*doors, *_doors(session, live)]}.values())
    for digits in islice(_proposed(session, code, fitting, bool(live)), ATTEMPTS):
        same = bool(live) and digits == digits_of(session, code)
        wanted = {door.id for door in lacking} | (set() if same else set(live))
        if _take(session, code, sorted(wanted), entries, digits, at):
            return
    raise RuntimeError("no digits are free at these doors")


def renew(session: Session, code: Code, at: datetime) -> None:
    """Take other digits wherever the code is live: somebody knows them who shouldn't. The code is locked."""
    live = select(Entry).where(Entry.code_id == code.id, Entry.state != "removed").order_by(Entry.door_id)
    locked = live.with_for_update(of=Entry).execution_options(populate_existing=True)
    entries = {entry.door_id: entry for entry in session.scalars(locked)}
    if not entries:
        return  # who gets it next gets other digits anyway
    fitting = locks.common(_doors(session, entries))
    for digits in islice(_proposed(session, code, fitting, False), ATTEMPTS):
        if _take(session, code, list(entries), entries, digits, at):
            return
    raise RuntimeError("no digits are free at these doors")


def replace_unfit(session: Session, code_id: UUID, at: datetime) -> None:
    """Take other digits for a code that a lock will never take, no more than once a day: where it refuses the next
    ones, too, it isn't the digits."""
    mine = select(Code).where(Code.id == code_id).with_for_update().execution_options(populate_existing=True)
    code = session.scalars(mine).one()
    if code.renewed_at is None or at - code.renewed_at >= AGAIN:
        code.renewed_at = at
        renew(session, code, at)


def _doors(session: Session, door_ids: Iterable[UUID]) -> Sequence[Door]:
    return session.scalars(select(Door).where(Door.id.in_(list(door_ids)))).all()


def _proposed(session: Session, code: Code, fitting: Abilities, in_use: bool) -> Iterator[str]:
    if in_use and fits(known := digits_of(session, code), fitting):
        yield known
    while True:
        yield new_digits(fitting)


def _take(
    session: Session, code: Code, door_ids: Sequence[UUID], entries: dict[UUID, Entry], digits: str, at: datetime
) -> bool:
    """Take digits at all of these doors, or at none."""
    secret = _settings(session).secret
    try:
        with session.begin_nested():
            for door_id in door_ids:
                entry = entries.get(door_id) or Entry(door_id=door_id, code_id=code.id, starts_at=at, ends_at=at)
                entry.digits_print = print_of(secret, door_id, digits)
                entry.state, entry.next_at, entry.changed_at, entry.tries, entry.fault = "planned", at, at, 0, ""
                session.add(entry)
            if digits_of(session, code) != digits:
                code.sealed, code.written_at = seal(secret, PURPOSE, digits), None
            session.flush()
    except IntegrityError:
        return False
    return True


def print_of(secret: str, door_id: UUID, digits: str) -> str:
    """By what a door's digits are known again, without being known."""
    return fingerprint(secret, f"door code:{door_id}:{digits}")


def _settings(session: Session) -> Settings:
    settings: Settings = session.info["settings"]
    return settings
