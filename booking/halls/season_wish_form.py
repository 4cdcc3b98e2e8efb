"""What clubs type about a wish, read field by field; and a wish as text for its form, on their page and at the desk."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from buchbar.accounts.clubs import Organisation
from buchbar.base import forms
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import N_, _
from buchbar.booking.halls import season_words
from buchbar.booking.halls.free import Busy
from buchbar.booking.halls.models import Alternative, Round, SeasonWish
from buchbar.booking.halls.plan import HallPlan
from buchbar.booking.halls.season_allocation import Choice, HallTimes, Wish
from buchbar.booking.halls.season_times import given, halls_in
from buchbar.booking.halls.season_wishes import why_not
from buchbar.booking.halls.season_words import clock
from buchbar.booking.halls.tariff import OFFERS
from buchbar.calendar.walls import local_date

MOST_ALTERNATIVES = 4
WISH_LABELS = {
    "verein": N_("Verein"),
    "titel": N_("Name der Gruppe"),
    "sport": N_("Sportart"),
    "alter": N_("Wer kommt?"),
    "zweck": N_("Wofür?"),
    "personen": N_("Wie viele Personen kommen meistens?"),
    "dauer": N_("Dauer in Minuten, mit Umziehen und Aufräumen"),
    "teile": N_("Wie viele Hallenteile?"),
    "stufenlos": N_("Wir brauchen einen stufenlosen Zugang"),
    "bemerkung": N_("Möchten Sie noch etwas sagen?"),
}


def typed_of(wish: SeasonWish | None) -> dict[str, str]:
    """A wish as it stands in its form."""
    if wish is None:
        return {"zweck": "training", "teile": "1", "dauer": "90"}
    typed = {
        "titel": wish.title,
        "sport": wish.sport,
        "alter": wish.age_group,
        "zweck": wish.purpose,
        "personen": str(wish.persons),
        "dauer": str(wish.minutes),
        "teile": str(wish.parts_wanted),
        "stufenlos": "ja" if wish.step_free else "",
        "bemerkung": wish.remarks,
    }
    for number, each in enumerate(wish.alternatives, 1):
        typed |= {f"tag_{number}": str(each.weekday), f"von_{number}": clock(each.from_minute)}
        typed[f"halle_{number}"] = str(each.hall_id or "")
    return typed


def _read(
    form: Mapping[str, str], plan: HallPlan, halls: Sequence[HallTimes], user_class: str, today: date
) -> dict[str, Any]:
    shortest, longest = _lengths(plan, user_class, today)
    most_parts = max((len(parts) for hall in halls for parts in hall.combinations), default=1)
    fields: dict[str, forms.Field] = {
        "titel": forms.text(80),
        "sport": forms.text(60, required=False),
        "alter": forms.one_of(*OFFERS.age_groups),
        "zweck": forms.one_of("training", "match"),
        "personen": forms.whole(1, 1000),
        "dauer": forms.whole(shortest, longest),
        "teile": forms.whole(1, most_parts),
        "bemerkung": forms.text(1000, required=False, lines=True),
    }
    typed: Any = None
    faults: dict[str, str] = {}
    try:
        typed = forms.read(form, **fields)
    except Invalid as fault:
        faults |= fault.fields
    alternatives = _alternatives(form, {hall.id for hall in halls}, faults)
    if faults:
        raise Invalid(faults)
    values: dict[str, Any] = {
        "title": typed.titel,
        "sport": typed.sport,
        "age_group": typed.alter,
        "purpose": typed.zweck,
        "persons": typed.personen,
        "minutes": typed.dauer,
        "parts_wanted": typed.teile,
        "step_free": bool(form.get("stufenlos")),
        "alternatives": list(alternatives.values()),
        "remarks": typed.bemerkung.replace("\r\n", "\n"),
    }
    _possible(values, alternatives, halls, user_class)
    return values


def _possible(
    values: dict[str, Any], alternatives: dict[int, Alternative], halls: Sequence[HallTimes], user_class: str
) -> None:
    """Refuse what nobody could ever have. Raises Invalid."""
    nobody = UUID(int=0)
    asked = {name: values[name] for name in ("minutes", "sport", "parts_wanted", "step_free")}
    wish = Wish(id=nobody, club=nobody, choices=(), user_class=user_class, **asked)
    faults = {
        f"von_{number}": why
        for number, each in alternatives.items()
        if (why := why_not(Choice(each.weekday, each.from_minute, each.hall_id), wish, halls))
    }
    if faults:
        raise Invalid(faults)


def _lengths(plan: HallPlan, user_class: str, today: date) -> tuple[int, int]:
    """How short and how long a wish may be: as bookings of this class, within a day."""
    try:
        terms = plan.terms(today, user_class)
    except NotFound:
        return 15, 720
    return max(terms.shortest_minutes, 15), min(terms.longest_minutes, 720)


def _alternatives(form: Mapping[str, str], hall_ids: set[UUID], faults: dict[str, str]) -> dict[int, Alternative]:
    """The alternatives that were filled in, by the number of their row; what is wrong goes into ``faults``."""
    known = {str(each): each for each in hall_ids}
    found: dict[int, Alternative] = {}
    for number in range(1, MOST_ALTERNATIVES + 1):
        day, start = (form.get(f"{name}_{number}", "").strip() for name in ("tag", "von"))
        if not day and not start:
            continue
        if day not in [*"0123456"]:
            faults[f"tag_{number}"] = _("Bitte wählen Sie einen Wochentag.")
            continue
        try:
            hall_id = known.get(form.get(f"halle_{number}", ""))
            found[number] = Alternative(weekday=int(day), from_minute=_beginning(start), hall_id=hall_id)
        except ValueError as fault:
            faults[f"von_{number}"] = str(fault)
    if not found and not faults:
        faults["tag_1"] = _("Bitte nennen Sie mindestens eine Möglichkeit.")
    return found


def _beginning(typed: str) -> int:
    minute = forms.minute(typed)
    if minute % 5 or minute >= 1440:
        raise ValueError(_("Bitte eine Uhrzeit in Schritten von fünf Minuten eingeben."))
    return minute


def context(rules: HallPlan, typed: Mapping[str, str]) -> dict[str, Any]:
    """What the form of a wish needs, on the page of a club and at the desk."""
    halls = given(rules)
    return {
        "labels": labels(),
        "ages": [(key, _(words)) for key, words in OFFERS.age_groups.items()],
        "purposes": [(key, _(OFFERS.purposes[key])) for key in ("training", "match")],
        "weekdays": [("", _("kein Tag"))] + [(str(n), season_words.weekday(n)) for n in range(7)],
        "hall_choices": [("", _("gleich welche Halle"))] + [(str(hall.id), hall.name) for hall in halls],
        "sports": sorted({sport for hall in halls for sport in hall.sports}, key=str.casefold),
        "rows": range(1, MOST_ALTERNATIVES + 1),
        "once": typed.get("einmal") or uuid4(),
    }


def labels() -> dict[str, str]:
    """What the fields of a wish are called."""
    found = {name: _(label) for name, label in WISH_LABELS.items()}
    for number in range(1, MOST_ALTERNATIVES + 1):
        found[f"tag_{number}"] = _("%d. Möglichkeit: Wochentag") % number
        found[f"von_{number}"] = _("%d. Möglichkeit: Beginn") % number
        found[f"halle_{number}"] = _("%d. Möglichkeit: Halle") % number
    return found


def read(form: Mapping[str, str], rules: HallPlan, season: Round, club: Organisation, now: datetime) -> dict[str, Any]:
    """What was typed about a club's wish, by the names of its columns. Raises Invalid with all faults, also where no
    hall is ever open for it."""
    halls = halls_in(rules, season, [club.user_class], Busy([]), now)
    return _read(form, rules, halls, club.user_class, local_date(now, rules.zone))
