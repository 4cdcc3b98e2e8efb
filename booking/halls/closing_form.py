"""What a clerk types to close halls: which parts, when, how often, and what becomes of the bookings."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from uuid import UUID

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking import closing_forms
from buchbar.booking.halls.plan import HallPlan
from buchbar.booking.making_way import Decision, InWay
from buchbar.calendar.repeats import Repeat
from buchbar.calendar.spans import Span
from buchbar.calendar.walls import MINUTES_A_DAY, at

ONCE = "einmal"
EVERY = {
    ONCE: N_("nur dieses Mal, vom ersten bis zum letzten Tag"),
    "week": N_("jede Woche am selben Wochentag"),
    "two_weeks": N_("alle zwei Wochen"),
    "month": N_("jeden Monat am selben Wochentag, wie „am ersten Montag“"),
}
MOST_DATES = 60


def part_ids(form: Form, plan: HallPlan) -> list[UUID]:
    """The parts that were ticked, and all parts of the halls that were ticked. Raises Invalid."""
    wanted = {value for value in form.all("was") if value}
    chosen = [
        part.id
        for hall in plan.halls.values()
        for part in hall.parts.values()
        if str(hall.id) in wanted or str(part.id) in wanted
    ]
    if not chosen:
        raise Invalid({"was": _("Bitte wählen Sie, was gesperrt wird.")})
    return chosen


def read(form: Form, plan: HallPlan) -> tuple[list[Span], str]:
    """When and why. Without times whole days are closed, the last one included. Raises Invalid."""
    typed = forms.read(
        form,
        von_tag=forms.day,
        bis_tag=forms.optional(forms.day),
        von_zeit=forms.optional(forms.minute),
        bis_zeit=forms.optional(forms.minute),
        wie_oft=lambda text: forms.one_of(*EVERY)(text or ONCE),
        ohne_ferien=forms.ticked,
        grund=forms.text(200),
    )
    if typed.bis_tag and typed.bis_tag < typed.von_tag:
        raise Invalid({"bis_tag": _("Das Ende liegt vor dem Anfang.")})
    repeated = typed.wie_oft != ONCE
    return (_repeated(typed, plan) if repeated else _once(typed, plan)), typed.grund


def _once(typed: SimpleNamespace, plan: HallPlan) -> list[Span]:
    until = MINUTES_A_DAY if typed.bis_zeit is None else typed.bis_zeit
    start = at(typed.von_tag, typed.von_zeit or 0, plan.zone)
    end = at(typed.bis_tag or typed.von_tag, until, plan.zone)
    if end <= start:
        raise Invalid({"bis_zeit": _("Das Ende liegt vor dem Anfang.")})
    return [Span(start, end)]


def _repeated(typed: SimpleNamespace, plan: HallPlan) -> list[Span]:
    if typed.bis_tag is None:
        raise Invalid({"bis_tag": _("Bitte sagen Sie, bis wann es sich wiederholt.")})
    start, end = typed.von_zeit or 0, MINUTES_A_DAY if typed.bis_zeit is None else typed.bis_zeit
    until = end if end > start else end + MINUTES_A_DAY  # over midnight
    repeat = Repeat(
        first=typed.von_tag,
        from_minute=start,
        until_minute=until,
        every=typed.wie_oft,
        last=typed.bis_tag,
        without_holidays=typed.ohne_ferien,
    )
    days = repeat.days(plan.day_off)
    if not days:
        raise Invalid({"bis_tag": _("In dieser Zeit gibt es keinen solchen Tag.")})
    if len(days) > MOST_DATES:
        raise Invalid({"bis_tag": _("Bitte höchstens %d Termine auf einmal.") % MOST_DATES})
    return [span for day in days if (span := repeat.span(day, plan.zone))]


def decided(form: Mapping[str, str], asked: Sequence[InWay]) -> tuple[dict[UUID, Decision], str]:
    """What becomes of each booking; where nothing is said of one, what is said for all (``alle``), if that can be.
    Raises Invalid."""
    for_all = form.get("alle", "")
    said = dict(form)
    for each in asked:
        key = f"was_{each.booking.id}"
        if not said.get(key) and for_all in each.ways:
            said[key] = for_all
    return closing_forms.decided(said, list(asked))
