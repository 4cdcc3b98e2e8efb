"""What a town sets itself is edited by revisions: dated, with a history, and with an undo.

A revision changes some fields of one row. One that holds from today is applied at once; one that is dated ahead waits
for its day (a job applies it at midnight) and can be withdrawn until then. Undoing an applied one is a revision, too.
What can be edited like this says so with a ``Subject``. Policies and tariffs are dated rows of their own and need
none of this.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality, Revision
from buchbar.accounts.roles import LEAD, RULES, may, sees
from buchbar.base.db import Database
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.calendar.months import add_months
from buchbar.calendar.walls import day_span, local_date

log = logging.getLogger("buchbar.jobs")


def _plain(value: Any) -> str:
    return "" if value is None else _("ja") if value is True else _("nein") if value is False else str(value)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be edited: its ``label``, its type ``kind`` (what msgspec can convert to), and how a value is
    said in words. ``get`` and ``put`` read and write what isn't simply an attribute of that name. Of long lists
    ``apart`` says only what differs: it gets the value before and the one after, and says each in words. What is
    ``personal`` leaves the history with the audit trail (``forget``)."""

    label: str
    kind: Any = str
    words: Callable[[Any], str] = _plain
    get: Callable[[Any], Any] | None = None
    put: Callable[[Session, Any, Any], None] | None = None
    apart: Callable[[Any, Any], tuple[str, str]] | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be edited: rows of a mapped class that have an ``id`` and belong to a municipality.

    ``title`` says what one row is about, for the history of the whole town; ``right`` is who may take an edit back,
    ``seen_with`` who may read it; with a ``journey`` only who has to do with that.
    """

    name: str
    row: type[Any]
    title: Callable[[Any], str]
    fields: Mapping[str, Field]
    right: str = LEAD
    seen_with: str = RULES
    journey: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a revision does to one field, in words."""

    label: str
    before: str
    after: str


_subjects: dict[str, Subject] = {}


def put_in(subject: Subject) -> Subject:
    """Make a subject known."""
    _subjects[subject.name] = subject
    return subject


def known(name: str) -> Subject:
    """The subject of this name."""
    return _subjects[name]


def names_for(role: str) -> list[str]:
    """The subjects whose edits a clerk of this role may read."""
    theirs = (each for each in _subjects.values() if not each.journey or sees(role, each.journey))
    return sorted(subject.name for subject in theirs if may(role, subject.seen_with))


def current(subject: Subject, row: Any) -> dict[str, Any]:
    """The row's editable fields as they are kept in a revision."""
    return {name: _kept(field.get(row) if field.get else getattr(row, name)) for name, field in subject.fields.items()}


