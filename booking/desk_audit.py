"""The audit trail at the desk: who did and who looked at what, to be searched and to be taken along."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from litestar import Request, Response
from litestar.params import FromPath
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from buchbar.accounts import at_desk
from buchbar.accounts.models import AuditEntry, Clerk, Municipality
from buchbar.accounts.roles import AUDIT
from buchbar.base import forms, sheets
from buchbar.base.sheets import Sheet
from buchbar.base.texts import N_, _
from buchbar.base.web import get_number
from buchbar.booking.desk_frame import show
from buchbar.booking.models import Booking
from buchbar.calendar.walls import MINUTES_A_DAY, at

PAGE = 50
MOST_EXPORTED = 100_000
KINDS = {"look": N_("angesehen"), "change": N_("getan")}
FIELDS = ("person", "art", "von", "bis", "buchung")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the trail is narrowed to; empty means anything."""

    clerk_id: UUID | None = None
    kind: str = ""
    first: date | None = None
    last: date | None = None
    number: str = ""


@at_desk.get("/protokoll", AUDIT, N_("Protokoll angesehen"))
def audit_page(request: Request, session: Session, now: datetime, clerk: Clerk) -> Response[Any]:
    typed = {name: request.query_params.get(name, "").strip()[:40] for name in FIELDS}
    asked, faults = read(typed)
    number = get_number(request, "seite")
    wanted = entries(clerk.town, asked)
    count = session.scalar(select(func.count()).select_from(wanted.order_by(None).subquery())) or 0
    return show(
        request,
        clerk,
        "desk/audit.html",
        now,
        rows=session.execute(wanted.limit(PAGE).offset((number - 1) * PAGE)).all(),
        count=count,
        number=number,
        pages=max(1, -(-count // PAGE)),
        typed=typed,
        faults=faults,
        people=[(str(each.id), each.name) for each in _people(session, clerk.town)],
        query=urlencode({name: value for name, value in typed.items() if value}),
    )


@at_desk.get("/protokoll/export/{ending:str}", AUDIT, N_("Protokoll mitgenommen"))
def export(request: Request, session: Session, now: datetime, clerk: Clerk, ending: FromPath[str]) -> Response[Any]:
    """The list as the address narrows it, the newest first."""
    asked, _faults = read({name: request.query_params.get(name, "").strip()[:40] for name in FIELDS})
    zone = clerk.town.zone
    columns = [
        ("at", _("Zeitpunkt")),
        ("clerk", _("Person")),
        ("kind", _("Art")),
        ("words", _("Was")),
        ("booking", _("Buchung")),
        ("address", _("Seite")),
    ]
    rows = [
        (
            entry.at.astimezone(zone).replace(tzinfo=None, microsecond=0),
            entry.clerk_name,
            _(KINDS[entry.kind]),
            _(entry.words),
            number or "",
            entry.address,
        )
        for entry, number in session.execute(entries(clerk.town, asked).limit(MOST_EXPORTED))
    ]
    return sheets.answer(ending, f"protokoll-{clerk.town.slug}", Sheet(_("Protokoll"), columns, rows))


def read(typed: Mapping[str, str]) -> tuple[Asked, dict[str, str]]:
    """What the address asks for, and a sentence for each field that can't be read and so isn't asked."""
    faults: dict[str, str] = {}
    days: dict[str, date | None] = {}
    for name in ("von", "bis"):
        try:
            days[name] = forms.day(typed[name]) if typed[name] else None
        except ValueError as fault:
            faults[name] = str(fault)
    try:
        clerk_id = UUID(typed["person"])
    except ValueError:
        clerk_id = None
    kind = typed["art"] if typed["art"] in KINDS else ""
    return Asked(clerk_id, kind, days.get("von"), days.get("bis"), typed["buchung"].upper()), faults


def entries(town: Municipality, asked: Asked) -> Select[AuditEntry, str]:
    """The entries of this town with the number of the booking that each is about, the newest first."""
    wanted = (
        select(AuditEntry, Booking.number)
        .outerjoin(Booking, Booking.id == AuditEntry.booking_id)
        .where(AuditEntry.municipality_id == town.id)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    if asked.clerk_id:
        wanted = wanted.where(AuditEntry.clerk_id == asked.clerk_id)
    if asked.kind:
        wanted = wanted.where(AuditEntry.kind == asked.kind)
    if asked.first:
        wanted = wanted.where(AuditEntry.at >= at(asked.first, 0, town.zone))
    if asked.last:
        wanted = wanted.where(AuditEntry.at < at(asked.last, MINUTES_A_DAY, town.zone))
    if asked.number:
        ours = select(Booking.id).where(Booking.municipality_id == town.id, Booking.number == asked.number)
        wanted = wanted.where(AuditEntry.booking_id.in_(ours))
    return wanted


def _people(session: Session, town: Municipality) -> list[Clerk]:
    """Who works here, and for the county; also those who have left."""
    places = [place for place in (town.id, town.county_id) if place]
    theirs = select(Clerk).where(or_(Clerk.municipality_id.in_(places), Clerk.id.in_(_known(town))))
    return list(session.scalars(theirs.order_by(Clerk.name, Clerk.id)))


def _known(town: Municipality) -> Select[Any]:
    return select(AuditEntry.clerk_id).where(AuditEntry.municipality_id == town.id).distinct()


routes = [audit_page, export]
