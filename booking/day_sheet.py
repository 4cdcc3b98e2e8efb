"""What goes up at the door and lies on the desk: the day's and the week's events, as data for the documents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.texts import N_, _, ngettext
from buchbar.booking import queries
from buchbar.booking.journeys import OnPaper
from buchbar.booking.models import Booking, Claim
from buchbar.booking.next_steps import state_of
from buchbar.calendar.months import monday_of
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import days_span, local, local_date
from buchbar.payments import ledger
from buchbar.payments.ledger import Account

# What a sheet is for, and so how much it says.
KINDS = {
    "": N_("Für das Amt (vertraulich)"),
    "aushang": N_("Für die Tür, ohne Namen"),
    "initialen": N_("Für die Tür, Initialen"),
    "namen": N_("Für die Tür, mit Namen"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event. ``used`` is for how long it takes up its place, with what is done before and after it."""

    booking: Booking
    paper: OnPaper
    used: Span
    staff: tuple[str, ...]
    account: Account

    @property
    def start(self) -> datetime:
        return self.booking.starts_at


def lines(session: Session, town: Municipality, first: date, last: date, venue_id: UUID | None) -> list[Line]:
    """The weddings of these days, in order, in a number of queries that doesn't grow."""
    span = days_span(first, last, town.zone)
    wanted = queries.bookings(town).where(
        Booking.journey == "weddings",
        Booking.state.in_(queries.STANDING),
        Booking.starts_at >= span.start,
        Booking.starts_at < span.end,
    )
    if venue_id:
        wanted = wanted.where(Booking.resource_id == venue_id)
    found = session.scalars(wanted.order_by(Booking.starts_at, Booking.id)).all()
    ids = [booking.id for booking in found]
    paper, staff = queries.on_paper(session, found), queries.staff_of(session, ids)
    accounts, used = ledger.accounts(session, ids), _used(session, ids)
    return [
        Line(
            booking,
            paper.get(booking.id, OnPaper()),
            used.get(booking.id, Span(booking.starts_at, booking.ends_at)),
            tuple(staff[booking.id]),
            accounts.get(booking.id, Account(0, 0, 0)),
        )
        for booking in found
    ]


def _used(session: Session, ids: Sequence[UUID]) -> dict[UUID, Span]:
    """How long the bookings take up their places, by their claims."""
    of_place = (
        select(Claim.booking_id, Claim.starts_at, Claim.ends_at)
        .join(Booking, Booking.id == Claim.booking_id)
        .where(Claim.booking_id.in_(ids), Claim.resource_id == Booking.resource_id)
    )
    return {booking_id: Span(start, end) for booking_id, start, end in session.execute(of_place) if booking_id}


def for_office(town: Municipality, day: date, found: Iterable[Line], now: datetime) -> dict[str, Any]:
    """The office's sheet of a day, for ``documents/day_sheet.typ``."""
    return _frame(town, _("Tagesblatt"), texts.day(day), now) | {
        "empty": _("An diesem Tag ist nichts eingetragen."),
        "head": [_("Zeit"), _("Paar"), _("Ort"), _("Gäste"), _("Zu beachten"), _("Gebühren")],
        "rows": [_office_row(town, line, now) for line in found],
        "note": _("Vertraulich: mit Namen und Telefonnummern, nicht aushängen."),
    }


def for_door(town: Municipality, day: date, found: Iterable[Line], kind: str, now: datetime) -> dict[str, Any]:
    """The sheet for the door, for ``documents/door_sheet.typ``: what is firm, with as much of the names as ``kind``
    says."""
    firm = [line for line in found if line.booking.state == "confirmed"]
    who = {"initialen": _initials, "namen": lambda people: " &\n".join(people)}.get(kind)
    return _frame(town, _("Trauungen"), texts.day(day), now) | {
        "empty": _("An diesem Tag finden keine Trauungen statt."),
        "head": [_("Zeit"), _("Ort"), *([_("Paar")] if who else [])],
        "rows": [
            [_clock(town, line.start), line.booking.resource.name, *([who(line.paper.people)] if who else [])]
            for line in firm
        ],
    }


