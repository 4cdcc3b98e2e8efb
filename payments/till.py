"""What is in the till: money that comes and goes, in the order in which it did, and a day that is closed.

A day begins where the one before was closed, so nothing is ever between two days. What goes through the card terminal
stands beside it: it never was in the till.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.errors import Invalid, NotFound, Refused
from buchbar.base.texts import _
from buchbar.calendar.walls import local_date
from buchbar.payments.cash_book import CashDay, CashMove, line_up, stand_in_line
from buchbar.payments.models import Payment, Refund, Reversal


@dataclass(frozen=True, slots=True)
class Move:
    """Money that came to the counter, or with ``cents`` below zero went. ``kind``: "taken", "undone", "paid_out", or
    "moved" (without a booking). ``words`` are the receipt's number or the reason. One without a booking has an ``id``,
    and may take another one back."""

    at: datetime
    kind: str
    cents: int
    words: str
    by: str
    booking_id: UUID | None
    id: UUID | None = None
    takes_back_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Till:
    """The till from the end of one day to the end of the next, in cents; ``card`` is what went through the terminal."""

    opening: int
    cash: Sequence[Move]
    card: Sequence[Move]

    @property
    def expected(self) -> int:
        """What should be in it."""
        return self.opening + sum(move.cents for move in self.cash)

    @property
    def by_card(self) -> int:
        return sum(move.cents for move in self.card)


def today(session: Session, municipality_id: UUID) -> Till:
    """The till since it was closed last."""
    last = session.scalar(_days(municipality_id).limit(1))
    return _between(session, municipality_id, last, None)


def of_day(session: Session, day: CashDay) -> Till:
    """The till of a closed day."""
    before = session.scalar(_days(day.municipality_id).where(CashDay.serial == day.serial - 1))
    return _between(session, day.municipality_id, before, day.closed_at)


def _between(session: Session, municipality_id: UUID, before: CashDay | None, until: datetime | None) -> Till:
    after = before.closed_at if before else None
    return Till(
        opening=before.counted if before else 0,
        cash=_moves(session, municipality_id, "cash", after, until),
        card=_moves(session, municipality_id, "terminal", after, until),
    )


def _moves(
    session: Session, municipality_id: UUID, provider: str, after: datetime | None, until: datetime | None
) -> list[Move]:
    """What moved between two moments, the first excluded, the last included."""

    def within(moment: Any) -> list[Any]:
        bounds = []
        if after is not None:
            bounds.append(moment > after)
        if until is not None:
            bounds.append(moment <= until)
        return bounds

    ours = Payment.municipality_id == municipality_id, Payment.provider == provider
    none = literal(None, Payment.booking_id.type)
    parts: list[Select[*tuple[Any, ...]]] = [
        select(
            Payment.settled_at, literal("taken"), Payment.cents, Payment.receipt, Payment.taken_by, Payment.booking_id
        ).where(*ours, Payment.state == "paid", *within(Payment.settled_at)),
        select(Reversal.at, literal("undone"), -Reversal.cents, Reversal.reason, Reversal.by, Reversal.booking_id)
        .join(Payment, Payment.id == Reversal.payment_id)
        .where(*ours, *within(Reversal.at)),
        select(
            Refund.done_at, literal("paid_out"), -Refund.cents, Payment.receipt, Refund.paid_out_by, Refund.booking_id
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .where(*ours, Refund.state == "done", Refund.paid_out_by != "", *within(Refund.done_at)),
    ]
    if provider == "cash":
        moved = select(
            CashMove.at, literal("moved"), CashMove.cents, CashMove.reason, CashMove.by, none, CashMove.id,
            CashMove.takes_back_id,
        )  # fmt: skip
        parts.append(moved.where(CashMove.municipality_id == municipality_id, *within(CashMove.at)))
    found = [Move(*row) for part in parts for row in session.execute(part)]
    return sorted(found, key=lambda move: (move.at, move.words))


def moved(session: Session, municipality_id: UUID, at: datetime) -> None:
    """Stand in line after money has left the till, as the last thing to do. Raises Refused where it wasn't in there, or
    where the till has been closed since."""
    session.flush()
    stand_in_line(session, municipality_id, at)
    left = today(session, municipality_id).expected
    if left < 0:
        raise Refused(
            _("So viel ist nach dem Kassenbuch nicht in der Kasse; es fehlen %s. Bitte legen Sie zuerst Geld ein.")
            % texts.euros(-left)
        )


def put(session: Session, municipality_id: UUID, move_id: UUID, cents: int, reason: str, at: datetime, by: str) -> None:
    """Put cash into the till, or with ``cents`` below zero take it to the bank. Once: the form names the move.

    Raises Invalid for more than is in the till."""
    if session.get(CashMove, move_id) is not None:
        return
    stand_in_line(session, municipality_id, at)
    there = today(session, municipality_id).expected
    if cents < 0 and there + cents < 0:
        most = _("In der Kasse sind nach dem Kassenbuch %s; mehr lässt sich nicht entnehmen.") % texts.euros(there)
        raise Invalid({"summe": most})
    session.add(CashMove(id=move_id, municipality_id=municipality_id, cents=cents, reason=reason, at=at, by=by))
    session.flush()


def to_take_back(held: Till, day: date, zone: ZoneInfo) -> set[UUID]:
    """The moves without a booking that were entered on this day, and are neither taken back nor take one back."""
    gone = {move.takes_back_id for move in held.cash}
    moves = (move for move in held.cash if move.takes_back_id is None and local_date(move.at, zone) == day)
    return {move.id for move in moves if move.id} - gone


def take_back(session: Session, town: Municipality, move_id: UUID, at: datetime, by: str) -> None:
    """Take back a move that was entered by mistake, on the same day and before the till is closed; twice is once.

    Raises NotFound for another town's, Refused for what is too late or isn't in the till any more.
    """
    stand_in_line(session, town.id, at)
    mistaken = session.get(CashMove, move_id)
    if mistaken is None or mistaken.municipality_id != town.id:
        raise NotFound
    if session.scalar(select(CashMove.id).where(CashMove.takes_back_id == move_id)):
        return
    if move_id not in to_take_back(today(session, town.id), local_date(at, town.zone), town.zone):
        raise Refused(_("Zurücknehmen lässt sich das nur am selben Tag und bevor die Kasse abgeschlossen ist."))
    reason = _("Zurückgenommen: %s") % mistaken.reason
    undone = CashMove(municipality_id=town.id, cents=-mistaken.cents, reason=reason, at=at, by=by)
    undone.takes_back_id = mistaken.id
    session.add(undone)
    moved(session, town.id, at)


def close(
    session: Session,
    municipality_id: UUID,
    day: date,
    *,
    expected: int,
    counted: int,
    note: str,
    at: datetime,
    by: str,
) -> CashDay:
    """Close the till for a day; from then on it never changes. Twice is once.

    ``expected`` is what the clerk's page said that it should hold. Raises Invalid where that isn't so any more, or
    where a difference has no reason; Refused where the day was closed with another sum.
    """
    line_up(session, municipality_id)
    last = session.scalar(_days(municipality_id).limit(1))
    if last is not None and last.day >= day:
        if (last.expected, last.counted) == (expected, counted):
            return last
        raise Refused(_("Für heute ist die Kasse schon abgeschlossen. Was jetzt noch kommt, gehört zum nächsten Tag."))
    till = today(session, municipality_id)
    if till.expected != expected:
        changed = _("Seit dem Zählen ist Geld bewegt worden: Jetzt sollten %s in der Kasse sein. Bitte zählen Sie neu.")
        raise Invalid({"gezaehlt": changed % texts.euros(till.expected)})
    if counted != expected and not note:
        raise Invalid({"bemerkung": _("Bitte schreiben Sie auf, woher der Unterschied kommt.")})
    made = CashDay(
        municipality_id=municipality_id,
        day=day,
        serial=last.serial + 1 if last else 1,
        opening=till.opening,
        expected=expected,
        counted=counted,
        note=note,
        closed_at=at,
        closed_by=by,
    )
    session.add(made)
    session.flush()
    return made


def closed_on(session: Session, municipality_id: UUID, day: date) -> CashDay | None:
    """The day as it was closed, if it was."""
    return session.scalar(_days(municipality_id).where(CashDay.day == day))


def days(session: Session, municipality_id: UUID, year: int) -> list[CashDay]:
    """The closed days of a year, the last one first."""
    of_year = CashDay.day >= date(year, 1, 1), CashDay.day <= date(year, 12, 31)
    return list(session.scalars(_days(municipality_id).where(*of_year)))


def years(session: Session, municipality_id: UUID) -> list[int]:
    """The years in which a day was closed, the last one first."""
    closed = session.scalars(select(CashDay.day).where(CashDay.municipality_id == municipality_id))
    return sorted({day.year for day in closed}, reverse=True)


def day_of(session: Session, municipality_id: UUID, day: date) -> CashDay:
    """A closed day. Raises NotFound."""
    found = closed_on(session, municipality_id, day)
    if found is None:
        raise NotFound
    return found


def _days(municipality_id: UUID) -> Select[CashDay]:
    newest_first = CashDay.serial.desc()
    return select(CashDay).where(CashDay.municipality_id == municipality_id).order_by(newest_first)


def to_pay_out(session: Session, municipality_id: UUID) -> list[Refund]:
    """What still has to be given back at the counter, the oldest first."""
    wanted = (
        select(Refund)
        .join(Payment, Payment.id == Refund.payment_id)
        .where(Payment.municipality_id == municipality_id, Payment.provider.in_(("cash", "terminal")))
        .where(Refund.state == "wanted")
    )
    return list(session.scalars(wanted.order_by(Refund.wanted_at, Refund.id)))
