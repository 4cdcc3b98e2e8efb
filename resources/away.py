"""What somebody's absences mean for their duties: which days change, into what, and which need no entry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

from buchbar.base.texts import _
from buchbar.calendar.rules import WeeklyRule, opening
from buchbar.calendar.walls import MINUTES_A_DAY, day_span, wall_minutes
from buchbar.resources.absences import Absences, Away, Ignored
from buchbar.resources.opening_edits import ONE_DAY, Differing, Hours, Stretch


@dataclass(frozen=True, slots=True)
class Proposal:
    """Days in a row that would differ from now on, and how the file calls the reason."""

    stretch: Stretch
    title: str


def proposals(
    rules: Sequence[WeeklyRule], days: Sequence[Differing], found: Absences, zone: ZoneInfo, land: str
) -> tuple[list[Proposal], list[Ignored]]:
    """What the absences change, in order; and what of them changes nothing, with the reason.

    A day wholly away is closed, whether there is duty by today's rules or not: rules change. Of a day partly away the
    hours that are left stay.
    """
    changed: list[Proposal] = []
    ignored = list(found.ignored)
    differing: dict[date, list[Differing]] = {}
    for each in days:
        differing.setdefault(each.exception.day, []).append(each)
    for day, away in sorted(found.days.items()):
        here = differing.get(day, [])
        hours = _hours(rules, here, day, zone, land)
        why, left = _left(away, here, hours)
        if why:
            ignored.append(Ignored(f"{away.title} ({day:%d.%m.%Y})", why))
        else:
            _join(changed, Proposal(Stretch(day, day, left), away.title))
    return changed, ignored


def _left(away: Away, here: Sequence[Differing], hours: Hours) -> tuple[str, Hours]:
    """Why the day needs no entry, or the hours that are left of it."""
    if away.whole:
        return (_("Das ist schon eingetragen."), ()) if any(each.exception.closed for each in here) else ("", ())
    if not hours:
        return _("An diesem Tag ist ohnehin kein Dienst."), ()
    left = without(hours, sorted(away.minutes))
    return (_("Das liegt außerhalb der Dienstzeit oder ist schon eingetragen."), ()) if left == hours else ("", left)


def _hours(rules: Sequence[WeeklyRule], here: Sequence[Differing], day: date, zone: ZoneInfo, land: str) -> Hours:
    midnight = day_span(day, zone).end
    return tuple(
        (wall_minutes(span.start, zone), MINUTES_A_DAY if span.end == midnight else wall_minutes(span.end, zone))
        for span in opening(rules, [each.exception for each in here], day, zone, land)
    )


def without(hours: Hours, taken: Sequence[tuple[int, int]]) -> Hours:
    """What is left of the hours, in minutes since midnight."""
    left = list(hours)
    for start, end in taken:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, start)), (max(first, end), last))
            if part[0] < part[1]
        ]
    return tuple(left)


def _join(changed: list[Proposal], proposal: Proposal) -> None:
    """Days in a row of the same event are one proposal."""
    if changed:
        before = changed[-1]
        alike = (before.stretch.hours, before.title) == (proposal.stretch.hours, proposal.title)
        if alike and before.stretch.last + ONE_DAY == proposal.stretch.first:
            changed[-1] = Proposal(replace(before.stretch, last=proposal.stretch.last), before.title)
            return
    changed.append(proposal)
