"""Edits that decide what can be booked raise their municipality's version, so that they take effect at once.

Timetables and pages are kept in memory as long as ``Municipality.version`` stands still. Nobody has to remember to
raise it: a listener on every session sees what is new, changed or deleted. It sees rows that go through the ORM; who
edits by a bulk statement raises the version with ``edited``.
"""

import itertools
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import event, inspect, update
from sqlalchemy.orm import Session, SessionTransaction, attributes

from buchbar.accounts.models import Municipality

_numbers = itertools.count(1)


class Decides:
    """A row that decides what can be booked."""

    # What changes often and decides nothing.
    counts_not = frozenset({"version"})

    def decides_in(self, session: Session) -> UUID | None:
        """The municipality in which it does, None while that can't be known because the owner is new as well."""
        municipality_id: UUID | None = getattr(self, "municipality_id", None)
        return municipality_id


def edited(session: Session, municipality_ids: Iterable[UUID]) -> None:
    """Raise the version of municipalities, whoever else is doing the same. Sorted, so that nobody deadlocks."""
    for municipality_id in sorted(set(municipality_ids)):
        version = session.scalar(
            update(Municipality)
            .where(Municipality.id == municipality_id)
            .values(version=Municipality.version + 1)
            .returning(Municipality.version)
            .execution_options(synchronize_session=False)
        )
        known = session.identity_map.get(session.identity_key(Municipality, municipality_id))
        if known is not None and version is not None:
            attributes.set_committed_value(known, "version", version)
        session.info["edits"] = next(_numbers)


def uncommitted(session: Session) -> int:
    """0 while a session has edited nothing that decides; else a number, never the same after an edit or a rollback.

    What such a session reads holds for itself alone: the version that it sees may become another's.
    """
    return int(session.info.get("edits", 0))


@event.listens_for(Session, "after_soft_rollback")
def _take_back(session: Session, _transaction: SessionTransaction) -> None:
    if "edits" in session.info:
        session.info["edits"] = next(_numbers)


@event.listens_for(Session, "after_transaction_end")
def _settle(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop("edits", None)


@event.listens_for(Session, "before_flush")
def _notice(session: Session, _context: Any, _instances: Any) -> None:
    rows = [*session.new, *(row for row in session.dirty if _changed(row)), *session.deleted]
    towns: set[UUID | None] = {row.id for row in rows if isinstance(row, Municipality) and row not in session.new}
    towns |= {row.decides_in(session) for row in rows if isinstance(row, Decides)}
    edited(session, [town for town in towns if town])


def _changed(row: object) -> bool:
    """Whether anything that counts was changed, its lists of openings and the like included."""
    counts_not = getattr(row, "counts_not", Decides.counts_not)
    return any(attribute.history.has_changes() for attribute in inspect(row).attrs if attribute.key not in counts_not)
