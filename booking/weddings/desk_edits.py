"""What the pages share by which sites, venues and registrars are edited: seen first, then saved; who was quicker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts import revisions
from buchbar.accounts.models import Clerk, Revision
from buchbar.accounts.revisions import Difference, Subject
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid, NotFound
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking.weddings.edit_effects import Effect
from buchbar.booking.weddings.edits import overtaken, stand
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Registrar, Venue

# An edit is dated at most so far ahead.
AHEAD = timedelta(days=2 * 366)
# What the confirming form doesn't carry on: it has its own.
OWN = ("_csrf_token", "stand")


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do, and the form that saves it: where it goes, and all that was typed. ``planned``: from when
    which of its fields will be something else, because that was planned already."""

    differences: Sequence[Difference]
    effect: Effect | None
    action: str
    typed: Sequence[tuple[str, str]]
    valid_from: date | None = None
    planned: Sequence[tuple[date, str]] = ()


def venue_of(session: Session, clerk: Clerk, venue_id: UUID, *, lock: bool = False) -> Venue:
    """A venue of the clerk's town, in use or not. Raises NotFound for any other."""
    ours = select(Venue).where(Venue.municipality_id == clerk.town.id, Venue.id == venue_id)
    return _found(session.scalar(ours.with_for_update() if lock else ours))


def registrar_of(session: Session, clerk: Clerk, registrar_id: UUID, *, lock: bool = False) -> Registrar:
    """A registrar of the clerk's town, in use or not. Raises NotFound for any other."""
    ours = select(Registrar).where(Registrar.municipality_id == clerk.town.id, Registrar.id == registrar_id)
    return _found(session.scalar(ours.with_for_update() if lock else ours))


def _found(row: Any) -> Any:
    if row is None:
        raise NotFound
    return row


def carried(form: Form) -> list[tuple[str, str]]:
    """All that was typed, for hidden fields, but for files."""
    return [(name, value) for name in dict.fromkeys(form) if name not in OWN for value in form.all(name)]


def typed(form: Form) -> dict[str, str]:
    """What was typed, field by field, but for files."""
    return dict(carried(form))


def starting(today: date) -> forms.Field:
    """From which day an edit holds: today or later."""

    def convert(text: str) -> date:
        start = forms.day(text) if text else today
        if start < today:
            raise ValueError(_("Bitte heute oder einen späteren Tag. Was vergangen ist, ändert sich nicht mehr."))
        if start > today + AHEAD:
            raise ValueError(_("Bitte einen Tag in den nächsten zwei Jahren."))
        return start

    return convert


def today_of(clerk: Clerk, now: datetime) -> date:
    return local_date(now, clerk.town.zone)


def ahead_of(
    session: Session, clerk: Clerk, subject: Subject, row: Any, names: Sequence[str], form: Form
) -> dict[str, Any]:
    """What the page says when somebody else has saved since it was shown; empty when nobody has."""
    other = overtaken(session, subject, row, names, form.get("stand", ""), clerk)
    if other is None:
        return {}
    when = texts.moment(other.applied_at or other.made_at, clerk.town.zone)
    sentence = _("%(who)s hat inzwischen gespeichert (%(when)s). Ihre Eingaben stehen noch im Formular.")
    return {"ahead": sentence % {"who": other.made_by, "when": when}, "theirs": revisions.differences(other)}


def save(
    session: Session,
    clerk: Clerk,
    subject: Subject,
    row: Any,
    values: Mapping[str, Any],
    now: datetime,
    valid_from: date | None = None,
) -> Revision | None:
    """The edit, from today or from a later day on."""
    start = valid_from or today_of(clerk, now)
    return revisions.edit(session, clerk.town, subject, row, values, valid_from=start, at=now, by=clerk.name)


def unique(values: Sequence[str], value: str, field: str, sentence: str) -> None:
    """Refuse what another row is called already."""
    if value in values:
        raise Invalid({field: sentence})


def edits_of(
    session: Session, subject: Subject, row: Any, names: Sequence[str] = ()
) -> list[tuple[Revision, str, Any]]:
    """The row's history for the page, or that of some fields: revision, no title, differences in words."""
    history = revisions.history(session, subject, row.id)
    wanted = [each for each in history if not names or {*names} & {*each.values}]
    return [(each, "", revisions.differences(each)) for each in wanted]


def seen(subject: Subject, row: Any, names: Sequence[str]) -> str:
    """The mark of what a page shows, for its form."""
    return stand(subject, row, names)
