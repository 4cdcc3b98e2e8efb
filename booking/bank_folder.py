"""Bank statements that another program puts into a folder are imported: one folder for each town, named like it.

What was put away is deleted when its day has come: all that is still needed of it is in the books.

Safe in any number of processes, and when one dies in between: a file is moved after its import was saved, and whoever
finds it again sees that it was imported.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from buchbar.accounts.models import Municipality
from buchbar.base.db import Database
from buchbar.base.errors import Invalid
from buchbar.base.texts import N_, _
from buchbar.booking import bank_import
from buchbar.payments.bank_entries import PERSONAL_FOR
from buchbar.payments.camt_fields import LARGEST_FILE

BY = N_("Überwachter Ordner")
AWAY = DONE, FAILED = "done", "failed"
_MOMENT, _PUT_AWAY = "%Y%m%d-%H%M%S", re.compile(r"\d{8}-\d{6}-")
AT_ONCE = 20  # files of a town in one round
# A file that was touched a moment ago may still be being written.
QUIET = timedelta(minutes=1)
# Files name people who are none of our business, so they go when these do, which is first; one that failed can be tried
# again that long.
KEPT = min(PERSONAL_FOR.values())
log = logging.getLogger("buchbar.statements")


def collect(database: Database, folder: Path | None, now: datetime) -> int:
    """Import what lies in the towns' folders, and delete what was put away long ago; how many files were imported."""
    if folder is None:
        return 0
    with database.read() as session:
        towns = [town for town in session.scalars(select(Municipality)) if (folder / town.slug).is_dir()]
    count = 0
    for town in towns:
        with _at_most_noted(town):
            _forget(folder / town.slug, now)
        for path in _waiting(folder / town.slug, now):
            with _at_most_noted(town):
                count += _import(database, town, path, now)
    return count


@contextmanager
def _at_most_noted(town: Municipality) -> Iterator[None]:
    """A folder that lets nothing be put away holds up no other town's. What is imported is seen to be the next time."""
    try:
        yield
    except OSError as fault:
        log.error("statements not put away", extra={"town": town.slug, "fault": type(fault).__name__})


def _forget(folder: Path, now: datetime) -> None:
    """Delete what was put away too long ago, by the moment in its name: its own date may be that of a copy."""
    for where in AWAY:
        for path in _statements(folder / where):
            if _PUT_AWAY.match(path.name) and path.name < f"{now - KEPT:{_MOMENT}}":
                path.unlink(missing_ok=True)


def _statements(folder: Path) -> list[Path]:
    """By their names, which some programs write in capitals."""
    return sorted(path for path in folder.glob("*") if path.suffix.lower() == ".xml")


def _waiting(folder: Path, now: datetime) -> list[Path]:
    """The files that are complete; no links, which may lead anywhere."""
    found = []
    for path in _statements(folder):
        with suppress(FileNotFoundError):  # another process has just moved it
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime < (now - QUIET).timestamp():
                found.append(path)
    return found[:AT_ONCE]


def _import(database: Database, town: Municipality, path: Path, now: datetime) -> int:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        with database.write() as session:
            bank_import.bring_in(session, session.get_one(Municipality, town.id), path.name, content, now, _(BY))
    except FileNotFoundError:
        return 0
    except bank_import.KnownFile:
        _move(path, DONE, now)
        return 0
    except Exception as fault:
        log.error("statement not imported", extra={"town": town.slug, "fault": type(fault).__name__})
        words = fault.sentence if isinstance(fault, Invalid) else _("Beim Import ist ein Fehler aufgetreten.")
        if _move(path, FAILED, now):
            with database.write() as session:
                bank_import.write_off(session, town, path.name, words, now, _(BY))
        return 0
    _move(path, DONE, now)
    return 1


def _move(path: Path, where: str, now: datetime) -> bool:
    """Put a file away, under a name that no earlier one has; False if another process has."""
    target = path.parent / where
    target.mkdir(exist_ok=True)
    try:
        path.rename(target / f"{now:{_MOMENT}}-{path.name}")
    except FileNotFoundError:
        return False
    return True
