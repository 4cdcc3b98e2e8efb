"""What a town sets itself is edited by revisions: dated, with a history, and with an undo.

A revision changes some fields of one row. One that holds from today is applied at once; one that is dated ahead waits
for its day (a job applies it at midnight) and can be withdrawn until then. Undoing an applied one is a revision, too.
What can be edited like this says so with a ``Subject``. Policies and tariffs are dated rows of their own and need
none of this.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from buchbar.accounts.models import Municipality, Revision
from buchbar.base.db import Database
from buchbar.base.errors import NotFound, Refused
from buchbar.base.texts import _
from buchbar.calendar.walls import local_date


def _plain(value: Any) -> str:
    return "" if value is None else _("ja") if value is True else _("nein") if value is False else str(value)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that can be edited: its ``label``, its type ``kind`` (what msgspec can convert to), and how a value is
    said in words. ``get`` and ``put`` read and write what isn't simply an attribute of that name."""

    label: str
    kind: Any = str
    words: Callable[[Any], str] = _plain
    get: Callable[[Any], Any] | None = None
    put: Callable[[Session, Any, Any], None] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that can be edited: rows of a mapped class that have an ``id`` and belong to a municipality.

    ``title`` says what one row is about, for the history of the whole town.
    """

    name: str
    row: type[Any]
    title: Callable[[Any], str]
    fields: Mapping[str, Field]


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
    """The job: apply what is due, in one transaction; how many revisions."""
    with database.write() as session:
        return apply_due(session, at)


def apply_due(session: Session, at: datetime) -> int:
    """Apply the planned revisions whose day has come, in their order; how many."""
    applied = 0
    waiting = select(Revision).where(Revision.applied_at.is_(None), Revision.withdrawn_at.is_(None))
    for revision in session.scalars(waiting.order_by(Revision.valid_from, Revision.made_at).with_for_update()).all():
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
    mine = Revision.subject == subject.name, Revision.subject_id == subject_id
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
        Difference(_(field.label), _said(field, revision.before.get(name)), _said(field, revision.values[name]))
        for name, field in subject.fields.items()
        if name in revision.values
    ]


def differences_of(subject: Subject, row: Any, values: Mapping[str, Any]) -> list[Difference]:
    """What an edit would do, in words: the preview."""
    now, changed = current(subject, row), changes(subject, row, values)
    return [
        Difference(_(field.label), _said(field, now[name]), _said(field, changed[name]))
        for name, field in subject.fields.items()
        if name in changed
    ]


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
    """A value as JSON knows it: sets in a fixed order, so that equal ones look equal."""
    return msgspec.to_builtins(value, order="deterministic")


def _said(field: Field, kept: Any) -> str:
    return "" if kept is None else field.words(msgspec.convert(kept, field.kind))
