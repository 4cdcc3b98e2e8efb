"""A hall, its parts, a day, a beginning and a length: as a form asks for them, and as a form names a slot."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import urlencode
from uuid import UUID

from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts, parts_in_words, read_parts
from buchbar.booking.halls.reservation import Slot
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at, local_date, wall_minutes

LONGEST_MINUTES = 1440
USUAL_MINUTES = 90


def place(typed: str) -> tuple[UUID, Parts]:
    """A hall and its parts, as a form names them. ValueError with a sentence for anything else."""
    hall_id, _slash, parts = typed.partition("/")
    try:
        return UUID(hall_id), read_parts(parts)
    except (ValueError, NotFound):
        raise ValueError(_("Bitte wählen Sie Halle und Teil.")) from None


def beginning(typed: str) -> int:
    """When something begins, in minutes since midnight."""
    minute = forms.minute(typed)
    if minute == MINUTES_A_DAY:
        raise ValueError(_("Bitte eine Uhrzeit wie 18:30 eingeben."))
    return minute


FIELDS = {"wo": place, "tag": forms.day, "von": beginning, "minuten": forms.whole(5, LONGEST_MINUTES)}
LABELS = ("wo", "tag", "von", "minuten")


def slot(read: SimpleNamespace, rules: HallPlan, own: Slot | None = None) -> Slot:
    """The slot that was asked for with FIELDS. Who left the time of ``own`` as it is means its very moment, also in the
    hour that the clock change repeats."""
    hall_id, parts = read.wo
    start = at(read.tag, read.von, rules.zone)
    if own and (read.tag, read.von) == (
        local_date(own.span.start, rules.zone),
        wall_minutes(own.span.start, rules.zone),
    ):
        start = own.span.start
    return Slot(hall_id, parts, Span(start, start + timedelta(minutes=read.minuten)))


def typed(slot: Slot, rules: HallPlan) -> dict[str, str]:
    """A slot as it stands in the form."""
    day, minute = _on_the_wall(slot.span.start, rules)
    return {
        "wo": _place(slot.hall_id, slot.parts),
        "tag": day.isoformat(),
        "von": f"{minute // 60:02d}:{minute % 60:02d}",
        "minuten": str(_minutes(slot.span)),
    }


def places(rules: HallPlan, own: Slot | None = None, own_parts: str = "") -> list[tuple[str, str]]:
    """What can be had in all halls, as options; and what a booking has, even if nobody else can have it like that."""
    found = {
        _place(hall.id, parts): f"{hall.name}: {hall.named(parts)}"
        for hall in rules.halls.values()
        for parts in hall.choices()
    }
    if own and _place(own.hall_id, own.parts) not in found:
        hall_name = rules.halls[own.hall_id].name if own.hall_id in rules.halls else ""
        found = {_place(own.hall_id, own.parts): f"{hall_name}: {own_parts}", **found}
    return list(found.items())


def value(slot: Slot) -> str:
    """A slot in one word, as forms and addresses name it."""
    return f"{_place(slot.hall_id, slot.parts)}/{slot.span.start.isoformat()}/{_minutes(slot.span)}"


def entering(hall: HallRules, number: int, day: date, rules: HallPlan, free: Span | None = None) -> str:
    """The query with which the form for entering begins at a part, or at the least that can be had with it, on a day;
    with what is free, also when and how long."""
    parts = next((each for each in hall.choices() if number in each), (number,))
    asked = {"wo": _place(hall.id, parts), "tag": day.isoformat()}
    if free is not None:
        asked["von"] = f"{free.start.astimezone(rules.zone):%H:%M}"
        asked["minuten"] = str(min(_minutes(free), USUAL_MINUTES))
    return urlencode(asked)


def chosen(typed: str) -> Slot:
    """The slot that such a word names. Raises Invalid for anything else."""
    try:
        hall_id, parts, start, minutes = typed.split("/")
        first = datetime.fromisoformat(start)
        lasting = forms.whole(5, LONGEST_MINUTES)(minutes)
        if first.tzinfo is None or first.year not in forms.YEARS:
            raise ValueError(start)
        return Slot(UUID(hall_id), read_parts(parts), Span(first, first + timedelta(minutes=lasting)))
    except (ValueError, NotFound):
        raise Invalid({"termin": _("Bitte wählen Sie einen Termin.")}) from None


def _place(hall_id: UUID, parts: Collection[int]) -> str:
    return f"{hall_id}/{parts_in_words(parts)}"


def _on_the_wall(start: datetime, rules: HallPlan) -> tuple[date, int]:
    return local_date(start, rules.zone), wall_minutes(start, rules.zone)


def _minutes(span: Span) -> int:
    return int(span.length.total_seconds()) // 60
