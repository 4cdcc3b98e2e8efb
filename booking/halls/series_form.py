"""The form for a series: parts of a hall, a day and a time that repeats, until when, and what for."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from buchbar.accounts.clubs import Organisation
from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.base.web import Form
from buchbar.booking.halls import slot_form
from buchbar.booking.halls.plan import HallPlan, HallRules, Parts
from buchbar.booking.halls.reservation import Slot, Use
from buchbar.booking.halls.tariff import OFFERS
from buchbar.calendar.repeats import MOST_DATES, Repeat

RHYTHMS = {
    "week": N_("jede Woche"),
    "two_weeks": N_("alle zwei Wochen"),
    "month": N_("jeden Monat am selben Wochentag (zum Beispiel am zweiten Dienstag)"),
}
LABELS = {
    "wo": N_("Halle und Teil"),
    "ab": N_("Ab welchem Termin?"),
    "tag": N_("Erster Tag"),
    "von": N_("Beginn"),
    "minuten": N_("Dauer in Minuten"),
    "rhythmus": N_("Wie oft?"),
    "bis": N_("Letzter Tag"),
    "anzahl": N_("Oder: wie viele Termine?"),
    "ferien": N_("Nicht in den Schulferien und an Feiertagen"),
    "wer": N_("Für wen buchen Sie?"),
    "contact": N_("Wer ist Ihre Ansprechperson?"),
    "phone": N_("Telefonnummer"),
    "title": N_("Was findet statt?"),
    "sport": N_("Sportart"),
    "purpose": N_("Wofür?"),
    "age_group": N_("Für wen?"),
    "persons": N_("Wie viele Personen?"),
    "coach": N_("Wer ist in der Halle verantwortlich?"),
    "coach_phone": N_("Telefonnummer dort"),
    "remarks": N_("Bemerkung"),
}
EMPTY = dict.fromkeys(LABELS, "")
MOST_PERSONS = 5000
_WHEN: dict[str, forms.Field] = {
    "tag": forms.day,
    "von": slot_form.beginning,
    "minuten": forms.whole(5, slot_form.LONGEST_MINUTES),
    "rhythmus": forms.one_of(*RHYTHMS),
    "bis": forms.optional(forms.day),
    "anzahl": forms.whole(1, MOST_DATES, required=False),
    "ferien": forms.ticked,
}
USE: dict[str, forms.Field] = {
    "contact": forms.text(120),
    "phone": forms.phone,
    "title": forms.text(120, required=False),
    "sport": forms.text(80, required=False),
    "purpose": forms.one_of(*OFFERS.purposes),
    "age_group": forms.one_of(*OFFERS.age_groups),
    "persons": forms.whole(1, MOST_PERSONS),
    "coach": forms.text(120, required=False),
    "coach_phone": forms.phone,
    "remarks": forms.text(500, required=False, lines=True),
}


def read_repeat(form: Mapping[str, str]) -> Repeat:
    """When it is to be. Raises Invalid field by field."""
    read = forms.read(form, **_WHEN)
    if read.bis is None and read.anzahl is None:
        raise Invalid({"bis": _("Bitte geben Sie den letzten Tag an, oder wie viele Termine es sein sollen.")})
    if read.bis and read.bis < read.tag:
        raise Invalid({"bis": _("Das Ende liegt vor dem Anfang.")})
    return Repeat(
        first=read.tag,
        from_minute=read.von,
        until_minute=read.von + read.minuten,
        every=read.rhythmus,
        last=read.bis,
        count=read.anzahl,
        without_holidays=read.ferien,
    )


def read_place(form: Mapping[str, str], rules: HallPlan, hall: HallRules | None = None) -> tuple[UUID, Parts]:
    """Where it is to be, perhaps in a certain hall. Raises Invalid."""
    hall_id, parts = forms.read(form, wo=slot_form.place).wo
    found = rules.halls.get(hall_id)
    if found is None or not found.allows(parts) or (hall and hall.id != hall_id):
        raise Invalid({"wo": _("Bitte wählen Sie Halle und Teil.")})
    return hall_id, parts


def read_use(form: Mapping[str, str], organisation: Organisation | None, email: str, organiser: str = "") -> Use:
    """What it is for; a club's name stands. Raises Invalid field by field."""
    values = vars(forms.read(form, **USE))
    traits = [name for name in OFFERS.traits if form.get(f"trait_{name}")]
    street, city = (organisation.street, organisation.city) if organisation else ("", "")
    name = organisation.name if organisation else organiser or values["contact"]
    return Use(organiser=name, email=email, street=street, city=city, traits=traits, **values)


def together(form: Mapping[str, str], *reads: Any) -> list[Any]:
    """What several readers of one form have read. Raises Invalid with the faults of all."""
    values, faults = [], dict[str, str]()
    for read in reads:
        try:
            values.append(read(form))
        except Invalid as fault:
            faults |= fault.fields
    if faults:
        raise Invalid(faults, dict(form))
    return values


def read_chosen(form: Form) -> list[Slot] | None:
    """The slots that were ticked or picked; None where all that is free is wanted. Raises Invalid."""
    if form.get("alle"):
        return None
    slots = [slot_form.chosen(value) for value in form.all("termin") if value]
    if not slots:
        raise Invalid({"termin": _("Bitte wählen Sie mindestens einen Termin.")})
    return slots


def known(rules: HallPlan, repeat: Repeat, slot: Slot, first: date) -> dict[str, str]:
    """A rule as it stands in the form, from another first day on."""
    typed = slot_form.typed(slot, rules)
    minute = repeat.from_minute
    return typed | {
        "tag": first.isoformat(),
        "von": f"{minute // 60:02d}:{minute % 60:02d}",
        "minuten": str(repeat.until_minute - repeat.from_minute),
        "rhythmus": repeat.every,
        "bis": repeat.last.isoformat() if repeat.last else "",
        "anzahl": "",
        "ferien": "ja" if repeat.without_holidays else "",
    }


def choices(hall_sports: Sequence[str]) -> dict[str, Any]:
    """What the form offers."""
    return {
        "rhythms": [(name, _(label)) for name, label in RHYTHMS.items()],
        "purposes": [(name, _(label)) for name, label in OFFERS.purposes.items()],
        "ages": [(name, _(label)) for name, label in OFFERS.age_groups.items()],
        "sports": [("", _("keine oder andere")), *((sport, sport) for sport in hall_sports)],
        "labels": {name: _(label) for name, label in LABELS.items()},
        "most_persons": MOST_PERSONS,
    }
