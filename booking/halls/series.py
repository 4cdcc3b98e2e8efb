"""Booking a series: all its dates in one transaction, each a booking of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts.models import Municipality
from buchbar.base import texts
from buchbar.base.db import in_line, table_of
from buchbar.base.errors import Refused
from buchbar.base.texts import _
from buchbar.booking import claims
from buchbar.booking.alike import folded
from buchbar.booking.events import Actor
from buchbar.booking.halls import letters, reservation, series_letters
from buchbar.booking.halls.models import HallUse, Series
from buchbar.booking.halls.plan import HallPlan, plan
from buchbar.booking.halls.reservation import Slot, Use
from buchbar.booking.halls.series_dates import Date, Request, judged, wished, with_alternatives
from buchbar.booking.models import Booking, Claim
from buchbar.booking.naming import new_number
from buchbar.calendar.walls import local_date
from buchbar.payments.models import Tariff

_BOOK, _USE = insert(table_of(Booking)), insert(table_of(HallUse))
# Long enough to be booked in the same transaction.
_A_WHILE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SeriesBooked:
    """``left_out`` are the dates that could not be had."""

    series: Series
    booked: list[Booking]
    left_out: list[Date]


class NotAllFree(Refused):
    """Some of what was to be booked can't be had (any more). ``dates`` are all dates as they are now."""

    def __init__(self, sentence: str, dates: Sequence[Date]) -> None:
        super().__init__(sentence)
        self.dates = dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How and when a series came, where a clerk enters it; ``allotment_id``: it comes of a season's plan, which tells
    its club of all its places at once; ``once``: the name that a form gave it beforehand, so that clicking twice makes
    one."""

    channel: str = "telephone"
    received_at: datetime | None = None
    allotment_id: UUID | None = None
    once: UUID | None = None


_ONLINE = Entry()


def book(
    session: Session,
    town: Municipality,
    request: Request,
    at: datetime,
    by: Actor,
    only: Sequence[Slot] | None = None,
    entry: Entry = _ONLINE,
) -> SeriesBooked:
    """Book the dates of the request that are free, or exactly the slots in ``only``: one for some of its days, perhaps
    at another time or place that day.

    Raises NotOffered where no series can be booked, and NotAllFree where nothing is free, or not all of ``only``; then
    nothing has happened.
    """
    rules = plan(session, town)
    if entry.once and (known := _made_already(session, rules, request, entry.once)):
        return known
    slots = wished(rules, request) if only is None else chosen(rules, request, only)
    with session.begin_nested(), claims.versions_last(session):
        wanted_parts = part_ids(rules, slots.values())
        claims.changed(session, claims.sweep(session, wanted_parts, [slot.span for slot in slots.values() if slot], at))
        dates = judged(session, rules, request, slots, at, by)
        if only is not None or not any(each.free for each in dates):
            _all_free(session, rules, request, dates, at, by, exactly=only is not None)
        series = _made(session, rules, request, at, by, entry)
        taken = _take(session, rules, series, request, [each.slot for each in dates if each.free and each.slot], at, by)
        lost = [each for each in dates if each.free and each.slot not in taken]
        if lost and (only is not None or not taken):
            again = judged(session, rules, request, slots, at, by, but=list(taken.values()))
            _all_free(session, rules, request, again, at, by, exactly=True)
            raise NotAllFree(_some_gone(), again)
        booked = stand(session, series, request, list(taken.values()), at, by, entry)
    left_out = [each for each in dates if not each.free]
    left_out += [Date(each.day, each.slot, "taken", _("gerade vergeben"), each.cents) for each in lost]
    result = SeriesBooked(series, booked, sorted(left_out, key=lambda each: each.day))
    if entry.allotment_id is None:
        series_letters.booked(session, series, booked, result.left_out, at)
    return result


def _made_already(session: Session, rules: HallPlan, request: Request, once: UUID) -> SeriesBooked | None:
    """The series that the same form has made already. Raises Refused for a name that stands for something else."""
    in_line(session, f"series {once}")
    series = session.get(Series, once)
    if series is None:
        return None
    whose = request.organisation.id if request.organisation else None
    if series.municipality_id != rules.town_id or series.organisation_id != whose:
        raise Refused(_("Bitte laden Sie die Seite neu und versuchen Sie es noch einmal."))
    ours = select(HallUse.booking_id).where(HallUse.series_id == series.id)
    booked = session.scalars(select(Booking).where(Booking.id.in_(ours)).order_by(Booking.starts_at))
    return SeriesBooked(series, list(booked), [])


def chosen(rules: HallPlan, request: Request, only: Sequence[Slot]) -> dict[date, Slot | None]:
    """The slots by their day; each must be for another day of the request. Raises Refused."""
    days = {local_date(slot.span.start, rules.zone): slot for slot in only}
    if not days or len(days) < len(only) or not set(days) <= set(request.repeat.days(rules.day_off)):
        raise Refused(_("Bitte wählen Sie für jeden Tag der Serie höchstens einen Termin, und mindestens einen Tag."))
    return dict(days)


def part_ids(rules: HallPlan, slots: Any) -> list[UUID]:
    """The resources of the slots' halls; all of a hall, for whoever looks for something else there."""
    return [part for hall_id in {slot.hall_id for slot in slots if slot} for part in _parts_of(rules, hall_id)]


def _parts_of(rules: HallPlan, hall_id: UUID) -> list[UUID]:
    return rules.halls[hall_id].part_ids if hall_id in rules.halls else []


