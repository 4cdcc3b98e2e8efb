"""The terms of a policy as fields of a form, and back: ``typed(read(form)) == form``."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking import class_forms
from buchbar.booking.terms import CancellationStep, DaysAfterBooking, Deadline, EarlierOf, MonthsBeforeDate, Terms
from buchbar.calendar.release import FixedInstant, MonthlyFirstWorkingDay, ReleaseRule, Rolling
from buchbar.calendar.walls import MINUTES_A_DAY, at, local

RELEASE = {
    "rolling": N_("Jeder Tag einzeln, so viele Monate vorher"),
    "monthly_first_working_day": N_("Ein ganzer Monat am ersten Werktag, so viele Monate vorher"),
    "fixed_instant": N_("Alle Tage ab einem festen Zeitpunkt"),
}
DEADLINE = {
    "none": N_("Keine Frist"),
    "days_after_booking": N_("So viele Tage nach der Reservierung"),
    "months_before_date": N_("So viele Monate vor dem Termin"),
    "earlier_of": N_("Was von beidem früher ist"),
}
APPROVAL = {
    "none": N_("Niemand, die Reservierung gilt sofort"),
    "office": N_("Das Amt"),
    "office_and_owner": N_("Das Amt und, wo er jemand anderem gehört, der Trauort"),
}
PAYMENT = {
    "none": N_("Keine Bezahlung online"),
    "optional": N_("Kann online bezahlt werden"),
    "required": N_("Gilt erst, wenn bezahlt ist"),
    "later": N_("Rechnung kommt später"),
}
STEPS = 12  # cancellation steps that a form can hold
# The fields in the order in which they stand on the page, and so the order of their faults.
ORDER = (
    *("valid_from", "release", "release_months", "release_time", "release_day", "release_until", "lead_days"),
    *("hold_minutes", "proof_minutes", "approval", "owner_reminder_days", "holds_per_address", "gate_foreign"),
    *("deadline", "deadline_days", "deadline_months", "reminder_days", "payment", "pay_days"),
    *class_forms.ORDER,
    *(f"step_{part}_{number}" for number in range(1, STEPS + 1) for part in ("days", "percent")),
    "retention_months",
)


def _time(typed: str) -> int:
    """A time of day that begins a minute of that day."""
    minutes = forms.minute(typed)
    if minutes == MINUTES_A_DAY:
        raise ValueError(_("Bitte eine Uhrzeit von 00:00 bis 23:59 eingeben."))
    return minutes


def _days(typed: str) -> tuple[int, ...]:
    """Numbers of days such as "14, 3", the largest first; none at all is fine."""
    parts = [part.strip() for part in typed.replace(";", ",").split(",") if part.strip()]
    days = {forms.whole(1, 365)(part) for part in parts}
    if len(days) > 10:
        raise ValueError(_("Bitte höchstens zehn Erinnerungen."))
    return tuple(sorted(days, reverse=True))


FIELDS: dict[str, forms.Field] = {
    "lead_days": forms.whole(0, 365),
    "hold_minutes": forms.whole(1, 120),
    "proof_minutes": forms.whole(5, 2880),
    "approval": forms.one_of(*APPROVAL),
    "payment": forms.one_of(*PAYMENT),
    "pay_days": forms.whole(1, 90),
    "holds_per_address": forms.whole(1, 50),
    "reminder_days": _days,
    "retention_months": forms.whole(1, 120),
    "release": forms.one_of(*RELEASE),
}
# Where one takes a slot as it is, and somebody may have to register for it; the others: class_forms.py.
OF_SLOTS: dict[str, forms.Field] = {
    "owner_reminder_days": lambda typed: tuple(reversed(_days(typed))),
    "gate_foreign": forms.ticked,
    "deadline": forms.one_of(*DEADLINE),
}
# What a kind of rule needs beside its name.
RELEASE_FIELDS: dict[str, dict[str, forms.Field]] = {
    "rolling": {"release_months": forms.whole(0, 120), "release_time": _time},
    "monthly_first_working_day": {"release_months": forms.whole(0, 120), "release_time": _time},
    "fixed_instant": {
        "release_time": _time,
        "release_day": forms.day,
        "release_until": forms.optional(forms.day),
    },
}
DEADLINE_FIELDS: dict[str, dict[str, forms.Field]] = {
    "none": {},
    "days_after_booking": {"deadline_days": forms.whole(1, 730)},
    "months_before_date": {"deadline_months": forms.whole(1, 24)},
    "earlier_of": {"deadline_days": forms.whole(1, 730), "deadline_months": forms.whole(1, 24)},
}


def read(form: Mapping[str, str], zone: ZoneInfo, today: date, by_class: bool = False) -> tuple[Terms, date]:
    """The terms and the day from which they hold; ``by_class`` as in journeys.InRules. Raises Invalid with a sentence
    per faulty field and all that was typed."""
    fields = FIELDS | {"valid_from": _not_before(today)} | RELEASE_FIELDS.get(form.get("release", ""), {})
    if not by_class:
        fields |= OF_SLOTS | DEADLINE_FIELDS.get(form.get("deadline", ""), {})
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    try:
        values = vars(forms.read(form, **fields))
    except Invalid as fault:
        faults |= fault.fields
    steps = _read_steps(form, faults)
    release = _release(values, zone) if values else Rolling(0)
    own: dict[str, Any] = {}
    if by_class:
        own = class_forms.read(form, release, faults)
    if faults:
        raise Invalid({name: faults[name] for name in ORDER if name in faults}, dict(form))
    if not by_class:
        own = {name: values[name] for name in OF_SLOTS} | {"deadline": _deadline(values)}
    plain = {name: values[name] for name in FIELDS if name != "release"}
    return Terms(release=release, cancellation=steps, **plain, **own), values["valid_from"]


def _not_before(today: date) -> forms.Field:
    def convert(typed: str) -> date:
        day = forms.day(typed)
        if day < today:
            raise ValueError(_("Eine Regelung gilt frühestens ab heute."))
        return day

    return convert


def _read_steps(form: Mapping[str, str], faults: dict[str, str]) -> tuple[CancellationStep, ...]:
    steps = {}
    for number in range(1, STEPS + 1):
        names = (f"step_days_{number}", f"step_percent_{number}")
        if not any((form.get(name) or "").strip() for name in names):
            continue
        try:
            step = vars(forms.read(form, **dict(zip(names, (forms.whole(0, 730), forms.whole(0, 100)), strict=True))))
        except Invalid as fault:
            faults |= fault.fields
            continue
        days, percent = (step[name] for name in names)
        if days in steps:
            faults[names[0]] = _("Diese Zahl von Tagen steht schon in einer anderen Zeile.")
        steps[days] = percent
    return tuple(CancellationStep(days, steps[days]) for days in sorted(steps, reverse=True))


def _release(values: dict[str, Any], zone: ZoneInfo) -> ReleaseRule:
    match values["release"]:
        case "rolling":
            return Rolling(values["release_months"], values["release_time"])
        case "monthly_first_working_day":
            return MonthlyFirstWorkingDay(values["release_months"], values["release_time"])
        case _:
            return FixedInstant(at(values["release_day"], values["release_time"], zone), values["release_until"])


def _deadline(values: dict[str, Any]) -> Deadline | None:
    match values["deadline"]:
        case "days_after_booking":
            return DaysAfterBooking(values["deadline_days"])
        case "months_before_date":
            return MonthsBeforeDate(values["deadline_months"])
        case "earlier_of":
            return EarlierOf(values["deadline_days"], values["deadline_months"])
        case _:
            return None


def typed(terms: Terms, zone: ZoneInfo, valid_from: date) -> dict[str, str]:
    """The fields of the form that would make these terms."""
    plain = ("lead_days", "hold_minutes", "proof_minutes", "approval", "payment", "pay_days", "holds_per_address")
    fields = {name: str(getattr(terms, name)) for name in (*plain, "retention_months")}
    fields |= {
        "valid_from": valid_from.isoformat(),
        "reminder_days": ", ".join(str(days) for days in terms.reminder_days),
        "owner_reminder_days": ", ".join(str(days) for days in terms.owner_reminder_days),
        "gate_foreign": "ja" if terms.gate_foreign else "",
    }
    for number, step in enumerate(terms.cancellation, 1):
        fields |= {f"step_days_{number}": str(step.days), f"step_percent_{number}": str(step.percent)}
    fields |= _typed_release(terms.release, zone) | _typed_deadline(terms.deadline)
    return fields | class_forms.typed(terms)


def _typed_release(rule: ReleaseRule, zone: ZoneInfo) -> dict[str, str]:
    if isinstance(rule, FixedInstant):
        opens: datetime = local(rule.opens, zone)
        return {
            "release": "fixed_instant",
            "release_day": opens.date().isoformat(),
            "release_time": f"{opens:%H:%M}",
            "release_until": rule.until.isoformat() if rule.until else "",
        }
    return {
        "release": "rolling" if isinstance(rule, Rolling) else "monthly_first_working_day",
        "release_months": str(rule.months),
        "release_time": f"{rule.at_minute // 60:02d}:{rule.at_minute % 60:02d}",
    }


def _typed_deadline(deadline: Deadline | None) -> dict[str, str]:
    match deadline:
        case DaysAfterBooking(days=days):
            return {"deadline": "days_after_booking", "deadline_days": str(days)}
        case MonthsBeforeDate(months=months):
            return {"deadline": "months_before_date", "deadline_months": str(months)}
        case EarlierOf(days=days, months=months):
            return {"deadline": "earlier_of", "deadline_days": str(days), "deadline_months": str(months)}
        case _:
            return {"deadline": "none"}
