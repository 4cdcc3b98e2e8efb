"""The audit trail: who did and who looked at what at the desk, kept for the time that the town says.

What happened to a booking is in its own history, and what was edited in its revisions; here is that a clerk was there.
The words come from the handlers (accounts/at_desk.py); addresses hold ids and no names.
"""

from datetime import datetime, timedelta
from uuid import UUID

from litestar import Request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from buchbar.accounts import revisions
from buchbar.accounts.models import AuditEntry, Clerk, Municipality
from buchbar.accounts.revisions import Field, Subject
from buchbar.base.settings import Settings
from buchbar.base.texts import N_, _
from buchbar.base.tokens import fingerprint
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import day_span, local_date

# How long it is kept is for the town to say.
RETENTION = revisions.put_in(
    Subject(
        "retention",
        Municipality,
        lambda town: _("Aufbewahrung"),
        {"audit_months": Field(N_("Protokoll, in Monaten"), int)},
    )
)
# Who looks at the same thing again within this time is still looking.
STILL = timedelta(minutes=10)


def looked(session: Session, request: Request, clerk: Clerk, words: str, at: datetime) -> None:
    """Keep that a clerk looks at something, unless they are still looking at it. Another search, or an export with
    other filters, is something else."""
    entry = _entry(session, request, clerk, "look", words, at)
    same = select(AuditEntry.id).where(
        AuditEntry.clerk_id == clerk.id,
        AuditEntry.municipality_id == entry.municipality_id,
        AuditEntry.address == entry.address,
        AuditEntry.words == words,
        AuditEntry.query_print == entry.query_print,
        AuditEntry.at > at - STILL,
    )
    if session.scalar(same.limit(1)) is None:
        session.add(entry)


def changed(session: Session, request: Request, clerk: Clerk, words: str, at: datetime) -> None:
    """Keep that a clerk did something, in the transaction in which it was done."""
    session.add(_entry(session, request, clerk, "change", words, at))


def forget(session: Session, now: datetime) -> None:
    """Delete what is older than its town keeps it."""
    for town in session.scalars(select(Municipality)):
        first = add_months(local_date(now, town.zone), -town.audit_months)
        old = AuditEntry.municipality_id == town.id, AuditEntry.at < day_span(first, town.zone).start
        session.execute(delete(AuditEntry).where(*old))


def _entry(session: Session, request: Request, clerk: Clerk, kind: str, words: str, at: datetime) -> AuditEntry:
    found = request.path_params.get("booking_id")
    booking_id = found if isinstance(found, UUID) else None
    return AuditEntry(
        municipality_id=clerk.town.id,
        at=at,
        clerk_id=clerk.id,
        clerk_name=clerk.name,
        kind=kind,
        words=words,
        address=request.url.path,
        query_print="" if booking_id else _query_print(session, request),  # a booking's page shows the same with any
        booking_id=booking_id,
    )


def _query_print(session: Session, request: Request) -> str:
    settings: Settings = session.info["settings"]
    query = request.url.query
    return fingerprint(settings.secret, f"query:{query}") if query else ""
