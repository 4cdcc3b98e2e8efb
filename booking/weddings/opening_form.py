"""The forms of opening rules and differing days: text to values and back."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from buchbar.base import forms
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.calendar.rules import DayException, WeeklyRule
from buchbar.calendar.walls import MINUTES_A_DAY
from buchbar.resources.opening_edits import Hours, Stretch, chosen_days

NTH = (1, 2, 3, 4, 5, -1)
LONGEST = timedelta(days=366)
MOST_STRETCHES = 800


def read_rule(form: Form) -> WeeklyRule:
    """A weekly rule. Raises Invalid with a sentence per faulty field."""
    read = forms.read(
        form,
        von=forms.minute,
        bis=forms.minute,
        gilt_ab=forms.optional(forms.day),
        gilt_bis=forms.optional(forms.day),
        saison_von=forms.optional(_day_of_year),
        saison_bis=forms.optional(_day_of_year),
        wochen=forms.whole(1, 52),
        anker=forms.optional(forms.day),
        feiertage=forms.ticked,
    )
    weekdays, nth = _weekdays(form, "tage"), frozenset(n for n in NTH if str(n) in form.all("nth"))
    until = read.bis or MINUTES_A_DAY  # midnight as the end of the day
    faults = {}
    if not weekdays:
        faults["tage"] = _("Bitte wählen Sie mindestens einen Wochentag.")
    if until <= read.von:
        faults["bis"] = _("Das Ende liegt vor dem Anfang.")
    if read.gilt_ab and read.gilt_bis and read.gilt_bis < read.gilt_ab:
        faults["gilt_bis"] = _("Das Ende liegt vor dem Anfang.")
    if (read.saison_von is None) != (read.saison_bis is None):
        faults["saison_bis" if read.saison_von else "saison_von"] = _("Eine Saison hat einen ersten und letzten Tag.")
    if read.wochen > 1 and not read.anker:
        faults["anker"] = _("Bitte nennen Sie einen Tag aus einer Woche, in der es gilt.")
    if faults:
        raise Invalid(faults)
    return WeeklyRule(
        weekdays=weekdays,
        from_minute=read.von,
        until_minute=until,
        valid_from=read.gilt_ab,
        valid_until=read.gilt_bis,
        season_from=read.saison_von,
        season_until=read.saison_bis,
        every_weeks=read.wochen,
        anchor=read.anker if read.wochen > 1 else None,
        nth=nth,
        on_holidays=read.feiertage,
    )


def typed_rule(rule: WeeklyRule, today: date) -> dict[str, str]:
    """What the form shows of a rule that is to be changed, from today on by default."""
    season = {"saison_von": rule.season_from, "saison_bis": rule.season_until}
    start = max(today, rule.valid_from) if rule.valid_from else today
    return {
        "von": clock(rule.from_minute),
        "bis": clock(rule.until_minute % MINUTES_A_DAY),
        "gilt_ab": start.isoformat(),
        "gilt_bis": rule.valid_until.isoformat() if rule.valid_until else "",
        "wochen": str(rule.every_weeks),
        "anker": rule.anchor.isoformat() if rule.anchor else "",
        "feiertage": "ja" if rule.on_holidays else "",
    } | {name: f"{each[1]}.{each[0]}." if each else "" for name, each in season.items()}


def read_days(form: Form, today: date) -> tuple[list[date], Hours, str, bool]:
    """Which days differ, their hours (none: closed), why, and whether beside what is said already. Raises Invalid."""
    read = forms.read(
        form,
        erster=forms.day,
        letzter=forms.optional(forms.day),
        art=forms.one_of("zu", "offen"),
        ab=forms.optional(forms.minute),
        ende=forms.optional(forms.minute),
        grund=forms.text(200, required=False),
        dazu=forms.ticked,
    )
    last: date = read.letzter or read.erster
    faults = {}
    if read.erster < today:
        faults["erster"] = _("Dieser Tag ist vorbei.")
    if last < read.erster:
        faults["letzter"] = _("Das Ende liegt vor dem Anfang.")
    elif last - read.erster > LONGEST:
        faults["letzter"] = _("Bitte höchstens ein Jahr auf einmal.")
    hours: Hours = ()
    if read.art == "offen":
        until = MINUTES_A_DAY if read.ende == 0 else read.ende
        if read.ab is None or until is None:
            faults["ab" if read.ab is None else "ende"] = _("Bitte eine Uhrzeit wie 18:30 eingeben.")
        elif until <= read.ab:
            faults["ende"] = _("Das Ende liegt vor dem Anfang.")
        else:
            hours = ((read.ab, until),)
    days = [] if faults else chosen_days(read.erster, last, _weekdays(form, "nur"))
    if not days and not faults:
        faults["nur"] = _("Auf diese Wochentage fällt in der Zeit kein Tag.")
    if faults:
        raise Invalid(faults)
    return days, hours, read.grund, read.dazu and bool(hours)


def read_end(form: Form, today: date) -> date:
    """The last day of a rule: yesterday at the earliest, so that it can end at once. Raises Invalid."""
    last: date = forms.read(form, letzter_tag=forms.day).letzter_tag
    if last < today - timedelta(days=1):
        raise Invalid({"letzter_tag": _("Bitte gestern oder einen späteren Tag.")})
    return last


def read_span(form: Form) -> list[date]:
    """The days that are to follow the rules again. Raises Invalid."""
    read = forms.read(form, erster=forms.day, letzter=forms.day)
    if not timedelta(0) <= read.letzter - read.erster <= 3 * LONGEST:
        raise Invalid({"letzter": _("Das Ende liegt vor dem Anfang.")})
    return chosen_days(read.erster, read.letzter)


def as_choice(stretch: Stretch) -> str:
    """Days that differ alike as the value of a box to tick: "2027-08-02/2027-08-13/480-600,780-960"."""
    hours = ",".join(f"{start}-{end}" for start, end in stretch.hours)
    return f"{stretch.first.isoformat()}/{stretch.last.isoformat()}/{hours}"


def read_choices(values: Sequence[str], today: date, last: date) -> list[Stretch]:
    """The boxes that were ticked. Raises Invalid for what none of our pages says."""
    try:
        chosen = [_choice(value) for value in values[: MOST_STRETCHES + 1]]
    except ValueError:
        raise Invalid({"tag": _("Bitte wählen Sie die Tage noch einmal aus.")}) from None
    if len(chosen) > MOST_STRETCHES or any(not today <= each.first <= each.last <= last for each in chosen):
        raise Invalid({"tag": _("Bitte wählen Sie die Tage noch einmal aus.")})
    if not chosen:
        raise Invalid({"tag": _("Bitte wählen Sie mindestens einen Eintrag.")})
    return chosen


def _choice(value: str) -> Stretch:
    first, last, hours = value.split("/")
    parts = [part.split("-") for part in hours.split(",")] if hours else []
    read = tuple((int(start), int(end)) for start, end in parts)
    stretch = Stretch(date.fromisoformat(first), date.fromisoformat(last), read)
    for start, end in read:
        DayException(stretch.first, start, end)  # refuses what is no time
    return stretch


def _weekdays(form: Form, name: str) -> frozenset[int]:
    return frozenset(day for day in range(7) if str(day) in form.all(name))


def _day_of_year(typed: str) -> tuple[int, int]:
    """ "1.5." as month and day."""
    match = re.fullmatch(r"(\d{1,2})\.\s?(\d{1,2})\.?", typed)
    try:
        read = date(2000, int(match[2]), int(match[1])) if match else None
    except ValueError:
        read = None
    if read is None:
        raise ValueError(_("Bitte Tag und Monat wie 1.5. eingeben."))
    return read.month, read.day


def clock(minute: int) -> str:
    """Minutes since midnight as a field of a form shows them."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
