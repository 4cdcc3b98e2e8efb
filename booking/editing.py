"""What the pages share by which something is edited that decides what can be booked: what an edit would do is seen
first, then it is saved; and who was quicker."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from buchbar.accounts import revisions
from buchbar.accounts.models import Clerk, Revision
from buchbar.accounts.revisions import Difference, Subject
from buchbar.base import forms, texts
from buchbar.base.errors import Invalid
from buchbar.base.texts import _
from buchbar.base.web import Form
from buchbar.booking.models import ALIVE, Booking, Claim
from buchbar.calendar.walls import local_date
from buchbar.resources.models import Resource

# An edit is dated at most so far ahead.
AHEAD = timedelta(days=2 * 366)
# What the confirming form doesn't carry on: it has its own.
OWN = ("_csrf_token", "stand")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A booking that would not fit any more, and why."""

    booking_id: UUID
    number: str
    starts_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Effect:
    """From the first day to the last: how many slots are free today, and how many would be; and what would not fit.

    The slots are those of the whole office, or only those ``here``: at the venues that are edited.
    """

    first: date
    last: date
    before: int
    after: int
    misfits: Sequence[Misfit]
    here: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do, and the form that saves it: where it goes, and all that was typed. ``planned``: from when
    which of its fields will be something else, because that was planned already. ``misfits``: which bookings would not
    fit any more, where there are no slots to count."""

    differences: Sequence[Difference]
    effect: Effect | None
    action: str
    typed: Sequence[tuple[str, str]]
    valid_from: date | None = None
    planned: Sequence[tuple[date, str]] = ()
    misfits: Sequence[Misfit] | None = None


def standing(session: Session, resource: Resource, now: datetime, since: datetime | None = None) -> list[Booking]:
    """The bookings that claim a venue or a registrar and aren't over, in order; holds that live are among them."""
    wanted = (
        select(Booking)
        .join(Claim, Claim.booking_id == Booking.id)
        .where(
            Claim.resource_id == resource.id,
            Booking.state.in_(ALIVE),
            Booking.ends_at > now,
            Booking.starts_at >= (since or now),
        )
        .order_by(Booking.starts_at, Booking.id)
        .options(selectinload(Booking.claims))
    )
    return [booking for booking in session.scalars(wanted) if not booking.lapsed(now)]


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
    """What a page shows of these fields, as a mark for its form."""
    now = revisions.current(subject, row)
    said = msgspec.json.encode({name: now[name] for name in names}, order="deterministic")
    return hashlib.sha256(said).hexdigest()[:20]


def overtaken(
    session: Session, subject: Subject, row: Any, names: Sequence[str], mark: str, clerk: Clerk
) -> Revision | None:
    """The last edit of these fields by somebody else, if they aren't any more what the page has shown.

    What the clerk did a moment ago, by clicking twice, is no such thing.
    """
    if not mark or mark == seen(subject, row, names):
        return None
    touching = [each for each in revisions.history(session, subject, row.id) if {*names} & {*each.values}]
    applied = [each for each in touching if each.applied_at]
    last = max(applied, key=lambda each: each.applied_at or each.made_at, default=None)
    return last if last and last.made_by != clerk.name else None