def for_week(town: Municipality, day: date, found: Iterable[Line], now: datetime) -> dict[str, Any]:
    """The plan of the week in which a day lies, for ``documents/week_plan.typ``: every day, also those without."""
    monday = monday_of(day)
    by_day: dict[date, list[Line]] = {monday + timedelta(days=n): [] for n in range(7)}
    for line in found:
        by_day[local_date(line.start, town.zone)].append(line)
    span = {"first": texts.day(monday, "short"), "last": texts.day(monday + timedelta(days=6), "short")}
    week = _("Woche %(number)d: %(first)s bis %(last)s") % {"number": monday.isocalendar().week, **span}
    return _frame(town, _("Wochenplan"), week, now) | {
        "empty": _("Keine Trauungen"),
        "head": [_("Zeit"), _("Paar"), _("Ort"), _("Standesbeamt:in"), _("Gäste"), _("Stand")],
        "days": [
            {"title": texts.day(each), "rows": [_week_row(town, line, now) for line in those]}
            for each, those in by_day.items()
        ],
        "note": _("Vertraulich: mit Namen, nicht aushängen."),
    }


def _frame(town: Municipality, kind: str, when: str, now: datetime) -> dict[str, Any]:
    made = {"day": texts.day(local_date(now, town.zone), "short"), "time": texts.clock(now, town.zone)}
    return {
        "title": f"{kind}, {when}",
        "kind": kind,
        "when": when,
        "town": town.name,
        "office": town.office,
        "made": _("Stand: %(day)s, %(time)s") % made,
        "note": "",
    }


def _office_row(town: Municipality, line: Line, now: datetime) -> dict[str, Any]:
    booking = line.booking
    notes = [flag[:1].upper() + flag[1:] for flag in line.paper.flags]
    if booking.state != "confirmed":
        notes.insert(0, _("Noch nicht fest: %s") % state_of(booking, now))
    elif booking.fulfilled_at is None:
        notes.append(_("Anmeldung fehlt noch"))
    return {
        "time": _while(town, booking.starts_at, booking.ends_at),
        "used": _("belegt %s") % _while(town, line.used.start, line.used.end),
        "people": [*(line.paper.people or [_("ohne Namen")])],
        "contact": [part for part in (booking.phone or _("kein Telefon"), booking.number) if part],
        "place": booking.resource.name,
        "staff": ", ".join(line.staff) or _("niemand eingeteilt"),
        "guests": "" if line.paper.guests is None else str(line.paper.guests),
        "notes": notes,
        "remarks": line.paper.remarks,
        "fees": _fees(line.account),
        "due": line.account.open > 0,
    }


def _fees(account: Account) -> str:
    if account.open:
        return _("offen: %s") % texts.euros(account.open)
    return _("bezahlt") if account.owed else _("keine")


def _week_row(town: Municipality, line: Line, now: datetime) -> list[str]:
    guests = line.paper.guests
    return [
        _while(town, line.booking.starts_at, line.booking.ends_at),
        " & ".join(line.paper.people) or _("ohne Namen"),
        line.booking.resource.name,
        ", ".join(line.staff) or _("niemand eingeteilt"),
        "" if guests is None else ngettext("%(num)d Gast", "%(num)d Gäste", guests) % {"num": guests},
        state_of(line.booking, now),
    ]


def _initials(people: Sequence[str]) -> str:
    """ "A. M. & B. Y." of "Anna Müller" and "Ben Yıldız": of each the first and the last name, without "von"."""
    said = []
    for name in people:
        words = [word for word in name.split() if word[:1].isupper()] or name.split()
        ends = words if len(words) < 2 else [words[0], words[-1]]
        said.append(" ".join(f"{word[0]}." for word in ends))
    return " & ".join(said)


def _clock(town: Municipality, moment: datetime) -> str:
    return f"{local(moment, town.zone):%H:%M}"


def _while(town: Municipality, start: datetime, end: datetime) -> str:
    return f"{_clock(town, start)}–{_clock(town, end)}"
