"""What a clerk types to close something: what, when, how many years in a row, and what becomes of the bookings."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking.making_way import WAYS, Decision, InWay
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at

ALL = {"trauorte": "venue", "personen": "registrar"}  # in the form, beside the ids of the resources
MOST_YEARS = 5


def wanted(form: Form) -> list[str]:
    """What was ticked."""
    return [value for value in form.all("ressource") if value]


def read(form: Form, zone: ZoneInfo) -> tuple[list[Span], str]:
    """When and why. Without times whole days are closed, the last one included. Raises Invalid."""
    typed = forms.read(
        form,
        von_tag=forms.day,
        bis_tag=forms.optional(forms.day),
        von_zeit=forms.optional(forms.minute),
        bis_zeit=forms.optional(forms.minute),
        jahre=lambda text: forms.whole(1, MOST_YEARS)(text or "1"),
        grund=forms.text(200),
    )
    last: date = typed.bis_tag or typed.von_tag
    until = MINUTES_A_DAY if typed.bis_zeit is None else typed.bis_zeit
    spans: list[Span] = []
    for year in range(typed.jahre):
        first_day, last_day = _years_later(typed.von_tag, year), _years_later(last, year)
        start, end = at(first_day, typed.von_zeit or 0, zone), at(last_day, until, zone)
        if end <= start:
            raise Invalid({"bis_tag" if last < typed.von_tag else "bis_zeit": _("Das Ende liegt vor dem Anfang.")})
        if spans and start < spans[-1].end:
            raise Invalid({"jahre": _("So lange Zeiten können sich nicht jedes Jahr wiederholen.")})
        spans.append(Span(start, end))
    return spans, typed.grund


def decided(form: Mapping[str, str], asked: list[InWay]) -> tuple[dict[UUID, Decision], str]:
    """What becomes of each booking that was asked about, and why those end that are cancelled. Raises Invalid."""
    faults: dict[str, str] = {}
    decisions: dict[UUID, Decision] = {}
    for each in asked:
        key, slot = f"was_{each.booking.id}", f"termin_{each.booking.id}"
        way, to, stand = (form.get(name, "") for name in (key, slot, f"stand_{each.booking.id}"))
        if way not in WAYS or way not in each.ways:
            faults[key] = _("Bitte entscheiden Sie, was aus dieser Buchung wird.")
        elif way == "verlegen" and not to:
            faults[slot] = _("Bitte wählen Sie den neuen Termin.")
        known = int(stand) if stand.isascii() and stand.isdigit() else each.stand
        decisions[each.booking.id] = Decision(way, to, known)
    reason = ""
    try:
        cancelling = any(decision.way == "stornieren" for decision in decisions.values())
        reason = str(forms.read(form, grund_paar=forms.text(500, required=cancelling, lines=True)).grund_paar)
    except Invalid as fault:
        faults |= fault.fields
    if faults:
        raise Invalid(faults)
    return decisions, reason


def _years_later(day: date, years: int) -> date:
    """The same date, so many years later; 28 February for the 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