def changes(subject: Subject, row: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that differ from what the row has, as they are kept in a revision."""
    now = current(subject, row)
    return {name: kept for name, value in values.items() if (kept := _kept(value)) != now[name]}


def edit(
    session: Session,
    town: Municipality,
    subject: Subject,
    row: Any,
    values: Mapping[str, Any],
    *,
    valid_from: date,
    at: datetime,
    by: str,
    undoes: Revision | None = None,
) -> Revision | None:
    """Change a row from a day on; None when nothing would change."""
    changed = changes(subject, row, values)
    if not changed:
        return None
    now = current(subject, row)
    revision = Revision(
        id=uuid4(),
        municipality_id=town.id,
        subject=subject.name,
        subject_id=row.id,
        valid_from=valid_from,
        values=changed,
        before={name: now[name] for name in changed},
        made_at=at,
        made_by=by,
        undoes_id=undoes.id if undoes else None,
    )
    session.add(revision)
    if valid_from <= local_date(at, town.zone):
        _apply(session, subject, row, revision, at)
    session.flush()
    return revision


def created(session: Session, town: Municipality, subject: Subject, row: Any, *, at: datetime, by: str) -> Revision:
    """Write down that a row was put in; it is a revision that replaces nothing."""
    revision = Revision(
        id=uuid4(),
        municipality_id=town.id,
        subject=subject.name,
        subject_id=row.id,
        valid_from=local_date(at, town.zone),
        values=current(subject, row),
        before={},
        made_at=at,
        made_by=by,
        applied_at=at,
    )
    session.add(revision)
    session.flush()
    return revision


def apply_all_due(database: Database, at: datetime) -> int:
    """The job: apply what is due, each in a transaction of its own; how many revisions.

    What can't be applied is logged, tried again next time, and shown as overdue at the desk; the others don't wait.
    """
    with database.read() as session:
        near = Revision.valid_from <= at.date() + timedelta(days=1)  # some town's day is a day ahead of UTC's
        due = session.scalars(_waiting(Revision.id).where(near)).all()
    applied = 0
    for revision_id in due:
        try:
            with database.write() as session:
                applied += apply_due(session, at, revision_id)
        except Exception as fault:
            log.error("job failed", extra={"revision": str(revision_id), "fault": type(fault).__name__})
    return applied


def apply_due(session: Session, at: datetime, only: UUID | None = None) -> int:
    """Apply the planned revisions whose day has come, in their order, or only this one; how many."""
    applied = 0
    waiting = _waiting(Revision).where(Revision.id == only) if only else _waiting(Revision)
    for revision in session.scalars(waiting.with_for_update()).all():
        town = session.get_one(Municipality, revision.municipality_id)
        subject = known(revision.subject)
        row = session.get(subject.row, revision.subject_id)
        if row is None or revision.valid_from > local_date(at, town.zone):
            continue
        now = current(subject, row)
        revision.before = {name: now[name] for name in revision.values}
        _apply(session, subject, row, revision, at)
        applied += 1
    session.flush()
    return applied


def _waiting(what: Any) -> Select[Any]:
    """What is planned and not withdrawn, in the order in which it is applied."""
    planned = select(what).where(Revision.applied_at.is_(None), Revision.withdrawn_at.is_(None))
    return planned.order_by(Revision.valid_from, Revision.made_at)


def planned_from(
    session: Session, subject: Subject, row: Any, values: Mapping[str, Any], valid_from: date
) -> list[tuple[date, str]]:
    """Planned revisions that will replace what an edit of these values makes: from when, and of which field."""
    changed = changes(subject, row, values)
    later = _waiting(Revision).where(Revision.subject == subject.name, Revision.subject_id == row.id)
    return [
        (revision.valid_from, _(field.label))
        for revision in session.scalars(later.where(Revision.valid_from >= valid_from))
        for name, field in subject.fields.items()
        if name in changed and name in revision.values and revision.values[name] != changed[name]
    ]


def undo(session: Session, town: Municipality, revision: Revision, at: datetime, by: str) -> None:
    """Take an edit back: withdraw a planned one, or edit back what was applied.

    Raises Refused when a later edit has changed the same again, or when there was nothing before.
    """
    session.refresh(revision, with_for_update=True)
    if revision.withdrawn_at:
        return
    if revision.applied_at is None:
        revision.withdrawn_at, revision.withdrawn_by = at, by
        return
    subject = known(revision.subject)
    row = session.get(subject.row, revision.subject_id, with_for_update=True)
    if row is None or not revision.before:
        raise Refused(_("Das lässt sich nicht rückgängig machen, weil es davor nichts gab."))
    if any(value != revision.values[name] for name, value in current(subject, row).items() if name in revision.values):
        raise Refused(_("Das wurde inzwischen wieder geändert. Bitte ändern Sie es von Hand."))
    before = {name: msgspec.convert(value, subject.fields[name].kind) for name, value in revision.before.items()}
    today = local_date(at, town.zone)
    edit(session, town, subject, row, before, valid_from=today, at=at, by=by, undoes=revision)


def history(session: Session, subject: Subject, subject_id: UUID) -> list[Revision]:
    """The row's revisions, the newest first; also those that are planned or withdrawn."""
    return histories(session, subject, [subject_id])


def histories(session: Session, subject: Subject, subject_ids: Collection[UUID]) -> list[Revision]:
    """The same for several rows, in one question."""
    mine = Revision.subject == subject.name, Revision.subject_id.in_(subject_ids)
    return list(session.scalars(select(Revision).where(*mine).order_by(Revision.made_at.desc(), Revision.id)))


def revision_of(session: Session, town: Municipality, revision_id: UUID) -> Revision:
    """A revision of this town. Raises NotFound for any other."""
    ours = Revision.id == revision_id, Revision.municipality_id == town.id
    found = session.scalar(select(Revision).where(*ours))
    if found is None:
        raise NotFound
    return found


def differences(revision: Revision) -> list[Difference]:
    """What a revision does, in words, in the order of the subject's fields."""
    subject = known(revision.subject)
    return [
        Difference(_(field.label), *_both(field, revision.before.get(name), revision.values[name]))
        for name, field in subject.fields.items()
        if name in revision.values
    ]


def differences_of(subject: Subject, row: Any, values: Mapping[str, Any]) -> list[Difference]:
    """What an edit would do, in words: the preview."""
    now, changed = current(subject, row), changes(subject, row, values)
    return [
        Difference(_(field.label), *_both(field, now[name], changed[name]))
        for name, field in subject.fields.items()
        if name in changed
    ]


def forget(session: Session, now: datetime) -> None:
    """Delete what is personal from edits that are older than the audit trail of their town is kept.

    It vanishes from before and after alike. An edit of which nothing is left goes altogether.
    """
    personal = {
        name: {field for field, kind in subject.fields.items() if kind.personal} for name, subject in _subjects.items()
    }
    about = Revision.subject.in_([name for name, fields in personal.items() if fields])
    over = func.coalesce(Revision.withdrawn_at, Revision.applied_at)
    empty = []
    for town in session.scalars(select(Municipality)):
        first = day_span(add_months(local_date(now, town.zone), -town.audit_months), town.zone).start
        for revision in session.scalars(
            select(Revision).where(Revision.municipality_id == town.id, about, over < first)
        ):
            gone = personal[revision.subject] & {*revision.values}
            if gone == {*revision.values} and revision.before:
                empty.append(revision.id)
            elif gone:
                revision.values, revision.before = _without(revision.values, gone), _without(revision.before, gone)
    session.execute(update(Revision).where(Revision.undoes_id.in_(empty)).values(undoes_id=None))
    session.execute(delete(Revision).where(Revision.id.in_(empty)))


def _without(kept: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in names}


def _apply(session: Session, subject: Subject, row: Any, revision: Revision, at: datetime) -> None:
    for name, kept in revision.values.items():
        field = subject.fields[name]
        value = msgspec.convert(kept, field.kind)
        if field.put:
            field.put(session, row, value)
        else:
            setattr(row, name, value)
    revision.applied_at = at


def _kept(value: Any) -> Any:
    """A value as JSON knows it: sets in a fixed order, tuples as lists, so that equal ones look equal."""
    return msgspec.json.decode(msgspec.json.encode(value, order="deterministic"))


def _said(field: Field, kept: Any) -> str:
    return "" if kept is None else field.words(msgspec.convert(kept, field.kind))


def _both(field: Field, before: Any, after: Any) -> tuple[str, str]:
    if field.apart and before is not None and after is not None:
        return field.apart(msgspec.convert(before, field.kind), msgspec.convert(after, field.kind))
    return _said(field, before), _said(field, after)
