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
from buchbar.booking.halls import series_form
from buchbar.booking.halls.plan import HallPlan, HallRules
from buchbar.booking.halls.reservation import Slot
from buchbar.booking.halls.series_dates import Date, Request
from buchbar.booking.halls.tariff import OFFERS
from buchbar.calendar.spans import Span

# What the form calls what a program says; the rest is what the hall is for.
_NAMES = {
    "tag": "repeat.first",
    "von": "repeat.begins",
    "minuten": "repeat.minutes",
    "rhythmus": "repeat.every",
    "bis": "repeat.last",
    "anzahl": "repeat.count",
    "parts": "parts",
}


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
    """What the hall is for; ``traits`` are what some tariffs ask about beside it, such as "entry_fee"."""

    persons: int
    title: str = ""
    sport: str = ""
    purpose: Literal["training", "match", "event"] = "training"
    age_group: Literal["adults", "youth"] = "adults"
    traits: list[str] = []
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
    use: UseSaid
    only: list[SlotSaid] | None = None


def decoded(body: bytes) -> SeriesSaid:
    """Raises Invalid with what is wrong, and where."""
    try:
        return msgspec.json.decode(body, type=SeriesSaid)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise Invalid({"body": str(fault)}) from None


def request_of(said: SeriesSaid, rules: HallPlan, person: Person, club: Organisation) -> Request:
    """The request, read with the fields of the page's form. Raises Invalid with each fault under its name, NotFound for
    an unknown hall."""
    hall = rules.hall(said.hall)
    try:
        repeat, use, parts = series_form.together(
            _typed(said, person),
            series_form.read_repeat,
            lambda typed: series_form.read_use(typed, club, person.email),
            lambda _typed: _parts(hall, said.parts),
        )
    except Invalid as fault:
        raise Invalid({_NAMES.get(name, f"use.{name}"): why for name, why in fault.fields.items()}) from None
    if unknown := set(said.use.traits) - set(OFFERS.traits):
        raise Invalid({"use.traits": _("Das gibt es nicht: %s.") % ", ".join(sorted(unknown))[:120]})
    return Request(hall_id=hall.id, parts=parts, repeat=repeat, use=use, organisation=club)


def _typed(said: SeriesSaid, person: Person) -> dict[str, str]:
    """What was said, as the form would send it."""
    repeat, use = said.repeat, msgspec.structs.asdict(said.use)
    traits = {f"trait_{name}": "ja" for name in use.pop("traits")}
    use |= {"persons": str(said.use.persons), "contact": said.use.contact or person.name}
    return (
        use
        | traits
        | {
            "tag": repeat.first.isoformat(),
            "von": repeat.begins,
            "minuten": str(repeat.minutes),
            "rhythmus": repeat.every,
            "bis": repeat.last.isoformat() if repeat.last else "",
            "anzahl": "" if repeat.count is None else str(repeat.count),
            "ferien": "ja" if repeat.without_holidays else "",
        }
    )


def _parts(hall: HallRules, said: Sequence[int]) -> tuple[int, ...]:
    parts = tuple(sorted(said))
    if not hall.allows(parts):
        raise Invalid({"parts": _("Diese Teile der Halle können nicht zusammen gebucht werden.")})
    return parts


def slots_of(said: Sequence[SlotSaid], rules: HallPlan) -> list[Slot]:
    """The chosen dates. Raises Invalid, NotFound for an unknown hall."""
    found = []
    for each in said:
        if each.start.tzinfo is None or not 0 < each.minutes <= 1440 or not 2000 <= each.start.year < 2100:
            raise Invalid({"only": _("Ein Termin hat einen Beginn mit Zeitzone und höchstens 1440 Minuten.")})
        span = Span(each.start, each.start + timedelta(minutes=each.minutes))
        hall = rules.hall(each.hall)
        try:
            found.append(Slot(hall.id, _parts(hall, each.parts), span))
        except Invalid as fault:
            raise Invalid({f"only.{name}": why for name, why in fault.fields.items()}) from None
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
