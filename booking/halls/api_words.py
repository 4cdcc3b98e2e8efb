"""What programs say and are told of halls, as JSON."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from buchbar.accounts.clubs import Organisation
from buchbar.accounts.people import Person
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.reservation import Slot, Use
from buchbar.booking.halls.series_dates import Date, Request
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.spans import Span


class RepeatSaid(msgspec.Struct, forbid_unknown_fields=True):
    """Dates from ``first`` on; ``begins`` is the time on the wall, "18:30". It ends with ``last`` or after ``count``
    dates, whichever comes first."""

    first: date
    begins: str
    minutes: int
    every: Literal["week", "two_weeks", "month"] = "week"
    last: date | None = None
    count: int | None = None
    without_holidays: bool = False


class UseSaid(msgspec.Struct, forbid_unknown_fields=True):
    """What the hall is for."""

    title: str = ""
    sport: str = ""
    purpose: str = "training"
    age_group: Literal["adults", "youth"] = "adults"
    persons: int = 0
    contact: str = ""
    phone: str = ""
    coach: str = ""
    coach_phone: str = ""
    remarks: str = ""


class SlotSaid(msgspec.Struct, forbid_unknown_fields=True):
    """One date that is chosen: a beginning with its offset from UTC."""

    hall: str
    parts: list[int]
    start: datetime
    minutes: int


class SeriesSaid(msgspec.Struct, forbid_unknown_fields=True):
    """A series, for one of the organisations that the person may book for. ``only``: exactly these dates; left out: all
    that are free."""

    organisation: UUID
    hall: str
    parts: list[int]
    repeat: RepeatSaid
    use: UseSaid = msgspec.field(default_factory=UseSaid)
    only: list[SlotSaid] | None = None


def decoded(body: bytes) -> SeriesSaid:
    """Raises Invalid with what is wrong, and where."""
    try:
        return msgspec.json.decode(body, type=SeriesSaid)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise Invalid({"body": str(fault)}) from None


def request_of(said: SeriesSaid, rules: HallPlan, person: Person, club: Organisation) -> Request:
    """The request, as the rules know it. Raises Invalid, NotFound for an unknown hall."""
    hall = rules.hall(said.hall)
    use = Use(
        organiser=club.name,
        contact=said.use.contact or person.name,
        email=person.email,
        street=club.street,
        city=club.city,
        **{
            name: getattr(said.use, name)
            for name in (
                "phone",
                "title",
                "sport",
                "purpose",
                "age_group",
                "persons",
                "coach",
                "coach_phone",
                "remarks",
            )
        },
    )
    return Request(
        hall_id=hall.id,
        parts=tuple(sorted(said.parts)),
        repeat=_repeat(said.repeat),
        use=use,
        organisation=club,
    )


def _repeat(said: RepeatSaid) -> Repeat:
    hours, colon, minutes = said.begins.partition(":")
    if not (colon and hours.isdigit() and minutes.isdigit() and int(minutes) < 60):
        raise Invalid({"repeat.begins": _("Bitte eine Uhrzeit wie 18:30 eingeben.")})
    begins = int(hours) * 60 + int(minutes)
    if not 2000 <= said.first.year < 2100 or (said.last and said.last.year >= 2100):
        raise Invalid({"repeat.first": _("Bitte ein Datum in den nächsten Jahren eingeben.")})
    try:
        return Repeat(
            first=said.first,
            from_minute=begins,
            until_minute=begins + said.minutes,
            every=said.every,
            last=said.last,
            count=said.count,
            without_holidays=said.without_holidays,
        )
    except ValueError as fault:
        raise Invalid({"repeat": str(fault)}) from None


def slots_of(said: Sequence[SlotSaid], rules: HallPlan) -> list[Slot]:
    """The chosen dates. Raises Invalid, NotFound for an unknown hall."""
    found = []
    for each in said:
        if each.start.tzinfo is None or not 0 < each.minutes <= 1440 or not 2000 <= each.start.year < 2100:
            raise Invalid({"only": _("Ein Termin hat einen Beginn mit Zeitzone und höchstens 1440 Minuten.")})
        span = Span(each.start, each.start + timedelta(minutes=each.minutes))
        found.append(Slot(rules.hall(each.hall).id, tuple(sorted(each.parts)), span))
    return found


def hall_said(hall: HallRules) -> dict[str, Any]:
    """A hall."""
    return {
        "slug": hall.slug,
        "name": hall.name,
        "bookable_online": hall.visibility != "information",
        "step_minutes": hall.step // timedelta(minutes=1),
        "parts": [{"number": part.number, "name": part.name, "side_room": part.side} for part in hall.parts.values()],
        "combinations": [list(parts) for parts in hall.choices()],
        "sports": list(hall.sports),
        "step_free": hall.step_free,
        "spectators": hall.spectators,
    }


def slot_said(rules: HallPlan, slot: Slot) -> dict[str, Any]:
    """A slot, as ``SlotSaid`` takes it again."""
    return {
        "hall": rules.halls[slot.hall_id].slug,
        "parts": list(slot.parts),
        "start": slot.span.start.astimezone(rules.zone).isoformat(),
        "minutes": slot.span.length // timedelta(minutes=1),
    }


def date_said(rules: HallPlan, each: Date) -> dict[str, Any]:
    """A date of a series that isn't booked yet."""
    return {
        "day": each.day.isoformat(),
        "state": each.state,
        "why": each.why,
        "cents": each.cents,
        "slot": slot_said(rules, each.slot) if each.slot else None,
        "alternatives": [slot_said(rules, slot) for slot in each.alternatives],
    }
