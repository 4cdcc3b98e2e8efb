"""A season's plan in words: places, and why a wish got what it got, as its club reads it."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from buchbar.base import texts
from buchbar.base.texts import _, ngettext
from buchbar.booking.halls import season_criteria
from buchbar.booking.halls.models import Criterion, SeasonWish
from buchbar.booking.halls.plan import HallPlan
from buchbar.booking.halls.season_allocation import Choice, Missed, Place, Result

_A_MONDAY = date(2027, 2, 1)


def weekday(number: int) -> str:
    """0 → "Montag"."""
    return texts.weekday(_A_MONDAY + timedelta(days=number))


def clock(minute: int) -> str:
    """1080 → "18:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def choice(plan: HallPlan, wanted: Choice) -> str:
    """ "Montag, 18:00 Uhr, Dreifeldhalle"."""
    hall = plan.halls.get(wanted.hall_id) if wanted.hall_id else None
    where = hall.name if hall else _("gleich welche Halle")
    when = {"weekday": weekday(wanted.weekday), "start": clock(wanted.from_minute), "where": where}
    return _("%(weekday)s, %(start)s Uhr, %(where)s") % when


def choices(plan: HallPlan, wish: SeasonWish) -> list[str]:
    """A wish's alternatives, the best first."""
    return [choice(plan, Choice(each.weekday, each.from_minute, each.hall_id)) for each in wish.alternatives]


def place(plan: HallPlan, given: Place) -> str:
    """ "Montag, 18:00 bis 19:30 Uhr, Dreifeldhalle, Feld 1"."""
    hall = plan.halls.get(given.hall_id)
    words = {
        "weekday": weekday(given.weekday),
        "start": clock(given.from_minute),
        "end": clock(given.until_minute),
        "hall": hall.name if hall else "",
        "parts": hall.named(given.parts) if hall else "",
    }
    return _("%(weekday)s, %(start)s bis %(end)s Uhr, %(hall)s, %(parts)s") % words


def reason(
    result: Result,
    plan: HallPlan,
    criteria: Sequence[Criterion],
    wishes: Mapping[UUID, SeasonWish],
    *,
    named: bool,
) -> str:
    """Why a wish got what it got, each possibility on a line of its own. ``named``: other clubs are called by their
    names, as the town's public plans do."""
    if result.place and not result.missed:
        return _("Ihr Wunsch ist erfüllt, so wie Sie ihn zuerst genannt haben.")
    if result.place:
        start = _("Ihre %d. Möglichkeit ist erfüllt.") % ((result.choice or 0) + 1)
    else:
        start = _("Für diesen Wunsch gibt es leider keinen Platz.")
    missed = [_missed(each, result, plan, criteria, wishes, named) for each in result.missed]
    return "\n".join([start, *filter(None, [_only(result, plan)]), *missed])


def _only(result: Result, plan: HallPlan) -> str:
    """Which hall alone counts for a wish that names none, where others are too small or not made for it."""
    wish = result.wish
    if all(choice.hall_id for choice in wish.choices) or len(plan.halls) == 1:
        return ""
    big = [hall for hall in plan.halls.values() if any(len(parts) >= wish.parts_wanted for parts in hall.combinations)]
    fit = [hall for hall in big if hall.step_free or not wish.step_free]
    sport = wish.sport.casefold()
    fit = [hall for hall in fit if not hall.sports or not sport or sport in {each.casefold() for each in hall.sports}]
    if len(fit) != 1:
        return ""
    if len(big) == 1:
        only = ngettext("Nur „%(hall)s“ hat ein Feld.", "Nur „%(hall)s“ hat %(n)d Felder.", wish.parts_wanted)
        return only % {"hall": fit[0].name, "n": wish.parts_wanted}
    return _("Nur „%(hall)s“ passt zu dem, was Sie brauchen.") % {"hall": fit[0].name}


def _missed(
    missed: Missed,
    result: Result,
    plan: HallPlan,
    criteria: Sequence[Criterion],
    wishes: Mapping[UUID, SeasonWish],
    named: bool,
) -> str:
    said = {"choice": choice(plan, result.wish.choices[missed.choice])}
    if missed.why == "closed":
        return _("%(choice)s: Dann ist keine Halle frei, die passt.") % said
    if missed.why == "limit":
        return _("%(choice)s: Damit hätten Sie mehr Stunden in der Woche, als erlaubt sind.") % said
    said["who"] = _who(wishes.get(missed.by) if missed.by else None, result, named)
    if missed.why == "hand":
        return _("%(choice)s: Diesen Platz hat das Amt %(who)s gegeben.") % said
    said["because"] = season_criteria.because(criteria, missed.decided)
    return _("%(choice)s: Den Platz bekam %(who)s (%(because)s).") % said


def _who(winner: SeasonWish | None, result: Result, named: bool) -> str:
    if winner is not None and winner.organisation_id == result.wish.club:
        return _("Ihr eigener Wunsch „%s“") % winner.title
    if winner is not None and named:
        return f"{winner.organisation.name}, {winner.title}"
    return _("ein anderer Verein")