@contextmanager
def at_hand(session: Session, series: Series, tariff_ids: Iterable[UUID | None]) -> Iterator[None]:
    """Within this, what every date needs is read once: the session itself forgets what nobody holds."""
    ids = {tariff_id for tariff_id in tariff_ids if tariff_id}
    held: list[Any] = [
        session.scalars(select(Tariff).where(Tariff.id.in_(ids)).options(selectinload(Tariff.items))).all(),
        session.scalars(select(HallUse).where(HallUse.series_id == series.id)).all(),
    ]
    yield
    held.clear()


def _some_gone() -> str:
    return _("Nicht alle Termine sind (noch) frei. Es ist nichts gebucht. Bitte sehen Sie die Liste noch einmal durch.")


def _all_free(
    session: Session,
    rules: HallPlan,
    request: Request,
    dates: Sequence[Date],
    at: datetime,
    by: Actor,
    *,
    exactly: bool,
) -> None:
    """Refuse where a date isn't free, or (not ``exactly``) none is."""
    if all(each.free for each in dates) and dates:
        return
    sentence = _some_gone() if exactly else _("Keiner dieser Termine ist frei. Es ist nichts gebucht.")
    raise NotAllFree(sentence, with_alternatives(session, rules, request, dates, at, by))


def _made(session: Session, rules: HallPlan, request: Request, at: datetime, by: Actor, entry: Entry) -> Series:
    series = Series(
        id=entry.once or uuid4(),
        municipality_id=rules.town_id,
        hall_id=request.hall_id,
        organisation_id=request.organisation.id if request.organisation else None,
        number=new_number("HS"),
        repeat=request.repeat,
        email=request.use.email,
        made_at=at,
        made_by=by.name,
        allotment_id=entry.allotment_id,
    )
    session.add(series)
    session.flush()
    return series


def _take(
    session: Session, rules: HallPlan, series: Series, request: Request, slots: Sequence[Slot], at: datetime, by: Actor
) -> dict[Slot, UUID]:
    """Hold the slots for the series, as far as nobody was quicker; the new bookings by slot."""
    rows = _new(session, rules, request, slots, at, by)
    got = _claim(session, rules, {row["id"]: slot for slot, row in rows.items()})
    if lost := [row["id"] for row in rows.values() if row["id"] not in got]:
        session.execute(delete(Claim).where(Claim.booking_id.in_(lost)))
        session.execute(delete(Booking).where(Booking.id.in_(lost)))
    return _kept(session, series, request.use, {slot: row["id"] for slot, row in rows.items() if row["id"] in got})


def take_together(
    session: Session,
    rules: HallPlan,
    series: Series,
    request: Request,
    new: Sequence[Slot],
    moving: Mapping[UUID, Slot],
    at: datetime,
    by: Actor,
) -> dict[Slot, UUID] | None:
    """Hold all new slots, and let bookings that have freed their claims claim others; the new bookings by slot. None
    where somebody was quicker: the caller undoes it all."""
    rows = _new(session, rules, request, new, at, by)
    wanted = {row["id"]: slot for slot, row in rows.items()} | dict(moving)
    if len(_claim(session, rules, wanted)) < len(wanted):
        return None
    return _kept(session, series, request.use, {slot: row["id"] for slot, row in rows.items()})


def _new(
    session: Session, rules: HallPlan, request: Request, slots: Sequence[Slot], at: datetime, by: Actor
) -> dict[Slot, dict[str, Any]]:
    """Rows of new bookings, held for a moment."""
    language = "de" if by.kind == "clerk" else texts.language.get()
    rows = {
        slot: reservation.row(rules, slot, request.whose_class, at, by, at + _A_WHILE) | {"language": language}
        for slot in slots
    }
    if rows:
        session.execute(_BOOK, list(rows.values()))
    return rows


def _claim(session: Session, rules: HallPlan, slots: Mapping[UUID, Slot]) -> set[UUID]:
    """Claim these slots for these bookings; those that got theirs. All claims are taken in one order, so that two
    series that cross don't wait for each other."""
    wanted = {key: rules.halls[slot.hall_id].claims(slot.parts, slot.span) for key, slot in slots.items()}
    got = claims.take_for(session, wanted)
    claims.changed(session, {each.resource_id for booking_id in got for each in wanted[booking_id]})
    return got


def _kept(session: Session, series: Series, use: Use, taken: dict[Slot, UUID]) -> dict[Slot, UUID]:
    """Write down that these bookings are dates of the series, and what for."""
    said = {name: getattr(use, name) for name in Use.__dataclass_fields__ if name not in ("email", "phone")}
    said |= {"traits": list(use.traits), "sought": folded(f"{use.organiser} {use.contact} {use.title}")}
    whose = said | {"series_id": series.id, "organisation_id": series.organisation_id}
    rows = [{"booking_id": key, "parts": list(slot.parts), **whose} for slot, key in taken.items()]
    if rows:
        session.execute(_USE, rows)
    return taken


def stand(
    session: Session,
    series: Series,
    request: Request,
    booking_ids: Sequence[UUID],
    at: datetime,
    by: Actor,
    entry: Entry = _ONLINE,
) -> list[Booking]:
    """Let held dates stand, as far as the policy lets them by themselves; in their order."""
    ours = select(Booking).where(Booking.id.in_(booking_ids)).order_by(Booking.starts_at)
    booked = list(session.scalars(ours.options(selectinload(Booking.policy), selectinload(Booking.municipality))))
    with letters.quiet(session), at_hand(session, series, [booking.tariff_id for booking in booked]):
        reservation.stand_together(session, booked, request.use, at, by, entry.channel, entry.received_at)
    return booked
